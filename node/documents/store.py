"""The documents this node has, by digest.

A document is durable before `put` returns. Putting one again changes nothing. What no decision
binds within eight days is dropped; bound documents stay.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select, update

from ..errors import DocumentUnknown, Overloaded
from ..protocol import forms as documents
from ..protocol.wire import ids
from ..storage.dialects import insert, summed
from ..storage.engines import READING
from .tables import (
    binding,
    document,
    metadata,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Engine, Table

UNBOUND_SECONDS = 8 * 24 * 60 * 60
"""One day longer than a signature can wait for its transaction (`notAfter`)."""
BATCH = 500
"""Digests in one question: SQLite takes some hundreds of parameters on every build."""
UNBOUND_LIMIT = 8192
"""Unbound documents one department may leave here…"""
UNBOUND_BYTES = 256 * 1024 * 1024
"""…and their bytes together."""


class DocumentStore:
    """Documents in `node.db`."""

    def __init__(
        self, engine: Engine, *, clock: Callable[[], float] = time.time, create: bool = True
    ) -> None:
        """Create the tables where they are missing, or only read; `clock` gives seconds."""
        self.engine = engine
        self.reading = engine.execution_options(**READING)
        self.clock = clock
        self.departments_judged = 0
        """How often departments' documents were judged through this store: whoever keeps what they
        say compares it."""
        if create:
            metadata.create_all(engine)

    def put(self, data: bytes, author: bytes = ids.ZERO) -> bytes:
        """Keep a document handed in by the department `author`; return its digest.

        Raises:
            MalformedDocument: it is not a document.
            Overloaded: the department left too many that no decision binds.
        """
        return self.put_all([data], author)[0]

    def put_all(self, batch: Sequence[bytes], author: bytes = ids.ZERO) -> list[bytes]:
        """Keep several documents, all or none; return their digests in order.

        Raises:
            MalformedDocument: one is not a document.
            Overloaded: the department left too many that no decision binds.
        """
        parsed = [documents.parse(data) for data in batch]
        self.keep(parsed, author)
        return [each.digest for each in parsed]

    def keep(self, papers: Sequence[documents.Document], author: bytes = ids.ZERO) -> None:
        """Keep documents that were parsed already, all or none; see `put_all`.

        Raises:
            Overloaded: the department left too many that no decision binds.
        """
        offered = {paper.digest: paper for paper in papers}
        with self.engine.begin() as connection:
            here = _those_in(connection, document, list(offered))
            fresh = [paper for digest, paper in offered.items() if digest not in here]
            if not fresh:
                return
            named = _those_in(connection, binding, [paper.digest for paper in fresh])
            unnamed = [paper for paper in fresh if paper.digest not in named]
            if unnamed:
                self._check_room(connection, author, unnamed)
            now = int(self.clock())
            connection.execute(
                insert(document).on_conflict_do_nothing(),
                [
                    {
                        "digest": paper.digest,
                        "kind": paper.kind,
                        "data": paper.data,
                        "author": author,
                        "received_at": now,
                        "bound_at": now if paper.digest in named else None,
                    }
                    for paper in fresh
                ],
            )
            # Whoever waits for one need not ask others any more, however late he would have.
            for digests in batched([paper.digest for paper in fresh]):
                due = update(wanted).where(wanted.c.digest.in_(digests))
                connection.execute(due.values(next_try=0))

    def find(self, digest: bytes) -> bytes | None:
        with self.reading.connect() as connection:
            return connection.scalar(select(document.c.data).where(document.c.digest == digest))

    def find_all(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return those of several documents that are here, by digest."""
        wanted_ones = list(dict.fromkeys(digests))
        with self.reading.connect() as connection:
            return {
                row.digest: row.data
                for some in batched(wanted_ones)
                for row in connection.execute(
                    select(document.c.digest, document.c.data).where(document.c.digest.in_(some))
                ).all()
            }

    def get(self, digest: bytes) -> bytes:
        """Return a document's bytes.

        Raises:
            DocumentUnknown: it is not here.
        """
        data = self.find(digest)
        if data is None:
            raise DocumentUnknown(f"本节点没有文书 {digest.hex()} / no such document here")
        return data

    def find_authors(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the department that handed each of several documents in, of those here."""
        with self.reading.connect() as connection:
            return {
                row.digest: row.author
                for some in batched(list(digests))
                for row in connection.execute(
                    select(document.c.digest, document.c.author).where(document.c.digest.in_(some))
                ).all()
            }

    def sweep(self) -> int:
        """Drop documents that no decision bound in time; return how many."""
        before = int(self.clock()) - UNBOUND_SECONDS
        with self.engine.begin() as connection:
            return connection.execute(
                delete(document).where(
                    document.c.bound_at.is_(None),
                    document.c.received_at < before,
                    ~exists().where(binding.c.digest == document.c.digest),
                )
            ).rowcount

    def _check_room(
        self, connection: Connection, author: bytes, more: Sequence[documents.Document]
    ) -> None:
        left, size = connection.execute(
            select(func.count(), summed(func.length(document.c.data))).where(
                document.c.author == author, document.c.bound_at.is_(None)
            )
        ).one()
        if left + len(more) > UNBOUND_LIMIT:
            raise Overloaded(
                f"{left} documents of {author.hex()} wait for a decision; {UNBOUND_LIMIT} may"
            )
        if size + sum(len(each.data) for each in more) > UNBOUND_BYTES:
            raise Overloaded(
                f"{size} bytes of {author.hex()} wait for a decision; {UNBOUND_BYTES} may"
            )


def mark_bound(connection: Connection, digests: Sequence[bytes], now: int) -> None:
    """Keep documents for good: a mined decision names them."""
    for some in batched(digests):
        connection.execute(
            update(document)
            .where(document.c.digest.in_(some), document.c.bound_at.is_(None))
            .values(bound_at=now)
        )


def _those_in(connection: Connection, table: Table, digests: Sequence[bytes]) -> set[bytes]:
    """Return which of the digests a table has."""
    found: set[bytes] = set()
    for some in batched(digests):
        found.update(
            connection.scalars(select(table.c.digest).where(table.c.digest.in_(some))).all()
        )
    return found


def batched(digests: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield digests some hundred at a time."""
    for start in range(0, len(digests), BATCH):
        yield digests[start : start + BATCH]
