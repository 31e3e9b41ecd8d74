"""What every code is called, and why something was refused, in the words of those who read it.

For HTTP, commands and pages; needs no server, so that a command that fails says why at once. What a
raise says has its Chinese in `node/sentences.json`; why a contract refused is said there by the
Solidity error's name, its values as the contract threw them (`DecisionRefused.facts`) shown as
people know them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from node.errors import DecisionRefused, EvidenceInvalid, LedgerError
from node.sentences import contract_texts


@dataclass(frozen=True, slots=True)
class Title:
    """What a code is called."""

    chinese: str
    english: str


TIMES = frozenset({"notAfter", "latest", "time", "validFrom", "validUntil", "revokedAt"})
YEAR_2001 = 1_000_000_000
"""Below this a number is a count, as a version's `latest` is, and no time."""
ROLES = {"required": "roles", "held": "roles"}
SAID = {
    ("screening", True): "开",
    ("screening", False): "关",
    ("suspendedBy", 1): "使用部门",
    ("suspendedBy", 2): "提供部门",
    ("suspendedBy", 3): "主管部门",
}
"""What is not said so in a decision."""


def called(code: str) -> str:
    """Return what a code is called in Chinese; a code that is of none as it is."""
    title = TITLES.get(code)
    return code if title is None else title.chinese


TITLES: dict[str, Title] = {
    "internal": Title("内部错误", "Internal error"),
    "malformed-request": Title("请求格式不正确", "Malformed request"),
    "malformed-filter": Title("筛选条件不正确", "Malformed filter"),
    "digest-mismatch": Title("内容与摘要不符", "Content does not match its digest"),
    "malformed-key": Title("密钥无效", "Malformed key"),
    "malformed-document": Title("文书格式不正确", "Malformed document"),
    "malformed-envelope": Title("加密信封无法打开", "Malformed envelope"),
    "malformed-checkpoint": Title("检查点格式不正确", "Malformed checkpoint"),
    "malformed-receipt": Title("回执格式不正确", "Malformed receipt"),
    "malformed-evidence": Title("证据包格式不正确", "Malformed evidence"),
    "malformed-event": Title("链上事件无法解析", "Malformed chain event"),
    "malformed-transaction": Title("链上交易格式不正确", "Malformed transaction"),
    "malformed-table": Title("表格中有不合格的行", "Malformed table"),
    "signature-invalid": Title("签名无效", "Signature invalid"),
    "key-revoked": Title("密钥已撤销", "Key revoked"),
    "key-not-in-force": Title("密钥不在有效期内", "Key not in force"),
    "clock-skew": Title("签名时间超出允许范围", "Signed too early or too late"),
    "forbidden": Title("不允许", "Forbidden"),
    "purpose-not-granted": Title("用途未获授权", "Purpose not granted"),
    "item-not-granted": Title("信息项未获授权", "Item not granted"),
    "filter-not-granted": Title("筛选项未获授权", "Filter not granted"),
    "mode-not-granted": Title("共享方式未获授权", "Mode not granted"),
    "entry-frozen": Title("目录条目已冻结", "Entry frozen"),
    "department-suspended": Title("部门已停用", "Department suspended"),
    "contradictory": Title("文书与链上记录矛盾", "Document contradicts the chain"),
    "authorisation-not-started": Title("授权尚未生效", "Authorisation not started"),
    "authorisation-expired": Title("授权已到期", "Authorisation expired"),
    "authorisation-suspended": Title("授权已暂停", "Authorisation suspended"),
    "authorisation-terminated": Title("授权已终止", "Authorisation terminated"),
    "authorisation-not-agreed": Title("授权尚未同意", "Authorisation not agreed"),
    "not-entitled": Title("没有所需的职责", "Not entitled"),
    "quota-calls": Title("当日调用次数已用完", "Daily calls used up"),
    "quota-rows": Title("当日数据行数已用完", "Daily rows used up"),
    "quota-refusals": Title("当日被拒次数已达上限", "Daily refusals used up"),
    "not-found": Title("未找到", "Not found"),
    "authorisation-unknown": Title("授权不存在", "Authorisation unknown"),
    "document-unknown": Title("文书不存在", "Document unknown"),
    "event-unknown": Title("调用记录不存在", "Event unknown"),
    "conflict": Title("状态冲突", "Conflict"),
    "call-replayed": Title("调用编号已被使用", "Call replayed"),
    "decision-refused": Title("合约拒绝了该决定", "Decision refused by the contract"),
    "transaction-refused": Title("链不接受该交易", "Transaction refused by the chain"),
    "already-exists": Title("已存在", "Already exists"),
    "verification-failed": Title("核验未通过", "Verification failed"),
    "inclusion-invalid": Title("包含证明不成立", "Inclusion proof invalid"),
    "consistency-invalid": Title("一致性证明不成立", "Consistency proof invalid"),
    "checkpoint-invalid": Title("检查点签名不成立", "Checkpoint invalid"),
    "receipt-invalid": Title("回执不成立", "Receipt invalid"),
    "receipt-not-merged": Title("回执未按时并入日志", "Receipt not merged in time"),
    "evidence-invalid": Title("证据不成立", "Evidence invalid"),
    "log-tampered": Title("日志被篡改", "Log tampered with"),
    "log-incomplete": Title("日志不完整", "Log incomplete"),
    "unavailable": Title("暂不可用", "Unavailable"),
    "source-unavailable": Title("数据源暂不可用", "Source unavailable"),
    "ledger-behind": Title("账本尚未同步", "Ledger behind"),
    "log-unavailable": Title("日志暂不可写", "Log unavailable"),
    "overloaded": Title("请求过多", "Overloaded"),
    "chain-unavailable": Title("链暂不可用", "Chain unavailable"),
    "peer-unavailable": Title("对方节点暂不可用", "Peer unavailable"),
    "fatal": Title("节点必须停止", "Node must stop"),
    "config-invalid": Title("配置不正确", "Configuration invalid"),
    "self-test-failed": Title("密码自检未通过", "Cipher self-test failed"),
    "wrong-chain": Title("不是配置的链", "Wrong chain"),
    "chain-tampered": Title("链数据被篡改", "Chain tampered with"),
    "chain-inconsistent": Title("链前后不一致", "Chain inconsistent"),
    "log-rolled-back": Title("日志被回退", "Log rolled back"),
}


