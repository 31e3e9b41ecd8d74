"""Bodies of the papers about an authorisation, completed with what the ledger knows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.errors import (
    InvalidInput,
    LedgerBehind,
    MalformedDocument,
    NotFound,
)
from node.protocol.forms import (
    ApplicationPaper,
    ReplyPaper,
    StepPaper,
    parse,
)
from node.protocol.wire import ids
from node.protocol.wire.ids import department_code

from .console import t
from .forms import completed, read_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from api.parts import Node
    from node.office.authorisations import Request
    from node.protocol.forms import Document
    from node.protocol.ledger.facts import AuthorisationFact

PUBLISHED = 2
"""EntryState: only a published version can be applied for."""


def request(node: Node, form: Mapping[str, Any], terms: Mapping[str, Any] | None) -> Request:
    """Return one application of a filled-in form, for the version it names or the published one.

    Without `terms` those of a standing reply are taken, since only they are agreed to at once.

    Raises:
        MalformedDocument: the form does not say which entry.
        NotFound: there is no such entry or version.
        LedgerBehind: the version's document has not arrived here.
    """
    from node.office.authorisations import Request

    entry = form.get("entry")
    if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
        raise MalformedDocument(
            t("申请表没有写明目录：[entry] 的 department 和 code", "the form names no entry")
        )
    wanted = ids.entry_id(ids.department_id(str(entry.get("department"))), entry["code"])
    number = entry.get("version")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
        raise MalformedDocument(
            t(f"目录版本应为整数（{number!r}）", f"a version is a number ({number!r})")
        )
    fact = node.queries.get_entry(wanted, number)
    if fact.state != PUBLISHED:
        raise NotFound(
            t(f"目录 {entry['code']} 没有已发布的版本", f"{entry['code']} is not published")
        )
    version = get_paper(node, fact.digest)
    named = {"version": fact.version, "name": version.body.name, **entry}
    standing = node.queries.find_standing_reply(wanted)
    agreed = standing.terms if standing is not None and standing.standing else ids.ZERO
    body = completed(ApplicationPaper, {**form, "entry": named, "terms": None})
    offered = terms if terms is not None else (agreed if agreed != ids.ZERO else None)
    return Request(body, version.data, offered)


def application_of(node: Node, number: int) -> Document:
    """Return the application an authorisation came from.

    Raises:
        LedgerBehind: it has not arrived here.
    """
    return get_paper(node, node.queries.steps(number)[0].digest)


def version_of(node: Node, fact: AuthorisationFact) -> bytes:
    """Return the document of the version an authorisation is pinned to.

    Raises:
        LedgerBehind: it has not arrived here.
    """
    return get_paper(node, node.queries.get_entry(fact.entry, fact.version).digest).data


def reply_body(
    fact: AuthorisationFact,
    applied: ApplicationPaper,
    answer: str,
    refusals: Sequence[Mapping[str, Any]],
    narrowed: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a reply's body: what was applied for, less what is refused, as far as `narrowed` says.

    Raises:
        InvalidInput: the answer and the refusals do not go together.
    """
    refused = [each.get("item") for each in refusals]
    granted = [item for item in applied.items if item not in refused]
    follows = "同意" if not refused else "部分同意" if granted else "不同意"
    if answer != follows:
        raise InvalidInput(
            t(
                f"答复为{answer}，但 {len(applied.items)} 项中有 {len(refused)} 项不予共享",
                f"{len(refused)} of {len(applied.items)} items are refused: the answer is another",
            )
        )
    grant = {
        "items": granted,
        "mode": applied.mode,
        "validFrom": applied.valid_from,
        "validUntil": applied.valid_until,
        "callsPerDay": applied.calls_per_day,
        "rowsPerDay": applied.rows_per_day,
        "terms": None if fact.terms == ids.ZERO else fact.terms.hex(),
        **{name: value for name, value in narrowed.items() if value is not None},
    }
    body = {
        "authorisation": fact.authorisation,
        "parties": _parties(fact),
        "subject": fact.subject.hex(),
        "answer": answer,
        "grant": grant if granted else None,
        "refusals": list(refusals),
    }
    return completed(ReplyPaper, body)


def step_body(fact: AuthorisationFact, step: str) -> dict[str, Any]:
    """Return a step's body but for its reason: what it answers and at which revision."""
    from node.protocol.forms.sharing import PROTECTIVE

    body = {
        "authorisation": fact.authorisation,
        "parties": _parties(fact),
        "step": step,
        "revision": fact.revision,
        "subject": None if step in PROTECTIVE else fact.subject.hex(),
    }
    return completed(StepPaper, body)


def read_refusals(path: Path) -> list[dict[str, Any]]:
    """Read which items are refused and why.

    Raises:
        MalformedDocument: it is not a form, or lists nothing.
    """
    listed = read_form(path).get("refusals")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise MalformedDocument(
            t(f"{path} 里没有 [[refusals]]", f"{path} lists no [[refusals]]"), path=str(path)
        )
    return listed


def get_paper(node: Node, digest: bytes) -> Document:
    """Return a document that is here.

    Raises:
        LedgerBehind: it has not arrived; nobody decides on what he cannot read.
    """
    data = node.store.find(digest)
    if data is None:
        raise LedgerBehind(
            t(
                f"文件 {digest.hex()} 尚未到达本节点，请稍后再试",
                f"the document {digest.hex()} has not arrived here yet",
            )
        )
    return parse(data)


def _parties(fact: AuthorisationFact) -> dict[str, str]:
    return {
        "provider": department_code(fact.provider),
        "consumer": department_code(fact.consumer),
    }
