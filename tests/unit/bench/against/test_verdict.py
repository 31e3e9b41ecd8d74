"""What the figures of two builds say of each other."""

from __future__ import annotations

import orjson
import pytest

from bench.against.generations import FIRST, Aims, Generation
from bench.against.verdict import (
    FIGURES,
    compare,
    report,
    show,
)
from bench.figures import Line

REVISIONS = ("cae491d704dd", "c226baeaa2bf+")
NAMES = {
    "calls_per_second",
    "calls_per_second_two_fronts",
    "p99_ms_at_80_percent",
    "front_mebibytes",
    "cpu_ms_per_call",
    "decisions_per_second",
    "events_per_second",
    "appends_per_second",
    "proofs_per_second",
    "filing_seconds",
    "verify_seconds",
    "node_mebibytes",
}
ONE_PROCESS = Generation(may_enrol=True).aims
BEFORE = {name: [90.0, 100.0, 120.0] for name in NAMES}


def verdict(name: str, after: float, aims: Aims | None = None) -> str:
    (found,) = compare({name: BEFORE[name]}, {name: [after]}, aims or Aims())
    return found.verdict


class TestVerdict:
    @pytest.mark.parametrize(("after", "said"), [(300, "holds"), (90, "holds"), (89, "worse")])
    def test_of_a_rate_is_bad_below_five_per_cent_and_the_lowest_round(self, after, said):
        assert verdict("calls_per_second", after) == said

    @pytest.mark.parametrize(("after", "said"), [(30, "holds"), (120, "holds"), (121, "worse")])
    def test_of_a_time_is_bad_above_five_per_cent_and_the_highest_round(self, after, said):
        assert verdict("verify_seconds", after) == said

    @pytest.mark.parametrize(("after", "said"), [(95.1, "holds"), (94.9, "worse")])
    def test_takes_five_per_cent_where_the_rounds_agree(self, after, said):
        steady = {"calls_per_second": [100.0, 100.0]}
        (found,) = compare(steady, {"calls_per_second": [after]}, Aims())
        assert found.verdict == said

    @pytest.mark.parametrize(("after", "said"), [(125, "holds"), (124, "short"), (80, "worse")])
    def test_of_decisions_misses_the_aim_below_a_quarter_more(self, after, said):
        assert verdict("decisions_per_second", after, FIRST.aims) == said

    @pytest.mark.parametrize(("after", "said"), [(160, "holds"), (161, "worse")])
    def test_of_memory_allows_sixty_mebibytes_more_than_the_first_generation(self, after, said):
        assert verdict("node_mebibytes", after, FIRST.aims) == said

    @pytest.mark.parametrize(("after", "said"), [(150, "holds"), (151, "short")])
    def test_of_a_front_s_memory_is_held_to_its_bound_whatever_it_was(self, after, said):
        assert verdict("front_mebibytes", after, ONE_PROCESS) == said

    def test_of_two_fronts_wants_two_and_a_half_times_the_calls_of_one_process(self):
        rates = {
            after: verdict("calls_per_second_two_fronts", after, ONE_PROCESS)
            for after in (249, 250)
        }
        assert rates == {249: "short", 250: "holds"}


class TestReport:
    def test_has_a_member_for_every_figure_with_both_values_and_their_spread(self):
        after = {name: [110.0, 130.0] for name in NAMES}
        compared = compare(BEFORE, after, FIRST.aims)
        noise = [Line("负载", "load average", "0.3 (0.1-0.5)")]
        found = orjson.loads(orjson.dumps(report(compared, FIRST.aims, REVISIONS, noise)))
        assert found.pop("revisions") == {"before": REVISIONS[0], "after": REVISIONS[1]}
        assert found.pop("machine") == {"load average": "0.3 (0.1-0.5)"}
        assert set(found) == NAMES
        assert found["calls_per_second"] == {
            "before": 100.0,
            "after": 120.0,
            "ratio": 1.2,
            "before_spread": [90.0, 120.0],
            "after_spread": [110.0, 130.0],
            "verdict": "holds",
        }
        assert found["decisions_per_second"]["aim_ratio"] == 1.25
        assert found["decisions_per_second"]["verdict"] == "short"
        assert found["node_mebibytes"]["may_grow_by"] == 60.0
        compared = compare(BEFORE, after, ONE_PROCESS)
        assert report(compared, ONE_PROCESS, REVISIONS, noise)["front_mebibytes"]["may_be"] == 150.0

    def test_has_the_suite_only_if_it_ran(self):
        with_tests = {**BEFORE, "tests_seconds": [480.0]}
        names = [each.figure.name for each in compare(with_tests, with_tests, FIRST.aims)]
        assert names == [figure.name for figure in FIGURES]
        names = [each.figure.name for each in compare(BEFORE, with_tests, FIRST.aims)]
        assert "tests_seconds" not in names

    def test_is_shown_with_revisions_spread_ratio_and_verdict(self, capsys):
        compared = compare(BEFORE, {name: [70.0] for name in NAMES}, FIRST.aims)
        show(compared, FIRST.aims, REVISIONS)
        heading, *rows = capsys.readouterr().out.splitlines()
        assert all(revision in heading for revision in REVISIONS)
        assert len(rows) == len(NAMES)
        calls = rows[0].split()
        assert calls[1:6] == ["90", "100", "120", "70", "0.70"]
        assert calls[-1] == "变差"
        decisions = next(row for row in rows if "决定" in row)
        assert "≥ 1.25 ×" in decisions