def title_of(code: str) -> Title:
    """Return what a code is called in Chinese and English."""
    return TITLES[code]


def chinese_of(error: LedgerError) -> str:
    """Return what is wrong in Chinese, with the names that people know."""
    if isinstance(error, EvidenceInvalid) and "text" in error.facts:
        return f"{error.facts['where']}：{error.facts['text']}"
    return refusal_text(error) if isinstance(error, DecisionRefused) else error.chinese


def explain(error: DecisionRefused) -> tuple[str, str]:
    """Say why the contract refuses, in Chinese and in English."""
    return refusal_text(error), error.message


def refusal_text(error: DecisionRefused) -> str:
    """Say why the contract refused; an error that is not known is said as it came."""
    name, args = str(error.facts.get("name", "")), error.facts.get("args")
    template = contract_texts().get(name)
    if template is None or not isinstance(args, dict):
        return error.chinese
    of_entry = name != "StateUnsuitable"
    values = {key: _said(key, _typed(value), of_entry=of_entry) for key, value in args.items()}
    return f"{template.format(**values)}（{name}）"


def _said(name: str, value: Any, *, of_entry: bool) -> str:  # noqa: ANN401 - as the ABI has it
    """Say a value of a contract's error: as in a decision, save for what only errors have."""
    from node.protocol.forms.readout import said_value
    from node.protocol.forms.words import words_of
    from node.protocol.ledger.enums import AuthorisationState, EntryState

    from .cli.naming import code_of, moment_of

    if isinstance(value, bytes):
        return said_value(name, value)[0] if name == "name" else code_of(value)
    if name in TIMES:
        return moment_of(value) if value > YEAR_2001 else str(value)
    if name in {"state", "currentState"}:
        states = EntryState if of_entry or name == "currentState" else AuthorisationState
        return words_of(states(value))[0] if value in list(states) else str(value)
    return SAID.get((name, value)) or said_value(ROLES.get(name, name), value)[0]


def _typed(value: object) -> object:
    """Return a value as the ABI has it; a node's answer over HTTP has bytes as hex."""
    hexadecimal = isinstance(value, str) and re.fullmatch("(?:[0-9a-f]{2})+", value)
    return bytes.fromhex(hexadecimal[0]) if hexadecimal else value
