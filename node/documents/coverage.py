"""Which entries a table covered when it was filed last: what it lost is not what it never had.

A department files several tables, many by one mapping, and now and then only the rows that changed.
Tables are told apart by what they share: a table that still has half of what an earlier one covered
is its next edition, and what that edition lost is gone. One that has less is a part of it, or
another table; nothing is gone then. An entry that any other table covers is not gone either. What
was never recorded here (filed elsewhere, or before) is never called gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, func, select

from ..crypto import sm3
from ..errors import Overloaded
from ..protocol.wire import ids
from ..storage.dialects import insert

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from sqlalchemy import Connection, Engine

HALF = 2
MOST_CODES = 300_000
"""Of a department, in all its tables: several times what a city has."""

metadata = MetaData()
covered = Table(
    "covered",
    metadata,
    Column("department", LargeBinary(32), primary_key=True),
    Column("space", LargeBinary(32), primary_key=True),
    Column("series", Integer, primary_key=True),
    Column("code", String, primary_key=True),
    sqlite_with_rowid=False,
)

kept_mapping = Table(
    "kept_mapping",
    metadata,
    Column("department", LargeBinary(32), primary_key=True),
    Column("text", String, nullable=False),
)


def key_space(layout: str, code_rule: Mapping[str, Any]) -> bytes:
    """Return what tables have in common whose codes are made alike, 32 bytes.

    `code_rule` is a mapping's rule of the entry code; what else a mapping says may change.
    """
    return sm3(orjson.dumps([layout, code_rule], option=orjson.OPT_SORT_KEYS))


@dataclass(frozen=True, slots=True)
class Edition:
    """What a table is, compared with those filed before."""

    series: int
    """The table whose next edition this is; 0: of none."""
    before: int
    """How many entries in force the closest earlier table covered."""
    kept: int
    """How many of them this one has."""
    gone: frozenset[str]
    """Codes it has lost; none where it is no next edition."""


class Coverage:
    """What each table covered, in `node.db`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        metadata.create_all(engine)

    def compare(
        self,
        department: str,
        space: bytes,
        codes: Collection[str],
        is_live: Callable[[str], bool],
    ) -> Edition:
        """Say what a table with these codes has lost; `is_live` tells whether one is in force."""
        mine = set(codes)
        tables = {
            table: set(filter(is_live, known))
            for table, known in self._tables(ids.department_id(department)).items()
        }
        alike = {number: known for (of, number), known in tables.items() if of == space}
        # The one it shares most with; of equals the first.
        series = max(alike, key=lambda number: (len(alike[number] & mine), -number), default=0)
        known = alike.get(series, set())
        kept = len(known & mine)
        if not kept or HALF * kept < len(known):
            return Edition(0, len(known), kept, frozenset())
        others = (held for table, held in tables.items() if table != (space, series))
        elsewhere: set[str] = set().union(*others)
        return Edition(series, len(known), kept, frozenset(known - mine - elsewhere))

    def keep(self, department: str, space: bytes, codes: Collection[str]) -> None:
        """Remember what a table covers: one more edition of an earlier one, or a table of its own.

        A part of an earlier table adds to it and takes nothing away.

        Raises:
            Overloaded: so much is remembered of the department already.
        """
        owner, mine = ids.department_id(department), set(codes)
        every = self._tables(owner)
        tables = {number: known for (of, number), known in every.items() if of == space}
        shared = {number: len(known & mine) for number, known in tables.items()}
        series = max(shared, key=lambda number: (shared[number], -number), default=0)
        if not series or HALF * shared[series] < min(len(tables[series]), len(mine)):
            series = max(tables, default=0) + 1
        fresh = mine - tables.get(series, set())
        if sum(map(len, every.values())) + len(fresh) > MOST_CODES:
            raise Overloaded(
                f"部门 {department} 各表所覆盖的目录已记 {MOST_CODES} 个，不能再记"
                " / too much is remembered of what its tables cover",
                most=MOST_CODES,
            )
        with self._engine.begin() as connection:
            _add(connection, owner, space, series, fresh)

    def count(self, department: bytes) -> int:
        """Return how many codes are remembered of a department: none is ever forgotten."""
        query = select(func.count()).select_from(covered).where(covered.c.department == department)
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def find_mapping(self, department: str) -> str | None:
        """Return the mapping file a department's tables were last read by."""
        query = select(kept_mapping.c.text)
        with self._engine.connect() as connection:
            found: str | None = connection.scalar(
                query.where(kept_mapping.c.department == ids.department_id(department))
            )
            return found

    def keep_mapping(self, department: str, text: str) -> None:
        """Remember it for the department's next table."""
        values = {"department": ids.department_id(department), "text": text}
        statement = insert(kept_mapping).values(values)
        with self._engine.begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["department"], set_={"text": text})
            )

    def _tables(self, department: bytes) -> dict[tuple[bytes, int], set[str]]:
        query = select(covered.c.space, covered.c.series, covered.c.code)
        found: dict[tuple[bytes, int], set[str]] = {}
        with self._engine.connect() as connection:
            for space, series, code in connection.execute(
                query.where(covered.c.department == department)
            ):
                found.setdefault((space, series), set()).add(code)
        return found


def _add(
    connection: Connection, department: bytes, space: bytes, series: int, codes: Collection[str]
) -> None:
    rows = [
        {"department": department, "space": space, "series": series, "code": code}
        for code in sorted(codes)
    ]
    if rows:
        connection.execute(insert(covered).on_conflict_do_nothing(), rows)
