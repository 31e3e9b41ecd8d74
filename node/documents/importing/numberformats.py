"""What a spreadsheet shows of a stored value under its number format (ECMA-376 part 1, 18.8.31).

A code of 7 under `000` is seen, and so filed, as 007. A date whose format shows year, month and day
reads as `YYYY-MM-DD` (and `HH:MM`, `:SS` where shown) however the format orders them; every other
date reads as it is shown. A format this module does not render is a fault of the cell, never a
guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import NamedTuple

GENERAL = "General"
BUILT_IN = {
    **dict(enumerate((GENERAL, "0", "0.00", "#,##0", "#,##0.00"))),
    5: '"¥"#,##0',
    6: '"¥"#,##0',
    7: '"¥"#,##0.00',
    8: '"¥"#,##0.00',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "yyyy/m/d",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy/m/d h:mm",
    30: "m-d-yy",
    31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"',
    33: 'h"时"mm"分"ss"秒"',
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    41: '#,##0;-#,##0;"-";@',
    42: '"¥"#,##0;"¥"-#,##0;"¥-";@',
    43: '#,##0.00;-#,##0.00;"-";@',
    44: '"¥"#,##0.00;"¥"-#,##0.00;"¥-";@',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    # What a Chinese Excel means by these (18.8.30, zh-cn); most libraries take them for General.
    **dict.fromkeys((27, 36, 50, 52, 57), 'yyyy"年"m"月"'),
    **dict.fromkeys((28, 29, 51, 53, 54, 58), 'm"月"d"日"'),
    **dict.fromkeys((34, 55), '上午/下午h"时"mm"分"'),
    **dict.fromkeys((35, 56), '上午/下午h"时"mm"分"ss"秒"'),
}
"""By number, what a file need not spell out."""

DIGITS_KEPT = 15
"""A spreadsheet's number holds no more decimal digits."""
WIDE = 10**11
"""From here on General shows a whole number as 1.23457E+11."""
CODE_LIMIT = 1_024
"""Characters of a format; Excel takes 255."""
_LARGEST = Decimal("1e308")
_EXACT = Context(prec=4_096, rounding=ROUND_HALF_UP)
_LAST_DAY = 2_958_465  # 9999-12-31
_NEVER = 60
"""Day of 1900-02-29, which Lotus 1-2-3 and every spreadsheet since count."""
_SECONDS = 86_400

LOST = (
    "这一格存成了数字，超过 15 位，末尾的数字已经丢失：请先把单元格设为“文本”格式，再照原件重新填写"
)
NO_DATE = "这一格是日期格式，其中的数不是一个日期：请清空后按 2026-02-27 的样子重新填写"
HIDDEN = "这一格的数字格式把内容藏了起来，表里看不见：请把格式改为“常规”或“文本”，核对后再提交"
UNKNOWN = "这一格的数字格式特殊，读不成您看到的样子：请把格式改为“文本”，照您看到的样子重新填写"


class Shown(NamedTuple):
    """What is seen of a cell."""

    text: str
    fault: str = ""
    remark: str = ""
    """What the one who filed it should know, though the text is right."""


