"""The headings of a sheet: where they end, which column stands under which, which are misspelt.

A heading counts up to a bracket, without spaces and marks (`* 更新 周期：`). What nothing reads is
compared with what is missing: the signs two headings share count the more the fewer headings have
them, so that 脱敏方式 is near 脱敏规则, and 数据容量 is not near 数据长度.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from .cells import Row
    from .mapping import Mapping

ROWS_SEARCHED = 20
ROWS_SEARCHED_MORE = 180
"""Where no headings stand in the first: a page of explanations may come before them."""
FEWEST = 3
"""Headings that make a sheet a table, if it has no fewer."""
NEAR = 0.5
NEAR_MISSING = 0.4
"""A heading that is missing anyway is looked for a little further."""
_GENERIC = re.compile("说明|备注")
_MARKS = re.compile(r"[\s*＊★☆●○■□△▲◆◇※:：\u00ad\u200b-\u200f\u2060\ufeff]+")
_LED_BY = re.compile(
    r"^\s*(?:[（(【\[][^）)】\]]*[）)】\]]|[0-9０-９]{1,2}\s*[.．、)）](?![0-9])|[①-⑳㉑-㊿⑴-⒛])"
)
_GUIDANCE = re.compile(
    r"必填|选填|可选|非必|条件必|填写|填报|示例|样例|例如|如：|说明|不超过|格式为"
)
_COUNT = re.compile(r"[(\[]?([0-9]{1,3})[)\].]?", re.ASCII)
_REPEATED = 3
"""Headings in a row of data that make it the header again, as printed pages have it."""


T = TypeVar("T")


def search_top(
    rows: Iterator[Row], find: Callable[[Sequence[Row]], T | None], first: int = ROWS_SEARCHED
) -> tuple[list[Row], T | None]:
    """Return what `find` finds at the top of a sheet, and the rows that were taken for it."""
    top: list[Row] = []
    for count in (first, ROWS_SEARCHED_MORE):
        top += islice(rows, count)
        if (found := find(top)) is not None:
            return top, found
    return top, None


def plain(heading: str) -> str:
    """Return a heading without what does not distinguish it."""
    # A page asks of the same few headings, and of the cells below them, again and again.
    return _plain(heading) if len(heading) <= _SHORT else _folded(heading)


def _folded(heading: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", heading)).casefold()


_SHORT = 64
_plain = lru_cache(maxsize=4096)(_folded)


class Misspelt(NamedTuple):
    """A heading that nothing reads though it looks like one that is missing."""

    row: int
    column: int
    text: str
    meant: str


@dataclass
class Header:
    """What the top of one sheet says."""

    row: int
    """Number of the last row of headings."""
    taken: int
    """How many of the rows searched are headings and what stands above them."""
    above: list[str] = field(default_factory=list)
    """The cells of that row, as they stand in the file."""
    columns: dict[str, int] = field(default_factory=dict)
    """Column, from 0, by heading as the mapping has it."""
    twice: list[tuple[str, int, int]] = field(default_factory=list)
    """Headings that stand over two columns, with both."""
    unread: dict[int, str] = field(default_factory=dict)
    """Headings no rule reads, by column."""
    missing: list[str] = field(default_factory=list)
    """Headings some rule reads and the sheet does not have."""
    guidance: list[int] = field(default_factory=list)
    """Numbers of rows below the headings that say how to fill them in."""
    misspelt: list[Misspelt] = field(default_factory=list)
    faults: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    """Headings that cannot be read right, by column: row, text and why."""
    bare: dict[int, int] = field(default_factory=dict)
    """Columns that hold something under no heading, with the first row that does."""

    @cached_property
    def _headed(self) -> frozenset[int]:
        twice = {column for _, _, column in self.twice}
        return frozenset({*self.columns.values(), *self.unread, *twice})

    def is_headed(self, column: int) -> bool:
        """Tell whether a column has a heading, read or not."""
        return column in self._headed

    def see(self, row: Row) -> None:
        """Take note of what a row of data holds under no heading."""
        headed = self._headed
        for column, cell in enumerate(row.cells):
            if cell and column not in headed:
                self.bare.setdefault(column, row.number)

    @cached_property
    def _said(self) -> frozenset[str]:
        return frozenset(filter(None, self.above))

    def is_other(self, row: Row) -> bool:
        """Tell whether a row of data is headings once more, some of them over other columns."""
        if self._said.isdisjoint(row.cells):
            return False
        found = [at for at, cell in enumerate(row.cells) if cell in self._said]
        moved = any(at >= len(self.above) or row.cells[at] != self.above[at] for at in found)
        return moved and len(found) > _REPEATED

    def is_again(self, row: Row) -> bool:
        """Tell whether a row of data is the headings once more, as they stand above."""
        again = 0
        for said, above in zip(row.cells, self.above, strict=False):
            again += said == above != ""
        return again >= min(_REPEATED, len(self.columns))


def find_header(rows: Sequence[Row], mapping: Mapping) -> Header | None:
    """Find the headings in the first rows of a sheet; None where it holds no table.

    A sheet is a table if it has a name or a code of entries or items among three headings.
    """
    wanted = {plain(heading): heading for heading in mapping.headings()}
    known = wanted.keys() | {plain(heading) for heading in mapping.unread}
    texts = [[_cut(cell, mapping, known) for cell in row.cells] for row in rows]
    last = _last_row(rows, texts, wanted, mapping)
    if last is None:
        return None
    header = Header(rows[last].number, last + 1, rows[last].cells)
    _assign(header, rows[: last + 1], texts, wanted)
    header.missing = sorted(set(wanted.values()) - set(header.columns))
    header.misspelt = list(_misspelt(header, mapping))
    for row in rows[last + 1 :]:
        if not is_guidance(row.cells):
            break
        header.guidance.append(row.number)
        header.taken += 1
    return header if _is_table(header, mapping) else None


def is_guidance(cells: Sequence[str]) -> bool:
    """Tell whether a row below the headings says how to fill them in, or counts the columns."""
    filled = [cell for cell in cells if cell]
    guiding = 2 * sum(bool(_GUIDANCE.search(cell)) for cell in filled) >= len(filled)
    return guiding or _numbers_columns(filled)


def _numbers_columns(cells: Sequence[str]) -> bool:
    """Tell whether a row only counts the columns: 1, 2, 3 or （1）, （2）, after 栏次 or not."""
    found = [_COUNT.fullmatch(unicodedata.normalize("NFKC", cell)) for cell in cells]
    if found and found[0] is None:
        del found[0]
    numbers = [int(each[1]) for each in found if each is not None]
    return (
        len(numbers) == len(found) >= FEWEST
        and numbers[0] in (1, 2)
        and all(after == before + 1 for before, after in pairwise(numbers))
    )


def _last_row(
    rows: Sequence[Row], texts: list[list[str]], wanted: dict[str, str], mapping: Mapping
) -> int | None:
    """Return the index of the row in which the headings end."""
    if mapping.header_rows is not None:
        above = [at for at, row in enumerate(rows) if row.number <= mapping.header_rows]
        return above[-1] if above else None
    found = [{plain(text) for text in row} & wanted.keys() for row in texts]
    most = max(map(len, found), default=0)
    if not most:
        return None
    last = next(at for at, known in enumerate(found) if len(known) == most)
    seen = found[last]
    # A second row of headings under the first brings new ones; a row of data does not.
    while last + 1 < len(found) and len(found[last + 1] - seen) >= 2:  # noqa: PLR2004 - one may be a value
        last += 1
        seen = seen | found[last]
    return last


def _assign(
    header: Header, rows: Sequence[Row], texts: list[list[str]], wanted: dict[str, str]
) -> None:
    for column in range(max((len(row.cells) for row in rows), default=0)):
        over = [
            (row, text[column])
            for row, text in zip(rows, texts, strict=False)
            if column < len(text) and text[column]
        ]
        named = [(row, text) for row, text in over if plain(text) in wanted]
        known = [wanted[plain(text)] for _, text in named]
        for row, text in (named or over)[-1:]:
            if column in row.faults:
                header.faults[column] = row.number, text, row.faults[column]
        if not known:
            if over:
                header.unread[column] = over[-1][1]
        elif known[-1] in header.columns:
            header.twice.append((known[-1], header.columns[known[-1]], column))
        else:
            header.columns[known[-1]] = column


def _is_table(header: Header, mapping: Mapping) -> bool:
    fewest = min(FEWEST, len(mapping.headings()))
    meant = {each.meant for each in header.misspelt}
    return len(header.columns) >= fewest and bool(
        identifying(mapping) & (meant | {*header.columns})
    )


def identifying(mapping: Mapping) -> set[str]:
    """Return the headings of codes and names, of which a table of entries has one at least."""
    rules = [mapping.entry.get("code"), mapping.entry.get("name"), mapping.items.names]
    rules += [mapping.items.fields.get("name"), mapping.items.fields.get("code")]
    return {heading for rule in rules if rule is not None for heading in rule.headings}


def _cut(text: str, mapping: Mapping, wanted: Container[str]) -> str:
    """Return a heading up to what explains it, or all of it where the mapping has it so.

    A line may end inside a heading, too.
    """
    if plain(text) in wanted:
        return text.strip()
    text = _LED_BY.sub("", text)
    folded = text
    for mark in mapping.heading_cut:
        text = text.split(mark, 1)[0]
        folded = folded if mark.isspace() else folded.split(mark, 1)[0]
    best = text if plain(text) in wanted or plain(folded) not in wanted else folded
    return best.strip()


class Nearness:
    """How near headings are to each other, among all that a mapping knows."""

    def __init__(self, known: Iterable[str]) -> None:
        """Count in how many headings each sign stands."""
        self._known = sorted(known)
        self._in = Counter(sign for heading in self._known for sign in set(plain(heading)))

    def _own(self, heading: str) -> str:
        """Return what of a heading is its own: an explanation may stand beside any."""
        text = plain(heading)
        return _GENERIC.sub("", text) or text

    def _weight(self, signs: str) -> float:
        return sum(1 / max(1, self._in[sign]) for sign in signs)

    def of(self, one: str, other: str) -> float:
        """Return 0 to 1: the weight of what two headings share in the weight of both."""
        first, second = self._own(one), self._own(other)
        if not first or not second:
            return 0.0
        matcher = SequenceMatcher(None, first, second, autojunk=False)
        shared = "".join(first[at : at + size] for at, _, size in matcher.get_matching_blocks())
        near = 2 * self._weight(shared) / (self._weight(first) + self._weight(second))
        shorter = min(first, second, key=len)
        inside = len(shorter) > 1 and (first in second or second in first)
        if inside and 2 * len(shorter) >= max(len(first), len(second)):
            return max(near, NEAR)
        return near

    def nearest(self, heading: str, among: Iterable[str] | None = None) -> str | None:
        """Return the known heading nearest to this one, if any is near."""
        choice = list(self._known if among is None else among)
        best = max(choice, key=lambda each: self.of(heading, each), default=None)
        return best if best is not None and self.of(heading, best) >= NEAR else None


def _misspelt(header: Header, mapping: Mapping) -> Iterable[Misspelt]:
    nearness = Nearness(mapping.headings())
    left = list(header.missing)
    known = {plain(heading) for heading in mapping.unread}
    pairs = sorted(
        (
            (nearness.of(text, meant), column, text, meant)
            for column, text in header.unread.items()
            if plain(text) not in known and column not in header.faults
            for meant in left
        ),
        reverse=True,
    )
    done: set[int] = set()
    for near, column, text, meant in pairs:
        if near >= NEAR_MISSING and column not in done and meant in left:
            done.add(column)
            left.remove(meant)
            yield Misspelt(header.row, column, text, meant)
