"""The follower: how much it asks for, what it takes over; a rebuilt model is the same one."""

from __future__ import annotations

import dataclasses
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from ledger_sync.follower import (
    HEARTBEAT_SECONDS,
    MOST_BLOCKS,
    MOST_EVENTS,
    START_BLOCKS,
    Follower,
    Pace,
    rebuild,
)
from ledger_sync.model import Identity, empty
from ledger_sync.queries import Queries
from ledger_sync.tables import CURSOR, PROJECTIONS, SCHEMA_VERSION
from node.errors import (
    ChainInconsistent,
    ChainUnavailable,
    LedgerBehind,
    WrongChain,
)
from node.protocol.ledger.enums import KeyKind, Role
from node.storage.engines import open_engine
from tests.common.fakes import CHAIN_ID, Scripted
from tests.common.fingerprints import dump, fingerprint
from tests.common.story import (
    CENTRE,
    POLICE,
    Story,
    tell_city,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from node.chain.gateway import RawLog


def test_grows_by_a_twentieth_after_a_full_answer():
    pace = Pace()
    pace.answered(START_BLOCKS, 10)
    assert pace.blocks == 525


def test_does_not_grow_by_what_it_did_not_ask_for():
    pace = Pace()
    pace.answered(3, 1)
    assert pace.blocks == START_BLOCKS


def test_halves_when_no_answer_came():
    pace = Pace()
    pace.refused()
    assert pace.blocks == START_BLOCKS // 2


def test_full_blocks_make_it_ask_for_as_many_as_fill_a_transaction():
    pace = Pace()
    pace.answered(500, 10 * MOST_EVENTS)
    assert pace.blocks == 50


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**7))))
def test_always_asks_for_at_least_one_and_never_too_many(answers):
    pace = Pace()
    for events in answers:
        if events is None:
            pace.refused()
        else:
            pace.answered(pace.blocks, events)
        assert 1 <= pace.blocks <= MOST_BLOCKS


def spoken(log: RawLog, data: bytes) -> RawLog:
    """Return a log with other data."""
    return dataclasses.replace(log, words=b"".join((*log.topics, data)))


def follow(engine: Engine, source: Any, story: Story, **options: Any) -> Follower:
    follower = Follower(engine, source, story.chain.deployment, **options)
    try:
        while follower.run_once():
            pass
    finally:
        follower.close()
    return follower


class TestFollowing:
    def test_reaches_the_head(self, filled, story):
        cursor = Queries(filled).cursor()
        assert cursor.next_block == story.chain.head() + 1
        assert cursor.block is not None
        assert not cursor.filling

    def test_one_block_at_a_time_gives_the_same_rows_as_all_at_once(self, filled, story, tmp_path):
        other = open_engine(tmp_path / "other.db")
        for height in range(1, story.chain.head() + 1):
            follow(other, Scripted(story.chain, head_=partial(min, height)), story)
        assert fingerprint(other) == fingerprint(filled)
        other.dispose()

    def test_goes_on_at_the_cursor_after_a_restart(self, engine, story):
        follow(engine, Scripted(story.chain, head_=lambda _: 5), story)
        source = Scripted(story.chain)
        follow(engine, source, story)
        assert source.asked[0][0] == 6

    def test_tells_on_advance_of_every_commit(self, engine, story):
        seen: list[int] = []
        follow(engine, story.chain, story, on_advance=lambda cursor: seen.append(cursor.next_block))
        assert seen == [story.chain.head() + 1]

    def test_every_projection_holds_rows(self, filled):
        with filled.connect() as connection:
            tables = {line.split("\t")[0] for line in dump(connection)}
        assert len(tables) == len(PROJECTIONS)

    def test_run_ends_when_told(self, engine, story):
        stop = threading.Event()
        follower = Follower(
            engine, story.chain, story.chain.deployment, on_advance=lambda _: stop.set()
        )
        follower.run(stop)
        follower.close()
        assert Queries(engine).cursor().next_block == story.chain.head() + 1

    def test_run_asks_again_when_the_chain_was_silent(self, engine, story):
        stop = threading.Event()
        source = Scripted(story.chain, silent=True)
        follower = Follower(engine, source, story.chain.deployment, on_advance=lambda _: stop.set())
        thread = threading.Thread(target=follower.run, args=(stop,))
        thread.start()
        source.silent = False
        thread.join(timeout=10)
        follower.close()
        assert stop.is_set()

    def test_asks_for_half_after_a_silence(self, engine, story):
        source = Scripted(story.chain, silent=True)
        follower = Follower(engine, source, story.chain.deployment)
        for _ in range(9):
            with pytest.raises(ChainUnavailable):
                follower.run_once()
        source.silent = False
        follower.run_once()
        follower.close()
        assert source.asked == [(1, 1)]

    def test_leaves_a_chunk_that_another_follower_has_applied(self, engine, story):
        def meanwhile(logs):
            if not calls:
                calls.append(True)
                follow(engine, story.chain, story)
            return logs

        calls: list[bool] = []
        follow(engine, Scripted(story.chain, logs_=meanwhile), story)
        assert Queries(engine).cursor().next_block == story.chain.head() + 1


