"""Lists of calls by consumer, entry, purpose, application, outcome and time; and their export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from ledger_sync.usage import REFUSED, Wanted
from node.errors import InvalidInput, NotFound
from node.log import LogScanner
from node.protocol.forms import BEIJING
from node.protocol.ledger.facts import ApplicationFact
from node.protocol.wire import ids
from node.protocol.wire.leaf import SERVED

from ...http.verbs import Readable
from ...refusing_words import TITLES
from ..frames import Link
from ..onestate import held
from ..pages import render
from ..wording import MILLISECONDS, language_of, midnight_ms, outcome_words
from ..workbook import MEDIA_TYPE, MOST_ROWS, workbook
from .auditing import AUDITOR, AuditorDep, answer, attached, bounded_work
from .whose_logs import list_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_sync.usage import Call

    from ...auditors import Auditor
    from ..frames import Words

router = APIRouter(prefix="/audit/calls", route_class=Readable, include_in_schema=False)
HEADINGS: tuple[tuple[Words, int], ...] = (
    (("时间", "When"), 20),
    (("结果", "Outcome"), 16),
    (("使用部门", "Consumer"), 26),
    (("目录", "Entry"), 32),
    (("应用系统", "Application"), 24),
    (("授权", "Authorisation"), 10),
    (("行数", "Rows"), 8),
    (("日志序号", "Index"), 10),
    (("调用编号", "Event"), 68),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they stand in the address; empty: not asked for."""

    log: Annotated[str, Query(max_length=64)] = ""
    consumer: Annotated[str, Query(max_length=18)] = ""
    entry: Annotated[str, Query(max_length=64)] = ""
    purpose: Annotated[str, Query(max_length=64)] = ""
    application: Annotated[str, Query(max_length=64)] = ""
    authorisation: Annotated[str, Query(max_length=16)] = ""
    outcome: Annotated[str, Query(max_length=64)] = ""
    since: Annotated[str, Query(max_length=10)] = ""
    until: Annotated[str, Query(max_length=10)] = ""

    def named(self) -> dict[str, str]:
        """Return what was asked for, by name."""
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}


AskedDep = Annotated[Asked, Depends()]


@router.get("")
@held
def calls(
    request: Request,
    who: AuditorDep,
    asked: AskedDep,
    before: Annotated[int | None, Query(ge=1, lt=2**40)] = None,
) -> Response:
    """Show a page of calls, the newest first."""
    english = language_of(request) == "en"
    wrong, found, log = "", None, None
    departments = _departments(who)
    try:
        log = _log(who, asked)
        wanted = _wanted(who, asked, log)
        scanner = LogScanner(who.node.reader)
        found = who.lists.list_calls(scanner, log, wanted, before=before) if log else None
    except (InvalidInput, NotFound) as error:
        wrong = error.message if english else error.chinese
    rows = _Rows(who, english=english)
    page = render(
        request,
        "audit/calls.html",
        title=("调用清单", "Calls"),
        seat=AUDITOR,
        here="/audit/calls",
        crumbs=[Link("/audit", ("查询", "Look up"))],
        fragment="rows",
        asked=asked,
        log=log.hex() if log else "",
        wrong=wrong,
        headings=[heading for heading, _ in HEADINGS[:-1]],
        rows=[(call, rows.of(call)) for call in found.calls] if found else [],
        before=found.before if found else 0,
        further=before,
        logs=_logs(who),
        everywhere=list_logs(who, log, asked.named()),
        departments=departments,
        outcomes=_outcomes(),
        served=SERVED,
    )
    return answer(who, page, _question("calls", asked), values=asked.named() or None, log=log)


@router.get(".xlsx")
def export(request: Request, who: AuditorDep, asked: AskedDep) -> Response:
    """Hand out the calls as a workbook, at most `MOST_ROWS` of them."""
    log = _log(who, asked)
    if log is None:
        raise NotFound("本节点没有归您审计的日志 / no log here is yours to audit")
    english = language_of(request) == "en"
    rows = _Rows(who, english=english)
    found = who.lists.list_all(
        LogScanner(who.node.reader), log, _wanted(who, asked, log), most=MOST_ROWS + 1
    )
    columns = [(heading[int(english)], width) for heading, width in HEADINGS]
    with bounded_work():
        data = workbook(
            "Calls" if english else "调用清单", columns, (rows.of(call) for call in found)
        )
    file = Response(data, media_type=MEDIA_TYPE, headers=attached("calls.xlsx"))
    return answer(who, file, _question("export", asked), values=asked.named() or None, log=log)


