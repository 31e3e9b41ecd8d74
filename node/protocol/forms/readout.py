"""What a decision says, in words, from its papers and its struct alone.

Whoever signs makes this again from what he was handed and shows that: nothing of it is taken from
the server that prepared it. So nothing is left out but what binds (salts, digests of the papers
themselves), and a browser follows the same few rules from `tables()`:

1. which decision it is;
2. every document: one line a member, in the order of `LABELS`; a list of parts one line a part; of
   more than `MOST_WHOLE` documents one line each, with the members of `SUMMARY`;
3. every member of the struct, in the ABI's order, as `said_value` has it.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput
from ..evm.decision import DECISIONS
from ..ledger.enums import (
    Answer,
    AuthorisationState,
    DepartmentKind,
    DepartmentStatus,
    KeyKind,
    Level,
    Mode,
    Role,
    ShareType,
    Step,
)
from ..wire.days import BEIJING
from ..wire.ids import ZERO, department_code
from ..wire.prepared import Line
from .document import digest_of, parse
from .parties import DEPARTMENT_KINDS, LEVELS
from .words import decision_words, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from enum import IntEnum, IntFlag

    from ..wire.prepared import Said

MOST_WHOLE = 3
"""So many documents of a decision are said member by member."""
BINDS = frozenset({"v", "salt", "type"})
"""Members of every document that say nothing of the matter."""
SUMMARY = ("code", "name", "version", "shareType", "grade", "items")
LABELS = {
    "authorisation": "授权编号",
    "answer": "答复",
    "step": "步骤",
    "outcome": "裁定结果",
    "order": "决定",
    "department": "部门",
    "parties": "双方",
    "consumer": "使用部门",
    "provider": "提供方",
    "competent": "主管部门",
    "entry": "目录",
    "code": "代码",
    "name": "名称",
    "version": "版本",
    "holder": "持有者",
    "application": "应用系统",
    "applications": "申请",
    "purpose": "使用用途",
    "mode": "共享方式",
    "grant": "授予",
    "items": "信息项",
    "validFrom": "起始日",
    "validUntil": "截止日",
    "callsPerDay": "每日次数上限",
    "rowsPerDay": "每日行数上限",
    "terms": "附加条件",
    "refusals": "不予共享的信息项",
    "item": "信息项",
    "ground": "依据",
    "citation": "引用",
    "opinion": "意见",
    "reason": "理由",
    "points": "应补正的内容",
    "measures": "措施",
    "due": "期限",
    "effective": "最后服务之日",
    "basis": "使用依据",
    "title": "名称",
    "article": "条款",
    "text": "内容",
    "scenario": "使用场景",
    "scope": "使用范围",
    "security": "安全措施",
    "handler": "经办人",
    "reviewer": "审核员",
    "reviews": "审核结论",
    "publish": "发布",
    "accept": "同意撤回",
    "withdrawals": "撤回的目录",
    "versions": "目录版本",
    "head": "负责人",
    "post": "职务",
    "phone": "电话",
    "roles": "角色",
    "deputy": "代行职务",
    "kind": "种类",
    "level": "级别",
    "status": "状态",
    "parent": "上级",
    "region": "区域",
    "screening": "申请先经初审",
    "mayEnrol": "可登记下级部门",
    "duties": "职责",
    "url": "网址",
    "contact": "联系人",
    "custody": "托管",
    "host": "受托部门",
    "description": "用途",
    "network": "网络",
    "protectionLevel": "等级保护级别",
    "since": "自何时起",
    "standing": "长期答复",
    "shareType": "共享类型",
    "grade": "数据级别",
    "type": "类型",
    "length": "长度",
    "scale": "小数位",
    "mask": "脱敏",
    "nullable": "可为空",
    "filterable": "可作筛选",
    "classification": "分类",
    "providerCode": "提供方代码",
    "abstract": "摘要",
    "format": "格式",
    "conditions": "共享条件",
    "scopes": "共享范围",
    "purposes": "使用用途",
    "others": "其他条件",
    "notShared": "不予共享",
    "modes": "共享方式",
    "opening": "开放属性",
    "open": "开放",
    "condition": "开放条件",
    "updateCycle": "更新周期",
    "updateNote": "更新周期说明",
    "sourceSystem": "来源系统",
    "duty": "职责依据",
    "secret": "涉密",
    "personalInformation": "含个人信息",
    "assessments": "审查评估",
    "conclusion": "结论",
    "date": "日期",
    "attachment": "附件名",
    "relatedCodes": "关联资源",
    "rowScope": "行范围",
    "filterOnly": "只可筛选的信息项",
    "masks": "脱敏",
    "disposal": "数据处置",
    "method": "方式",
    "days": "天数",
    "note": "说明",
    "attachments": "附件",
    "media": "媒体类型",
    "size": "字节数",
    "sm3": "SM3",
    "key": "密钥编号",
    "publicKey": "公钥",
    "encryptionKey": "加密公钥",
    "ed25519": "日志公钥",
    "person": "人员标识",
    "relay": "中继账户",
    "contractAddress": "合约地址",
    "codeHash": "代码散列",
    "itemCount": "信息项数",
    "revision": "修订",
    "subject": "所针对的文书",
    "qx": "公钥 x",
    "qy": "公钥 y",
    "headX": "负责人公钥 x",
    "headY": "负责人公钥 y",
    "digest": "文书摘要",
    "nonce": "随机数",
    "notAfter": "签名有效至",
}
"""Members of documents and structs in Chinese, in the order in which they are read."""
PAPERS = {
    "department": "部门登记表",
    "department-status": "部门状态决定",
    "recovery": "恢复负责人密钥",
    "key": "密钥登记表",
    "revocation": "撤销密钥",
    "roles": "角色授予",
    "application-object": "应用系统登记表",
    "catalogue-version": "目录",
    "review": "审核意见",
    "withdrawal": "撤回申请",
    "withdrawal-review": "撤回审核意见",
    "freeze-order": "冻结决定",
    "unfreeze-order": "解冻决定",
    "log-succession": "更换日志",
    "officer-key": "人员密钥登记表",
    "application": "申请书",
    "reply": "答复书",
    "step": "办理意见",
    "change": "变更书",
    "terms": "附加条件",
}
"""What the kinds of document are called."""
ENUMERATIONS: dict[str, type[IntEnum | IntFlag]] = {
    "roles": Role,
    "status": DepartmentStatus,
    "shareType": ShareType,
    "mode": Mode,
    "answer": Answer,
    "step": Step,
    "outcome": AuthorisationState,
    "level": Level,
}
"""Members of structs that are numbers with words."""
KINDS_OF: dict[str, type[IntEnum | IntFlag]] = {
    "AddKey": KeyKind,
    "EnrolDepartment": DepartmentKind,
}
"""What `kind` counts, by decision."""
DEPARTMENTS = frozenset({"department", "parent", "competent", "holder"})
NUMBERS = frozenset({"qx", "qy", "headX", "headY"})
"""Words of 256 bits: hexadecimal."""
FIRST_DAYS, LAST_DAYS = frozenset({"validFrom"}), frozenset({"validUntil", "effective"})
"""Seconds that say a day: its beginning, and the exclusive end of the last one."""
_OWN_WORDS: dict[type[Any], Mapping[str, int]] = {
    DepartmentKind: DEPARTMENT_KINDS,
    Level: LEVELS,
}
LONG = ("长期", "no end")


def read_decision(
    kind: str, message: Mapping[str, Any], papers: Sequence[bytes]
) -> tuple[Line, ...]:
    """Return what a decision says, line by line.

    Raises:
        MalformedDocument: a paper is none.
        InvalidInput: there is no such kind.
    """
    if kind not in DECISIONS:
        raise InvalidInput(f"没有这种决定：{kind!r} / there is no such decision")
    lines = [Line("decision", ("决定", "decision"), decision_words(kind, message))]
    for number, data in enumerate(papers, 1):
        paper = parse(data)
        called = PAPERS[paper.kind], paper.kind.replace("-", " ")
        heading = (f"文书 {number}", f"document {number}")
        body = json.loads(data)
        said = "" if len(papers) <= MOST_WHOLE else _inline(_summary(body))
        digest = digest_of(data).hex()
        # The whole digest stands in the struct; its beginning tells papers apart.
        value = tuple(f"{word}（{digest[:16]}）{said}" for word in called)
        lines.append(Line("document", heading, (value[0], value[1])))
        if len(papers) <= MOST_WHOLE:
            lines += (Line("document", *each) for each in _members(body, BINDS))
    lines += (Line("chain", *each) for each in _struct(kind, message))
    return tuple(lines)


def label_of(name: str) -> Said:
    """Return what a member is called; English is its name, in words."""
    return LABELS.get(name, name), re.sub("(?<=[a-z0-9])([A-Z])", r" \1", name).lower()


def said_value(name: str, value: Any, kind: str = "") -> Said:  # noqa: ANN401 - a struct's value
    """Say a value of a struct, of an event or of a contract's error by its member's name."""
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    if isinstance(value, bytes):
        return _same(_bytes(name, value))
    return _said_number(name, value, kind)


def _said_number(name: str, value: int, kind: str) -> Said:
    if (members := KINDS_OF.get(kind) if name == "kind" else ENUMERATIONS.get(name)) is not None:
        return _word(members, value)
    if name == "items":
        bits = [str(bit + 1) for bit in range(value.bit_length()) if value >> bit & 1]
        listed = ", ".join(bits)
        return f"第 {'、'.join(bits)} 项", f"items {listed}"
    if name in FIRST_DAYS | LAST_DAYS:
        return _day(value - 1 if name in LAST_DAYS else value)
    if name == "notAfter":
        return _same(moment_of(value))
    return _same(f"{value:064x}" if name in NUMBERS else str(value))


def tables() -> dict[str, Any]:
    """Return every table the rules above need, for whoever reads a decision without Python."""
    enumerations = {**ENUMERATIONS, **{f"{kind}.kind": each for kind, each in KINDS_OF.items()}}
    return {
        "mostWhole": MOST_WHOLE,
        "binds": sorted(BINDS),
        "summary": SUMMARY,
        "labels": LABELS,
        "papers": PAPERS,
        "departments": sorted(DEPARTMENTS),
        "hexadecimal": sorted(NUMBERS),
        "firstDays": sorted(FIRST_DAYS),
        "lastDays": sorted(LAST_DAYS),
        "flags": ["roles"],
        "enumerations": {
            name: {str(int(member)): _word(members, int(member)) for member in members}
            for name, members in enumerations.items()
        },
        "decisions": {
            kind: decision_words(kind, dict.fromkeys(("answer", "step", "status"), 1))[0].partition(
                "："
            )[0]
            for kind in DECISIONS
        },
    }


def _summary(body: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: body[name] for name in SUMMARY if body.get(name) is not None}
    return {name: len(each) if isinstance(each, list) else each for name, each in found.items()}


def _ordered(body: Mapping[str, Any], left_out: frozenset[str]) -> list[str]:
    order = {name: place for place, name in enumerate(LABELS)}
    names = [name for name, value in body.items() if name not in left_out and _says(value)]
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def _says(value: object) -> bool:
    """Whether a member says anything: false and 0 do."""
    return value is not None and value not in ([], {})


def _members(
    body: Mapping[str, Any], left_out: frozenset[str] = frozenset(), above: Said = ("", "")
) -> Iterator[tuple[Said, Said]]:
    """Yield (label, value) of every member of a document, parts within parts."""
    for name in _ordered(body, left_out):
        value, called = body[name], label_of(name)
        label = (above[0] + called[0], above[1] + called[1])
        if isinstance(value, dict):
            yield from _members(value, above=(f"{label[0]}·", f"{label[1]} · "))
        elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
            for number, each in enumerate(value, 1):
                yield (f"{label[0]} {number}", f"{label[1]} {number}"), _same(_inline(each))
        else:
            yield label, _plain(value)


def _inline(value: Any) -> str:  # noqa: ANN401 - JSON
    """Say a part on one line, in Chinese as it is written."""
    if isinstance(value, dict):
        names = _ordered(value, frozenset())
        return "；".join(f"{label_of(name)[0]} {_inline(value[name])}" for name in names)
    if isinstance(value, list):
        return "、".join(map(_inline, value))
    return _plain(value)[0]


def _plain(value: Any) -> Said:  # noqa: ANN401 - JSON
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    return _same("、".join(map(_inline, value)) if isinstance(value, list) else str(value))


def _struct(kind: str, message: Mapping[str, Any]) -> Iterator[tuple[Said, Said]]:
    for name in DECISIONS[kind].fields:
        value, label = message[name], label_of(name)
        if not isinstance(value, list):
            yield label, said_value(name, value, kind)
            continue
        for number, part in enumerate(value, 1):
            said = [(label_of(each), said_value(each, part[each], kind)) for each in part]
            chinese = "；".join(f"{called[0]} {each[0]}" for called, each in said)
            english = "; ".join(f"{called[1]} {each[1]}" for called, each in said)
            yield (f"{label[0]} {number}", f"{label[1]} {number}"), (chinese, english)


def _bytes(name: str, value: bytes) -> str:
    if name == "name":  # a contract's, as it is listed
        return value.rstrip(b"\0").decode("ascii", "replace")
    if value == ZERO:
        return "—"
    if name in DEPARTMENTS:
        try:
            return department_code(value)
        except InvalidInput:
            return value.hex()
    return value.hex()


def _word(members: type[IntEnum | IntFlag], value: int) -> Said:
    words = {int(each): word for word, each in _OWN_WORDS.get(members, {}).items()}
    if value in words:
        return words[value], str(members(value).name).lower().replace("_", " ")
    try:
        return words_of(members(value))
    except (ValueError, KeyError):  # 0 where there is none; a number that is of no member
        return _same(str(value) if value else "—")


def _day(seconds: int) -> Said:
    if seconds <= 0:
        return "—", "—"
    try:
        return _same(datetime.fromtimestamp(seconds, BEIJING).date().isoformat())
    except (ValueError, OverflowError, OSError):
        return LONG


def moment_of(seconds: int) -> str:
    """Return a chain time as Beijing's clocks show it."""
    try:
        moment = datetime.fromtimestamp(seconds, BEIJING)
    except (ValueError, OverflowError, OSError):
        return str(seconds)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _same(text: str) -> Said:
    return text, text
