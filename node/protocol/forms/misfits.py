"""What is wrong with a file of settings, in words: pydantic's findings, Chinese and by place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fields import SAID_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_INVALID = {
    "missing": "没有填写",
    "extra_forbidden": "没有这一项，请核对拼写",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文字（加引号）",
    "list_type": "应为列表",
    "dict_type": "应为一张表",
    "model_type": "应为一节（[名称]）",
    "model_attributes_type": "应为一节（[名称]）",
    "path_type": "应为文件路径",
    "greater_than_equal": "不得小于 {ge}",
    "greater_than": "应大于 {gt}",
    "less_than_equal": "不得大于 {le}",
    "less_than": "应小于 {lt}",
    "too_short": "至少要有 {min_length} 项",
    "invalid_key": "名称应为文字",
    "json_invalid": "不是 JSON：{error}",
}
"""By pydantic's type of error; the words in braces are its context."""
_FORMS = {
    "code": "应为 18 位统一社会信用代码（数字和大写字母）",
    "peers": '应为部门代码 = 网址，如 11130900MB0000001M = "http://127.0.0.1:8601"',
    "authorities": "应为 主机名:端口，如 127.0.0.1:8601",
}
"""What a text should look like, by the setting: no pattern is ever shown."""


def counted(path: Iterable[str | int]) -> list[str]:
    """Name a place in a settings file as people count, from one: `departments.2.code`."""
    return [str(part + 1 if isinstance(part, int) else part) for part in path]


def invalid_setting(
    found: Mapping[str, Any], called: Callable[..., str] = lambda *place: ".".join(place)
) -> str:
    """Say one finding of pydantic's about a settings file: where, and what to write instead."""
    place = counted(part for part in found["loc"] if part != "[key]")
    name = called(*place) if place else "配置"
    kind = found["type"]
    if kind == "value_error":
        return f"{name}：{found['ctx']['error']}"
    if kind in {"string_pattern_mismatch", "string_too_short"}:
        known = SAID_OF.get(found["ctx"].get("pattern", ""), "格式不对")
        form = next((text for part, text in _FORMS.items() if part in place), known)
        return f"{name}：{form}"
    if kind == "literal_error":
        return f"{name}：应为 {found['ctx']['expected'].replace(' or ', ', ')} 之一"
    said = _INVALID.get(kind)
    if said is None:
        return f"{name}：{found['msg']}"
    return f"{name}：{said.format(**found.get('ctx', {}))}"
