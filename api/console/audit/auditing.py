"""The auditor at his browser, and the leaf that every look of his leaves behind.

Log first, then answer: what cannot be logged is not shown.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from node.crypto import sm3
from node.errors import Overloaded, SignatureInvalid
from node.protocol.wire import canonical
from node.protocol.wire.leaf import AUDIT, commitment
from node.service.caller import Look, judged_second

from ...auditors import Auditor, auditor_of, log_at
from ...http.callers import NodeDep
from ...http.officers import Officer, find_officer, no_officer
from ...routes.logs import custody_of
from ..frames import Link, Seat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

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
    return auditor_of(node, officer)


AuditorDep = Annotated[Auditor, Depends(auditor)]


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
    identity = log_at(node, log)
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