class TestResting:
    """A head that stands costs its question and nothing else."""

    @pytest.fixture
    def statements(self, engine) -> list[str]:
        seen: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
        return seen

    def test_no_statement_is_executed_while_the_head_stands(self, engine, story, clock, statements):
        follower = follow(engine, story.chain, story, clock=clock)
        statements.clear()
        clock.advance(HEARTBEAT_SECONDS - 1)
        assert not follower.run_once()
        assert statements == []

    def test_a_heartbeat_later_the_contact_is_noted(self, engine, story, clock):
        follower = follow(engine, story.chain, story, clock=clock)
        clock.advance(HEARTBEAT_SECONDS)
        assert not follower.run_once()
        contact = Queries(engine).contact()
        assert contact is not None
        assert contact.contact_at_ms == clock() * 1000

    def test_a_block_ends_the_rest_at_once(self, engine, clock):
        story = Story.begin()
        story.mine()
        follower = Follower(engine, story.chain, story.chain.deployment, clock=clock)
        while follower.run_once():
            pass
        story.mine()
        assert follower.run_once()
        follower.close()

    def test_a_model_that_was_emptied_beside_it_is_filled_again(self, engine, story, clock):
        deployment = story.chain.deployment
        follower = Follower(engine, story.chain, deployment, clock=clock)
        while follower.run_once():
            pass
        with engine.begin() as connection:
            empty(connection, Identity.of(deployment))
        clock.advance(HEARTBEAT_SECONDS)
        assert follower.run_once()
        follower.close()
        assert Queries(engine).cursor().next_block == story.chain.head() + 1

    def test_an_endpoint_that_was_silent_is_recognised_again(self, engine, clock):
        story = Story.begin()
        story.mine()
        source = Scripted(story.chain)
        follower = follow(engine, source, story, clock=clock)
        source.silent = True
        with pytest.raises(ChainUnavailable):
            follower.run_once()
        source.silent = False
        story.chain.fork(1)
        story.mine(timestamp=1)
        with pytest.raises(ChainInconsistent, match="not the one applied"):
            follower.run_once()


class TestSchema:
    def test_a_model_of_another_schema_is_filled_again(self, filled, story):
        before = fingerprint(filled)
        with filled.begin() as connection:
            connection.execute(CURSOR.update().values(schema_version=SCHEMA_VERSION + 1))
        follower = Follower(filled, story.chain, story.chain.deployment)
        assert Queries(filled).cursor().filling
        with pytest.raises(LedgerBehind):
            Queries(filled).departments()
        while follower.run_once():
            pass
        follower.close()
        assert fingerprint(filled) == before

    def test_a_model_of_another_chain_is_refused(self, filled, story):
        other = dataclasses.replace(story.chain.deployment, chain_id=CHAIN_ID + 1)
        with pytest.raises(WrongChain):
            Follower(filled, story.chain, other)


