"""Two versions of an entry, member by member: what was and what is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import orjson

from node.protocol.forms.words import FIELDS

from ..wording import FIELDS_ENGLISH, ITEM_MEMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..frames import Words


Said: TypeAlias = str | tuple[str, ...] | None
"""A document's value; of several that stand together, each: a page says them in its language."""


class Difference(NamedTuple):
    """One thing that two versions say differently; None where one of them does not say it."""

    what: Words
    was: Said
    now: Said


def compare(before: bytes, after: bytes) -> list[Difference]:
    """Return what two catalogue-version documents say differently, in the members' order."""
    old, new = orjson.loads(before), orjson.loads(after)
    found: list[Difference] = []
    for name, chinese in FIELDS.items():
        if name == "items":
            found += _items(old["items"], new["items"])
        elif old.get(name) != new.get(name):
            words = (chinese, FIELDS_ENGLISH[name])
            found.append(Difference(words, said(old.get(name)), said(new.get(name))))
    return found


def said(value: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return a document's value as people read it; None for nothing."""
    if value is None or value in ([], {}):
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "；".join(said(each) or "" for each in value)
    if isinstance(value, dict):
        return "，".join(text for each in value.values() if (text := said(each)))
    return str(value)


def _items(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[Difference]:
    before = {item["code"]: item for item in old}
    after = {item["code"]: item for item in new}
    for code in [*before, *(code for code in after if code not in before)]:
        one, other = before.get(code), after.get(code)
        if one is None or other is None:
            given: Mapping[str, Any] = one or other or {}
            words = (f"信息项 {given['name']}（{code}）", f"item {given['name']} ({code})")
            yield Difference(words, _whole(one), _whole(other))
            continue
        for member, (chinese, english) in ITEM_MEMBERS.items():
            if one[member] != other[member]:
                words = (
                    f"信息项 {other['name']}（{code}）的{chinese}",
                    f"item {other['name']} ({code}): {english}",
                )
                yield Difference(words, said(one[member]), said(other[member]))
    if [item["code"] for item in old] != [item["code"] for item in new] and set(before) == set(
        after
    ):
        names = ("、".join(item["name"] for item in each) for each in (old, new))
        yield Difference(("信息项的次序", "order of the items"), next(names), next(names))


def _whole(item: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    if item is None:
        return None
    values = (item[name] for name in ITEM_MEMBERS if not isinstance(item[name], bool))
    return tuple(text for each in values if (text := said(each)))
