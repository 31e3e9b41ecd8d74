"""The node's threads end the process when one fails; an alarm is said once."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

import pytest

from api.loops import (
    AGAIN_SECONDS,
    FATAL_EXIT,
    Loops,
    Once,
    Visible,
)
from node.errors import ChainInconsistent
from tests.common.fakes import FixedClock


class TestLoops:
    def test_stop_waits_for_every_loop(self):
        loops, ended = Loops(), []

        def run(stop):
            stop.wait()
            ended.append(threading.current_thread().name)

        loops.start("one", run)
        loops.start("two", run)
        loops.stop()
        assert sorted(ended) == ["one", "two"]
        assert loops.wake.is_set()

    def test_tells_which_loop_failed_and_why(self):
        failed = []
        loops = Loops(lambda name, error: failed.append((name, getattr(error, "code", ""))))

        def run(_stop):
            raise ChainInconsistent("block 7 has another parent")

        loops.start("follower", run)
        loops.stop()
        assert failed == [("follower", "chain-inconsistent")]

    def test_a_failed_loop_ends_the_process_and_says_so(self):
        program = (
            "import time\n"
            "from api.loops import Loops\n"
            "from node.errors import LogRolledBack\n"
            "def run(stop): raise LogRolledBack('size 5 after 7')\n"
            "Loops().start('keeper', run)\n"
            "time.sleep(30)\n"
        )
        ended = subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env={**os.environ, "PYTHONPATH": "."},
        )
        assert ended.returncode == FATAL_EXIT
        assert "keeper stopped: log-rolled-back: size 5 after 7" in ended.stderr


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
