"""One entry as a form: the template's own sheet of one entry, filled in on a page.

Headings, lists, rules and what is said of a cell stand once, for the workbook and for the form: a
form becomes a grid, and the grid is read as any table is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from node.errors import InvalidInput
from node.protocol.forms.fields import ITEMS_LIMIT

from .cells import CELL_LIMIT, cell_name, clean
from .grid import Grid, GridSheet
from .mapping import load_mapping
from .template import COLUMNS, IF, MAY, SHEET, choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .rules import Rule

ASSESSED = ("保密审查", "个人信息保护影响评估")
"""Kinds of assessment, in the order of the template's columns."""
FIRST_ROW = 2
"""Of the items; the headings stand above it."""
CODE, NAME, SHARE = "信息资源代码", "信息资源名称", "共享类型"
PROVIDER, PROVIDER_CODE = "信息资源提供方", "资源提供方代码"
EVERY_ROW = (CODE, SHARE)
"""Columns of the entry that each row of an item has too."""
_OF_SHEETS = re.compile("下拉列表|以文本|各行|第一行|不换行|几种方式")
_LONG = ("信息资源摘要", "职责依据", "共享条件", "共享范围", "使用用途", "不予共享理由")


class FormField(NamedTuple):
    """A column of the template as a field of the form."""

    heading: str
    column: int
    """From 0."""
    need: str
    how: str
    listed: tuple[str, ...]
    """What may be chosen; empty for a text."""
    several: bool
    long: bool

    @property
    def required(self) -> bool:
        return self.need not in (IF, MAY)

    @property
    def help(self) -> str:
        """How it is filled in, without what only a worksheet needs to be told."""
        pieces = re.split("[；，]", self.how)
        return "，".join(each for each in pieces if not _OF_SHEETS.search(each))


@cache
def form_fields() -> tuple[dict[str, FormField], dict[str, FormField]]:
    """Return the fields of the entry and those of an item, by heading, in the template's order."""
    mapping, listed = load_mapping("t2"), choices()
    items = {rule.column for rule in mapping.items.fields.values()} - {SHARE}
    entry: dict[str, FormField] = {}
    of_item: dict[str, FormField] = {}
    for at, (heading, column) in enumerate(COLUMNS.items()):
        if heading in mapping.unread:
            continue
        chosen = listed.get(heading)
        (of_item if heading in items else entry)[heading] = FormField(
            heading,
            at,
            column.need,
            column.how,
            chosen.listed if chosen else (),
            several=chosen is not None and chosen.several,
            long=heading in _LONG,
        )
    return entry, of_item


@dataclass
class EntryForm:
    """What is filled in: texts by heading, of the entry and of each item."""

    entry: dict[str, str] = field(default_factory=dict)
    items: list[dict[str, str]] = field(default_factory=lambda: [{}])

    def grid(self) -> Grid:
        """Return it as a table.

        Raises:
            InvalidInput: a text is too long, or there are too many items.
        """
        if not 1 <= len(self.items) <= ITEMS_LIMIT:
            raise InvalidInput(f"信息项应有 1 至 {ITEMS_LIMIT} 个 / one item at least")
        headings = list(COLUMNS)
        sheet = GridSheet(SHEET, {1: headings}, {}, [])
        for row, item in enumerate(self.items, start=FIRST_ROW):
            shared = (
                self.entry if row == FIRST_ROW else {n: self.entry.get(n, "") for n in EVERY_ROW}
            )
            given = {**shared, **item}
            cells = []
            for column, heading in enumerate(headings):
                text, fault = clean(given.get(heading, ""))
                if len(text) > CELL_LIMIT:
                    raise InvalidInput(f"「{heading}」最多 {CELL_LIMIT} 字 / the text is too long")
                cells.append(text)
                if fault:
                    sheet.faults[row, column] = fault
            sheet.rows[row] = cells
        return Grid(self.entry.get(NAME, ""), [sheet])


def form_of_grid(grid: Grid) -> EntryForm:
    """Return what stands in a grid that `EntryForm.grid` made."""
    rows = [cells for row, cells in sorted(grid.sheets[0].rows.items()) if row >= FIRST_ROW]
    entry, items = form_fields()
    first = rows[0]
    return EntryForm(
        {heading: first[each.column] for heading, each in entry.items()},
        [{heading: cells[each.column] for heading, each in items.items()} for cells in rows],
    )


def form_of_version(body: Mapping[str, Any]) -> EntryForm:
    """Return a version's document, members under their JSON names, as it is filled in.

    What the template has no column for is not in it: whoever changes a version compares.
    """
    mapping = load_mapping("t2")
    by_kind = {each["kind"]: each for each in reversed(body["assessments"])}
    known = {**body, "assessments": [by_kind.get(kind) for kind in ASSESSED]}
    entry = {
        rule.column: _text(rule, _at(known, path.split(".")))
        for path, rule in mapping.entry.items()
        if not rule.matches
    }
    items = [
        {
            rule.column: _text(rule, item.get(name))
            for name, rule in mapping.items.fields.items()
            if rule.column != SHARE
        }
        for item in body["items"]
    ]
    return EntryForm(entry, items)


def place_of(row: int, heading: str) -> str:
    """Name a field's cell as problems do; the entry's own stand in the first row."""
    entry, items = form_fields()
    return cell_name(row, (entry.get(heading) or items[heading]).column)


def _at(value: Any, path: list[str]) -> Any:  # noqa: ANN401 - JSON values
    for part in path:
        if value is None:
            return None
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part)
    return value


def _text(rule: Rule, value: Any) -> str:  # noqa: ANN401 - JSON values
    """Return the text of a cell that a rule reads as this value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if rule.record is not None:
        return "；".join(f"{each['code']} {each['name']}" for each in value)
    if isinstance(value, list):
        words: dict[str, str] = {
            str(said): word
            for word, several in rule.values.items()
            for said in (several if isinstance(several, list) else ())
        }
        return (
            "、".join(str(words.get(each, each)) for each in value) if words else "；".join(value)
        )
    return str(value)
