"""A cell of a workbook is read as it is seen, or its fault is said."""

from __future__ import annotations

import re

import pytest

from node.documents.importing import worksheets
from node.documents.importing.cells import CELL_LIMIT, COLUMNS_LIMIT, ERROR
from node.documents.importing.tables import read_sheets
from node.errors import MalformedTable
from tests.common.spreadsheets import by_hand, only_sheet, rewritten, seen

STYLES = """
<numFmts><numFmt numFmtId="164" formatCode="000"/></numFmts>
<fonts><font/><font><strike/></font><font><strike val="0"/></font></fonts>
<cellXfs><xf numFmtId="0" fontId="0"/><xf numFmtId="164" fontId="0"/><xf numFmtId="14" fontId="0"/>
<xf numFmtId="0" fontId="1"/><xf numFmtId="0" fontId="2"/><xf numFmtId="31" fontId="0"/></cellXfs>
"""
NEVER = re.compile(rb"(?!)")
PADDED, DATED, STRUCK, NOT_STRUCK, CHINESE_DATE = 1, 2, 3, 4, 5


def cell(tmp_path, xml, **parts):
    """Read a workbook of one cell, whose XML this is."""
    path = by_hand(tmp_path / "a.xlsx", f"<row>{xml}</row>", styles=STYLES, **parts)
    return seen(path).get("A1", "")


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<c><v>7</v></c>", "7"),
        (f'<c s="{PADDED}"><v>7</v></c>', "007"),
        (f'<c s="{DATED}"><v>46080</v></c>', "2026-02-27"),
        (f'<c s="{CHINESE_DATE}"><v>46080</v></c>', "2026-02-27"),
        ('<c t="d"><v>2026-02-27</v></c>', "2026-02-27"),
        ('<c t="d"><v>2026-02-27T00:00:00.000Z</v></c>', "2026-02-27"),
        ('<c t="d"><v>2026-02-27T08:30:00</v></c>', "2026-02-27 08:30:00"),
        ('<c t="b"><v>1</v></c>', "是"),
        ('<c t="b"><v>0</v></c>', "否"),
        ('<c t="inlineStr"><is><t>甲 </t></is></c>', "甲"),
        ('<c t="inlineStr"><is><r><t>甲</t></r><r><t>乙</t></r></is></c>', "甲乙"),
        ('<c t="inlineStr"><is><t>甲</t><rPh sb="0" eb="1"><t>jiǎ</t></rPh></is></c>', "甲"),
        ('<c t="str"><f>A2</f><v>甲</v></c>', "甲"),
        ('<c t="str"><f>A2</f><v></v></c>', ""),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ('<c><f t="shared" si="0"/><v>2</v></c>', "2"),
        ('<c t="inlineStr"><is><t>甲_x000D_\n乙</t></is></c>', "甲\n乙"),
        ('<c t="inlineStr"><is><t>甲_x005F_x000D_乙</t></is></c>', "甲_x000D_乙"),
        ('<c t="inlineStr"><is><t>１２３（甲）</t></is></c>', "１２３（甲）"),
        ('<c t="inlineStr"><is><t><![CDATA[<c r="A1"/><c r="B1"/>]]></t></is></c>',
         '<c r="A1"/><c r="B1"/>'),
        (f'<c s="{NOT_STRUCK}"><v>7</v></c>', "7"),
        (f'<c s="{STRUCK}"/>', ""),
        ('<c s="99"><v>7</v></c>', "7"),
        ('<x:c xmlns:x="urn:x"><x:v>7</x:v></x:c>', "7"),
        ("<c><v>7</v><extLst><ext><v2>8</v2></ext></extLst></c>", "7"),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_it_is_seen(tmp_path, xml, text):
    assert cell(tmp_path, xml) == text


