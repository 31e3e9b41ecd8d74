"""The T2 workbook: the template departments fill in, empty or filled, with how to fill it in.

A title row, then the headings with what may be filled in behind them in brackets, then one row an
item. Lists the readers accept are offered as drop-downs, and every cell says what belongs in it.
The second sheet explains each column; its example stands upright, a line a column, so that no
reader can take it for a row to be filed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from node.errors import AlreadyExists

from .complaints import HELP, HELP_TITLE
from .mapping import load_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from openpyxl import Workbook
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

    from .rules import Rule

TITLE = "政务信息资源目录填报表"
SHEET = "目录"
ALWAYS, ONCE, IF, MAY = "每行必填", "每个目录必填", "视情况必填", "可不填"


class Column(NamedTuple):
    """How one column is filled in."""

    need: str
    how: str
    example: str = ""
    second: str = ""
    """In the example's second row, the second item of the same entry."""


_KIND = "与上一级一起说明目录归哪一类，没有可不填；填了它，上一级也要填"
_BASIS = "「共享类型」为不予共享的必填"
_ASSESSED = "「是否含个人信息」为是的必填"
T2_COLUMNS = {
    "类分类": Column(ONCE, "信息资源分类的第一级", "主题"),
    "项分类": Column(MAY, f"第二级；{_KIND}", "城乡建设"),
    "目分类": Column(MAY, f"第三级；{_KIND}"),
    "细目分类": Column(MAY, f"第四级；{_KIND}"),
    "信息资源名称": Column(ONCE, "目录的名称，不换行", "房屋登记信息"),
    "信息资源代码": Column(
        ALWAYS,
        "分类码/顺序码，以文本填写；代码相同的相邻各行是同一个目录",
        "20100/00017",
        "20100/00017",
    ),
    "信息资源提供方": Column(ONCE, "报送部门的全称", "某市自然资源局"),
    "资源提供方代码": Column(
        ONCE, "报送部门的统一社会信用代码，18 位，以文本填写", "11130900MB0000002Q"
    ),
    "信息资源摘要": Column(ONCE, "一两句话说明有哪些数据、有什么用", "不动产登记簿摘录"),
    "信息资源格式分类": Column(ONCE, "从下拉列表中选", "数据库"),
    "信息资源格式类型": Column(MAY, "软件或文件的种类，只供参考，不报送", "MySQL"),
    "信息项名称": Column(ALWAYS, "一行一个信息项，不换行", "坐落", "建筑面积"),
    "数据类型": Column(ALWAYS, "从下拉列表中选", "字符型C", "数值型N"),
    "共享类型": Column(
        ALWAYS,
        "从下拉列表中选；各行各管自己的信息项，第一行也是整个目录的",
        "有条件共享",
        "有条件共享",
    ),
    "共享条件": Column(MAY, "有条件共享的其他条件，几条之间用分号隔开；没有填「无」", "无"),
    "共享方式类型": Column(IF, "不予共享以外的必填；几种方式之间用顿号隔开", "接口"),
    "是否向社会开放": Column(ONCE, "从下拉列表中选", "否"),
    "开放条件": Column(MAY, "向社会开放的条件"),
    "更新周期": Column(ONCE, "从下拉列表中选", "每日"),
    "发布日期": Column(MAY, "只供参考，不报送；发布以账本记载为准"),
}
"""The template's own columns, in its order."""
OUR_COLUMNS = {
    "信息项代码": Column(
        MAY, "字母、数字、下划线，同一目录内不重复；不填则按次序编号", "ZL", "JZMJ"
    ),
    "数据长度": Column(MAY, "整数", "200", "10"),
    "小数位数": Column(MAY, "整数", "", "2"),
    "数据分级": Column(ALWAYS, "从下拉列表中选", "一般2级", "一般1级"),
    "脱敏规则": Column(
        MAY, "full 全部遮盖；year 只留年份；keep:前几位,后几位，如 keep:1,0", "keep:6,0"
    ),
    "可为空": Column(MAY, "不填按「是」", "否", "是"),
    "可作查询条件": Column(MAY, "不填按「否」", "是", "否"),
    "共享范围": Column(IF, "有条件共享的必填：可供哪些部门使用，几个之间用分号隔开", "市级部门"),
    "使用用途": Column(
        IF,
        "有条件共享的必填：代码、空格、名称，几个用途之间用分号隔开",
        "RXHY 入学核验；ZHSX 智慧升学",
    ),
    "不予共享理由": Column(IF, _BASIS),
    "依据类型": Column(IF, f"{_BASIS}，从下拉列表中选"),
    "依据名称": Column(IF, f"{_BASIS}：法律法规的名称"),
    "依据条款": Column(IF, f"{_BASIS}：第几条第几款"),
    "更新周期说明": Column(IF, "「更新周期」为其他的必填，其余不填"),
    "来源系统": Column(ONCE, "数据出自哪个业务系统", "不动产登记平台"),
    "职责依据": Column(ONCE, "采集数据所依据的法定职责", "不动产登记暂行条例"),
    "是否含个人信息": Column(ONCE, "从下拉列表中选", "否"),
    "保密审查结论": Column(ONCE, "报送前的保密审查结论；涉密的不得报送", "不涉密"),
    "保密审查日期": Column(ONCE, "写成 2026-02-27", "2026-02-27"),
    "个人信息保护影响评估结论": Column(IF, _ASSESSED),
    "个人信息保护影响评估日期": Column(IF, f"{_ASSESSED}，写成 2026-02-27"),
}
"""What 条例 art. 13-15 adds; read by heading, so their order does not matter."""
T2_HEADINGS, OUR_HEADINGS = tuple(T2_COLUMNS), tuple(OUR_COLUMNS)
COLUMNS = {**T2_COLUMNS, **OUR_COLUMNS}
GENERAL_HELP = (
    HELP_TITLE,
    f"在「{SHEET}」页从第 3 行起填写，一行一个信息项。",
    "同一个目录的各行写相同的信息资源代码；目录自己的各列填在第一行，其余各行可以不填，也可以合并单元格。",
    "代码、日期的各列已设为文本，请不要改成数字：数字会丢掉前面的零和第 15 位以后的数字。",
    "不要隐藏有内容的行和列；不要用删除线表示删除，不要的内容请直接删掉。",
    "填好后用 shareledger catalogue check 检查；加 --mark 可以得到一份标出问题的副本。",
)
HELP_HEADINGS = ("列", "是否必填", "怎么填", "可填的内容", "示例：第一行", "示例：第二行")
HELP_WIDTHS = (26, 14, 52, 52, 30, 20)
FIRST_LIST_COLUMN = len(HELP_HEADINGS) + 2
"""On the explanation sheet, of lists that are too long to stand in the cell's own rule."""
INLINE_LIMIT = 255
"""Characters of a drop-down that Excel takes in place."""
AS_TEXT = ("代码", "日期")
"""Columns so named hold text, whatever is typed."""
ROWS_WITH_LISTS = 5_000
COLUMN_WIDTH = 18


