"""Entries out of a filled table by a mapping: bodies with the place each field came from.

Everything wrong is collected, with row, column and reason; nothing stops at the first mistake.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from itertools import chain, groupby, islice, pairwise
from typing import TYPE_CHECKING, Any

from node.errors import MalformedTable

from .complaints import Problem
from .key_columns import KeyWatch
from .tables import Row, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .mapping import Mapping
    from .rules import Rule, Value

HEADER_ROWS_SEARCHED = 20

Path_ = tuple[str | int, ...]


@dataclass
class Draft:
    """One entry as the table has it, before its schema was asked."""

    row: int
    """The entry's first row."""
    body: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, tuple[int, str]] = field(default_factory=dict)
    """(row, heading) each field was read from, by its path in the body."""

    def place_of(self, path: Path_) -> tuple[int, str]:
        """Find the cell behind a field: its own, or that of the nearest field around it."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return self.row, ""


@dataclass
class Reading:
    """What a table holds."""

    drafts: list[Draft]
    problems: list[Problem]


def read_table(path: Path, mapping: Mapping) -> Reading:
    """Read every entry of the table at `path`.

    Raises:
        MalformedTable: the file is unreadable, or headings the mapping needs are missing.
    """
    rows = read_rows(path, encoding=mapping.encoding, sheet=mapping.sheet)
    top = list(islice(rows, HEADER_ROWS_SEARCHED))
    headings, first = _header(top, mapping)
    wanted = mapping.headings()
    missing = sorted(wanted - set(headings))
    if missing and not wanted - set(missing):
        raise MalformedTable(f"{path.name} 没有这些表头：{'、'.join(missing)}", path=str(path))
    reading = Reading([], [])
    columns = [(at, heading) for at, heading in enumerate(headings) if heading in wanted]
    # Of a row no more is kept than its wanted cells, and of those no more than its entry.
    tables = (
        (row.number, {heading: _cell(row, at) for at, heading in columns})
        for row in chain(top[first:], rows)
        if row.cells
    )
    watch = KeyWatch(mapping.entry["code"])
    for group in _groups(tables, mapping):
        watch.see(*group[0])
        draft, problems = _read_entry(group, mapping)
        reading.problems.extend(problems)
        if not problems:
            reading.drafts.append(draft)
    if faults := watch.faults():
        raise MalformedTable(f"{path.name}：{'；'.join(faults)}", path=str(path))
    return reading


def _header(rows: list[Row], mapping: Mapping) -> tuple[list[str], int]:
    """Find the headings and the index of the first row of data."""
    first = mapping.header_rows or _first_data_row(rows, mapping)
    width = max((len(row.cells) for row in rows[:first]), default=0)
    wanted = mapping.headings()
    headings = []
    for column in range(width):
        texts = [_cut(_cell(row, column), mapping) for row in rows[:first]]
        known = [text for text in texts if text in wanted]
        headings.append(known[-1] if known else next((text for text in texts if text), ""))
    return headings, first


def _first_data_row(rows: list[Row], mapping: Mapping) -> int:
    """Find the first row with an enumerated value under its heading."""
    rules = [*mapping.entry.values(), *mapping.items.fields.values()]
    enumerated = {rule.column: set(rule.values) for rule in rules if rule.column and rule.values}
    above: dict[int, set[str]] = {}
    for index, row in enumerate(rows):
        for column, text in enumerate(row.cells):
            if any(text in enumerated.get(heading, ()) for heading in above.get(column, ())):
                return index
            above.setdefault(column, set()).add(_cut(text, mapping))
    raise MalformedTable(
        f"前 {HEADER_ROWS_SEARCHED} 行里找不到表头和第一行数据 / no header found; "
        f"需要的表头：{'、'.join(sorted(enumerated))}"
    )


def _cell(row: Row, column: int) -> str:
    return row.cells[column] if column < len(row.cells) else ""


def _cut(text: str, mapping: Mapping) -> str:
    for mark in mapping.heading_cut:
        text = text.split(mark, 1)[0]
    return text.strip()


Numbered = tuple[int, dict[str, str]]


def _groups(rows: Iterable[Numbered], mapping: Mapping) -> Iterator[list[Numbered]]:
    """Split the rows into entries."""
    if mapping.layout == "entry-rows":
        yield from ([row] for row in rows)
        return
    keys = mapping.entry["code"].headings

    def code(row: Numbered) -> tuple[str, ...]:
        return tuple(row[1].get(heading, "") for heading in keys)

    for _, group in groupby(rows, key=code):
        yield list(group)


def _read_entry(rows: list[Numbered], mapping: Mapping) -> tuple[Draft, list[Problem]]:
    number, cells = rows[0]
    draft, problems = Draft(number, body=deepcopy(mapping.constants)), []
    for name, rule in mapping.entry.items():
        path = tuple(int(part) if part.isdigit() else part for part in name.split("."))
        problems += _read_field(draft, path, rule, number, cells)
    items: list[dict[str, Any]] = []
    draft.body["items"] = items
    if mapping.items.names is not None:
        problems += _read_field(draft, ("items",), mapping.items.names, number, cells)
        names = draft.body["items"] if not problems else []
        draft.body["items"] = [
            _item(mapping, {"name": name}, index) for index, name in enumerate(names or [], start=1)
        ]
    else:
        for index, (row, row_cells) in enumerate(rows):
            items.append({})
            for name, rule in mapping.items.fields.items():
                problems += _read_field(draft, ("items", index, name), rule, row, row_cells)
            items[index] = _item(mapping, items[index], index + 1)
    return draft, problems


def _item(mapping: Mapping, fields: dict[str, Any], number: int) -> dict[str, Any]:
    constants = {
        name: rule.default
        for name, rule in mapping.items.fields.items()
        if rule.default is not None
    }
    return {"code": mapping.items.number.format(number=number), **constants, **fields}


def _read_field(
    draft: Draft, path: Path_, rule: Rule, row: int, cells: dict[str, str]
) -> list[Problem]:
    """Read one field into the draft; return what is wrong with its cell."""
    heading = rule.headings[0] if rule.headings else ""
    draft.places[path] = (row, heading)
    try:
        value = rule.read(cells)
    except MalformedTable as error:
        facts = error.facts
        return [Problem(row, str(facts["heading"]), str(facts["value"]), error.message)]
    if value is not None:
        _assign(draft.body, path, value)
    return []


def _assign(body: dict[str, Any], path: Path_, value: Value) -> None:
    """Put a value at its place, making the tables and lists on the way."""
    target: Any = body
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
