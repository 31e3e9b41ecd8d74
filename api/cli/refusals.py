"""Why a contract refused, in Chinese: one line for each Solidity error, with its values.

The names and values are those of the error the contract threw (`DecisionRefused.facts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from node.errors import DecisionRefused

REFUSALS = {
    "AnswerInvalid": "授权 {authorisation}：没有这种答复（{answer}）",
    "AnswerNotAllowed": "授权 {authorisation}：无条件共享的目录只能同意（答复 {answer}）",
    "ApplicationAlreadyRegistered": "应用 {application} 已登记",
    "ApplicationNotOfDepartment": "应用 {application} 属于 {owner}，不属于 {department}",
    "ApplicationUnknown": "应用 {application} 未登记",
    "ApplicationsEmpty": "{department} 没有提出任何申请",
    "AuthorisationUnknown": "没有授权 {authorisation}",
    "CompetentDiffers": "目录 {entry} 由 {actual} 审核，不由 {expected} 审核",
    "ConsistencyRefused": "日志 {log} 从 {oldSize} 到 {newSize} 的一致性证明不成立",
    "ContractCodeMismatch": "合约 {contractAddress} 的代码是 {actual}，不是 {expected}",
    "ContractUnknown": "没有列名为 {name} 的合约",
    "DecisionExpired": "决定已过有效期（{notAfter}，区块时间 {time}）",
    "DecisionTooLongLived": "决定的有效期 {notAfter} 超过七日（最迟 {latest}）",
    "DepartmentAlreadyEnrolled": "部门 {department} 已登记",
    "DepartmentCodeMalformed": "部门代码不合格：{department}",
    "DepartmentKindInvalid": "没有这种部门类别（{kind}）",
    "DepartmentUnknown": "部门 {department} 未登记",
    "DigestMissing": "决定没有写明文件的摘要（密钥 {key}）",
    "EntryNotShared": "目录 {entry} 不予共享，不能以方式 {mode} 申请",
    "EntryUnknown": "没有目录 {entry}",
    "HeadMoved": "日志 {log} 已到 {size} 条，不是 {oldSize} 条",
    "InvalidShortString": "合约内部的短文字不合格",
    "ItemCountInvalid": "目录 {entry} 的信息项数 {itemCount} 应在 1 到 256 之间",
    "ItemsInvalid": "目录 {entry} 只有 {itemCount} 个信息项（位图 {items}）",
    "ItemsNotGrantable": "授权 {authorisation}：所授与答复不符（申请 {applied}，授予 {granted}）",
    "KeyAlreadyRegistered": "密钥 {key} 已登记",
    "KeyAlreadyRevoked": "密钥 {key} 已于 {revokedAt} 注销",
    "KeyKindInvalid": "没有这种密钥（{kind}）",
    "KeyNotOfficer": "密钥 {key} 不是人员密钥（种类 {kind}），不能签署决定，也不能授予角色",
    "KeyNotOnCurve": "公钥不在 SM2 曲线上（x {qx}）",
    "KeyNotValid": "密钥 {key} 不在有效期内（{validFrom} 起，{validUntil} 止；区块时间 {time}）",
    "KeyUnknown": "密钥 {key} 未登记",
    "LevelInvalid": "没有这一级政府（{level}）",
    "LogAlreadyRegistered": "{department} 已有日志 {log}",
    "LogNotGrowing": "日志 {log} 已有 {size} 条，锚定 {newSize} 条不会增长",
    "LogUnknown": "没有日志 {log}",
    "ModeDiffers": "授权 {authorisation}：申请的共享方式是 {applied}，答复写的是 {granted}",
    "ModeInvalid": "没有这种共享方式（{mode}）",
    "NonceSpent": "密钥 {key} 已用过随机数 {nonce}：同一签名不能生效两次",
    "PeriodInvalid": "起止时间不对（{validFrom} 起，{validUntil} 止）",
    "PeriodWidened": "授权 {authorisation}：答复的期限宽于申请（{validFrom} 起，{validUntil} 止）",
    "PossessionRefused": "新密钥 {key} 的持有证明不成立",
    "QuotaWidened": "授权 {authorisation}：限额宽于申请（每日 {callsPerDay} 次、{rowsPerDay} 行）",
    "QuotaZero": "每日限额不得为零（{callsPerDay} 次、{rowsPerDay} 行）",
    "RelayMismatch": "日志 {log} 的中继账户是 {expected}，不是 {actual}",
    "RelayMissing": "{department} 的日志没有写明中继账户",
    "ReviewerIsSubmitter": "目录 {entry} 由密钥 {key} 报送，不能由同一密钥审核",
    "ReviewsEmpty": "没有审核任何目录（密钥 {key}）",
    "RevisionMismatch": "授权 {authorisation} 现为第 {current} 次修订，不是第 {revision} 次",
    "RoleMissing": "密钥 {key} 在 {department} 没有所需的角色：需要{required}，现有{held}",
    "RolesUnknown": "没有这些角色（{roles}）",
    "RootKeyRequired": "首个部门应由根密钥 {expected} 签署，不是 {actual}",
    "RootNotItsOwn": "首个部门 {department} 的上级和主管都应是它自己（{parent}、{competent}）",
    "ScreeningUnsuitable": "授权 {authorisation}：{competent} 的初审为{screening}，不能走这一步",
    "ShareTypeInvalid": "目录 {entry} 的共享类型不对（{shareType}）",
    "SignatureRefused": "密钥 {key} 的签名不成立（决定 {decision}）",
    "StandingQuotaZero": "目录 {entry} 的长期答复要有限额（{callsPerDay} 次、{rowsPerDay} 行）",
    "StandingReplyRefused": "目录 {entry} 未发布或非无条件共享（版本 {current}，类型 {shareType}）",
    "StateUnsuitable": "授权 {authorisation} 现为{state}，不能走这一步",
    "StepUnknown": "没有这一步（{step}）",
    "StringTooLong": "合约内部的文字过长（{str}）",
    "SubjectMismatch": "所针对的文件不是最新的：应为 {expected}，写的是 {actual}",
    "VersionNotCurrent": "目录 {entry} 在用的是第 {current} 版，不是第 {version} 版",
    "VersionNotSequential": "目录 {entry} 已到第 {latest} 版，不能报送第 {version} 版",
    "VersionNotSubmitted": "目录 {entry} 第 {version} 版不待审核（最新第 {latest} 版，{state}）",
    "VersionPending": "目录 {entry} 的第 {latest} 版还在审核",
    "VersionsEmpty": "{department} 没有报送任何目录",
}
"""By the error's name; the words in braces are its values."""
TIMES = frozenset({"notAfter", "latest", "time", "validFrom", "validUntil", "revokedAt"})


