"""A trace's drawing: no box covers another, every line is joined to what it stands under."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from api.console.audit.drawing import HEIGHT, MOST, ROWS, UNITS, WIDTH, draw
from ledger_sync.trace import TraceLine


def new_line(text: str, ok: bool, children: list[TraceLine]) -> TraceLine:  # noqa: FBT001 - a fact
    return TraceLine(text, text, "核对", "check", ok, "", tuple(children), "block", "1")


TRACES = st.recursive(
    st.builds(new_line, st.text(max_size=90), st.booleans(), st.just([])),
    lambda below: st.builds(
        new_line, st.text(max_size=90), st.booleans(), st.lists(below, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(trace=TRACES)
def test_boxes_stand_apart_and_inside_the_drawing(trace):
    drawing = draw(trace, english=False)
    lines = list(trace.walk())
    if drawing is None:
        assert len(lines) > MOST
        return
    assert [box.line for box in drawing.boxes] == lines
    assert len(drawing.arcs) == len(lines) - 1
    for at, one in enumerate(drawing.boxes):
        assert one.x + WIDTH <= drawing.width
        assert one.y + HEIGHT <= drawing.height
        assert len(one.rows) <= ROWS
        assert all(len(row) <= UNITS + 1 for row in one.rows)
        for other in drawing.boxes[at + 1 :]:
            apart = abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT
            assert apart, (one, other)


def test_a_mark_says_whether_the_line_below_holds():
    trace = new_line("调用", ok=True, children=[new_line("授权", ok=False, children=[])])
    drawing = draw(trace, english=False)
    assert drawing is not None
    assert [arc.ok for arc in drawing.arcs] == [False]


def test_a_long_id_is_shortened_and_a_long_name_folded():
    name = "某某市政务服务和数据管理局" * 4
    drawing = draw(new_line(f"{'ab' * 32} {name}", ok=True, children=[]), english=False)
    assert drawing is not None
    rows = drawing.boxes[0].rows
    assert rows[0].startswith("abababab…abab")
    assert len(rows) == ROWS
    assert rows[-1].endswith("…")


def test_a_number_is_not_parted_and_a_key_stands_in_the_list_alone():
    text = (
        "决定「申请共享」：市教育局 · 张伟（密钥 3391ef198f3a…），第 34 块（2026-11-29 01:34:14）"
    )
    drawing = draw(new_line(text, ok=True, children=[]), english=False)
    assert drawing is not None
    rows = drawing.boxes[0].rows
    assert not any("密钥" in row for row in rows)
    assert any("2026-11-29" in row for row in rows)


def test_a_tree_of_too_many_lines_is_not_drawn():
    children = [new_line("调用", ok=True, children=[])] * MOST
    assert draw(new_line("区块", ok=True, children=children), english=True) is None
