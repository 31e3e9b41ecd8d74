"""What an official would want to look at again in an entry that can be filed.

Few and telling: a warning nobody heeds hides the next one. Each is said once an entry, at the first
cell it is about.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from .rules import split_outside_brackets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .mapping import Mapping
    from .reading import Draft, Path_


class Doubt(NamedTuple):
    """One thing that looks wrong."""

    kind: str
    path: Path_
    """Of the field it is about."""
    value: str
    message: str
    """In Chinese."""


ONCE = frozenset({"bracketed", "provider"})
"""Kinds that are nearly always right, said once a table with how many entries have it."""
ITEMS_SAID = 5
LISTED = 3
"""Names between commas that make a list; two may be one name."""
_OPEN, _CLOSE = "（(【[《「『", "）)】]》」』"

_SECRET = re.compile("(?:属于?|定为|经审查)?(?:涉密|涉及国家秘密|秘密|机密|绝密)[^不未非无]*")
_BRACKET = re.compile(f"[{re.escape(_OPEN + _CLOSE)}]")
_PERSON = re.compile(
    r"姓名|(身[份分][证證]|公民身[份分]|居民身[份分]|身[份分])(件)?(号|號|统一编号|統一編號|$)"
    r"|(护照|護照|驾驶证|駕照|社保卡|社会保障卡?|医保卡|銀行卡|银行卡)(号|號)"
    r"|^(有效|个人|個人|本人)?[证證]件(号|號)[码碼]?$|(银行|銀行|个人|個人)[账帐帳][户戶]?(号|號)"
    r"|(手机|手機|行动电话|行動電話)(号|號|$)|出生(日期|年月|年月日|日)$|生日$"
    r"|(家庭|户籍|戶籍|居住|现居|個人|个人|本人)(住|地|所在)?[址地]|籍[贯貫]$"
    r"|^(民族|婚姻状况|宗教信仰|政治面貌|血型|病历|病史|指纹|人脸|虹膜|声纹)"
)
"""Names of what identifies or describes one person (个人信息保护法 art. 4, 28)."""
_PERSON_CODES = re.compile(
    r"(XM|XINGMING|(GM)?SFZ?H(M)?|SFZHM|GMSFHM|SFZJHM|SJH(M)?|SHOUJIH(AO|M)?|CSRQ|JTZZ|JTDZ|HJDZ"
    r"|ID_?CARD(_?NO)?|MOBILE(_?(NO|PHONE))?|BIRTH(DAY|DATE|_DATE)|PASSPORT(_?NO)?)"
)
"""Codes of such items, pinyin initials or English; beside a name that says otherwise: nothing."""
_SOMETHING_ELSE = re.compile(
    r"项目|項目|企业|单位|机构|公司|产品|设备|车|校|县|乡|商|品牌|药|证照|建筑|法人|组织|部门"
)
_COUNTED = re.compile(
    r"[数數量率]$|[时時][间間]|金[额額]|小[计計]|合[计計]|[总總]|[类類][型别別]$|次數|服[务務]|装置|裝置"
    r"|[专專]用|[统統][计計]|[费費]用?$|[辅輔]助|[补補]助|含"
)
"""Counts, amounts and kinds describe nobody."""
_CONTACT = re.compile(
    r"([电電][话話]|[联聯連][系絡络]方式|地址|住址|住所|邮箱|郵箱|[电電]子[邮郵]件|微信号?)(号码|號碼)?$"
)
_CONTACT_CODES = re.compile(r"(LXDH|DH|DHHM|TEL|PHONE|LXFS|EMAIL)")
_OF_A_PLACE = re.compile(
    r"名[称稱]|[单單]位|[机機][构構关關]|企[业業]|公司|商[店号號户]|法人|部[门門]|[局所站场場店馆館校院署厂廠处處寺]$"
    r"|中心|[设設]施|[协協][会會]|[组組][织織]|[团團][体體]|[经經][度緯]|[纬緯]度|[座坐][标標]|坐落|[建案][筑築物件]"
    r"|土地|地[号號段]|工程|里[别別]|[分服][局務务隊队]|路段|地[点點]|[类類][别別型]|[项項]目|案"
)
"""Where an entry is about such, a telephone or an address is theirs."""
_OF_PLACES = re.compile(
    r"[院所场場店馆館站校业業厂廠处處点點局机機商行团團体體组組案路巷店宿医醫公]|名[单單录錄冊册]"
)
"""In an entry's title."""
_BRACKETED = re.compile(r"[（(【\[].*?[）)】\]]|[（(【\[].*$")


def doubts_of(draft: Draft, mapping: Mapping) -> Iterator[Doubt]:
    """Yield what looks wrong in an entry though no rule forbids it."""
    items = [item for item in draft.body.get("items", []) if isinstance(item.get("name"), str)]
    yield from _secret(draft)
    if not items:
        return
    yield from _personal(draft, items)
    yield from _repeated(items)
    yield from _title_only(draft, items)
    yield from _torn(items)
    if mapping.items.names is not None:
        yield from _bracketed(items, mapping.items.names.split or "")
    else:
        yield from _listed(items)


