"""One thing each: what it is, its trace as a drawing and a list, its timeline, where to go on."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from ledger_sync.objects import ObjectKind, authorisation_ref
from ledger_sync.titles import LEAVES
from ledger_sync.trace import collect_bundle
from ledger_sync.trace.meaning import KINDS, meaning_of
from node.crypto import sm3, verify_login
from node.errors import EventUnknown, SignatureInvalid
from node.office.reads import find_versions
from node.protocol.forms import parse
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import AuthorisationState, DepartmentStatus, KeyKind
from node.protocol.wire import encoding
from node.protocol.wire.leaf import CALL, PREVIEW, parse_leaf
from node.protocol.wire.leaf import KINDS as LEAF_KINDS
from node.protocol.wire.trustfile import render_trust

from ...auditors import ReadableLogs
from ...http.described import HexPath
from ...http.verbs import Readable
from ...routes.logs import FoundEvent, find_event
from ..frames import Link
from ..onestate import held
from ..pages import render
from ..wording import MILLISECONDS, language_of, outcome_words
from .auditing import AUDITOR, AuditorDep, answer, attached, bounded_work
from .box_pages import path_of
from .drawing import draw
from .reporting import Report, render_report
from .whose_logs import calls_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger_sync.decided import DecisionFact
    from ledger_sync.titles import Target
    from ledger_sync.trace import Collected, TraceLine
    from node.protocol.wire.leaf import Leaf

    from ...auditors import Auditor
    from ..frames import Words

router = APIRouter(prefix="/audit", route_class=Readable, include_in_schema=False)
LEAF_WORDS: dict[str, Words] = {
    "type": ("种类", "kind"),
    "v": ("格式版本", "format"),
    "event": ("编号", "event"),
    "base": ("登录原文", "login as it was signed"),
    "signature": ("登录签名", "its signature"),
    "sequence": ("登录后第几次查看", "which look under that login"),
    "block": ("依据区块", "judged by block"),
    "judged": ("判定时间", "judged at"),
    "at": ("留痕时间", "logged at"),
    "custody": ("保管", "custody"),
    "authorisation": ("授权", "authorisation"),
    "question": ("所问", "question"),
    "values": ("所问之值的承诺", "commitment to what was asked for"),
    "answer": ("所示内容的摘要", "digest of what was shown"),
    "salt": ("盐值", "salt"),
    "entry": ("目录编号", "entry"),
    "version": ("目录版本", "version"),
    "items": ("信息项（位图）", "items, a bitmap"),
    "masked": ("脱敏的信息项（位图）", "masked items, a bitmap"),
    "rows": ("行数", "rows"),
    "outcome": ("结果", "outcome"),
}
"""What the members of a leaf are called that is no call."""
CUSTODY: dict[str, Words] = {"own": ("本部门", "own"), "hosted": ("托管", "hosted")}
HEX = re.compile("[0-9a-f]{64}")
TIMELINE = 200
"""Decisions on one page, the newest."""
BLOCKS = 2**53
CodePath = Annotated[str, Path(pattern="^[0-9A-Z]{18}$")]
NumberPath = Annotated[int, Path(ge=0, lt=BLOCKS)]


@dataclass(frozen=True, slots=True)
class Thing:
    """What a page shows."""

    target: Target
    facts: Sequence[tuple[Words, object]] = ()
    trace: TraceLine | None = None
    decisions: Sequence[DecisionFact] = ()
    links: Sequence[Link] = ()
    downloads: Sequence[Link] = field(default=())


def _page(request: Request, who: Auditor, thing: Thing, question: str, **leaf: Any) -> Response:  # noqa: ANN401 - of `answer`
    english = language_of(request) == "en"
    page = render(
        request,
        "audit/thing.html",
        title=(thing.target.title, thing.target.english),
        seat=AUDITOR,
        here="/audit",
        crumbs=[Link("/audit", ("查询", "Look up"))],
        thing=thing,
        drawing=draw(thing.trace, english=english) if thing.trace else None,
        timeline=_timeline(who, thing.decisions),
        kinds=KINDS,
        meaning=meaning_of,
        path_of=path_of,
    )
    return answer(who, page, question, **leaf)


def _timeline(who: Auditor, decisions: Sequence[DecisionFact]) -> list[dict[str, Any]]:
    """Return the newest decisions first, each with who signed it."""
    names = who.finder.titles.names
    names.know_signers(decisions)
    return [
        {
            "at": fact.block.timestamp,
            "block": fact.block.number,
            "words": fact.words,
            "signer": names.describe(fact),
            "key": fact.signing_key.hex(),
            "hash": fact.hash.hex(),
        }
        for fact in decisions
    ]


@router.get("/call/{event}")
@held
def call(request: Request, who: AuditorDep, event: HexPath) -> Response:
    """Show the trace of a call, to its authorisation, version, decisions, checkpoint and block."""
    found = _find(who, event)
    leaf = found.receipt.parsed_leaf
    trace = _trace(who, found)
    authorisation = str(leaf.authorisation)
    downloads = [
        Link(f"/audit/call/{event}/report", ("PDF 报告", "PDF report")),
        Link(f"/audit/call/{event}/bundle", ("证据包", "Evidence bundle")),
        Link(f"/audit/call/{event}/trust", ("信任文件", "Trust file")),
    ]
    thing = Thing(
        who.finder.titles.leaf(found.receipt.leaf, found.index),
        facts=[
            (("结果", "Outcome"), outcome_words(leaf.outcome)),
            (("行数", "Rows"), leaf.rows),
            (("留痕时间", "Logged at"), {"at": leaf.at // 1000}),
            (("依据区块", "Judged by block"), leaf.block_number),
            (
                ("保管", "Custody"),
                CUSTODY[leaf.custody],
            ),
            (("调用编号", "Event"), {"hex": event}),
            (("回执", "Receipt"), _grade(found)),
        ],
        trace=trace,
        links=[Link(f"/audit/authorisation/{authorisation}", ("授权", "Authorisation"))],
        downloads=downloads if found.receipt.anchored else [],
    )
    about = {"authorisation": leaf.authorisation, "log": found.log}
    return _page(request, who, thing, f"trace call {event}", **about)


@router.get("/call/{event}/bundle")
def bundle(who: AuditorDep, event: HexPath) -> Response:
    """Hand out the evidence of a call, verified before."""
    return _collected(who, event, trust=False)


def _parties(
    who: Auditor, authorisation: int | None, *, english: bool
) -> Iterator[tuple[Words, str]]:
    """Yield whose data went to whom, where the call named an authorisation there is."""
    fact = who.node.queries.find_authorisation(authorisation) if authorisation else None
    if fact is None:
        return
    names, version = who.finder.titles.names, who.finder.titles.version(fact.entry, fact.version)
    yield ("提供部门", "Provider"), names.department(fact.provider)
    yield ("使用部门", "Consumer"), names.department(fact.consumer)
    yield ("目录", "Entry"), version.english if english else version.title


@router.get("/call/{event}/report")
def report(request: Request, who: AuditorDep, event: HexPath) -> Response:
    """Hand out a call's trace as a PDF of one page, with the digest of its bundle."""
    found, node = _find(who, event), who.node
    english, leaf = language_of(request) == "en", found.receipt.parsed_leaf
    trace = _trace(who, found)
    title = who.finder.titles.leaf(found.receipt.leaf, found.index)
    facts: list[tuple[Words, str]] = [
        (("调用编号", "Event"), event),
        (("记录", "Record"), title.english if english else title.title),
        *_parties(who, leaf.authorisation, english=english),
        (("结果", "Outcome"), outcome_words(leaf.outcome)[english]),
        (("回执", "Receipt"), _grade(found)[english]),
        (("结论", "Conclusion"), _conclusion(trace)[english]),
    ]
    with bounded_work():
        data = render_report(
            Report(
                title="Trace of a call" if english else "调用溯源报告",
                facts=[(words[english], value) for words, value in facts],
                trace=trace,
                digest=sm3(_collect(who, found).data).hex(),
                made=int(time.time()),
                by=who.finder.titles.names.department(node.identities[0].department),
                english=english,
            )
        )
    name = f"trace-{event[:16]}.pdf"
    file = Response(data, media_type="application/pdf", headers=attached(name))
    question = f"report {event}"
    return answer(who, file, question, authorisation=found.authorisation, log=found.log)


