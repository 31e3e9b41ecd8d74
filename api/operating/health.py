"""How a node fares, for one page: alarms with what to do, then everything there is to know.

The figures are those of `readings`, the alarms the monitor's; here they get words, a judgement and
an advice. Nothing is asked of the chain or of others: the page answers while they do not.
"""

from __future__ import annotations

import platform
import sqlite3
import time
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from pydantic import BaseModel

from node.crypto import backend_version
from node.log.tree import WIDTH
from node.protocol.wire import ids
from node.protocol.wire.days import BEIJING

from .monitor import (
    BEHIND_SECONDS,
    FREE_BYTES,
    SILENT_SECONDS,
)
from .readings import read, read_progress
from .standing import CLOCK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..parts import Node
    from ..settings import Settings
    from .notices import Notice
    from .readings import LogReading, Reading

Words: TypeAlias = tuple[str, str]

ALARM_WORDS: dict[str, tuple[Words, Words]] = {
    "follower-behind": (
        ("读模型落后于链，调用被拒", "The read model is behind the chain; calls are refused"),
        ("查链端点是否出块、本机负载和磁盘；追上后自动恢复",
         "Look at the endpoint, this machine's load and disk; it recovers by itself"),
    ),
    "chain-silent": (
        ("链没有应答", "The chain does not answer"),
        ("查 chain_url 的端点和网络；超过 unseen_seconds 后调用被拒",
         "Look at the endpoint of chain_url; beyond unseen_seconds calls are refused"),
    ),
    "keeper-failing": (
        ("发布或锚定失败", "Publishing or anchoring fails"),
        ("看运行日志中 keeper 的错误；查链、中继账户和 node.db",
         "Read the keeper's error in the operational log; look at chain, relay and node.db"),
    ),
    "anchor-late": (
        ("有日志条目迟迟没有上链", "Entries of a log wait too long for their anchor"),
        ("查链是否拥堵、发件箱是否积压、relay_key 是否为登记的账户",
         "Look whether the chain is full, the outbox waits, relay_key is the registered one"),
    ),
    "log-closed": (
        ("部门的日志未登记、已冻结或已接替", "A log is not registered, frozen or over"),
        ("未登记的执行 log register；已冻结或接替的执行 log supersede，再改 generation",
         "log register where there is none; else log supersede, then change generation"),
    ),
    "documents-missing": (
        ("应有的文书迟迟没有取到", "Documents that belong here have not come"),
        ("查其他节点是否在线、网址是否变更（[peers]）",
         "Look whether the other nodes are up and where they are ([peers])"),
    ),
    "tiles-failing": (
        ("日志归档失败；调用照常", "Tiles are not archived; calls go on"),
        ("查归档处（[tiles]）能否连通、写入；指出某块不符或不在的，查谁改动了它",
         "Can the store of [tiles] be reached? A tile that is wrong or gone: who changed it?"),
    ),
    "disk-low": (
        ("磁盘剩余空间不足 1 GiB", "Less than 1 GiB of disk is left"),
        ("腾出空间或扩容：日志写不进时节点拒绝一切调用",
         "Free space: a log that cannot be written refuses all calls"),
    ),
    "not-readable": (
        ("本节点的数据库读不出", "This node's databases cannot be read"),
        ("查磁盘和 data_dir 的权限；必要时停机检查",
         "Look at the disk and at the rights of data_dir"),
    ),
}  # fmt: skip
"""By alarm: what it is, what to do."""
LOOP_WORDS: dict[str, Words] = {
    "follower": ("跟随链", "follower"),
    "tallier": ("调用统计", "tallier"),
    "keeper": ("发布与锚定", "keeper"),
    "fetcher": ("取文书", "fetcher"),
    "monitor": ("值守", "monitor"),
    "archivist": ("日志归档", "archivist"),
    "sources": ("检查数据源（启动时一次）", "sources, once at the start"),
    "metrics": ("指标", "metrics"),
    "notices": ("进程自述", "notices"),
}
PROCESS_WORDS: dict[str, Words] = {
    "front": ("应答进程", "front"),
    "keeper": ("跟随与锚定进程", "keeper"),
    "writer": ("日志写入进程", "log writer"),
    "supervisor": ("主进程", "supervisor"),
}
ONCE = frozenset({"sources"})
"""Loops that end when they are done."""
GOOD, WARN, BAD = "good", "warn", "bad"