def refusal_text(error: DecisionRefused) -> str:
    """Say why the contract refused; an error that is not known is said as it came."""
    name, args = str(error.facts.get("name", "")), error.facts.get("args")
    template = REFUSALS.get(name)
    if template is None or not isinstance(args, dict):
        return error.message
    values = {key: _value(name, key, value) for key, value in args.items()}
    return f"{template.format(**values)}（{name}）"


def _value(error: str, name: str, value: Any) -> str:  # noqa: ANN401 - values of the ABI
    from .naming import (
        code_of,
        entry_state_name,
        role_names,
        state_name,
    )

    if isinstance(value, bytes):
        return code_of(value)
    if isinstance(value, bool):
        return "开" if value else "关"
    if name in {"required", "held"}:
        return role_names(value)
    if name == "state":
        return state_name(value) if error == "StateUnsuitable" else entry_state_name(value)
    if name in TIMES and value > _YEAR_2001:
        return _moment(value)
    return str(value)


_YEAR_2001 = 1_000_000_000
"""Below this a number is a count, as a version's `latest` is, and no time."""


def _moment(seconds: int) -> str:
    from datetime import datetime

    from node.protocol.forms import BEIJING

    try:
        return datetime.fromtimestamp(seconds, BEIJING).isoformat(sep=" ", timespec="seconds")
    except (ValueError, OverflowError):
        return str(seconds)
