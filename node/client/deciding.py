"""What a node prepared, held against what was asked, before anybody signs it.

The node is not believed. From the documents' bytes everything is computed anew: digests, the
struct's members, the EIP-712 hash (the text that is signed follows from it). What somebody asked
for has to stand in the documents word for word (`asking`); what the node added is named, so that
it can be read. One thing is taken from its word: which catalogue version and which authorisation
the numbers it filled in stand for; whoever signs reads their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ..crypto import decision_text
from ..errors import LedgerError, VerificationError
from ..protocol import forms as documents
from ..protocol.evm.decision import DECISIONS, hash_decision
from ..protocol.forms.sharing import PROTECTIVE_STEPS
from ..protocol.ledger.enums import DepartmentStatus
from ..protocol.wire import ids
from .asking import Asked, Written, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..protocol.evm.decision import DecisionType, Domain
    from ..protocol.forms import Document
    from ..protocol.wire.prepared import Prepared

LONGEST_SECONDS = 7 * 24 * 60 * 60
"""How far ahead `notAfter` may lie; the contracts allow no more."""
NO_GRANT = {
    **dict.fromkeys(("mode", "validFrom", "validUntil", "callsPerDay", "rowsPerDay"), 0),
    "terms": ids.ZERO,
}
"""What a refusal carries in the place of a grant."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A decision that says what was asked, ready to be signed."""

    kind: DecisionType
    documents: tuple[Document, ...]
    references: tuple[Document, ...]
    message: dict[str, Any]
    domain: Domain
    hash: bytes
    """Computed here: what is signed."""
    added: tuple[tuple[str, Any], ...]
    """(place, value) of what the node filled in: nobody asked for it."""

    @property
    def text(self) -> bytes:
        """The 85 bytes that are signed."""
        return decision_text(self.hash)


def check_prepared(
    prepared: Prepared,
    asked: Asked | None,
    *,
    now: float,
    require_domain: Callable[[str, Domain], object],
) -> Reviewed:
    """Return what a node prepared if it is what was `asked`, and nothing else.

    `asked` is None where somebody else asked (the agent's page): then every word is the node's.
    `require_domain` is called with the contract's name and what the node says it is, and raises
    where this is not known to be so. `now` in seconds.

    Raises:
        VerificationError: a part differs from what follows from the others, or from what was asked.
    """
    if asked is not None and prepared.kind != asked.kind:
        _refuse("决定的种类", "the kind of decision", prepared.kind)
    declared, message = DECISIONS[prepared.kind], dict(prepared.message)
    try:
        papers = tuple(documents.parse(data) for data in prepared.documents)
        rests_on = tuple(documents.parse(data) for data in prepared.references)
        follows = _struct(prepared.kind, papers, rests_on, message)
    except VerificationError:
        raise
    except LedgerError as error:
        raise VerificationError(
            f"节点准备的文件不合规定，未签署 / a document is not as it must be: {error.message}"
        ) from error
    _compare_struct(message, follows, now)
    require_domain(declared.contract, prepared.domain)
    added: tuple[tuple[str, Any], ...] = ()
    if asked is not None:
        added = tuple(compare(asked, Written(papers, rests_on, message)))
    digest = hash_decision(declared, message, prepared.domain)
    return Reviewed(declared, papers, rests_on, message, prepared.domain, digest, added)


def _compare_struct(message: Mapping[str, Any], follows: Mapping[str, Any], now: float) -> None:
    """Refuse a struct that says something else than its papers, or for longer than is lawful."""
    if set(message) != set(follows) | {"nonce", "notAfter"}:
        _refuse("结构的成员", "the struct's members", sorted(set(message) ^ set(follows)))
    for name, value in follows.items():
        if message[name] != value:
            _refuse(f"结构的 {name}", f"the struct's {name}", message[name])
    term = message["notAfter"]
    if not now < term <= now + LONGEST_SECONDS:
        _refuse("决定的有效期", "notAfter", term)


