"""What people read for the members of the enumerations and for decisions: Chinese, English beside.

Where documents have a word for a member it is theirs (protocol.md section 2); states, which stand
in no document, have theirs here.
"""

from __future__ import annotations

import re
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

from ..ledger.enums import (
    Answer,
    AuthorisationState,
    DepartmentStatus,
    EntryState,
    KeyKind,
    Mode,
    Role,
    ShareType,
    Step,
)
from .parties import KEY_KINDS, ROLES
from .sharing import ANSWERS, MODES, STEPS
from .versions import SHARE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping


def _turned(words: Mapping[str, int]) -> dict[int, str]:
    return {member: word for word, member in words.items()}


# By class first: members of different enumerations are equal as numbers.
_CHINESE: dict[type[IntEnum | IntFlag], dict[int, str]] = {
    Role: _turned(ROLES),
    KeyKind: _turned(KEY_KINDS),
    ShareType: _turned(SHARE_TYPES),
    Mode: _turned(MODES),
    Answer: _turned(ANSWERS),
    Step: _turned(STEPS),
    DepartmentStatus: {
        DepartmentStatus.ACTIVE: "正常",
        DepartmentStatus.SUSPENDED: "已停用",
        DepartmentStatus.CLOSED: "已关闭",
    },
    EntryState: {
        EntryState.SUBMITTED: "待审核",
        EntryState.PUBLISHED: "已发布",
        EntryState.RETURNED: "已退回",
        EntryState.WITHDRAWAL_SUBMITTED: "申请撤回",
        EntryState.WITHDRAWN: "已撤回",
        EntryState.FROZEN: "已冻结",
    },
    AuthorisationState: {
        AuthorisationState.APPLIED: "已申请",
        AuthorisationState.FORWARDED: "已转提供部门",
        AuthorisationState.RETURNED: "审核退回",
        AuthorisationState.SUPPLEMENTING: "待补正",
        AuthorisationState.AGREED: "已同意",
        AuthorisationState.REFUSED: "不同意",
        AuthorisationState.WITHDRAWN: "已撤回",
        AuthorisationState.DELIVERED: "已交付",
        AuthorisationState.ACTIVE: "使用中",
        AuthorisationState.SUSPENDED: "已暂停",
        AuthorisationState.RECTIFIED: "已整改",
        AuthorisationState.TERMINATED: "已终止",
        AuthorisationState.DISPOSED: "已处置",
        AuthorisationState.CLOSED: "已办结",
    },
}

_DECISIONS = {
    "EnrolDepartment": "部门入账",
    "UpdateDepartment": "变更部门信息",
    "SetDepartmentStatus": "部门状态",
    "RecoverKey": "恢复负责人密钥",
    "AddKey": "登记密钥",
    "RevokeKey": "撤销密钥",
    "GrantRoles": "授予职责",
    "RegisterApplication": "登记应用系统",
    "ListContract": "合约生效",
    "SubmitVersions": "报送目录",
    "ReviewVersions": "审核目录",
    "SetStandingReply": "长期答复",
    "SubmitWithdrawal": "申请撤回目录",
    "ReviewWithdrawal": "审核撤回",
    "FreezeEntry": "冻结目录",
    "UnfreezeEntry": "解冻目录",
    "ApplyFor": "申请共享",
    "Reply": "答复",
    "Step": "办理",
    "Change": "变更",
    "RegisterLog": "登记使用日志",
    "SupersedeLog": "更换使用日志",
}


def words_of(member: IntEnum | IntFlag) -> tuple[str, str]:
    """Return the Chinese and the English of an enumeration's member.

    Roles are bits: of several, all their words.
    """
    words = _CHINESE[type(member)]
    members: list[IntEnum | IntFlag] = list(member) if isinstance(member, IntFlag) else [member]
    names = [(one.name or "").lower().replace("_", " ") for one in members]
    return "、".join(words[one] for one in members) or "无", ", ".join(names) or "none"


