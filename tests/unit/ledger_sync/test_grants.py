"""What a call is judged by, and when nothing may be judged at all."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ledger_sync import grants as module
from ledger_sync.follower import Follower, rebuild
from ledger_sync.grants import Grants
from ledger_sync.model import Identity, empty
from node.errors import ChainUnavailable, LedgerBehind
from node.protocol.ledger import enums
from node.storage.engines import open_engine
from tests.common.fakes import Scripted
from tests.common.story import (
    CENTRE,
    EDUCATION,
    POLICE,
    ZERO,
    Story,
    digest,
    tell_city,
)


@pytest.fixture
def grants(clock, tmp_path, filled):
    assert filled
    engine = open_engine(tmp_path / "ledger.db", readonly=True)
    yield Grants(engine, clock=clock)
    engine.dispose()


def state_of(grants):
    return grants.snapshot(ZERO, 1).authorisation.state


class TestSnapshot:
    def test_holds_all_a_call_is_judged_by(self, grants, named, story):
        found = grants.snapshot(named["call_key"].public_key.key_id, 1)
        assert found.block.number == story.chain.head()
        assert found.key.kind == enums.KeyKind.APPLICATION
        assert found.key.holder == named["application"]
        assert found.authorisation.application == named["application"]
        assert found.entry.version == 1
        assert found.provider.department == POLICE
        assert found.consumer.department == EDUCATION

    def test_shows_the_pinned_version_though_a_later_one_was_filed(self, grants, named):
        entry = grants.snapshot(ZERO, 1).entry
        assert (entry.entry, entry.version, entry.item_count) == (named["households"], 1, 12)
        assert entry.state == enums.EntryState.PUBLISHED

    def test_an_unknown_key_is_none(self, grants):
        found = grants.snapshot(ZERO, 1)
        assert found.key is None

    @pytest.mark.parametrize("number", [0, 99, 2**63, 2**64 - 1, -1])
    def test_an_unknown_authorisation_is_none(self, grants, number):
        found = grants.snapshot(ZERO, number)
        assert found.authorisation is None
        assert found.entry is None
        assert found.provider is None

    def test_an_officers_key_is_no_applications(self, grants, story):
        found = grants.snapshot(story.heads[POLICE].public_key.key_id, 0)
        assert found.key.holder == POLICE

    def test_a_second_question_gives_the_same_facts(self, grants):
        assert grants.snapshot(ZERO, 1) == grants.snapshot(ZERO, 1)

    def test_forgets_what_it_kept_when_it_is_too_much(self, grants, monkeypatch):
        monkeypatch.setattr(module, "MOST_KEPT", 2)
        for number in range(5):
            assert (grants.snapshot(ZERO, number).authorisation is None) == (number in {0, 4})

    def test_a_decision_applied_shows_in_the_next_snapshot(self, tmp_path, clock):
        story = Story.begin()
        tell_city(story)
        engine = open_engine(tmp_path / "ledger.db")
        follower = Follower(engine, story.chain, story.chain.deployment, clock=clock)
        while follower.run_once():
            pass
        grants = Grants(engine, clock=clock)
        assert state_of(grants) == enums.AuthorisationState.AGREED
        state = enums.AuthorisationState.SUSPENDED
        story.step(1, enums.Step.SUSPEND, state, story.heads[CENTRE])
        story.mine()
        follower.run_once()
        assert state_of(grants) == state
        follower.close()
        engine.dispose()


@pytest.fixture
def followed(tmp_path, clock):
    """A city that a test may add to: (story, names, engine, follower)."""
    story = Story.begin()
    names = tell_city(story)
    engine = open_engine(tmp_path / "ledger.db")
    follower = Follower(engine, story.chain, story.chain.deployment, clock=clock)
    while follower.run_once():
        pass
    yield story, names, engine, follower
    follower.close()
    engine.dispose()


class TestKeeping:
    """What is kept never outlives the block it was read at."""

    def test_what_is_kept_is_what_a_reader_without_memory_finds_after_every_decision(
        self, followed, tmp_path, clock
    ):
        story, names, _, follower = followed
        state, step = enums.AuthorisationState, enums.Step
        call_key, head = names["call_key"].public_key.key_id, story.heads[POLICE]
        again = {"subject": digest("resumed"), "document": digest("resumed again")}
        decisions = [
            lambda: story.step(1, step.SUSPEND, state.SUSPENDED, names["duty"]),
            lambda: story.step(1, step.RESUME, state.AGREED, story.heads[CENTRE], **again),
            lambda: story.review(("30/1", 2, True)),
            lambda: story.submit(POLICE, ("30/1", 3, 2)),
            lambda: story.revoke(call_key, story.heads[EDUCATION]),
            lambda: story.step(1, step.SUSPEND, state.SUSPENDED, names["duty"]),
            lambda: story.revoke(head.public_key.key_id, head),
        ]
        engine = open_engine(tmp_path / "ledger.db", readonly=True)
        kept, seen = Grants(engine, clock=clock), []
        asked = [(call_key, 1), (call_key, 2), (call_key, 3), (ZERO, 1), (call_key, 0)]
        for decide in decisions:
            for each in asked:
                kept.snapshot(*each)
            decide()
            story.mine()
            follower.run_once()
            for each in asked:
                assert kept.snapshot(*each) == Grants(engine, clock=clock).snapshot(*each)
            found: Any = kept.snapshot(call_key, 1)
            assert found.block.number == story.chain.head()
            seen.append((found.authorisation.state, found.key.revoked_at is None))
        engine.dispose()
        agreed, suspended = (state.AGREED, True), (state.SUSPENDED, True)
        ended = [(state.AGREED, False), (state.SUSPENDED, False), (state.SUSPENDED, False)]
        assert seen == [suspended, agreed, agreed, agreed, *ended]

    def test_one_reading_is_for_all_that_were_there_when_it_began(self, followed, clock):
        story, names, engine, follower = followed
        grants, came = Grants(engine, clock=clock), time.perf_counter()
        first = grants.snapshot(ZERO, 1, came)
        state, step = enums.AuthorisationState, enums.Step
        story.step(1, step.SUSPEND, state.SUSPENDED, names["duty"])
        story.mine()
        follower.run_once()
        assert grants.snapshot(ZERO, 1, came) == first
        assert grants.snapshot(ZERO, 1, time.perf_counter()).block.number == story.chain.head()
        assert state_of(grants) == state.SUSPENDED

    def test_no_thread_gets_what_was_before_once_a_block_is_applied(
        self, followed, tmp_path, clock
    ):
        story, names, _, follower = followed
        engine = open_engine(tmp_path / "ledger.db", readonly=True)
        grants, stop = Grants(engine, clock=clock), threading.Event()
        applied = story.chain.head()

        def ask():
            while not stop.is_set():
                at_least = applied
                found: Any = grants.snapshot(ZERO, 1, time.perf_counter())
                assert found.block.number >= at_least
                suspended = found.authorisation.state == enums.AuthorisationState.SUSPENDED
                assert suspended == ((found.block.number - first) % 2 == 1)

        first, subject = applied, digest("resumed")
        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            try:
                for number in range(20):
                    if number % 2:
                        document = digest(f"resumed {number}")
                        told = {"subject": subject, "document": document}
                        state, signer, subject = enums.AuthorisationState.AGREED, CENTRE, document
                        story.step(1, enums.Step.RESUME, state, story.heads[signer], **told)
                    else:
                        state = enums.AuthorisationState.SUSPENDED
                        story.step(1, enums.Step.SUSPEND, state, names["duty"])
                    story.mine()
                    follower.run_once()
                    applied = story.chain.head()
            finally:
                stop.set()
            for each in asking:
                each.result()
        engine.dispose()


class TestRefusing:
    """When in doubt, refuse (design.md section 4.12)."""

    def test_a_model_never_filled(self, tmp_path, clock):
        engine = open_engine(tmp_path / "missing.db", readonly=True)
        with pytest.raises(LedgerBehind):
            Grants(engine, clock=clock).snapshot(ZERO, 1)
        engine.dispose()

    def test_a_model_opened_and_not_yet_filled(self, engine, story, clock):
        follower = Follower(engine, story.chain, story.chain.deployment, clock=clock)
        with pytest.raises(LedgerBehind):
            Grants(engine, clock=clock).snapshot(ZERO, 1)
        follower.close()

    def test_a_model_half_filled(self, engine, story, clock):
        source = Scripted(story.chain)
        follower = Follower(engine, source, story.chain.deployment, clock=clock)
        source.silent = True
        for _ in range(7):
            with pytest.raises(ChainUnavailable):
                follower.run_once()
        source.silent = False
        assert follower.run_once()
        with pytest.raises(LedgerBehind, match="being filled"):
            Grants(engine, clock=clock).snapshot(ZERO, 1)
        follower.close()

    def test_a_lag_of_more_than_five_seconds_behind_a_head_seen(self, filled, story, clock):
        source = Scripted(
            story.chain, head_=lambda head: head + 1, headers_=lambda _: story.chain.headers(99, 99)
        )
        follower = Follower(filled, source, story.chain.deployment, clock=clock)
        with pytest.raises(ChainUnavailable):
            follower.run_once()
        grants = Grants(filled, clock=clock)
        clock.advance(5)
        grants.snapshot(ZERO, 1)
        with pytest.raises(ChainUnavailable):
            follower.run_once()
        clock.advance(0.5)
        with pytest.raises(LedgerBehind, match="lags"):
            grants.snapshot(ZERO, 1)
        follower.close()

    def test_a_lag_ends_when_the_head_is_reached(self, tmp_path, clock):
        story = Story.begin()
        story.enrol(CENTRE)
        story.mine()
        engine = open_engine(tmp_path / "ledger.db")
        source = Scripted(story.chain)
        follower = Follower(engine, source, story.chain.deployment, clock=clock)
        while follower.run_once():
            pass
        story.enrol(POLICE)
        story.mine()
        source.headers_ = lambda _: story.chain.headers(99, 99)
        with pytest.raises(ChainUnavailable):
            follower.run_once()
        clock.advance(60)
        grants = Grants(engine, clock=clock)
        with pytest.raises(LedgerBehind):
            grants.snapshot(ZERO, 1)
        source.headers_ = lambda headers: headers
        follower.run_once()
        grants.snapshot(ZERO, 1)
        follower.close()
        engine.dispose()

    def test_silence_is_borne_for_the_time_allowed_and_no_longer(self, grants, clock):
        clock.advance(900)
        grants.snapshot(ZERO, 1)
        clock.advance(1)
        with pytest.raises(LedgerBehind, match="not been heard"):
            grants.snapshot(ZERO, 1)

    def test_a_quiet_chain_is_no_silence(self, filled, story, clock, grants):
        follower = Follower(filled, story.chain, story.chain.deployment, clock=clock)
        clock.advance(2000)
        assert not follower.run_once()
        grants.snapshot(ZERO, 1)
        follower.close()

    def test_the_time_allowed_is_a_setting(self, filled, clock):
        clock.advance(61)
        with pytest.raises(LedgerBehind):
            Grants(filled, max_unseen_seconds=60, clock=clock).snapshot(ZERO, 1)

    def test_a_rebuild_shuts_the_readers_out_until_it_is_done(self, filled, story, clock, grants):
        def during(logs):
            with pytest.raises(LedgerBehind):
                grants.snapshot(ZERO, 1)
            asked.append(True)
            return logs

        asked: list[bool] = []
        before = grants.snapshot(ZERO, 1)
        source = Scripted(story.chain, logs_=during)
        rebuild(filled, source, story.chain.deployment, clock=clock)
        assert asked
        assert grants.snapshot(ZERO, 1) == before

    def test_an_emptied_model_stays_shut_until_it_is_followed_to_the_head(
        self, filled, story, clock, grants
    ):
        with filled.begin() as connection:
            empty(connection, Identity.of(story.chain.deployment))
        with pytest.raises(LedgerBehind):
            grants.snapshot(ZERO, 1)
        follower = Follower(filled, story.chain, story.chain.deployment, clock=clock)
        follower.run_once()
        grants.snapshot(ZERO, 1)
        follower.close()
