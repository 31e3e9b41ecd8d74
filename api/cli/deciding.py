"""How every command takes its decision: shown, signed once, sent, waited for, and reported.

A command that dies after its decision was enqueued has decided: the same command again brings that
decision to its end instead of signing another, and one that is mined is not taken twice unasked.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from .console import note, put, say, t
from .opening import load_signer, open_node
from .options import AgainOption, ConfigOption, DryRunOption, KeyOption, PasswordOption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    import typer

    from api.parts import Node
    from node.crypto import Signer
    from node.office import Act, Decided

FOLLOW_SECONDS = 5.0
POLL_SECONDS = 0.02


def decide(
    node: Node,
    act: Act,
    signer: Signer,
    possession: Signer | None = None,
    *,
    again: bool = False,
    context: bytes = b"",
) -> Decided:
    """Take one decision, say where it stands, wait until this node's read model has it.

    `again` and `context` as for `decide_once`.

    Raises:
        LedgerError: as `decide_once`.
    """
    from node.office.repeats import Repeats, decide_once

    repeats = Repeats(node.node_engine, node.settings.data_dir / "deciding.lock")
    signers = (signer,) if possession is None else (signer, possession)
    decided, finished = decide_once(node.desk, repeats, act, *signers, again=again, context=context)
    if finished:
        say(
            "上一次命令未及收尾就中断了：不再另签，已把那个决定办完",
            "the command before was cut short: that decision was finished, none signed",
        )
    _report(decided)
    _await_block(node, decided.block)
    return decided


@dataclass(frozen=True, slots=True)
class Taking:
    """What every command that decides is told: at which node, whose key signs, and whether."""

    config: Path
    key: Path
    password_file: Path
    again: bool
    dry_run: bool

    def take(self, act: Act, possession: Signer | None = None) -> None:
        """Show an act that needs nothing of the node (`--dry-run`), or decide it there."""
        if self.dry_run:
            show(act)
            return
        with open_node(self.config) as node:
            decide(node, act, self.signer(), possession, again=self.again)

    def take_at(self, node: Node, act: Act, context: bytes = b"") -> None:
        """The same for an act that was drafted from what the node knows."""
        if self.dry_run:
            show(act)
        else:
            decide(node, act, self.signer(), again=self.again, context=context)

    def open(self) -> AbstractContextManager[Node]:
        """Open the node, for what an act is drafted from."""
        return open_node(self.config)

    def signer(self) -> Signer:
        """Load the key that signs."""
        return load_signer(self.key, self.password_file)


_COMMON = {
    "config": (ConfigOption, Parameter.empty),
    "key": (KeyOption, Parameter.empty),
    "password_file": (PasswordOption, Parameter.empty),
    "again": (AgainOption, False),
    "dry_run": (DryRunOption, False),
}


def decision(
    app: typer.Typer, chinese: str, english: str, *, name: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function that decides; its first parameter is the `Taking`."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        own = list(signature(function).parameters.values())[1:]
        parameters = [
            *(each.replace(annotation=hints[each.name]) for each in own),
            *(
                Parameter(common, Parameter.KEYWORD_ONLY, annotation=kind, default=default)
                for common, (kind, default) in _COMMON.items()
            ),
        ]

        def command(**given: Any) -> None:  # noqa: ANN401 - options of all kinds
            taking = Taking(**{common: given.pop(common) for common in _COMMON})
            function(taking, **given)

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        # Typer reads both: what the terminal may say is the function's own, then the common.
        command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        app.command(name=name, help=t(chinese, english))(command)
        return function

    return register


def show(act: Act) -> None:
    """Print what would be signed: the papers, then what goes onto the chain."""
    from json import dumps, loads

    for paper in act.documents:
        put(dumps(loads(paper), ensure_ascii=False, indent=2))
    put(dumps({act.kind: _shown(act.message)}, ensure_ascii=False, indent=2))
    say("以上内容尚未签署，也未报送", "nothing of this was signed or sent")


def _report(decided: Decided) -> None:
    kind, block, gas = decided.kind, decided.block, decided.gas_used
    say(f"决定 {decided.hash.hex()}（{kind}）", f"decision {decided.hash.hex()} ({kind})")
    say(
        f"区块 {block}，gas {gas}，交易 {decided.transaction.hex()}",
        f"block {block}, gas {gas}, transaction {decided.transaction.hex()}",
    )
    made = _MADE.get(kind)
    if made is not None:
        made(decided.event)


def _await_block(node: Node, block: int) -> None:
    """Wait until the node's read model has a block, so that the next command sees the decision."""
    from sqlalchemy.exc import OperationalError

    deadline = time.monotonic() + FOLLOW_SECONDS
    while time.monotonic() < deadline:
        try:
            if node.queries.cursor().next_block > block:
                return
        except OperationalError:
            break  # the node has never run: there is no read model to wait for
        time.sleep(POLL_SECONDS)
    note(
        f"本节点的读模型还没有到区块 {block}：节点在运行吗？",
        f"this node's read model has not reached block {block}: is the node running?",
    )


