"""`shareledger trace`: from any one of version, authorisation, call, block to the other three."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import EXIT_UNPROVEN, put, say, t
from .help_pages import Commands
from .naming import spoken
from .opening import load_signer, open_node
from .options import (
    KEY_PASSWORD_VARIABLES,
    AuthorisationArgument,
    CodeArgument,
    ConfigOption,
    EntryCodeArgument,
    EventArgument,
    NodeOption,
    OutputOption,
    OwnConfigOption,
    ReadingKeyOption,
    argument,
    option,
)
from .taking import here, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api.lookups import Wire
    from api.parts import Node
    from ledger_sync.trace import LogReader, TraceLine, Tracer

app = Commands(
    help=t("溯源：每一行都写明作了什么检查", "trace; each line says which check was made")
)

AsOption = Annotated[
    Path | None,
    option(
        "--as",
        "以此密钥向各节点查询（审计员）；不给则只查本节点的日志",
        "ask every node with this key (an auditor's); without it only this node's logs",
    ),
]
AsPasswordOption = Annotated[
    Path | None,
    option(
        "--password-file",
        "该密钥的口令文件；不给则与节点的相同",
        "that key's password file, if another than the node's",
        envvar=KEY_PASSWORD_VARIABLES,
    ),
]


@contextmanager
def _sources(
    config: Path, key: Path | None, password_file: Path | None
) -> Iterator[tuple[Node, LogReader]]:
    from node.client.http import SignedHttp

    with open_node(config) as node:
        if key is None:
            yield node, node.reader
            return
        from .remote import RemoteLogs

        signer = load_signer(key, password_file or node.settings.password_file)
        with SignedHttp(signer) as http:
            yield node, RemoteLogs(http, node.queries, node.store)


@dataclass(frozen=True)
class _Asked:
    """Where a trace is made, and as whom."""

    config: Path | None
    node: str | None
    key: Path | None
    other: Path | None
    """Key that the logs of other nodes are asked with."""
    password_file: Path | None

    def show(self, path: str, trace: Callable[[Tracer], TraceLine]) -> None:
        """Print a trace: made here by `trace`, or by the node at `--node`, asked at `path`."""
        line = self._there(path) if self.node is not None else self._here(trace)
        try:
            _print_line(line, "", "")
            holds = _holds(line)
        except (KeyError, TypeError, AttributeError) as error:
            from node.errors import PeerUnavailable

            raise PeerUnavailable(f"节点的应答不合格式 / malformed: {error!r:.80}") from error
        if not holds:
            raise typer.Exit(EXIT_UNPROVEN)

    def _there(self, path: str) -> Wire:
        from .offices import There

        with reading(None, self.node, self.key, self.password_file) as office:
            if not isinstance(office, There):
                raise TypeError(f"{self.node} was opened here")
            return office.trace(path)

    def _here(self, trace: Callable[[Tracer], TraceLine]) -> Wire:
        from api.refusing_words import called
        from ledger_sync.trace import Tracer

        with _sources(here(self.config), self.other, self.password_file) as (node, logs):
            tracer = Tracer(node.queries, logs, node.store, node.deployment, called=called)
            return trace(tracer).render()


@app.command(help=t("从一次调用出发", "from a call"))
def call(
    event: EventArgument,
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    other: AsOption = None,
    password_file: AsPasswordOption = None,
) -> None:
    """Print the tree call → authorisation → version → decisions → checkpoint → anchor → block."""
    from node.protocol.wire.encoding import hex32

    wanted = hex32(event)
    asked = _Asked(config, node, key, other, password_file)
    asked.show(f"/calls/{event}", lambda tracer: tracer.trace_call(wanted))


@app.command(help=t("从一个授权出发", "from an authorisation"))
def authorisation(
    number: AuthorisationArgument,
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    other: AsOption = None,
    password_file: AsPasswordOption = None,
) -> None:
    """Print an authorisation with its version, decisions and calls."""
    asked = _Asked(config, node, key, other, password_file)
    asked.show(f"/authorisations/{number}", lambda tracer: tracer.trace_authorisation(number))


@app.command(help=t("从目录的一版出发", "from a version of an entry"))
def version(
    department: CodeArgument,
    entry: EntryCodeArgument,
    number: Annotated[int, argument("VERSION", "第几版", "which version", min=1)],
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    other: AsOption = None,
    password_file: AsPasswordOption = None,
) -> None:
    """Print a version with its decisions and authorisations."""
    from node.protocol.wire.ids import department_id, entry_id

    named = entry_id(department_id(department), entry)
    asked = _Asked(config, node, key, other, password_file)
    path = f"/versions/{named.hex()}/{number}"
    asked.show(path, lambda tracer: tracer.trace_version(named, number))


@app.command(help=t("从一个区块出发", "from a block"))
def block(
    number: Annotated[int, argument("BLOCK", "区块号", "block number", min=0)],
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    other: AsOption = None,
    password_file: AsPasswordOption = None,
) -> None:
    """Print what a block decided and anchored."""
    asked = _Asked(config, node, key, other, password_file)
    asked.show(f"/blocks/{number}", lambda tracer: tracer.trace_block(number))


@app.command(help=t("导出一次调用的证据包", "export the evidence of a call"))
def export(
    event: EventArgument,
    *,
    config: ConfigOption,
    output: OutputOption,
    trust: Annotated[
        Path | None, option("--trust", "同时写出信任文件", "write the trust file, too")
    ] = None,
    head: Annotated[
        int | None,
        option(
            "--head",
            "证据包止于第几块；不给则到最新一块",
            "the block it ends at; else the newest",
            min=0,
        ),
    ] = None,
    key: AsOption = None,
    password_file: AsPasswordOption = None,
) -> None:
    """Collect and verify a bundle, then write it; existing files are refused first."""
    from ledger_sync.trace import collect_bundle
    from node.errors import AlreadyExists
    from node.protocol.wire.encoding import hex32
    from node.protocol.wire.trustfile import render_trust

    for path in (output, trust):
        if path is not None and path.exists():
            named = "--output" if path == output else "--trust"
            raise AlreadyExists(
                f"{named} {path} 已存在：这里写的是要新写出的文件，不覆盖旧的，请换一个名称"
                " / exists; it is a file to be written, and none is overwritten",
                path=str(path),
            )
    with _sources(config, key, password_file) as (node, logs):
        collected = collect_bundle(
            hex32(event),
            queries=node.queries,
            logs=logs,
            documents=node.store,
            gateway=node.gateway,
            deployment=node.deployment,
            head=head,
        )
    output.write_bytes(collected.data)
    if trust is not None:
        trust.write_bytes(render_trust(collected.trust))
    end = collected.trust.head
    say(
        f"已写入 {output}，{len(collected.data)} 字节，至区块 {end.number} {end.hash.hex()}",
        f"wrote {output}, {len(collected.data)} bytes, to block {end.number} {end.hash.hex()}",
    )


def _holds(line: Wire) -> bool:
    return bool(line["ok"]) and all(map(_holds, line["children"]))


def _print_line(line: Wire, first: str, rest: str) -> None:
    mark = "✓" if line["ok"] else "✗"
    finding = f"：{line['finding']}" if line["finding"] else ""
    put(f"{first}{spoken(line['text'])}  [{spoken(line['check'])} {mark}{finding}]")
    for index, child in enumerate(line["children"]):
        last = index == len(line["children"]) - 1
        _print_line(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
