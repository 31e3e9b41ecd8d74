"""What each kind of column becomes in an answer, and what a filter's value becomes for it.

The table of the manual ("数据源", section 3) says it for officials; tests hold both to three real
databases. The law of the whole module: a value is served as it is or refused, never bent into one;
and a filter by a value that was served finds its row. Decimals and integers of 2**53 and more are
text, dates are ISO 8601, null stays null (protocol.md 4.7); floats never appear.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import struct
import unicodedata
import uuid
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn, TypeVar

from ...errors import MalformedFilter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..needs import Value

    Bounds = tuple[float, float]
    """The least and the greatest number that is served as a value; both inclusive."""
    Served = str | int | bool | None

T = TypeVar("T")
BEIJING = dt.timezone(dt.timedelta(hours=8))
MAX_INTEGER = 2**53
SQL_INTEGERS = 2**63
"""Where the largest signed integer type of databases ends; drivers do not take more."""
SURE_DIGITS = 15
"""So many decimal digits survive a double (IEEE 754); more would be invented."""
_WIDEST = 65
"""Digits before and after the point of the widest decimal a filter may name (MySQL's DECIMAL)."""
_EXACT = Context(prec=400)
"""The longest double has 309 digits before its point; a scale adds at most 38."""
_TRUTH: dict[Value, bool] = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}

_NO_DATE = "no date of the form 2018-04-01"
_NO_TIME = "no time of the form 10:05:00"
_NO_MOMENT = "no date and time of the form 2026-02-27T10:05:00"
_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?"
_ZONE = r"(?:Z|[+-]\d\d(?::?\d\d(?::\d\d)?)?)"
_IS_DATE = re.compile(_DATE, re.ASCII)
_IS_TIME = re.compile(_TIME, re.ASCII)
_IS_MOMENT = re.compile(f"({_DATE})(?:[ T]({_TIME})({_ZONE})?)?", re.ASCII)


class Kind(StrEnum):
    """What a column holds, whatever its database calls it."""

    TEXT = "text"
    PADDED = "padded text"
    """CHAR(n) of databases that fill it up with blanks: these are no part of the value."""
    INTEGER = "integer"
    DECIMAL = "decimal"
    LOOSE = "decimal kept as a float"
    """SQLite's decimals: exact up to 15 digits."""
    FLOAT = "float"
    SINGLE = "single precision float"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "date and time"
    INSTANT = "date and time with time zone"
    TIME = "time"
    UUID = "uuid"
    JSON = "json"
    ANY = "no type"
    """A column of an SQLite view: its values say what they are."""
    CLOSED = "a type that is not shared"


NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.LOOSE, Kind.FLOAT, Kind.SINGLE})
APPROXIMATE = frozenset({Kind.LOOSE, Kind.FLOAT, Kind.SINGLE})


def render(value: object, kind: Kind, scale: int | None = None) -> Served:
    """Return `value` of a column of `kind` as JSON carries it; `scale` is its decimal places.

    Raises:
        ValueError: it is none of that kind, or cannot be shared as it is; the text says why and
            holds nothing of the value.
    """
    # The commonest first: this runs once for every cell served.
    if value is None:
        return None
    try:
        return _RENDER[kind](value, scale)
    except (OverflowError, InvalidOperation):
        raise ValueError(f"no {kind} that can be shared") from None


def operand(value: Value, kind: Kind, item: str, limit: int = SQL_INTEGERS) -> object:
    """Return a filter's value as one of `kind`; integers are below `limit`.

    Raises:
        MalformedFilter: it cannot be read as one.
    """
    try:
        read = _OPERANDS[kind](value)
        if isinstance(read, int):
            read = _within(read, limit)
    except (ValueError, TypeError, OverflowError, InvalidOperation, KeyError) as error:
        raise MalformedFilter(
            f"{value!r} cannot be compared with {item}, which holds {kind}", item=item
        ) from error
    return read


def _within(number: int, limit: int) -> int:
    if not -SQL_INTEGERS <= number < limit:
        raise ValueError
    return number


def forms(text: str) -> tuple[str, ...]:
    """Return `text` and its two normal forms, each once: what may be stored for it."""
    if text.isascii():
        return (text,)
    return tuple(
        dict.fromkeys((text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))))
    )


