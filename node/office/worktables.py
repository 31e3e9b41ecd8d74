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

from ..documents.coverage import Edition
from ..documents.importing.cells import cell_name
from ..documents.importing.complaints import Problem
from ..documents.importing.entryform import (
    PROVIDER,
    PROVIDER_CODE,
    EntryForm,
    form_of_version,
)
from ..documents.importing.filing import file_table, unread
from ..documents.importing.grid import Grid, load_grid, read_grid
from ..documents.importing.mapping import load_mapping, parse_mapping
from ..documents.importing.mapping_faults import PLACEHOLDER, placeholders
from ..documents.importing.proposing import propose
from ..errors import InvalidInput, MalformedTable
from .filings import Newest, compare_filing, differences

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from collections.abc import Mapping as Mapped

    from ..documents.coverage import Coverage
    from ..documents.importing.filing import Filing
    from ..documents.importing.mapping import Mapping
    from ..documents.importing.proposing import Proposal
    from ..documents.store import DocumentStore
    from ..protocol.forms import Document
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
    mapping: str = ""
    """The mapping file it is read by; empty: the template's."""
    read: Filing | None = field(default=None, compare=False, repr=False)
    """What the last check read, until the table is changed; no part of the draft."""

    @property
    def rules(self) -> Mapping:
        """The mapping, read.

        Raises:
            ConfigInvalid: it says something wrong.
        """
        return parse_mapping(self.mapping, "映射") if self.mapping else load_mapping(MAPPING)

    @property
    def open_places(self) -> list[str]:
        """Where its mapping still says that something is to be filled in."""
        return list(placeholders(self.rules.model_dump(mode="json"))) if self.mapping else []

    def change(self, sheet: str, row: int, column: int, text: str) -> None:
        """Type a text into a cell; its problems are gone until the next check.

        Raises:
            InvalidInput: there is no such cell, or the text is too long.
        """
        self.grid.change(sheet, row, column, text)
        place = sheet, cell_name(row, column)
        self.problems = [each for each in self.problems if (each.sheet, each.cell) != place]
        self.warnings = [each for each in self.warnings if (each.sheet, each.cell) != place]
        self.checked, self.read = False, None

    def dump(self) -> bytes:
        """Return a draft's body."""
        members = {
            name: getattr(self, name)
            for name in ("entries", "items", "total", "wrong", "checked", "mapping")
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
    grid = load_grid(members.pop("grid"))
    for name in ("problems", "warnings"):
        members[name] = [Problem(**each) for each in members[name]]
    return Worktable(grid, **members)


def fit(table: Worktable, ledger: Ledger, department: str, kept: str | None) -> bool:
    """Find what a table that was dropped is read by, and check it; False: a guess to be looked at.

    The template's headings go first, then the mapping the department used last (`kept`).
    """
    for table.mapping in ("", *filter(None, [kept])):
        if check(table, ledger, department).total:
            return True
    table.mapping = ""
    try:
        found = propose_for(table)
    except MalformedTable:
        check(table, ledger, department)
        return True  # no table at all: what the check says of it is all there is to say
    table.mapping = found.text
    check(table, ledger, department)
    return False


def propose_for(
    table: Worktable,
    chosen: Mapped[str, str] | None = None,
    constants: Mapped[str, Any] | None = None,
) -> Proposal:
    """Propose a mapping for a table; `chosen`: the heading of each field, where that is known.

    Raises:
        MalformedTable: no sheet of it has headings of a catalogue.
        ConfigInvalid: what was chosen makes no mapping.
    """
    path = Path(table.grid.file)
    return propose(path, sheets=table.grid.as_sheets, chosen=chosen, constants=constants)


def begin_entry(provider: str, department: str, before: Document | None) -> Worktable:
    """Return an entry to be filled in: a new one, or one that says what a version says.

    Raises:
        InvalidInput: the version says what the form has no field for; it is named.
    """
    form = EntryForm({PROVIDER: provider, PROVIDER_CODE: department})
    if before is None:
        return Worktable(form.grid())
    table = Worktable(form_of_version(orjson.loads(before.data)).grid())
    read = read_grid_of(table, department, lambda _: before.body.version)
    lost = differences(before, read.entries[0].paper) if read.entries else ["全部内容"]
    if lost:
        raise InvalidInput(
            f"这个目录的{'、'.join(lost)}不能在表单里修改，请改用填好的表报送"
            " / the form has no field for some of what this entry says: file a table"
        )
    return table


def check(table: Worktable, ledger: Ledger, department: str) -> Filing:
    """Check a table as a department's; what was found is kept in it."""
    filing = read_worktable(table, department, Newest(ledger, department).next_number)
    table.problems = filing.problems[:KEPT_PROBLEMS]
    table.warnings = filing.warnings[:KEPT_PROBLEMS]
    table.entries, table.total = len(filing.entries), filing.total
    table.items = sum(each.count for each in filing.entries)
    table.wrong, table.checked, table.read = len(filing.problems), True, filing
    return filing


def compare_read(
    table: Worktable,
    read: tuple[Filing, Newest],
    ledger: Ledger,
    store: DocumentStore,
    coverage: Coverage | None,
) -> Compared:
    """Set a table that was read beside the ledger: what would be filed, and in what it differs.

    Without `coverage` it is an edition of no other table: a single entry.

    Raises:
        LedgerBehind: the document of a version it is compared with has not arrived here.
    """
    filing, newest = read

    def edition_of(space: bytes, codes: Collection[str]) -> Edition:
        if coverage is None:
            return Edition(0, 0, 0, frozenset())
        return coverage.compare(newest.code, space, codes, newest.is_live)

    return compare_filing(ledger, store, newest, (filing, table.rules), edition_of)


def read_worktable(table: Worktable, department: str, next_version: Callable[[str], int]) -> Filing:
    """Read a table by its mapping; what cannot be read at all is a problem of it."""
    if places := table.open_places:
        said = f"映射还有「{PLACEHOLDER}」没有填：{'、'.join(places)}"
        return unread(MalformedTable(said))
    try:
        return read_grid_of(table, department, next_version)
    except MalformedTable as error:
        # Whoever dropped it sees what is wrong where everything that is wrong stands.
        return unread(error)


def read_grid_of(table: Worktable, department: str, next_version: Callable[[str], int]) -> Filing:
    """Read a table as `file_table` does."""
    return file_table(
        Path(table.grid.file),
        table.rules,
        department=department,
        next_version=next_version,
        sheets=table.grid.as_sheets(),
    )
