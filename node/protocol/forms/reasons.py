"""What is wrong with a member, in Chinese, from pydantic's error types."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

REASONS = {
    "missing": "缺少此项",
    "extra_forbidden": "没有这一项",
    "string_type": "应为文字",
    "string_too_short": "不得为空",
    "string_too_long": "不得多于 {max_length} 个字",
    "string_pattern_mismatch": "格式不符（应符合 {pattern}）",
    "literal_error": "应为 {expected} 之一",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "bool_type": "应为 true 或 false",
    "tuple_type": "应为列表",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "too_long": "不得多于 {max_length} 项",
    "too_short": "不得少于 {min_length} 项",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
}
"""By error type; the names in braces are in the error's context."""


def reason_of(error: ErrorDetails) -> str:
    """Return the reason for one of pydantic's errors."""
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    template = REASONS.get(error["type"])
    if template is None:
        return error["msg"]
    return template.format(**context).replace("' or '", "', '").replace("', '", "'、'")


def without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Drop "too few" where it only echoes that some of a list's elements are malformed."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(
            place != error["loc"] and place[: len(error["loc"])] == error["loc"] for place in places
        )
    ]
