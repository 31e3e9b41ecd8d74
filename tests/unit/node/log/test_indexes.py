"""An authorisation's calls, which lie several to a row, are read as if each had one."""

from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.log.indexes import LAST_NUMBER, find_calls
from node.log.tables import call, metadata
from node.storage.engines import open_engine

LOG, AUTHORISATION = 1, 7
ROWS = st.lists(st.lists(st.integers(0, 2**40 - 1), min_size=1, max_size=5), max_size=5)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    opened = open_engine(tmp_path_factory.mktemp("indexes") / "log.db")
    metadata.create_all(opened)
    yield opened
    opened.dispose()


@given(ROWS, st.integers(0, 25), st.integers(0, 20), st.integers(1, 12))
def test_the_first_so_many_between_two_numbers_are_read(engine, rows, first, more, limit):
    every: dict[int, int] = {}
    number = 1
    with engine.connect() as connection:
        for index, *others in rows:
            connection.execute(
                call.insert().values(
                    log=LOG,
                    authorisation=AUTHORISATION,
                    number=number,
                    index=index,
                    others=pack(f">{len(others)}q", *others) if others else None,
                )
            )
            every.update(enumerate((index, *others), number))
            number = len(every) + 1
        for last in (first + more, LAST_NUMBER):
            found = find_calls(connection, LOG, AUTHORISATION, first, last, limit=limit)
            wanted = [one for one in sorted(every.items()) if first <= one[0] <= last]
            assert found == dict(wanted[:limit])
        connection.rollback()
