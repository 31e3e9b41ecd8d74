import csv
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
from node.documents.importing.template import write_template
from node.errors import LedgerError, MalformedTable
from node.protocol.forms import parse
from tests.common.t2 import DEPARTMENT, ROW, SECOND_ITEM


@pytest.fixture
def workbook(tmp_path):
    def make(*rows):
        path = tmp_path / "filled.xlsx"
        write_template(path, rows)
        return path

    return make


def file(path, next_version=lambda _code: 1, mapping="t2"):
    return file_table(path, load_mapping(mapping), department=DEPARTMENT, next_version=next_version)


class TestTheT2Template:
    def test_rows_with_one_code_become_one_entry_with_its_items(self, workbook):
        filing = file(workbook(ROW, SECOND_ITEM), next_version=lambda _code: 3)
        assert filing.problems == []
        body = parse(filing.documents[0]).body
        assert [item.code for item in body.items] == ["XM", "GMSFHM"]
        assert (body.version, body.department, body.grade) == (3, DEPARTMENT, "一般3级")
        assert [purpose.code for purpose in body.conditions.purposes] == ["ZHSX", "RKTJ"]

    def test_no_and_yes_are_kept_apart(self, workbook):
        body = parse(file(workbook(ROW, SECOND_ITEM)).documents[0]).body
        assert body.opening.open is False
        assert [item.filterable for item in body.items] == [False, True]

    def test_an_unknown_word_is_reported_with_row_column_and_what_is_allowed(self, workbook):
        filing = file(workbook(ROW, {**SECOND_ITEM, "数据类型": "文字"}))
        assert filing.documents == []
        [problem] = filing.problems
        assert (problem.row, problem.column, problem.value) == (4, "数据类型", "文字")
        assert "字符型C" in problem.message

    def test_what_the_law_refuses_is_said_at_its_cell(self, workbook):
        filing = file(workbook({**ROW, "保密审查日期": "2026-13-01"}))
        [problem] = filing.problems
        assert (problem.row, problem.column) == (3, "保密审查日期")

    def test_a_missing_condition_names_the_article(self, workbook):
        filing = file(workbook({**ROW, "共享范围": "", "使用用途": "", "共享条件": ""}))
        assert any("条例第十五条" in problem.message for problem in filing.problems)

    def test_a_code_that_comes_again_later_is_refused_naming_the_first_row(self, workbook):
        other = {**ROW, "信息资源代码": "30300101/06002"}
        filing = file(workbook(ROW, other, ROW))
        assert [entry.code for entry in filing.entries] == ["30300101/06002"]
        assert [(p.row, "第 3 行" in p.message) for p in filing.problems] == [(5, True)]

    def test_the_template_is_never_written_over_a_file(self, workbook):
        path = workbook(ROW)
        with pytest.raises(LedgerError, match="exists"):
            write_template(path)


class TestBadFiles:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.xlsx", b"not a workbook"),
            ("a.csv", b"\xff\xfe\x00"),
            ("a.docx", b""),
            ("a.csv", "没有表头\n".encode()),
        ],
    )
    def test_are_refused_as_tables(self, tmp_path, name, content):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(MalformedTable):
            file(path)


WORDS = [
    *{value for row in (ROW, SECOND_ITEM) for value in row.values()},
    "",
    "无",
    "/",
    "否",
    "是",
    "30300101/06002",
    "３０３００１０１／０６００１",
    "2026年3月1日",
    "45000",
    "户\u200b籍",
    "\x00",
]
CELLS = st.one_of(st.sampled_from(WORDS), st.text(max_size=20))
ROWS = st.dictionaries(st.sampled_from([*ROW, *SECOND_ITEM]), CELLS, max_size=6)
"""What differs from a lawful row."""


class TestAnyTable:
    def write(self, folder, headings, rows):
        path = folder / "a.csv"
        with path.open("w", encoding="utf-8", newline="", errors="replace") as out:
            csv.writer(out).writerows([headings, *rows])
        return path

    @settings(max_examples=60)
    @given(
        headings=st.lists(st.one_of(st.sampled_from(list(ROW)), st.text(max_size=8)), max_size=12),
        rows=st.lists(st.lists(CELLS, max_size=12), max_size=12),
    )
    def test_is_read_or_refused_with_our_own_error(self, tmp_path_factory, headings, rows):
        path = self.write(tmp_path_factory.mktemp("any"), headings, rows)
        try:
            filing = file(path)
        except MalformedTable:
            return
        assert filing.problems or filing.entries

    @settings(max_examples=120)
    @given(st.lists(st.tuples(st.sampled_from([ROW, SECOND_ITEM]), ROWS), min_size=1, max_size=6))
    def test_files_an_entry_with_every_item_its_rows_have(self, tmp_path_factory, changed):
        rows = [{**row, **changes} for row, changes in changed]
        headings = list(dict.fromkeys([*ROW, *SECOND_ITEM]))
        cells = [[row.get(heading, "") for heading in headings] for row in rows]
        try:
            filing = file(self.write(tmp_path_factory.mktemp("any"), headings, cells))
        except MalformedTable:
            return
        named = Counter(unicodedata.normalize("NFKC", row["信息资源代码"]).strip() for row in rows)
        for entry in filing.entries:
            assert len(entry.items) == named[entry.code]
        bad = {(problem.sheet, problem.row) for problem in filing.problems}
        assert filing.problems or len(filing.entries) == filing.total
        assert not bad & {(entry.sheet, entry.row) for entry in filing.entries}