def _new(chinese: str, english: str, field: str) -> Callable[[Mapping[str, Any]], None]:
    def tell(event: Mapping[str, Any]) -> None:
        say(f"{chinese} {event[field].hex()}", f"{english} {event[field].hex()}")

    return tell


def _new_authorisations(event: Mapping[str, Any]) -> None:
    from .naming import state_name

    for offset, state in enumerate(event["states"]):
        number = event["first"] + offset
        say(f"授权 {number}：{state_name(state)}", f"authorisation {number}: {state_name(state)}")


def _new_state(event: Mapping[str, Any]) -> None:
    from .naming import state_name

    number, state = event["authorisation"], state_name(event["state"])
    say(f"授权 {number}：{state}", f"authorisation {number}: {state}")


def _new_revision(event: Mapping[str, Any]) -> None:
    _new_state(event)
    revision = event["newRevision"]
    say(f"第 {revision} 次修订", f"revision {revision}")


def _recovered(event: Mapping[str, Any]) -> None:
    from .naming import moment_of

    since, key = moment_of(event["validFrom"]), event["headKey"].hex()
    say(f"新负责人密钥 {key}，自 {since} 起有效", f"head key {key}, valid from {since}")
    say(
        "在此之前，原负责人可用 department revoke-key 撤销它",
        "until then the old head cancels it by department revoke-key",
    )


def _status(event: Mapping[str, Any]) -> None:
    from .naming import code_of, status_name

    code, status = code_of(event["department"]), status_name(event["status"])
    say(f"部门 {code}：{status}", f"department {code}: {status}")


def _withdrawals(event: Mapping[str, Any]) -> None:
    count, paper = len(event["withdrawals"]), event["digest"].hex()
    say(f"申请撤回 {count} 个目录，申请书 {paper}", f"{count} withdrawals asked for in {paper}")


def _withdrawn(event: Mapping[str, Any]) -> None:
    accepted = sum(bool(review["accept"]) for review in event["reviews"])
    kept = len(event["reviews"]) - accepted
    say(f"撤回 {accepted} 个，不同意 {kept} 个", f"{accepted} withdrawn, {kept} kept")


def _entries(event: Mapping[str, Any]) -> None:
    count = len(event["entries"])
    say(f"报送 {count} 个目录", f"{count} entries submitted")


def _reviews(event: Mapping[str, Any]) -> None:
    published = sum(bool(review["publish"]) for review in event["reviews"])
    returned = len(event["reviews"]) - published
    say(f"发布 {published} 个，退回 {returned} 个", f"{published} published, {returned} returned")


_MADE: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "EnrolDepartment": _new("首任负责人密钥", "head key", "headKey"),
    "SetDepartmentStatus": _status,
    "RecoverKey": _recovered,
    "AddKey": _new("密钥编号", "key id", "addedKey"),
    "RegisterApplication": _new("应用编号", "application id", "application"),
    "RegisterLog": _new("日志编号", "log id", "log"),
    "SupersedeLog": _new("新日志编号", "new log id", "log"),
    "SubmitVersions": _entries,
    "ReviewVersions": _reviews,
    "SubmitWithdrawal": _withdrawals,
    "ReviewWithdrawal": _withdrawn,
    "ApplyFor": _new_authorisations,
    "Reply": _new_state,
    "Step": _new_state,
    "Change": _new_revision,
}
"""What each decision makes that was not there before, said from its event."""


def _shown(value: Any) -> Any:  # noqa: ANN401 - values of a struct
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: _shown(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_shown(member) for member in value]
    return value
