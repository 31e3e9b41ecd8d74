"""How every command takes its decision: shown, signed once, sent, waited for, and reported.

A command that dies after its decision was enqueued has decided: the same command again brings that
decision to its end instead of signing another, and one that is mined is not taken twice unasked.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .console import note, put, say, t
from .opening import load_signer, open_node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

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

    `again` takes it even if the same was decided before; `context` as for `intention_of`.

    Raises:
        AlreadyExists: the same was decided before; `facts` name that decision and its block.
        Conflict: another command is deciding the same at this moment.
        DecisionRefused, PeerUnavailable, ChainUnavailable: as `Desk.decide`.
    """
    from node.office.repeats import Repeats, intention_of

    repeats = Repeats(node.node_engine, node.settings.data_dir / "deciding.lock")
    meant = intention_of(act, context)
    with repeats.alone(meant):
        earlier = None if again else repeats.find(meant)
        decided = None if earlier is None else _taken_up(node, act.kind, earlier)
        if decided is None:
            signed = node.desk.sign(*act, signer, possession)
            # Killed from here to the outbox, the intention names a decision that never was.
            repeats.keep(meant, signed.hash)
            decided = node.desk.send(signed)
    _report(decided)
    _await_block(node, decided.block)
    return decided


def decide_at(
    config: Path,
    act: Act,
    key: Path,
    password_file: Path,
    possession: Signer | None = None,
    *,
    again: bool,
    dry_run: bool,
) -> None:
    """Show an act that needs nothing of the node (`dry_run`), or decide it at a node's desk."""
    if dry_run:
        show(act)
        return
    with open_node(config) as node:
        decide(node, act, load_signer(key, password_file), possession, again=again)


def show(act: Act) -> None:
    """Print what would be signed: the papers, then what goes onto the chain."""
    from json import dumps, loads

    for paper in act.documents:
        put(dumps(loads(paper), ensure_ascii=False, indent=2))
    put(dumps({act.kind: _shown(act.message)}, ensure_ascii=False, indent=2))
    say("以上内容尚未签署，也未报送", "nothing of this was signed or sent")


def _taken_up(node: Node, kind: str, earlier: bytes) -> Decided | None:
    """Return the earlier decision brought to its end; None if it never was, or was refused."""
    from node.errors import AlreadyExists, DecisionRefused, TransactionRefused

    try:
        mined = node.desk.find(kind, earlier)
        if mined is None:
            finished = node.desk.finish(kind, earlier)
            if finished is not None:
                say(
                    "上一次命令未及收尾就中断了：不再另签，已把那个决定办完",
                    "the command before was cut short: that decision was finished, none signed",
                )
            return finished
    except (DecisionRefused, TransactionRefused):
        return None
    raise AlreadyExists(
        t(
            f"同样的决定已在区块 {mined.block} 生效（{earlier.hex()}）；确需再作一次请加 --again",
            f"the same was decided in block {mined.block} ({earlier.hex()}); --again repeats it",
        ),
        block=mined.block,
        decision=earlier.hex(),
    )


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


def _entries(event: Mapping[str, Any]) -> None:
    count = len(event["entries"])
    say(f"报送 {count} 个目录", f"{count} entries submitted")


def _reviews(event: Mapping[str, Any]) -> None:
    published = sum(bool(review["publish"]) for review in event["reviews"])
    returned = len(event["reviews"]) - published
    say(f"发布 {published} 个，退回 {returned} 个", f"{published} published, {returned} returned")


_MADE: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "EnrolDepartment": _new("首任负责人密钥", "head key", "headKey"),
    "AddKey": _new("密钥编号", "key id", "addedKey"),
    "RegisterApplication": _new("应用编号", "application id", "application"),
    "RegisterLog": _new("日志编号", "log id", "log"),
    "SubmitVersions": _entries,
    "ReviewVersions": _reviews,
    "ApplyFor": _new_authorisations,
    "Reply": _new_state,
    "Step": _new_state,
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
