#!/bin/bash
# openpyxl 3.1.5 gives the bare number for a date in the formats that a Chinese Excel has built in.
#
# Input: a workbook whose cells hold 46080, which is 2026-02-27, in the number formats 14, 31, 57
#   and 58. 27 to 36 and 50 to 58 are dates and times by their number alone, without a format code
#   in the file (ECMA-376 part 1, 18.8.30, zh-cn: 31 is yyyy"年"m"月"d"日").
# Expected: four dates; calamine gives four.
# Seen (Python 3.11, 2026-11-27):
#   calamine: 2026-02-27, 2026-02-27, 2026-02-27, 2026-02-27
#   openpyxl: 2026-02-27 00:00:00, 46080, 46080, 46080
# So what an official sees as 2026年2月27日 is read as 46080. Our reader has the whole table
# (node/documents/importing/numberformats.py, DECISIONS 74).
# Ends with 0 while this is so, with 1 once it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  'python-calamine==0.9.1' 'openpyxl==3.1.5'
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
import zipfile
from datetime import date, datetime

from openpyxl import Workbook, load_workbook
from python_calamine import CalamineWorkbook

plain, path = sys.argv[1] + "/plain.xlsx", sys.argv[1] + "/dates.xlsx"
FORMATS = ("14", "31", "57", "58")
book = Workbook()
for column, mark in enumerate(("0.00", "0%", "0.00%", "@"), start=1):  # four formats to replace
    book.active.cell(1, column, 46080).number_format = mark
book.save(plain)
with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
    for part in old.infolist():
        data = old.read(part)
        if part.filename == "xl/styles.xml":
            for theirs, ours in zip(("2", "9", "10", "49"), FORMATS, strict=True):
                before = f'numFmtId="{theirs}"'.encode()
                assert data.count(before) == 1
                data = data.replace(before, f'numFmtId="{ours}"'.encode())
        new.writestr(part, data)

calamine = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[0]
openpyxl = next(load_workbook(path, data_only=True).active.iter_rows(values_only=True))
print("calamine:", ", ".join(map(str, calamine)))
print("openpyxl:", ", ".join(map(str, openpyxl)))
expected = (datetime(2026, 2, 27), 46080, 46080, 46080)
sys.exit((calamine, openpyxl) != ([date(2026, 2, 27)] * 4, expected))
PYTHON
