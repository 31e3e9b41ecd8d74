"""A stored log hashed again from its entries and compared with everything that is known of it.

Compared are, from the bottom up: each leaf with its hash in the tiles, the numbers and links
between calls, the indexes, the tiles of every level, the counters, the kept answers, the head, its
signed checkpoint, and the roots that were published or anchored. Streams in chunks, each in a
transaction of its own: memory stays flat and the writer is not held up, for entries are only ever
added. What was moved to a store is read from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from node.errors import (
    CheckpointInvalid,
    InvalidInput,
    LogIncomplete,
    LogTampered,
    NotFound,
)
from node.protocol.wire.checkpoint import SignedCheckpoint
from node.protocol.wire.ids import (
    department_id,
    log_id,
    parse_origin,
)

from ..storage.migrations import require_newest
from .checkentries import EntryCheck, StoredLog
from .checktables import (
    find_headless,
    find_misfit,
    find_wrong_answer,
    find_wrong_batch,
)
from .indexes import count_calls
from .logpairs import find_signing
from .tables import (
    INDEX_BITS,
    event,
    head,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Engine, Row

    from .logpairs import LogPair
    from .tilestore import TileStore

LOGS = 1 << 63 - INDEX_BITS
"""More logs than positions have room for."""


@dataclass(frozen=True, slots=True)
class CheckedLog:
    """A log that is what its head says."""

    department: str
    """The code of the department the log belongs to."""
    size: int
    root: bytes
    is_head_proven: bool = True
    """Whether its keys or the chain vouch for the head; False: only a revoked key, or half a pair.

    A revoked key may be a thief's, and the time up to which it counts is the writer's word.
    """
    unverified: int = 0
    """Checkpoints, kept for resends or the head's, of which only the SM2 line was verified."""


def check_log(
    engine: Engine,
    log: bytes,
    *,
    anchored: Iterable[tuple[int, bytes]] = (),
    store: TileStore | None = None,
    pairs: Sequence[LogPair] = (),
    progress: Callable[[int], None] | None = None,
) -> CheckedLog:
    """Check one log whole; `anchored` are (size, root) pairs from the chain or from `published`.

    `pairs` are the keys that may have signed it, each while it was valid: with any, the signatures
    of the head and of whatever is kept for resends are checked too, 0.2 ms a commit of the last
    minutes.
    `progress` is told the entries done.

    Raises:
        LogTampered: the first thing found wrong; `facts` hold `what`, `log`, `department` (its
            code, once the head could be read) and, where an entry can be named, `index`.
        LogIncomplete: nothing is wrong with it as far as it goes, but more is anchored: a copy
            made without the `-wal` file, an old copy, or a log cut off; `facts` hold `log`, `size`
            and `anchored`. Or `store` lost a `tile`, which they name.
        LogUnavailable: the store does not answer.
        NotFound: no such log in this store.
        ConfigInvalid: another version of this program has written the file.
    """
    known = dict(anchored)
    try:
        stored = _open(engine, log, known)
        check = _Check(stored, known, pairs)
        check.check_head()
        entries = EntryCheck(stored, known, store)
        entries.run(progress)
        check.check_rest(entries)
        size, root = stored.head.size, stored.head.root
        if max(known, default=0) > size:
            raise _missing(log, size, known)
    except SQLAlchemyError as error:
        # A table is missing, a page is damaged, a text is not UTF-8: as it stands, no log at all.
        message = f"the file cannot be read as a log: {getattr(error, 'orig', error)}"
        raise LogTampered(message, what="file", log=log.hex()) from error
    return CheckedLog(stored.department, size, root, check.is_head_proven, check.unverified)


def _open(engine: Engine, log: bytes, known: dict[int, bytes]) -> StoredLog:
    """Return a log as its head row names it; raises as `check_log` does where there is none."""
    with engine.connect() as connection:
        if not inspect(connection).get_table_names():
            raise _missing(log, 0, known)
        require_newest(connection, "log")
        misfit = find_misfit(connection)
        if misfit is not None:
            message = f"the table {misfit} holds a value that no log writes there"
            raise LogTampered(message, what="file", log=log.hex(), table=misfit)
        row = connection.execute(select(head).where(head.c.log == log)).one_or_none()
        if row is not None:
            return StoredLog(engine, row, _department_of(row))
        if any(known) and find_headless(connection):
            message = f"{max(known)} entries are anchored, and the head over those here is gone"
            raise LogTampered(message, what="size", log=log.hex(), index=0)
    raise _missing(log, 0, known)


