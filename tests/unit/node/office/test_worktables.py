"""A table that is dropped, mended and compared, without a ledger behind it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from node.documents.coverage import Coverage
from node.documents.importing.cells import column_of
from node.documents.importing.template import write_template
from node.errors import InvalidInput, MalformedTable
from node.office import worktables
from node.office.filings import Newest, bodies_of
from node.office.worktables import (
    Worktable,
    check,
    compare_read,
    drop,
    fit,
    load_worktable,
    propose_for,
    read_worktable,
)
from node.protocol import forms as documents
from node.storage.engines import open_engine
from tests.common.t2 import DEPARTMENT, ROW, SECOND_ITEM

NOTHING = SimpleNamespace(newest_versions=lambda _department: {})


@pytest.fixture
def dropped(tmp_path):
    def make(*rows) -> Worktable:
        path = tmp_path / "filled.xlsx"
        path.unlink(missing_ok=True)
        write_template(path, rows or [ROW, {**SECOND_ITEM, "数据类型": "文字"}])
        return drop(path.read_bytes(), "报送.xlsx")

    return make


@pytest.fixture
def coverage(tmp_path):
    engine = open_engine(tmp_path / "node.db")
    yield Coverage(engine)
    engine.dispose()


def compared(table, coverage):
    newest = Newest(NOTHING, DEPARTMENT)
    read = read_worktable(table, DEPARTMENT, newest.next_number), newest
    return compare_read(table, read, NOTHING, SimpleNamespace(find=lambda _: None), coverage)  # type: ignore[arg-type]  # as above


def place(table):
    problem = table.problems[0]
    return problem.sheet, problem.row, column_of(problem.cell.rstrip("0123456789"))


def test_what_was_found_is_kept_with_the_table(dropped):
    table = dropped()
    check(table, NOTHING, DEPARTMENT)
    kept = load_worktable(table.dump())
    assert kept == table
    assert (kept.wrong, kept.entries, kept.total, kept.checked) == (1, 0, 1, True)


def test_a_mended_table_is_checked_anew_and_may_be_signed(dropped, coverage):
    table = dropped()
    check(table, NOTHING, DEPARTMENT)
    assert not compared(table, coverage).may_be_signed
    table.change(*place(table), "字符型C")
    assert (table.problems, table.checked) == ([], False)
    found = compared(load_worktable(table.dump()), coverage)
    assert found.may_be_signed
    [body] = bodies_of(found.found.to_file)
    # What is asked for makes the very document that was compared.
    assert documents.make_document("catalogue-version", body).body.name == ROW["信息资源名称"]


def test_a_file_that_is_no_such_table_says_so_where_problems_stand():
    table = drop("甲,乙\n1,2\n".encode(), "别的.csv")
    check(table, NOTHING, DEPARTMENT)
    [problem] = table.problems
    assert "找不到表头" in problem.message
    assert table.entries == 0


@pytest.mark.parametrize("name", ["", "../", "a\x00.csv"])
def test_a_file_needs_a_name(name):
    with pytest.raises(InvalidInput, match="名称"):
        drop(b"a,b\n", name)


def test_only_the_name_of_a_path_is_kept():
    assert drop("甲,乙\n".encode(), "C:\\Users\\张\\报送.csv").grid.file == "报送.csv"


def test_what_is_no_table_is_refused():
    with pytest.raises(MalformedTable, match="只接受"):
        drop(b"MZ", "a.exe")


def test_a_file_too_large_for_a_page_is_refused(monkeypatch):
    monkeypatch.setattr(worktables, "UPLOAD_LIMIT_BYTES", 3)
    with pytest.raises(InvalidInput, match="命令行"):
        drop(b"a,b\n", "a.csv")


def test_a_table_with_other_headings_is_read_by_the_kept_mapping_or_a_guess(coverage):
    text = "数据集编号,数据集名称,摘要,数据项,更新频率\nPX01,名称,介绍,姓名、地址,每年\n"
    table = drop(text.encode(), "导出.csv")
    assert not fit(table, NOTHING, DEPARTMENT, None)
    assert table.open_places
    assert "待填" in table.problems[0].message
    constants = {
        "provider": "市公安局", "providerCode": DEPARTMENT, "sourceSystem": "平台",
        "duty": "三定方案", "classification": ["主题"],
        "assessments": [{"kind": "保密审查", "conclusion": "不涉密", "date": "2026-02-27"}],
    }  # fmt: skip
    chosen = {"name": "数据集名称", "abstract": "摘要", "items.name": "数据项"}
    coverage.keep_mapping(DEPARTMENT, propose_for(table, chosen, constants).text)
    again = drop(text.encode(), "导出.csv")
    assert fit(again, NOTHING, DEPARTMENT, coverage.find_mapping(DEPARTMENT))
    assert (again.entries, again.open_places) == (1, [])
    assert load_worktable(again.dump()) == again
    # The column that was not chosen is not read.
    assert again.rules.constants["updateCycle"] == "每年"


def test_the_last_mapping_that_was_kept_counts_and_only_for_its_department(coverage):
    coverage.keep_mapping(DEPARTMENT, "a")
    coverage.keep_mapping(DEPARTMENT, "b")
    assert coverage.find_mapping(DEPARTMENT) == "b"
    assert coverage.find_mapping("11130900MB0000002Q") is None
