"""Acts about share authorisations: applied for, replied to, advanced.

What one paper says of another is checked here, before anybody signs: the contract sees fields
only, and a paper that contradicts another cannot be mended once it is bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..protocol import forms as documents
from ..protocol.forms import Problem
from ..protocol.wire import ids
from .act import (
    Act,
    new_paper,
    of_paper,
    refuse,
)
from .cataloguing import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..protocol.ledger.enums import Step

NO_GRANT = {
    **dict.fromkeys(("mode", "validFrom", "validUntil", "callsPerDay", "rowsPerDay"), 0),
    "terms": ids.ZERO,
}
"""What a refusal carries in the place of a grant."""

advance = partial(of_paper, "Step", "step")
"""Take the step of a `step` body. Who signs follows from the step (design.md section 5)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One application: its body, and the document of the version it is for."""

    body: Mapping[str, Any]
    """Members of an `application`; `terms` is filled in when terms are given here."""
    version: bytes
    """The pinned catalogue-version document."""
    terms: Mapping[str, Any] | bytes | None = None
    """Body of new terms, or the digest of those of a standing reply."""


def apply_for(requests: Sequence[Request]) -> Act:
    """Apply for entries, all as one department and with one signature, its office head's.

    Raises:
        MalformedDocument: a body breaks a rule or asks for what the version does not offer.
        InvalidInput: there is none, or they are of several departments.
    """
    applications, papers = [], []
    for request in requests:
        made, digest = terms_of(request.terms)
        body = dict(request.body)
        if request.terms is not None:
            body["terms"] = digest.hex()
        paper = new_paper("application", body)
        version = _version(request.version)
        refuse(_asks_too_much(paper.body, version))
        applications.append({**documents.derive(paper, version=version), "digest": paper.digest})
        papers += [*made, paper.data]
    consumers = {application.pop("department") for application in applications}
    if len(consumers) != 1:
        raise InvalidInput("applications signed at once are of one department, one at least")
    message = {"department": consumers.pop(), "applications": applications}
    return Act("ApplyFor", message, papers)


def reply(
    body: Mapping[str, Any],
    *,
    application: bytes,
    version: bytes,
    terms: Mapping[str, Any] | bytes | None = None,
) -> Act:
    """Answer an application with a `reply` body. Signed by the provider's office head.

    `application` and `version` are the documents it is about; `terms` as for a request, and they
    become the grant's.

    Raises:
        MalformedDocument: the body breaks a rule, leaves an item unanswered, or relies on a
            condition the catalogue does not list.
    """
    made, digest = terms_of(terms)
    members = dict(body)
    if terms is not None and members.get("grant") is not None:
        members["grant"] = {**members["grant"], "terms": digest.hex()}
    paper, pinned = new_paper("reply", members), _version(version)
    refuse(_answers_badly(paper.body, documents.parse(application).body, pinned))
    derived = documents.derive(paper, version=pinned)
    message = {**NO_GRANT, **derived, "digest": paper.digest}
    return Act("Reply", message, [*made, paper.data])


def change(
    body: Mapping[str, Any], *, version: bytes, terms: Mapping[str, Any] | bytes | None = None
) -> Act:
    """Propose other terms for an authorisation, or accept those proposed, with a `change` body.

    `version` is the pinned version's document; `terms` as for a request. Signed by the office head
    of either side; whoever accepts signs the same terms.

    Raises:
        MalformedDocument: the body breaks a rule or names an item the version does not have.
    """
    made, digest = terms_of(terms)
    members = dict(body) if terms is None else {**body, "terms": digest.hex()}
    paper, pinned = new_paper("change", members), _version(version)
    refuse(_not_offered(paper.body.items, pinned))
    message = {**documents.derive(paper, version=pinned), "digest": paper.digest}
    return Act("Change", message, [*made, paper.data])


def protect(authorisation: int, step: Step, revision: int) -> Act:
    """Suspend, take over or terminate at once, without a paper: it must not wait for one."""
    message = {
        "authorisation": authorisation,
        "step": int(step),
        "revision": revision,
        "outcome": 0,
        "effective": 0,
        "subject": ids.ZERO,
        "digest": ids.ZERO,
    }
    return Act("Step", message, [])


def _version(data: bytes) -> documents.CatalogueVersionPaper:
    body = documents.parse(data).body
    if not isinstance(body, documents.CatalogueVersionPaper):
        raise InvalidInput("the document given as the entry's version is none")
    return body


def _asks_too_much(
    paper: documents.ApplicationPaper, version: documents.CatalogueVersionPaper
) -> Iterator[Problem]:
    entry = paper.entry
    named = (entry.department, entry.code, entry.version)
    if named != (version.department, version.code, version.version):
        yield Problem(("entry",), "与所附目录版本不一致", f"{entry.code} v{entry.version}")
    yield from _not_offered(paper.items, version)
    if paper.mode not in version.modes:
        yield Problem(("mode",), f"该目录的共享方式为{'、'.join(version.modes)}", paper.mode)
    conditions = version.conditions
    if conditions is not None:
        purposes = {purpose.code for purpose in conditions.purposes}
        if paper.purpose.code not in purposes:
            yield Problem(("purpose", "code"), "不在目录列明的使用用途之内", paper.purpose.code)


def _not_offered(
    items: Sequence[str], version: documents.CatalogueVersionPaper
) -> Iterator[Problem]:
    offered = {item.code for item in version.items}
    for index, item in enumerate(items):
        if item not in offered:
            yield Problem(("items", index), "该目录版本没有这个信息项", item)


def _answers_badly(
    paper: documents.ReplyPaper,
    application: documents.ApplicationPaper,
    version: documents.CatalogueVersionPaper,
) -> Iterator[Problem]:
    granted = paper.grant.items if paper.grant is not None else ()
    answered = {*granted, *(refusal.item for refusal in paper.refusals)}
    for item in application.items:
        if item not in answered:
            yield Problem(("refusals",), "申请的信息项既未授予也未说明不予共享的理由", item)
    for item in sorted(answered.difference(application.items)):
        yield Problem(("grant", "items"), "申请中没有这个信息项", item)
    conditions = version.conditions.cited() if version.conditions is not None else frozenset()
    for index, refusal in enumerate(paper.refusals):
        ground = refusal.ground
        if ground.kind == "共享条件" and ground.citation not in conditions:
            yield Problem(
                ("refusals", index, "ground", "citation"),
                "目录没有列明这一共享条件（条例第十五条）",
                ground.citation,
            )