def _struct(
    kind: str,
    papers: Sequence[Document],
    references: Sequence[Document],
    message: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the struct must say by its papers; where there is none, what it says itself.

    Raises:
        LedgerError: the papers are not those of such a decision.
    """
    if kind in _WITHOUT_PAPER or (kind in _AT_ONCE and not papers):
        _use_terms(papers, [message])
        if kind == "Step" and message["step"] not in PROTECTIVE_STEPS:
            _refuse("所附文件", "a step without its document", message["step"])
        return {
            **{name: each for name, each in message.items() if name not in {"nonce", "notAfter"}},
            **_AT_ONCE.get(kind, {}),
        }
    if kind == "SubmitVersions":
        return _batch(papers, "versions", [_bound(paper, "catalogue-version") for paper in papers])
    if kind == "ApplyFor":
        return _batch(papers, "applications", list(_applications(papers, references)))
    *terms, paper = papers or _refuse("所附文件", "the documents", [])
    bound = _bound(paper, *_PAPERS[kind], references=references)
    _use_terms(terms, [bound])
    if kind == "Reply":
        bound = {**NO_GRANT, **bound}
    # What the decision must not have, as a head key in an update, is None.
    return {name: value for name, value in bound.items() if value is not None}


def _batch(papers: Sequence[Document], name: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    departments = {part.pop("department") for part in parts}
    if len(departments) != 1:
        _refuse("所附文件", "the documents", [paper.kind for paper in papers])
    return {"department": departments.pop(), name: parts}


def _applications(
    papers: Sequence[Document], references: Sequence[Document]
) -> Iterator[dict[str, Any]]:
    """Yield what each application binds; new terms stand before the application they are of."""
    terms: list[Document] = []
    for paper in papers:
        if paper.kind == "terms":
            terms.append(paper)
            continue
        bound = _bound(paper, "application", references=references)
        _use_terms(terms, [bound])
        terms = []
        yield bound
    _use_terms(terms, [])


def _use_terms(terms: Sequence[Document], bound: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a document that no field names: it would be kept, and prove nothing."""
    named = {part.get("terms") for part in bound}
    for each in terms:
        if each.kind != "terms" or each.digest not in named:
            _refuse("所附文件", "a document that nothing names", each.digest.hex())


def _bound(paper: Document, *kinds: str, references: Sequence[Document] = ()) -> dict[str, Any]:
    """Return what a paper binds.

    The bitmap of items follows only beside the pinned version.
    """
    if paper.kind not in kinds:
        _refuse("文件的种类", "the kind of document", paper.kind)
    version = None
    if paper.kind in documents.NEED_VERSION and _items_of(paper.body):
        version = _version_of(paper.body, references)
    return {**documents.derive(paper, version=version), "digest": paper.digest}


def _items_of(body: Any) -> Sequence[str]:  # noqa: ANN401 - the papers that name items
    grant = getattr(body, "grant", body)
    return () if grant is None else tuple(grant.items)


def _version_of(
    body: Any,  # noqa: ANN401 - the papers that name items
    references: Sequence[Document],
) -> documents.CatalogueVersionPaper:
    """Find the version among the references; an application says which, others have but one."""
    entry = getattr(body, "entry", None)
    wanted = None if entry is None else (entry.department, entry.code, entry.version)
    versions = [each.body for each in references if each.kind == "catalogue-version"]
    found = [
        each for each in versions if wanted in {None, (each.department, each.code, each.version)}
    ]
    if not found or (wanted is None and len(found) > 1):
        _refuse("目录版本", "the pinned version, without which items mean nothing", wanted)
    version: documents.CatalogueVersionPaper = found[0]
    return version


def _refuse(chinese: str, english: str, value: object) -> NoReturn:
    shown = value.hex() if isinstance(value, bytes) else repr(value)
    raise VerificationError(
        f"节点准备的决定与所要求的不符，未签署：{chinese}（{shown:.200}）"
        f" / what the node prepared differs in {english}; nothing was signed",
        value=shown[:200],
    )


_WITHOUT_PAPER = frozenset({"RegisterLog", "SetStandingReply", "ListContract"})
_AT_ONCE: dict[str, dict[str, Any]] = {
    "SetDepartmentStatus": {"status": int(DepartmentStatus.SUSPENDED), "digest": ids.ZERO},
    "Step": {"outcome": 0, "effective": 0, "subject": ids.ZERO, "digest": ids.ZERO},
}
"""What decisions say that protect at once, their paper to follow."""
_PAPERS: dict[str, tuple[str, ...]] = {
    "EnrolDepartment": ("department",),
    "UpdateDepartment": ("department",),
    "SetDepartmentStatus": ("department-status",),
    "RecoverKey": ("recovery",),
    "AddKey": ("key", "officer-key"),
    "RevokeKey": ("revocation",),
    "GrantRoles": ("roles",),
    "RegisterApplication": ("application-object",),
    "SupersedeLog": ("log-succession",),
    "ReviewVersions": ("review",),
    "SubmitWithdrawal": ("withdrawal",),
    "ReviewWithdrawal": ("withdrawal-review",),
    "FreezeEntry": ("freeze-order",),
    "UnfreezeEntry": ("unfreeze-order",),
    "Reply": ("reply",),
    "Step": ("step",),
    "Change": ("change",),
}
"""The paper whose words the whole struct of a decision says."""
