"""What a trace's checks mean: a sentence for each, good and bad, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ledger_sync.trace import tracer
from ledger_sync.trace.lines import TraceLine
from ledger_sync.trace.meaning import KINDS, LISTED, meaning_of


def new_line(kind: str, *, ok: bool) -> TraceLine:
    return TraceLine("", "", "", "", ok, "", (), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_check_that_holds_means_something_else_than_one_that_does_not(kind):
    good, bad = (meaning_of(new_line(kind, ok=ok)) for ok in (True, False))
    assert good != bad
    assert all(text.endswith(("。", ".")) for text in (*good, *bad))


def test_an_authorisation_that_no_call_was_judged_by_is_only_listed():
    assert meaning_of(new_line("authorisation", ok=True), judged=False) == LISTED
    assert meaning_of(new_line("authorisation", ok=False), judged=False) != LISTED


def test_every_line_of_the_tracer_is_of_a_kind_that_has_a_meaning():
    tree = ast.parse(Path(tracer.__file__).read_text("utf-8"))
    kinds = {
        node.elts[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Tuple)
        and len(node.elts) == 2
        and isinstance(node.elts[0], ast.Constant)
        and node.elts[0].value in KINDS
    }
    assert kinds == KINDS.keys() - {""}
