"""`shareledger log`: check a stored log against its tree, its checkpoints and the chain."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import EXIT_UNPROVEN, say, t, table
from .help_pages import Commands
from .log_words import said, say_found
from .opening import naming_storage, open_node, read_file
from .options import (
    CodeArgument,
    ConfigOption,
    NodeOption,
    OwnConfigOption,
    ReadingKeyOption,
    ReadingPasswordOption,
    ReasonOption,
    argument,
    option,
)
from .taking import Taking, decision, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.parts import Node
    from node.log import LogIdentity
    from node.log.logpairs import LogPair

NOTE_BYTES = 65_536
FREEZE_GAS = 5_000_000

NoteArgument = Annotated[Path, argument("NOTE", "检查点文件", "a signed checkpoint")]
RelayOption = Annotated[
    str | None,
    option(
        "--relay",
        "锚定日志的中继账户（40 位十六进制）；不给则为本节点的",
        "account that anchors it, 40 hex; this node's if not given",
        metavar="ADDRESS",
    ),
]

app = Commands(help=t("使用日志：核对、登记、更换、举证、查看", "logs of use"))


@app.command(help=t("逐条核对日志，指出被改的是哪一条、谁负责", "check every entry of the logs"))
def check(
    config: ConfigOption,
    *,
    file: Annotated[
        Path | None, option("--file", "核对这份 log.db，而不是本节点的", "check this log.db")
    ] = None,
    tiles: Annotated[
        bool,
        option(
            "--tiles",
            "另把归档处的哈希块和条目包逐个读回核对",
            "also read every tile in the tile store back",
        ),
    ] = False,
) -> None:
    """Rehash every log of a node and hold it against what the chain has anchored."""
    from node.errors import LogIncomplete, LogTampered, NotFound
    from node.log.check import check_log
    from node.protocol.wire import ids
    from node.storage.engines import open_engine

    with open_node(config, looking=True) as node, contextlib.ExitStack() as stack:
        stores = node.settings.stores
        engine = open_engine(file, readonly=True) if file else stores.open("log", readonly=True)
        stack.callback(engine.dispose)
        proven = True
        for origin, log, identity in _kept(node):
            anchored = list(_anchored(node, log))
            try:
                checked = check_log(
                    engine,
                    log,
                    anchored=anchored,
                    store=node.tile_store,
                    # Those of a log that was superseded may be known to nobody here any more.
                    pairs=_pairs(node, identity) if log == identity.log else (),
                )
                back = _read_back(node, log) if tiles else None
            except NotFound:
                say(f"{origin}：还没有记录", f"{origin}: no entries yet")
                continue
            except LogIncomplete as error:
                if "tile" in error.facts:
                    raise  # its message says which, and where
                size, most = error.facts["size"], error.facts["anchored"]
                say(
                    f"✗ 日志不完整：{origin} 已锚定 {most} 条，这里只有 {size} 条"
                    "（现有部分无误）。复制日志须连同 log.db-wal，或先停止节点；"
                    "若确为原件，则其后的记录已丢失",
                    f"✗ incomplete: {origin} has {most} entries anchored and {size} here "
                    "(sound as far as they go). Copy log.db with its log.db-wal, or stop the node "
                    "first; if this is the original, what followed is lost",
                )
                if log != identity.log:
                    continue  # what was lost is why it was superseded
                raise
            except LogTampered as error:
                code = ids.department_code(identity.department)
                chinese, english = said(error)
                say(
                    f"✗ 日志被改动：部门 {code} 的{chinese}，由该部门负责",
                    f"✗ tampered: {english} of department {code}, which answers for it",
                )
                raise
            proven &= say_found(origin, checked, len(anchored), back)
        if not proven:
            raise typer.Exit(EXIT_UNPROVEN)


def _pairs(node: Node, identity: LogIdentity) -> list[LogPair]:
    """Return the keys that may have signed a log: the node's, and all the department ever had."""
    from api.lookups import find_pairs
    from api.refusing_words import chinese_of
    from node.errors import LedgerError
    from node.log.logpairs import LogPair
    from node.protocol.ledger.enums import KeyKind

    present = identity.sm2.public_key
    earlier = [
        fact
        for fact in node.queries.keys_of(identity.department)
        if fact.kind == KeyKind.DEPARTMENT and fact.key != present.key_id
    ]
    known: dict[bytes, bytes] = {}
    try:
        with naming_storage(node.settings.data_dir):
            for fact, _, ed25519 in find_pairs(node, earlier):
                known[fact.key] = bytes.fromhex(ed25519)
    except LedgerError as error:
        # The log does not stand in node.db: it is checked as far as the keys of the settings go.
        say(
            f"？ 读不到 node.db 中密钥的文书，更换前的密钥未核实：{chinese_of(error)}",
            "? the documents of keys in node.db cannot be read, so keys of before are not "
            f"verified: {error.message}",
        )
    return [
        LogPair(present, identity.ed25519.public),
        *(
            LogPair(
                fact.public,
                known.get(fact.key),
                fact.valid_from,
                fact.valid_until,
                fact.revoked_at,
            )
            for fact in earlier
        ),
    ]


