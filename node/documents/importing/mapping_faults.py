"""Everything wrong with a mapping file, said together, each with the key's place.

Two passes: what pydantic found in the shape of the rules, and what the fields of a catalogue
version say of the names and values in them.
"""

from __future__ import annotations

import types
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from node.protocol.forms import CatalogueVersionPaper, Item
from node.protocol.forms.fields import Part
from node.protocol.forms.words import FIELDS

from .key_columns import INSTEAD, is_row_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

OURS = {"type", "v", "salt", "attachments", "department", "version", "items"}
"""Members the system fills in, or other rules."""
DEFAULTED = OURS | {"secret", "relatedCodes", "conditions", "notShared", "updateNote", "grade"}
"""Members that need no rule."""
REASONS = {
    "extra_forbidden": "没有这一项",
    "missing": "缺少此项",
    "string_type": "应为文字（加引号）",
    "bool_type": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "dict_type": '应为表，如 {{ column = "表头" }}',
    "model_type": '应为表，如 {{ column = "表头" }}',
    "tuple_type": '应为列表，如 ["甲", "乙"]',
    "list_type": '应为列表，如 ["甲", "乙"]',
    "literal_error": "应为 {expected} 之一",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "too_short": "项数不足",
    "too_long": "项数过多",
}
WORDS = {
    "column": ("column", "parts", "text", "take", "pattern", "split", "record", "whole", "check",
               "values", "matches", "absent", "default", "join", "date", "flag", "fold", "hint"),
    "top": ("layout", "encoding", "sheet", "header_rows", "heading_cut", "entry", "constants",
            "items", "unread"),
    "items": ("names", "number", "fields"),
}  # fmt: skip
"""Words of the grammar, for whoever misspelt one."""
NO_CODE = ("split", "record", "whole", "date", "flag", "check", "values", "matches", "default")
"""What a rule of the code may not have: it is what stands in the table, or part of it."""


def faults_of(raw: Mapping[str, Any], shape: Iterable[ErrorDetails]) -> list[str]:
    """Say everything that is wrong with a mapping file, in Chinese, each once with its place.

    `raw` is the file as TOML, `shape` what pydantic found in it.
    """
    found: dict[str, str] = {}
    for error in shape:
        place = _known_place(raw, error["loc"])
        found.setdefault(_said(place), _reason(error, place))
    for path, reason in _meaning(raw):
        found.setdefault(_said(path), reason)
    return [f"{place}：{reason}" if place else reason for place, reason in found.items()]


