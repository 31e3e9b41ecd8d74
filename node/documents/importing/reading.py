"""Entries out of a filled table by a mapping: bodies with the place each field came from.

Every sheet that is a table is read, row by row. Everything wrong is collected, with sheet, cell and
what to do; nothing stops at the first mistake. An entry with anything wrong in any of its rows is
marked as bad, whole, and still read on, so that all of its mistakes are said together.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import chain, groupby, pairwise
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NamedTuple

from node.errors import MalformedTable

from .cell_values import folded
from .cells import cell_name
from .complaints import HELP, HELP_TITLE, Problem
from .headings import ROWS_SEARCHED, Header, find_header, identifying, search_top
from .key_columns import KeyWatch
from .layout import ACROSS, told_across
from .sheet_warnings import Rows, say_headings, say_merged, warn_of_rows
from .tables import read_sheets
from .worksheets import STRUCK

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from pathlib import Path

    from .cells import Row, Sheet
    from .mapping import Mapping
    from .rules import Rule, Value

Path_ = tuple[str | int, ...]
HEADINGS_SAID = 8
BLANK = "必须填写，现在是空白"
GARBLED = "有乱码（�）：文件存错了编码或字库里没有这个字，请重新录入"
_GARBLED = methodcaller("__contains__", "\ufffd")
DITTO = frozenset({"同上", "同前", "同左", "上同", "〃", "″", "〞"})
REPEATED = "不能用“同上”代替：请照上面那一格填写，或合并单元格"


class Place(NamedTuple):
    """Where a field was read."""

    row: int
    column: int | None
    """From 0; None where the sheet has no such heading."""
    heading: str
    text: str = ""
    """What stands there, where that is known."""


class Line(NamedTuple):
    """One row of a table, as far as the mapping reads it."""

    number: int
    cells: dict[str, str]
    """By heading, without the empty ones."""
    faults: dict[str, str]
    """By heading: why the cell cannot be read right."""
    led: str = ""
    """What the row begins with, where nothing reads that column."""


@dataclass
class Findings:
    """What is wrong with a table, and what is worth a look."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


@dataclass
class Table:
    """One sheet whose headings were found."""

    name: str
    header: Header
    found: Findings
    bad: bool = False
    """Its headings leave open what its entries say, so none of them can be filed."""
    told: set[tuple[int, str]] = field(default_factory=set)
    """Cells and headings (row 0) somebody was told of; each is said once."""
    passed: set[int] = field(default_factory=set)
    """Rows of which was said that they are passed over."""

    def place(self, row: int, heading: str) -> Place:
        """Return the cell of a row under a heading."""
        return Place(row, self.header.columns.get(heading), heading)

    def problem(self, place: Place, value: str, message: str) -> None:
        """Say what is wrong with a cell, once; with a missing heading, once for all rows."""
        key = (0 if place.column is None and place.heading else place.row, place.heading)
        if key not in self.told:
            self.told.add(key)
            self.found.problems.append(self.say(place, value, message))

    def warn(self, place: Place, value: str, message: str) -> None:
        """Say what is worth a look."""
        self.found.warnings.append(self.say(place, value, message))

    def say(self, place: Place, value: str, message: str) -> Problem:
        """Say something of a place; of a heading that is not there, at the row of headings."""
        row, column, heading, _ = place
        if column is not None:
            return Problem(self.name, row, heading, cell_name(row, column), value, message)
        if heading:
            row = self.header.row
            why = "而它必须填写" if message == BLANK else message
            message = f"表里没有「{heading}」这一列，{why}：请加上这一列"
        return Problem(self.name, row, "", f"{row}:{row}" if row else "", value, message)


