"""The bench that fills a log measures what it says, at every size it is given."""

from __future__ import annotations

import pytest

from bench.growth import measuring

pytestmark = [pytest.mark.chain, pytest.mark.long]


def test_a_log_grows_to_the_sizes_asked_for_and_its_node_answers_at_each():
    found = list(measuring.measure_log([1_024, 2_048]))
    # The calls that showed the node to answer are in it, too.
    assert [each.entries // 1_024 for each in found] == [1, 2]
    assert all(each.bytes_per_entry > 900 for each in found)
    assert all(0 < each.trace_median_ms <= each.trace_p99_ms for each in found)


def test_a_search_and_a_read_model_are_of_the_sizes_asked_for():
    assert [each.entries for each in measuring.measure_search([500])] == [500]
    [synced] = measuring.measure_sync([50])
    assert synced.decisions == 50
    assert synced.per_second == pytest.approx(50 / synced.catch_up_seconds)
