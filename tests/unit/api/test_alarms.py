"""An alarm is one line for as long as it lasts, and nothing hides in it."""

from __future__ import annotations

import logging

import pytest

from api.alarms import AGAIN_SECONDS, Once, Visible
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
    assert Visible("%(message)s").format(record) == "a\\u000ab\\u202e"
