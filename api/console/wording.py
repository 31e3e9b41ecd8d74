"""Two languages on a page, Chinese first: which one is asked for, and how things are called in it.

As on the command line (`api.cli.console`), both texts stand where they are said. The language is a
cookie, and so a request's own: one process serves both.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from node.errors import InvalidInput
from node.protocol.forms import BEIJING
from node.protocol.wire.leaf import SERVED

from ..refusing_words import TITLES

if TYPE_CHECKING:
    from starlette.requests import Request

    from .frames import Words

Language: TypeAlias = Literal["zh", "en"]
COOKIE = "language"
MILLISECONDS = 1_000
LANGUAGES: dict[Language, str] = {"zh": "中文", "en": "English"}
TAGS: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
"""Values of HTML's `lang`."""

TERMS = {
    "是": "yes",
    "否": "no",
    "无条件共享": "unconditional",
    "有条件共享": "conditional",
    "不予共享": "not shared",
    "一般1级": "general 1",
    "一般2级": "general 2",
    "一般3级": "general 3",
    "一般4级": "general 4",
    "重要": "important",
    "核心": "core",
    "实时": "real time",
    "每日": "daily",
    "每周": "weekly",
    "每月": "monthly",
    "每季度": "quarterly",
    "每半年": "half-yearly",
    "每年": "yearly",
    "其他": "other",
    "服务接口": "service interface",
    "批量交换": "batch exchange",
    "文件下载": "file download",
    "统计分析": "statistics",
    "电子文件": "electronic file",
    "电子表格": "spreadsheet",
    "数据库": "database",
    "图形图像": "image",
    "流媒体": "stream",
    "自描述格式": "self-describing format",
    "保密审查": "secrecy review",
    "个人信息保护影响评估": "personal information impact assessment",
    "数据安全评估": "data security assessment",
    "法律": "law",
    "行政法规": "administrative regulation",
    "国务院决定": "decision of the State Council",
    "政府部门": "government department",
    "政务外网": "government extranet",
    "互联网": "internet",
    "部门专网": "department's own network",
    "字符型C": "text",
    "数值型N": "number",
    "货币型Y": "money",
    "日期型D": "date",
    "日期时间型T": "date and time",
    "逻辑型L": "yes or no",
    "备注型M": "long text",
    "通用型G": "general",
    "双精度型B": "double",
    "整型I": "integer",
    "浮点型F": "float",
}
"""Words that documents are made of, in English; whatever is not here is shown as it stands."""


FIELDS_ENGLISH = {
    "code": "code",
    "name": "name",
    "classification": "classification",
    "provider": "provider",
    "providerCode": "provider's code",
    "abstract": "summary",
    "format": "format",
    "shareType": "share type",
    "modes": "modes",
    "conditions": "conditions",
    "notShared": "why it is not shared",
    "opening": "openness",
    "updateCycle": "update cycle",
    "updateNote": "update cycle, in words",
    "grade": "grade",
    "sourceSystem": "source system",
    "duty": "duty",
    "secret": "secret",
    "personalInformation": "personal information",
    "assessments": "assessments",
    "relatedCodes": "related entries",
    "items": "items",
    "attachments": "attachments",
}
"""Members of a catalogue version, beside `node.protocol.forms.words.FIELDS`."""
ITEM_MEMBERS = {
    "name": ("名称", "name"),
    "type": ("类型", "type"),
    "length": ("长度", "length"),
    "scale": ("小数位", "scale"),
    "shareType": ("共享类型", "share type"),
    "grade": ("数据分级", "grade"),
    "mask": ("脱敏规则", "mask"),
    "nullable": ("可为空", "may be empty"),
    "filterable": ("可作查询条件", "may be filtered by"),
}
"""Members of an item."""


def language_of(request: Request) -> Language:
    """Return the language a request asks for."""
    return "en" if request.cookies.get(COOKIE) == "en" else "zh"


def chosen(language: Language, words: Words) -> str:
    """Return one text in a language."""
    return words[1] if language == "en" else words[0]


def term(language: Language, word: str | None) -> str:
    """Return a document's own word in a language; a dash for none."""
    if word is None:
        return "—"
    return TERMS.get(word, word) if language == "en" else word


def moment(seconds: int) -> str:
    """Return a second as Beijing's clock shows it, `2026-11-28 12:05`; far ones as their year."""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "9999+"


def day(seconds: int) -> str:
    """Return the Beijing day of a second."""
    return moment(seconds)[:10]


NO_END = 2**63
"""From here on a period has no end: a year that no calendar has."""


def last_day(until: int) -> Words:
    """Say which Beijing day is the last of a period that ends before second `until`."""
    return ("长期", "no end") if until >= NO_END else (said := day(until - 1), said)


def midnight_ms(text: str, after: int) -> int | None:
    """Return the milliseconds at which a Beijing day begins, or `after` days later."""
    if not text:
        return None
    try:
        begins = datetime.combine(date.fromisoformat(text), datetime.min.time(), BEIJING)
        return int((begins + timedelta(days=after)).timestamp() * MILLISECONDS)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"日期应写作 2026-11-28：{text} / no such day") from error


def outcome_words(outcome: str) -> Words:
    """Say how a call ended, by the code in its leaf."""
    if outcome == SERVED:
        return ("已提供", "served")
    title = TITLES.get(outcome)
    return (outcome, outcome) if title is None else (title.chinese, title.english)
