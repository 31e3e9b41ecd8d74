"""`shareledger node check`: what must be right for a node to run, one line each, before it runs.

Everything is only looked at: no file is made, no lock kept, nothing sent that changes anything; so
it may be run beside the node. What a part needs and is wrong already is said once; checks that
stand on it say that they could not be made.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
from functools import partial
from typing import TYPE_CHECKING

from node.errors import LedgerError
from node.storage.stores import NAMES

from . import standing, supplying
from .findings import Finding, guarded, right, wrong
from .inspection import Inspection
from .reasons import os_error
from .standing import ask_status, get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..settings import DepartmentSettings, Settings, SourceSettings
    from .findings import Check

OTHERS = stat.S_IRWXG | stat.S_IRWXO
FREE_BYTES = 1 << 30


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at a node as its settings describe it; yields a line as soon as it is known."""
    at = Inspection(settings)
    try:
        for name, (chinese, check) in CHECKS.items():
            yield from guarded(at, name, chinese, check)
    finally:
        at.close()


def _keys(at: Inspection) -> Iterator[Finding]:
    settings = at.settings
    _ = at.password
    yield right("password", "口令文件：可读，仅属主可读", "password: for its owner only")
    files = [("relay_key", settings.relay_key)]
    for one in settings.departments:
        files += [
            (f"{one.code} 的 department_key", one.department_key),
            (f"{one.code} 的 log_key", one.log_key),
        ]
    for name, path in files:
        if path.stat().st_mode & OTHERS:
            yield wrong(
                "keys",
                f"密钥：{name} = {path} 他人可读",
                f"keys: {name} = {path} can be read by others",
                f"chmod 600 {path}",
                f"chmod 600 {path}",
            )
    yield from guarded(at, "keys", "密钥", _relay)
    for one in settings.departments:
        yield from guarded(at, "keys", "密钥", partial(_pair, one))


def _relay(at: Inspection) -> Iterator[Finding]:
    address = at.relay.address.hex()
    yield right("keys", f"密钥：中继账户 {address}", f"keys: relay account {address}")


def _pair(one: DepartmentSettings, at: Inspection) -> Iterator[Finding]:
    key, public = at.signer(one).public_key.key_id.hex(), at.log_key(one).public.hex()
    yield right(
        "keys",
        f"密钥：部门 {one.code} 的密钥 {key}，日志公钥 {public}",
        f"keys: {one.code} has key {key} and log key {public}",
    )


def _folder(at: Inspection) -> Iterator[Finding]:
    path = at.settings.data_dir
    place = next(each for each in (path, *path.parents) if each.exists())
    free = shutil.disk_usage(place).free
    wrong = advice = ""
    if not place.is_dir():
        wrong, advice = f"{place} 不是文件夹", "改 data_dir，或移走这个文件"
    elif not os.access(place, os.W_OK | os.X_OK):
        wrong, advice = f"{place} 不可写", "改属主或权限（chown），检查磁盘是否只读挂载"
    elif place == path and path.stat().st_uid != os.geteuid():
        wrong, advice = "不属于运行本命令的用户", f"chown -R 到运行节点的用户：{path}"
    elif place == path and path.stat().st_mode & OTHERS:
        wrong, advice = "他人可进入", f"chmod 700 {path}"
    made = "" if place == path else "（启动时建立）"
    text = f"数据文件夹：{path}{made}"
    yield Finding(
        "folder", not wrong, f"{text}{'：' if wrong else ''}{wrong}", f"folder: {path}", advice,
        "make it a folder that only the node's user can write" if wrong else "",
    )  # fmt: skip
    gib = free / (1 << 30)
    yield Finding(
        "disk",
        free >= FREE_BYTES,
        f"磁盘：剩余 {gib:.1f} GiB",
        f"disk: {gib:.1f} GiB free",
        "" if free >= FREE_BYTES else "腾出至少 1 GiB：日志写不进时节点拒绝一切调用",
        "" if free >= FREE_BYTES else "free at least 1 GiB: a log that is full refuses all calls",
    )


def _storage(at: Inspection) -> Iterator[Finding]:
    url = at.settings.storage.url
    if url is None:
        return
    found = [name for name in NAMES if at.stores.has(name)]
    made = f"已有 {'、'.join(found)}" if found else "各表在启动时建立"
    yield right("storage", f"数据库：{url}，{made}", f"storage: {url}, {len(found)} stores")


def _ports(at: Inspection) -> Iterator[Finding]:
    settings = at.settings
    if settings.port == 0:
        yield right("port", "端口：启动时任取一个", "port: a free one at start")
    else:
        yield _port(at, "port", settings.host, settings.port, _is_own)
    if settings.metrics.port is not None:
        yield _port(at, "metrics.port", "127.0.0.1", settings.metrics.port, _has_metrics)


def _port(
    at: Inspection, name: str, host: str, port: int, is_own: Callable[[Inspection, str], bool]
) -> Finding:
    local = "127.0.0.1" if host in {"", "0.0.0.0"} else host  # noqa: S104 - compared, not bound
    if is_own(at, f"http://{local}:{port}"):
        return right(
            "port", f"端口：{name} = {port}，本节点正在运行", f"port: {port}, this node runs"
        )
    try:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Bound and never listened on: nobody can have connected to it.
            trial.bind((host, port))
    except (OSError, UnicodeError, OverflowError) as error:
        text = os_error(error).message if isinstance(error, OSError) else str(error)
        return wrong(
            "port",
            f"端口：{name} = {port}（{host}）：{text}",
            f"port: {name} = {port} on {host}: {text}",
            "停掉占用它的程序（ss -ltnp 可查），或改 host、port",
            "stop what uses it (ss -ltnp), or change host and port",
        )
    return right("port", f"端口：{name} = {port} 空闲", f"port: {name} = {port} is free")


def _is_own(at: Inspection, url: str) -> bool:
    status, _ = ask_status(url)
    served = {each.get("log") for each in (status or {}).get("departments", ())}
    try:
        return {at.log_of(one).hex() for one in at.settings.departments} == served
    except LedgerError:
        return False


def _has_metrics(_at: Inspection, url: str) -> bool:
    answer, _ = get(f"{url}/metrics")
    return answer is not None and b"\nshareledger_" in answer


def _sources(at: Inspection) -> Iterator[Finding]:
    for one in at.settings.departments:
        for source in one.sources:
            yield from _source(at, one, source)


def _source(at: Inspection, one: DepartmentSettings, source: SourceSettings) -> Iterator[Finding]:
    try:
        opened = supplying.open_source(source)
    except LedgerError as error:
        yield supplying.failed(one.code, source, error)
        return
    try:
        items = supplying.items_of(at.queries, at.store, one.code, source.entry)
    except LedgerError:
        items = None  # what is wrong with the node's own databases is said elsewhere
    try:
        yield from supplying.look(one.code, source, items, opened)
    finally:
        opened.close()


CHECKS: dict[str, tuple[str, Check]] = {
    "keys": ("密钥", _keys),
    "folder": ("数据文件夹", _folder),
    "storage": ("数据库", _storage),
    "chain": ("链", standing.check_chain),
    "listed": ("列名合约", standing.check_listed),
    "clock": ("时钟", standing.check_clock),
    "port": ("端口", _ports),
    "ledger": ("读模型", standing.check_model),
    "department": ("部门", standing.check_departments),
    "heads": ("日志大小", standing.check_heads),
    "peers": ("其他节点", standing.check_peers),
    "tiles": ("日志归档", standing.check_tiles),
    "sources": ("数据源", _sources),
}
"""Every check in its order, with what it is called."""
