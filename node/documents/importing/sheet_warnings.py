"""What is said of a sheet besides its entries: headings, rows and columns that nothing reads.

Nothing an official sees is passed over in silence. What may only have been misspelt stops the
sheet; what is plainly something else is named, in one sentence for all of its kind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .cells import cell_name, column_name
from .complaints import MARKS, Problem
from .headings import Nearness, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .cells import Row
    from .layout import Range
    from .mapping import Mapping
    from .reading import Line, Table


_SIGNED = re.compile(
    r"[(（【]?\s*(?:填\s*表|填\s*报|制\s*表|编\s*制|审\s*核|复\s*核|审\s*批|批\s*准|负\s*责|经\s*办|承\s*办"
    r"|联\s*系|主管|分管|单位|部门|科室|日\s*期|电\s*话|备\s*注|说\s*明|填表说明|注|附)[^:：/]{0,10}[:：]"
)
"""Labels of those who sign a table, and of remarks."""
_TOTAL = re.compile(r"(?:本页)?(?:[合总小共累]\s*计).{0,10}")
_AMOUNT = re.compile(r"=.*|[0-9０-９.,，]+\s*[个項项条條列%]?")


def is_remark(line: Line, *, naming: bool) -> bool:
    """Tell whether a row is a sum, or signatures and remarks: labels with their values.

    `naming` says that something of it stands where entries or items are named: there every cell
    has to be a label, unless the first has its value beside it.
    """
    first, *rest = line.cells.values() or [""]
    if _TOTAL.fullmatch(first):
        return all(map(_AMOUNT.fullmatch, rest))
    if not _SIGNED.match(first):
        return False
    others = sum(not _SIGNED.match(text) for text in rest)
    apart = not naming or first.endswith((":", "："))
    return 2 * others <= len(line.cells) if apart else not others


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


def say_merged(table: Table, ranges: Iterable[Range], rows: Sequence[Row]) -> None:
    """Say which headings that are read stand over several columns of data."""
    header = table.header
    read = {column: heading for heading, column in header.columns.items()}
    for merged in ranges:
        if merged.left not in read or not merged.top <= header.row <= merged.bottom:
            continue
        for column in range(merged.left + 1, merged.right + 1):
            if header.is_headed(column) or not any(_filled(row, column) for row in rows):
                continue
            table.bad = True
            heading, cell = read[merged.left], cell_name(merged.top, merged.left)
            ends = f"{column_name(merged.left)} 至 {column_name(merged.right)} 列"
            message = (
                f"这个表头横跨 {ends}，{column_name(column)} 列填的内容不知属于哪一项："
                "请拆开合并的单元格，每列各写一个表头"
            )
            said = Problem(table.name, header.row, heading, cell, heading, message)
            table.found.problems.append(said)
            break


def _filled(row: Row, column: int) -> bool:
    return column < len(row.cells) and bool(row.cells[column])


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
        elif is_remark(line, naming=naming(line)):
            first = next(iter(line.cells.values()))
            message = "这一行像是签字、备注或合计，没有读入"
            said = Problem(table.name, row, "", f"{row}:{row}", first, message)
            table.found.warnings.append(said)
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
