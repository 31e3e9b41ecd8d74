"""Publishing, anchoring and the check at start, by their rules alone."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.anchoring import (
    Anchorer,
    Keeper,
    Publisher,
    check_logs,
)
from node.errors import (
    ChainUnavailable,
    DecisionRefused,
    LogRolledBack,
    LogTampered,
)
from node.log.published import (
    last_published,
    list_published,
    mark_published,
)
from node.log.published import (
    metadata as published_tables,
)
from node.protocol.wire.checkpoint import Checkpoint, checkpoint_hash
from node.storage.engines import open_engine
from tests.common.anchoring import (
    CONTRACT,
    LOG,
    ORIGIN,
    RELAY,
    DictChain,
    ListLogs,
)


class Time:
    """A clock that stands until it is told otherwise."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds

    def milliseconds(self):
        return int(self.seconds * 1000)


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "node.db")
    published_tables.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def logs():
    return ListLogs()


@pytest.fixture
def chain():
    return DictChain()


@pytest.fixture
def publisher(engine, logs, time):
    return Publisher(engine, logs, [LOG], clock=time.milliseconds)


@pytest.fixture
def anchorer(engine, logs, chain, time):
    return new_anchorer(engine, logs, chain, time)


def new_anchorer(engine, logs, chain, time, **options):
    return Anchorer(
        engine,
        logs,
        [LOG],
        chain=chain,
        sender=chain,
        contract=CONTRACT,
        relay=RELAY,
        clock=time,
        **options,
    )


class TestPublisher:
    def test_publishes_a_log_that_has_grown(self, publisher, engine, logs):
        logs.grow(3)
        assert publisher.run_once() == 1
        published = last_published(engine, LOG)
        assert published is not None
        assert published.size == 3

    def test_publishes_nothing_of_a_log_that_stands(self, publisher, logs):
        logs.grow(3)
        publisher.run_once()
        assert publisher.run_once() == 0

    def test_publishes_nothing_of_an_empty_log(self, publisher):
        assert publisher.run_once() == 0

    def test_leaves_out_a_log_that_nobody_has_opened(self, publisher, logs):
        logs.known = False
        assert publisher.run_once() == 0

    def test_publishes_at_most_one_a_second(self, publisher, engine, logs, time):
        for _ in range(40):
            logs.grow(1)
            publisher.run_once()
            time.seconds += 0.3
        times = [each.at for each in list_published(engine, LOG)]
        assert len(times) == 10
        assert all(later - earlier >= 1000 for earlier, later in pairwise(times))

    def test_goes_on_after_the_clock_was_set_back(self, publisher, logs, time):
        logs.grow(1)
        publisher.run_once()
        logs.grow(1)
        time.seconds -= 500
        assert publisher.run_once() == 1

    def test_refuses_a_log_that_became_smaller(self, publisher, logs):
        logs.grow(3)
        publisher.run_once()
        logs.leaves.pop()
        with pytest.raises(LogRolledBack):
            publisher.run_once()