def decision_words(name: str, message: Mapping[str, Any]) -> tuple[str, str]:
    """Return the Chinese and the English of a decision; of some, which one of several it was."""
    chinese, english = _DECISIONS[name], _HUMP.sub(lambda found: f" {found[0].lower()}", name)
    if name not in SORTED:
        return chinese, english
    kind, field = SORTED[name]
    one, other = words_of(kind(message[field]))
    return (one if kind is Step else f"{chinese}：{one}"), f"{english} ({other})"


_HUMP = re.compile(r"(?<=[a-z])[A-Z]")
"""Where a struct's name has its next word: `SubmitVersions` is `Submit versions` to people."""
SORTED: dict[str, tuple[type[IntEnum], str]] = {
    "Reply": (Answer, "answer"),
    "Step": (Step, "step"),
    "Change": (Step, "step"),
    "SetDepartmentStatus": (DepartmentStatus, "status"),
}
"""Decisions of several sorts: the field that tells which."""
FIELDS = {
    "code": "目录代码",
    "name": "名称",
    "classification": "分类",
    "provider": "提供方",
    "providerCode": "提供方代码",
    "abstract": "摘要",
    "format": "格式",
    "shareType": "共享类型",
    "modes": "共享方式",
    "conditions": "共享条件",
    "notShared": "不予共享",
    "opening": "开放属性",
    "updateCycle": "更新周期",
    "updateNote": "更新周期说明",
    "grade": "数据分级",
    "sourceSystem": "来源系统",
    "duty": "职责依据",
    "secret": "涉密",
    "personalInformation": "是否含个人信息",
    "assessments": "审查评估",
    "relatedCodes": "关联资源",
    "items": "信息项",
    "attachments": "附件",
}
"""Members of a catalogue version as an official calls them."""
_MEMBER_WORDS = {
    "departments": "部门",
    "officers": "人员",
    "applications": "应用系统",
    "nodes": "节点",
    "sources": "数据源",
    "chain": "链",
    "keys": "密钥",
    "id": "短名",
    "code": "代码",
    "name": "名称",
    "parent": "上级",
    "competent": "主管部门",
    "kind": "类别",
    "level": "级别",
    "region": "区域",
    "screening": "初审",
    "mayEnrol": "登记权",
    "duties": "职责",
    "custody": "托管",
    "host": "受托部门",
    "url": "网址",
    "port": "端口",
    "contact": "联系人",
    "phone": "电话",
    "head": "负责人",
    "person": "人员标识",
    "post": "职务",
    "roles": "角色",
    "grantedBy": "另授角色的部门",
    "publicKey": "公钥",
    "encryptionKey": "加密公钥",
    "ed25519": "日志公钥",
    "description": "用途",
    "network": "网络",
    "protectionLevel": "等级保护级别",
    "validFrom": "起始日",
    "validUntil": "截止日",
    "nodes.name": "目录名",
    "nodes.host": "监听地址",
    "public_url": "对外网址",
    "remote": "在别的机器上",
}
"""What members of papers and of a city's file that name parties, keys and machines mean."""


def called_member(*path: str | int, first: int = 1) -> str:
    """Name a member as files have it, with what that means: `departments.2.parent（…）`.

    `first` is what the path counts from.
    """
    parts = [str(part) for part in path]
    words: list[str] = []
    for part in parts:
        if part.isdigit() and len(part) < 6 and words:  # noqa: PLR2004 - codes have 18
            words[-1] = f"第 {int(part) + 1 - first} 个{words[-1]}"
        else:
            word = _MEMBER_WORDS.get(f"{parts[0]}.{part}") or _MEMBER_WORDS.get(part)
            words.append(word or FIELDS.get(part) or f" {part} ")
    name, said = ".".join(parts), "的".join(words).strip()
    return name if said == name else f"{name}（{said}）"
