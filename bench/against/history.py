"""A long history on a chain: decisions and anchors, the same for both builds, to be followed.

They are made here and sent over JSON-RPC: grants of roles, each with an SM2 signature the contract
checks, and anchors of a log that grows by one leaf each. Neither has changed between the
generations, so that our own code speaks to both.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from node.crypto import keccak256, sign_decision
from node.protocol.evm.abi import encode_call
from node.protocol.evm.decision import (
    DECISIONS,
    Domain,
    calldata,
    hash_decision,
)
from node.protocol.wire import ids

from .builds import CommandFailed
from .city import CENTRE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .city import City

BLOCK = 10
"""Events a block."""
GAS = 2_000_000
TIMEOUT_SECONDS = 120.0
DAY = 86_400
ROLES = (0b111, 0b110)
"""Data officer, office head, department head; every other grant takes the first of them away."""
DIGEST = keccak256(b"a paper nobody asks for")


@dataclass
class Teller:
    """Sends transactions of one account in blocks of ten."""

    city: City
    url: str
    nonce: int = 0
    addresses: dict[str, bytes] = field(init=False)
    chain_id: int = field(init=False)

    def __post_init__(self) -> None:
        """Read where the contracts are."""
        deployment = orjson.loads((self.city.folder / "deployment.json").read_bytes())
        self.chain_id = deployment["chainId"]
        self.addresses = {
            name: bytes.fromhex(contract["address"].removeprefix("0x"))
            for name, contract in deployment["contracts"].items()
        }

    def decisions(self, count: int) -> None:
        """Grant the centre's head its roles, again and again."""
        kind, head = DECISIONS["GrantRoles"], self.city.keys.signers["centre-head"]
        address, now = self.addresses[kind.contract], int(time.time())
        domain = Domain(self.chain_id, address)
        sent = []
        for number in range(count):
            message = {
                "department": ids.department_id(CENTRE),
                "key": head.public_key.key_id,
                "roles": ROLES[number % len(ROLES)],
                "validFrom": 0,
                "validUntil": now + 365 * DAY,
                "digest": DIGEST,
                # Above whatever the command line drew for the founding.
                "nonce": 2**63 + number,
                "notAfter": now + DAY,
            }
            signature = sign_decision(head, hash_decision(kind, message, domain))
            sent.append((address, calldata(kind, message, head.public_key.key_id, signature)))
        self._send(sent)

    def anchors(self, count: int) -> None:
        """Anchor the centre's log, which has no other leaves, one leaf at a time."""
        registry = self.addresses["DepartmentRegistry"]
        log = ids.log_id(ids.log_origin(self.chain_id, registry, CENTRE))
        address = self.addresses["AccessAnchors"]
        sent = []
        for size, root, proof in growth(count):
            args = {
                "log": log,
                "oldSize": size - 1,
                "newSize": size,
                "root": root,
                "checkpointHash": root,
                "proof": proof,
            }
            sent.append((address, encode_call("AccessAnchors", "anchor", args)))
        self._send(sent)

    def _send(self, calls: list[tuple[bytes, bytes]]) -> None:
        """Send calls of contracts, a block of them in one batch; the last of each must succeed.

        Raises:
            CommandFailed: the chain refused one, or one reverted.
        """
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as http:
            for start in range(0, len(calls), BLOCK):
                raws = [self._sign(*call) for call in calls[start : start + BLOCK]]
                batch = [_request("eth_sendRawTransaction", f"0x{raw.hex()}") for raw in raws]
                last = f"0x{keccak256(raws[-1]).hex()}"
                batch.append(_request("eth_getTransactionReceipt", last))
                answers = http.post(self.url, json=batch).raise_for_status().json()
                receipt = answers[-1].get("result") or {}
                if any("error" in each for each in answers) or receipt.get("status") != "0x1":
                    raise CommandFailed(f"{self.city.build.revision}: the chain says {answers}")

    def _sign(self, to: bytes, data: bytes) -> bytes:
        raw = self.city.keys.teller.sign_legacy(to, data, self.nonce, GAS, self.chain_id)
        self.nonce += 1
        return raw


def growth(count: int) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """Grow an RFC 6962 tree leaf by leaf; yield its size, root and proof of consistency.

    The tree of one leaf fewer is a row of complete subtrees, falling in size. What joins them with
    the new leaf is the smallest of them, the leaf, then the others from small to large; a single
    one is left out of the proof, being the old root itself (RFC 9162, section 2.1.4.1).
    """
    peaks: list[tuple[int, bytes]] = []
    for size in range(1, count + 1):
        leaf = sha256(b"\0%d" % (size - 1)).digest()
        old = [root for _, root in peaks]
        proof = [*old[-1:][len(old) == 1 :], leaf, *reversed(old[:-1])] if old else []
        peaks.append((1, leaf))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (width, right), (_, left) = peaks.pop(), peaks.pop()
            peaks.append((2 * width, _node(left, right)))
        root = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            root = _node(left, root)
        yield size, root, proof


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def _request(method: str, *params: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
