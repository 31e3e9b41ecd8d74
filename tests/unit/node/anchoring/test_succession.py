"""Which log takes calls, and when: no succession gives a second quota on one day."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from node.anchoring import PresentLog
from node.errors import LogUnavailable
from node.log.published import mark_published
from node.log.published import metadata as published_tables
from node.protocol.ledger.facts import LogFact
from node.protocol.wire.ids import ZERO
from node.storage.engines import open_engine
from tests.common.anchoring import LOG, ORIGIN, RELAY, ListLogs
from tests.common.logs import CODE, NOON, new_identity
from tests.common.trees import root_of

AT_NOON = NOON // 1000
MIDNIGHT = AT_NOON + 12 * 3600
SECOND, THIRD = b"\x02" * 32, b"\x03" * 32


@dataclass
class Registered:
    """What the chain says of a department's logs, each opened at a second."""

    logs: list[LogFact] = field(default_factory=list)
    opened: dict[bytes, int] = field(default_factory=dict)

    def open(self, log: bytes, at: int) -> None:
        self.logs = [fact._replace(superseded=True) for fact in self.logs]
        generation = len(self.logs) + 1
        self.logs.append(LogFact(log, ZERO, ORIGIN, RELAY, 0, root_of([]), generation, generation))
        self.opened[log] = at

    def anchor(self, logs: ListLogs, size: int) -> None:
        self.logs[0] = self.logs[0]._replace(size=size, root=logs.root_at(LOG, size))

    def find_log(self, log: bytes) -> LogFact | None:
        return next((fact for fact in self.logs if fact.log == log), None)

    def logs_of(self, _department: bytes) -> list[LogFact]:
        return self.logs

    def log_opened_at(self, log: LogFact) -> int:
        return self.opened[log.log]


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "node.db")
    published_tables.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger():
    """A chain with one log of four entries, three of them anchored."""
    ledger = Registered()
    ledger.open(LOG, AT_NOON - 86_400)
    return ledger


@pytest.fixture
def logs(ledger):
    logs = ListLogs()
    logs.grow(4)
    ledger.anchor(logs, 3)
    return logs


def find_at(second, ledger, logs, engine, log):
    identity = replace(new_identity(CODE), log=log)
    return PresentLog(ledger, logs, engine, identity, clock=lambda: second).find()


class TestPresentLog:
    def test_a_first_log_takes_calls_at_once(self, ledger, logs, engine):
        assert find_at(AT_NOON, ledger, logs, engine, LOG) == LOG

    def test_one_the_chain_does_not_know_or_takes_no_more_takes_none(self, ledger, logs, engine):
        assert find_at(AT_NOON, ledger, logs, engine, SECOND) is None
        ledger.open(SECOND, AT_NOON)
        assert find_at(AT_NOON, ledger, logs, engine, LOG) is None

    def test_it_is_read_anew_once_told_to(self, ledger, logs, engine):
        present = PresentLog(ledger, logs, engine, replace(new_identity(CODE), log=LOG))
        assert present.find() == LOG
        ledger.open(SECOND, AT_NOON)
        assert present.find() == LOG
        present.forget()
        assert present.find() is None

    def test_a_later_one_takes_calls_at_once_where_the_one_before_is_here(
        self, ledger, logs, engine
    ):
        ledger.open(SECOND, AT_NOON)
        assert find_at(AT_NOON, ledger, logs, engine, SECOND) == SECOND


class TestGap:
    """The log before is gone, or shorter than others know it."""

    def test_calls_wait_for_the_next_day_in_beijing(self, ledger, logs, engine):
        logs.known = False
        ledger.open(SECOND, AT_NOON)
        with pytest.raises(LogUnavailable, match="2026-09-21T16:00:00Z"):
            find_at(MIDNIGHT - 1, ledger, logs, engine, SECOND)
        assert find_at(MIDNIGHT, ledger, logs, engine, SECOND) == SECOND

    def test_so_they_do_for_one_shorter_than_anchored_or_published(self, ledger, logs, engine):
        ledger.open(SECOND, AT_NOON)
        whole = list(logs.leaves)
        mark_published(engine, LOG, 4, root_of(whole), b"note", 0)
        for size in (2, 3):
            logs.leaves = whole[:size]
            with pytest.raises(LogUnavailable):
                find_at(AT_NOON, ledger, logs, engine, SECOND)
        logs.leaves = whole
        assert find_at(AT_NOON, ledger, logs, engine, SECOND) == SECOND

    def test_and_for_one_of_another_history(self, ledger, logs, engine):
        ledger.open(SECOND, AT_NOON)
        logs.leaves[0] = b"x" * 32
        with pytest.raises(LogUnavailable):
            find_at(AT_NOON, ledger, logs, engine, SECOND)

    def test_a_third_log_on_the_same_day_does_not_end_the_wait(self, ledger, engine):
        class Both(ListLogs):
            """The first log is lost; the second, empty, is here."""

            def head(self, log):
                return ListLogs([], known=log == SECOND).head(LOG)

        ledger.open(SECOND, AT_NOON)
        ledger.open(THIRD, AT_NOON + 60)
        with pytest.raises(LogUnavailable):
            find_at(AT_NOON + 120, ledger, Both(), engine, THIRD)
        assert find_at(MIDNIGHT, ledger, Both(), engine, THIRD) == THIRD

    def test_a_call_may_have_come_just_after_midnight(self, ledger, logs, engine):
        """What ended at 23:59:30 may have taken a call a moment later, on the next day."""
        logs.known = False
        ledger.open(SECOND, MIDNIGHT - 30)
        with pytest.raises(LogUnavailable):
            find_at(MIDNIGHT + 3600, ledger, logs, engine, SECOND)
        assert find_at(MIDNIGHT + 86_400, ledger, logs, engine, SECOND) == SECOND