class TestAlarms:
    """Whatever a chain must not do: nothing of the chunk is applied."""

    def refused(self, engine: Engine, source: Any, story: Story, match: str) -> None:
        with pytest.raises(ChainInconsistent, match=match):
            follow(engine, source, story)

    def test_another_block_at_the_cursor(self, engine, clock):
        story = Story.begin()
        story.enrol(CENTRE)
        story.mine()
        follow(engine, story.chain, story, clock=clock)
        deployment = story.chain.deployment
        story.chain.fork(1)
        story.mine(timestamp=1)
        follower = Follower(engine, story.chain, deployment, clock=clock)
        with pytest.raises(ChainInconsistent, match="not the one applied"):
            follower.run_once()
        follower.close()

    def test_a_block_on_another_parent(self, engine):
        story = Story.begin()
        story.mine()
        follower = Follower(engine, story.chain, story.chain.deployment)
        assert follower.run_once()
        assert not follower.run_once()
        story.chain.fork(1)
        story.mine(timestamp=1)
        story.mine()
        with pytest.raises(ChainInconsistent, match="does not follow"):
            follower.run_once()
        follower.close()

    def test_another_block_at_the_end_of_an_endpoint_that_is_behind(self, engine):
        story = Story.begin()
        for _ in range(3):
            story.mine()
        follow(engine, story.chain, story)
        story.chain.fork(2)
        story.mine(timestamp=1)
        self.refused(engine, story.chain, story, "block 2 is not the one applied before")

    def test_nothing_of_a_refused_chunk_is_kept(self, engine):
        story = Story.begin()
        story.enrol(CENTRE)
        story.mine()
        story.grant(CENTRE, story.heads[CENTRE].public_key.key_id, 4)
        story.pending[-1][2]["roles"] = 8
        story.mine()
        self.refused(engine, story.chain, story, "signature of GrantRoles")
        assert Queries(engine).cursor().next_block == 1
        with engine.connect() as connection:
            assert list(dump(connection)) == []

    @pytest.mark.parametrize("events", [0, 2])
    def test_a_chance_hit_of_the_bloom_is_no_alarm(self, engine, events):
        def blurred(headers):
            blooms = {"logsBloom": "0x" + "ff" * 256}
            return [dataclasses.replace(head, raw=head.raw | blooms) for head in headers]

        story = Story.begin()
        for department in (CENTRE, POLICE)[:events]:
            story.enrol(department)
        story.mine()
        follow(engine, Scripted(story.chain, headers_=blurred), story)
        assert len(Queries(engine).departments()) == events


def _without(*places: tuple[int, int]) -> Callable[[list[Any]], list[Any]]:
    """Leave out logs by block and index."""
    return lambda logs: [log for log in logs if (log.block_number, log.log_index) not in places]


class TestPassingFaults:
    """What an endpoint may do wrong without the chain having changed: it ends in the same model."""

    @pytest.mark.parametrize(
        "logs_",
        [
            lambda _: [],
            lambda logs: [log for log in logs if log.block_number != 5],
            lambda logs: logs[:-1],
            lambda logs: logs[1:],
            _without((3, 1)),
            _without((3, 0), (5, 0)),
            lambda logs: [logs[0], *logs],
            lambda logs: [*logs, *logs],
            lambda logs: [dataclasses.replace(logs[0], words=logs[0].words[:-1]), *logs[1:]],
            lambda logs: [spoken(logs[0], logs[1].data), *logs[1:]],
            lambda logs: [dataclasses.replace(logs[0], block_hash=bytes(32)), *logs[1:]],
        ],
        ids=[
            "no log at all",
            "none of a block",
            "not the newest",
            "not the first",
            "a gap",
            "two gaps",
            "one twice",
            "all twice",
            "no event",
            "another's data",
            "of another block",
        ],
    )
    def test_receipts_decide_where_the_index_of_logs_is_wrong(self, filled, story, tmp_path, logs_):
        other = open_engine(tmp_path / "other.db")
        follow(other, Scripted(story.chain, logs_=logs_), story)
        assert fingerprint(other) == fingerprint(filled)
        other.dispose()

    def test_one_block_at_a_time_too(self, filled, story, tmp_path):
        other = open_engine(tmp_path / "other.db")
        for height in range(1, story.chain.head() + 1):
            source = Scripted(story.chain, head_=partial(min, height), logs_=lambda logs: logs[:1])
            follow(other, source, story)
        assert fingerprint(other) == fingerprint(filled)
        other.dispose()

    @pytest.mark.parametrize(
        "faults",
        [
            {"headers_": lambda headers: headers[:3] + headers[4:]},
            {"headers_": lambda headers: headers[::-1]},
            {"logs_": lambda _: [], "receipts_": lambda _: []},
            {"logs_": lambda _: [], "receipts_": lambda receipts: [{}, *receipts]},
            {"logs_": lambda logs: [dataclasses.replace(logs[0], block_number=9999), *logs]},
        ],
        ids=["a header less", "in no order", "no receipts", "no receipt", "of a block unasked"],
    )
    def test_what_proves_nothing_is_asked_for_again(self, engine, story, faults):
        with pytest.raises(ChainUnavailable):
            follow(engine, Scripted(story.chain, **faults), story)
        assert Queries(engine).cursor().next_block == 1
        follow(engine, story.chain, story)
        assert Queries(engine).cursor().next_block == story.chain.head() + 1

    @pytest.mark.parametrize("behind", [1, 3])
    def test_an_endpoint_behind_the_cursor_is_asked_again(self, filled, story, behind):
        contact = Queries(filled).contact()
        late = Scripted(story.chain, head_=lambda head: head - behind)
        follower = Follower(filled, late, story.chain.deployment)
        for _ in range(3):
            with pytest.raises(ChainUnavailable, match="ends at block"):
                follower.run_once()
        # It is no contact: calls go on for as long as without an endpoint, and no longer.
        assert Queries(filled).contact() == contact
        late.head_ = lambda head: head
        assert not follower.run_once()
        follower.close()

    def test_a_bloom_that_names_nothing_proves_nothing(self, engine, story):
        def emptied(headers):
            raw = {**headers[0].raw, "logsBloom": "0x" + "00" * 256}
            return [dataclasses.replace(headers[0], raw=raw), *headers[1:]]

        follow(engine, Scripted(story.chain, headers_=emptied), story)
        assert Queries(engine).cursor().next_block == story.chain.head() + 1


