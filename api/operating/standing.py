"""What the chain, the other nodes and the stored logs say of a node that is to run.

Part of `node check` (`checkup`): everything is read, from the contracts themselves where they know
it, so that it holds for a node that has never run.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import orjson
from sqlalchemy import inspect

from node.anchoring.publisher import check_logs
from node.chain import deployment as deployments
from node.client.http import authorities
from node.log import find_archived, last_published
from node.log.archiving import archived
from node.log.tree import WIDTH
from node.office.departments import LISTED
from node.protocol.ledger.enums import DepartmentStatus, KeyKind
from node.protocol.wire import ids
from node.protocol.wire.days import BEIJING

from .findings import ADVICE, Finding, guarded, right, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..settings import DepartmentSettings
    from .inspection import Inspection

CLOCK_SECONDS = 30.0
"""Calls signed 60 s ahead of the node are refused; half of that is left to the callers' clocks."""
SOON_SECONDS = 30 * 86_400
PEER_SECONDS = 3.0
PEER_BYTES = 1 << 20
MOST_PEERS = 200
PEERS_AT_ONCE = 8
_OK = 200


def check_chain(at: Inspection) -> Iterator[Finding]:
    """Look whether the endpoint's chain is the deployment's, with its contracts' code."""
    deployment, chain = at.deployment, at.chain
    deployments.check(chain, deployment)
    engine = chain.engine.name
    advice = {
        "embedded": ("内置链只供单机使用，生产环境请用联盟链", "for one machine, not production"),
        "other": ("没有试过这种引擎，请先在测试环境验证", "nobody has tried this engine"),
    }.get(engine, ("", ""))
    yield right(
        "chain",
        f"链：{deployment.chain_id}，创世块和 {len(deployment.contracts)} 个合约的代码相符，"
        f"引擎 {engine}",
        f"chain: {deployment.chain_id}, genesis and the code of {len(deployment.contracts)} "
        f"contracts match, engine {engine}",
        *advice,
    )


def check_listed(at: Inspection) -> Iterator[Finding]:
    """Look whether the contracts are in force: those a bundle's verifier asks for."""
    missing = []
    for name in LISTED:
        found = at.find("DepartmentRegistry", "contractNamed", name=ids.contract_name_id(name))
        if found is None or found["only"] != at.deployment.contracts[name].address:
            missing.append(name)
    names = "、".join(missing)
    yield Finding(
        "listed",
        not missing,
        f"列名合约：{names} 未列名" if missing else "列名合约：全部列名，与 deployment.json 相符",
        f"listed contracts: not {', '.join(missing)}" if missing else "listed contracts: all",
        "首个部门负责人执行 chain list-contract" if missing else "",
        "the first department's head: chain list-contract" if missing else "",
    )


def check_clock(at: Inspection) -> Iterator[Finding]:
    """Look whether this machine's clock is behind the chain's newest block."""
    newest = at.chain.block(at.chain.head())
    ahead = newest.timestamp - at.clock()
    ok = ahead <= CLOCK_SECONDS
    when = datetime.fromtimestamp(newest.timestamp, BEIJING).isoformat()
    yield Finding(
        "clock",
        ok,
        f"时钟：{'不慢于' if ok else f'比链慢 {ahead:.0f} 秒，'}链上最新区块 {when}",
        f"clock: {'not behind' if ok else f'{ahead:.0f} s behind'} the newest block, {when}",
        "" if ok else "校准本机时钟（chronyc tracking、timedatectl），再查链的时钟",
        "" if ok else "set this machine's clock (chronyc, timedatectl), then look at the chain's",
    )


def check_model(at: Inspection) -> Iterator[Finding]:
    """Look how far the read model has come, and whether the chain has its last block."""
    queries = at.queries
    cursor = None if queries is None else queries.cursor()
    if cursor is None or cursor.block is None:
        yield right(
            "ledger", "读模型：还没有，启动后从链上建立", "read model: filled after the start"
        )
        return
    number, head = cursor.block.number, at.chain.head()
    same = head >= number and at.chain.block(number).hash == cursor.block.hash
    yield Finding(
        "ledger",
        same,
        f"读模型：至区块 {number}，链至 {head}" + ("" if same else "，该区块与链上的不同"),
        f"read model: to block {number} of {head}" + ("" if same else ", which is another there"),
        "" if same else "链端点落后或换了链：查 chain_url；确属同一条链则通知各方",
        "" if same else "the endpoint is behind or another chain's: look at chain_url",
    )


def check_departments(at: Inspection) -> Iterator[Finding]:
    """Look how each department served stands on the chain: itself, its key, its log."""
    for one in at.settings.departments:
        yield from guarded(at, "department", f"部门 {one.code}", partial(_department, one))