_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)" | \\(?P<escaped>.) | (?P<pad>_.|\*.)
    | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General|G/通用格式)
    | (?P<half>AM/PM|A/P|上午/下午)
    | (?P<date>[yY]+|[mM]+|[dD]+|[hH]+|[sS]+(?:\.0+)?|[aA]{3,4}|[eE](?![+-])+|[bB]+)
    | (?P<power>[eE][+-])
    | (?P<digit>[0#?]) | (?P<mark>[.,%/@]) | (?P<plain>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9]+(?:\.[0-9]+)?)")
_COLOUR = re.compile(
    r"(?i)black|blue|cyan|green|magenta|red|white|yellow|colou?r\s*[0-9]+|[黑蓝绿红白黄]色?|青色|洋红"
)
_LONG = re.compile(r"[hH]+|[mM]+|[sS]+")
_POINT, _COMMA = ("mark", "."), ("mark", ",")
_SEPARATORS = re.compile(r"[-/.:,;年月日号时分秒点T()（）\s]*")


@dataclass(frozen=True, slots=True)
class Section:
    """One of a format's parts between semicolons."""

    tokens: tuple[tuple[str, str], ...]
    """Kind and text: literal, general, half, date, elapsed, power, digit, mark."""
    condition: tuple[str, Decimal] | None
    foreign: bool
    """It asks for what is not rendered here, such as Chinese numerals."""

    def has(self, *kinds: str) -> bool:
        """Say whether a token of one of these kinds is in it."""
        return any(kind in kinds for kind, _ in self.tokens)

    def marks(self, mark: str) -> int:
        """Count a mark."""
        return sum(token == ("mark", mark) for token in self.tokens)


def show_number(raw: str, code: str, *, from_1904: bool = False) -> Shown:
    """Show a stored number, given as its decimal text."""
    try:
        value = Decimal(raw.strip())
    except ArithmeticError:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) >= _LARGEST:
        return Shown(raw, "这一格的数读不出：请重新填写")
    if len(code) > CODE_LIMIT:
        return Shown(raw, UNKNOWN)
    section, alone = _chosen(code, value)
    if section.has("date", "elapsed"):
        return _date(value, section, from_1904=from_1904)
    if abs(value) >= 10**DIGITS_KEPT:
        return Shown(f"{value:f}" if value.adjusted() < 2 * DIGITS_KEPT else raw, LOST)
    return _number(_kept(value), section, alone=alone)


def show_text(text: str, code: str) -> Shown:
    """Show a stored text."""
    if code in (GENERAL, "@") or len(code) > CODE_LIMIT:
        return Shown(text)
    sections = parse_format(code)
    section = sections[3] if len(sections) > 3 else sections[-1]  # noqa: PLR2004 - the fourth is the texts'
    if len(sections) <= 3 and not section.marks("@"):  # noqa: PLR2004
        return Shown(text)
    if section.foreign:
        return Shown(text)
    parts = (text if token == ("mark", "@") else token[1] for token in section.tokens)
    shown = "".join(parts)
    return Shown(text, HIDDEN) if text and not shown.strip() else Shown(shown)


@lru_cache(maxsize=4096)
def parse_format(code: str) -> tuple[Section, ...]:
    """Split a format into its sections; a quoted or escaped semicolon splits nothing."""
    sections = [_Draft()]
    for found in _TOKEN.finditer(code):
        kind, text = found.lastgroup or "", found.group(found.lastgroup or 0)
        if (kind, text) == ("plain", ";"):
            sections.append(_Draft())
        elif kind == "bracket":
            sections[-1].take_bracket(text)
        elif kind in ("quoted", "escaped", "plain"):
            sections[-1].tokens.append(("literal", text))
        elif kind != "pad":
            sections[-1].tokens.append((kind, GENERAL if kind == "general" else text))
    return tuple(Section(tuple(s.tokens), s.condition, s.foreign) for s in sections)


@dataclass(slots=True)
class _Draft:
    tokens: list[tuple[str, str]] = field(default_factory=list)
    condition: tuple[str, Decimal] | None = None
    foreign: bool = False

    def take_bracket(self, text: str) -> None:
        """Read what stands in square brackets: limit, currency and place, long time, colour."""
        if limit := _CONDITION.fullmatch(text):
            self.condition = limit[1], Decimal(limit[2])
        elif text.startswith("$"):
            self.tokens.append(("literal", re.sub(r"-[0-9A-Fa-f]*$", "", text[1:])))
        elif _LONG.fullmatch(text):
            self.tokens.append(("elapsed", text.lower()))
        elif not _COLOUR.fullmatch(text):
            self.foreign = True


def _chosen(code: str, value: Decimal) -> tuple[Section, bool]:
    """Return the section for a number, and whether its sign is still to be written."""
    sections = parse_format(code)
    if any(section.condition for section in sections):
        for section in sections[:3]:
            if section.condition is None or _holds(value, *section.condition):
                written = any(
                    kind == "literal" and text in ("-", "(") for kind, text in section.tokens
                )
                return section, not written
        return Section((), None, foreign=True), True
    if len(sections) == 1:
        return sections[0], True
    if value < 0:
        return sections[1], False
    return (sections[2] if value == 0 and len(sections) > 2 else sections[0]), False  # noqa: PLR2004


def _holds(value: Decimal, comparison: str, limit: Decimal) -> bool:
    return {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
        "=": value == limit,
        "<>": value != limit,
    }[comparison]


def _kept(value: Decimal) -> Decimal:
    """Round to the digits a spreadsheet keeps, as it does before it shows a number."""
    if not value:
        return Decimal(0)
    return _EXACT.quantize(value, Decimal(1).scaleb(value.adjusted() - DIGITS_KEPT + 1))


def _plain(value: Decimal) -> str:
    """Write a number as General does, without its rounding to the column's width."""
    if value and (value.adjusted() < -DIGITS_KEPT or abs(value) < Decimal("1e-9")):
        mantissa, exponent = f"{value.normalize():E}".split("E")
        return f"{mantissa}E{exponent[0]}{int(exponent[1:]):02d}"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(value: Decimal, section: Section, *, alone: bool) -> Shown:
    """Fill a number into its section's places."""
    plain, whole = _plain(value), value == value.to_integral_value()
    if whole and (section.has("power") or (section.has("general") and abs(value) >= WIDE)):
        # Nothing is lost yet: the digits are all there, though they are not seen.
        return Shown(plain, "", f"这一格在表里显示为科学计数法，已按全部数字 {plain} 读取：请核对")
    if section.foreign or section.has("power") or _fraction(section):
        return Shown(plain, UNKNOWN)
    sign = "-" if alone and value < 0 else ""
    if section.has("digit"):
        text = _places(abs(value), list(section.tokens)).strip()
        if any(digit in text for digit in "123456789"):
            text = sign + text
    else:
        # Words alone may stand for the number, as "-" does for nothing in accounting formats.
        stand = {("mark", "@"): plain, ("general", GENERAL): sign + _plain(abs(value))}
        text = "".join(stand.get(token, token[1]) for token in section.tokens)
    return Shown(text) if text.strip() else Shown(plain, HIDDEN)


def _fraction(section: Section) -> bool:
    """Say whether a slash stands between digits, as in `# ?/?`."""
    kinds = "".join(text if kind in ("digit", "mark") else " " for kind, text in section.tokens)
    return bool(re.search(r"[0#?]\s*/\s*[0#?0-9]", kinds)) or section.marks("/") > 1


def _places(value: Decimal, tokens: list[tuple[str, str]]) -> str:
    """Write a number that is not negative digit by digit into a section's places."""
    point = next((at for at, token in enumerate(tokens) if token == _POINT), len(tokens))
    whole = [at for at in range(point) if tokens[at][0] == "digit"]
    commas = [at for at in range(point) if tokens[at] == _COMMA]
    first, last = (whole[0], whole[-1]) if whole else (-1, -1)
    decimals = sum(kind == "digit" for kind, _ in tokens[point:])
    # A comma behind the last place, or the last before the point, divides by a thousand.
    end = max(at for at, (kind, _) in enumerate(tokens) if kind == "digit")
    dividing = sum(at > last for at in commas) + tokens[max(point, end) :].count(_COMMA)
    exponent = 2 * tokens.count(("mark", "%")) - 3 * dividing
    value = _EXACT.quantize(value.scaleb(exponent), Decimal(1).scaleb(-decimals))
    before, _, after = f"{value:f}".partition(".")
    grouped = any(first < at < last for at in commas)
    left = _whole_places(list(before.lstrip("0")), tokens[:point], first, grouped=grouped)
    return left + _decimal_places(after, tokens[point:])


def _whole_places(
    digits: list[str], tokens: list[tuple[str, str]], first: int, *, grouped: bool
) -> str:
    """Fill the places before the point from the right; the first takes all that is left."""
    written: list[str] = []
    count = 0
    for at in range(len(tokens) - 1, -1, -1):
        kind, text = tokens[at]
        if kind != "digit":
            written.append("" if tokens[at] == _COMMA else text)
            continue
        for _ in range(max(1, len(digits)) if at == first else 1):
            digit = digits.pop() if digits else {"0": "0", "?": " "}.get(text, "")
            if grouped and digit.isdigit() and count and count % 3 == 0:
                written.append(",")
            written.append(digit)
            count += bool(digit)
    return "".join([*digits, *reversed(written)])


def _decimal_places(digits: str, tokens: list[tuple[str, str]]) -> str:
    kept = len(digits.rstrip("0"))
    places = iter(range(len(digits)))
    written = []
    for kind, text in tokens:
        if kind == "digit":
            at = next(places)
            shown = text == "0" or at < kept
            written.append(digits[at] if shown else " " if text == "?" else "")
        elif (kind, text) != _COMMA:
            written.append(text)
    return "".join(written)


def _date(serial: Decimal, section: Section, *, from_1904: bool) -> Shown:
    if not 0 <= serial < _LAST_DAY + 1:
        return Shown(f"{serial:.15g}", NO_DATE)
    fraction = any("." in text for kind, text in section.tokens if kind == "date")
    seconds = _EXACT.quantize(serial * _SECONDS, Decimal("0.001") if fraction else Decimal(1))
    if section.has("elapsed"):
        return _elapsed(seconds, section, serial)
    days, rest = divmod(seconds, _SECONDS)
    tokens = _told_apart(section)
    kinds = {kind for kind, _ in tokens}
    if not from_1904 and kinds & {"y", "d", "a", "e"} and days in (0, _NEVER):
        return Shown(_plain(serial), NO_DATE)  # 1900-01-00 and 1900-02-29 never were
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 + (days < _NEVER))  # noqa: DTZ001 - a wall clock
    moment = start + timedelta(days=int(days), milliseconds=int(rest * 1000))
    literals = "".join(text for kind, text in tokens if kind == "literal")
    if {"y", "mo", "d"} <= kinds and _SEPARATORS.fullmatch(literals):
        clock = "%H:%M:%S" if "s" in kinds else "%H:%M" if "h" in kinds else ""
        return Shown(f"{moment:%Y-%m-%d}" + (f" {moment:{clock}}" if clock else ""))
    if section.foreign or kinds & {"e", "b"}:
        return Shown(f"{moment:%Y-%m-%d %H:%M:%S}", UNKNOWN)
    half = any(kind == "half" for kind, _ in tokens)
    return Shown("".join(_piece(kind, text, moment, half=half) for kind, text in tokens).strip())