class TestAnchorer:
    def test_anchors_what_is_published(self, publisher, anchorer, logs, chain):
        logs.grow(5)
        publisher.run_once()
        assert anchorer.run_once() == [0]
        chain.pump()
        assert (chain.size, chain.root) == (5, logs.root_at(LOG, 5))

    def test_names_the_anchored_checkpoint_by_its_text(self, publisher, anchorer, logs, chain):
        logs.grow(5)
        publisher.run_once()
        anchorer.run_once()
        text = Checkpoint(ORIGIN, 5, logs.root_at(LOG, 5)).text
        assert chain.rows[0][1]["checkpointHash"] == checkpoint_hash(text)

    def test_anchors_nothing_that_is_not_published(self, anchorer, logs, chain):
        logs.grow(5)
        assert anchorer.run_once() == []
        assert chain.rows == []

    def test_anchors_nothing_twice(self, publisher, anchorer, logs, chain):
        logs.grow(5)
        publisher.run_once()
        anchorer.run_once()
        chain.pump()
        assert anchorer.run_once() == []

    def test_leaves_a_log_alone_that_is_registered_for_another_relay(
        self, publisher, anchorer, logs, chain
    ):
        chain.relay = b"\x0d" * 20
        logs.grow(5)
        publisher.run_once()
        assert anchorer.run_once() == []

    def test_waits_for_the_anchor_before(self, publisher, anchorer, logs, chain, time):
        logs.grow(5)
        publisher.run_once()
        anchorer.run_once()
        logs.grow(5)
        time.seconds += 60
        publisher.run_once()
        assert anchorer.run_once() == []
        chain.pump()
        assert anchorer.run_once() == [1]

    def test_keeps_the_interval(self, publisher, anchorer, logs, chain, time):
        anchored = []
        for _ in range(60):
            logs.grow(1)
            publisher.run_once()
            anchored += [time.seconds for _ in anchorer.run_once()]
            chain.pump()
            time.seconds += 1
        assert anchored == [1000, 1010, 1020, 1030, 1040, 1050]

    def test_does_not_wait_when_many_leaves_have_come(self, publisher, anchorer, logs, chain, time):
        anchorer = new_anchorer(publisher._engine, logs, chain, time, leaves=8)
        logs.grow(1)
        publisher.run_once()
        anchorer.run_once()
        chain.pump()
        logs.grow(8)
        time.seconds += 1
        publisher.run_once()
        assert anchorer.run_once() == [1]

    def test_takes_another_row_when_the_head_has_moved(self, engine, publisher, logs, chain, time):
        logs.grow(5)
        publisher.run_once()
        new_anchorer(engine, logs, chain, time).run_once()
        # Another process of this relay anchored less in between: the waiting row will be refused.
        chain.size, chain.root = 3, logs.root_at(LOG, 3)
        chain.pump()
        assert isinstance(chain.results[0], DecisionRefused)
        assert new_anchorer(engine, logs, chain, time).run_once() == [1]
        chain.pump()
        assert chain.size == 5

    def test_raises_any_other_refusal(self, publisher, anchorer, logs, chain, time):
        logs.grow(5)
        publisher.run_once()
        anchorer.run_once()
        time.seconds += 60
        chain.results[0] = DecisionRefused("no", name="ConsistencyRefused")
        with pytest.raises(DecisionRefused):
            anchorer.run_once()

    def test_refuses_a_chain_that_knows_more(self, publisher, anchorer, logs, chain):
        logs.grow(5)
        publisher.run_once()
        chain.size = 9
        with pytest.raises(LogRolledBack):
            anchorer.run_once()

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
    @given(
        steps=st.lists(st.sampled_from(["grow", "publish", "anchor", "pump", "die"]), max_size=40)
    )
    def test_the_chain_follows_the_log_whatever_dies(self, tmp_path_factory, steps):
        engine = open_engine(tmp_path_factory.mktemp("node") / "node.db")
        published_tables.create_all(engine)
        logs, chain, time = ListLogs(), DictChain(), Time()
        anchorer = new_anchorer(engine, logs, chain, time, interval_seconds=0)
        publisher = Publisher(engine, logs, [LOG], interval_ms=0, clock=time.milliseconds)
        for step in [*steps, "grow", "publish", "die", *["pump", "anchor", "pump"] * 2]:
            time.seconds += 1
            match step:
                case "grow":
                    logs.grow(len(steps) % 7 + 1)
                case "publish":
                    publisher.run_once()
                case "anchor":
                    anchorer.run_once()
                case "pump":
                    chain.pump()
                case _:
                    anchorer = new_anchorer(engine, logs, chain, time, interval_seconds=0)
        assert (chain.size, chain.root) == (len(logs.leaves), logs.root_at(LOG, len(logs.leaves)))
        engine.dispose()


class TestCheckLogs:
    def check(self, engine, logs, chain):
        check_logs(engine, logs, [LOG], chain=chain, contract=CONTRACT)

    def test_passes_an_empty_log_on_an_empty_chain(self, engine, logs, chain):
        self.check(engine, logs, chain)

    def test_passes_a_log_that_was_never_opened(self, engine, logs, chain):
        logs.known = False
        chain.relay = bytes(20)
        self.check(engine, logs, chain)

    def test_passes_head_published_and_chain_in_order(self, engine, publisher, logs, chain):
        logs.grow(5)
        publisher.run_once()
        logs.grow(2)
        chain.size, chain.root = 3, logs.root_at(LOG, 3)
        self.check(engine, logs, chain)

    def test_refuses_a_log_behind_what_was_published(self, engine, publisher, logs, chain):
        logs.grow(5)
        publisher.run_once()
        logs.leaves.pop()
        with pytest.raises(LogRolledBack, match="5 were published"):
            self.check(engine, logs, chain)

    def test_refuses_a_log_that_is_gone(self, engine, publisher, logs, chain):
        logs.grow(5)
        publisher.run_once()
        logs.known = False
        with pytest.raises(LogRolledBack):
            self.check(engine, logs, chain)

    def test_refuses_a_log_behind_the_chain(self, engine, logs, chain):
        logs.grow(5)
        mark_published(engine, LOG, 5, logs.root_at(LOG, 5), b"", 0)
        chain.size, chain.root = 6, b"\1" * 32
        with pytest.raises(LogRolledBack, match="published was 5"):
            self.check(engine, logs, chain)

    def test_refuses_another_history_than_was_published(self, engine, publisher, logs, chain):
        logs.grow(5)
        publisher.run_once()
        logs.leaves[2] = bytes(32)
        logs.grow(5)
        with pytest.raises(LogRolledBack, match="another history than was published"):
            self.check(engine, logs, chain)

    def test_refuses_another_history_than_was_anchored(self, engine, publisher, logs, chain):
        logs.grow(5)
        publisher.run_once()
        chain.size, chain.root = 3, b"\1" * 32
        with pytest.raises(LogRolledBack, match="another history than was anchored"):
            self.check(engine, logs, chain)

    def test_does_not_guess_when_no_chain_answers(self, engine, logs, chain):
        chain.failing.append(ChainUnavailable())
        with pytest.raises(ChainUnavailable):
            self.check(engine, logs, chain)