class TestSigners:
    """Every signature again, with the key as registered and live at that block."""

    def refused(self, tell: Callable[[Story], None], engine: Engine, match: str) -> None:
        story = Story.begin()
        story.enrol(CENTRE)
        story.mine()
        story.enrol(POLICE)
        story.mine()
        tell(story)
        story.mine()
        with pytest.raises(ChainInconsistent, match=match):
            follow(engine, story.chain, story)

    def test_a_first_enrolment_by_another_key(self, engine):
        story = Story.begin()
        story.enrol(CENTRE, signer=story.root.generate())
        story.mine()
        with pytest.raises(ChainInconsistent, match="RootKeyRequired"):
            follow(engine, story.chain, story)

    def test_the_root_key_signs_once_only(self, engine):
        def tell(story):
            story.enrol(CENTRE, signer=story.root)

        self.refused(tell, engine, "KeyUnknown")

    def test_a_changed_field(self, engine):
        def tell(story):
            story.grant(POLICE, story.heads[POLICE].public_key.key_id, 4)
            story.pending[-1][2]["roles"] = 8

        self.refused(tell, engine, "signature of GrantRoles 3")

    def test_another_keys_signature(self, engine):
        def tell(story):
            centre = story.heads[CENTRE].public_key.key_id
            story.grant(POLICE, centre, 4)
            story.grant(POLICE, story.heads[POLICE].public_key.key_id, 4)
            story.pending[-1][2]["signingKey"] = centre

        self.refused(tell, engine, "does not hold")

    def test_a_possession_by_another_key(self, engine):
        def tell(story):
            story.add_key(POLICE, KeyKind.OFFICER, story.heads[POLICE])
            story.pending[-1][2]["possessionR"] = story.pending[-1][2]["r"]
            story.pending[-1][2]["possessionS"] = story.pending[-1][2]["s"]

        self.refused(tell, engine, "does not hold")

    def test_a_key_registered_under_another_id(self, engine):
        def tell(story):
            story.add_key(POLICE, KeyKind.OFFICER, story.heads[POLICE])
            story.pending[-1][2]["addedKey"] = bytes(32)

        self.refused(tell, engine, "member=addedKey")

    def test_a_key_off_the_curve(self, engine):
        def tell(story):
            story.add_key(POLICE, KeyKind.OFFICER, story.heads[POLICE])
            story.pending[-1][2]["qx"] = 1

        self.refused(tell, engine, "KeyNotOnCurve")

    def test_a_key_revoked_earlier_in_the_chunk(self, engine):
        def tell(story):
            key = story.add_key(POLICE, KeyKind.OFFICER, story.heads[POLICE])
            story.revoke(key.public_key.key_id, story.heads[POLICE])
            story.grant(POLICE, key.public_key.key_id, 4, key)

        self.refused(tell, engine, "KeyAlreadyRevoked")

    def test_a_key_out_of_its_validity(self, engine):
        def tell(story):
            head = story.heads[POLICE]
            key = story.add_key(POLICE, KeyKind.OFFICER, head, valid_from=story.year - 1)
            story.grant(POLICE, key.public_key.key_id, 4, key)

        self.refused(tell, engine, "KeyNotValid")

    def test_a_department_key_decides_nothing(self, engine):
        def tell(story):
            key = story.add_key(POLICE, KeyKind.DEPARTMENT, story.heads[POLICE])
            story.grant(POLICE, key.public_key.key_id, 4, key)

        self.refused(tell, engine, "KeyNotOfficer")

    def test_a_key_added_earlier_in_the_chunk_may_sign(self, engine):
        story = Story.begin()
        story.enrol(CENTRE)
        key = story.add_key(CENTRE, KeyKind.OFFICER, story.heads[CENTRE])
        story.grant(CENTRE, key.public_key.key_id, 4)
        story.grant(CENTRE, key.public_key.key_id, 6, key)
        story.mine()
        follow(engine, story.chain, story)
        assert len(Queries(engine).roles_of(key.public_key.key_id)) == 1