def _read_back(node: Node, log: bytes) -> int:
    """Hold what the tile store has of a log against its tree; return how many entries that is."""
    from node.log import find_archived
    from node.log.tilestore import AT_ONCE
    from node.log.tree import WIDTH

    store = node.settings.tiles.url
    done = None if store is None else find_archived(node.node_engine, store).get(log)
    count = done.size // WIDTH if done is not None else 0
    for first in range(0, count, AT_ONCE):
        node.reader.check_stored(log, range(first, min(count, first + AT_ONCE)))
    return count * WIDTH


@decision(app, "登记一个部门的日志", "register a department's log")
def register(at: Taking, department: CodeArgument, *, relay: RelayOption = None) -> None:
    """Signed by the department's head; only the account named here may anchor the log."""
    at.take("RegisterLog", {"department": department, "relay": _account(relay)})


@decision(app, "更换日志：原日志终止，另开新日志", "end the department's log, begin another")
def supersede(
    at: Taking, department: CodeArgument, *, reason: ReasonOption, relay: RelayOption = None
) -> None:
    """Signed by the department's head; the old log gets no anchor any more."""
    fields = {"department": department, "relay": _account(relay), "reason": reason}
    at.take("SupersedeLog", fields)


def _account(relay: str | None) -> str | None:
    """Return the account that is named, or whose file is; None: the node's own."""
    from api.city.halves import named_half

    return None if relay is None else named_half(relay, 20).hex()


@app.command(help=t("举证分叉：同一大小的两个已签检查点，任何人都可提交", "freeze a forked log"))
def freeze(first: NoteArgument, second: NoteArgument, config: ConfigOption) -> None:
    """Send the chain two checkpoints of one size with different roots; it anchors no more."""
    from api.operating.reasons import naming
    from node.errors import MalformedCheckpoint
    from node.office.departments import freeze_log
    from node.protocol.ledger.enums import KeyKind
    from node.protocol.wire.checkpoint import SignedCheckpoint
    from node.protocol.wire.ids import department_id, log_id, parse_origin

    found = []
    for path in (first, second):
        with naming("NOTE", path, "不是已签的检查点"):
            found.append(SignedCheckpoint.parse(read_file(path, NOTE_BYTES, MalformedCheckpoint)))
    one, other = found
    origin, size = one.checkpoint.origin, one.checkpoint.size
    with open_node(config) as node:
        keys = [
            key.public
            for key in node.queries.keys_of(department_id(parse_origin(origin)[2]))
            if key.kind == KeyKind.DEPARTMENT
        ]
        data = freeze_log(one, other, keys)
        anchors = node.deployment.anchors
        node.gateway.call(anchors, data)
        name = f"freeze {log_id(origin).hex()} {size}"
        sent = node.outbox.wait(node.outbox.enqueue(name, anchors, data, FREEZE_GAS))
    say(
        f"日志 {origin} 已冻结（区块 {sent.block_number}）",
        f"the log {origin} is frozen (block {sent.block_number})",
    )


@app.command(name="list", help=t("列出各部门的日志", "list the registered logs"))
def list_(
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
) -> None:
    """List logs with the size the chain has of each."""
    with reading(config, node, key, password_file) as office:
        logs = office.logs()
    table(
        t("部门,日志,已锚定,根,中继账户", "department,origin,anchored,root,relay").split(","),
        [[log[name] for name in ("department", "origin", "size", "root", "relay")] for log in logs],
    )


def _kept(node: Node) -> Iterator[tuple[str, bytes, LogIdentity]]:
    """Yield origin and id of the logs a node keeps or has kept, each after those before it."""
    for identity in node.identities:
        for fact in node.queries.logs_of(identity.department):
            if fact.log == identity.log:
                break
            yield fact.origin, fact.log, identity
        yield identity.origin, identity.log, identity


def _anchored(node: Node, log: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield every size and root of a log that the chain holds."""
    size = 0
    while page := node.queries.list_anchors(log, size, limit=1_000):
        yield from ((anchor.size, anchor.root) for anchor in page)
        size = page[-1].size
