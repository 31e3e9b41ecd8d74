"""Catalogue entries out of filled tables: files in, document bodies and problems out.

- tables: the sheets of a filled file, whatever its kind; cells: what every reader gives
- worksheets, workbooks, spreadsheetxml: `.xlsx`; oldworkbooks: `.xls`, `.et`; delimited: `.csv`
- numberformats: what is seen of a number; layout: merged cells filled, hidden places named
- mapping: from the columns of a table to the fields of a version; rules: cells into values
- reading: entries out of a table by a mapping
- filing: documents ready to be signed, or everything that is wrong
- template: the T2 workbook
- complaints: what is wrong with a cell, for the one who filled it
"""
