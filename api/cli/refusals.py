"""How a command fails: one line on stderr with the error's code, and the exit code of its kind.

Why a contract refused is said in Chinese, a line for each Solidity error; names and values are
those of the error the contract threw (`DecisionRefused.facts`).
"""

from __future__ import annotations

import re
import sys
from typing import NoReturn

from node.errors import (
    DecisionRefused,
    EvidenceInvalid,
    LedgerError,
    Unavailable,
    VerificationError,
)

from .console import (
    ENGLISH,
    EXIT_REFUSED,
    EXIT_UNAVAILABLE,
    EXIT_UNPROVEN,
    put,
)
from .naming import shown

REFUSALS = {
    "AlreadyDone": "授权 {authorisation}：{step}只能有一次",
    "AnswerInvalid": "授权 {authorisation}：没有这种答复（{answer}）",
    "AnswerNotAllowed": "授权 {authorisation}：无条件共享的目录只能同意（答复 {answer}）",
    "ApplicationAlreadyRegistered": "应用 {application} 已登记",
    "ApplicationNotOfDepartment": "应用 {application} 属于 {owner}，不属于 {department}",
    "ApplicationUnknown": "应用 {application} 未登记",
    "ApplicationsEmpty": "{department} 没有提出任何申请",
    "AuthorisationUnknown": "没有授权 {authorisation}",
    "ChangeDiffers": "授权 {authorisation}：同意的变更与提出的不同（{proposed}、{accepted}）",
    "ChangePending": "授权 {authorisation}：已有待答复的变更",
    "CheckpointRefused": "日志 {log} 第 {size} 条的检查点不成立（根 {root}，密钥 {key}）",
    "CompetenceCircular": "{competent} 由 {department} 主管，不能反过来主管它",
    "CompetenceTooDeep": "部门 {department} 的主管层级过深（主管 {competent}）",
    "CompetentDiffers": "目录 {entry} 由 {actual} 审核，不由 {expected} 审核",
    "ConsistencyRefused": "日志 {log} 从 {oldSize} 到 {newSize} 的一致性证明不成立",
    "ContractAlreadyListed": "合约 {name} 已列名于 {contractAddress}，不得改换",
    "ContractCodeMismatch": "合约 {contractAddress} 的代码是 {actual}，不是 {expected}",
    "ContractUnknown": "没有列名为 {name} 的合约",
    "DecisionExpired": "决定已过有效期（{notAfter}，区块时间 {time}）",
    "DecisionTooLongLived": "决定的有效期 {notAfter} 超过七日（最迟 {latest}）",
    "DepartmentAlreadyEnrolled": "部门 {department} 已登记",
    "DepartmentCodeMalformed": "部门代码不合格：{department}",
    "DepartmentHasDependants": "部门 {department} 还主管 {dependants} 个部门，不能关闭",
    "DepartmentKindInvalid": "没有这种部门类别（{kind}）",
    "DepartmentNotActive": "部门 {department} {status}，不能办理",
    "DepartmentStatusInvalid": "没有这种部门状态（{status}）",
    "DepartmentUnknown": "部门 {department} 未登记",
    "DigestMissing": "决定没有写明文件的摘要（密钥 {key}）",
    "EffectiveInvalid": "授权 {authorisation}：终止日应在以后，其余步骤不写（{effective}）",
    "EnrolmentNotAllowed": "部门 {competent} 不可登记下级部门，或已停用",
    "EntryIsFrozen": "目录 {entry} 已冻结",
    "EntryNotFrozen": "目录 {entry} 没有冻结",
    "EntryNotOfDepartment": "目录 {entry} 属于 {provider}，不属于 {department}",
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
    "LogIsFrozen": "日志 {log} 已冻结",
    "LogIsSuperseded": "日志 {log} 已由新日志接替",
    "LogNotGrowing": "日志 {log} 已有 {size} 条，锚定 {newSize} 条不会增长",
    "LogNotOfDepartment": "日志 {log} 不是 {department} 的",
    "LogUnknown": "没有日志 {log}",
    "ModeDiffers": "授权 {authorisation}：申请的共享方式是 {applied}，答复写的是 {granted}",
    "ModeInvalid": "没有这种共享方式（{mode}）",
    "NoChangePending": "授权 {authorisation} 没有待答复的变更",
    "NonceSpent": "密钥 {key} 已用过随机数 {nonce}：同一签名不能生效两次",
    "NotAskedFor": "授权 {authorisation}：没有申请，不能{step}",
    "OutcomeInvalid": "授权 {authorisation} 不能裁定为{outcome}",
    "ParentNotUnder": "{department} 的上级 {parent} 不在主管 {competent} 之下",
    "PeriodInvalid": "起止时间不对（{validFrom} 起，{validUntil} 止）",
    "PeriodWidened": "授权 {authorisation}：答复的期限宽于申请（{validFrom} 起，{validUntil} 止）",
    "PersonMissing": "人员密钥 {key} 没有写明人员标识",
    "PersonNotAllowed": "密钥 {key} 不是人员密钥，不得带人员标识（{person}）",
    "PersonOfAnother": "人员标识 {person} 属于 {owner}，不属于 {department}",
    "PossessionRefused": "新密钥 {key} 的持有证明不成立",
    "QuotaWidened": "授权 {authorisation}：限额宽于申请（每日 {callsPerDay} 次、{rowsPerDay} 行）",
    "QuotaZero": "每日限额不得为零（{callsPerDay} 次、{rowsPerDay} 行）",
    "RelayMismatch": "日志 {log} 的中继账户是 {expected}，不是 {actual}",
    "RelayMissing": "{department} 的日志没有写明中继账户",
    "ReviewerIsSubmitter": "目录 {entry} 由同一人（{person}）报送，不能由他审核",
    "ReviewsEmpty": "没有审核任何目录（密钥 {key}）",
    "RevisionMismatch": "授权 {authorisation} 现为第 {current} 次修订，不是第 {revision} 次",
    "RoleMissing": "密钥 {key} 在 {department} 没有所需的角色：需要{required}，现有：{held}",
    "RolesUnknown": "没有这些角色（{roles}）",
    "RootKeyRequired": "首个部门应由根密钥 {expected} 签署，不是 {actual}",
    "RootMustEnrol": "首个部门 {department} 必须可登记下级部门",
    "RootNotItsOwn": "首个部门 {department} 的上级和主管都应是它自己（{parent}、{competent}）",
    "RootUnalterable": "首个部门 {department} 不能停用、关闭或改换主管",
    "ScreeningUnsuitable": "授权 {authorisation}：{competent} 的初审为{screening}，不能走这一步",
    "ShareTypeInvalid": "目录 {entry} 的共享类型不对（{shareType}）",
    "SignatureRefused": "密钥 {key} 的签名不成立（决定 {decision}）",
    "SplitNotShown": "没有证明日志 {log} 在第 {size} 条分叉",
    "StandingQuotaZero": "目录 {entry} 的长期答复要有限额（{callsPerDay} 次、{rowsPerDay} 行）",
    "StandingReplyRefused": "目录 {entry} 未发布或非无条件共享（版本 {current}，类型 {shareType}）",
    "StateUnsuitable": "授权 {authorisation} 现为{state}，不能走这一步",
    "StatusUnsuitable": "部门 {department} 现为{status}，不能这样办",
    "StepUnknown": "没有这一步（{step}）",
    "StringTooLong": "合约内部的文字过长（{str}）",
    "SubjectMismatch": "所针对的文件不是最新的：应为 {expected}，写的是 {actual}",
    "SuspenderUnsuitable": "授权 {authorisation} 由{suspendedBy}暂停，不能接管",
    "VersionNotCurrent": "目录 {entry} 在用的是第 {current} 版，不是第 {version} 版",
    "VersionNotSequential": "目录 {entry} 已到第 {latest} 版，不能报送第 {version} 版",
    "VersionNotSubmitted": "目录 {entry} 第 {version} 版不待审核（最新第 {latest} 版，{state}）",
    "VersionPending": "目录 {entry} 的第 {latest} 版还在审核",
    "VersionsEmpty": "{department} 没有报送任何目录",
    "WithdrawalNotSubmitted": "目录 {entry} 第 {version} 版没有申请撤回（{currentState}）",
    "WithdrawalPending": "目录 {entry} 正在申请撤回",
    "WithdrawalsEmpty": "{department} 没有申请撤回任何目录",
}
"""By the error's name; the words in braces are its values."""


