"""The T2 workbook: the template departments fill in, empty or filled.

A title row, then the headings with what may be filled in behind them in brackets, then one row an
item. Lists the readers accept are offered as drop-downs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from node.errors import AlreadyExists

from .mapping import load_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

TITLE = "政务信息资源目录填报表"
T2_HEADINGS = (
    "类分类",
    "项分类",
    "目分类",
    "细目分类",
    "信息资源名称",
    "信息资源代码",
    "信息资源提供方",
    "资源提供方代码",
    "信息资源摘要",
    "信息资源格式分类",
    "信息资源格式类型",
    "信息项名称",
    "数据类型",
    "共享类型",
    "共享条件",
    "共享方式类型",
    "是否向社会开放",
    "开放条件",
    "更新周期",
    "发布日期",
)
"""The template's own columns, in its order."""
OUR_HEADINGS = (
    "信息项代码",
    "数据长度",
    "小数位数",
    "数据分级",
    "脱敏规则",
    "可为空",
    "可作查询条件",
    "共享范围",
    "使用用途",
    "不予共享理由",
    "依据类型",
    "依据名称",
    "依据条款",
    "更新周期说明",
    "来源系统",
    "职责依据",
    "是否含个人信息",
    "保密审查结论",
    "保密审查日期",
    "个人信息保护影响评估结论",
    "个人信息保护影响评估日期",
)
"""What 条例 art. 13-15 adds; read by heading, so their order does not matter."""
ROWS_WITH_LISTS = 2_000
COLUMN_WIDTH = 18


def write_template(path: Path, rows: Iterable[Mapping[str, Any]] = ()) -> None:
    """Write a workbook with the headings and `rows` (cells by heading).

    Raises:
        AlreadyExists: there is such a file.
    """
    if path.exists():
        raise AlreadyExists(f"{path} 已存在 / exists", path=str(path))
    headings = (*T2_HEADINGS, *OUR_HEADINGS)
    choices = _choices()
    book = Workbook()
    for unwanted in book.worksheets:
        book.remove(unwanted)
    sheet = book.create_sheet("目录")
    sheet.append([TITLE])
    sheet.append([_labelled(heading, choices.get(heading, ())) for heading in headings])
    for cell in sheet[2]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for index, heading in enumerate(headings, start=1):
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = COLUMN_WIDTH
        if listed := choices.get(heading):
            validation = DataValidation(type="list", formula1=f'"{",".join(listed)}"')
            validation.add(f"{letter}3:{letter}{ROWS_WITH_LISTS}")
            sheet.add_data_validation(validation)
    for row in rows:
        sheet.append([row.get(heading, "") for heading in headings])
    sheet.freeze_panes = "A3"
    book.save(path)


def _choices() -> dict[str, tuple[str, ...]]:
    mapping = load_mapping("t2")
    rules = [*mapping.entry.values(), *mapping.items.fields.values()]
    choices = {rule.column: tuple(rule.values) for rule in rules if rule.values}
    return choices | {rule.column: ("是", "否") for rule in rules if rule.flag}


def _labelled(heading: str, choices: tuple[str, ...]) -> str:
    return f"{heading}（{'、'.join(choices)}）" if choices else heading
