"""Where a tile is: every number and width has one path, as C2SP tlog-tiles spells it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.routes.tlog import LEVEL, parse_place
from node.errors import InvalidInput

NUMBERS = st.integers(0, 2**39)
WIDTHS = st.integers(1, 256)


def spelt(number, width):
    """The specification's words: three digits at a time, all but the last behind an x."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == 256 else f"{path}.p/{width}"


def test_the_example_of_the_specification():
    assert spelt(1234067, 256) == "x001/x234/067"
    assert parse_place("x001/x234/067") == (1234067, 256)


@given(NUMBERS, WIDTHS)
def test_is_read_back(number, width):
    assert parse_place(spelt(number, width)) == (number, width)


@given(st.text("0123456789x/.p ", max_size=20))
def test_has_no_second_spelling(text):
    try:
        number, width = parse_place(text)
    except InvalidInput:
        return
    assert spelt(number, width) == text


@pytest.mark.parametrize("text", ["", "x/000", "x000/001", "1234", "000.p/256", "٠٠٠", "000\n"])
def test_is_nothing_else(text):
    with pytest.raises(InvalidInput):
        parse_place(text)


@given(st.integers(0, 200))
def test_levels_end_at_63(level):
    assert bool(re.search(LEVEL, str(level))) is (level < 64)
