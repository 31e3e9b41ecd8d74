"""A run of anchors is followed as they are one by one, and told of by the one that is odd."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger_sync import apply
from ledger_sync.anchored import apply_run
from ledger_sync.chunk import Chunk
from ledger_sync.follower import Follower
from ledger_sync.rows import Rows
from ledger_sync.tables import ANCHOR
from node.errors import ChainInconsistent
from node.protocol.evm.abi import decode_log
from node.protocol.ledger.core import Ledger, Origin
from node.protocol.ledger.facts import LogFact, SequenceFact
from node.protocol.ledger.surroundings import Sm2Outside
from node.storage.engines import open_engine
from tests.common.fingerprints import fingerprint
from tests.common.story import CENTRE, EDUCATION, POLICE, Story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from node.chain.gateway import RawLog

SIZE = 12


@pytest.fixture
def story() -> Story:
    return Story.begin()


@pytest.fixture
def logs(story: Story) -> list[bytes]:
    """Logs of three departments, none of them anchored yet."""
    departments = (CENTRE, POLICE, EDUCATION)
    for department in departments:
        story.enrol(department)
    found = [story.register_log(department) for department in departments]
    story.mine()
    return found


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(tmp_path / "ledger.db")
    yield opened
    opened.dispose()


def follow(engine: Engine, story: Story) -> None:
    follower = Follower(engine, story.chain, story.deployment)
    try:
        while follower.run_once():
            pass
    finally:
        follower.close()


def grow(story: Story, logs: list[bytes]) -> None:
    """Anchor all logs in turns, in blocks of seven events; a decision stands between some."""
    for size in range(1, SIZE + 1):
        for number, log in enumerate(logs):
            story.anchor(log, size - 1, size)
            if len(story.pending) == 7:
                story.mine()
            if (size, number) in {(3, 1), (9, 0)}:
                story.grant(CENTRE, story.heads[CENTRE].public_key.key_id, 4)
    story.mine()


def test_gives_the_rows_that_one_by_one_gives(story, logs, engine, tmp_path, monkeypatch):
    grow(story, logs)
    follow(engine, story)
    monkeypatch.setattr(apply, "apply_run", lambda *_: False)
    single = open_engine(tmp_path / "single.db")
    follow(single, story)
    assert fingerprint(engine) == fingerprint(single)
    single.dispose()


@pytest.mark.parametrize(
    ("odd", "rule"),
    [
        (lambda story, logs: story.anchor(logs[1], SIZE - 1, SIZE + 5), "HeadMoved"),
        (lambda story, logs: story.anchor(logs[1], SIZE, SIZE), "LogNotGrowing"),
        (lambda story, _: story.anchor(bytes(32), 0, 1), "LogUnknown"),
        (lambda story, _: story.seq("AccessAnchors"), "EventMissing"),
    ],
)
def test_says_which_of_a_run_breaks_a_rule(story, logs, engine, odd, rule):
    grow(story, logs)
    follow(engine, story)
    before = fingerprint(engine)
    story.anchor(logs[0], SIZE, SIZE + 1)
    odd(story, logs)
    story.anchor(logs[0], SIZE + 1, SIZE + 2)
    story.mine()
    with pytest.raises(ChainInconsistent, match=rule) as found:
        follow(engine, story)
    wrong = 3 * (SIZE + 1) + 2 + (rule == "EventMissing")  # the registrations count, too
    assert (found.value.facts["contract"], found.value.facts["seq"]) == ("AccessAnchors", wrong)
    assert fingerprint(engine) == before


class TestOneThatIsNotReadInOneGo:
    @pytest.fixture
    def run(self, story, logs) -> list[RawLog]:
        for size in range(1, 4):
            story.anchor(logs[0], size - 1, size)
        story.mine()
        found: list[RawLog] = story.chain.logs(2, 2, list(story.deployment.names))
        return found

    @pytest.fixture
    def rows(self, logs) -> Rows:
        rows = Rows()
        rows.put(LogFact(logs[0], CENTRE, "origin", bytes(20), 0, bytes(32), 1))
        rows.put(SequenceFact("AccessAnchors", 3))
        return rows

    def apply(self, rows: Rows, run: list[RawLog]) -> bool:
        return apply_run(Ledger(rows, Origin(1, bytes(20), (0, 0)), Sm2Outside()), rows, run)

    def test_all_are_kept_where_none_is(self, run, rows, logs):
        assert self.apply(rows, run)
        log, last = rows.find(LogFact, logs[0]), rows.find(SequenceFact, "AccessAnchors")
        assert (log and log.size, last and last.seq) == (3, 6)
        names = [column.name for column in ANCHOR.columns]
        kept = [dict(zip(names, row, strict=True)) for row in rows._added[ANCHOR]]
        for row, raw in zip(kept, run, strict=True):
            args = decode_log("AccessAnchors", raw.topics, raw.data)[1]
            assert (row["log"], row["size"], row["root"]) == (
                args["log"],
                args["size"],
                args["root"],
            )
            assert (row["old_size"], row["seq"]) == (args["oldSize"], args["seq"])
            assert row["checkpoint_hash"] == args["checkpointHash"]
            place = row["block"], row["log_index"], row["tx"]
            assert place == (raw.block_number, raw.log_index, raw.tx_hash)

    def test_a_deployment_without_the_contract_has_no_runs_of_anchors(self, run, story):
        names = {
            address: name
            for address, name in story.deployment.names.items()
            if name != "AccessAnchors"
        }
        assert list(Chunk([], run, names).runs()) == [(False, run)]
        assert list(Chunk([], run, story.deployment.names).runs()) == [(True, run)]

    @pytest.mark.parametrize(
        "words",
        [
            lambda words: words + bytes(32),
            lambda words: words[:-1],
            lambda words: words[:64] + b"\1" + words[65:],  # the padding of `size`
            lambda words: words[:-1] + b"\x09",  # `seq`
        ],
    )
    def test_nothing_is_kept_of_any(self, run, rows, logs, words):
        run[1] = replace(run[1], words=words(run[1].words))
        assert not self.apply(rows, run)
        log, last = rows.find(LogFact, logs[0]), rows.find(SequenceFact, "AccessAnchors")
        assert (log and log.size, last and last.seq) == (0, 3)
        assert not rows._added[ANCHOR]
