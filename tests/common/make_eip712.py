"""Makes tests/vectors/eip712.json anew: random structs, hashed by eth_account alone.

`python -m tests.common.make_eip712`; no part of ours hashes anything here.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from node.protocol.evm.abi import load_abi
from node.protocol.evm.decision import DECISIONS
from node.protocol.evm.eip712 import encode_type

FILE = Path(__file__).parents[1] / "vectors" / "eip712.json"
DOMAIN = {
    "name": "ShareLedger",
    "version": "1",
    "chainId": 20260,
    "verifyingContract": "0x" + "5a" * 20,
}
HEADER = "EIP-712 (hashes by eth_account's encode_typed_data); protocol.md section 3"


def make_eip712() -> dict[str, Any]:
    """Return a case of every decision, the same every time."""
    draw = random.Random(712)  # noqa: S311 - no secrets
    return {
        "standard": HEADER,
        "domain": DOMAIN,
        "cases": [_case(n, draw) for n in sorted(DECISIONS)],
    }


def _case(name: str, draw: random.Random) -> dict[str, Any]:
    kind = DECISIONS[name]
    parameter = next(
        item["inputs"][0]
        for item in load_abi(kind.contract)
        if item["type"] == "function" and item["name"] == kind.function
    )
    types: dict[str, list[dict[str, str]]] = {}
    _declare(parameter, types)
    message = _value(parameter, draw)
    signable = encode_typed_data(
        full_message={
            "domain": DOMAIN,
            "primaryType": name,
            "types": {"EIP712Domain": _DOMAIN_TYPE, **types},
            "message": message,
        }
    )
    hashed = keccak(b"\x19" + signable.version + signable.header + signable.body).hex()
    return {
        "struct": name,
        "contract": kind.contract,
        "type": encode_type(parameter),
        "message": message,
        "hash": hashed,
        "text": f"ShareLedger-decision:{hashed}",
    }


_DOMAIN_TYPE = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]


def _struct_of(parameter: dict[str, Any]) -> str:
    return str(parameter["internalType"]).removeprefix("struct ").split("[")[0].split(".")[-1]


def _declare(parameter: dict[str, Any], types: dict[str, list[dict[str, str]]]) -> None:
    members = []
    for member in parameter["components"]:
        named = member["type"]
        if named.startswith("tuple"):
            _declare(member, types)
            named = named.replace("tuple", _struct_of(member))
        members.append({"name": member["name"], "type": named})
    types[_struct_of(parameter)] = members


def _value(parameter: dict[str, Any], draw: random.Random) -> Any:
    kind = parameter["type"]
    if kind.endswith("[]"):
        return [_value({**parameter, "type": kind[:-2]}, draw) for _ in range(draw.randint(1, 3))]
    if kind == "tuple":
        return {member["name"]: _value(member, draw) for member in parameter["components"]}
    if kind == "bool":
        return draw.random() < 0.5
    if kind.startswith("uint"):
        return str(draw.getrandbits(int(kind[4:])))
    size = 20 if kind == "address" else int(kind.removeprefix("bytes"))
    return f"0x{draw.randbytes(size).hex()}"


def main() -> None:
    """Write the file."""
    text = json.dumps(make_eip712(), ensure_ascii=False, indent=2) + "\n"
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
