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

from node.errors import CallReplayed
from node.protocol.wire.days import beijing_day, end_of_day
from node.protocol.wire.merkle import HASH_SIZE

from .counters import Counter, load_counters
from .drafts import Committed
from .parts import part_of
from .tables import batch, entry, head, position
from .tiles import tiles_through
from .tree import WIDTH, Edge, get_path

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .drafts import Draft
    from .fartiles import FarTiles

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
) -> Committed:
    """Return the stored result of the call at `index` to an identical resend (`now` in ms).

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
    kept = _find_kept(connection, log_number, index)
    if kept is not None and now - members["at"] <= RESEND_WINDOW_MILLISECONDS:
        place, count = index - kept.first, len(kept.events) // HASH_SIZE
        size, note = kept.size, kept.checkpoint
        answer = part_of(kept.answers, count, place)
        text = kept.texts[place * HASH_SIZE : (place + 1) * HASH_SIZE]
        identical = text == sha256(resend.text).digest()
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
    """The row that has an entry."""

    first: int
    """Index of its first entry."""
    size: int
    checkpoint: bytes
    events: bytes
    texts: bytes
    answers: bytes


def _find_kept(connection: Connection, log_number: int, index: int) -> _Kept | None:
    """Return the row that has the entry at `index`, if it is left."""
    base, place = position(log_number, 0), batch.c.position
    columns = (batch.c.size, batch.c.checkpoint, batch.c.events, batch.c.texts, batch.c.answers)
    row = connection.execute(
        select(place - base, *columns)
        .where(place >= base, place <= base + index)
        .order_by(place.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    kept = _Kept(*row)
    return kept if index - kept.first < len(kept.events) // HASH_SIZE else None