def _department(one: DepartmentSettings, at: Inspection) -> Iterator[Finding]:
    department = ids.department_id(one.code)
    found = at.find("DepartmentRegistry", "departmentOf", department=department)
    if found is None or found["status"] != DepartmentStatus.ACTIVE:
        enrolled = found is not None
        yield wrong(
            "department",
            f"部门 {one.code}：" + ("已停用或关闭" if enrolled else "链上没有登记"),
            f"department {one.code}: " + ("suspended or closed" if enrolled else "not enrolled"),
            "请主管部门 department " + ("resume" if enrolled else "enrol"),
            "the competent department: department " + ("resume" if enrolled else "enrol"),
        )
        if not enrolled:
            return
    yield _registered_key(at, one, department)
    yield from _log_key(at, one)
    yield _registered_log(at, one, department)
    yield from _address(at, one, department)


def _registered_key(at: Inspection, one: DepartmentSettings, department: bytes) -> Finding:
    key_id, now = at.signer(one).public_key.key_id, at.clock()
    key = at.find("DepartmentRegistry", "keyOf", key=key_id)
    wrong = _wrong_key(key, department, now)
    until = 0 if key is None else key["validUntil"]
    soon = not wrong and until - now < SOON_SECONDS
    text = f"部门 {one.code} 的密钥 {key_id.hex()[:16]}…："
    day = "" if wrong else datetime.fromtimestamp(min(until, 2**37), BEIJING).date().isoformat()
    advice = (
        f"部门负责人执行 department add-key {one.code} department …，再改 department_key"
        if wrong or soon
        else ""
    )
    return Finding(
        "registered",
        not wrong,
        text + (wrong or f"已登记，有效至 {day}" + ("，即将到期" if soon else "")),
        f"key of {one.code}: {'not in force' if wrong else f'registered, until {day}'}",
        advice,
        "its head: department add-key, then change department_key" if advice else "",
    )


def _wrong_key(key: dict[str, Any] | None, department: bytes, now: float) -> str:
    if key is None:
        return "链上没有登记"
    if key["holder"] != department or key["kind"] != KeyKind.DEPARTMENT:
        return "登记的不是本部门的部门密钥"
    if key["revokedAt"]:
        return "已注销"
    if now < key["validFrom"]:
        return "尚未生效"
    return "" if now < key["validUntil"] else "已过期"


def _log_key(at: Inspection, one: DepartmentSettings) -> Iterator[Finding]:
    """Compare the Ed25519 key with the one in the department key's document, where that is here."""
    fact = None if at.queries is None else at.queries.find_key(at.signer(one).public_key.key_id)
    paper = None if fact is None else at.paper(fact.digest)
    named = getattr(paper, "ed25519", None)
    if named is not None and named != at.log_key(one).public.hex():
        yield wrong(
            "registered",
            f"部门 {one.code} 的 log_key 与部门密钥文书所载的不同：检查点没有人认",
            f"log_key of {one.code} is not the one in the document of its department key",
            "改用登记时的 log_key，或以 department add-key --log-key 登记新的一对",
            "use the log_key that was registered, or register a new pair",
        )


def _registered_log(at: Inspection, one: DepartmentSettings, department: bytes) -> Finding:
    log = at.log_of(one)
    present = (at.find("AccessAnchors", "logOf", department=department) or {}).get("only", ids.ZERO)
    state = at.find("AccessAnchors", "stateOf", log=present)
    relay = (at.find("AccessAnchors", "head", log=log) or {}).get("relay", b"")
    name = f"部门 {one.code} 的日志"
    if present == ids.ZERO or state is None:
        said = "没有登记，调用一律被拒绝", f"部门负责人执行 log register {one.code}"
    elif present != log:
        said = "不是现用的一代", f"generation 改为 {state['generation']}，重新启动"
    elif state["frozen"]:
        said = "已因分叉冻结，不再锚定", f"部门负责人执行 log supersede {one.code}"
    elif relay != at.relay.address:
        said = (
            f"登记由账户 {relay.hex()} 锚定，不是本节点的中继账户",
            "改用登记的 relay_key；已遗失则 log supersede",
        )
    else:
        return right(
            "log", f"{name}：已登记，由本节点的中继账户锚定", f"log of {one.code}: registered"
        )
    return wrong("log", f"{name}：{said[0]}", f"log of {one.code}: not anchored from here", said[1],
        "log register, log supersede, generation or relay_key: see the Chinese line",
    )  # fmt: skip


def _address(at: Inspection, one: DepartmentSettings, department: bytes) -> Iterator[Finding]:
    paper = None if at.directory is None else at.directory.departments().get(department)
    if paper is None:
        return
    same = paper.url.rstrip("/") == at.settings.public_url
    authority = httpx.URL(at.settings.public_url).netloc.decode().lower()
    named = authority in at.settings.authorities
    ok = same and named
    yield Finding(
        "address",
        ok,
        f"部门 {one.code} 的网址：登记 {paper.url}"
        + ("" if same else f"，public_url 是 {at.settings.public_url}")
        + ("" if named else f"；authorities 里没有 {authority}"),
        f"address of {one.code}: {paper.url}" + ("" if ok else ", settings say otherwise"),
        "" if ok else f"department update {one.code} --url …，或改 public_url 和 authorities",
        "" if ok else "department update --url, or change public_url and authorities",
    )


