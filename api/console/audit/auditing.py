"""Who may look at what as an auditor, and the leaf that every look leaves behind.

An auditor is an officer to whom a department gave the role. He reads the ledger, which every node
has, and of the logs here those whose department, or its competent one, gave it him. Log first, then
answer: what cannot be logged is not shown.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from fastapi import Depends, Request

from ledger_sync.locating import Finder, Logs
from ledger_sync.trace import Tracer
from node.crypto import sm3
from node.errors import NotEntitled, NotFound, Overloaded, SignatureInvalid
from node.log import LogScanner
from node.protocol.ledger.enums import Role
from node.protocol.wire import canonical
from node.protocol.wire.leaf import AUDIT, commitment
from node.service.caller import Look, judged_second

from ...http.callers import NodeDep
from ...http.officers import Officer, find_officer, no_officer
from ...routes.logs import custody_of
from ..frames import Link, Seat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from starlette.responses import Response

    from ledger_sync.usage import CallLists
    from node.documents.access import Shelf
    from node.log import LogIdentity, LogReader
    from node.protocol.wire.receipt import Receipt

    from ...parts import Node

AUDITOR = Seat(
    "audit",
    ("审计", "Audit"),
    (
        Link("/audit", ("查询", "Look up")),
        Link("/audit/calls", ("调用清单", "Calls")),
    ),
)


FOREIGN_REQUESTS = 100
"""Looks under one login of an auditor of other departments: each is a leaf of a log here."""


@dataclass(frozen=True)
class Auditor:
    """An auditor at his browser, and what he may read here."""

    node: Node
    officer: Officer
    given: frozenset[bytes]
    """The departments whose auditor he is."""
    logs: tuple[bytes, ...]
    """The logs at hand that are his to read."""

    @cached_property
    def reader(self) -> ReadableLogs:
        return ReadableLogs(self.node.reader, self.logs)

    @cached_property
    def papers(self) -> Shelf:
        """The documents he may read: whose auditor he is, he learns who their officers are."""
        return self.node.access.shelf_of(self.officer.key.key)

    @cached_property
    def tracer(self) -> Tracer:
        return self.tracer_in(self.reader)

    def tracer_in(self, logs: ReadableLogs) -> Tracer:
        node = self.node
        return Tracer(node.queries, logs, self.papers, node.deployment, self.finder.titles.names)

    @cached_property
    def finder(self) -> Finder:
        node = self.node
        return Finder(node.ledger_engine, self.papers, node.search, node.gateway)

    @property
    def at_hand(self) -> Logs:
        scanner = LogScanner(self.node.reader, self.node.marks)
        return Logs(self.node.reader, scanner, self.logs, self.node.seals.salt)

    @property
    def lists(self) -> CallLists:
        return self.node.calls


class ReadableLogs:
    """The logs of a store that somebody may read; the others are as if they were elsewhere."""

    def __init__(self, reader: LogReader, readable: Sequence[bytes]) -> None:
        self._reader, self._readable = reader, frozenset(readable)

    def find_event(self, log: bytes, event: bytes) -> int | None:
        return self._of(log).find_event(log, event)

    def receipt(self, log: bytes, index: int) -> Receipt:
        return self._of(log).receipt(log, index)

    def entry(self, log: bytes, index: int) -> bytes:
        return self._of(log).entry(log, index)

    def leaves(self, log: bytes, indexes: Sequence[int]) -> list[bytes]:
        return self._of(log).leaves(log, indexes)

    def consistency(self, log: bytes, old: int, new: int) -> Sequence[bytes]:
        return self._of(log).consistency(log, old, new)

    def calls(
        self, log: bytes, authorisation: int, *, after: int = 0, limit: int = 100
    ) -> Sequence[tuple[int, int]]:
        return self._of(log).calls(log, authorisation, after=after, limit=limit)

    def _of(self, log: bytes) -> LogReader:
        if log not in self._readable:
            raise NotFound("本节点没有这个日志，或不归您审计 / not here, or not yours to audit")
        return self._reader


def auditor(
    request: Request,
    node: NodeDep,
    officer: Annotated[Officer | None, Depends(find_officer)],
) -> Auditor:
    """Return the auditor who has signed in.

    Raises:
        SignatureInvalid: nobody has signed in.
        NotEntitled: he is no department's auditor, or only reads: an auditor's look is signed.
        LedgerBehind: the read model cannot say.
    """
    if officer is None or officer.session is None:
        raise no_officer(request)
    officer.require(Role.AUDITOR)
    # As over the API: what a suspended department gave opens nothing, and its own officers nothing.
    reader = node.papers.find_reader(officer.key.key)
    given = frozenset() if reader is None else reader.auditor_for
    if not given:
        raise NotEntitled(
            "您所在的部门，或授予您审计职责的部门，已暂停 / the department is suspended"
        )
    queries = node.queries
    with queries.holding():
        here, served = node.reader.sizes(), [one.department for one in node.identities]
        mine = [each for each in served if not given.isdisjoint({each, queries.competent_of(each)})]
        logs = [fact.log for each in mine for fact in queries.logs_of(each) if fact.log in here]
    return Auditor(node, officer, given, tuple(logs))


AuditorDep = Annotated[Auditor, Depends(auditor)]
View = TypeVar("View", bound="Callable[..., Response]")


def held(view: View) -> View:
    """Have a view, which takes the auditor as `who`, read one state of the read model throughout.

    A page asks a hundred questions, and each by itself is a transaction.
    """

    @wraps(view)
    def of_one_state(**given: Any) -> Response:  # noqa: ANN401 - a view's own
        who: Auditor = given["who"]
        with who.node.queries.holding():
            return view(**given)

    return cast("View", of_one_state)


def answer(
    who: Auditor,
    response: Response,
    question: str,
    *,
    values: Any = None,  # noqa: ANN401 - JSON
    authorisation: int = 0,
    log: bytes | None = None,
) -> Response:
    """Commit a look as a leaf, then return what it is answered with.

    `question` is without personal data; what it names people by stands in `values`, of which the
    leaf holds a salted commitment. `log` is the one that was read: of its department the present
    one takes the leaf, by default the node's first.

    Raises:
        LogUnavailable, Overloaded: nothing can be logged, so nothing is shown.
    """
    node = who.node
    # Every department names auditors; whom no log here was given to fills none of them.
    look = look_of(node, who.officer, None if who.logs else FOREIGN_REQUESTS)
    salt = node.seals.salt(look.event, "values")
    snapshot = node.grants.snapshot(look.key, 0)
    identity = _identity(node, log)
    draft = look.draft(
        AUDIT,
        identity.log,
        block=snapshot.block,
        judged=judged_second(snapshot, time.time()),
        custody=custody_of(node, identity),
        authorisation=authorisation,
        question=question,
        values=None if values is None else commitment(salt, canonical.dumps(values).decode()),
        answer=sm3(bytes(response.body)),
    )
    node.writer.submit(draft).result()
    return response


def look_of(node: Node, officer: Officer, most: int | None = None) -> Look:
    """Return a new request under an officer's login, of so many; its number is spent.

    Raises:
        SignatureInvalid: he has not signed in.
        Overloaded: he has asked too often under this login.
    """
    session = officer.session
    if session is None:
        raise SignatureInvalid("请先登录 / sign in first")
    number = node.sessions.next_request(session, most)
    return Look(session.key.key, session.login, session.signature, session.event, number)


def attached(name: str) -> dict[str, str]:
    """Return the headers of a file that is handed out."""
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


_work = threading.BoundedSemaphore(2)


@contextmanager
def bounded_work() -> Iterator[None]:
    """Let two do work of seconds at once: exports, bundles, reports.

    Raises:
        Overloaded: two are at it already.
    """
    if not _work.acquire(blocking=False):
        raise Overloaded("正在生成的文件太多，请稍后再试 / too many files are being made")
    try:
        yield
    finally:
        _work.release()


def _identity(node: Node, log: bytes | None) -> LogIdentity:
    """Return the present log that takes the leaf of a look at `log`, or of one at none."""
    fact = None if log is None else node.queries.find_log(log)
    for one in node.identities:
        if fact is not None and one.department == fact.department:
            return one
    return node.identities[0]
