"""Traces over a real chain, log and read model: from each of the four ids to the other three."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger_sync.trace import Tracer
from node.errors import AuthorisationUnknown, EventUnknown, NotFound
from node.log import LogReader
from node.log.tables import metadata
from node.protocol.wire.ids import department_id, entry_id
from tests.common.chain import deployed_on
from tests.common.evidence import ENTRY_CODE, City
from tests.common.papers import POLICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_sync.trace import TraceLine

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def city(own_chain, tmp_path_factory) -> Iterator[City]:
    with deployed_on(own_chain) as chain:
        city = City(chain, tmp_path_factory.mktemp("city"))
        try:
            city.build()
            yield city
        finally:
            city.close()


@pytest.fixture(scope="module")
def event(city: City) -> bytes:
    events = [city.call() for _ in range(3)]
    city.anchor()
    return events[1]


@pytest.fixture
def tracer(city, event) -> Tracer:
    assert event
    return new_tracer(city)


def new_tracer(city: City) -> Tracer:
    return Tracer(city.follow(), city.logs, city, city.chain.deployment)


def word(found: TraceLine) -> str:
    return found.english.split(" ")[0].rstrip(":")


def shape(found: TraceLine, depth: int = 0) -> list[str]:
    """The first word of each line, indented."""
    head = "  " * depth + word(found)
    return [head, *(each for child in found.children for each in shape(child, depth + 1))]


def find_wrong(found: TraceLine) -> list[str]:
    return [word(each) for each in found.walk() if not each.ok]


class TestTraceCall:
    def test_reaches_version_decisions_checkpoint_anchor_and_block(self, tracer, event):
        assert shape(tracer.trace_call(event)) == [
            "call",
            "  authorisation",
            "    decision",
            "    decision",
            "    catalogue",
            "      decision",
            "      decision",
            "  checkpoint",
            "    anchor",
            "      the",
            "      block",
        ]

    def test_holds_in_every_line(self, tracer, event):
        found = tracer.trace_call(event)
        assert found.holds, [each for each in found.walk() if not each.ok]

    def test_names_departments_officers_and_keys(self, tracer, event):
        texts = "\n".join(each.text for each in tracer.trace_call(event).walk())
        assert "决定「申请共享」：市教育局 · 工作机构负责人张伟" in texts
        assert "决定「报送目录」：市公安局 · 局长李秀英" in texts
        assert "决定「审核目录」：市数据局" in texts

    def test_refuses_an_event_nobody_logged(self, tracer):
        with pytest.raises(EventUnknown):
            tracer.trace_call(b"\1" * 32)

    def test_shows_a_call_that_waits_for_its_anchor(self, city, event):
        assert event
        found = new_tracer(city).trace_call(city.call())
        assert find_wrong(found) == ["anchor"]
        city.anchor()

    def test_shows_items_that_were_not_granted(self, city):
        event = city.call(items=0b11)
        city.anchor()
        found = new_tracer(city).trace_call(event)
        assert find_wrong(found) == ["authorisation"]
        wrong = next(each for each in found.walk() if not each.ok)
        assert wrong.finding == "提供的数据项超出授权"

    def test_shows_a_call_under_no_authorisation(self, city):
        event = city.call(authorisation=99)
        city.anchor()
        assert find_wrong(new_tracer(city).trace_call(event)) == ["authorisation"]

    def test_shows_a_block_that_is_not_on_the_chain(self, city):
        event = city.call(block=replace(city.block(), hash=b"\1" * 32))
        city.anchor()
        assert find_wrong(new_tracer(city).trace_call(event)) == ["authorisation"]

    def test_shows_a_document_that_is_not_here(self, city, event):
        kept = city.kept
        try:
            city.kept = {}
            found = new_tracer(city).trace_call(event)
        finally:
            city.kept = kept
        assert find_wrong(found) == ["catalogue", "checkpoint"]
        assert POLICE in found.children[0].text

    def test_shows_a_decision_that_was_changed_in_the_read_model(self, city, event):
        city.follow()
        database = sqlite3.connect(city.folder / "ledger.db")
        kept = database.execute("SELECT event FROM decision WHERE name = 'Reply'").fetchone()[0]
        try:
            quota = (5000).to_bytes(32, "big")
            changed = kept.replace(quota, (9000).to_bytes(32, "big"), 1)
            assert changed != kept
            with database:
                database.execute("UPDATE decision SET event = ? WHERE name = 'Reply'", [changed])
            found = new_tracer(city).trace_call(event)
        finally:
            with database:
                database.execute("UPDATE decision SET event = ? WHERE name = 'Reply'", [kept])
            database.close()
        assert find_wrong(found) == ["decision"]

    def test_shows_a_suspension_before_the_anchor(self, city):
        event = city.call()
        city.advance(1, "暂停")
        city.anchor()
        found = new_tracer(city).trace_call(event)
        city.advance(1, "恢复", subject=city.answered.digest)
        assert find_wrong(found) == ["the"]
        wrong = next(each for each in found.walk() if not each.ok)
        assert "不能确定" in wrong.finding


class TestTraceTheOthers:
    def test_an_authorisation_reaches_version_calls_and_decisions(self, tracer):
        found = tracer.trace_authorisation(1)
        words = {word(each) for each in found.children}
        assert words == {"decision", "catalogue", "call"}

    def test_an_authorisation_lists_no_more_calls_than_asked(self, tracer):
        found = tracer.trace_authorisation(1, calls=2)
        assert sum(each.english.startswith("call ") for each in found.children) == 2

    def test_an_unknown_authorisation_is_refused(self, tracer):
        with pytest.raises(AuthorisationUnknown):
            tracer.trace_authorisation(99)

    def test_a_version_reaches_the_authorisations_that_pin_it(self, tracer):
        found = tracer.trace_version(entry_id(department_id(POLICE), ENTRY_CODE), 1)
        assert shape(found) == ["catalogue", "  decision", "  decision", "  authorisation"]
        assert found.holds

    def test_an_unknown_version_is_refused(self, tracer):
        with pytest.raises(NotFound):
            tracer.trace_version(b"\1" * 32, 1)

    def test_a_block_with_an_anchor_reaches_the_calls_it_covers(self, city, tracer):
        anchor = city.follow().find_anchor(city.log, 1)
        found = tracer.trace_block(anchor.block.number)
        assert shape(found) == ["block", "  anchor", "    call", "    call", "    call"]
        assert found.holds

    def test_a_block_with_a_decision_reaches_it(self, city, tracer):
        first = city.receipts[0].block_number
        found = tracer.trace_block(first)
        assert shape(found) == ["block", "  decision"]
        assert "根密钥" in found.children[0].text
        assert found.holds

    def test_an_unknown_block_is_refused(self, tracer):
        with pytest.raises(NotFound):
            tracer.trace_block(10**6)

    def test_another_node_s_log_is_left_out(self, city, event):
        assert event

        empty = LogReader(city.node_db)
        metadata.create_all(city.node_db)
        tracer = Tracer(city.follow(), empty, city, city.chain.deployment)
        found = tracer.trace_authorisation(1)
        assert not any(each.english.startswith("call ") for each in found.children)