class Alarm(NamedTuple):
    """Something that needs somebody now."""

    name: str
    words: Words
    advice: Words
    detail: str


class Fact(NamedTuple):
    """One thing about the node."""

    words: Words
    value: str | int | Words
    state: str = ""
    """`good`, `warn`, `bad`, or empty where there is nothing to judge."""
    advice: Words = ("", "")


@dataclass(frozen=True, slots=True)
class Health:
    """How a node fares at one moment."""

    at: int
    """Unix seconds."""
    alarms: tuple[Alarm, ...]
    sections: tuple[tuple[Words, tuple[Fact, ...]], ...]
    logs: tuple[LogReading, ...]
    sources: tuple[tuple[str, str, str], ...]
    """Of every source: department's code, entry's code, table."""
    peers: tuple[tuple[str, str], ...] = field(default=())
    """Of every department with another node: its code and where it answers."""


def examine_running(node: Node, now: float | None = None) -> Health:
    """Read how a running node fares; `now` are Unix seconds.

    Raises:
        SQLAlchemyError: a database of the node cannot be read.
        LedgerBehind: the read model is being filled.
    """
    at = time.time() if now is None else now
    reading = read(node, at)
    return Health(
        at=int(at),
        alarms=tuple(_alarms(node)),
        sections=(
            (("链与读模型", "Chain and read model"), tuple(_chain(node, reading, at))),
            (("进程", "Process"), tuple(_process(node, reading))),
            (("版本", "Versions"), tuple(_versions(node))),
        ),
        logs=reading.logs,
        sources=tuple(
            (one.code, source.entry, source.table)
            for one in node.settings.departments
            for source in one.sources
        ),
        peers=tuple(_peers(node)),
    )


def _alarms(node: Node) -> Iterator[Alarm]:
    found = {name: each.alarms[name] for each in node.notices() for name in each.alarms}
    for name in sorted(found):
        words, advice = ALARM_WORDS[name]
        yield Alarm(name, words, advice, found[name])


def _chain(node: Node, reading: Reading, at: float) -> Iterator[Fact]:
    progress = read_progress(node)
    lag = max(0, reading.head - reading.cursor)
    behind = reading.behind_seconds > BEHIND_SECONDS
    yield Fact(("链", "Chain"), f"{node.deployment.chain_id}")
    yield Fact(("端点", "Endpoint"), node.settings.chain_url)
    yield Fact(("链头", "Chain's head"), reading.head)
    yield Fact(("读模型至区块", "Read model's block"), reading.cursor)
    yield Fact(("落后区块", "Blocks behind"), lag, BAD if behind else GOOD)
    silent = reading.contact_age_seconds > SILENT_SECONDS
    seconds = f"{reading.contact_age_seconds:.0f}"
    since = (f"{seconds} 秒", f"{seconds} s")
    yield Fact(("距上次应答", "Since it last answered"), since, BAD if silent else GOOD)
    if progress.filling:
        yield Fact(("读模型", "Read model"), ("正在建立", "is being filled"), WARN)
    yield from _clock(node, at)


def _clock(node: Node, at: float) -> Iterator[Fact]:
    """Compare this machine's clock with the newest block applied."""
    cursor = node.queries.cursor()
    if cursor.block is None:
        return
    ahead = cursor.block.timestamp - at
    ok = ahead <= CLOCK_SECONDS
    yield Fact(
        ("时钟", "Clock"),
        ("不慢于最新区块", "not behind the newest block")
        if ok
        else (f"比最新区块慢 {ahead:.0f} 秒", f"{ahead:.0f} s behind the newest block"),
        GOOD if ok else BAD,
        ("", "") if ok else ("校准本机时钟（chronyc tracking）", "set this machine's clock"),
    )


