"""Strict reading of a query's body (protocol.md section 4).

Whatever is not exactly the documented shape is refused by name; nothing is guessed or ignored.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import orjson

from ..errors import InvalidInput, MalformedFilter
from ..protocol.wire import encoding
from .needs import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .needs import Value

MAX_BODY_BYTES = 65_536
MAX_ITEMS = 256
MAX_FILTERED_ITEMS = 32
MAX_CHOICES = 100
MAX_TEXT = 512
MAX_REFERENCE = 200
MIN_SALT_BYTES = 16
DEFAULT_PAGE_SIZE = 100
MAX_INTEGER = 2**53
OPERATORS = frozenset({"eq", "in", "ge", "le", "prefix"})

_REQUIRED = frozenset({"purpose", "items", "operator", "matter", "salt"})
_OPTIONAL = frozenset({"where", "page"})


@dataclass(frozen=True, slots=True)
class Query:
    """What a call asks for, as it was signed."""

    purpose: str
    items: tuple[str, ...]
    where: tuple[Condition, ...]
    size: int
    after: str | None
    """The opaque `next` of the page before."""
    operator: str
    """Who asks, in the consumer's own words; only a salted commitment of it is kept."""
    matter: str
    """Number of the case it is asked for (办件号); kept the same way."""


def parse_query(body: bytes, *, max_page_size: int) -> Query:
    """Read a query's body.

    Raises:
        InvalidInput: naming the member that is missing, unknown or of the wrong form.
        MalformedFilter: the same, inside `where`.
    """
    if len(body) > MAX_BODY_BYTES:
        raise InvalidInput(f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are read")
    members = _object(_loads(body), "the body")
    _known(members, _REQUIRED | _OPTIONAL, "the body")
    missing = sorted(_REQUIRED - members.keys())
    if missing:
        raise InvalidInput(f"missing members: {', '.join(missing)}", members=missing)
    _salt(members["salt"])
    size, after = _page(members.get("page", {}), max_page_size)
    return Query(
        purpose=_text(members["purpose"], "purpose", MAX_REFERENCE),
        items=_items(members["items"]),
        where=parse_where(members.get("where", {})),
        size=size,
        after=after,
        operator=_text(members["operator"], "operator", MAX_REFERENCE),
        matter=_text(members["matter"], "matter", MAX_REFERENCE),
    )


def parse_where(clause: object) -> tuple[Condition, ...]:
    """Read a filter `{item: {operator: value}}`; a terms document's row scope has the same form.

    Raises:
        MalformedFilter: naming the item and what is wrong with it.
    """
    if not isinstance(clause, dict):
        raise MalformedFilter("where is not an object of items")
    if len(clause) > MAX_FILTERED_ITEMS:
        raise MalformedFilter(f"where names {len(clause)} items; at most {MAX_FILTERED_ITEMS}")
    found: list[Condition] = []
    for item, comparisons in clause.items():
        if not isinstance(comparisons, dict) or not comparisons:
            raise MalformedFilter(f"where.{item} is not an object of operators", item=item)
        for operator, value in comparisons.items():
            found.append(Condition(str(item), str(operator), _operand(item, operator, value)))
    return tuple(found)


def _operand(item: str, operator: str, value: object) -> Value | tuple[Value, ...]:
    where = f"where.{item}.{operator}"
    if operator not in OPERATORS:
        raise MalformedFilter(
            f"{where}: unknown operator; use one of {', '.join(sorted(OPERATORS))}",
            item=item,
            operator=operator,
        )
    if operator == "in":
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_CHOICES:
            raise MalformedFilter(f"{where} takes a list of 1 to {MAX_CHOICES} values", item=item)
        return tuple(_scalar(where, item, choice) for choice in value)
    if operator == "prefix" and not (isinstance(value, str) and value):
        raise MalformedFilter(f"{where} takes a text that is not empty", item=item)
    return _scalar(where, item, value)


def _scalar(where: str, item: str, value: object) -> Value:
    if isinstance(value, str) and len(value) <= MAX_TEXT:
        return value
    # True and False are integers below 2**53 too.
    if isinstance(value, int) and abs(value) < MAX_INTEGER:
        return value
    raise MalformedFilter(
        f"{where}: a value is a text of at most {MAX_TEXT} characters, an integer below 2^53, "
        "true or false; write decimals as text",
        item=item,
    )


def _loads(body: bytes) -> object:
    try:
        if b"\\" in body:
            # Read twice: orjson refuses half a surrogate pair, which could be neither hashed nor
            # answered and takes an escape to write; json tells members given twice.
            orjson.loads(body)
        value: object = _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the body is not JSON: {error}") from error
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        given = Counter(name for name, _ in pairs)
        twice = sorted(name for name, times in given.items() if times > 1)
        raise InvalidInput(f"members given twice: {', '.join(twice)}", members=twice)
    return members


def _no_float(text: str) -> NoReturn:
    raise InvalidInput(f"{text}: write decimals as text")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float
)


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{name} is not an object")
    return value


def _known(members: Mapping[str, object], known: frozenset[str], name: str) -> None:
    unknown = sorted(members.keys() - known)
    if unknown:
        raise InvalidInput(f"{name} has unknown members: {', '.join(unknown)}", members=unknown)


def _text(value: object, name: str, limit: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise InvalidInput(f"{name} is not a text of 1 to {limit} characters", members=[name])
    return value


def _items(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_ITEMS:
        raise InvalidInput(f"items is not a list of 1 to {MAX_ITEMS} codes", members=["items"])
    codes = tuple(_text(code, "items", MAX_REFERENCE) for code in value)
    if len(set(codes)) != len(codes):
        raise InvalidInput("items names a code twice", members=["items"])
    return codes


def _salt(value: object) -> None:
    try:
        salt = encoding.unb64u(_text(value, "salt", MAX_REFERENCE))
    except InvalidInput as error:
        raise InvalidInput("salt is not base64url without padding", members=["salt"]) from error
    if len(salt) < MIN_SALT_BYTES:
        raise InvalidInput(
            f"salt has {len(salt)} bytes; at least {MIN_SALT_BYTES} random ones are needed",
            members=["salt"],
        )


def _page(value: object, max_page_size: int) -> tuple[int, str | None]:
    page = _object(value, "page")
    _known(page, frozenset({"size", "after"}), "page")
    size, after = page.get("size", min(DEFAULT_PAGE_SIZE, max_page_size)), page.get("after")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= max_page_size:
        raise InvalidInput(f"page.size is not a number from 1 to {max_page_size}", members=["page"])
    if after is not None:
        after = _text(after, "page.after", MAX_TEXT)
    return size, after