@dataclass
class Draft:
    """One entry as the table has it, before its schema was asked."""

    table: Table
    row: int
    """The entry's first row."""
    body: dict[str, Any]
    places: dict[Path_, Place] = field(default_factory=dict)
    """The cell each field was read from, by its path in the body."""
    bad: bool = False
    again: bool = False
    """Its code stood further up, or on another sheet: what it lacks may stand there."""

    def place_of(self, path: Path_, said: str = "") -> Place:
        """Find the cell behind a field: its own, or that of a field in it or around it.

        Of several fields in it, the one whose heading has most in common with what is said.
        """
        while path:
            if path in self.places:
                return self.places[path]
            inside = [each for at, each in self.places.items() if at[: len(path)] == path]
            if inside:
                return max(inside, key=lambda place: _common(place.heading, said))
            path = path[:-1]
        return Place(self.row, None, "")

    def problem(self, place: Place, value: str, message: str) -> None:
        """Say what is wrong with a cell of this entry, which is then not filed."""
        self.bad = True
        self.table.problem(place, value, message)

    def refused(self, row: int, error: MalformedTable) -> None:
        """Say that a rule does not know what a cell of this row holds."""
        facts = error.facts
        place = self.table.place(row, str(facts["heading"]))
        self.problem(place, str(facts["value"]), error.message)


def _common(heading: str, said: str) -> int:
    matcher = SequenceMatcher(None, heading, said, autojunk=False)
    return matcher.find_longest_match().size


def read_table(
    path: Path, mapping: Mapping, found: Findings, sheets: Iterable[Sheet] | None = None
) -> Iterator[Draft]:
    """Yield every entry of the table at `path`, good and bad; what is wrong goes into `found`.

    `sheets` are what it was read into already; `path` then only names it.

    Raises:
        MalformedTable: the file is unreadable, or no sheet of it is a table for this mapping.
    """
    reader = _Reader(mapping, found)
    if sheets is None:
        read_sheets(path, encoding=mapping.encoding, sheet=mapping.sheet)  # there is such a sheet
        sheets = read_sheets(path, encoding=mapping.encoding)
    for sheet in sheets:
        if mapping.sheet in (None, sheet.name):
            yield from reader.read(sheet)
        elif next(sheet.rows, None) is not None:
            message = f"映射文件只读工作表「{mapping.sheet}」，这张工作表没有读入"
            found.warnings.append(Problem(sheet.name, 0, "", "", "", message))
    if faults := reader.watch.faults():
        raise MalformedTable(f"{path.name}：{'；'.join(faults)}", path=str(path))
    if not reader.tables:
        wanted = "、".join(list(dict.fromkeys(_ordered(mapping)))[:HEADINGS_SAID])
        seen = "、".join(f"「{name}」" for name in reader.others if name)
        raise MalformedTable(
            f"{path.name} 里找不到表头，要找的表头有：{wanted}"
            + (f"；看过的工作表：{seen}" if seen else "")
            + " / no headings found",
            path=str(path),
        )


def _ordered(mapping: Mapping) -> Iterator[str]:
    """Yield the headings a mapping reads, those that name entries and items first."""
    yield from sorted(identifying(mapping))
    for rule in (*mapping.entry.values(), *mapping.items.fields.values()):
        yield from rule.headings