def _missing(log: bytes, size: int, known: dict[int, bytes]) -> LogIncomplete | NotFound:
    """Return what to say of a log that ends at `size`, given what is anchored of it."""
    anchored = max(known, default=0)
    if not anchored:
        return NotFound("no such log in this store", log=log.hex())
    return LogIncomplete(
        f"{anchored} entries are anchored, {size} are here, and those are sound; copy log.db "
        "together with log.db-wal, or while its node is stopped",
        log=log.hex(),
        size=size,
        anchored=anchored,
    )


def _department_of(row: Row[Any]) -> str:
    try:
        return parse_origin(row.origin)[2]
    except InvalidInput as error:
        message = f"the head's checkpoint: {error.message}"
        raise LogTampered(message, what="checkpoint", log=row.log.hex()) from error


class _Check:
    """What is compared with the entries of one log: its head before, its other tables after."""

    def __init__(self, log: StoredLog, known: dict[int, bytes], pairs: Sequence[LogPair]) -> None:
        self._log = log
        self._known = known
        self._pairs = pairs
        self.is_head_proven = True
        self.unverified = 0

    def check_head(self) -> None:
        """Compare the head row with its own checkpoint and with the sizes known to others."""
        row, department = self._log.head, self._log.department
        try:
            signed = SignedCheckpoint.parse(row.checkpoint)
            self._verify_head(signed)
        except (InvalidInput, CheckpointInvalid) as error:
            raise self._tampered("checkpoint", f"the head's checkpoint: {error.message}") from error
        if not 0 <= row.indexed <= row.size:
            raise self._tampered("head", "the head's indexes go beyond its entries")
        if not 0 < row.number < LOGS:
            raise self._tampered("head", "the head's number is that of no log")
        if log_id(row.origin) != row.log or department_id(department) != row.department:
            raise self._tampered("head", "the head names another log or department")
        note = signed.checkpoint
        if (note.origin, note.size, note.root) != (row.origin, row.size, row.root):
            raise self._tampered("head", "the head is not what its checkpoint signs")

    def _verify_head(self, signed: SignedCheckpoint) -> None:
        """Verify the head's signatures; its time is held against its last entry's later on."""
        if not self._pairs:
            return
        size = self._log.head.size
        pair = find_signing(signed, self._pairs, self._log.head.at if size else None)
        self.unverified += pair.ed25519 is None
        # An anchored root holds whoever signed it.
        vouched = pair.ed25519 is not None and pair.revoked_at is None
        self.is_head_proven = vouched or not size or size in self._known

    def _verify_kept(self, times: Mapping[int, int], signed: SignedCheckpoint) -> None:
        """Verify the signatures of a checkpoint that is kept for resends.

        `times` has, by the size it signs, when the last entry was logged, in ms.

        Raises:
            CheckpointInvalid: they do not hold, or by keys that were not valid when it was signed.
        """
        if not self._pairs:
            return
        at = times.get(signed.checkpoint.size)
        if at is None:
            raise CheckpointInvalid("no commit ended at the size of a kept checkpoint")
        self.unverified += find_signing(signed, self._pairs, at).ed25519 is None

    def check_rest(self, entries: EntryCheck) -> None:
        """Compare counters, and look for rows that belong to no entry."""
        number, size = self._log.head.number, self._log.head.size
        with self._log.engine.connect() as connection:
            wrong_counter = entries.chains.find_wrong_counter(connection, number)
            calls = count_calls(connection, number)
            newest = connection.scalar(select(head.c.size).where(head.c.number == number))
            events = connection.scalar(select(func.count()).where(event.c.log == number))
            fresh = self._log.fresh(connection)
            origin, verify = self._log.head.origin, partial(self._verify_kept, entries.times)
            wrong_batch = find_wrong_batch(connection, number, origin, entries.roots, verify)
            wrong_answer = find_wrong_answer(connection, number)
        if newest != size:
            # The writer went on meanwhile: these tables already speak of later entries.
            return
        if wrong_counter is not None:
            raise self._tampered(
                "counter",
                f"the counter of authorisation {wrong_counter} is not that of its entries",
                authorisation=wrong_counter,
            )
        indexed = calls + len(fresh.calls), (events or 0) + len(fresh.events)
        if indexed != (entries.chains.numbered, size):
            raise self._tampered("index", "the indexes of calls or events have other rows")
        if wrong_batch is not None:
            raise self._tampered(
                "batch",
                f"what is kept for resends of entry {wrong_batch} is not its commit's",
                index=wrong_batch,
            )
        if wrong_answer is not None:
            raise self._tampered(
                "answer",
                f"the answer kept for entry {wrong_answer} is not its own",
                index=wrong_answer,
            )

    def _tampered(self, what: str, message: str, **facts: object) -> LogTampered:
        return LogTampered(message, what=what, **facts, **self._log.facts)
