"""A table with one row an entry, as platforms export it, and the mapping for it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAPPING = """
layout = "entry-rows"
header_rows = 1

[constants]
classification = ["部门", "公安"]
shareType = "无条件共享"
format = "电子表格"
modes = ["文件下载"]
opening = { open = true }
sourceSystem = "开放平台"
duty = "政务公开"
personalInformation = false
provider = "市公安局"
providerCode = "GA"
assessments = [{ kind = "保密审查", conclusion = "不涉密", date = "2026-03-01" }]

[entry]
code = { column = "id" }
name = { column = "名称" }
abstract = { column = "摘要", default = "摘要" }
updateCycle = { column = "更新", default = "每日", values = { "日" = "每日", "月" = "每月" } }

[items]
names = { column = "字段", split = "、" }

[items.fields]
type = { default = "字符型C" }
shareType = { default = "无条件共享" }
grade = { default = "一般1级" }
nullable = { default = true }
filterable = { default = true }
"""
ROW = {"id": "", "名称": "", "摘要": "说明", "更新": "日", "字段": "姓名、性别"}


def table_of(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write rows, cells by heading, over ROW's; return the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ROW))
        writer.writeheader()
        writer.writerows({**ROW, **row} for row in rows)
    return path
