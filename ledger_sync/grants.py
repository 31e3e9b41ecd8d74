"""What a call is judged by, read in one transaction: `node.service.needs.Ledger`, implemented.

When in doubt, refuse (design.md section 4.12): a model that is being filled, that lags a head the
follower has seen for more than five seconds, or that has heard nothing of the chain for
`max_unseen_seconds`, answers LedgerBehind. The model is a function of its cursor, so facts read at
a cursor are kept until it moves; cursor and contact are read for every call, after it has come:
one reading is for all calls that were here when it began.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from node.errors import LedgerBehind
from node.protocol.evm.blocks import BlockRef
from node.protocol.ledger.facts import (
    AuthorisationFact,
    DepartmentFact,
    KeyFact,
    Snapshot,
)
from node.storage.dialects import unreadable

from .selecting import SELECT_ENTRY, entry_fact
from .tables import (
    AUTHORISATION,
    CONTACT,
    CURSOR,
    DEPARTMENT,
    ENTRY,
    ENTRY_VERSION,
    KEY,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine, Select

    from node.protocol.ledger.facts import EntryFact

R = TypeVar("R", AuthorisationFact, DepartmentFact, KeyFact)

LONGEST_LAG_SECONDS = 5.0
MAX_UNSEEN_SECONDS = 900.0
MOST_KEPT = 4096
MOST_AUTHORISATIONS = 2**63
"""SQL's integers end here; nobody will have applied so often."""

_SELECT_STATE = select(
    CURSOR.c.next_block,
    CURSOR.c.hash,
    CURSOR.c.timestamp,
    CURSOR.c.filling,
    CONTACT.c.contact_at,
    CONTACT.c.behind_since,
).outerjoin(CONTACT, CONTACT.c.id == CURSOR.c.id)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Snapshots read at one cursor; replaced whole when it moves."""

    block: BlockRef
    snapshots: dict[tuple[bytes, int], Snapshot]


class Grants:
    """The service's view of the ledger; shared by threads, opened on a read-only engine."""

    def __init__(
        self,
        engine: Engine,
        *,
        max_unseen_seconds: float = MAX_UNSEEN_SECONDS,
        clock: Callable[[], float] = time.time,
        on_advance: Callable[[], None] = lambda: None,
    ) -> None:
        """Read through `engine`; `on_advance` is called when the cursor is seen to have moved.

        It is called before the first snapshot of another block is returned.
        """
        self._engine = engine
        self._max_unseen_ms = max_unseen_seconds * 1000
        self._clock = clock
        # Compiled once: the text is the same for every call, and compiling costs more than reading.
        self._state_sql = str(_SELECT_STATE.compile(engine))
        self._driver: Any = engine.dialect.loaded_dbapi
        self._on_advance = on_advance
        self._kept: _Kept | None = None
        self._state: tuple[float, tuple[Any, ...] | None] = -math.inf, None
        """Cursor and contact as they were read last, and when that reading began."""

    def snapshot(self, key_id: bytes, authorisation: int, since: float = math.inf) -> Snapshot:
        """Return all facts about a key and an authorisation, as of one block.

        `authorisation` 0 asks about the key alone. `since` is the `time.perf_counter()` from which
        on the model may have been read; without it, it is read now.

        Raises:
            LedgerBehind: the read model is not to be trusted now.
        """
        try:
            block = self._trusted(self._state_since(since))
            kept = self._kept
            if kept is not None and kept.block == block:
                found = kept.snapshots.get((key_id, authorisation))
                if found is not None:
                    return found
            return self._read(key_id, authorisation)
        except unreadable(self._driver) as err:
            cause = getattr(err, "orig", err)
            raise LedgerBehind(f"the read model cannot be read: {cause}") from err

    def _read(self, key_id: bytes, authorisation: int) -> Snapshot:
        """Read a snapshot, and the block it is of, in one transaction; keep it for that block."""
        with self._engine.connect() as connection:
            row = connection.exec_driver_sql(self._state_sql).one_or_none()
            block = self._trusted(row)
            found = _read(connection, block, key_id, authorisation)
        kept = self._kept
        if kept is None or kept.block != block:
            self._on_advance()
            kept = self._kept = _Kept(block, {})
        if len(kept.snapshots) >= MOST_KEPT:
            kept.snapshots.clear()
        kept.snapshots[key_id, authorisation] = found
        return found

    def _state_since(self, since: float) -> tuple[Any, ...] | None:
        """Return cursor and contact by a reading that began at `since` or later."""
        began, row = self._state
        if began < since:
            began, row = time.perf_counter(), self._find_state()
            # Two threads may get here: whichever is kept, it is told apart by its own beginning.
            self._state = began, row
        return row

    def _find_state(self) -> tuple[Any, ...] | None:
        """Return cursor and contact as they are now; one statement needs no transaction."""
        # The driver's own cursor: this runs once a call, and costs a quarter this way.
        pooled = self._engine.raw_connection()
        try:
            row: tuple[Any, ...] | None = pooled.cursor().execute(self._state_sql).fetchone()
            return row
        finally:
            pooled.close()

    def _trusted(self, row: Sequence[Any] | None) -> BlockRef:
        """Return the block the model stands at, if it may be trusted now."""
        if row is None or row[1] is None or row[4] is None:
            raise LedgerBehind("the read model has never been filled")
        next_block, block_hash, timestamp, filling, contact_at, behind_since = row
        if filling:
            raise LedgerBehind("the read model is being filled")
        now_ms = self._clock() * 1000
        if behind_since is not None and now_ms - behind_since > LONGEST_LAG_SECONDS * 1000:
            raise LedgerBehind(
                "the read model lags the chain", behind_seconds=(now_ms - behind_since) // 1000
            )
        if now_ms - contact_at > self._max_unseen_ms:
            raise LedgerBehind(
                "the chain has not been heard of for too long",
                unseen_seconds=(now_ms - contact_at) // 1000,
            )
        return BlockRef(next_block - 1, block_hash, timestamp)


def _read(connection: Connection, block: BlockRef, key_id: bytes, authorisation: int) -> Snapshot:
    key = _find(connection, KeyFact, select(KEY).where(KEY.c.key == key_id))
    granted = None
    if 0 < authorisation < MOST_AUTHORISATIONS:
        statement = select(AUTHORISATION).where(AUTHORISATION.c.authorisation == authorisation)
        granted = _find(connection, AuthorisationFact, statement)
    return Snapshot(
        block=block,
        key=key,
        authorisation=granted,
        entry=_find_entry(connection, granted) if granted else None,
        provider=_find_department(connection, granted.provider) if granted else None,
        consumer=_find_department(connection, granted.consumer) if granted else None,
    )


def _find_entry(connection: Connection, granted: AuthorisationFact) -> EntryFact | None:
    statement = SELECT_ENTRY.where(
        ENTRY.c.entry == granted.entry, ENTRY_VERSION.c.version == granted.version
    )
    row = connection.execute(statement).mappings().one_or_none()
    return entry_fact(dict(row)) if row else None


def _find_department(connection: Connection, department: bytes) -> DepartmentFact | None:
    statement = select(DEPARTMENT).where(DEPARTMENT.c.department == department)
    return _find(connection, DepartmentFact, statement)


def _find(connection: Connection, kind: type[R], statement: Select[Any]) -> R | None:
    row = connection.execute(statement).one_or_none()
    return None if row is None else kind(*row)
