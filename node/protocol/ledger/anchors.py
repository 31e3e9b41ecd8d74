"""Logs and their anchored sizes, replayed from the events of `AccessAnchors`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...crypto import keccak256
from ..wire import ids
from .enums import Role
from .registry import place, require
from .report import refuse

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..evm.abi import ChainEvent
    from .registry import Registry


@dataclass(frozen=True, slots=True)
class Anchor:
    """A size and root of a log in a block."""

    size: int
    root: bytes
    checkpoint_hash: bytes
    block_number: int
    timestamp: int


@dataclass(slots=True)
class Log:
    """A registered log."""

    department: bytes
    origin: str
    anchors: list[Anchor] = field(default_factory=list)
    """In chain order, sizes strictly growing."""


@dataclass(slots=True)
class Anchors:
    """State of `AccessAnchors`."""

    registry: Registry
    chain_id: int
    registry_address: bytes
    logs: MutableMapping[bytes, Log] = field(default_factory=dict)

    def apply(self, event: ChainEvent) -> None:
        """Apply one event; a registration's signature holds, an anchor has none.

        Raises:
            EvidenceInvalid: the contract's rules do not allow it.
        """
        if event.name == "LogRegistered":
            self._register(event)
        else:
            self._anchor(event)

    def _register(self, event: ChainEvent) -> None:
        department = event.args["department"]
        self.registry.require_role(event, department, Role.DEPARTMENT_HEAD)
        origin = ids.log_origin(
            self.chain_id, self.registry_address, ids.department_code(department)
        )
        log = keccak256(origin.encode())
        require(any(event.args["relay"]), event, "没有锚定账户", "a log that nobody may anchor")
        require(
            log == event.args["log"] and log not in self.logs,
            event,
            "日志编号与其来源不符,或重复登记",
            "the log's id is not derived from its origin, or it is registered twice",
        )
        self.logs[log] = Log(department, origin)

    def _anchor(self, event: ChainEvent) -> None:
        args = event.args
        log = self.logs.get(args["log"])
        if log is None:
            refuse(place(event), "锚定了未登记的日志", "an unknown log was anchored")
        size = log.anchors[-1].size if log.anchors else 0
        require(
            args["oldSize"] == size < args["size"],
            event,
            "锚定的大小不连续",
            "an anchor that does not follow the one before",
        )
        log.anchors.append(
            Anchor(
                args["size"],
                args["root"],
                args["checkpointHash"],
                event.block_number,
                event.timestamp,
            )
        )