class _Reader:
    """Reads sheet after sheet; knows the codes of all of them."""

    def __init__(self, mapping: Mapping, found: Findings) -> None:
        self.mapping = mapping
        self.found = found
        self.tables: list[Table] = []
        self.others: list[str] = []
        """Sheets that hold something and are no table."""
        self.watch = KeyWatch(mapping.entry["code"])
        self._seen: dict[str, Draft] = {}
        self._entry = [
            (tuple(int(part) if part.isdigit() else part for part in name.split(".")), rule)
            for name, rule in mapping.entry.items()
        ]
        self._keys = mapping.entry["code"].headings
        self._item_defaults = {
            name: rule.default
            for name, rule in mapping.items.fields.items()
            if rule.default is not None
        }
        self._items = [rule for name, rule in mapping.items.fields.items() if name in _NAMING]
        if mapping.items.names is not None:
            self._items.append(mapping.items.names)
        if mapping.layout == "entry-rows" and "name" in mapping.entry:
            self._items.append(mapping.entry["name"])

    def read(self, sheet: Sheet) -> Iterator[Draft]:
        """Yield the entries of one sheet."""
        first = max(ROWS_SEARCHED, self.mapping.header_rows or 0)
        top, header = search_top(sheet.rows, lambda rows: find_header(rows, self.mapping), first)
        if header is None:
            list(sheet.rows)  # what it notes is complete then
            if top:
                self.others.append(sheet.name)
                self._warn_unread(sheet, top[0].cells)
        else:
            table = Table(sheet.name, header, self.found)
            self.tables.append(table)
            if header.taken > first:
                message = f"表头在第 {header.row} 行；它上面的各行没有读入"
                said = Problem(
                    sheet.name, header.row, "", f"{header.row}:{header.row}", "", message
                )
                self.found.warnings.append(said)
            say_headings(table, self.mapping)
            say_merged(table, told_across(sheet), top[header.taken :])
            yield from self._entries(table, chain(top[header.taken :], sheet.rows))
        across = ACROSS.format("这一格")
        for note in sheet.notes:
            if header is None and top:
                break  # it is not read, as was said
            if header is not None and 0 < _row_of(note.cell.rpartition(":")[2]) <= header.row:
                continue  # headings and what stands above them may be merged as they like
            if header is not None and note.message == across and _row_of(note.cell) in table.passed:
                continue
            said = Problem(note.sheet, _row_of(note.cell), "", note.cell, note.value, note.message)
            self.found.warnings.append(said)

    def _warn_unread(self, sheet: Sheet, first: Sequence[str]) -> None:
        if (sheet.name, first[0]) != (HELP, HELP_TITLE):
            message = "这张工作表没有读入：找不到表头；若是目录，请照模板补上表头"
            self.found.warnings.append(Problem(sheet.name, 0, "", "", "", message))

    def _entries(self, table: Table, rows: Iterable[Row]) -> Iterator[Draft]:
        missing = [key for key in self._keys if key not in table.header.columns]
        for key in missing:
            table.problem(Place(0, None, key), "", "没有它分不出目录，其余各行没有检查")
        if missing:
            for _ in rows:
                pass
            return
        orphans: list[Line] = []
        told = Rows(self._naming, self._keys, whole=self.mapping.layout == "entry-rows")
        for group in self._groups(warn_of_rows(table, self._lines(table, rows), told)):
            self.watch.see(group[0].number, group[0].cells)
            draft = self._read_entry(table, group)
            self._join(draft)
            if orphans and self._may_be_one(orphans, group):
                draft.bad = True  # it would be filed with fewer items than are seen
            orphans = [] if any(self._key(group[0])) else group
            yield draft

    def _may_be_one(self, orphans: list[Line], group: list[Line]) -> bool:
        """Tell whether rows without a code may belong to the entry below: no other name is seen."""
        if self.mapping.layout == "entry-rows" or "name" not in self.mapping.entry:
            return False
        headings = self.mapping.entry["name"].headings
        names = [
            {folded(text) for line in lines for each in headings if (text := line.cells.get(each))}
            for lines in (orphans, group)
        ]
        return not all(names) or bool(names[0] & names[1])

    def _lines(self, table: Table, rows: Iterable[Row]) -> Iterator[Line]:
        """Keep of a row no more than its wanted cells."""
        columns = list(table.header.columns.items())
        read = set(table.header.columns.values())
        for row in _to_other_headings(table, rows):
            cells, width = row.cells, len(row.cells)
            line = Line(
                row.number,
                {name: cells[at] for name, at in columns if at < width and cells[at]},
                {},
                _led(cells, read),
            )
            if row.faults or any(map(_GARBLED, cells)) or not DITTO.isdisjoint(cells):
                _find_faults(line, row, columns)
            if line.cells or line.faults or cells:
                if table.header.is_again(row):
                    continue
                table.header.see(row)
                yield line

    def _key(self, line: Line) -> tuple[str, ...]:
        found = (line.cells.get(key, "") for key in self._keys)
        return tuple("" if text in DITTO else folded(text) for text in found)

    def _naming(self, line: Line) -> bool:
        """Tell whether a row names an entry or an item."""
        return any(self._key(line)) or any(
            line.cells.get(heading) for rule in self._items for heading in rule.headings
        )

    def _groups(self, lines: Iterable[Line]) -> Iterator[list[Line]]:
        """Split the rows into entries; a row without a code stays with the entry above it."""
        if self.mapping.layout == "entry-rows":
            yield from ([line] for line in lines)
            return
        group: list[Line] = []
        for line in lines:
            key = self._key(line)
            if group and any(key) and key != self._key(group[0]):
                yield group
                group = []
            group.append(line)
        if group:
            yield group

    def _join(self, draft: Draft) -> None:
        """Refuse a code that comes again further down, or on another sheet."""
        code = str(draft.body.get("code", ""))
        first = self._seen.setdefault(code, draft) if code else draft
        if first is draft:
            return
        where = f"工作表「{first.table.name}」" if first.table is not draft.table else ""
        again = "若是同一目录，请把它的各行放到一起；若是另一目录，请改用另一个代码"
        draft.problem(
            draft.place_of(("code",)), code, f"与{where}第 {first.row} 行的代码重复：{again}"
        )
        first.bad = draft.again = True

    def _read_entry(self, table: Table, lines: list[Line]) -> Draft:
        draft = Draft(table, lines[0].number, deepcopy(self.mapping.constants), bad=table.bad)
        _say_faults(draft, lines)
        lines = self._keyed(draft, lines)
        for path, rule in self._entry:
            self._read_shared(draft, path, rule, lines)
        names = self.mapping.items.names
        if names is not None:
            _read_field(draft, ("items",), names, lines[0])
            found = draft.body.get("items", [])
            draft.body["items"] = [
                self._item({"name": name}, number) for number, name in enumerate(found, start=1)
            ]
            return draft
        items = draft.body["items"] = [{} for _ in lines]
        for index, line in enumerate(lines):
            for name, rule in self.mapping.items.fields.items():
                _read_field(draft, ("items", index, name), rule, line)
            items[index] = self._item(items[index], index + 1)
        return draft

    def _keyed(self, draft: Draft, lines: list[Line]) -> list[Line]:
        """Leave out the rows without a code that stand below one, each run of them one problem."""
        if self.mapping.layout == "entry-rows":
            return lines
        if not any(self._key(lines[0])):
            return lines[:1]
        for keyed, run in groupby(lines[1:], key=lambda line: any(self._key(line))):
            if keyed:
                continue
            first, *rest = (line.number for line in run)
            to = f" 至 {rest[-1]} 行" if rest else " 行"
            message = f"第 {first}{to}没有代码：若属于上面的目录，请填上同一代码（或合并单元格）"
            draft.problem(draft.table.place(first, self._keys[0]), "", message)
        return [lines[0], *(line for line in lines[1:] if any(self._key(line)))]

    def _read_shared(self, draft: Draft, path: Path_, rule: Rule, lines: list[Line]) -> None:
        """Read a field of the entry from the first row that has it; the others must say the same.

        A yes outweighs a no, so that what a yes asks for is said as well.
        """
        holding = [line for line in lines if _says(rule, line)] or lines[:1]
        value = _read_field(draft, path, rule, holding[0])
        if value is None or len(holding) == 1:
            return
        first = [holding[0].cells.get(heading) for heading in rule.headings]
        for line in holding[1:]:
            if [line.cells.get(heading) for heading in rule.headings] == first:
                continue
            try:
                other = rule.read(line.cells)
            except MalformedTable as error:
                draft.refused(line.number, error)
                continue
            if other is None or other == value:
                continue
            heading = rule.headings[0]
            shown = line.cells.get(heading, "")
            draft.problem(
                draft.table.place(line.number, heading),
                shown,
                f"与同一目录第 {holding[0].number} 行填的「{first[0] or ''}」不一致：请改成相同",
            )
            if other is True:
                _assign(draft.body, path, other)
                place = draft.table.place(line.number, heading)
                draft.places[path] = place._replace(text=shown)

    def _item(self, fields: dict[str, Any], number: int) -> dict[str, Any]:
        code = self.mapping.items.number.format(number=number)
        return {"code": code, **self._item_defaults, **fields}