@router.get("/call/{event}/trust")
def trust(who: AuditorDep, event: HexPath) -> Response:
    """Hand out a trust file for the bundle; a judge takes his from somebody else."""
    return _collected(who, event, trust=True)


def _collected(who: Auditor, event: str, *, trust: bool) -> Response:
    found = _find(who, event)
    with bounded_work():
        collected = _collect(who, found)
    data = render_trust(collected.trust) if trust else collected.data
    name = f"{'trust' if trust else 'evidence'}-{event[:16]}.json"
    file = Response(data, media_type="application/json", headers=attached(name))
    question = f"{'trust' if trust else 'bundle'} {event}"
    return answer(who, file, question, authorisation=found.authorisation, log=found.log)


def _collect(who: Auditor, found: FoundEvent) -> Collected:
    """Return the bundle to the block that anchors the call: the same one, whenever it is asked."""
    node, anchored = who.node, found.receipt.anchored
    return collect_bundle(
        found.event,
        queries=node.queries,
        logs=ReadableLogs(node.reader, (found.log,)),
        documents=who.papers,
        gateway=node.gateway,
        deployment=node.deployment,
        head=None if anchored is None else anchored.block,
    )


def _trace(who: Auditor, found: FoundEvent) -> TraceLine:
    return who.tracer_in(ReadableLogs(who.node.reader, (found.log,))).trace_call(found.event)