class TestKeeper:
    @pytest.fixture
    def keeper(self, publisher, anchorer, chain):
        return Keeper(publisher, anchorer, chain, period_seconds=0.001, idle_seconds=0)

    def test_brings_a_log_onto_the_chain_in_one_round(self, keeper, logs, chain):
        logs.grow(4)
        keeper.run_once()
        assert chain.size == 4

    def test_sends_what_was_left_before_it_reads_the_head(self, keeper, anchorer, logs, chain):
        logs.grow(4)
        keeper._publisher.run_once()
        anchorer.run_once()
        keeper.run_once()
        assert len(chain.rows) == 1
        assert chain.size == 4

    def test_shows_what_can_pass_and_goes_on(self, keeper, logs, chain):
        chain.failing += [ChainUnavailable("down")] * 3
        logs.grow(1)
        stop = threading.Event()
        seen = []

        def wait(seconds):
            seen.append((keeper.status.failures, str(keeper.status.error), seconds))
            if chain.size:
                stop.set()

        keeper.run(_Stop(stop, wait), threading.Event())
        assert [failures for failures, _, _ in seen] == [1, 2, 3, 0]
        assert seen[0][1] == "down"
        pauses = [seconds for _, _, seconds in seen]
        assert pauses[0] < pauses[1] < pauses[2]
        assert keeper.status.error is None
        assert keeper.status.failing_since is None

    def test_never_pauses_longer_than_ten_seconds(self, keeper, chain):
        chain.failing += [ChainUnavailable("down")] * 40
        pauses = []
        stop = threading.Event()

        def wait(seconds):
            pauses.append(seconds)
            if not chain.failing:
                stop.set()

        keeper.run(_Stop(stop, wait), threading.Event())
        assert max(pauses) == 10.0
        since = keeper.status.failing_since
        assert since is not None

    @pytest.mark.parametrize("error", [LogRolledBack("x"), LogTampered("x")])
    def test_ends_with_what_cannot_pass(self, keeper, chain, error):
        chain.failing.append(error)
        with pytest.raises(type(error)):
            keeper.run(threading.Event(), threading.Event())

    def test_asks_the_chain_nothing_when_no_log_has_grown(self, keeper, logs, chain, time):
        logs.grow(4)
        assert keeper.run_once()
        time.seconds += 60
        assert not keeper.run_once()
        asked = []
        chain.call = lambda *given: asked.append(given)
        assert not keeper.run_once()
        assert asked == []

    def test_goes_on_while_an_anchor_is_on_its_way(self, keeper, logs, chain, time):
        chain.mining = False
        logs.grow(4)
        time.seconds += 60
        assert keeper.run_once()
        assert keeper.run_once()

    def test_goes_on_while_a_log_waits_for_its_second(self, publisher, logs):
        logs.grow(1)
        publisher.run_once()
        assert not publisher.waits
        logs.grow(1)
        publisher.run_once()
        assert publisher.waits

    def test_rests_until_a_log_has_grown(self, publisher, anchorer, logs, chain, time):
        keeper = Keeper(publisher, anchorer, chain, period_seconds=0.001, idle_seconds=60)
        stop, wake, grown = threading.Event(), threading.Event(), threading.Event()
        pump = chain.pump

        def pumped():
            if chain.size:
                grown.set()
            return pump()

        chain.pump = pumped
        thread = threading.Thread(target=keeper.run, args=(stop, wake))
        thread.start()
        logs.grow(4)
        wake.set()
        assert grown.wait(20)
        time.seconds += 60
        stop.set()
        wake.set()
        thread.join(20)
        assert not thread.is_alive()

    def test_leaves_an_ended_log_alone_until_it_grows(self, publisher, anchorer, logs, chain):
        def ended(*_given, **_options):
            raise DecisionRefused("no", name="LogIsSuperseded")

        chain.enqueue = ended
        logs.grow(4)
        publisher.run_once()
        assert anchorer.run_once() == []
        assert not anchorer.waits

    def test_stops_when_told(self, keeper):
        stop = threading.Event()
        stop.set()
        keeper.run(stop, threading.Event())
        assert keeper.status.failures == 0


class _Stop:
    """A stop event that calls `wait` instead of sleeping."""

    def __init__(self, event, wait):
        self.is_set = event.is_set
        self.wait = wait