def write_template(path: Path, rows: Iterable[Mapping[str, Any]] = ()) -> None:
    """Write a workbook with the headings and `rows` (cells by heading).

    Raises:
        AlreadyExists: there is such a file.
    """
    if path.exists():
        raise AlreadyExists(f"{path} 已存在 / exists", path=str(path))
    template_book(rows).save(path)


def template_book(rows: Iterable[Mapping[str, Any]] = ()) -> Workbook:
    """Return a workbook with the headings and `rows` (cells by heading)."""
    from openpyxl import Workbook  # 7 MiB that a process without such a table does not need
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    chosen = choices()
    book = Workbook()
    for unwanted in book.worksheets:
        book.remove(unwanted)
    sheet, explained = book.create_sheet(SHEET), book.create_sheet(HELP)
    sheet.append([TITLE])
    sheet.append([_labelled(heading, chosen.get(heading)) for heading in COLUMNS])
    for cell in sheet[2]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    _explain(explained, chosen)
    for index, heading in enumerate(COLUMNS, start=1):
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = COLUMN_WIDTH
        if heading.endswith(AS_TEXT):
            sheet.column_dimensions[letter].number_format = "@"
        rule = _rule(explained, heading, chosen.get(heading))
        rule.add(f"{letter}3:{letter}{ROWS_WITH_LISTS}")
        sheet.add_data_validation(rule)
    for row in rows:
        sheet.append([row.get(heading, "") for heading in COLUMNS])
    sheet.freeze_panes = "A3"
    return book


class Choices(NamedTuple):
    """What may be filled in."""

    listed: tuple[str, ...]
    several: bool
    """Several of them at once, with marks between."""


def choices() -> dict[str, Choices]:
    """Return what may be filled in below each heading that has a list."""
    mapping = load_mapping("t2")
    rules = [*mapping.entry.values(), *mapping.items.fields.values()]
    return {rule.column: _of(rule) for rule in rules if rule.values or rule.flag}


def _of(rule: Rule) -> Choices:
    listed = ("是", "否") if rule.flag else tuple(rule.values)
    return Choices(listed, several=rule.split is not None)


def _labelled(heading: str, choices: Choices | None) -> str:
    return f"{heading}（{'、'.join(choices.listed)}）" if choices else heading


def _rule(explained: Worksheet, heading: str, choices: Choices | None) -> DataValidation:
    """Make a column's drop-down, and what is said when one of its cells is chosen."""
    from openpyxl.worksheet.datavalidation import DataValidation

    column = COLUMNS[heading]
    rule = DataValidation(allow_blank=True)
    rule.promptTitle, rule.prompt = heading, f"{column.need}。{column.how}"
    rule.showInputMessage = True
    if choices is not None:
        rule.type = "list"
        rule.formula1 = _source(explained, choices.listed)
        rule.errorTitle, rule.error = heading, "请从下拉列表中选"
        # A list refuses what joins two of its words, though the readers take it.
        rule.showErrorMessage = not choices.several
    return rule


def _source(explained: Worksheet, listed: tuple[str, ...]) -> str:
    """Return a drop-down's list: in place where that is short enough, else where it is written."""
    from openpyxl.utils import get_column_letter

    inline = f'"{",".join(listed)}"'
    if len(inline) <= INLINE_LIMIT and not any(mark in text for text in listed for mark in ',"'):
        return inline
    column = max(explained.max_column + 1, FIRST_LIST_COLUMN)
    for row, text in enumerate(listed, start=1):
        explained.cell(row, column, text)
    letter = get_column_letter(column)
    return f"'{HELP}'!${letter}$1:${letter}${len(listed)}"


def _explain(sheet: Worksheet, choices: Mapping[str, Choices]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for line in GENERAL_HELP:
        sheet.append([line])
    sheet.append(HELP_HEADINGS)
    top = len(GENERAL_HELP) + 1
    for heading, (need, how, *examples) in COLUMNS.items():
        allowed = choices.get(heading)
        sheet.append([heading, need, how, "、".join(allowed.listed) if allowed else "", *examples])
    for cells in (sheet[1], sheet[top]):
        for cell in cells:
            cell.font = Font(bold=True)
    for index, width in enumerate(HELP_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    for row in sheet.iter_rows(min_row=top):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.number_format = "@"
