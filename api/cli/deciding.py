"""How every command takes its decision: shown, signed once, sent, waited for, and reported.

A command that dies after its decision was enqueued has decided: the same command again brings that
decision to its end instead of signing another, and one that is mined is not taken twice unasked.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from node.errors import InvalidInput

from .console import (
    note,
    put,
    say,
    t,
)
from .opening import load_signer, new_file, open_node
from .options import (
    AgainOption,
    ConfigOption,
    DryRunOption,
    KeyOption,
    PasswordOption,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import typer

    from api.parts import Node
    from node.crypto import Signer, SoftwareSigner
    from node.office import Act, Decided, Drafter


@dataclass(frozen=True)
class Taking:
    """What every command that decides is told: at which node, whose key signs, and whether."""

    config: Path
    key: Path
    password_file: Path
    again: bool
    dry_run: bool
    signs: bool = True
    """Off where a dry run was given no key, or no password to open it: none is asked for."""

    def take(self, act: Act, possession: Signer | bytes | None = None) -> None:
        """Show an act that needs nothing of the node (`--dry-run`), or decide it there.

        `possession` is the new key of an enrolment or of an added key, or its signature.
        """
        if self.dry_run:
            show(act)
            return
        with self.open() as node:
            self.take_at(node, act, possession)

    def register(self, act: Act, possession: Signer | None, request: Path | None) -> None:
        """Take an act that registers a key; without its private half ask for proof in `request`."""
        if self.dry_run:
            show(act)
        elif request is not None:
            self._ask(act, request)
        elif possession is None:
            raise InvalidInput(
                t(
                    "给出的是公钥：以 --request 文件 写出持有证明请求，交密钥持有人签名",
                    "this is a public key: --request FILE writes what its holder is to sign",
                )
            )
        else:
            self.take(act, possession)

    def _ask(self, act: Act, request: Path) -> None:
        from node.office.possession import render_request, request_possession

        with self.open() as node:
            asked = request_possession(act, node.deployment, time.time())
        text = request.with_name(request.name + ".txt")
        with new_file(request) as file:
            file.write(render_request(asked).decode())
        with new_file(text, "ascii") as file:
            file.write(asked.text.decode())
        say(
            f"已写入 {request}（六日内有效）和要签名的文字 {text}；什么也没有签署。"
            f"持有人签名后：shareledger department submit {request} --possession 签名文件",
            f"wrote {request} (good for six days) and the text to sign, {text}; signed nothing. "
            f"Once its holder has: shareledger department submit {request} --possession FILE",
        )

    def take_at(
        self,
        node: Node,
        act: Act,
        possession: Signer | bytes | None = None,
        context: bytes = b"",
        *,
        follow: bool = True,
    ) -> None:
        """The same at a node that is open already; wait until its read model has the decision.

        `follow`: off where the next decision asks nothing of this one.

        Raises:
            LedgerError: as `decide_once`; `context` as there.
        """
        from node.office.repeats import decide_once

        if self.dry_run:
            show(act)
            return
        decided, finished = decide_once(
            node.desk, node.repeats, act, self.signer, possession, again=self.again, context=context
        )
        if finished:
            say(
                "上一次命令未及收尾就中断了：不再另签，已把那个决定办完",
                "the command before was cut short: that decision was finished, none signed",
            )
        _report(decided)
        if follow:
            _await_block(node, decided.block)

    def draft(self, build: Callable[[Drafter], Act]) -> None:
        """Draft an act from what the node knows, and take it there."""
        with self.open() as node:
            self.take_at(node, build(node.drafter))

    def open(self) -> AbstractContextManager[Node]:
        """Open the node, for what an act is drafted from."""
        return open_node(self.config)

    @cached_property
    def signer(self) -> SoftwareSigner:
        return load_signer(self.key, self.password_file)


def decision(
    app: typer.Typer,
    chinese: str,
    english: str,
    *,
    name: str | None = None,
    dry_run: Any = DryRunOption,  # noqa: ANN401 - a type with its option
    keyless: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function that decides; its first parameter is the `Taking`.

    `dry_run` is the option where a dry run does something else than show what would be signed;
    `keyless`: it needs no key then, nor to write a `request`.
    """
    needed = None if keyless else Parameter.empty
    common = {
        "config": (ConfigOption, Parameter.empty),
        "key": (KeyOption, needed),
        "password_file": (PasswordOption, needed),
        "again": (AgainOption, False),
        "dry_run": (dry_run, False),
    }

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        own = list(signature(function).parameters.values())[1:]
        parameters = [
            *(each.replace(annotation=hints[each.name]) for each in own),
            *(
                Parameter(each, Parameter.KEYWORD_ONLY, annotation=kind, default=default)
                for each, (kind, default) in common.items()
            ),
        ]

        def command(**given: Any) -> None:  # noqa: ANN401 - options of all kinds
            said = {each: given.pop(each) for each in common}
            missing = [each for each in ("key", "password_file") if said[each] is None]
            if missing and not said["dry_run"] and given.get("request") is None:
                flag = f"--{missing[0].replace('_', '-')}"
                raise InvalidInput(t(f"缺少选项 {flag}", f"Missing option {flag}"))
            taking = Taking(**{**said, **dict.fromkeys(missing, Path())}, signs=not missing)
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
    put(dumps({act.kind: act.message}, ensure_ascii=False, indent=2, default=bytes.hex))
    say("以上内容尚未签署，也未报送", "nothing of this was signed or sent")


def _report(decided: Decided) -> None:
    from node.protocol.forms.outcomes import outcomes_of
    from node.protocol.forms.words import decision_words

    kind, block, gas = decided.kind, decided.block, decided.gas_used
    chinese, english = decision_words(kind, decided.event)
    say(f"决定 {decided.hash.hex()}（{chinese}）", f"decision {decided.hash.hex()} ({english})")
    say(
        f"区块 {block}，gas {gas}，交易 {decided.transaction.hex()}",
        f"block {block}, gas {gas}, transaction {decided.transaction.hex()}",
    )
    for chinese, english in outcomes_of(kind, decided.event):
        say(chinese, english)


def _await_block(node: Node, block: int) -> None:
    """Wait until the node's read model has a block, so that the next command sees the decision."""
    from node.office.submitting import await_block

    if await_block(node.queries, block):
        return
    note(
        f"本节点的读模型还没有到区块 {block}：节点在运行吗？",
        f"this node's read model has not reached block {block}: is the node running?",
    )