@pytest.mark.parametrize(
    ("xml", "fault"),
    [
        ('<c t="e"><v>#REF!</v></c>', ERROR),
        ('<c t="inlineStr"><is><t>#REF!</t></is></c>', ERROR),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', ERROR),
        ("<c><f>1+1</f></c>", worksheets.UNCALCULATED),
        ("<c><f>1+1</f><v/></c>", worksheets.UNCALCULATED),
        ('<c t="str"><f>A2</f></c>', worksheets.UNCALCULATED),
        ("<c><f>TODAY()</f><v>46080</v></c>", worksheets.CHANGING),
        ('<c t="str"><f>_xlfn.DISPIMG("ID_1",1)</f><v>=DISPIMG("ID_1",1)</v></c>',
         worksheets.PICTURE),
        (f'<c s="{STRUCK}"><v>7</v></c>', worksheets.STRUCK),
        (f'<c s="{STRUCK}" t="inlineStr"><is><t>甲</t></is></c>', worksheets.STRUCK),
        (f'<c s="{STRUCK}" t="b"><v>1</v></c>', worksheets.STRUCK),
        ('<c t="inlineStr"><is><r><t>甲</t></r><r><rPr><strike/></rPr><t>乙</t></r></is></c>',
         worksheets.STRUCK),
        ("<c><v>911309000000000000</v></c>", "超过 15 位"),
        ("<c><v>many</v></c>", "数读不出"),
        ('<c t="inlineStr"><is><t>房_x0000_屋</t></is></c>', "U+0000"),
        ('<c t="inlineStr"><is><t>房\u200b屋</t></is></c>', "U+200B"),
        ('<c t="inlineStr"><is><t>房_xD800_屋</t></is></c>', "U+D800"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_right_is_a_fault(tmp_path, xml, fault):
    text, mark, found = cell(tmp_path, xml).partition("!这")
    assert mark, text
    assert fault in "这" + found


@pytest.mark.parametrize(
    "run",
    [
        "<r><rPr><strike/></rPr><t> </t></r>",
        '<r><rPr><strike val="0"/></rPr><t>乙</t></r>',
        "<r><rPr><b/></rPr><t>乙</t></r>",
    ],
)
def test_a_run_that_is_not_seen_struck_is_no_fault(tmp_path, run):
    xml = f'<c t="inlineStr"><is><r><t>甲</t></r>{run}</is></c>'
    assert "!" not in cell(tmp_path, xml)


def test_runs_with_a_font_of_their_own_do_not_take_the_cells_strike(tmp_path):
    runs = "<r><rPr><b/></rPr><t>甲</t></r><r><rPr><i/></rPr><t>乙</t></r>"
    assert cell(tmp_path, f'<c s="{STRUCK}" t="inlineStr"><is>{runs}</is></c>') == "甲乙"


def test_shared_texts_are_read_with_their_strike(tmp_path):
    strings = (
        "<si><t>甲</t></si><si><r><rPr><strike/></rPr><t>乙</t></r></si>"
        "<si><t>丙</t><rPh><t>b</t></rPh></si><si/>"
    )
    data = "".join(f'<c t="s"><v>{at}</v></c>' for at in range(4)).join(("<row>", "</row>"))
    assert seen(by_hand(tmp_path / "a.xlsx", data, strings=strings)) == {
        "A1": "甲",
        "B1": f"乙!{worksheets.STRUCK}",
        "C1": "丙",
    }


def test_a_workbook_that_leaves_its_formulas_to_the_reader_has_no_results(tmp_path):
    path = tmp_path / "a.xlsx"
    by_hand(path, "<row><c><f>1+1</f><v>0</v></c></row>", book='<calcPr fullCalcOnLoad="1"/>')
    assert seen(path) == {"A1": f"=1+1!{worksheets.UNCALCULATED}"}


def test_a_result_that_is_to_be_calculated_again_is_named(tmp_path):
    path = tmp_path / "a.xlsx"
    by_hand(path, "<row><c><f>1+1</f><v>2</v></c></row>", book='<calcPr fullCalcOnLoad="1"/>')
    sheet = only_sheet(path)
    assert [row.cells for row in sheet.rows] == [["2"]]
    [note] = sheet.notes
    assert (note.cell, note.value, "再算一次" in note.message) == ("A1", "2", True)


def test_days_count_from_1904_where_the_workbook_says_so(tmp_path):
    xml = f'<c s="{DATED}"><v>44618</v></c>'
    assert cell(tmp_path, xml, book='<workbookPr date1904="1"/>') == "2026-02-27"


def test_cells_without_a_place_follow_each_other(tmp_path):
    data = (
        '<row><c/><c><v>1</v></c><c r="D1"><v>2</v></c><c><v>3</v></c></row>'
        '<row r="4"/><row><c><v>4</v></c></row>'
    )
    assert seen(by_hand(tmp_path / "a.xlsx", data)) == {"B1": "1", "D1": "2", "E1": "3", "A5": "4"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ('<row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row>', "out of order"),
        ('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>', "out of order"),
        ('<row r="1"><c r="A2"><v>1</v></c></row>', "out of its row"),
        ('<row r="1048577"><c><v>1</v></c></row>', "out of order"),
        ('<row r="1"><c r="XFE1"><v>1</v></c></row>', "out of order"),
        ('<row r="x"><c><v>1</v></c></row>', "invalid literal"),
        ('<row><c t="s"><v>1</v></c></row>', "no such shared string"),
        ("<row><c><v>1</v></row>", "mismatched tag"),
        (f'<row><c t="str"><v>{"x" * (8 * CELL_LIMIT + 1)}</v></c></row>', "too long"),
    ],
)
def test_what_no_spreadsheet_writes_is_refused(tmp_path, data, reason):
    with pytest.raises(MalformedTable, match=reason):
        seen(by_hand(tmp_path / "a.xlsx", data))


def test_an_entity_is_refused_wherever_it_is_declared(tmp_path):
    path = by_hand(tmp_path / "plain.xlsx", "<row><c><v>1</v></c></row>")
    for part in (
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",
        "xl/styles.xml",
        "xl/sharedStrings.xml",
    ):
        root = {
            "xl/workbook.xml": b"<workbook",
            "xl/worksheets/sheet1.xml": b"<worksheet",
            "xl/styles.xml": b"<styleSheet",
            "xl/sharedStrings.xml": b"<sst",
        }[part]
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + root
        evil = rewritten(path, tmp_path / "evil.xlsx", part, root, bomb)
        with pytest.raises(MalformedTable, match="文档类型"):
            [list(sheet.rows) for sheet in read_sheets(evil)]


class TestLayout:
    def test_merged_cells_fill_down_in_their_first_column(self, tmp_path):
        data = (
            '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>10</v></c></row>'
            '<row r="2"><c r="B2"><v>20</v></c></row><row r="3"><c r="B3"><v>30</v></c></row>'
            '<row r="4"><c r="B4"><v>40</v></c></row>'
        )
        path = by_hand(
            tmp_path / "a.xlsx",
            data,
            around=("", '<mergeCells><mergeCell ref="A1:A3"/></mergeCells>'),
        )
        sheet = only_sheet(path)
        assert [row.cells for row in sheet.rows] == [
            ["1", "10"], ["1", "20"], ["1", "30"], ["", "40"],
        ]  # fmt: skip
        assert sheet.notes == []

    def test_a_row_with_nothing_of_its_own_under_a_merged_cell_is_blank(self, tmp_path):
        data = '<row r="1"><c><v>1</v></c></row><row r="2"/><row r="3"><c r="B3"><v>3</v></c></row>'
        path = by_hand(
            tmp_path / "a.xlsx",
            data,
            around=("", '<mergeCells><mergeCell ref="A1:A9"/></mergeCells>'),
        )
        assert seen(path) == {"A1": "1", "A3": "1", "B3": "3"}

    def test_a_fault_fills_down_with_its_cell(self, tmp_path):
        data = '<row><c t="e"><v>#N/A</v></c></row><row><c/><c><v>2</v></c></row>'
        path = by_hand(
            tmp_path / "a.xlsx",
            data,
            around=("", '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>'),
        )
        assert seen(path)["A2"] == f"#N/A!{ERROR}"

    def test_what_a_merged_cell_covers_is_not_read_and_named(self, tmp_path):
        data = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c><c><v>1</v></c></row>"
        path = by_hand(
            tmp_path / "a.xlsx",
            data,
            around=("", '<mergeCells><mergeCell ref="A1:B2"/></mergeCells>'),
        )
        sheet = only_sheet(path)
        assert [row.cells for row in sheet.rows] == [["1"]]
        assert [note.cell for note in sheet.notes] == ["A1:B2", "B1", "A2"]

    def test_a_range_whose_first_row_is_blank_shows_nothing(self, tmp_path):
        data = '<row r="2"><c r="A2"><v>9</v></c><c r="B2"><v>2</v></c></row>'
        path = by_hand(
            tmp_path / "a.xlsx",
            data,
            around=("", '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>'),
        )
        assert seen(path) == {"B2": "2"}

    def test_ranges_over_each_other_are_bounded(self, tmp_path):
        merges = "".join(f'<mergeCell ref="A1:A{at}"/>' for at in range(2, COLUMNS_LIMIT + 4))
        path = by_hand(
            tmp_path / "a.xlsx",
            "<row><c><v>1</v></c></row>",
            around=("", f"<mergeCells>{merges}</mergeCells>"),
        )
        with pytest.raises(MalformedTable, match="第 1 行的合并单元格太多"):
            seen(path)

    @pytest.mark.parametrize("attributes", ['hidden="1"', 'ht="0" customHeight="1"', 'ht="0.25"'])
    def test_hidden_rows_are_read_and_named(self, tmp_path, attributes):
        data = "<row><c><v>1</v></c></row>" + f"<row {attributes}><c><v>2</v></c></row>" * 2
        data += f"<row {attributes}><c/></row>"
        sheet = only_sheet(by_hand(tmp_path / "a.xlsx", data))
        assert len(list(sheet.rows)) == 3
        (note,) = sheet.notes
        assert (note.sheet, note.cell) == ("目录", "2:3")
        assert "第 2 至 3 行被隐藏" in note.message

    def test_many_hidden_rows_are_counted(self, tmp_path):
        data = '<row hidden="1"><c><v>1</v></c></row><row><c><v>2</v></c></row>' * 50
        sheet = only_sheet(by_hand(tmp_path / "a.xlsx", data))
        list(sheet.rows)
        assert [note.cell for note in sheet.notes] == [f"{at}:{at}" for at in range(1, 41, 2)]
        assert sheet.notes[-1].message.startswith("第 39 行等共 50 行被隐藏")

    def test_rows_hidden_by_default_are_named(self, tmp_path):
        data = '<row hidden="0"><c><v>1</v></c></row><row><c><v>2</v></c></row>'
        path = by_hand(tmp_path / "a.xlsx", data, around=('<sheetFormatPr zeroHeight="1"/>', ""))
        sheet = only_sheet(path)
        list(sheet.rows)
        assert [note.cell for note in sheet.notes] == ["2:2"]

    @pytest.mark.parametrize("how", ['hidden="1"', 'width="0.1" customWidth="1"'])
    def test_hidden_columns_with_content_are_named(self, tmp_path, how):
        cols = f'<cols><col min="2" max="2" {how}/><col min="4" max="16384" hidden="1"/></cols>'
        data = "<row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row>"
        sheet = only_sheet(by_hand(tmp_path / "a.xlsx", data, around=(cols, "")))
        list(sheet.rows)
        assert [note.cell for note in sheet.notes] == ["B:B"]

    @pytest.mark.parametrize("state", ["hidden", "veryHidden"])
    def test_a_hidden_sheet_is_read_and_named_when_it_holds_cells(self, tmp_path, state):
        for data, count in (("<row><c><v>1</v></c></row>", 1), ("<row><c/></row>", 0)):
            sheet = only_sheet(by_hand(tmp_path / "a.xlsx", data, state=f'state="{state}"'))
            assert len(list(sheet.rows)) == count
            assert ["隐藏" in note.message for note in sheet.notes] == [True] * count

    @pytest.mark.parametrize(
        ("font", "fill", "named"),
        [
            ('<color rgb="FFFFFFFF"/>', "<patternFill/>", True),
            ('<color theme="0"/>', '<patternFill patternType="none"/>', True),
            ('<color indexed="9"/>', "", True),
            ('<color rgb="FF000000"/>', "", False),
            ('<color theme="0" tint="-0.5"/>', "", False),
            ('<color rgb="FFFFFFFF"/>', '<patternFill patternType="solid"/>', False),
        ],
    )
    def test_white_on_nothing_is_named(self, tmp_path, font, fill, named):
        styles = (
            f"<fonts><font/><font>{font}</font></fonts><fills><fill/><fill>{fill}</fill></fills>"
            '<cellXfs><xf/><xf fontId="1" fillId="1"/></cellXfs>'
        )
        data = '<row><c s="1"><v>1</v></c><c><v>2</v></c><c s="1"><v>3</v></c><c s="1"/></row>'
        sheet = only_sheet(by_hand(tmp_path / "a.xlsx", data, styles=styles))
        list(sheet.rows)
        assert [(note.cell, note.value) for note in sheet.notes] == [
            ("A1", "1"),
            ("C1", "3"),
        ] * named
        assert all("白色" in note.message for note in sheet.notes)

    def test_what_is_said_of_many_cells_is_said_once(self, tmp_path):
        rows = "".join(f"<row><c><v>{10**12 + at}</v></c></row>" for at in range(40))
        sheet = only_sheet(by_hand(tmp_path / "a.xlsx", rows))
        list(sheet.rows)
        assert [note.cell for note in sheet.notes] == [f"A{at}" for at in range(1, 22)]
        assert sheet.notes[-1].value == f"{10**12 + 20}"
        assert sheet.notes[-1].message.startswith(
            "A21、A22、A23、A24、A25 等 20 格在表里显示为科学"
        )

    def test_drawings_are_named(self, tmp_path):
        sheet = only_sheet(by_hand(tmp_path / "a.xlsx", "", around=("", "<drawing/>")))
        list(sheet.rows)
        assert "图形" in sheet.notes[0].message


def test_blank_cells_left_out_before_parsing_change_nothing(tmp_path, monkeypatch):
    data = (
        '<row r="1"><c r="A1" s="1"/><c r="B1" s="1"/><c r="C1"><v>1</v></c>'
        '<c r="D1"/><c/><c><v>6</v></c></row>'
        '<row r="2" spans="1:3"><c r="A2" s="1"><v></v></c><c r="B2"><v/></c></row>'
        '<row r="3"/><row><c><v>4</v></c></row>'
        '<row r="9" hidden="1"><c r="B9" s="1" /><c r="C9" ><v>7</v></c></row><row r="10"></row>'
        '<row r="12">\n <c r="A12" t="inlineStr"><is><t></t></is></c>\n'
        ' <c r="B12"><v>8</v></c>\n <c r="C12" s="1" />\n</row>\n<row r="13">\n</row>\n'
    )
    path = by_hand(tmp_path / "a.xlsx", data)
    short = seen(path)
    monkeypatch.setattr(worksheets, "_BLANK_ROW", NEVER)
    monkeypatch.setattr(worksheets, "_BLANK_CELL", NEVER)
    assert seen(path) == short == {"C1": "1", "F1": "6", "A4": "4", "C9": "7", "B12": "8"}


@pytest.mark.parametrize("size", [1, 7, 64, 300])
def test_where_a_chunk_ends_changes_nothing(tmp_path, monkeypatch, size):
    data = (
        '<row r="1"><c r="A1"/><c r="B1"/><c r="C1" t="str"><v>甲</v></c></row>'
        '<row r="2"><c r="A2"/></row><row r="3"><c r="A3" t="inlineStr"><is><t>'
        '<![CDATA[<c r="A1"/><c r="B1"/>]]></t></is></c></row>'
    )
    merges = ("", '<mergeCells><mergeCell ref="C1:C3"/></mergeCells>')
    monkeypatch.setattr(worksheets, "CHUNK_BYTES", size)
    found = seen(by_hand(tmp_path / "a.xlsx", data, around=merges))
    assert found == {"C1": "甲", "A3": '<c r="A1"/><c r="B1"/>', "C3": "甲"}
