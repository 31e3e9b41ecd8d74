"""Stand-ins for the neighbours of `node.anchoring`: a log in a list, a chain in two fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from node.errors import DecisionRefused, NotFound
from node.protocol.evm import abi
from node.protocol.wire import merkle
from node.protocol.wire.checkpoint import Checkpoint
from tests.common.codes import department_code
from tests.common.trees import root_of

CONTRACT = b"\x0a" * 20
RELAY = b"\x0b" * 20
LOG = b"\x0c" * 32
ORIGIN = "shareledger:31337:" + "00" * 20 + ":" + department_code(1)


@dataclass
class ListLogs:
    """One log as a list of leaf hashes, with proofs the slow way (RFC 6962 section 2.1)."""

    leaves: list[bytes] = field(default_factory=list)
    known: bool = True

    def grow(self, count: int) -> None:
        self.leaves += [merkle.leaf_hash(str(len(self.leaves) + i).encode()) for i in range(count)]

    def head(self, log: bytes) -> Any:
        if not self.known or log != LOG:
            raise NotFound("no such log")
        size = len(self.leaves)
        root = root_of(self.leaves)
        note = Checkpoint(ORIGIN, size, root).text + b"\n\xe2\x80\x94 x AAAAAAA=\n"
        return SimpleNamespace(size=size, root=root, checkpoint=note)

    def root_at(self, log: bytes, size: int) -> bytes:
        assert log == LOG
        return root_of(self.leaves[:size])

    def consistency(self, log: bytes, old: int, new: int) -> list[bytes]:
        assert log == LOG
        return _subproof(old, self.leaves[:new], whole=True)


def _subproof(old: int, hashes: list[bytes], *, whole: bool) -> list[bytes]:
    if old == len(hashes):
        return [] if whole else [root_of(hashes)]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    if old <= middle:
        return [*_subproof(old, hashes[:middle], whole=whole), root_of(hashes[middle:])]
    left = root_of(hashes[:middle])
    return [*_subproof(old - middle, hashes[middle:], whole=False), left]


@dataclass
class DictChain:
    """AccessAnchors as far as one log goes, with the contract's rules; and an outbox to it."""

    relay: bytes = RELAY
    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    results: dict[int, object] = field(default_factory=dict)
    failing: list[Exception] = field(default_factory=list)
    mining: bool = True

    def call(self, to: bytes, data: bytes) -> bytes:
        if self.failing:
            raise self.failing.pop(0)
        assert (to, abi.decode_call("AccessAnchors", data)) == (CONTRACT, ("head", {"log": LOG}))
        values = (self.relay.rjust(32, b"\0"), self.size.to_bytes(32, "big"), self.root)
        return b"".join(values)

    def enqueue(self, unique_key: str, *, to: bytes, data: bytes, gas: int) -> int:
        assert to == CONTRACT
        assert gas
        for row, (key, _) in enumerate(self.rows):
            if key == unique_key:
                return row
        name, args = abi.decode_call("AccessAnchors", data)
        assert name == "anchor"
        self.rows.append((unique_key, args))
        return len(self.rows) - 1

    def result(self, row_id: int) -> object | None:
        result = self.results.get(row_id)
        if isinstance(result, Exception):
            raise result
        return result

    def pump(self) -> int:
        if self.failing:
            raise self.failing.pop(0)
        waiting = [row for row in range(len(self.rows)) if row not in self.results]
        for row in waiting if self.mining else []:
            self.results[row] = self._mine(self.rows[row][1])
        return len(waiting)

    def _mine(self, args: dict[str, Any]) -> object:
        if args["oldSize"] != self.size:
            return DecisionRefused("HeadMoved", name="HeadMoved")
        merkle.verify_consistency(
            self.size, self.root, args["newSize"], args["root"], args["proof"]
        )
        self.size, self.root = args["newSize"], args["root"]
        return "mined"
