"""A provider's reply, or a change, as a form has it: item by item, with terms built of fields.

Nothing that is typed is an expression: a condition is an item of the entry that may be a condition,
an operator, a value. What is previewed and what is signed are made of the same fields here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import InvalidInput
from ..protocol.wire import ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..protocol.forms import ApplicationPaper, CatalogueVersionPaper, TermsPaper
    from ..protocol.forms.versions import Item
    from ..protocol.ledger.facts import AuthorisationFact

KIND = "reply"
"""Of its drafts."""
MOST_CONDITIONS = 8
OPERATORS = {
    "eq": ("等于", "equals"),
    "in": ("为其中之一", "is one of"),
    "ge": ("不小于", "is at least"),
    "le": ("不大于", "is at most"),
    "prefix": ("开头为", "begins with"),
}
RULES = ("keep", "year", "full")
"""Ways to mask; `keep` says how many characters stay at both ends."""
GROUNDS = ("共享条件", "必要性", "合法性", "真实性", "法律", "行政法规", "国务院决定")
DISPOSALS = ("销毁", "退回", "归档")
TRUTHS = {"是": True, "true": True, "否": False, "false": False}
_TRUTH_TYPE = "逻辑型L"
_KEEP = re.compile(r"keep:(\d+),(\d+)")
_ITEM_FIELDS = (
    "answer",
    "ground",
    "citation",
    "article",
    "reason",
    "mask",
    "first",
    "last",
    "filter",
)
_FIELDS = frozenset((
    *_ITEM_FIELDS, "item", "operator", "value", "disposal", "days", "note", "opinion", "handler",
    "phone", "validFrom", "validUntil", "callsPerDay", "rowsPerDay",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What terms say of rows and values, as the service's `TermsView` has it."""

    row_scope: dict[str, dict[str, Any]]
    filter_only: tuple[str, ...]
    masks: dict[str, str]

    def __bool__(self) -> bool:
        return bool(self.row_scope or self.filter_only or self.masks)

    def says(self, terms: TermsPaper) -> bool:
        """Tell whether this is all that terms say of rows and values."""
        said = terms.row_scope, frozenset(terms.filter_only), terms.masks
        return said == (self.row_scope, frozenset(self.filter_only), self.masks)


