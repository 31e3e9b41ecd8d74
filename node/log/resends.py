"""What a call gets whose event id is known: the stored result again, or `call-replayed`.

Stored results live for the resend window, in the row of their commit (`batchrows`)
(protocol.md section 7). A replay is never logged and never counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import orjson
from sqlalchemy import select

from node.errors import CallReplayed, LogTampered
from node.protocol.wire.days import beijing_day, end_of_day
from node.protocol.wire.merkle import HASH_SIZE

from .counters import Counter, load_counters
from .logdrafts import Committed
from .parts import unpack_parts
from .tables import batch, entry, head, position
from .tiles import tiles_through
from .tree import WIDTH, Edge, get_path

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .fartiles import FarTiles
    from .logdrafts import Draft

RESEND_WINDOW_MILLISECONDS = 10 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Resend:
    """A call as it arrives again."""

    event: bytes
    text: bytes
    authorisation: int
    calls_per_day: int = 0
    rows_per_day: int = 0


def replay(
    connection: Connection,
    log_number: int,
    index: int,
    resend: Resend | Draft,
    now: int,
    *,
    far: FarTiles | None = None,
    read: dict[int, list[bytes | None]] | None = None,
) -> Committed:
    """Return the stored result of the call at `index` to an identical resend (`now` in ms).

    `read` is kept by whoever has several to look for: the answers of the row read last.

    Raises:
        CallReplayed: the text is another, or the window has passed; carries the first receipt,
            unless its entry was moved to a store and `far` is None: a commit waits for no store.
        LogIncomplete, LogTampered, LogUnavailable: the store lost it, changed it, or is away.
    """
    leaf: bytes | None = connection.scalar(
        select(entry.c.leaf).where(entry.c.position == position(log_number, index))
    )
    if leaf is None:
        if far is None:
            raise CallReplayed("this event id was used before")
        number, place = divmod(index, WIDTH)
        leaf = far.leaves(log_number, [number])[0][place]
    members = orjson.loads(leaf)
    timely = now - members["at"] <= RESEND_WINDOW_MILLISECONDS
    kept = _find_kept(connection, log_number, index) if timely else None
    if kept is not None:
        size, note = kept.size, kept.checkpoint
        identical = kept.text == sha256(resend.text).digest()
        answer = _find_answer(connection, kept, {} if read is None else read) if identical else None
    else:
        row = connection.execute(
            select(head.c.size, head.c.checkpoint).where(head.c.number == log_number)
        ).one()
        size, note, answer, identical = row.size, row.checkpoint, None, False
    tiles = tiles_through(connection, log_number, size, far)
    counters = load_counters(connection, [log_number], [resend.authorisation])
    counter = counters.get(resend.authorisation, Counter())
    counter.open_day(beijing_day(now // 1000))
    found = Committed(
        leaf=leaf,
        index=index,
        size=size,
        proof=tuple(get_path(tiles, Edge(size, tiles), index)),
        checkpoint=note,
        outcome=members["outcome"],
        answer=answer,
        number=members.get("number", 0),
        remaining_calls=max(0, resend.calls_per_day - counter.calls),
        remaining_rows=max(0, resend.rows_per_day - counter.rows),
        reset=end_of_day(now // 1000),
        fresh=False,
    )
    if not identical:
        raise CallReplayed("this event id was used before", receipt=found.receipt().render())
    return found


class _Kept(NamedTuple):
    """What the row of a commit has of an entry, but for its answer."""

    position: int
    """The row's."""
    place: int
    """Which of the row's entries it is."""
    entries: int
    """How many these are."""
    size: int
    checkpoint: bytes
    text: bytes


def _find_kept(connection: Connection, log_number: int, index: int) -> _Kept | None:
    """Return what is kept of the entry at `index`, if its row is left.

    Raises:
        LogTampered: no commit wrote such a row.
    """
    wanted, place = position(log_number, index), batch.c.position
    row = connection.execute(
        select(place, batch.c.size, batch.c.checkpoint, batch.c.texts)
        .where(place >= position(log_number, 0), place <= wanted)
        .order_by(place.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    within, count = wanted - row.position, len(row.texts) // HASH_SIZE
    if len(row.texts) % HASH_SIZE or (within < count and row.size <= index):
        raise LogTampered(f"the batch that has entry {index} is none", what="batch", index=index)
    if within >= count:
        return None
    text = row.texts[within * HASH_SIZE : (within + 1) * HASH_SIZE]
    return _Kept(row.position, within, count, row.size, row.checkpoint, text)


def _find_answer(
    connection: Connection, kept: _Kept, read: dict[int, list[bytes | None]]
) -> bytes | None:
    if kept.position not in read:
        read.clear()
        query = select(batch.c.answers).where(batch.c.position == kept.position)
        read[kept.position] = unpack_parts(connection.scalar(query) or b"", kept.entries)
    return read[kept.position][kept.place]