class _Rows:
    """Calls as rows of text; each name is looked up once."""

    def __init__(self, who: Auditor, *, english: bool) -> None:
        self._who, self._titles, self._english = who, who.finder.titles, english
        self._known: dict[bytes, str] = {}

    def of(self, call: Call) -> list[str | int]:
        leaf, one = call.leaf, call.authorisation
        when = datetime.fromtimestamp(leaf.at / MILLISECONDS, BEIJING)
        return [
            when.strftime("%Y-%m-%d %H:%M:%S"),
            outcome_words(leaf.outcome)[int(self._english)],
            self._department(one.consumer) if one else "",
            self._entry(leaf.entry) if leaf.entry != ids.ZERO else "",
            self._application(one.application) if one else "",
            leaf.authorisation,
            leaf.rows,
            call.index,
            leaf.event.hex(),
        ]

    def _department(self, department: bytes) -> str:
        if department not in self._known:
            self._known[department] = self._titles.names.department(department)
        return self._known[department]

    def _entry(self, entry: bytes) -> str:
        if entry not in self._known:
            fact = self._who.node.queries.get_entry(entry)
            self._known[entry] = self._titles.names.entry(fact.digest) or entry.hex()[:12]
        return self._known[entry]

    def _application(self, application: bytes) -> str:
        if application not in self._known:
            fact: ApplicationFact = self._who.node.queries.get_application(application)
            self._known[application] = self._titles.names.application(fact)
        return self._known[application]


def _log(who: Auditor, asked: Asked) -> bytes | None:
    """Return the log that is asked for, by default the first that is his and has calls."""
    if not asked.log:
        return _first_with_calls(who)
    try:
        log = bytes.fromhex(asked.log)
    except ValueError:
        log = b""
    if log not in who.logs:
        raise NotFound("本节点没有这个日志，或不归您审计 / not here, or not yours to audit")
    return log


def _first_with_calls(who: Auditor) -> bytes | None:
    scanner = LogScanner(who.node.reader)
    for log in who.logs:
        if who.lists.has_calls(scanner, log):
            return log
    return who.logs[0] if who.logs else None


def _wanted(who: Auditor, asked: Asked, log: bytes | None) -> Wanted:
    """Read the filters.

    Raises:
        InvalidInput, NotFound: naming the one that is wrong.
    """
    return Wanted(
        consumer=ids.department_id(asked.consumer) if asked.consumer else None,
        entry=_entry(who, asked.entry, log),
        purpose=ids.purpose_id(asked.purpose) if asked.purpose else None,
        application=_application(asked),
        authorisation=_number(asked.authorisation),
        outcome=_outcome(asked.outcome),
        since=midnight_ms(asked.since, 0),
        until=midnight_ms(asked.until, 1),
    )


def _entry(who: Auditor, text: str, log: bytes | None) -> bytes | None:
    """Return an entry by its id, or by its code at the log's department."""
    fact = who.node.queries.find_log(log) if log and "/" in text else None
    if fact is not None:
        return ids.entry_id(fact.department, text)
    return _id(text, "目录代码或编号", "entry")


def _application(asked: Asked) -> bytes | None:
    """Return an application by its id, or by its code at the consumer that was chosen."""
    text = asked.application
    if text and asked.consumer and len(text) < ids.ID_SIZE:
        return ids.application_id(ids.department_id(asked.consumer), text)
    return _id(
        text, "应用系统编号（写代码的，同时选使用部门）", "application (of a chosen consumer)"
    )


def _id(text: str, chinese: str, english: str) -> bytes | None:
    if not text:
        return None
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != ids.ID_SIZE:
        raise InvalidInput(f"{chinese}不对：{text} / no such {english}")
    return found


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput(f"授权编号应为数字：{text} / the authorisation is no number")
    return int(text)


def _outcome(text: str) -> str | None:
    if text and text not in {SERVED, REFUSED, *TITLES}:
        raise InvalidInput(f"没有这种结果：{text} / no such outcome")
    return text or None


def _question(what: str, asked: Asked) -> str:
    """Name the filters that were asked by; their values are committed to, not told."""
    return " ".join((what, *asked.named()))


def _logs(who: Auditor) -> Iterator[tuple[str, str]]:
    for log in who.logs:
        fact = who.node.queries.find_log(log)
        if fact is not None:
            name = who.finder.titles.names.department(fact.department)
            yield log.hex(), name if fact.generation == 1 else f"{name} · {fact.generation}"


def _departments(who: Auditor) -> list[tuple[str, str]]:
    """Return all departments; whatever of the page names one finds it named."""
    names, facts = who.finder.titles.names, who.node.queries.departments()
    names.know(facts)
    return [(fact.code, names.department(fact.department)) for fact in facts]


def _outcomes() -> Iterator[tuple[str, Words]]:
    yield SERVED, outcome_words(SERVED)
    yield REFUSED, ("已拒绝（任何原因）", "refused, for whatever reason")
    for code in REASONS:
        yield code, outcome_words(code)


REASONS = (
    "purpose-not-granted", "item-not-granted", "filter-not-granted", "entry-frozen",
    "department-suspended", "authorisation-unknown", "authorisation-not-agreed",
    "authorisation-not-started", "authorisation-expired", "authorisation-suspended",
    "authorisation-terminated", "contradictory", "quota-calls", "quota-rows", "source-unavailable",
)  # fmt: skip
"""Why calls are refused: codes that leaves hold."""
