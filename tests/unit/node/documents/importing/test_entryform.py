"""One entry as a form: what a version says is filled in, and read back as it was."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.documents.importing.entryform import (
    EntryForm,
    form_fields,
    form_of_grid,
    form_of_version,
    place_of,
)
from node.errors import InvalidInput
from node.office.worktables import Worktable, begin_entry, read_grid_of
from node.protocol.forms import make_document
from node.protocol.forms.fields import ITEMS_LIMIT
from tests.common.t2 import DEPARTMENT, ROW, SECOND_ITEM

ENTRY, ITEM = form_fields()
TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N")), max_size=20)


def read(form: EntryForm):
    return read_grid_of(Worktable(form.grid()), DEPARTMENT, lambda _: 1)


def filled(**changes: str) -> EntryForm:
    row = {**ROW, **changes}
    rows = ({**row}, {**row, **SECOND_ITEM})
    return EntryForm(
        {name: row.get(name, "") for name in ENTRY},
        [{name: each.get(name, "") for name in ITEM} for each in rows],
    )


NOT_SHARED = {
    "共享类型": "不予共享", "共享方式类型": "", "共享范围": "", "使用用途": "",
    "不予共享理由": "涉及商业秘密", "依据类型": "法律", "依据名称": "反不正当竞争法",
    "依据条款": "第九条",
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        NOT_SHARED,
        {"共享条件": "只限核验；不得留存", "共享方式类型": "接口、数据库"},
        {"更新周期": "其他", "更新周期说明": "每两年", "是否含个人信息": "否",
         "个人信息保护影响评估结论": "", "个人信息保护影响评估日期": ""},
    ],
    ids=["conditional", "not shared", "several modes", "another cycle"],
)  # fmt: skip
def test_a_version_is_filled_in_as_it_was_and_says_the_same_again(changes):
    found = read(filled(**changes))
    assert found.problems == []
    body = found.entries[0].body
    again = read(form_of_version(body))
    assert again.problems == []
    assert {**again.entries[0].body, "salt": ""} == {**body, "salt": ""}


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(ITEM, TEXT)), min_size=1, max_size=4))
def test_what_is_filled_in_stands_in_the_grid_as_it_was_typed(items):
    form = EntryForm(dict.fromkeys(ENTRY, ""), items)
    assert form_of_grid(form.grid()) == form


def test_a_fault_is_said_at_the_field_it_is_in():
    found = read(filled(更新周期="有时"))
    [problem] = found.problems
    assert problem.cell == place_of(2, "更新周期")


def test_an_entry_the_form_has_no_field_for_is_not_begun():
    body = orjson.loads(read(filled()).entries[0].data)
    given = {name: each for name, each in body.items() if name not in {"type", "v", "salt"}}
    related = make_document("catalogue-version", {**given, "relatedCodes": ["1/2"]})
    with pytest.raises(InvalidInput, match="关联资源"):
        begin_entry("市公安局", DEPARTMENT, related)


def test_a_form_is_bounded():
    with pytest.raises(InvalidInput, match="信息项"):
        EntryForm({}, [{}] * (ITEMS_LIMIT + 1)).grid()
    with pytest.raises(InvalidInput, match="信息资源名称"):
        EntryForm({"信息资源名称": "长" * 40_000}).grid()
