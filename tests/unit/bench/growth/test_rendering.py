"""docs/scale says what its figures say, in both languages, and no prose is lost when written."""

from __future__ import annotations

import orjson
import pytest

from bench.growth import rendering


@pytest.mark.parametrize("place", [0, 1])
def test_the_documents_hold_the_tables_of_their_figures(place):
    found = orjson.loads(rendering.FIGURES.read_bytes())
    text = [*rendering.DOCUMENTS.values()][place].read_text("utf-8")
    for name, lines in rendering.tables(found, place).items():
        assert rendering.put_between(text, name, lines) == text


def test_only_what_stands_between_the_marks_is_replaced():
    text = "before\n<!-- log -->\nold\n<!-- /log -->\nafter\n"
    assert rendering.put_between(text, "log", ["new", r"\1"]) == (
        "before\n<!-- log -->\nnew\n\\1\n<!-- /log -->\nafter\n"
    )
    with pytest.raises(ValueError, match="sync"):
        rendering.put_between(text, "sync", [])
