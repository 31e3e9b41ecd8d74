"""Dying between any two statements leaves documents that a new start brings to the same end."""

from __future__ import annotations

import itertools
import shutil

import pytest
from sqlalchemy import event, select, text

from node.documents.tables import (
    binding,
    document,
    listing,
    publication,
    wanted,
)
from node.protocol import forms as documents
from node.protocol.wire import ids
from tests.common import papers
from tests.common.document_nodes import Node
from tests.unit.node.documents.common import CENTRE, POLICE, URLS, build_city, key_of


class DiedError(BaseException):
    """The process is gone: nothing in the code under test may catch it."""


def tell(city) -> None:
    """A version submitted, published and applied for; one paper that is no document."""
    data = documents.new_document("catalogue-version", papers.catalogue_version(), salt=bytes(16))
    digest = city.submit(data)
    city.publish(ids.entry_id(POLICE, "30300101/06001"), 1, digest)
    city.apply(documents.new_document("application", papers.application(), salt=bytes(16)))
    garbage = documents.digest_of(b"garbage")
    city.ledger.mine("RegisterApplication", POLICE, application=b"a" * 32, digest=garbage)
    serve = city.police.access.read
    city.police.access.read = lambda asked, key: (
        b"garbage" if asked == garbage else serve(asked, key)
    )


def content(node):
    """All that is kept, but for times."""
    timed = {"received_at", "bound_at", "judged_at", "id", "tries", "next_try"}
    kept = []
    with node.engine.connect() as connection:
        for table in (document, binding, wanted, publication, listing):
            columns = [column for column in table.c if column.name not in timed]
            kept.append(sorted(map(repr, connection.execute(select(*columns)).all())))
        unjudged = select(binding.c.object).where(binding.c.judged_at.is_(None))
        kept.append(list(connection.scalars(unjudged)))
        kept.append(list(connection.scalars(text("SELECT name FROM listing_text"))))
    return kept


def dies_at(node, statement: int) -> bool:
    """Run the centre's fetcher until its `statement`-th statement; tell whether it got there."""
    counted = itertools.count(1)

    def count(*_):
        if next(counted) == statement:
            raise DiedError

    event.listen(node.engine, "before_cursor_execute", count)
    try:
        node.settle()
    except DiedError:
        return True
    finally:
        event.remove(node.engine, "before_cursor_execute", count)
    return False


def centre_at(city, folder):
    """Open the centre's node on what lies in a folder."""
    return Node(
        folder,
        CENTRE,
        key_of(CENTRE),
        city.ledger,
        network=city.network,
        clock=city.clock,
        url=URLS[CENTRE],
        peers=URLS,
    )


@pytest.mark.untraced
def test_dying_at_any_statement_ends_in_the_same_state(tmp_path):
    city = build_city(tmp_path)
    tell(city)
    city.police.settle()
    city.education.settle()
    city.centre.engine.dispose()
    told = tmp_path / f"{papers.CENTRE}.db"
    asked = len(city.network.requests)

    def begun(name):
        """The centre as it is before it hears of anything."""
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(told, folder)
        return centre_at(city, folder)

    undisturbed = begun("undisturbed")
    undisturbed.settle()
    expected = content(undisturbed)
    assert expected[5] == []
    undisturbed.engine.dispose()
    for statement in itertools.count(1):
        centre = begun(str(statement))
        died = dies_at(centre, statement)
        centre.engine.dispose()
        city.clock.now += 60
        centre.settle()
        assert content(centre) == expected, statement
        centre.engine.dispose()
        if not died:
            break
    assert statement > 30
    # The others are as they were: they were only asked.
    assert {method for method, _ in city.network.requests[asked:]} == {"GET"}
    for node in (city.police, city.education):
        node.engine.dispose()