def _secret(draft: Draft) -> Iterator[Doubt]:
    """Secret data is not filed (条例 art. 3), whatever else a review says."""
    for at, assessment in enumerate(draft.body.get("assessments", [])):
        conclusion = str(assessment.get("conclusion", "")) if assessment else ""
        if _SECRET.fullmatch(conclusion):
            message = "审查结论像是涉密：涉密的数据不得在这里编目报送，请核对"
            yield Doubt("secret", ("assessments", at, "conclusion"), conclusion, message)


def _bracketed(items: list[dict[str, Any]], split: str) -> Iterator[Doubt]:
    """A list in one cell is not split inside of brackets."""
    for at, item in enumerate(items):
        if split and re.search(split, item["name"]):
            message = "括号里的分隔号没有当作分隔，整个算一个信息项：请核对"
            yield Doubt("bracketed", ("items", at, "name"), item["name"], message)
            return


def _listed(items: list[dict[str, Any]]) -> Iterator[Doubt]:
    """Where a row is an item, a list of names in one cell is filed as one item."""
    for at, item in enumerate(items):
        name = item["name"]
        if len(split_outside_brackets("[;；|]", name)) > 1 or (
            len(split_outside_brackets("[、，,]", name)) >= LISTED
        ):
            message = "像是把几个信息项写在了一格里，现在算作一个信息项：若是几个，请每行写一个"
            yield Doubt("listed", ("items", at, "name"), name, message)
            return


def _personal(draft: Draft, items: list[dict[str, Any]]) -> Iterator[Doubt]:
    body = draft.body
    denied = body.get("personalInformation") is False
    if not denied and body.get("shareType") != "无条件共享":
        return
    names = [_head(str(item["name"])) for item in items]
    found = [at for at, item in enumerate(items) if _of_a_person(names[at], item)]
    title = str(body.get("name", ""))
    if found or not (any(map(_OF_A_PLACE.search, names)) or _OF_PLACES.search(title)):
        found = sorted(
            {*found, *(at for at, item in enumerate(items) if _contact(names[at], item))}
        )
    if not found:
        return
    named = list(dict.fromkeys(names[at] for at in found))
    shown = "、".join(named[:ITEMS_SAID]) + ("等" if len(named) > ITEMS_SAID else "")
    path: Path_ = ("personalInformation",) if denied else ("shareType",)
    filled = "不含个人信息" if denied else "无条件共享"
    message = f"信息项像是个人信息（{shown}），而目录填的是{filled}：请核对"
    if path in draft.places:
        yield Doubt("personal", path, draft.places[path].text, message)
    else:
        at = found[0]
        yield Doubt("personal", ("items", at, "name"), str(items[at]["name"]), message)


def _head(name: str) -> str:
    """Return a name without what explains it in brackets; all of it if that is only a code."""
    head = "".join(_BRACKETED.sub("", name).split())  # 姓  名 is spread out as in forms
    return name if not head or head.isascii() else head


def _of_a_person(name: str, item: dict[str, Any]) -> bool:
    if _COUNTED.search(name):
        return False
    if _PERSON.search(name):
        return True
    code = str(item.get("code", "")).upper()
    return bool(_PERSON_CODES.fullmatch(code)) and not _SOMETHING_ELSE.search(name)


def _contact(name: str, item: dict[str, Any]) -> bool:
    code = str(item.get("code", "")).upper()
    found = _CONTACT.search(name) or _CONTACT_CODES.fullmatch(code)
    return bool(found) and not _COUNTED.search(name)


def _repeated(items: list[dict[str, Any]]) -> Iterator[Doubt]:
    times = Counter(item["name"] for item in items)
    twice = [name for name, number in times.items() if number > 1]
    if twice:
        second = [at for at, item in enumerate(items) if item["name"] == twice[0]][1]
        more = f"（还有 {'、'.join(twice[1:ITEMS_SAID])}）" if len(twice) > 1 else ""
        yield Doubt(
            "repeated",
            ("items", second, "name"),
            twice[0],
            f"信息项名称重复{more}：用的人分不清是哪一个，请改成不同的名称",
        )


def _title_only(draft: Draft, items: list[dict[str, Any]]) -> Iterator[Doubt]:
    if len(items) == 1 and _bare(str(draft.body.get("name", ""))) == _bare(items[0]["name"]):
        yield Doubt(
            "title",
            ("items", 0, "name"),
            items[0]["name"],
            "唯一的信息项就是目录名称：请列出表里的各个字段",
        )


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def _torn(items: list[dict[str, Any]]) -> Iterator[Doubt]:
    """An item whose brackets do not pair up was torn off inside of them."""
    for at, item in enumerate(items):
        name = item["name"]
        if _BRACKET.search(name) and sum(name.count(each) for each in _OPEN) != sum(
            name.count(each) for each in _CLOSE
        ):
            yield Doubt(
                "torn",
                ("items", at, "name"),
                name,
                "信息项的括号不成对，像是在括号里断开的：请补全括号，或把括号里的分隔号换掉",
            )
            return
