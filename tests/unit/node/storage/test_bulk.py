"""Values reach the driver in the form its parameters have: in a row, or by name."""

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)

from node.storage.bulk import (
    fetch,
    insert_rows,
    look_up,
    run,
)

word = Table(
    "word", MetaData(), Column("log", Integer), Column("index", Text), Column("n", Integer)
)
COLUMNS = (word.c.index, word.c.n)


@pytest.fixture(params=["qmark", "named"])
def connection(request):
    engine = create_engine("sqlite://", paramstyle=request.param)
    word.metadata.create_all(engine)
    with engine.begin() as connection:
        assert connection.dialect.positional == (request.param == "qmark")
        insert_rows(connection, insert(word), [(1, text, n) for n, text in enumerate("abcde")])
        yield connection


def test_rows_are_inserted_in_the_order_of_the_columns(connection):
    assert connection.execute(select(word)).all()[1] == (1, "b", 1)
    insert_rows(connection, insert(word), [])


def test_rows_are_fetched_and_changed_by_named_values(connection):
    run(
        connection,
        update(word).where(word.c.index == bindparam("which")).values(n=bindparam("number")),
        {"number": 9, "which": "c"},
    )
    query = select(word.c.n).where(word.c.index == bindparam("which"), word.c.log == 1)
    assert list(map(tuple, fetch(connection, query, {"which": "c"}))) == [(9,)]


@pytest.mark.parametrize("keys", [[], ["a"], ["a", "c", "e"], ["a", "nowhere"]])
def test_many_keys_are_looked_up_at_once(connection, keys):
    found = {row[0] for row in look_up(connection, COLUMNS, word.c.log, 1, keys)}
    assert found == set(keys) - {"nowhere"}
    assert not look_up(connection, COLUMNS, word.c.log, 2, keys)