def fail(error: LedgerError) -> NoReturn:
    """Print the error on one line of stderr, with its code, and end with its exit code."""
    from api.http.problems import title_of

    names = title_of(error.code)
    title = names.english if ENGLISH else names.chinese
    said = _detail(error)
    detail = said if said not in (title, error.code) else ""
    text = f"[{error.code}] {title}" + (f"：{detail}" if detail else "")
    put(" ".join(text.split()), error=True)
    sys.exit(_exit_code(error))


def _exit_code(error: LedgerError) -> int:
    if isinstance(error, VerificationError):
        return EXIT_UNPROVEN
    return EXIT_UNAVAILABLE if isinstance(error, Unavailable) else EXIT_REFUSED


def _detail(error: LedgerError) -> str:
    """Return what is wrong, in Chinese where the error or the contract's name for it has words."""
    if ENGLISH:
        return error.message
    if isinstance(error, DecisionRefused):
        return refusal_text(error)
    if isinstance(error, EvidenceInvalid):
        return f"{error.facts['where']}：{error.facts['text']}"
    return error.message


def explain(error: DecisionRefused) -> tuple[str, str]:
    """Say why the contract refuses, in Chinese and in English."""
    return refusal_text(error), error.message


def refusal_text(error: DecisionRefused) -> str:
    """Say why the contract refused; an error that is not known is said as it came."""
    name, args = str(error.facts.get("name", "")), error.facts.get("args")
    template = REFUSALS.get(name)
    if template is None or not isinstance(args, dict):
        return error.message
    of_entry = name != "StateUnsuitable"
    values = {key: shown(key, _typed(value), of_entry=of_entry) for key, value in args.items()}
    return f"{template.format(**values)}（{name}）"


def _typed(value: object) -> object:
    """Return a value as the ABI has it; a node's answer over HTTP has bytes as hex."""
    hexadecimal = isinstance(value, str) and re.fullmatch("(?:[0-9a-f]{2})+", value)
    return bytes.fromhex(hexadecimal[0]) if hexadecimal else value
