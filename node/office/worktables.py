"""A table on its way to be filed: dropped, checked, mended cell by cell, compared, signed.

A draft's body is the table as a grid with what the last check found. What is signed is always
compared anew with the ledger: a check that is older than the last mend counts for nothing.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ..documents.importing.cells import cell_name
from ..documents.importing.complaints import Problem
from ..documents.importing.filing import file_table, unread
from ..documents.importing.grid import Grid, load_grid, read_grid
from ..documents.importing.mapping import load_mapping
from ..errors import InvalidInput, MalformedTable
from .filings import Newest, compare_filing

if TYPE_CHECKING:
    from ..documents.coverage import Coverage
    from ..documents.importing.filing import Filing
    from ..documents.importing.mapping import Mapping
    from ..documents.store import DocumentStore
    from .filings import Compared
    from .reads import Ledger

UPLOAD_LIMIT_BYTES = 8 * 1024 * 1024
NAME_LIMIT = 120
KEPT_PROBLEMS = 2_000
"""Of a check; the first ones of a table that is all wrong."""
MAPPING = "t2"


@dataclass
class Worktable:
    """What a draft of a filing holds."""

    grid: Grid
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    entries: int = 0
    """That can be filed."""
    items: int = 0
    total: int = 0
    """Good and bad."""
    wrong: int = 0
    """How many problems there are, kept or not."""
    checked: bool = False
    """Since the last mend."""

    def change(self, sheet: str, row: int, column: int, text: str) -> None:
        """Type a text into a cell; its problems are gone until the next check.

        Raises:
            InvalidInput: there is no such cell, or the text is too long.
        """
        self.grid.change(sheet, row, column, text)
        place = sheet, cell_name(row, column)
        self.problems = [each for each in self.problems if (each.sheet, each.cell) != place]
        self.warnings = [each for each in self.warnings if (each.sheet, each.cell) != place]
        self.checked = False

    def dump(self) -> bytes:
        """Return a draft's body."""
        members = {
            name: getattr(self, name) for name in ("entries", "items", "total", "wrong", "checked")
        }
        listed = {
            name: [asdict(each) for each in getattr(self, name)]
            for name in ("problems", "warnings")
        }
        return orjson.dumps({**members, **listed, "grid": orjson.Fragment(self.grid.dump())})


def drop(data: bytes, name: str) -> Worktable:
    """Read a file that somebody dropped.

    Raises:
        InvalidInput: it is too large, or has no name.
        MalformedTable: it is no table that can be read.
    """
    plain = name.replace("\\", "/").rpartition("/")[2].strip()[-NAME_LIMIT:]
    if not plain or not plain.isprintable():
        raise InvalidInput("文件没有名称 / the file has no name")
    if len(data) > UPLOAD_LIMIT_BYTES:
        raise InvalidInput(
            f"文件超过 {UPLOAD_LIMIT_BYTES >> 20} MiB，请用命令行 catalogue import 报送"
            " / too large for a page: use the command line"
        )
    # The readers take files; this one is nobody else's, and gone when it is read.
    with tempfile.TemporaryDirectory(prefix="shareledger-") as folder:
        path = Path(folder) / f"table{Path(plain).suffix}"
        path.write_bytes(data)
        return Worktable(read_grid(path, plain))


def load_worktable(body: bytes) -> Worktable:
    """Return the table that `Worktable.dump` wrote."""
    members: dict[str, Any] = orjson.loads(body)
    grid = load_grid(orjson.dumps(members.pop("grid")))
    for name in ("problems", "warnings"):
        members[name] = [Problem(**each) for each in members[name]]
    return Worktable(grid, **members)


def check(table: Worktable, ledger: Ledger, department: str) -> Filing:
    """Check a table as a department's; what was found is kept in it."""
    filing = _read(table, Newest(ledger, department), department, load_mapping(MAPPING))
    table.problems = filing.problems[:KEPT_PROBLEMS]
    table.warnings = filing.warnings[:KEPT_PROBLEMS]
    table.entries, table.total = len(filing.entries), filing.total
    table.items = sum(each.count for each in filing.entries)
    table.wrong, table.checked = len(filing.problems), True
    return filing


def compare(
    table: Worktable, ledger: Ledger, store: DocumentStore, coverage: Coverage, department: str
) -> Compared:
    """Set a table beside the ledger: what would be filed, and in what it differs.

    Raises:
        LedgerBehind: the document of a version it is compared with has not arrived here.
    """
    mapping, newest = load_mapping(MAPPING), Newest(ledger, department)
    filing = _read(table, newest, department, mapping)
    return compare_filing(
        ledger,
        store,
        newest,
        (filing, mapping),
        lambda space, codes: coverage.compare(department, space, codes, newest.is_live),
    )


def _read(table: Worktable, newest: Newest, department: str, mapping: Mapping) -> Filing:
    try:
        return file_table(
            Path(table.grid.file),
            mapping,
            department=department,
            next_version=newest.next_number,
            sheets=table.grid.as_sheets(),
        )
    except MalformedTable as error:
        # Whoever dropped it sees what is wrong where everything that is wrong stands.
        return unread(error)
