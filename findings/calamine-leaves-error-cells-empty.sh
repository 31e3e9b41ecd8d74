#!/bin/bash
# python-calamine 0.9.1 gives an empty text for a cell that holds an error, as for an empty cell.
#
# Input: a workbook whose row is 甲, #REF!, #N/A (ECMA-376 part 1,
#   18.18.11: `t="e"`, as Excel writes them).
# Expected: something that is not what an empty cell gives (the library's own Rust side has a value
#   for each error; openpyxl gives '#REF!').
# Seen (Python 3.11, 2026-11-27):
#   openpyxl: ('甲', '#REF!', '#N/A')
#   calamine: ['甲', '', '']
# So a column whose reference broke reads as one nobody filled in, and an optional field is filed
# as absent. Our reader makes each a fault of its cell (node/documents/importing, DECISIONS 74).
# Ends with 0 while this is so, with 1 once it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  'python-calamine==0.9.1' 'openpyxl==3.1.5'
"$folder/venv/bin/python" - "$folder/errors.xlsx" <<'PYTHON'
import sys
import zipfile

from openpyxl import Workbook, load_workbook
from python_calamine import CalamineWorkbook

path = sys.argv[1]
book = Workbook()
book.active.append(["甲", "#REF!", "#N/A"])  # openpyxl writes the two as t="e"
book.save(path)
assert zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml").count(b't="e"') == 2

theirs = next(load_workbook(path, data_only=True).active.iter_rows(values_only=True))
calamine = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[0]
print(f"openpyxl: {theirs}")
print(f"calamine: {calamine}")
sys.exit((theirs, calamine) != (("甲", "#REF!", "#N/A"), ["甲", "", ""]))
PYTHON