def _process(node: Node, reading: Reading) -> Iterator[Fact]:
    notices = node.notices()
    if len(notices) > 1:
        yield from (_one_process(each) for each in notices)
    for name, runs in (loop for each in notices for loop in each.loops.items()):
        over = not runs and name in ONCE
        value = ("运行", "runs") if runs else ("已完成", "done") if over else ("已停止", "stopped")
        yield Fact(LOOP_WORDS.get(name, (name, name)), value, GOOD if runs or over else BAD)
    yield Fact(("正在处理的调用", "Calls in hand"), reading.calls_in_hand)
    failures = reading.keeper_failures
    yield Fact(("锚定连续失败", "Anchoring failures in a row"), failures, BAD if failures else GOOD)
    if node.settings.tiles.url is not None:
        yield from _tiles(node.settings.tiles.url, reading)
    yield Fact(("发件箱待发", "Outbox waiting"), reading.outbox_pending)
    missing = reading.documents_missing
    yield Fact(("缺少的文书", "Documents missing"), missing, WARN if missing else GOOD)
    silent = f"{reading.peers_silent} / {reading.peers}"
    state = WARN if reading.peers_silent else GOOD
    yield Fact(("无应答的节点", "Peers that do not answer"), silent, state)
    low = reading.disk_free_bytes < FREE_BYTES
    free = f"{reading.disk_free_bytes / (1 << 30):.1f} GiB"
    yield Fact(("磁盘剩余", "Disk free"), free, BAD if low else GOOD)


def _tiles(store: str, reading: Reading) -> Iterator[Fact]:
    """Say how far the logs are in the tile store."""
    yield Fact(("日志归档处", "Tile store"), store)
    have = sum(log.archived or 0 for log in reading.logs)
    whole = sum(log.published // WIDTH * WIDTH for log in reading.logs)
    yield Fact(
        ("已归档条目", "Entries archived"), f"{have} / {whole}", GOOD if have == whole else ""
    )
    failures = reading.tile_failures
    value = f"{failures} {reading.tile_error or ''}".rstrip()
    yield Fact(("归档连续失败", "Archiving failures in a row"), value, BAD if failures else GOOD)


def _one_process(notice: Notice) -> Fact:
    """Say who runs, since when, and how much memory he has."""
    mebibytes = notice.resident_bytes >> 20
    since = datetime.fromtimestamp(notice.since, BEIJING).strftime("%m-%d %H:%M:%S")
    chinese = f"进程号 {notice.pid}，自 {since}，内存 {mebibytes} MiB"
    english = f"pid {notice.pid}, since {since}, {mebibytes} MiB"
    return Fact(process_words(notice.process), (chinese, english), GOOD)


def process_words(name: str) -> Words:
    """Return what one of a node's processes is called."""
    kind, _, number = name.partition("-")
    chinese, english = PROCESS_WORDS.get(kind, (kind, kind))
    return (f"{chinese} {number}".rstrip(), f"{english} {number}".rstrip())


def _versions(node: Node) -> Iterator[Fact]:
    yield Fact(("ShareLedger", "ShareLedger"), version("shareledger"))
    yield Fact(("密码库", "Ciphers"), backend_version())
    yield Fact(("Python", "Python"), platform.python_version())
    yield Fact(("SQLite", "SQLite"), sqlite3.sqlite_version)
    yield Fact(("系统", "System"), platform.platform(terse=True))
    yield Fact(("登记合约", "Registry"), node.deployment.registry.hex())


def _peers(node: Node) -> Iterator[tuple[str, str]]:
    own = {ids.department_id(one.code) for one in node.settings.departments}
    for department in node.directory.known():
        if department not in own:
            yield ids.department_code(department), node.directory.url_of(department) or ""


def shown_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield every setting's name and value, but for those that hold a secret.

    A member is a secret where its field says `repr=False`; what key files hold is never read here.
    """
    yield from _shown("", settings)


def _shown(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a setting's
    if isinstance(value, BaseModel):
        for member, about in type(value).model_fields.items():
            inner = f"{name}.{member}" if name else member
            yield from _shown(inner, getattr(value, member)) if about.repr else ((inner, "••••"),)
    elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
        for at, each in enumerate(value):
            yield from _shown(f"{name}[{at}]", each)
    elif isinstance(value, dict):
        for member, each in value.items():
            yield f"{name}.{member}", str(each)
    elif isinstance(value, list):
        yield name, "、".join(map(str, value))
    else:
        # As the settings file has it.
        yield name, {None: "", True: "true", False: "false"}.get(value, str(value))