def _conclusion(trace: TraceLine) -> Words:
    if trace.holds:
        return ("各项核对成立", "every check holds")
    wrong = sum(not line.ok for line in trace.walk())
    return (f"{wrong} 项核对不成立", f"{wrong} checks do not hold")


@router.get("/leaf/{event}")
@held
def leaf(request: Request, who: AuditorDep, event: HexPath) -> Response:
    """Show an entry of a log that is no call: what it says, word for word."""
    wanted = encoding.hex32(event)
    for log in who.logs:
        index = who.reader.find_event(log, wanted)
        if index is None:
            continue
        data = who.reader.entry(log, index)
        parsed = parse_leaf(data, LEAF_KINDS)
        target = who.finder.titles.leaf(data, index)
        members = orjson.loads(data)
        if parsed.kind != CALL:
            said = _said_by(who, parsed)
            facts = [*said, *(_member(name, value) for name, value in members.items())]
            return _page(request, who, Thing(target, facts=facts), f"leaf {event}", log=log)
    raise EventUnknown("日志里没有这一条，或不归您审计 / no such entry, or not yours to audit")


def _member(name: str, value: Any) -> tuple[Words, object]:  # noqa: ANN401 - JSON
    """Return a member of a leaf with its name in words."""
    words = LEAF_WORDS.get(name, (name, name))
    if name in {"at", "judged"}:
        return words, {"at": value // MILLISECONDS if name == "at" else value}
    if name == "block":
        return words, f"{value['number']}（{value['hash']}）"
    if name == "custody":
        return words, CUSTODY.get(value, value)
    if name == "outcome":
        return words, outcome_words(value)
    if name == "type":
        return words, LEAVES.get(value, value)
    return words, {"hex": value} if HEX.fullmatch(str(value)) else str(value)


def _said_by(who: Auditor, leaf: Leaf) -> Iterator[tuple[Words, object]]:
    """Say of a preview what its bits mean, and who looked: his login holds for one key alone."""
    if leaf.kind != PREVIEW:
        return
    node, titles = who.node, who.finder.titles
    fact = node.queries.get_entry(leaf.entry, leaf.version)
    for key in node.queries.keys_of(fact.provider):
        with suppress(SignatureInvalid):
            verify_login(key.public, leaf.base, leaf.signature)
            yield ("查看人", "Looked"), titles.key(key)
    yield ("目录", "Entry"), titles.version(leaf.entry, leaf.version)
    paper = find_versions(node.store, [fact]).get((fact.entry, fact.version))
    items = [] if paper is None else parse(paper).body.items
    for words, bits in ((("信息项", "Items"), leaf.items), (("脱敏", "Masked"), leaf.masked)):
        names = "、".join(item.name for bit, item in enumerate(items) if bits >> bit & 1)
        yield words, names or "—"


@router.get("/authorisation/{number}")
@held
def authorisation(request: Request, who: AuditorDep, number: NumberPath) -> Response:
    """Show an authorisation: its terms, trace, decisions, calls."""
    one = who.node.queries.get_authorisation(number)
    titles = who.finder.titles
    entry = one.entry.hex()
    thing = Thing(
        titles.authorisation(one),
        facts=[
            (("状态", "State"), words_of(AuthorisationState(one.state))),
            (("使用部门", "Consumer"), titles.department(one.consumer)),
            (("提供部门", "Provider"), titles.department(one.provider)),
            (("目录版本", "Version"), titles.version(one.entry, one.version)),
            (("应用系统", "Application"),
             titles.application(who.node.queries.get_application(one.application))),
            (("有效期", "Validity"), {"from": one.valid_from, "until": one.valid_until}),
            (("每日限额", "Quota a day"),
             (f"{one.calls_per_day} 次，{one.rows_per_day} 行",
              f"{one.calls_per_day} calls, {one.rows_per_day} rows")),
        ],
        trace=who.tracer.trace_authorisation(number),
        decisions=who.node.queries.newest_decisions_of(*authorisation_ref(number), TIMELINE),
        links=[
            Link(calls_at(who, one.provider, authorisation=number), ("调用清单", "Calls")),
            Link(f"/audit/entry/{entry}", ("目录", "Entry")),
        ],
    )  # fmt: skip
    return _page(request, who, thing, f"trace authorisation {number}", authorisation=number)


@router.get("/version/{name}")
@held
def version(
    request: Request,
    who: AuditorDep,
    name: Annotated[str, Path(pattern="^[0-9a-f]{64}:[1-9][0-9]{0,8}$")],
) -> Response:
    """Show a version of an entry with its decisions and the authorisations that pin it."""
    digits, _, number = name.partition(":")
    entry = bytes.fromhex(digits)
    fact = who.node.queries.get_entry(entry, int(number))
    thing = Thing(
        who.finder.titles.version(entry, int(number)),
        facts=[
            (("提供部门", "Provider"), who.finder.titles.department(fact.provider)),
            (("信息项", "Items"), fact.item_count),
            (("文书摘要", "Document"), {"hex": fact.digest.hex()}),
        ],
        trace=who.tracer.trace_version(entry, int(number)),
        links=[Link(f"/audit/entry/{digits}", ("目录", "Entry"))],
    )
    return _page(request, who, thing, f"trace version {name}")


@router.get("/entry/{entry}")
@held
def entry_page(request: Request, who: AuditorDep, entry: HexPath) -> Response:
    """Show an entry: its versions and what was decided on it."""
    queries, titles, named = who.node.queries, who.finder.titles, encoding.hex32(entry)
    versions, provider = queries.versions(named), queries.get_entry(named).provider
    facts: list[tuple[Words, object]] = [(("提供部门", "Provider"), titles.department(provider))]
    facts += [
        ((f"第 {each.version} 版", f"Version {each.version}"), titles.version(named, each.version))
        for each in reversed(versions[-20:])
    ]
    thing = Thing(
        titles.entry(named),
        facts=facts,
        decisions=queries.newest_decisions_of(ObjectKind.ENTRY, named, TIMELINE),
        links=[
            Link(calls_at(who, provider, entry=entry), ("调用清单", "Calls")),
            Link(f"/catalogue/{entry}", ("公开页", "Public page")),
        ],
    )
    return _page(request, who, thing, f"entry {entry}")


@router.get("/department/{code}")
@held
def department(request: Request, who: AuditorDep, code: CodePath) -> Response:
    """Show a department: its keys, applications, logs and decisions."""
    queries, titles = who.node.queries, who.finder.titles
    fact = queries.get_department(code)
    facts: list[tuple[Words, object]] = [
        (("状态", "Status"), words_of(DepartmentStatus(fact.status))),
        (("主管部门", "Competent department"), titles.department(fact.competent)),
    ]
    systems, keys = queries.applications_of(fact.department), queries.keys_of(fact.department)
    titles.names.read([*(each.digest for each in systems), *(each.digest for each in keys)])
    facts += [(("应用系统", "Application"), titles.application(each)) for each in systems]
    facts += [(("密钥", "Key"), titles.key(each)) for each in keys]
    facts += [
        ((f"日志 {each.generation}", f"Log {each.generation}"),
         (f"已锚定 {each.size} 条", f"{each.size} entries anchored"))
        for each in queries.logs_of(fact.department)
    ]  # fmt: skip
    thing = Thing(
        titles.department(fact.department),
        facts=facts,
        decisions=queries.newest_decisions_of(ObjectKind.DEPARTMENT, fact.department, TIMELINE),
        links=[Link(f"/audit/calls?consumer={code}", ("它的调用", "Its calls"))],
    )
    return _page(request, who, thing, f"department {code}")


@router.get("/key/{key}")
@held
def key_page(request: Request, who: AuditorDep, key: HexPath) -> Response:
    """Show a key: whose it is, when it counts, and its roles."""
    queries, titles = who.node.queries, who.finder.titles
    fact = queries.get_key(encoding.hex32(key))
    roles = queries.roles_of(fact.key)
    facts: list[tuple[Words, object]] = [
        (("种类", "Kind"), words_of(KeyKind(fact.kind))),
        (("有效期", "Validity"), {"from": fact.valid_from, "until": fact.valid_until}),
    ]
    if fact.revoked_at is not None:
        facts.append((("注销于", "Revoked"), {"at": fact.revoked_at}))
    facts += [(("任职部门", "Roles in"), titles.department(each.department)) for each in roles]
    facts.append((("编号", "Id"), {"hex": key}))
    decisions = queries.newest_decisions_of(ObjectKind.KEY, fact.key, TIMELINE)
    return _page(request, who, Thing(titles.key(fact), facts, decisions=decisions), f"key {key}")


@router.get("/application/{application}")
@held
def application_page(request: Request, who: AuditorDep, application: HexPath) -> Response:
    """Show an application system, its keys and what was decided about it."""
    queries, titles = who.node.queries, who.finder.titles
    fact = queries.get_application(encoding.hex32(application))
    facts: list[tuple[Words, object]] = [
        (("部门", "Department"), titles.department(fact.department))
    ]
    facts += [(("密钥", "Key"), titles.key(each)) for each in queries.keys_of(fact.application)]
    thing = Thing(
        titles.application(fact),
        facts,
        decisions=queries.newest_decisions_of(ObjectKind.APPLICATION, fact.application, TIMELINE),
        links=[Link(f"/audit/calls?application={application}", ("调用清单", "Calls"))],
    )
    return _page(request, who, thing, f"application {application}")


@router.get("/block/{number}")
@held
def block(request: Request, who: AuditorDep, number: NumberPath) -> Response:
    """Show a block: the decisions and anchors in it, and the calls these cover."""
    found = who.node.queries.get_block(number)
    links = [Link(f"/audit/block/{number + 1}", ("下一块", "Next block"))]
    if number:
        links.insert(0, Link(f"/audit/block/{number - 1}", ("上一块", "Block before")))
    thing = Thing(
        who.finder.titles.block(number),
        facts=[(("散列", "Hash"), {"hex": found.hash.hex()})],
        trace=who.tracer.trace_block(number),
        links=links,
    )
    return _page(request, who, thing, f"trace block {number}")


def _find(who: Auditor, event: str) -> FoundEvent:
    """Return a call that is his to read, in whichever log here has it."""
    for log in who.node.identities:
        try:
            found = find_event(who.node, log, encoding.hex32(event), who.officer.key)
        except EventUnknown:
            continue
        if parse_leaf(found.receipt.leaf, LEAF_KINDS).kind == CALL:
            return found
    raise EventUnknown(
        "本节点的日志里没有这次调用，或不归您审计 / no such call here, or not yours to audit",
        event=event,
    )


def _grade(found: FoundEvent) -> Words:
    anchored = found.receipt.anchored
    if anchored is None:
        return ("已留痕，尚未上链", "logged, not on the chain yet")
    return (f"已锚定于区块 {anchored.block}", f"anchored in block {anchored.block}")
