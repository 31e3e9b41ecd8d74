"""How every command takes its decision: shown, signed once, sent, waited for, and reported.

A command that dies after its decision was enqueued has decided: the same command again brings that
decision to its end instead of signing another, and one that is mined is not taken twice unasked.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
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
from .opening import load_signer, new_file
from .options import (
    AgainOption,
    DryRunOption,
    KeyOption,
    NodeOption,
    NodeTrustOption,
    OwnConfigOption,
    PasswordOption,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import typer

    from node.crypto import Signer, SoftwareSigner
    from node.office.possession import Request

    from .offices import Drafted, Here, Office, Taken


@dataclass(frozen=True)
class Taking:
    """What every command that decides is told: at which node, whose key signs, and whether."""

    config: Path | None
    node: str | None
    trust: Path | None
    key: Path
    password_file: Path
    again: bool
    dry_run: bool
    signs: bool = True
    """Off where a dry run was given no key, or no password to open it: none is asked for."""
    looks: bool = False
    """Whether the command only reads: what anybody may read is asked for without a key."""

    def take(
        self, kind: str, fields: Mapping[str, Any], possession: Signer | bytes | None = None
    ) -> None:
        """Decide, or show what would be (`--dry-run`); `fields` as `node.office.intents` has them.

        `possession` is the new key of an enrolment or of an added key, or its signature.
        """
        with self.office() as office:
            self.take_at(office, office.draft(kind, fields), possession)

    def register(
        self,
        kind: str,
        fields: Mapping[str, Any],
        possession: Signer | None,
        request: Path | None,
    ) -> None:
        """Take what registers a key; without its private half ask for proof in `request`."""
        if request is None and possession is None and not self.dry_run:
            raise InvalidInput(
                t(
                    "给出的是公钥：以 --request 文件 写出持有证明请求，交密钥持有人签名",
                    "this is a public key: --request FILE writes what its holder is to sign",
                )
            )
        with self.office() as office:
            drafted = office.draft(kind, fields)
            if self.dry_run or request is None:
                self.take_at(office, drafted, possession)
            else:
                _ask(office, drafted, request)

    def complete(self, asked: Request, proof: bytes) -> None:
        """Take a decision that was drafted for its proof of possession."""
        from .offices import Drafted, There

        with self.office() as office:
            if isinstance(office, There):
                office.adopt(asked.act.kind, asked.domain)
            self.take_at(office, Drafted(*asked.act), proof)

    def take_at(
        self,
        office: Office,
        drafted: Drafted,
        possession: Signer | bytes | None = None,
    ) -> None:
        """Take what was drafted at an office that is open; wait until the node has followed it.

        Raises:
            LedgerError: as `Office.take`.
        """
        if self.dry_run:
            show(drafted)
            return
        _tell(drafted, office.take(drafted, self.signer, possession, again=self.again))

    def take_all_at(self, office: Office, drafted: Sequence[Drafted]) -> None:
        """Take decisions that ask nothing of each other; raises as `Office.take`."""
        taken = office.take_all(drafted, self.signer, again=self.again)
        for one, each in zip(drafted, taken, strict=True):
            _tell(one, each)

    @contextmanager
    def office(self) -> Iterator[Office]:
        """Open the office: the node's at `--node`, else the one whose settings are given."""
        from .offices import reach

        if self.node is not None:
            if not self.signs and not self.looks:
                raise InvalidInput(
                    t("经 --node 须给出密钥 --key", "--node needs a key: requests are signed")
                )
            yield reach(self.node, self.signer if self.signs else None, self.trust)
            return
        with self.here() as office:
            yield office

    @contextmanager
    def here(self) -> Iterator[Here]:
        """Open the node on this machine, for what needs its databases.

        Raises:
            InvalidInput: its settings were not given.
        """
        from .offices import open_here

        config = here(self.config)
        asks = self.signer.public_key.key_id if self.looks and self.signs else None
        with open_here(config, asks) as office:
            yield office

    @cached_property
    def signer(self) -> SoftwareSigner:
        return load_signer(self.key, self.password_file)


def here(config: Path | None) -> Path:
    """Return the settings of the node here.

    Raises:
        InvalidInput: none were given.
    """
    if config is None:
        raise InvalidInput(
            t(
                "缺少选项 --config（本机节点）或 --node（节点网址）",
                "Missing option --config (a node here) or --node (a node's URL)",
            )
        )
    return config


def reading(
    config: Path | None, node: str | None, key: Path | None, password_file: Path | None
) -> AbstractContextManager[Office]:
    """Open the office for a command that only reads: the node here, or one over HTTP.

    Raises:
        InvalidInput: neither was given; over HTTP, what needs a key says so when it is asked.
    """
    signs = key is not None and password_file is not None
    nowhere = Path()
    return Taking(
        config=config,
        node=node,
        trust=None,
        key=key or nowhere,
        password_file=password_file or nowhere,
        again=False,
        dry_run=False,
        signs=signs,
        looks=True,
    ).office()


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
        "config": (OwnConfigOption, None),
        "node": (NodeOption, None),
        "trust": (NodeTrustOption, None),
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


def show(drafted: Drafted) -> None:
    """Print what would be signed: the papers, then what goes onto the chain."""
    from json import dumps, loads

    for paper in drafted.documents:
        put(dumps(loads(paper), ensure_ascii=False, indent=2))
    struct = {drafted.kind: drafted.message}
    put(dumps(struct, ensure_ascii=False, indent=2, default=bytes.hex))
    say("以上内容尚未签署，也未报送", "nothing of this was signed or sent")


def _ask(office: Office, drafted: Drafted, request: Path) -> None:
    """Write what the holder of a new key is to sign."""
    from node.office.act import Act
    from node.office.possession import render_request, request_possession

    act = Act(drafted.kind, dict(drafted.message), list(drafted.documents))
    asked = request_possession(act, office.domain_of(drafted.kind), time.time())
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


def _tell(drafted: Drafted, taken: Taken) -> None:
    if taken.finished:
        say(
            "上一次命令未及收尾就中断了：不再另签，已把那个决定办完",
            "the command before was cut short: that decision was finished, none signed",
        )
    from node.protocol.forms.words import decision_words

    chinese, english = decision_words(drafted.kind, drafted.message)
    say(f"决定 {taken.hash}（{chinese}）", f"decision {taken.hash} ({english})")
    say(
        f"区块 {taken.block}，gas {taken.gas_used}，交易 {taken.transaction}",
        f"block {taken.block}, gas {taken.gas_used}, transaction {taken.transaction}",
    )
    for chinese, english in taken.outcomes:
        say(chinese, english)
    if not taken.followed:
        note(
            f"本节点的读模型还没有到区块 {taken.block}：节点在运行吗？",
            f"this node's read model has not reached block {taken.block}: is the node running?",
        )