@dataclass(frozen=True, slots=True)
class TermsForm:
    """A form's fields, and the version they are about."""

    fields: Mapping[str, str]
    fact: AuthorisationFact
    version: CatalogueVersionPaper

    @property
    def agreed(self) -> list[str]:
        """The codes of the items that are granted."""
        return [item.code for item in self.version.items if self._of("grant", item.code)]

    def limits(self) -> Limits:
        """Return what the form says of rows and values.

        Raises:
            InvalidInput: a condition or a mask is none; it says which.
        """
        agreed = self.agreed
        offered = {item.code: item for item in self.version.items if item.filterable}
        filters = [code for code in offered if self._of("filter", code) and code not in agreed]
        masks = {code: rule for code in agreed if (rule := self._mask(code))}
        return Limits(self._scope(offered), tuple(filters), masks)

    def terms(self) -> dict[str, Any] | None:
        """Return the members of a `terms` document; None: the form sets no terms.

        Raises:
            InvalidInput: as `limits`; or there are terms and nothing about disposal.
        """
        limits, method = self.limits(), self.fields.get("disposal", "")
        # Where the application brought terms, saying nothing would be to accept those.
        if not limits and not method and self.fact.terms == ids.ZERO:
            return None
        if not method:
            raise InvalidInput(
                "有附加条件时应写明用后处置的方式 / terms say what becomes of the data after use"
            )
        return {
            "provider": ids.department_code(self.fact.provider),
            "consumer": ids.department_code(self.fact.consumer),
            "rowScope": limits.row_scope,
            "filterOnly": list(limits.filter_only),
            "masks": limits.masks,
            "disposal": {
                "method": method,
                "days": _whole(self.fields.get("days", ""), "处置天数", "days"),
                "note": self.fields.get("note") or None,
            },
        }

    def change(self, standing: TermsPaper | None, *, build: bool) -> dict[str, Any]:
        """Return what a `Change` that is to be prepared and signed says but for who says it.

        `standing` are the terms as they are; they stay where the form says them, and where it does
        not `build` any.

        Raises:
            InvalidInput: as `terms`; no item is left; or a limit is no number.
        """
        if not (items := self.agreed):
            raise InvalidInput("至少保留一个信息项；不再使用请停止使用 / keep one item at least")
        return {"items": items, **self._quotas(), **(self._changed(standing) if build else {})}

    def _changed(self, standing: TermsPaper | None) -> dict[str, Any]:
        terms = self.terms()
        if standing is not None and terms is not None and self.limits().says(standing):
            disposal = standing.disposal
            kept = {"method": disposal.method, "days": disposal.days, "note": disposal.note}
            terms = None if terms["disposal"] == kept else terms
        return {} if terms is None else {"terms": terms}

    def _quotas(self) -> dict[str, Any]:
        days = {name: self.fields.get(name) or None for name in ("validFrom", "validUntil")}
        named = (("callsPerDay", "每日次数"), ("rowsPerDay", "每日行数"))
        return {
            **days,
            **{name: _whole(self.fields.get(name, ""), chinese, name) for name, chinese in named},
        }

    def _of(self, name: str, item: str) -> str:
        return self.fields.get(f"{name}-{item}", "")

    def _mask(self, code: str) -> str:
        rule = self._of("mask", code)
        if rule not in {"", *RULES}:
            raise InvalidInput(f"没有这种脱敏方式：{rule[:20]!r} / no such mask")
        if rule != "keep":
            return rule
        ends = (
            _whole(self._of(name, code), f"{code} 保留的位数", "kept characters", most=999)
            for name in ("first", "last")
        )
        return f"keep:{next(ends)},{next(ends)}"

    def _scope(self, offered: Mapping[str, Item]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for nth in range(MOST_CONDITIONS):
            code, operator = (self.fields.get(f"{name}-{nth}", "") for name in ("item", "operator"))
            if not code:
                continue
            if code not in offered or operator not in OPERATORS:
                raise InvalidInput(
                    f"行范围第 {nth + 1} 条：{code[:40]} 不可作条件，或没有这种比较"
                    " / no condition can be made of this item"
                )
            clause = found.setdefault(code, {})
            if operator in clause:
                raise InvalidInput(
                    f"行范围第 {nth + 1} 条与前面的重复：{code} {OPERATORS[operator][0]}"
                    " / the same comparison of one item twice"
                )
            clause[operator] = _operand(
                self.fields.get(f"value-{nth}", ""), offered[code], operator, nth
            )
        return found


@dataclass(frozen=True, slots=True)
class ReplyForm(TermsForm):
    """A form that answers an application."""

    applied: ApplicationPaper

    @property
    def agreed(self) -> list[str]:
        """The codes of the items that are not refused."""
        return [item for item in self.applied.items if self._of("answer", item) != "refuse"]

    def reply(self) -> dict[str, Any]:
        """Return the fields of the `Reply` that is to be prepared and signed.

        Raises:
            InvalidInput: as `terms`; or a limit is no number.
        """
        refusals = [
            {
                "item": item,
                "reason": self._of("reason", item),
                "ground": {
                    "kind": self._of("ground", item),
                    "citation": self._of("citation", item),
                    "article": self._of("article", item) or None,
                },
            }
            for item in self.applied.items
            if item not in self.agreed
        ]
        given, some = self.fields, bool(self.agreed)
        decided: dict[str, Any] = {
            "authorisation": self.fact.authorisation,
            "answer": "同意" if not refusals else "部分同意" if some else "不同意",
            "refusals": refusals,
            "opinion": given.get("opinion", ""),
            "handler": {"name": given.get("handler", ""), "phone": given.get("phone", "")},
        }
        if some:
            decided |= self._quotas()
            if (terms := self.terms()) is not None:
                decided["terms"] = terms
        return decided


def _operand(text: str, item: Item, operator: str, nth: int) -> Any:  # noqa: ANN401 - JSON
    values = [line.strip() for line in text.splitlines() if line.strip()]
    if not values or (operator != "in" and len(values) > 1):
        raise InvalidInput(
            f"行范围第 {nth + 1} 条应有{'值' if not values else '且只有一个值'}"
            " / the condition has no value, or more than one"
        )
    # Text reads as whatever the column holds, save a truth value.
    read = [TRUTHS.get(each, each) if item.type == _TRUTH_TYPE else each for each in values]
    return read if operator == "in" else read[0]


def _whole(text: str, chinese: str, english: str, most: int = 2**31) -> int:
    short = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not short or int(text) > most:
        raise InvalidInput(f"{chinese}应为整数（{text[:20]!r}）/ {english} is no number")
    return int(text)


def rule_words(rule: str) -> tuple[str, str]:
    """Say what a mask rule does, in Chinese and English."""
    kept = _KEEP.fullmatch(rule)
    if kept is None:
        return {"year": ("只留年份", "year only"), "full": ("全部隐藏", "hidden")}[rule]
    first, last = kept[1], kept[2]
    return f"保留前 {first} 后 {last} 位", f"keeps the first {first} and last {last}"


def fields_of(terms: TermsPaper) -> dict[str, str]:
    """Return the fields of a form that says what terms say which the application brought."""
    fields = {f"filter-{code}": "on" for code in terms.filter_only}
    for code, rule in terms.masks.items():
        kept = _KEEP.fullmatch(rule)
        fields[f"mask-{code}"] = "keep" if kept else rule
        if kept:
            fields |= {f"first-{code}": kept[1], f"last-{code}": kept[2]}
    clauses = [(code, *each) for code, clause in terms.row_scope.items() for each in clause.items()]
    for nth, (code, operator, value) in enumerate(clauses):
        lines = "\n".join(map(_typed, value if isinstance(value, list) else [value]))
        fields |= {f"item-{nth}": code, f"operator-{nth}": operator, f"value-{nth}": lines}
    disposal = terms.disposal
    kept_fields = {"disposal": disposal.method, "days": str(disposal.days)}
    return {**fields, **kept_fields, "note": disposal.note or ""}


def _typed(value: object) -> str:
    return ("是" if value else "否") if isinstance(value, bool) else str(value)


def title_of(authorisation: int) -> str:
    """Return the title of the draft of a reply, by which it is found again."""
    return f"授权 {authorisation} 的答复"


def dump_draft(authorisation: int, fields: Mapping[str, str]) -> bytes:
    """Return a draft's body: the fields of a reply's form, and no others."""
    kept = {name: text for name, text in fields.items() if name.partition("-")[0] in _FIELDS}
    return orjson.dumps({"authorisation": authorisation, "fields": kept})


def load_draft(body: bytes) -> tuple[int, dict[str, str]]:
    """Return the authorisation and the fields that `dump_draft` wrote."""
    members: dict[str, Any] = orjson.loads(body)
    return members["authorisation"], members["fields"]
