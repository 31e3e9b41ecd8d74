"""What people read for the members of the enumerations and for decisions: Chinese, English beside.

The Chinese is the regulation's own where it has a word (政务数据共享条例); the numbers stand in
`enums` and on the wire, and nothing here is ever parsed.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

from .enums import (
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

if TYPE_CHECKING:
    from collections.abc import Mapping

# By class first: members of different enumerations are equal as numbers.
_CHINESE: dict[type[IntEnum | IntFlag], dict[int, str]] = {
    Role: {
        Role.DATA_OFFICER: "数据专管员",
        Role.OFFICE_HEAD: "共享工作机构负责人",
        Role.DEPARTMENT_HEAD: "部门负责人",
        Role.REVIEWER: "审核员",
        Role.AUDITOR: "审计员",
        Role.DUTY_OFFICER: "值班员",
    },
    KeyKind: {
        KeyKind.OFFICER: "人员密钥",
        KeyKind.DEPARTMENT: "部门密钥",
        KeyKind.APPLICATION: "应用密钥",
    },
    DepartmentStatus: {
        DepartmentStatus.ACTIVE: "正常",
        DepartmentStatus.SUSPENDED: "已停用",
    },
    ShareType: {
        ShareType.UNCONDITIONAL: "无条件共享",
        ShareType.CONDITIONAL: "有条件共享",
        ShareType.NOT_SHARED: "不予共享",
    },
    Mode: {
        Mode.QUERY: "查询",
        Mode.BATCH: "批量",
        Mode.FILE: "文件",
        Mode.STATISTICS: "统计",
    },
    EntryState: {
        EntryState.SUBMITTED: "待审核",
        EntryState.PUBLISHED: "已发布",
        EntryState.RETURNED: "已退回",
        EntryState.WITHDRAWAL_SUBMITTED: "下线待审核",
        EntryState.WITHDRAWN: "已下线",
        EntryState.FROZEN: "已冻结",
    },
    AuthorisationState: {
        AuthorisationState.APPLIED: "已申请",
        AuthorisationState.FORWARDED: "已转提供部门",
        AuthorisationState.RETURNED: "已退回",
        AuthorisationState.SUPPLEMENTING: "待补正",
        AuthorisationState.AGREED: "已同意",
        AuthorisationState.REFUSED: "不同意",
        AuthorisationState.WITHDRAWN: "已撤回",
        AuthorisationState.DELIVERED: "已交付",
        AuthorisationState.ACTIVE: "使用中",
        AuthorisationState.SUSPENDED: "已暂停",
        AuthorisationState.RECTIFIED: "已整改",
        AuthorisationState.TERMINATED: "已终止",
        AuthorisationState.DISPOSED: "已处置数据",
        AuthorisationState.CLOSED: "已办结",
    },
    Answer: {
        Answer.AGREE: "同意",
        Answer.PARTLY: "部分同意",
        Answer.REFUSE: "不同意",
    },
    Step: {
        Step.PASS: "初审通过",
        Step.RETURN: "初审退回",
        Step.REQUEST_SUPPLEMENT: "要求补正",
        Step.SUPPLEMENT: "补正",
        Step.REQUEST_EXTENSION: "申请延期",
        Step.GRANT_EXTENSION: "同意延期",
        Step.REJECT_EXTENSION: "不同意延期",
        Step.WITHDRAW: "撤回申请",
        Step.DELIVER: "交付",
        Step.CONFIRM: "确认",
        Step.PROPOSE_CHANGE: "提出变更",
        Step.ACCEPT_CHANGE: "同意变更",
        Step.REJECT_CHANGE: "不同意变更",
        Step.SUSPEND: "暂停",
        Step.RECTIFY: "整改",
        Step.RESUME: "恢复",
        Step.TERMINATE_FOR_CAUSE: "因故终止",
        Step.END_SERVICE: "终止服务",
        Step.FINISH: "使用完毕",
        Step.REPORT_DISPOSAL: "报告数据处置",
        Step.ACCEPT_DISPOSAL: "认可数据处置",
        Step.DISPUTE_DISPOSAL: "对数据处置有异议",
        Step.RULE_DISPUTE: "争议裁定",
    },
}

_DECISIONS = {
    "EnrolDepartment": "部门入账",
    "AddKey": "登记密钥",
    "RevokeKey": "撤销密钥",
    "GrantRoles": "授予职责",
    "RegisterApplication": "登记应用系统",
    "ListContract": "合约生效",
    "SubmitVersions": "报送目录",
    "ReviewVersions": "审核目录",
    "SetStandingReply": "长期答复",
    "ApplyFor": "申请共享",
    "Reply": "答复",
    "Step": "办理",
    "RegisterLog": "登记使用日志",
}


def words_of(member: IntEnum | IntFlag) -> tuple[str, str]:
    """Return the Chinese and the English of an enumeration's member.

    Roles are bits: of several, all their words.
    """
    words = _CHINESE[type(member)]
    members = list(member) if isinstance(member, IntFlag) else [member]
    names = [(one.name or "").lower().replace("_", " ") for one in members]
    return "、".join(words[one] for one in members) or "无", ", ".join(names) or "none"


def decision_words(name: str, message: Mapping[str, Any]) -> tuple[str, str]:
    """Return the Chinese and the English of a decision; of replies and steps, which one it was."""
    chinese, english = _DECISIONS[name], name
    member: IntEnum | None = None
    if name == "Reply":
        member = Answer(message["answer"])
    elif name == "Step":
        member = Step(message["step"])
    if member is None:
        return chinese, english
    one, other = words_of(member)
    return (one if name == "Step" else f"{chinese}：{one}"), f"{english} ({other})"