def _told_apart(section: Section) -> list[tuple[str, str]]:
    """Name each token by its first letter, months (`mo`) told from minutes (`mi`)."""
    tokens = [
        (text[0].lower(), text.lower()) if kind == "date" else (kind, text)
        for kind, text in section.tokens
    ]
    tokens = [
        ("literal", text) if kind in ("mark", "digit") else (kind, text) for kind, text in tokens
    ]
    dated = [at for at, (kind, _) in enumerate(tokens) if kind in "ymdhs"]
    for place, at in enumerate(dated):
        if tokens[at][0] != "m":
            continue
        before = tokens[dated[place - 1]][0] if place else ""
        after = tokens[dated[place + 1]][0] if place + 1 < len(dated) else ""
        minute = len(tokens[at][1]) <= 2 and (before == "h" or after == "s")  # noqa: PLR2004
        tokens[at] = ("mi" if minute else "mo", tokens[at][1])
    return tokens


def _piece(kind: str, text: str, moment: datetime, *, half: bool) -> str:
    hour = (moment.hour - 1) % 12 + 1 if half else moment.hour
    numbers = {"mo": moment.month, "d": moment.day, "h": hour, "mi": moment.minute}
    numbers["s"] = moment.second
    names = {"y3": "%Y", "y4": "%Y", "y1": "%y", "y2": "%y"}
    names |= {"mo3": "%b", "mo4": "%B", "d3": "%a", "d4": "%A"}
    if directive := names.get(f"{kind}{len(text)}"):
        return f"{moment:{directive}}"
    if kind in numbers:
        digits, _, places = text.partition(".")
        tail = f".{moment.microsecond // 1000:03d}"[: len(places) + 1] if places else ""
        return f"{numbers[kind]:0{min(len(digits), 2)}d}{tail}"
    day = "一二三四五六日"[moment.weekday()]
    words = {"a3": day, "a4": f"星期{day}"}
    if kind == "half":
        return (("上午", "下午") if text == "上午/下午" else ("AM", "PM"))[moment.hour // 12]
    return words.get(f"{kind}{len(text)}", text)


def _elapsed(seconds: Decimal, section: Section, serial: Decimal) -> Shown:
    """Write hours, minutes, seconds that do not start again after a day."""
    units = {"h": 3600, "m": 60, "s": 1}
    written = []
    left = int(seconds)
    for kind, text in section.tokens:
        letter = text[:1].lower()
        if kind == "elapsed" or (kind == "date" and letter in units and "." not in text):
            amount, left = divmod(left, units[letter])
            written.append(f"{amount:0{len(text)}d}")
        elif kind == "date":
            return Shown(_plain(serial), UNKNOWN)
        else:
            written.append(text)
    return Shown("".join(written))
