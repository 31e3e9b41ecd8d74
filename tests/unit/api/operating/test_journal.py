"""A line of the operational log is one line, bounded, and holds no data; an alarm is said once."""

from __future__ import annotations

import io
import json
import logging
import re
import sqlite3

import pytest
from sqlalchemy.exc import DataError, OperationalError

from api.operating import journal
from api.operating.journal import AGAIN_SECONDS, Bounded, Line, Once, told
from node.errors import SourceUnavailable
from tests.common.fakes import FixedClock


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def say(clock):
    once = Once(clock)

    def told(text, name="follower"):
        record = logging.LogRecord(name, logging.WARNING, "", 0, "%s", (text,), None)
        return once.filter(record)

    return told


def test_what_lasts_is_said_once_and_again_after_an_hour(say, clock):
    assert [say("no chain") for _ in range(100)] == [True, *[False] * 99]
    clock.advance(AGAIN_SECONDS - 1)
    assert not say("no chain")
    clock.advance(2)
    assert say("no chain")


def test_another_alarm_and_another_loop_are_not_silenced(say):
    assert say("no chain")
    assert say("no chain", "fetcher")
    assert say("behind")
    assert say("no chain")


def test_a_line_is_one_line():
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s", ("a\nb\u202e",), None)
    for form in ("text", "json"):
        line = Line(form).format(record)
        assert "\n" not in line
        assert "\u202e" not in line
    assert json.loads(line)["message"] == "a\\u000ab\\u202e"
    assert json.loads(line)["event"] == "alarm"


def event(name="call", **facts):
    record = logging.LogRecord("shareledger", logging.INFO, "", 0, name, (), None)
    record.facts = facts
    return record


class TestAnEvent:
    def test_as_text_begins_with_beijing_time_level_and_name(self):
        line = Line().format(event(outcome="served", authorisation=7, ms=1.5, note="a b"))
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00 info call "
            r'outcome=served authorisation=7 ms=1\.5 note="a b"',
            line,
        )

    def test_as_json_has_the_same_members(self):
        value = json.loads(Line("json").format(event(outcome="served", authorisation=7)))
        assert list(value) == ["time", "level", "event", "outcome", "authorisation"]
        assert value["time"].endswith("+08:00")

    def test_is_said_again_however_often_it_happens(self, clock):
        once = Once(clock)
        assert [once.filter(event()) for _ in range(3)] == [True] * 3

    def test_of_one_kind_passes_so_many_times_a_second(self, clock):
        bounded = Bounded(3, clock)
        assert [bounded.filter(event()) for _ in range(5)] == [True] * 3 + [False] * 2
        assert bounded.filter(event("anchored"))
        clock.advance(1)
        assert bounded.filter(event())
        assert bounded.take_dropped() == {"call": 2}
        assert bounded.take_dropped() == {}


class TestAForeignError:
    def test_is_told_whole_only_where_its_text_is_about_the_connection(self):
        away = OperationalError("SELECT 1", {}, sqlite3.OperationalError("unable to open"))
        assert told(away) == "OperationalError: unable to open"
        dirty = DataError("SELECT 1", {}, sqlite3.DataError("invalid input: 张三"))
        assert told(dirty) == "DataError"
        assert told(ValueError("张三")) == "ValueError"

    def test_is_told_with_its_causes_and_places_in_one_line(self):
        with pytest.raises(SourceUnavailable) as refused:
            fail_with("张三")
        raised = (type(refused.value), refused.value, refused.tb)
        record = logging.LogRecord("node", logging.ERROR, "", 0, "it failed", (), raised)
        line = Line("json").format(record)
        trace = json.loads(line)["trace"]
        assert trace.startswith("source-unavailable: no answer at ")
        assert "DataError at" in trace
        assert "test_journal.py:" in trace
        assert "张三" not in line


def fail_with(value: str) -> None:
    """Fail as a source does: our error because of a driver's, which names a value."""
    cause = DataError("SELECT", {}, sqlite3.DataError(value))
    try:
        raise cause
    except DataError as error:
        raise SourceUnavailable("no answer") from error


@pytest.mark.parametrize("name", ["httpx", "sqlalchemy.engine", "uvicorn.error"])
def test_a_library_is_not_heard_below_warning(name):
    stream = io.StringIO()
    handlers = logging.getLogger().handlers[:]
    try:
        journal.configure(level="debug", stream=stream)
        logging.getLogger(name).info("noise")
        logging.getLogger("node.documents").debug("ours")
    finally:
        logging.getLogger().handlers[:] = handlers
        journal.configure(level="warning", stream=io.StringIO())
        logging.getLogger().handlers[:] = handlers
    assert "noise" not in stream.getvalue()
    assert "ours" in stream.getvalue()
