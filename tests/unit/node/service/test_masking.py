"""Masks hide what they say, and an unknown rule never means "no mask"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import SourceUnavailable
from node.service.masking import HIDDEN, mask_rows, parse_rule


class TestMaskRows:
    def test_masks_the_named_items_and_leaves_null(self):
        rows: list[dict[str, object]] = [
            {"XM": "张三丰", "GMSFHM": "130902200001010000", "CSRQ": "2018-09-01", "BZ": "x"},
            {"XM": None, "GMSFHM": "1309", "CSRQ": None, "BZ": "x"},
        ]
        mask_rows(rows, {"XM": "keep:1,0", "GMSFHM": "keep:6,4", "CSRQ": "year"})
        assert rows == [
            {"XM": "张**", "GMSFHM": "130902********0000", "CSRQ": "2018", "BZ": "x"},
            {"XM": None, "GMSFHM": HIDDEN, "CSRQ": None, "BZ": "x"},
        ]

    def test_masks_a_number_as_its_text(self):
        rows: list[dict[str, object]] = [{"N": 123456}]
        mask_rows(rows, {"N": "keep:1,1"})
        assert rows == [{"N": "1****6"}]


class TestParseRule:
    @pytest.mark.parametrize("rule", ["none", "keep", "keep:1", "keep:-1,2", "KEEP:1,1", "full "])
    def test_refuses_a_rule_it_does_not_know(self, rule):
        with pytest.raises(SourceUnavailable, match="not known"):
            parse_rule(rule)

    @given(st.text(), st.integers(0, 20), st.integers(0, 20))
    def test_never_shows_a_character_that_is_not_kept(self, text, first, last):
        masked = parse_rule(f"keep:{first},{last}")(text)
        if len(text) <= first + last:
            assert masked == HIDDEN
        else:
            assert len(masked) == len(text)
            assert set(masked[first : len(text) - last]) == {"*"}

    def test_hides_what_is_no_date(self):
        assert parse_rule("year")("unknown") == HIDDEN
