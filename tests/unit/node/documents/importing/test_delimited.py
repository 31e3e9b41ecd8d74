"""A CSV file is read in the encoding and by the separator it has, or it is said which it has."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.documents.importing.delimited import FORMULA, SHORTENED
from node.documents.importing.tables import read_sheets
from node.errors import MalformedTable
from tests.common.spreadsheets import only_sheet, seen

TEXT = "信息资源名称,共享类型\n户籍信息（镕、㐂）,有条件共享\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_the_encoding_is_found(tmp_path, encoding):
    text = TEXT if encoding != "gbk" else TEXT.replace("㐂", "喜")
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    rows = [row.cells for row in only_sheet(path).rows]
    assert rows == [line.split(",") for line in text.splitlines()]


def test_a_character_over_the_edge_of_what_is_read_at_once_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("node.documents.importing.delimited.CHUNK_BYTES", 3)
    for encoding in ("utf-8", "gb18030"):
        path = tmp_path / "a.csv"
        path.write_bytes(TEXT.encode(encoding))
        assert [row.cells[0] for row in only_sheet(path).rows] == [
            "信息资源名称",
            "户籍信息（镕、㐂）",
        ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (TEXT.encode() * 3 + b"\xff\xfe,a\n", "是 UTF-8 编码，但第 7 行有损坏"),
        ("信息資源名稱,類別\n".encode("big5"), "既不是 UTF-8 也不是 GB18030"),
        (TEXT.encode("utf-16-le"), "没有标记的 UTF-16"),
        (b"\x81\x20,\xff\n", "既不是 UTF-8 也不是 GB18030"),
        ("甲，乙，丙\n1，2，3\n".encode(), "全角逗号"),
        ("sep=|\n甲|乙\n".encode(), "以「|」分隔"),
        ('甲,乙\n"1"2,3\n'.encode(), "第 2 行附近的引号不成对"),
        ('甲,乙\n"1,2\n'.encode(), "引号不成对"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, content, reason):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(MalformedTable) as refused:
        list(only_sheet(path).rows)
    assert reason in str(refused.value)


def test_an_encoding_that_is_told_is_kept_to(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("信息資源名稱,類別\n".encode("cp950"))
    (sheet,) = read_sheets(path, encoding="cp950")
    assert [row.cells for row in sheet.rows] == [["信息資源名稱", "類別"]]
    for wrong in ("utf-8", "no-such-encoding"):
        (sheet,) = read_sheets(path, encoding=wrong)
        with pytest.raises(MalformedTable, match=wrong):
            list(sheet.rows)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a;b\n", ["a", "b"]),
        ("a\tb\n", ["a", "b"]),
        ('"a;;b",c\n', ["a;;b", "c"]),
        ("sep=;\na;b,c\n", ["a", "b,c"]),
        ("sep=\t\na\tb\n", ["a", "b"]),
        ('"a\r\nb\rc\td\t",\r\n', ["a\nb\nc\td"]),
        ('"a ""b""",c\n', ['a "b"', "c"]),
        ('="007",c\n', ["007", "c"]),
        ('"=""007""",c\n', ["007", "c"]),
        ("１２３，甲\n", ["１２３，甲"]),
        ("a", ["a"]),
    ],
)
def test_cells_are_parted_as_they_are(tmp_path, text, cells):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert [row.cells for row in only_sheet(path).rows] == [cells]


def test_rows_count_as_the_spreadsheet_shows_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('sep=,\n甲,乙\n"1\n2",3\n\n4,5\n', "utf-8")
    assert [row.number for row in only_sheet(path).rows] == [1, 2, 4]


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("房\0屋", "U+0000"),
        ("房\u200b屋", "U+200B"),
        ("9.11309E+17", SHORTENED),
        ("=A1+1", FORMULA),
    ],
)
def test_a_cell_that_cannot_be_right_is_a_fault(tmp_path, cell, fault):
    path = tmp_path / "a.csv"
    path.write_text(f"甲,乙\n1,{cell}\n", "utf-8")
    found = seen(path)["B2"]
    assert found.startswith(cell + "!")
    assert fault in found


def test_a_file_of_nothing_has_no_rows(tmp_path):
    path = tmp_path / "a.csv"
    for content in (b"", b"\xef\xbb\xbf", b"\n\n", b",,,\n"):
        path.write_bytes(content)
        assert list(only_sheet(path).rows) == []


@given(content=st.binary(max_size=200))
def test_no_bytes_raise_but_our_own_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    with suppress(MalformedTable):
        list(only_sheet(path).rows)


@pytest.mark.skipif("SHARELEDGER_REAL_DATA" not in os.environ, reason="no SHARELEDGER_REAL_DATA")
def test_real_tables_of_another_encoding_are_not_taken_for_gb18030():
    path = Path(os.environ["SHARELEDGER_REAL_DATA"]) / "taipei-2018/taipei_2018-07_big5.csv"
    with pytest.raises(MalformedTable, match="既不是 UTF-8 也不是 GB18030"):
        read_sheets(path)
    (sheet,) = read_sheets(path, encoding="cp950")
    assert sum(1 for _ in sheet.rows) > 1_000