def _meaning(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    entry, items = _table(raw.get("entry")), _table(raw.get("items"))
    constants = _table(raw.get("constants"))
    for name, rule in entry.items():
        path = tuple(int(part) if part.isdigit() else part for part in name.split("."))
        yield from _field(CatalogueVersionPaper, path, ("entry", name), rule)
    for name, value in constants.items():
        yield from _field(CatalogueVersionPaper, (name,), ("constants", name), value, plain=True)
    fields = _table(items.get("fields"))
    for name, rule in fields.items():
        yield from _field(Item, (name,), ("items", "fields", name), rule)
    given = {name.split(".")[0] for name in entry} | set(constants)
    for member in _members(CatalogueVersionPaper):
        if member not in given | DEFAULTED:
            yield ("entry", member), f"缺少规则：每个目录都要有{FIELDS.get(member, member)}"
    yield from _code(entry.get("code"), constants)
    yield from _items(raw.get("layout"), items, fields)


def _code(rule: object, constants: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if "code" in constants:
        yield ("constants", "code"), f"每个目录的代码各不相同，不能是固定的。{INSTEAD}"
    if not isinstance(rule, dict):
        return
    for word in NO_CODE:
        if word in rule:
            yield (
                ("entry", "code", word),
                "目录代码不能换算或补填，只能照表里所写，或用 take、pattern 取其一部分",
            )
    parts = rule.get("parts") if isinstance(rule.get("parts"), list) else [rule]
    headings = [str(part.get("column", "")) for part in parts or () if isinstance(part, dict)]
    for heading in headings:
        if is_row_number(heading):
            yield (
                ("entry", "code"),
                f"「{heading}」是行号，增删一行就会变成另一个目录的代码。{INSTEAD}",
            )
    if rule.get("parts") and not any(headings):
        yield ("entry", "code", "parts"), "只有固定的文字，每个目录会是同一个代码"


def _items(
    layout: object, items: Mapping[str, Any], fields: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str]]:
    names = items.get("names")
    if layout == "entry-rows" and names is None:
        yield ("items", "names"), "一行一个目录（entry-rows）时，要写信息项在哪一列、怎样分开"
    elif layout == "entry-rows" and isinstance(names, dict) and "split" not in names:
        yield ("items", "names", "split"), "缺少此项：一格里的信息项以什么分开，如 '[、，]'"
    elif layout == "item-rows" and names is not None:
        yield ("items", "names"), "一行一个信息项（item-rows）时不写 names，写 fields.name"
    elif layout == "item-rows" and "name" not in fields:
        yield ("items", "fields", "name"), "缺少规则：信息项的名称在哪一列"
    known = {*fields, "code", "name", "length", "scale", "mask", "shareType"}
    for member in _members(Item):
        if member not in known:
            yield ("items", "fields", member), "缺少规则：没有这一列的，写 { default = … }"
    if isinstance(number := items.get("number"), str) and not _counts(number):
        yield ("items", "number"), '应写明序数的位置，如 "F{number:03d}"'


def _counts(number: str) -> bool:
    try:
        return number.format(number=1) != number.format(number=2)
    except (ValueError, LookupError, AttributeError):
        return False


def _field(
    model: Any,  # noqa: ANN401 - annotations have no common type
    path: tuple[str | int, ...],
    place: tuple[str | int, ...],
    value: object,
    *,
    plain: bool = False,
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Say whether a version has a field at `path`, and whether it takes what a rule may give."""
    kind: Any = model
    for step in path:
        inner = _inside(kind)
        if isinstance(step, int):
            element = _element(inner)
            if element is None:
                yield place, "这一项不是列表，不能写第几个"
                return
            kind = element
            continue
        fields = _members(inner)
        if step in OURS and step == path[0] and model is CatalogueVersionPaper:
            yield place, "由系统填写，不在这里写"
            return
        if step not in fields:
            yield place, "没有这一项" + _perhaps(str(step), fields)
            return
        kind = fields[step]
    if plain:
        yield from _constant(kind, value, place)
    elif isinstance(value, dict):
        yield from _given(kind, value, place)


def _constant(
    kind: Any,  # noqa: ANN401 - as above
    value: object,
    place: tuple[str | int, ...],
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    inner = _inside(kind)
    members = _members(inner)
    element = _element(inner)
    if members and isinstance(value, dict):
        for name, each in value.items():
            if name not in members:
                yield (*place, name), "没有这一项" + _perhaps(name, members)
            else:
                yield from _constant(members[name], each, (*place, name))
    elif element is not None and isinstance(value, list):
        for index, each in enumerate(value):
            yield from _constant(element, each, (*place, index))
    else:
        yield from _lawful(inner, value, place)


def _given(
    kind: Any,  # noqa: ANN401 - as above
    rule: Mapping[str, Any],
    place: tuple[str | int, ...],
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Check what a rule turns cells into."""
    for text, value in _table(rule.get("values")).items():
        yield from _lawful(_inside(kind), value, (*place, "values", text))
    matches = rule.get("matches")
    for index, pair in enumerate(matches if isinstance(matches, list) else ()):
        if isinstance(pair, list) and len(pair) == 2:  # noqa: PLR2004 - a pattern, a value
            yield from _lawful(_inside(kind), pair[1], (*place, "matches", index))
    if "default" in rule:
        yield from _lawful(_inside(kind), rule["default"], (*place, "default"))


def _lawful(
    kind: Any,  # noqa: ANN401 - as above
    value: object,
    place: tuple[str | int, ...],
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Say whether a field takes a value; "" stands for nothing and is taken by all."""
    element = _element(kind)
    if element is not None:
        if isinstance(value, list):
            for each in value:
                yield from _lawful(_inside(element), each, place)
        elif value != "":
            yield place, '应为列表，如 ["甲", "乙"]'
        return
    if value == "":
        return
    allowed = get_args(kind) if get_origin(kind) is Literal else ()
    if kind is bool and not isinstance(value, bool):
        yield place, "应为 true 或 false"
    elif allowed and value not in allowed:
        listed = "、".join(str(each) for each in allowed)
        yield place, f"「{value}」不是规定的用语，只能是：{listed}"


def _inside(kind: Any) -> Any:  # noqa: ANN401 - annotations have no common type
    """Return what an annotation is about: without `Annotated` and without `None`."""
    while True:
        origin = get_origin(kind)
        if hasattr(kind, "__metadata__"):
            kind = kind.__origin__
        elif origin in {Union, types.UnionType}:
            kind = next(each for each in get_args(kind) if each is not type(None))
        else:
            return kind


def _element(kind: Any) -> Any:  # noqa: ANN401 - as above
    arguments = get_args(kind) if get_origin(kind) is tuple else ()
    return arguments[0] if arguments else None


def _members(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    if not (isinstance(kind, type) and issubclass(kind, Part)):
        return {}
    return {field.alias or name: field.annotation for name, field in kind.model_fields.items()}


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _known_place(raw: Any, loc: tuple[str | int, ...]) -> tuple[str | int, ...]:  # noqa: ANN401 - TOML
    """Return as much of pydantic's place as stands in the file: it also names types it tried."""
    place: list[str | int] = []
    value: Any = raw
    for index, step in enumerate(loc):
        inside = isinstance(value, dict) and step in value
        inside = inside or (isinstance(value, list) and isinstance(step, int) and step < len(value))
        if inside:
            value = value[step]
            place.append(step)
        elif index == len(loc) - 1 and isinstance(value, dict) and isinstance(step, str):
            place.append(step)  # what is missing
    return tuple(place)


def _reason(error: ErrorDetails, place: tuple[str | int, ...]) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    said = REASONS.get(error["type"], error["msg"]).format(**context).replace("' or '", "'、'")
    if error["type"] == "extra_forbidden":
        words = "top" if len(place) == 1 else "items" if len(place) == len(("items", "x")) else ""
        said += _perhaps(str(place[-1]), WORDS[words or "column"])
    return said


def _perhaps(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"，是不是 {near[0]}？" if near else ""


def _said(place: tuple[str | int, ...]) -> str:
    """Name a place by its keys, as TOML would: `entry."classification.0".column`."""
    return ".".join(
        f"第 {step + 1} 个" if isinstance(step, int) else f'"{step}"' if "." in step else step
        for step in place
    )


PLACEHOLDER = "待填"
"""What a proposed mapping has where only the department knows; nothing is filed with it."""


def placeholders(value: Any, place: str = "") -> Iterator[str]:  # noqa: ANN401 - TOML
    """Yield where a mapping, as plain values, still says that something is to be filled in."""
    if isinstance(value, dict | list | tuple):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in members:
            yield from placeholders(each, f"{place}.{name}" if place else str(name))
    elif value == PLACEHOLDER:
        yield place
