"""A module is found by its name: no two of the product's have one, but each package's tables."""

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_EACH_PACKAGE = {"__init__.py", "__main__.py", "tables.py"}


def test_no_two_modules_have_one_name():
    names = Counter(
        path.name
        for package in ("node", "ledger_sync", "api")
        for path in (ROOT / package).rglob("*.py")
    )
    assert len(names) > 300
    assert {name for name, times in names.items() if times > 1} <= OF_EACH_PACKAGE
