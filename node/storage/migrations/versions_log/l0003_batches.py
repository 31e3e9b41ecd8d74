"""What was kept of each entry is kept of each commit, in a row; the indexes may come after it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from struct import pack, unpack_from
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INDEX_BITS, HASH, NONE = 40, 32, 0xFFFFFFFF
PORTION, AT_ONCE = 1 << 20, 64
INDEX = (1 << INDEX_BITS) - 1
whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")
blob = sa.LargeBinary


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, whole, primary_key=True, autoincrement=False)


def _table(name: str, **columns: Any) -> sa.Table:  # noqa: ANN401 - types of columns
    """Return a table for statements; it need not be whole."""
    return sa.Table(name, sa.MetaData(), *(sa.Column(each, kind) for each, kind in columns.items()))


entry = _table("entry", position=whole, leaf=blob)
event = _table("event", log=whole, event=blob, index=whole)
call = _table("call", log=whole, authorisation=whole, number=whole, index=whole, others=blob)
request = _table("request", position=whole, body=blob, entries=whole)
head = _table("head", number=whole, size=whole, indexed=whole)
before = sa.MetaData()
recent = sa.Table(
    "recent",
    before,
    _key("position"),
    *(sa.Column(name, whole, nullable=False) for name in ("at", "size")),
    sa.Column("text", blob(32), nullable=False),
    sa.Column("answer", blob),
)
checkpoint = sa.Table(
    "checkpoint",
    before,
    *map(_key, ("log", "size")),
    sa.Column("checkpoint", blob, nullable=False),
    sqlite_with_rowid=False,
)
batch = sa.Table(
    "batch",
    sa.MetaData(),
    _key("position"),
    *(sa.Column(name, whole, nullable=False) for name in ("size", "at")),
    *(
        sa.Column(name, blob, nullable=False)
        for name in ("checkpoint", "events", "calls", "texts", "answers")
    ),
)


def upgrade() -> None:
    """Put together what is kept for resends; the indexes have everything."""
    connection = op.get_bind()
    within = sa.CheckConstraint("indexed >= 0 AND indexed <= size")
    op.add_column("head", sa.Column("indexed", whole, within, nullable=False, server_default="0"))
    op.execute("UPDATE head SET indexed = size")
    op.add_column("call", sa.Column("others", blob))
    op.add_column("request", sa.Column("entries", whole))
    batch.create(connection)
    log = recent.c.position // sa.literal(INDEX + 1, whole)
    of_commit = (checkpoint.c.log == log) & (checkpoint.c.size == recent.c.size)
    rows = connection.execute(
        sa.select(recent, entry.c.leaf, checkpoint.c.checkpoint)
        .join(entry, entry.c.position == recent.c.position)
        .join(checkpoint, of_commit)
        .order_by(recent.c.position),
        execution_options={"yield_per": AT_ONCE},
    )
    for some in _portions(rows):
        connection.execute(batch.insert(), _row(some))
    before.drop_all(connection)


def downgrade() -> None:
    """Take it apart again, and bring the indexes up to the head."""
    connection = op.get_bind()
    before.create_all(connection)
    heads = connection.execute(sa.select(head.c.number, head.c.indexed))
    known = {number: indexed for number, indexed in heads}  # noqa: C416 - rows are no pairs
    noted = None
    rows = sa.select(batch).order_by(batch.c.position)
    for row in connection.execute(rows, execution_options={"yield_per": 1}):
        number = row.position >> INDEX_BITS
        if (number, row.size) != noted:
            noted = number, row.size
            values = {"log": number, "size": row.size, "checkpoint": row.checkpoint}
            connection.execute(checkpoint.insert(), values)
        _take_apart(connection, row, known[number])
    _single_bodies(connection)
    _single_calls(connection)
    batch.drop(connection)
    op.drop_column("call", "others")
    op.drop_column("request", "entries")
    op.drop_column("head", "indexed")


def _single_bodies(connection: sa.Connection) -> None:
    for row in _pages(connection, request, request.c.entries, [request.c.position]):
        connection.execute(request.delete().where(request.c.position == row.position))
        for place, body in enumerate(_parts(row.body, row.entries), row.position):
            if body is not None:
                connection.execute(request.insert(), {"position": place, "body": body})


def _single_calls(connection: sa.Connection) -> None:
    key = [call.c.log, call.c.authorisation, call.c.number]
    for row in _pages(connection, call, call.c.others, key):
        indexes = unpack_from(f">{len(row.others) // 8}q", row.others)
        values = {"log": row.log, "authorisation": row.authorisation}
        for number, index in enumerate(indexes, row.number + 1):
            connection.execute(call.insert(), {**values, "number": number, "index": index})


def _pages(
    connection: sa.Connection, table: sa.Table, filled: sa.Column[Any], key: list[sa.Column[Any]]
) -> Iterator[sa.Row[Any]]:
    """Yield the rows that have `filled`, a few at once: the table changes meanwhile."""
    query = sa.select(table).where(filled.is_not(None)).order_by(*key).limit(AT_ONCE)
    rows = connection.execute(query).all()
    while rows:
        yield from rows
        last = [getattr(rows[-1], column.name) for column in key]
        rows = connection.execute(query.where(sa.tuple_(*key) > sa.tuple_(*last))).all()


def _take_apart(connection: sa.Connection, row: sa.Row[Any], indexed: int) -> None:
    first = row.position & INDEX
    for place, answer in enumerate(_parts(row.answers, len(row.events) // HASH)):
        within = slice(place * HASH, (place + 1) * HASH)
        values = {"position": row.position + place, "at": row.at, "size": row.size}
        values |= {"text": row.texts[within], "answer": answer}
        connection.execute(recent.insert(), values)
        if first + place < indexed:
            continue
        index = {"log": row.position >> INDEX_BITS, "index": first + place}
        connection.execute(event.insert(), {"event": row.events[within], **index})
        authorisation, number = unpack_from(">2q", row.calls, 16 * place)
        if number:
            values = {"authorisation": authorisation, "number": number}
            connection.execute(call.insert(), {**values, **index})


def _portions(rows: Iterable[sa.Row[Any]]) -> Iterator[list[sa.Row[Any]]]:
    """Yield rows of one commit that follow each other, of one log and size, as many as fit."""
    some: list[sa.Row[Any]] = []
    length = 0
    for row in rows:
        answer = len(row.answer or b"")
        if some and (
            row.position != some[-1].position + 1
            or row.size != some[-1].size
            or length + answer > PORTION
        ):
            yield some
            some, length = [], 0
        some.append(row)
        length += answer
    if some:
        yield some


def _row(rows: Sequence[sa.Row[Any]]) -> dict[str, object]:
    leaves = [json.loads(row.leaf) for row in rows]
    calls = [(leaf.get("authorisation", 0), leaf.get("number", 0)) for leaf in leaves]
    lengths = [NONE if row.answer is None else len(row.answer) for row in rows]
    return {
        "position": rows[0].position,
        "size": rows[0].size,
        "at": rows[-1].at,
        "checkpoint": rows[0].checkpoint,
        "events": b"".join(bytes.fromhex(leaf["event"]) for leaf in leaves),
        "calls": b"".join(pack(">2q", *each) for each in calls),
        "texts": b"".join(row.text for row in rows),
        "answers": b"".join((pack(f">{len(rows)}I", *lengths), *(r.answer or b"" for r in rows))),
    }


def _parts(packed: bytes, count: int) -> Iterator[bytes | None]:
    start = 4 * count
    for length in unpack_from(f">{count}I", packed):
        if length == NONE:
            yield None
            continue
        yield packed[start : start + length]
        start += length