class TestDerivedIds:
    @pytest.mark.parametrize("event", ["ApplicationRegistered", "VersionsSubmitted"])
    def test_an_id_that_does_not_follow_is_refused(self, engine, event):
        story = Story.begin()
        story.enrol(CENTRE)
        if event == "ApplicationRegistered":
            story.grant(CENTRE, story.heads[CENTRE].public_key.key_id, Role.OFFICE_HEAD | 4)
            story.register_application(CENTRE, "X")
            story.pending[-1][2]["application"] = bytes(32)
        else:
            story.submit(CENTRE, ("1/1", 1, 1))
            story.pending[-1][2]["entries"] = [bytes(32)]
        story.mine()
        with pytest.raises(ChainInconsistent, match="MemberDiffers"):
            follow(engine, story.chain, story)

    def test_a_log_of_another_origin_is_refused(self, engine):
        story = Story.begin()
        story.enrol(CENTRE)
        story.register_log(CENTRE)
        story.pending[-1][2]["log"] = bytes(32)
        story.mine()
        with pytest.raises(ChainInconsistent, match="MemberDiffers"):
            follow(engine, story.chain, story)

    def test_another_contract_under_our_name_is_the_wrong_chain(self, engine):
        story = Story.begin()
        story.enrol(CENTRE)
        story.decide(
            "ListContract",
            {
                "name": b"AccessAnchors".ljust(32, b"\0"),
                "contractAddress": bytes(20),
                "codeHash": bytes(32),
            },
            story.heads[CENTRE],
        )
        story.mine()
        with pytest.raises(WrongChain):
            follow(engine, story.chain, story)


class TestNumbers:
    def test_the_largest_uint64_size_is_anchored_like_any_other(self, engine):
        story = Story.begin()
        story.enrol(CENTRE)
        log = story.register_log(CENTRE)
        story.anchor(log, 0, 2**64 - 1)
        story.mine()
        follow(engine, story.chain, story)
        anchor = Queries(engine).find_anchor(log, 2**63)
        assert anchor is not None
        assert anchor.size == 2**64 - 1


def test_a_whole_city_twice_gives_the_same_dump(filled: Engine, story: Story, tmp_path: Path):
    other = open_engine(tmp_path / "other.db")
    follow(other, story.chain, story)
    with filled.connect() as first, other.connect() as second:
        assert list(dump(first)) == list(dump(second))
        assert first.execute(select(CURSOR)).all() == second.execute(select(CURSOR)).all()
    other.dispose()


def test_two_cities_differ(filled: Engine, tmp_path: Path):
    story = Story.begin()
    tell_city(story)
    other = open_engine(tmp_path / "other.db")
    follow(other, story.chain, story)
    assert fingerprint(other) != fingerprint(filled)
    other.dispose()


def lines(engine):
    with engine.connect() as connection:
        return list(dump(connection))


def test_gives_the_same_rows(filled, story, clock):
    before = lines(filled)
    cursor = rebuild(filled, story.chain, story.chain.deployment, clock=clock)
    assert lines(filled) == before
    assert cursor.next_block == story.chain.head() + 1
    assert not cursor.filling


def test_mends_a_row_changed_by_hand(filled, story, clock):
    before = fingerprint(filled)
    with filled.begin() as connection:
        connection.exec_driver_sql("UPDATE authorisation SET calls_per_day = 99999")
    assert fingerprint(filled) != before
    rebuild(filled, story.chain, story.chain.deployment, clock=clock)
    assert fingerprint(filled) == before


def test_fills_a_model_that_was_never_there(engine, story, clock):
    rebuild(engine, story.chain, story.chain.deployment, clock=clock)
    assert len(Queries(engine).departments()) == 3


def test_stays_shut_when_the_chain_goes_away_half_way(filled, story, clock):
    source = Scripted(story.chain, silent=True)
    with pytest.raises(ChainUnavailable):
        rebuild(filled, source, story.chain.deployment, clock=clock)
    with pytest.raises(LedgerBehind):
        Queries(filled).departments()
