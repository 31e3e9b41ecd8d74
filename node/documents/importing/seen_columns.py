"""The columns of a table nobody has described yet: headings, values, and what they may be."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from node.errors import MalformedTable

from .headings import is_guidance, plain, search_top
from .sheet_warnings import is_remark
from .tables import read_sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from .cells import Row, Sheet

BIG5 = "cp950"
SAMPLE = 20_000
"""Rows of a table that are looked at."""
KNOWN = 85.0
"""Score of 100 from which a heading is one we know."""
DOUBTFUL = 65.0
"""…and from which it may be one."""
FEWEST = 2
"""Headings we know in a row that is taken for the headings."""
_CUT = re.compile(r"[（(【\[〔\n]")
_NAMING = frozenset({"name", "code"})
"""Fields of which a table of entries has one at least; a list of words has neither."""
_AGAIN = 3
"""Cells of the headings in a row that is the headings once more."""
_SEPARATORS = re.compile(r"[、，,；;|\n\t]")


@cache
def synonyms() -> dict[str, Any]:
    """What fields and coded values are called (synonyms.toml)."""
    text = resources.files(__package__).joinpath("synonyms.toml").read_text("utf-8")
    return tomllib.loads(text)


class Match(NamedTuple):
    """A field and the heading that is taken for it."""

    field: str
    """As a mapping names it; fields of items begin with "items."."""
    heading: str
    score: float

    @property
    def is_doubtful(self) -> bool:
        return self.score < KNOWN


@dataclass
class Seen:
    """One sheet as it was found."""

    encoding: str | None
    """Of a CSV file, where it had to be named or guessed."""
    sheet: str
    header_rows: int
    """Number of the last row of headings."""
    headings: list[str]
    """By column; empty where a column has none."""
    rows: list[Row] = field(default_factory=list)
    """The first of data."""

    def values(self, heading: str) -> list[str]:
        """Return a column's cells, row by row."""
        at = self.headings.index(heading)
        return [row.cells[at] if at < len(row.cells) else "" for row in self.rows]


def see_table(
    path: Path,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    sheets: Iterable[Sheet] | None = None,
) -> Seen:
    """Read the first sheet that looks like a table of entries; `sheets` as `read_table` has them.

    A CSV file that is neither UTF-8 nor GB18030 is tried as Big5, the mapping then names it.

    Raises:
        MalformedTable: the file is unreadable, or none does.
    """
    if sheets is not None:
        return _see(path, None, sheets)
    try:
        return _see(path, encoding, read_sheets(path, encoding=encoding, sheet=sheet))
    except MalformedTable:
        if encoding is not None or path.suffix.lower() != ".csv":
            raise
        with suppress(MalformedTable):
            return _see(path, BIG5, read_sheets(path, encoding=BIG5, sheet=sheet))
        raise


def _see(path: Path, encoding: str | None, sheets: Iterable[Sheet]) -> Seen:
    names = []
    for each in sheets:
        top, last = search_top(each.rows, _last_heading_row)
        if last is None:
            names.append(each.name)
            continue
        headings = _headings(top[: last + 1])
        below = islice(chain(top[last + 1 :], each.rows), SAMPLE)
        rows = list(_entries(top[last].cells, headings, below))
        return Seen(encoding, each.name, top[last].number, headings, rows)
    seen = "、".join(f"「{name}」" for name in names if name)
    raise MalformedTable(
        f"{path.name} 里找不到目录的表头（要有名称、代码、提供方、更新周期等列）"
        + (f"；看过的工作表：{seen}" if seen else ""),
        path=str(path),
    )


def match(headings: Sequence[str]) -> list[Match]:
    """Find the field of each heading, the best pairs first; no field and no heading twice."""
    tables = (("", synonyms()["entry"]), ("items.", synonyms()["items"]))
    pairs = sorted(
        (-score, -rank, prefix + name, heading)
        for prefix, names in tables
        for name, known in names.items()
        for heading in dict.fromkeys(filter(None, headings))
        for score, rank in [_score(heading, tuple(known))]
        if score >= DOUBTFUL
    )
    found: dict[str, Match] = {}
    used: set[str] = set()
    for score, _, name, heading in pairs:
        if name not in found and heading not in used:
            found[name] = Match(name, heading, -score)
            used.add(heading)
    return list(found.values())


def splits(cells: Sequence[str]) -> str:
    """Return the characters a list in one cell is split at; "" where the cells are no lists."""
    filled = [cell for cell in cells if cell]
    listed = [set(_SEPARATORS.findall(cell)) for cell in filled]
    if not filled or 3 * sum(map(bool, listed)) < len(filled):
        return ""
    return "".join(sign for sign in "、，,；;|\n\t" if any(sign in each for each in listed))


def _score(heading: str, known: tuple[str, ...]) -> tuple[float, int]:
    """Return how much a heading has in common with the nearest name, and that one's rank."""
    from rapidfuzz import fuzz  # 3 MiB that only who sees a strange table needs

    texts = {plain(heading), plain(cut(heading))}
    return max(
        (max(fuzz.ratio(text, plain(name)) for text in texts), -rank)
        for rank, name in enumerate(known)
    )


def cut(heading: str) -> str:
    """Return a heading up to the first bracket, as mappings read it."""
    return _CUT.split(heading, maxsplit=1)[0].strip()


def _known(cells: Sequence[str]) -> set[str]:
    found = match([cell for cell in cells if len(cell) < 40])  # noqa: PLR2004 - no heading is longer
    return {each.field for each in found if each.score >= KNOWN}


def _last_heading_row(top: Sequence[Row]) -> int | None:
    known = [_known(row.cells) for row in top]
    most = max(map(len, known), default=0)
    if most < FEWEST:
        return None
    last = next(at for at, fields in enumerate(known) if len(fields) == most)
    fields = known[last]
    # A second row of headings brings new ones, as `headings` has it.
    while last + 1 < len(known) and len(known[last + 1] - fields) >= FEWEST:
        last += 1
        fields = fields | known[last]
    return last if fields & _NAMING else None


def _entries(header: Sequence[str], headings: Sequence[str], rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows of entries: no guidance, no titles, sums and remarks, no headings again."""
    of_items = {
        headings.index(each.heading) for each in match(headings) if each.field.startswith("items.")
    }
    wide, begun = sum(map(bool, headings)) > FEWEST, False
    for row in rows:
        if not begun and is_guidance(row.cells):
            continue
        begun = True
        filled = [at for at, cell in enumerate(row.cells) if cell]
        alone = wide and len(filled) == 1 and filled[0] not in of_items
        again = sum(said == above != "" for said, above in zip(row.cells, header, strict=False))
        if alone or again >= min(_AGAIN, len(filled)):
            continue
        if not is_remark([row.cells[at] for at in filled], naming=True):
            yield row


def _headings(rows: Sequence[Row]) -> list[str]:
    """Return each column's heading: the lowest cell, or what stands above an empty one."""
    # A title is one cell, and no heading of the column it stands in.
    rows = [row for row in rows if sum(map(bool, row.cells)) > 1]
    width = max(len(row.cells) for row in rows)
    found = []
    for column in range(width):
        cells = [row.cells[column] for row in rows if column < len(row.cells)]
        found.append(next((cell for cell in reversed(cells) if cell), ""))
    return found