def bounds(value: Decimal, kind: Kind, scale: int | None) -> Bounds:
    """Return the least and the greatest float of `kind` that `render` gives out as `value`."""
    near = _single if kind is Kind.SINGLE else float
    if scale is None:
        return near(value), near(value)
    half = Decimal(5).scaleb(-scale - 1)
    size = abs(value)
    # Half a unit is rounded away from zero, so the far end is open, and both are around zero.
    # A single near it may be the only one: half a unit can be less than from one to the next.
    least = min(near(size - half), near(size))
    most = max(math.nextafter(near(size + half), -math.inf), near(size))
    if not value:
        return -most, most
    return (least, most) if value > 0 else (-most, -least)


def spellings(value: dt.datetime | dt.time) -> tuple[str, str]:
    """Return the first and the last text, in the order of code points, that SQLite may hold for it.

    Seconds and fractions that are zero may be left out; each shorter spelling begins the longer.
    """
    longest = value.isoformat(timespec="microseconds").replace("T", " ")
    if value.microsecond:
        return longest.rstrip("0"), longest
    shortest = (
        longest.removesuffix(".000000").removesuffix(":00") if not value.second else longest[:-7]
    )
    return shortest.removesuffix(" 00:00"), longest


def _unlike(value: object, wanted: str) -> NoReturn:
    raise ValueError(f"a {type(value).__name__} where {wanted} belongs")


def _text(value: object, _scale: int | None = None) -> str:
    if not isinstance(value, str):
        _unlike(value, "text")
    if "\0" in value:
        # What no filter can ask for and not every database can keep is damage.
        raise ValueError("a text with a NUL")
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def _padded(value: object, _scale: int | None) -> str:
    return _text(value).rstrip(" ")


def _integer(value: object, scale: int | None) -> str | int:
    if isinstance(value, bool) or not isinstance(value, int):
        _unlike(value, "an integer")
    if scale:
        return _exact(Decimal(value), scale)
    return value if abs(value) < MAX_INTEGER else str(value)


def _exact(value: object, scale: int | None) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        _unlike(value, "a decimal")
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError("no finite number")
    if scale is None:
        return format(number, "f")
    rounded = number.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    if rounded != number:
        raise ValueError(f"a decimal with more than the {scale} places the entry declares")
    return _signed(rounded)


def _approximate(value: object, scale: int | None) -> str:
    if not isinstance(value, float):
        return _exact(value, scale)
    if not math.isfinite(value):
        raise ValueError("no finite number")
    number = Decimal(repr(value))
    if scale is None:
        return _signed(number)
    # One digit less than is sure: where rounding begins must itself be a float (`bounds`).
    if number and number.adjusted() + 1 + scale >= SURE_DIGITS:
        raise ValueError(f"a float of which {scale} places are {SURE_DIGITS} digits or more")
    unit = Decimal(1).scaleb(-scale)
    return _signed(number.quantize(unit, rounding=ROUND_HALF_UP, context=_EXACT))


def _loose(value: object, scale: int | None) -> str:
    if scale is None and isinstance(value, float):
        digits = Decimal(repr(value)).normalize().as_tuple()
        if len(digits.digits) > SURE_DIGITS:
            raise ValueError(
                f"a decimal of more than {SURE_DIGITS} digits, which SQLite cannot keep"
            )
    return _approximate(value, scale)


def _single_served(value: object, scale: int | None) -> str:
    if isinstance(value, float) and math.isfinite(value):
        # The shortest decimal that names this single, as PostgreSQL prints it: nine digits name
        # every one. What a column of another kind holds, beyond all singles, stays as it is.
        single = _single(value)
        shorter = (float(f"{single:.{digits}g}") for digits in (6, 7, 8, 9))
        value = next((short for short in shorter if _single(short) == single), single)
    return _approximate(value, scale)


def _signed(number: Decimal) -> str:
    text = format(number, "f")
    return text if number or not text.startswith("-") else text[1:]


def _single(value: float | Decimal) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return float(value)  # beyond every single, as it was


def _boolean(value: object, _scale: int | None) -> bool:
    if isinstance(value, bool | int) and value in (0, 1):
        return bool(value)
    raise ValueError("no truth value")


def _parsed(parse: Callable[[str], T], text: str, wanted: str) -> T:
    """Return what `parse` makes of `text`; its own error might repeat the text."""
    try:
        return parse(text)
    except ValueError:
        raise ValueError(wanted) from None


