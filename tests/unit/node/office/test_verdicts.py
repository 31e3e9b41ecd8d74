"""What a reviewer chooses, by option or by a filled-in list."""

from __future__ import annotations

import csv

import pytest

from node.errors import (
    Conflict,
    InvalidInput,
    MalformedTable,
    NotFound,
)
from node.office.verdicts import (
    HEADINGS,
    Pending,
    find_place,
    judged,
    read_list,
    returned_by,
)
from tests.common.papers import EDUCATION, POLICE

WAITING = (
    Pending(EDUCATION, "1/1", 1, "学籍", "aa" * 32),
    Pending(POLICE, "1/1", 3, "户籍", "bb" * 32),
    Pending(POLICE, "1/2", 1, "居住证", "cc" * 32),
)


def row(each: Pending, verdict: str = "发布", reason: str = "", **changes: str) -> list[str]:
    cells = [each.department, each.code, str(each.version), each.name, each.digest, verdict, reason]
    for heading, value in changes.items():
        cells[HEADINGS.index(heading)] = value
    return cells


@pytest.fixture
def listed(tmp_path):
    def write(*rows, headings=HEADINGS):
        path = tmp_path / "list.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([headings, *rows])
        return path

    return write


class TestOptions:
    def test_a_code_one_department_has_is_enough(self):
        assert find_place(WAITING, "1/2") == (POLICE, "1/2")

    def test_a_code_two_departments_have_needs_the_department(self):
        with pytest.raises(Conflict, match=EDUCATION):
            find_place(WAITING, "1/1")
        assert find_place(WAITING, f"{POLICE}:1/1") == (POLICE, "1/1")

    def test_what_does_not_wait_is_not_found(self):
        with pytest.raises(NotFound, match="9/9"):
            find_place(WAITING, "9/9")

    @pytest.mark.parametrize("option", ["1/2", "1/2=", "1/2=  "])
    def test_a_return_needs_a_reason(self, option):
        with pytest.raises(InvalidInput, match="理由"):
            returned_by(WAITING, [option])

    def test_a_reason_may_hold_the_sign_that_parts_it(self):
        assert returned_by(WAITING, ["1/2=缺 a=b"]) == {(POLICE, "1/2"): "缺 a=b"}

    def test_verdicts_name_the_document_that_was_read(self):
        verdicts = judged(WAITING, {(POLICE, "1/2"): "过于简略"})
        assert [each["publish"] for each in verdicts] == [True, True, False]
        assert [each["subject"] for each in verdicts] == [each.digest for each in WAITING]
        assert verdicts[2]["reason"] == "过于简略"


class TestLists:
    def test_a_row_without_a_verdict_stays_pending(self, listed):
        path = listed(row(WAITING[0]), row(WAITING[1], ""), row(WAITING[2], "退回", "过于简略"))
        chosen, returned = read_list(path, WAITING)
        assert chosen == [WAITING[0], WAITING[2]]
        assert returned == {(POLICE, "1/2"): "过于简略"}

    @pytest.mark.parametrize(
        ("rows", "reason"),
        [
            ([row(WAITING[0], "通过")], "第 2 行：结论应为 发布 或 退回（通过）"),
            ([row(WAITING[0], "退回")], "第 2 行：退回应写明理由"),
            ([row(WAITING[0], 目录代码="9/9")], "第 2 行：没有待审核的目录 9/9"),
            ([row(WAITING[0]), row(WAITING[0])], "第 3 行：目录 1/1 列了两次"),
            ([row(WAITING[1], 版本="2")], "第 2 行：目录 1/1 现为第 3 版"),
            ([row(WAITING[1], 文件摘要="dd" * 32)], "第 2 行：目录 1/1 现为第 3 版"),
        ],
    )
    def test_a_row_that_does_not_fit_is_said_with_its_number(self, listed, rows, reason):
        with pytest.raises(MalformedTable, match=reason):
            read_list(listed(*rows), WAITING)

    def test_every_bad_row_is_said(self, listed):
        path = listed(row(WAITING[0], "通过"), row(WAITING[1], "退回"))
        with pytest.raises(MalformedTable, match=r"第 2 行.*第 3 行"):
            read_list(path, WAITING)

    def test_a_table_without_the_headings_is_refused(self, listed):
        with pytest.raises(MalformedTable, match="理由"):
            read_list(listed(headings=HEADINGS[:-1]), WAITING)