def _to_other_headings(table: Table, rows: Iterable[Row]) -> Iterator[Row]:
    """Give on the rows down to headings in another order, which say of what follows what it is."""
    for row in rows:
        if not table.header.is_other(row):
            yield row
            continue
        message = (
            "这一行又是表头，各列的次序与上面的表头不同，从这一行起没有读入："
            "请排成同样的次序，或移到另一张工作表"
        )
        table.problem(Place(row.number, None, ""), "", message)
        for _ in rows:
            pass


_NAMING = ("name", "code")


def _find_faults(line: Line, row: Row, columns: Iterable[tuple[str, int]]) -> None:
    for name, at in columns:
        if at in row.faults:
            line.faults[name] = row.faults[at]
        elif _GARBLED(line.cells.get(name, "")):
            line.faults[name] = GARBLED
        elif line.cells.get(name) in DITTO:
            line.faults[name] = REPEATED


def _led(cells: Sequence[str], read: Container[int]) -> str:
    """Return the first cell that is filled, unless its column is read."""
    for at, cell in enumerate(cells):
        if cell:
            return "" if at in read else cell
    return ""


def _row_of(cell: str) -> int:
    digits = "".join(each for each in cell.partition(":")[0] if each.isdigit())
    return int(digits or 0)


def _says(rule: Rule, line: Line) -> bool:
    """Tell whether a row says anything where this rule reads."""
    for heading in rule.headings:
        text = line.cells.get(heading)
        if text and text not in rule.absent:
            return True
    return False