def _date(value: object, _scale: int | None = None) -> str:
    if isinstance(value, str) and _IS_DATE.fullmatch(value):
        return _parsed(dt.date.fromisoformat, value, _NO_DATE).isoformat()
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    raise ValueError(_NO_DATE)


def _moment(value: object, _scale: int | None) -> str:
    moment = _as_datetime(value)
    if moment.tzinfo is not None:
        raise ValueError("a time zone where none belongs")
    return moment.isoformat()


def _instant(value: object, _scale: int | None) -> str:
    moment = _as_datetime(value)
    # A column of this kind that tells no zone is MySQL's, read in a session of Beijing time.
    aware = moment.replace(tzinfo=BEIJING) if moment.tzinfo is None else moment
    return aware.astimezone(BEIJING).isoformat()


def _time(value: object, _scale: int | None = None) -> str:
    if isinstance(value, str) and _IS_TIME.fullmatch(value):
        return _parsed(dt.time.fromisoformat, value, _NO_TIME).isoformat()
    if isinstance(value, dt.time) and value.tzinfo is None:
        return value.isoformat()
    raise ValueError(_NO_TIME)


def _uuid(value: object, _scale: int | None) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    return str(_parsed(uuid.UUID, _text(value), "no UUID"))


def _as_datetime(value: object) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    found = _IS_MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(_NO_MOMENT)
    text = f"{found[1]}T{found[2] or '00:00'}{found[3] or ''}"
    return _parsed(dt.datetime.fromisoformat, text, _NO_MOMENT)


def _whatever(value: object, scale: int | None) -> Served:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return value if isinstance(value, bool) else _integer(value, scale)
    return _approximate(value, scale)


def _closed(value: object, _scale: int | None) -> Served:
    raise ValueError(f"a {type(value).__name__}, which is not shared")


_RENDER: dict[Kind, Callable[[object, int | None], Served]] = {
    Kind.TEXT: _text,
    Kind.PADDED: _padded,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _exact,
    Kind.LOOSE: _loose,
    Kind.FLOAT: _approximate,
    Kind.SINGLE: _single_served,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.INSTANT: _instant,
    Kind.TIME: _time,
    Kind.UUID: _uuid,
    Kind.JSON: _text,
    Kind.ANY: _whatever,
    Kind.CLOSED: _closed,
}


def _asked_text(value: Value) -> str:
    # PostgreSQL's text has no NUL, and its driver's own error would be no error of ours.
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    value.encode()
    return value


def _asked_decimal(value: Value) -> Decimal:
    if isinstance(value, bool):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError
    # Databases refuse or bend what is wider, and an exponent makes megabytes of few characters.
    exponent = number.as_tuple().exponent
    if number.adjusted() >= _WIDEST or (isinstance(exponent, int) and exponent < -_WIDEST):
        raise ValueError
    return number


def _asked_integer(value: Value) -> int:
    number = _asked_decimal(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _asked_truth(value: Value) -> bool:
    return _TRUTH[value]


def _asked_moment(value: Value) -> dt.datetime:
    moment = _as_datetime(_asked_text(value))
    if moment.tzinfo is not None:
        raise ValueError
    return moment


def _asked_instant(value: Value) -> dt.datetime:
    moment = _as_datetime(_asked_text(value))
    return (moment.replace(tzinfo=BEIJING) if moment.tzinfo is None else moment).astimezone(BEIJING)


_OPERANDS: dict[Kind, Callable[[Value], object]] = {
    Kind.TEXT: _asked_text,
    Kind.PADDED: _asked_text,
    Kind.INTEGER: _asked_integer,
    Kind.DECIMAL: _asked_decimal,
    Kind.LOOSE: _asked_decimal,
    Kind.FLOAT: _asked_decimal,
    Kind.SINGLE: _asked_decimal,
    Kind.BOOLEAN: _asked_truth,
    Kind.DATE: lambda value: dt.date.fromisoformat(_date(_asked_text(value))),
    Kind.MOMENT: _asked_moment,
    Kind.INSTANT: _asked_instant,
    Kind.TIME: lambda value: dt.time.fromisoformat(_time(_asked_text(value))),
    Kind.UUID: lambda value: uuid.UUID(_asked_text(value)),
    Kind.ANY: lambda value: _asked_text(value) if isinstance(value, str) else value,
}
"""What is not here (JSON, types that are not shared) is compared with nothing."""
