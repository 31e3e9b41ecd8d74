"""A chain on which scripts are played, with a verifier that always says yes, or the real one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from node.chain.deployment import DeployedContract, Deployment
from node.chain.relay import RelayAccount
from node.chain.reverts import call_error
from node.crypto import keccak256
from node.protocol.evm import abi
from node.protocol.evm.abicodec import compile_tuple
from node.protocol.ledger.surroundings import Sm2Outside
from tests.common.chain import CHAIN_ID

if TYPE_CHECKING:
    from node.chain.embedded import EmbeddedChain
    from tests.common.fakes import FixedClock

GAS = 30_000_000
CONTRACTS = ("DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors")
YES = bytes.fromhex("600a600c600039600a6000f3600160005260206000f3")
"""Creates a contract that answers every question with 1: for it all signatures hold."""


class Outside(Sm2Outside):
    """The curve as the deployed verifier sees it, and the code on the chain."""

    def __init__(self, codes: dict[bytes, bytes], *, real: bool) -> None:
        self._codes = codes
        self._real = real

    def is_on_curve(self, x: int, y: int) -> bool:
        return not self._real or super().is_on_curve(x, y)

    def is_signed(self, act: Any, x: int, y: int) -> bool:
        return not self._real or super().is_signed(act, x, y)

    def is_possessed(self, act: Any, x: int, y: int) -> bool:
        return not self._real or super().is_possessed(act, x, y)

    def is_note_signed(self, text: bytes, x: int, y: int, r: int, s: int) -> bool:
        return not self._real or super().is_note_signed(text, x, y, r, s)

    def code_hash(self, address: bytes) -> bytes | None:
        return self._codes.get(address, b"")


@dataclass
class Stage:
    """One chain on which plays are given one after the other, each on contracts of its own."""

    chain: EmbeddedChain
    clock: FixedClock
    relay: RelayAccount = field(default_factory=RelayAccount.generate)
    sent: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    permits: Counter[str] = field(default_factory=Counter)
    anchored: Counter[str] = field(default_factory=Counter)

    def rpc(self, method: str, *params: object) -> Any:
        answer = self.chain.handle(
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        )
        if "error" in answer:
            raise call_error(answer["error"])
        return answer["result"]

    def call(self, to: bytes, data: bytes) -> bytes:
        message = {"from": as_hex(self.relay.address), "to": as_hex(to), "data": as_hex(data)}
        return bytes.fromhex(
            self.rpc("eth_call", {**message, "gas": hex(GAS)}, "latest").removeprefix("0x")
        )

    def send(self, to: bytes, data: bytes) -> dict[str, Any]:
        raw = self.relay.sign_legacy(to, data, self.sent, GAS, CHAIN_ID)
        found = self.rpc("eth_sendRawTransaction", as_hex(raw))
        self.sent += 1
        receipt: dict[str, Any] = self.rpc("eth_getTransactionReceipt", found)
        assert receipt["status"] == "0x1", receipt
        return receipt

    def create(self, code: bytes) -> DeployedContract:
        receipt = self.send(b"", code)
        address = bytes.fromhex(receipt["contractAddress"][2:])
        stored = self.rpc("eth_getCode", receipt["contractAddress"], "latest")
        code_hash = keccak256(bytes.fromhex(stored[2:]))
        return DeployedContract(address, code_hash, int(receipt["blockNumber"], 16))

    def deploy(self, root: tuple[int, int], *, real: bool) -> Deployment:
        """Create all contracts, with the root key of that point."""
        genesis = bytes.fromhex(self.rpc("eth_getBlockByNumber", "0x0", *[False])["hash"][2:])
        deployed = {"Sm2Verifier": self.create(creation_code("Sm2Verifier", []) if real else YES)}
        for name in CONTRACTS:
            registry = deployed.get("DepartmentRegistry")
            arguments: list[Any] = [registry and registry.address]
            if registry is None:
                arguments = [deployed["Sm2Verifier"].address, *root]
            elif name == "ShareAuthorisations":
                arguments.append(deployed["CatalogueRegistry"].address)
            deployed[name] = self.create(creation_code(name, arguments))
        return Deployment(CHAIN_ID, genesis, bytes(64), deployed)

    def view(self, address: bytes, contract: str, function: str, *args: object) -> Any:
        """What a view answers: one value, or several by name."""
        data = self.call(address, abi.encode_call(contract, function, args))
        found = abi.decode_result(contract, function, data)
        return next(iter(found.values())) if len(found) == 1 else found


def creation_code(name: str, arguments: list[Any]) -> bytes:
    """What a creation transaction of a contract carries."""
    file = resources.files("node.chain") / "artifacts" / f"{name}.json"
    inputs: list[dict[str, Any]] = next(
        (item["inputs"] for item in abi.load_abi(name) if item["type"] == "constructor"), []
    )
    values = {item["name"]: value for item, value in zip(inputs, arguments, strict=True)}
    code = bytes.fromhex(orjson.loads(file.read_bytes())["bytecode"].removeprefix("0x"))
    return code + compile_tuple(inputs).encode(values)


def as_hex(data: bytes) -> str:
    return f"0x{data.hex()}"
