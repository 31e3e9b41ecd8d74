"""What a decision makes that was not there before, said from its event's arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ledger.enums import AuthorisationState
from .readout import moment_of, said_value
from .words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..wire.prepared import Said

_STATE = ("授权 {authorisation}：{state}", "authorisation {authorisation}: {state}")
_MADE = {
    "EnrolDepartment": (("首任负责人密钥 {headKey}", "head key {headKey}"),),
    "SetDepartmentStatus": (("部门 {department}：{status}", "department {department}: {status}"),),
    "RecoverKey": (
        (
            "新负责人密钥 {headKey}，自 {validFrom} 起有效",
            "head key {headKey}, valid from {validFrom}",
        ),
        (
            "在此之前，原负责人可用 department revoke-key 撤销它",
            "until then the old head cancels it by department revoke-key",
        ),
    ),
    "AddKey": (("密钥编号 {addedKey}", "key id {addedKey}"),),
    "RegisterApplication": (("应用编号 {application}", "application id {application}"),),
    "RegisterLog": (("日志编号 {log}", "log id {log}"),),
    "SupersedeLog": (("新日志编号 {log}", "new log id {log}"),),
    "SubmitVersions": (("报送 {entries} 个目录", "{entries} entries submitted"),),
    "ReviewVersions": (("发布 {yes} 个，退回 {no} 个", "{yes} published, {no} returned"),),
    "SubmitWithdrawal": (
        (
            "申请撤回 {withdrawals} 个目录，申请书 {digest}",
            "{withdrawals} withdrawals asked for in {digest}",
        ),
    ),
    "ReviewWithdrawal": (("撤回 {yes} 个，不同意 {no} 个", "{yes} withdrawn, {no} kept"),),
    "ApplyFor": (_STATE,),
    "Reply": (_STATE,),
    "Step": (_STATE,),
    "Change": (_STATE, ("第 {newRevision} 次修订", "revision {newRevision}")),
}
"""By decision: sentences in Chinese and English, the words in braces its event's arguments."""


def outcomes_of(kind: str, event: Mapping[str, Any]) -> list[Said]:
    """Say what a decision has made; nothing where its name says it all."""
    said = []
    for made in _made(kind, event):
        values = {name: _said(name, value) for name, value in made.items()}
        for chinese, english in _MADE.get(kind, ()):
            pair = [
                text.format(**{name: each[place] for name, each in values.items()})
                for place, text in enumerate((chinese, english))
            ]
            said.append((pair[0], pair[1]))
    return said


def _said(name: str, value: Any) -> Said:  # noqa: ANN401 - as the ABI has it
    if name == "state":
        return words_of(AuthorisationState(value))
    if name == "validFrom":  # a recovered key's: seven days to the second
        return moment_of(value), moment_of(value)
    return said_value(name, value) if not isinstance(value, list | tuple | dict) else ("", "")


def _made(kind: str, event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what there is to say of an event: of each application, else of all at once."""
    if kind == "ApplyFor":
        first = event["first"]
        return [
            {"authorisation": first + offset, "state": state}
            for offset, state in enumerate(event["states"])
        ]
    counts = {name: len(each) for name, each in event.items() if isinstance(each, list | tuple)}
    verdicts = [each.get("publish", each.get("accept")) for each in event.get("reviews", ())]
    said = {"yes": sum(map(bool, verdicts)), "no": len(verdicts) - sum(map(bool, verdicts))}
    return [{**event, **counts, **said}]
