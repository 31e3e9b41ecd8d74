"""The kinds of values documents are made of, and the model they all share.

Strict: no member beyond the declared ones, no coercion; the law's own words are the values. A
document is judged in two steps: shape (pydantic), then `problems` (rules between members).
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from ...crypto import Sm2PublicKey
from ...errors import MalformedKey
from ..wire.characters import called, find_hidden
from ..wire.days import BEIJING, DAY_SECONDS

FIRST_YEAR, LAST_YEAR = 2000, 2199
UINT32_MAX = 2**32 - 1
ITEMS_LIMIT = 256
"""Bits of a grant's bitmap."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MASK = re.compile(r"full|year|keep:[0-9]{1,3},[0-9]{1,3}", re.ASCII)

_LABEL = "[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_HOST = rf"({_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*\])"
"""A host's name (RFC 1123 section 2.1) or its IPv6 address in brackets."""

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing wrong with a document."""

    path: Path
    """Member names and indexes as in the JSON, from the outermost inwards."""
    reason: str
    """In Chinese, for the one who wrote the document."""
    value: object


class Part(BaseModel):
    """A piece of a document: immutable, strict, camelCase in JSON."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        serialize_by_alias=True,
        str_max_length=20_000,
        arbitrary_types_allowed=False,
        defer_build=True,  # a process reads few of the forty forms, and pays for those
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong between members that are each well formed."""
        yield from ()


SAID_OF: dict[str, str] = {}
"""What a text must be, in words, by the pattern it is judged by: nobody is shown a pattern."""


def _of_form(pattern: str, said: str) -> FieldInfo:
    """Declare a pattern together with the sentence that stands for it."""
    SAID_OF[pattern] = said
    return Field(pattern=pattern)  # type: ignore[no-any-return] # pydantic types it as Any


def _day(value: object) -> object:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise ValueError("应为 YYYY-MM-DD 形式的日期")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("没有这一天") from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"年份应在 {FIRST_YEAR} 与 {LAST_YEAR} 之间")
    return day


def _shown(value: str, *, lines: bool) -> str:
    if value != value.strip():
        raise ValueError("首尾不得有空白")
    if (hidden := find_hidden(value, lines=lines)) is not None:
        if hidden == "\n":
            raise ValueError("不得换行，请写在一行里")
        raise ValueError(f"不得含有看不见的字符：{called(hidden)}，请删去")
    return value


def _mask(value: str) -> str:
    if not MASK.fullmatch(value):
        raise ValueError("脱敏规则应为 full、year 或 keep:前几位,后几位")
    return value


def _person(value: str) -> str:
    if not int(value, 16):
        raise ValueError("人员标识不得为零")
    return value


def _point(value: str) -> str:
    try:
        Sm2PublicKey.from_raw(bytes.fromhex(value))
    except MalformedKey as error:
        raise ValueError("不是 SM2 曲线上的公钥") from error
    return value


Text = Annotated[
    str, Field(min_length=1, max_length=8000), AfterValidator(partial(_shown, lines=True))
]
"""Something said in words, on one line or more."""
Name = Annotated[
    str, Field(min_length=1, max_length=200), AfterValidator(partial(_shown, lines=False))
]
"""Something called by a name, on one line."""
DepartmentCode = Annotated[
    str,
    _of_form(r"^[0-9A-Z]{18}$", "应为 18 位统一社会信用代码，只有半角数字和大写字母"),
]
"""Unified social credit code, 18 characters; its check digit: `codes.unified_code`."""
EntryCode = Annotated[
    str,
    Field(max_length=64),
    _of_form(
        r"^[0-9A-Za-z._-]+/[0-9A-Za-z._-]+$",
        "应写成「分类码/顺序码」，如 30300101/06001：正好一个斜杠，"
        "两边只用半角字母、数字、点、横线或下划线",
    ),
]
"""分类码/顺序码, exactly one slash."""
ItemCode = Annotated[
    str,
    Field(max_length=64),
    _of_form(r"^[0-9A-Za-z_]+$", "只能用半角字母、数字和下划线，如 GMSFHM"),
]
Code = Annotated[
    str,
    Field(max_length=64),
    _of_form(
        r"^[0-9A-Za-z][0-9A-Za-z._-]*$",
        "只能用半角字母、数字、点、横线和下划线，以字母或数字开头，如 RXHY",
    ),
]
"""Code of a purpose or an application system."""
_HEX_64 = _of_form(r"^[0-9a-f]{64}$", "应为 64 位小写十六进制数")
Digest = Annotated[str, _HEX_64]
"""32 bytes as hex: an SM3 digest, a key id or an Ed25519 key."""
Person = Annotated[str, _HEX_64, AfterValidator(_person)]
"""An officer's handle: 32 random bytes as hex, not zero, the same for all his keys."""
Address = Annotated[str, _of_form(r"^[0-9a-f]{40}$", "应为 40 位小写十六进制数")]
"""An account's address, 20 bytes as hex."""
PublicKey = Annotated[
    str, _of_form(r"^[0-9a-f]{128}$", "应为 128 位小写十六进制数"), AfterValidator(_point)
]
"""SM2 public key, x then y, as hex."""
Day = Annotated[date, BeforeValidator(_day)]
"""A Beijing day."""
Count = Annotated[int, Field(ge=1, le=UINT32_MAX)]
MaskRule = Annotated[str, Field(max_length=16), AfterValidator(_mask)]
Url = Annotated[
    str,
    Field(max_length=200),
    _of_form(
        rf"^https?://{_HOST}(:[0-9]{{1,5}})?$",
        "应为 http:// 或 https:// 开头的主机地址，可带端口，不带路径",
    ),
]
"""Base URL of a node, without a path."""


def starts(day: date) -> int:
    """Return the chain time, in seconds, at which the Beijing day `day` begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=BEIJING).timestamp())


def ends(day: date) -> int:
    """Return the exclusive end of the Beijing day `day`: the next midnight, in seconds."""
    return starts(day) + DAY_SECONDS


def day_of(seconds: int) -> date:
    """Return the Beijing day of a chain time."""
    return datetime.fromtimestamp(seconds, BEIJING).date()


class Period(Part):
    """A span of Beijing days, both inclusive."""

    valid_from: Day
    valid_until: Day

    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        if self.valid_until < self.valid_from:
            yield Problem(("validUntil",), "止日不得早于起日", self.valid_until.isoformat())


class Named(Part):
    """A code with the name people know it by."""

    code: Code
    name: Name


class Attachment(Part):
    """A file that belongs to a document, named by its hash."""

    name: Name
    media: Annotated[
        str,
        Field(max_length=100),
        _of_form(r"^[a-z]+/[0-9a-z.+-]+$", "应为媒体类型，如 application/pdf"),
    ]
    size: Annotated[int, Field(ge=0, le=2**53 - 1)]
    sm3: Digest


class Paper(Part):
    """What every document has besides its own members."""

    v: Annotated[int, Field(ge=1, le=1)]
    salt: Annotated[
        str, _of_form(r"^[0-9A-Za-z_-]{22}$", "应为 16 个随机字节的 base64url 写法（22 个字符）")
    ]
    """16 random bytes: a digest on the chain confirms no guess of the content."""
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=64)] = ()


def nested(part: Part, *path: str | int) -> Iterator[Problem]:
    """Yield the problems of a part of the document, placed under `path`."""
    for problem in part.problems():
        yield Problem((*path, *problem.path), problem.reason, problem.value)


def repeated(values: tuple[str, ...], path: Path, reason: str) -> Iterator[Problem]:
    """Yield a problem for every value seen before."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Problem((*path, index), reason, value)
        seen.add(value)
