import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import InvalidInput, ItemNotGranted
from node.protocol.wire import items

CODES = [f"ITEM{position}" for position in range(256)]


def test_bit_zero_is_the_first_item() -> None:
    assert items.bitmap(["XM", "CSRQ", "MJ"], ["XM", "MJ"]) == 0b101
    assert items.chosen(["XM", "CSRQ", "MJ"], 0b101) == ["XM", "MJ"]


@given(st.sets(st.sampled_from(CODES)))
def test_a_choice_goes_round_in_the_versions_order(chosen: set[str]) -> None:
    bits = items.bitmap(CODES, chosen)
    assert items.chosen(CODES, bits) == [code for code in CODES if code in chosen]
    assert bits.bit_count() == len(chosen)


def test_an_unknown_item_is_named() -> None:
    with pytest.raises(ItemNotGranted) as caught:
        items.bitmap(["XM"], ["XM", "SFZH"])
    assert caught.value.facts["value"] == "SFZH"


def test_the_257th_item_has_no_bit() -> None:
    with pytest.raises(ItemNotGranted):
        items.bitmap([*CODES, "ONE_TOO_MANY"], ["ONE_TOO_MANY"])


@pytest.mark.parametrize("bits", [-1, 0b1000])
def test_bits_beyond_the_last_item_are_refused(bits: int) -> None:
    with pytest.raises(InvalidInput):
        items.chosen(["XM", "CSRQ", "MJ"], bits)
