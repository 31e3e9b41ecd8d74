"""What is said of a sheet besides its entries: headings, rows and columns that nothing reads.

Nothing an official sees is passed over in silence. What may only have been misspelt stops the
sheet; what is plainly something else is named, in one sentence for all of its kind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .cells import ERROR, cell_name, column_name
from .complaints import MARKS, Problem
from .headings import Nearness, plain
from .worksheets import STRUCK, UNCALCULATED

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

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
_AMOUNT = re.compile(r"=.*|[共计計]?\s*[0-9０-９.,，]+\s*[个個項项条條列%]?[一-鿿]{0,4}")
_NULLS = frozenset({"NULL", "null", "Null", "(null)", "(NULL)", "<NULL>"})
_WORD = re.compile("[\u2e80-\u9fff]")
"""No code of an entry has one."""
_UNREADABLE = frozenset({STRUCK, ERROR, UNCALCULATED})
"""Faults of a heading; characters nobody sees are none, as a heading is compared without them."""
FEW = 3
"""Headings that are said each."""
LISTED = 20
"""Headings that are listed."""


def is_remark(cells: Iterable[str], *, naming: bool) -> bool:
    """Tell whether a row is a sum, or signatures and remarks: labels with their values.

    `cells` are those that are filled. `naming` says that one of them stands where entries or items
    are named: there every cell has to be a label, unless the first has its value beside it.
    """
    first, *rest = cells or [""]
    if _TOTAL.fullmatch(first):
        return all(map(_AMOUNT.fullmatch, rest))
    if not _SIGNED.match(first):
        return False
    others = sum(not _SIGNED.match(text) for text in rest)
    apart = not naming or first.endswith((":", "："))
    return 2 * others <= len(rest) + 1 if apart else not others


def say_headings(table: Table, mapping: Mapping) -> None:
    """Say which headings stand twice, are misspelt or are not read."""
    header, found = table.header, table.found
    _say_faults(table)
    if len(header.twice) > FEW:
        table.bad = True
        heading, first, second = header.twice[0]
        message = (
            f"有 {len(header.twice)} 个表头出现了两次（如「{heading}」在 {column_name(first)} 列和"
            f" {column_name(second)} 列），像是两张表并排：请把其中一张移到另一张工作表"
        )
        cell = cell_name(header.row, second)
        found.problems.append(Problem(table.name, header.row, "", cell, heading, message))
    for heading, first, second in header.twice if len(header.twice) <= FEW else ():
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


def _say_faults(table: Table) -> None:
    """Say which headings cannot be read right: those that are read, or may be a missing one."""
    header = table.header
    for column, (row, text, fault) in sorted(header.faults.items()):
        read = column in header.columns.values()
        if fault in _UNREADABLE and (read or (header.missing and fault != STRUCK)):
            table.bad = True
            said = Problem(table.name, row, "", cell_name(row, column), text, f"表头：{fault}")
            table.found.problems.append(said)


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
    told = {*header.faults, *(column for _, column, _, _ in header.misspelt)}
    known = {plain(heading) for heading in (*mapping.unread, MARKS)}
    nearness = Nearness(mapping.headings())
    others = []
    for column, text in header.unread.items():
        if column in told or plain(text) in known:
            continue
        near = nearness.nearest(text)
        cell = cell_name(header.row, column)
        if near is None or near not in header.columns:
            others.append(text)
            continue
        message = f"这一列没有读入；与它最像的「{near}」在 {_column_of(table, near)}"
        table.found.warnings.append(Problem(table.name, header.row, text, cell, text, message))
    if others:
        more = f" 等 {len(others)} 列" if len(others) > LISTED else ""
        message = f"这些列没有读入：{'、'.join(others[:LISTED])}{more}"
        cell = f"{header.row}:{header.row}"
        table.found.warnings.append(Problem(table.name, header.row, "", cell, "", message))


def _column_of(table: Table, heading: str) -> str:
    return f"{column_name(table.header.columns[heading])} 列"


class Rows(NamedTuple):
    """What tells a row that belongs to an entry from others."""

    naming: Callable[[Line], bool]
    """Whether it names an entry or an item."""
    keys: Container[str]
    """Headings of the code."""
    whole: bool
    """A row is an entry, so that one cell is none."""


def warn_of_rows(table: Table, lines: Iterable[Line], rows: Rows) -> Iterator[Line]:
    """Yield the rows that belong to entries; name the others, whose numbers `passed` has."""
    idle: list[int] = []
    nulls: list[tuple[int, str]] = []
    for line in lines:
        if not _NULLS.isdisjoint(line.cells.values()):
            nulls += [(line.number, name) for name, text in line.cells.items() if text in _NULLS]
        if not line.cells and not line.faults:
            idle.append(line.number)
        elif _is_of_an_entry(table, line, rows):
            yield line
    for row, heading in nulls[:1]:
        more = f"（共 {len(nulls)} 格如此）" if len(nulls) > 1 else ""
        message = f"像是数据库导出的空值，按字面读作文字：没有内容的请清空{more}"
        table.warn(table.place(row, heading), "NULL", message)
    if idle:
        more = f" 等 {len(idle)} 行" if len(idle) > 1 else " 行"
        message = f"第 {idle[0]}{more}只在没有读入的列里有内容，没有读入"
        cell = f"{idle[0]}:{idle[0]}"
        table.found.warnings.append(Problem(table.name, idle[0], "", cell, "", message))
    for column, row in sorted(table.header.bare.items()):
        message = f"{column_name(column)} 列没有表头，没有读入"
        cell = cell_name(row, column)
        table.found.warnings.append(Problem(table.name, row, "", cell, "", message))


def _is_of_an_entry(table: Table, line: Line, rows: Rows) -> bool:
    """Tell whether a row belongs to an entry; say what it is if not."""
    naming = rows.naming(line)
    if is_remark(_seen(line), naming=naming):
        _pass(table, line, "这一行像是签字、备注或合计，没有读入")
    elif naming:
        lone = _alone(line, rows)
        if not lone:
            return True
        _pass(table, line, lone, stops=not _is_title(line, rows))
    elif line.faults:
        for heading, fault in line.faults.items():
            table.problem(table.place(line.number, heading), line.cells.get(heading, ""), fault)
    else:
        # A remark or a signature below the table is one cell; more is a row gone wrong.
        message = "这一行没有代码，也没有信息项名称，没有读入"
        _pass(table, line, message, stops=len(line.cells) > 1)
    return False


def _seen(line: Line) -> list[str]:
    """Return what is filled of a row, with what leads it in a column that is not read."""
    return [each for each in (line.led, *line.cells.values()) if each]


def _is_title(line: Line, rows: Rows) -> bool:
    """Tell whether the one cell of a row is words where a code should be."""
    [(heading, text)] = line.cells.items()
    return heading in rows.keys and bool(_WORD.search(text))


def _alone(line: Line, rows: Rows) -> str:
    """Say what a row is whose one cell is no entry: a title between entries, or one begun."""
    if len(line.cells) != 1 or line.faults:
        return ""
    if _is_title(line, rows):
        return "这一行只有一格，不像目录代码，当作标题或说明，没有读入"
    if rows.whole:
        return "这一行只填了一格：是目录，请把其余各列填全；是标题或说明，请移到表外或删去"
    return ""


def _pass(table: Table, line: Line, message: str, *, stops: bool = False) -> None:
    """Say of a row why it is passed over; `stops`: it may be an entry, which is then missing."""
    row = line.number
    table.passed.add(row)
    said = Problem(table.name, row, "", f"{row}:{row}", (_seen(line) or [""])[0], message)
    (table.found.problems if stops else table.found.warnings).append(said)
