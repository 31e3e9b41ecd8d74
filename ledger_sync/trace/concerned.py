"""What one call concerns in the ledger: its decisions, and the documents behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.protocol.ledger.enums import KeyKind
from node.protocol.wire.ids import ZERO
from node.protocol.wire.signedcall import parse_base

from ..objects import authorisation_ref, version_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.protocol.ledger.facts import AuthorisationFact
    from node.protocol.wire.leaf import Leaf

    from ..facts import DecisionFact
    from ..queries import Queries


def list_decisions(queries: Queries, one: AuthorisationFact) -> list[DecisionFact]:
    """Return the decisions on an authorisation, in chain order."""
    return queries.decisions_of(*authorisation_ref(one.authorisation))


def list_version_decisions(queries: Queries, entry: bytes, version: int) -> list[DecisionFact]:
    """Return the decisions on one version of an entry: submitted, reviewed; in chain order.

    Decisions on an authorisation for that version are not among them.
    """
    found = queries.decisions_of(*version_ref(entry, version))
    return [one for one in found if one.contract == "CatalogueRegistry"]


def list_documents(queries: Queries, log: bytes, leaf: Leaf) -> list[bytes]:
    """Return the digests of all documents a call rests on, each once, in a fixed order."""
    digests = {
        *_of_keys(queries, log, leaf),
        *_of_authorisation(queries, leaf.authorisation),
    }
    return sorted(digests - {ZERO})


def _of_keys(queries: Queries, log: bytes, leaf: Leaf) -> Iterator[bytes]:
    """Yield the documents of the log's keys and department, and of the caller's key."""
    registered = queries.find_log(log)
    if registered is not None:
        yield from _of_department(queries, registered.department)
        for key in queries.keys_of(registered.department):
            if key.kind == KeyKind.DEPARTMENT:
                yield key.digest
    caller = queries.find_key(parse_base(leaf.base).key_id)
    if caller is not None:
        yield caller.digest
        yield from _of_application(queries, caller.holder)


def _of_authorisation(queries: Queries, authorisation: int) -> Iterator[bytes]:
    steps = queries.steps(authorisation)
    if not steps:
        return
    one = steps[0].after
    for step in steps:
        yield step.digest
        yield step.after.terms
    for version in queries.versions(one.entry):
        if version.version == one.version:
            yield version.digest
            yield version.review_digest or ZERO
    yield from _of_application(queries, one.application)
    for department in (one.provider, one.consumer):
        yield from _of_department(queries, department)
    decisions = list_decisions(queries, one)
    decisions += list_version_decisions(queries, one.entry, one.version)
    for decision in decisions:
        yield from _of_signer(queries, decision)


def _of_application(queries: Queries, application: bytes) -> Iterator[bytes]:
    fact = queries.get_application(application)
    yield fact.digest
    yield from _of_department(queries, fact.department)


def _of_department(queries: Queries, department: bytes) -> Iterator[bytes]:
    fact = queries.find_department(department)
    if fact is not None:
        yield fact.digest
        if fact.competent != department:
            yield from _of_department(queries, fact.competent)


def _of_signer(queries: Queries, decision: DecisionFact) -> Iterator[bytes]:
    """Yield the papers of who signed: the key's, and those of its roles where it acted."""
    key = queries.find_key(decision.signing_key)
    if key is not None:
        yield key.digest
    for role in queries.roles_of(decision.signing_key):
        if role.department == decision.acting:
            yield role.digest
