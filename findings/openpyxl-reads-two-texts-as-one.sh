#!/bin/bash
# openpyxl 3.1.5 decodes the escape of an underscore in a text and leaves the other escapes.
#
# Input: two shared texts as Excel and XlsxWriter store them (ECMA-376 part 1, 22.9.2.19): one with
#   a carriage return, `甲_x000D_乙`, and the literal 甲_x000D_乙, `甲_x005F_x000D_乙`.
# Expected: '甲\r乙' and '甲_x000D_乙', as calamine has them.
# Seen (Python 3.11, 2026-11-27):
#   calamine: '甲\r乙', '甲_x000D_乙'
#   openpyxl: '甲_x000D_乙', '甲_x000D_乙'
# So two different cells read as one text, and which of them it was cannot be told afterwards.
# Our reader decodes both (node/documents/importing/spreadsheetxml.py).
# Ends with 0 while this is so, with 1 once it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  'python-calamine==0.9.1' 'openpyxl==3.1.5' 'XlsxWriter==3.3.1'
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
import zipfile

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

path = sys.argv[1] + "/texts.xlsx"
TEXTS = ["甲\r乙", "甲_x000D_乙"]
with Workbook(path) as book:
    book.add_worksheet().write_row(0, 0, TEXTS)
stored = zipfile.ZipFile(path).read("xl/sharedStrings.xml").decode()
assert "<t>甲_x000D_乙</t>" in stored and "<t>甲_x005F_x000D_乙</t>" in stored

calamine = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[0]
openpyxl = list(next(load_workbook(path).active.iter_rows(values_only=True)))
print("calamine:", ", ".join(map(repr, calamine)))
print("openpyxl:", ", ".join(map(repr, openpyxl)))
sys.exit((calamine, openpyxl) != (TEXTS, ["甲_x000D_乙"] * 2))
PYTHON
