"""What a call gets whose event id is known: the stored result again, or `call-replayed`.

Stored results live for the resend window and are purged by later commits, a bounded number each
(protocol.md section 7). A replay is never logged and never counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import and_, bindparam, delete, insert, select

from node.errors import CallReplayed
from node.protocol.wire.days import beijing_day, end_of_day

from ..storage.bulk import (
    fetch,
    insert_rows,
    look_up,
    run,
)
from ..storage.dialects import Whole
from .counters import Counter, load_counters
from .drafts import Committed
from .tables import (
    checkpoint,
    entry,
    event,
    head,
    position,
    recent,
)
from .tiles import tiles_through
from .tree import WIDTH, Edge, get_path

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection

    from .drafts import Draft
    from .fartiles import FarTiles

RESEND_WINDOW_MILLISECONDS = 10 * 60 * 1000
_PURGE_AT_LEAST = 16

_EVENT_COLUMNS = (event.c.event, event.c.index)
_RECENT, _CHECKPOINT = insert(recent), insert(checkpoint)
_OLDEST = (
    select(recent.c.position, recent.c.at, recent.c.size)
    .where(recent.c.position.between(bindparam("first"), bindparam("last")))
    .order_by(recent.c.position)
    .limit(bindparam("limit", type_=Whole))
)
_DROP_RECENT = delete(recent).where(
    recent.c.position.between(bindparam("first"), bindparam("last"))
)
_DROP_CHECKPOINTS = delete(checkpoint).where(
    checkpoint.c.log == bindparam("number"), checkpoint.c.size < bindparam("below")
)


@dataclass(frozen=True, slots=True)
class Resend:
    """A call as it arrives again."""

    event: bytes
    text: bytes
    authorisation: int
    calls_per_day: int = 0
    rows_per_day: int = 0


def find_events(
    connection: Connection, log_number: int, events: Collection[bytes]
) -> dict[bytes, int]:
    """Return the indexes of those events that are in the log."""
    rows = look_up(connection, _EVENT_COLUMNS, event.c.log, log_number, events)
    return {row[0]: row[1] for row in rows}


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
    kept = connection.execute(
        select(recent.c.at, recent.c.text, recent.c.answer, recent.c.size, checkpoint.c.checkpoint)
        .join(checkpoint, and_(checkpoint.c.log == log_number, checkpoint.c.size == recent.c.size))
        .where(recent.c.position == position(log_number, index))
    ).one_or_none()
    if kept is not None and now - kept.at <= RESEND_WINDOW_MILLISECONDS:
        size, note, answer = kept.size, kept.checkpoint, kept.answer
        identical = kept.text == sha256(resend.text).digest()
    else:
        row = connection.execute(
            select(head.c.size, head.c.checkpoint).where(head.c.number == log_number)
        ).one()
        size, note, answer, identical = row.size, row.checkpoint, None, False
    leaf: bytes | None = connection.scalar(
        select(entry.c.leaf).where(entry.c.position == position(log_number, index))
    )
    if leaf is None:
        if far is None:
            raise CallReplayed("this event id was used before")
        number, place = divmod(index, WIDTH)
        leaf = far.leaves(log_number, [number])[0][place]
    tiles = tiles_through(connection, log_number, size, far)
    members = orjson.loads(leaf)
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


def remember(
    connection: Connection, log_number: int, results: Sequence[tuple[Committed, bytes, int]]
) -> None:
    """Keep the results of one commit, each with its signed text and its time in ms."""
    first = results[0][0]
    insert_rows(connection, _CHECKPOINT, [(log_number, first.size, first.checkpoint)])
    base, size = position(log_number, 0), first.size
    rows = [
        (base + done.index, at, size, sha256(text).digest(), done.answer)
        for done, text, at in results
    ]
    insert_rows(connection, _RECENT, rows)


def purge(connection: Connection, log_number: int, now: int, added: int) -> None:
    """Drop the oldest results that are past the window: at most twice what was just added."""
    first = position(log_number, 0)
    span = {"first": first, "last": position(log_number + 1, 0) - 1}
    expired = now - RESEND_WINDOW_MILLISECONDS
    oldest = fetch(connection, _OLDEST, {**span, "limit": 1})
    if not oldest or oldest[0][1] >= expired:
        return
    rows = fetch(connection, _OLDEST, {**span, "limit": 2 * added + _PURGE_AT_LEAST})
    last, _, size = [row for row in rows if row[1] < expired][-1]
    run(connection, _DROP_RECENT, {"first": first, "last": last})
    # The checkpoint of the last result dropped may still be named by others of its commit.
    run(connection, _DROP_CHECKPOINTS, {"number": log_number, "below": size})
