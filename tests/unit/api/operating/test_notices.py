"""Files by which the processes of a node tell of themselves, and what they add up to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from api.operating.health import PROCESS_WORDS, process_words
from api.operating.metrics import Watch
from api.operating.notices import (
    Notice,
    read_notices,
    samples_of,
    summed,
    take_notice,
    write_notice,
)
from node.service.serve import Handled

ONE = Notice(
    "front-1",
    4711,
    1_795_865_184.25,
    resident_bytes=1 << 27,
    loops={"notices": True},
    in_hand=3,
    silent=1,
    failures=2,
    error="chain-unavailable",
    alarms={"disk-low": "12 MiB free"},
    counted=(("calls_total", (("outcome", "served"),), 7.0),),
)
SAMPLES = some.lists(
    some.tuples(
        some.sampled_from(["a_total", "b_sum"]),
        some.sampled_from([(), (("outcome", "served"),)]),
        some.integers(0, 1000).map(float),
    ),
    max_size=6,
    unique_by=lambda sample: sample[:2],
)


def test_a_notice_is_read_as_it_was_written(tmp_path):
    write_notice(tmp_path, ONE)
    assert read_notices(tmp_path) == [ONE]
    assert [each.name for each in tmp_path.iterdir()] == ["front-1.4711.json"]


def test_one_of_a_process_that_ended_is_taken_away_and_told(tmp_path):
    other = Notice("front-1", 4712, 0.0)
    for each in (ONE, other):
        write_notice(tmp_path, each)
    assert take_notice(tmp_path, "front-1", 4711) == ONE
    assert take_notice(tmp_path, "front-1", 4711) is None
    assert read_notices(tmp_path) == [other]


@given(some.lists(SAMPLES, max_size=4))
def test_what_several_counted_adds_up(several):
    sums = {sample[:2]: sample[2] for sample in summed(several)}
    wanted: dict[object, float] = {}
    for samples in several:
        for name, labels, value in samples:
            wanted[name, labels] = wanted.get((name, labels), 0) + value
    assert sums == wanted
    assert summed((summed(several[:2]), summed(several[2:]))) == summed(several)


def test_all_that_is_counted_of_calls_is_among_the_samples():
    watch = Watch()
    watch.handled(Handled(b"e", 1, "served", 0.004, is_logged=True))
    watch.answered(200)
    found = {(name, labels): value for name, labels, value in samples_of(watch)}
    assert found["shareledger_calls_total", (("outcome", "served"),)] == 1
    assert found["shareledger_http_responses_total", (("status", "200"),)] == 1
    assert found["shareledger_call_seconds_bucket", (("le", "0.005"),)] == 1


def test_every_process_has_its_words():
    assert process_words("front-2") == ("应答进程 2", "front 2")
    assert {process_words(name)[0] for name in PROCESS_WORDS} == {
        chinese for chinese, _ in PROCESS_WORDS.values()
    }
