"""Database values as an answer carries them (protocol.md section 4), and the way back.

Decimals and integers of 2**53 and more are text, dates are ISO 8601, null stays null; floats
never appear.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
import uuid
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from ...errors import MalformedFilter, SourceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..needs import Value

MAX_INTEGER = 2**53
SQL_INTEGERS = 2**63
"""Where the largest integer type of databases ends; drivers do not take more."""
_TRUTH: dict[Value, bool] = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}


def render(value: object, scale: int | None = None) -> str | int | bool | None:
    """Return `value` as JSON carries it; `scale` is the item's number of decimal places.

    Raises:
        SourceUnavailable: a value of this type cannot be shared.
    """
    # The commonest first: this runs once for every cell served.
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and not scale:
        return value if abs(value) < MAX_INTEGER else str(value)
    if isinstance(value, int | float | Decimal):
        # SQLite keeps 60.00 as 60.
        return _decimal(Decimal(str(value)), scale)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise SourceUnavailable(f"the source holds a {type(value).__name__}, which cannot be shared")


def operand(value: Value, kind: type, item: str) -> object:
    """Return a filter's value as one of `kind`, the Python type of the column (object: unknown).

    Raises:
        MalformedFilter: it cannot be read as one.
    """
    try:
        return _OPERANDS.get(kind, _as_text)(value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise MalformedFilter(
            f"{value!r} cannot be compared with {item}, which holds {kind.__name__} values",
            item=item,
        ) from error


def _decimal(value: Decimal, scale: int | None) -> str:
    if not value.is_finite():
        raise SourceUnavailable(f"the source holds {value}, which is no number to share")
    return format(value, "f" if scale is None else f".{scale}f")


def _as_text(value: Value) -> str:
    # PostgreSQL's text has no NUL, and its driver's own error would be no error of ours.
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    return value


def _as_integer(value: Value) -> int:
    if isinstance(value, bool):
        raise TypeError
    number = int(value)
    if not -SQL_INTEGERS <= number < SQL_INTEGERS:
        raise ValueError
    return number


def _as_decimal(value: Value) -> Decimal:
    number = Decimal(_as_integer(value) if isinstance(value, int) else value)
    if not number.is_finite():
        raise ValueError
    return number


def _as_bool(value: Value) -> bool:
    if value not in _TRUTH:
        raise ValueError
    return _TRUTH[value]


_OPERANDS: dict[type, Callable[[Value], object]] = {
    object: lambda value: _as_text(value) if isinstance(value, str) else value,
    str: _as_text,
    int: _as_integer,
    Decimal: _as_decimal,
    float: lambda value: float(_as_decimal(value)),
    bool: _as_bool,
    dt.date: lambda value: dt.date.fromisoformat(_as_text(value)),
    dt.datetime: lambda value: dt.datetime.fromisoformat(_as_text(value)),
    dt.time: lambda value: dt.time.fromisoformat(_as_text(value)),
}
