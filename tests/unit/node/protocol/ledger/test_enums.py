"""The enumerations are the same in Solidity and in Python, value by value, both ways."""

import re
from enum import IntEnum, IntFlag
from pathlib import Path

import pytest

from node.protocol.ledger import enums

SOURCE = Path(__file__).parents[5] / "contracts" / "types" / "Enumerations.sol"
_LIBRARY = re.compile(r"^library (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_CONSTANT = re.compile(r"(uint\d+) internal constant (\w+) = (\d+);")


def libraries() -> dict[str, list[tuple[str, str, int]]]:
    """Return type, name and value of every constant of every library in the source."""
    text = SOURCE.read_text(encoding="utf-8")
    found = {
        library: [(kind, name, int(value)) for kind, name, value in _CONSTANT.findall(body)]
        for library, body in _LIBRARY.findall(text)
    }
    # Nothing that looks like a constant was passed over.
    assert sum(map(len, found.values())) == text.count("constant")
    return found


DECLARED = libraries()
TWINS: dict[str, type[IntEnum | IntFlag]] = {
    library: getattr(enums, library[: -2 if library.endswith("uses") else -1])
    for library in DECLARED
}
"""Library in Solidity, class in Python."""
BITS = {"Roles": "uint32", "Marks": "uint8", "StepFlags": "uint16"}
"""Libraries whose values are single bits, with their type."""


def test_every_library_has_a_class_and_every_class_a_library():
    classes = {
        kind
        for kind in vars(enums).values()
        if isinstance(kind, type)
        and issubclass(kind, (IntEnum, IntFlag))
        and kind not in (IntEnum, IntFlag)
    }
    assert set(TWINS.values()) == classes


@pytest.mark.parametrize("library", TWINS)
def test_names_and_numbers_are_the_same_in_the_same_order(library):
    declared = [(name, value) for _, name, value in DECLARED[library]]
    assert declared == [(each.name, each.value) for each in TWINS[library]]


@pytest.mark.parametrize("library", TWINS)
def test_numbers_run_from_one_without_gaps_and_bits_are_single(library):
    values = [value for _, _, value in DECLARED[library]]
    if library in BITS:
        # The place of one that is no longer used stays empty: it must not mean something else.
        assert {value.bit_count() for value in values} == {1}
        assert values == sorted(set(values))
    else:
        assert values == list(range(1, len(values) + 1))
    assert issubclass(TWINS[library], IntFlag) is (library in BITS)


@pytest.mark.parametrize("library", TWINS)
def test_the_type_is_the_one_the_decisions_carry(library):
    assert {kind for kind, _, _ in DECLARED[library]} == {BITS.get(library, "uint8")}


def test_a_state_fits_the_bits_of_a_row_of_the_table_of_steps():
    assert max(enums.AuthorisationState) < 16
