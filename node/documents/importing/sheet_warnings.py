"""What is said of a sheet besides its entries: headings, rows and columns that nothing reads.

Nothing an official sees is passed over in silence. What may only have been misspelt stops the
sheet; what is plainly something else is named, in one sentence for all of its kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import cell_name, column_name
from .complaints import MARKS, Problem
from .headings import Nearness, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .mapping import Mapping
    from .reading import Line, Table


def say_headings(table: Table, mapping: Mapping) -> None:
    """Say which headings stand twice, are misspelt or are not read."""
    header, found = table.header, table.found
    for heading, first, second in header.twice:
        table.bad = True
        both = f"{cell_name(header.row, first)}、{cell_name(header.row, second)}"
        message = f"这个表头出现了两次（{both}），不知以哪一列为准：请只留一列"
        cell = cell_name(header.row, second)
        found.problems.append(Problem(table.name, header.row, heading, cell, heading, message))
    for row, column, text, meant in header.misspelt:
        table.bad = True
        table.told.add((0, meant))
        message = (
            f"表里没有「{meant}」这一列，这一列的表头是不是写错了？是，请改成「{meant}」；"
            f"不是，请另加「{meant}」一列（没有可填的空着）"
        )
        cell = cell_name(row, column)
        found.problems.append(Problem(table.name, row, text, cell, text, message))
    _say_unread(table, mapping)
    for row in header.guidance:
        message = "这一行像是填写说明，没有读入"
        found.warnings.append(Problem(table.name, row, "", f"{row}:{row}", "", message))


def _say_unread(table: Table, mapping: Mapping) -> None:
    header = table.header
    told = {column for _, column, _, _ in header.misspelt}
    known = {plain(heading) for heading in (*mapping.unread, MARKS)}
    nearness = Nearness(mapping.headings())
    others = []
    for column, text in header.unread.items():
        if column in told or plain(text) in known:
            continue
        near = nearness.nearest(text)
        cell = cell_name(header.row, column)
        if near is None:
            others.append(text)
            continue
        message = f"这一列没有读入；与它最像的「{near}」在 {_column_of(table, near)}"
        table.found.warnings.append(Problem(table.name, header.row, text, cell, text, message))
    if others:
        message = f"这些列没有读入：{'、'.join(others)}"
        cell = f"{header.row}:{header.row}"
        table.found.warnings.append(Problem(table.name, header.row, "", cell, "", message))


def _column_of(table: Table, heading: str) -> str:
    return f"{column_name(table.header.columns[heading])} 列"


def warn_of_rows(
    table: Table, lines: Iterable[Line], naming: Callable[[Line], bool]
) -> Iterator[Line]:
    """Yield the rows that belong to entries; name the others.

    `naming` tells whether a row names an entry or an item.
    """
    idle: list[int] = []
    for line in lines:
        row = line.number
        if not line.cells and not line.faults:
            idle.append(row)
        elif naming(line):
            yield line
        else:
            first = next(iter(line.cells.values()), "")
            message = "这一行没有代码，也没有信息项名称，没有读入"
            said = Problem(table.name, row, "", f"{row}:{row}", first, message)
            # A remark or a signature below the table is one cell; more is a row gone wrong.
            alone = len(line.cells) == 1 and not line.faults
            (table.found.warnings if alone else table.found.problems).append(said)
    if idle:
        more = f" 等 {len(idle)} 行" if len(idle) > 1 else " 行"
        message = f"第 {idle[0]}{more}只在没有读入的列里有内容，没有读入"
        cell = f"{idle[0]}:{idle[0]}"
        table.found.warnings.append(Problem(table.name, idle[0], "", cell, "", message))
    for column, row in sorted(table.header.bare.items()):
        message = f"{column_name(column)} 列没有表头，没有读入"
        cell = cell_name(row, column)
        table.found.warnings.append(Problem(table.name, row, "", cell, "", message))