def check_peers(at: Inspection) -> Iterator[Finding]:
    """Ask every other node that is known for its status, and its clock."""
    own = {ids.department_id(one.code) for one in at.settings.departments}
    urls = {ids.department_id(code): url for code, url in at.settings.peers.items()}
    if at.directory is not None:
        urls = {each: at.directory.url_of(each) or "" for each in at.directory.known()}
    asked = sorted({url for each, url in urls.items() if each not in own and url})[:MOST_PEERS]
    if not asked:
        yield right(
            "peers",
            "其他节点：不知道任何一个",
            "peers: none known",
            "除首个部门外，新节点须在 [peers] 写明至少一个",
            "a new node needs one in [peers], unless it is the first department's",
        )
    with ThreadPoolExecutor(PEERS_AT_ONCE) as pool:
        for url, (status, date) in zip(asked, pool.map(ask_status, asked), strict=True):
            yield _peer(at, url, status, date)


def _peer(at: Inspection, url: str, status: dict[str, Any] | None, date: str) -> Finding:
    if status is None:
        return wrong("peers", f"节点 {url}：没有应答", f"peer {url}: no answer",
            "查网络和对方节点；已迁移的在 [peers] 写新网址", "is it up? where it moved: [peers]",
        )  # fmt: skip
    if status.get("registry") != at.deployment.registry.hex():
        return wrong("peers", f"节点 {url}：属于另一套系统", f"peer {url}: of another system",
            "核对网址，双方比对 deployment.json", "compare the URL and deployment.json",
        )  # fmt: skip
    try:
        apart = abs(parsedate_to_datetime(date).timestamp() - at.clock())
    except ValueError:
        apart = 0.0
    if apart > CLOCK_SECONDS:
        return wrong("peers", f"节点 {url}：时钟与本机相差 {apart:.0f} 秒",
            f"peer {url}: its clock is {apart:.0f} s apart", "校准两边的时钟", "set both clocks",
        )  # fmt: skip
    return right("peers", f"节点 {url}：有应答", f"peer {url}: answers")


def check_heads(at: Inspection) -> Iterator[Finding]:
    """Look whether each log is no shorter than was published, that no shorter than anchored."""
    for one in at.settings.departments:
        yield from guarded(at, "heads", f"部门 {one.code} 的日志", partial(_head, one))


def _head(one: DepartmentSettings, at: Inspection) -> Iterator[Finding]:
    log, reader, memory = at.log_of(one), at.reader, at.node_engine
    anchored = (at.find("AccessAnchors", "head", log=log) or {}).get("size", 0)
    name = f"部门 {one.code} 的日志"
    if reader is None or memory is None:
        missing = "log.db" if reader is None else "node.db"
        if anchored or reader is not None:
            yield wrong(
                "heads",
                f"{name}：链上已锚定 {anchored} 条，本机没有 {missing}",
                f"log of {one.code}: {anchored} anchored, there is no {missing} here",
                *ADVICE["log-rolled-back"],
            )
        else:
            said = f"{name}：还没有记录"
            yield right("heads", said, f"log of {one.code}: no entries yet")
        return
    contract = at.deployment.anchors
    check_logs(memory, reader, [log], chain=at.chain, contract=contract)
    last = last_published(memory, log)
    published = last.size if last else 0
    size = reader.head(log).size if published else 0
    yield right(
        "heads",
        f"{name}：{size} 条 ≥ 已公布 {published} ≥ 已锚定 {anchored}",
        f"log of {one.code}: {size} entries ≥ {published} published ≥ {anchored} anchored",
    )


def check_tiles(at: Inspection) -> Iterator[Finding]:
    """Read the first and the last tile back that each log has in the tile store."""
    store, memory = at.settings.tiles.url, at.node_engine
    if at.tile_store is None or store is None:
        return
    # Nothing lies there; but a store that is not there, or lets nobody in, says so now.
    at.tile_store.get(["tile/none"], 0)
    leaves = 0
    if at.reader is not None and memory is not None and inspect(memory).has_table(archived.name):
        for log, done in find_archived(memory, store).items():
            if done.size:
                at.reader.check_stored(log, sorted({0, done.size // WIDTH - 1}))
            leaves += done.size
    text = f"日志归档：{store} 有应答，已归档 {leaves} 条，各日志首尾两块读回相符"
    yield right("tiles", text, f"tile store: {store} answers, {leaves} entries are there")


def ask_status(url: str) -> tuple[dict[str, Any] | None, str]:
    """Return what a node says of itself, None where none answers, and the date beside it."""
    answer, date = get(f"{url}/api/v1/status")
    try:
        value = None if answer is None else orjson.loads(answer)
    except orjson.JSONDecodeError:
        value = None
    departments = value.get("departments") if isinstance(value, dict) else None
    is_status = isinstance(departments, list) and all(isinstance(one, dict) for one in departments)
    return (value if is_status else None), date


def get(url: str) -> tuple[bytes | None, str]:
    """Return a bounded answer, None where there is none or no success, and its date."""
    body = bytearray()
    try:
        with (
            httpx.Client(verify=authorities(), timeout=PEER_SECONDS, trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            for piece in response.iter_raw():
                body += piece
                if len(body) > PEER_BYTES:
                    return None, ""
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
        return None, ""
    return (bytes(body) if response.status_code == _OK else None), response.headers.get("date", "")
