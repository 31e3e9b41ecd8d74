"""Catalogue entries out of filled tables: files in, document bodies and problems out.

- tables: rows of a workbook or CSV file, each knowing its place
- mapping: from the columns of a table to the fields of a version; rules: cells into values
- reading: entries out of a table by a mapping
- filing: documents ready to be signed, or everything that is wrong
- template: the T2 workbook
- complaints: what is wrong with a cell, for the one who filled it
"""