def _say_faults(draft: Draft, lines: list[Line]) -> None:
    for line in lines:
        if len(line.faults) > 1 and {*line.faults.values()} == {STRUCK} >= {
            line.faults.get(heading) for heading in line.cells
        }:
            message = "这一行划了删除线：不要的请删掉整行，要的请去掉删除线"
            draft.problem(Place(line.number, None, ""), "", message)
            # What they lack is not theirs to fill in.
            draft.table.told |= {(line.number, heading) for heading in draft.table.header.columns}
            continue
        for heading, fault in line.faults.items():
            draft.problem(
                draft.table.place(line.number, heading), line.cells.get(heading, ""), fault
            )


def _read_field(draft: Draft, path: Path_, rule: Rule, line: Line) -> Value | None:
    """Read one field into the draft, and return it; None where it is absent or wrong."""
    headings = rule.headings
    heading = headings[0] if headings else ""
    text = line.cells.get(heading, "")
    if heading:
        column = draft.table.header.columns.get(heading)
        draft.places[path] = Place(line.number, column, heading, text)
    if line.faults and any(each in line.faults for each in headings):
        return None
    try:
        value = rule.read(line.cells)
    except MalformedTable as error:
        draft.refused(line.number, error)
        return None
    if value is None:
        return None
    _assign(draft.body, path, value)
    if (rule.fold or rule.check) and isinstance(value, str) and value != text:
        draft.table.warn(
            draft.places[path], text, f"已改为半角（代码里的字母为大写），读作「{value}」"
        )
    return value


def _assign(body: dict[str, Any], path: Path_, value: Value) -> None:
    """Put a value at its place, making the tables and lists on the way."""
    target: Any = body
    if len(path) > 1:
        for part, following in pairwise(path):
            target = _descend(target, part, [] if isinstance(following, int) else {})
        if isinstance(target, list):
            target.extend("" for _ in range(len(target), int(path[-1]) + 1))
    target[path[-1]] = value


def _descend(target: Any, part: str | int, empty: Any) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(target, dict):
        return target.setdefault(part, empty)
    target.extend({} for _ in range(len(target), int(part) + 1))
    return target[int(part)]
