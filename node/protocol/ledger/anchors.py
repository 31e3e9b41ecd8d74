"""Rules of `contracts/AccessAnchors.sol`: logs, their generations, anchored sizes, shown splits.

Anchoring and freezing are nobody's decision: an anchor comes from the log's relay with a proof the
event does not carry, a freeze from anybody who shows two roots of one size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..wire import ids
from ..wire.checkpoint import Checkpoint
from ..wire.merkle import EMPTY_ROOT
from .enums import KeyKind, Role
from .facts import KeyFact, LogFact, PresentLogFact
from .signed import (
    Act,
    Mandate,
    accept,
    refuse,
    require_digest,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .surroundings import Outside, Store

    Derived = dict[str, Any]

    Chain = tuple[int, bytes]
    """Chain id and address of the DepartmentRegistry: what a log's origin begins with."""


def register_log(act: Act, chain: Chain) -> Derived:
    """Open a department's first log, empty."""
    department = _accept(act)
    present = act.store.find(PresentLogFact, department)
    if present is not None:
        refuse("LogAlreadyRegistered", department, present.log)
    return {"log": _open(act, chain, 1)}


def supersede_log(act: Act, chain: Chain) -> Derived:
    """Close a department's log to anchors, frozen or not, and open its next."""
    department = _accept(act)
    require_digest(act, act["digest"])
    present = act.store.find(PresentLogFact, department)
    if present is None:
        refuse("LogUnknown", ids.log_id(_origin(chain, department, 1)))
    old = get_log(act.store, present.log)
    act.store.put(old._replace(superseded=True))
    generation = present.generation + 1
    return {"old": old.log, "log": _open(act, chain, generation), "generation": generation}


def anchor(store: Store, args: dict[str, Any]) -> None:
    """Note that a log reached a size with a root; raises as `anchor_all`."""
    anchor_all(store, [(args["log"], args["oldSize"], args["size"], args["root"])])


def anchor_all(store: Store, anchors: Iterable[tuple[bytes, int, int, bytes]]) -> None:
    """Note that logs reached sizes with roots, one anchor after another.

    Each is (log, size before, size, root). A log's record is written once, for its last.

    Raises:
        DecisionRefused: a log takes no anchor, or not one that follows another size than its own;
            nothing is noted then.
    """
    logs: dict[bytes, LogFact] = {}
    reached: dict[bytes, tuple[int, bytes]] = {}
    for name, old_size, size, root in anchors:
        if name not in reached:
            log = logs[name] = get_log(store, name)
            if log.superseded:
                refuse("LogIsSuperseded", name)
            if log.frozen:
                refuse("LogIsFrozen", name)
            reached[name] = log.size, log.root
        known, _ = reached[name]
        if size <= known:
            refuse("LogNotGrowing", name, known, size)
        if old_size != known:
            refuse("HeadMoved", name, known, old_size)
        reached[name] = size, root
    for name, (size, root) in reached.items():
        store.put(logs[name]._replace(size=size, root=root))


def freeze(store: Store, outside: Outside, args: dict[str, Any]) -> None:
    """Stop a log of which two roots of one size were shown, both signed by its department.

    Raises:
        DecisionRefused: they were not, or it is stopped already.
    """
    log = get_log(store, args["log"])
    if log.frozen:
        refuse("LogIsFrozen", log.log)
    if args["firstRoot"] == args["secondRoot"]:
        refuse("SplitNotShown", log.log, args["size"])
    for which in ("first", "second"):
        root, key_id = args[f"{which}Root"], args[f"{which}Key"]
        key = store.find(KeyFact, key_id)
        if key is None:
            refuse("KeyUnknown", key_id)
        text = Checkpoint(log.origin, args["size"], root).text
        signature = args[f"{which}R"], args[f"{which}S"]
        # Revoked since or out of its time: it is the department's word either way.
        ours = key.kind == KeyKind.DEPARTMENT and key.holder == log.department
        if not ours or not outside.is_note_signed(text, key.qx, key.qy, *signature):
            refuse("CheckpointRefused", log.log, args["size"], root, key_id)
    store.put(log._replace(frozen=True))


def get_log(store: Store, log: bytes) -> LogFact:
    """Return a registered log.

    Raises:
        DecisionRefused: there is none.
    """
    found = store.find(LogFact, log)
    if found is None:
        refuse("LogUnknown", log)
    return found


def _accept(act: Act) -> bytes:
    department: bytes = act["department"]
    if not any(act["relay"]):
        refuse("RelayMissing", department)
    accept(act, Mandate(department, Role.DEPARTMENT_HEAD))
    return department


def _open(act: Act, chain: Chain, generation: int) -> bytes:
    department = act["department"]
    origin = _origin(chain, department, generation)
    log = ids.log_id(origin)
    act.store.put(
        LogFact(log, department, origin, act["relay"], 0, EMPTY_ROOT, act.seq, generation)
    )
    act.store.put(PresentLogFact(department, log, generation))
    return log


def _origin(chain: Chain, department: bytes, generation: int) -> str:
    return ids.log_origin(*chain, ids.department_code(department), generation)
