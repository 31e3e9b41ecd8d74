"""Documents of a bundle: each bound by a decision on chain, none against what the chain says.

A bundle may leave documents out (a reader may not be entitled to one, an order may have removed
it), save those the claim cannot be checked without. What is in it must be somebody's signed paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .. import forms as documents
from ..ledger.registry import place
from ..ledger.report import checking, refuse
from ..wire.ids import ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..evm.abi import ChainEvent
    from ..ledger.world import World
    from .bundle import Bundle


class Binding(NamedTuple):
    """A decision's word about a document."""

    event: ChainEvent
    kind: str
    """What kind of document it must be."""
    struct: dict[str, Any]
    """The fields that must follow from it."""


_KINDS = {
    "DepartmentEnrolled": "department",
    "KeyAdded": "key",
    "KeyRevoked": "revocation",
    "RolesGranted": "roles",
    "ApplicationRegistered": "application-object",
    "VersionsReviewed": "review",
    "Replied": "reply",
    "Advanced": "step",
}


def list_bindings(event: ChainEvent) -> Iterator[tuple[bytes, Binding]]:
    """Yield (digest, binding) for every document that a decision names."""
    args = event.args
    if event.name == "VersionsSubmitted":
        for one in args["versions"]:
            struct = {**one, "department": args["department"]}
            yield one["digest"], Binding(event, "catalogue-version", struct)
    if event.name == "Applied":
        for one in args["applications"]:
            struct = {**one, "department": args["department"]}
            yield one["digest"], Binding(event, "application", struct)
            yield one["terms"], Binding(event, "terms", {})
    if event.name in {"Replied", "StandingReplySet"}:
        yield args["terms"], Binding(event, "terms", {})
    if event.name in _KINDS:
        yield args["digest"], Binding(event, _KINDS[event.name], args)


def verify_documents(
    bundle: Bundle, events: Iterable[ChainEvent], world: World
) -> Mapping[bytes, documents.Document]:
    """Check every document of the bundle and return them parsed.

    Raises:
        EvidenceInvalid: one that no decision names, or that says something else than its decision.
    """
    bound: dict[bytes, list[Binding]] = {}
    for event in events:
        for digest, binding in list_bindings(event):
            if digest != ZERO:
                bound.setdefault(digest, []).append(binding)
    parsed = {}
    for position, (digest, data) in enumerate(sorted(bundle.documents.items())):
        where = f"documents[{position}]"
        if digest not in bound:
            refuse(
                where,
                f"没有任何决定引用这份文书（SM3 {digest.hex()}）",
                f"no decision names the document with SM3 {digest.hex()}",
            )
        with checking(where, "文书格式不合规范", "not a well-formed document"):
            parsed[digest] = documents.parse(data)
    for digest, document in parsed.items():
        for binding in bound[digest]:
            _check_agreement(document, binding, world, parsed)
    return parsed


def _check_agreement(
    document: documents.Document,
    binding: Binding,
    world: World,
    parsed: Mapping[bytes, documents.Document],
) -> None:
    where = f"document {document.digest.hex()}"
    if document.kind != binding.kind:
        refuse(
            where,
            f"文书种类是 {document.kind},决定引用的是 {binding.kind}",
            f"a document of kind {document.kind} where {place(binding.event)} names {binding.kind}",
        )
    version = parsed.get(_pinned_version(binding, world))
    with checking(where, "文书与链上字段矛盾", "contradicts the chain"):
        differing = documents.contradicts(
            document, binding.struct, version=version.body if version else None
        )
    if differing:
        refuse(
            where,
            f"文书与链上字段矛盾：{'、'.join(differing)}",
            f"differs from {place(binding.event)} in {', '.join(differing)}",
        )


def _pinned_version(binding: Binding, world: World) -> bytes:
    """Return the digest of the version an application or reply speaks of; empty for others."""
    entry: bytes
    version: int
    if binding.kind == "application":
        entry, version = binding.struct["entry"], binding.struct["version"]
    elif binding.kind == "reply":
        one = world.authorisations.by_id[binding.struct["authorisation"]]
        entry, version = one.entry, one.version
    else:
        return b""
    return world.catalogue.entries[entry].versions[version].digest
