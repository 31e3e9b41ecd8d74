"""Catalogue entries out of filled tables: files in, document bodies and problems out.

- tables: rows of a workbook or CSV file, each knowing its place
- problems: what is wrong with a cell, for the one who filled it
"""
