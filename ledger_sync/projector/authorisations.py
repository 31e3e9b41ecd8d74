"""Projection of ShareAuthorisations: the terms and the state of every authorisation.

The state after a decision is taken from its event, never computed here: the contract decides.
Each decision leaves a full copy in `authorisation_step`: the terms at any past block can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.protocol.enums import Answer, AuthorisationState, Step

from ..tables import (
    AUTHORISATION,
    AUTHORISATION_STEP,
    DEPARTMENT,
    ENTRY,
    ROLE,
    STANDING_REPLY,
)
from .objects import (
    ZERO,
    Concern,
    ObjectKind,
    authorisation_ref,
    department_ref,
    document_refs,
    entry_ref,
    version_ref,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.protocol.abi import ChainEvent

    from ..rows import Row, Rows
    from .objects import ObjectRef

_BY_COMPETENT = {
    Step.PASS,
    Step.RETURN,
    Step.GRANT_EXTENSION,
    Step.REJECT_EXTENSION,
    Step.RULE_DISPUTE,
}
_BY_CONSUMER = {
    Step.SUPPLEMENT,
    Step.WITHDRAW,
    Step.CONFIRM,
    Step.RECTIFY,
    Step.FINISH,
    Step.REPORT_DISPOSAL,
}


def applied(rows: Rows, event: ChainEvent) -> Concern:
    """Open one authorisation per application; the contract numbers them from `first`."""
    args = event.args
    objects: list[ObjectRef] = [department_ref(args["department"])]
    pairs = zip(args["applications"], args["states"], strict=True)
    for number, (application, state) in enumerate(pairs, start=args["first"]):
        row = _opened(rows, args["department"], number, application, state)
        rows.insert(AUTHORISATION, row)
        _step(rows, event, row, digest=application["digest"])
        objects += [
            authorisation_ref(number),
            entry_ref(row["entry"]),
            version_ref(row["entry"], row["version"]),
            (ObjectKind.APPLICATION, row["application"]),
            *document_refs(application["digest"], application["terms"]),
        ]
    return Concern(args["department"], tuple(objects))


def replied(rows: Rows, event: ChainEvent) -> Concern:
    """Apply the provider's answer; an agreement's fields replace those applied for."""
    args = event.args
    changes: dict[str, Any] = {"state": args["state"], "subject": args["digest"]}
    if args["answer"] != Answer.REFUSE:
        changes |= _terms(args) | {"items": args["items"], "mode": args["mode"]}
    row = rows.change(AUTHORISATION, args["authorisation"], **changes)
    _step(rows, event, row, digest=args["digest"], answer=args["answer"])
    documents = document_refs(args["digest"], args["terms"])
    return Concern(row["provider"], (*_about(row), *documents))


def advanced(rows: Rows, event: ChainEvent) -> Concern:
    """Apply one step; a document that comes with it is what the next decision answers."""
    args = event.args
    before = rows.get(AUTHORISATION, args["authorisation"])
    row = rows.change(
        AUTHORISATION,
        args["authorisation"],
        state=args["state"],
        prior_state=_prior(before, args["state"]),
        subject=before["subject"] if args["digest"] == ZERO else args["digest"],
    )
    _step(rows, event, row, digest=args["digest"], step=args["step"])
    acting = _acting(rows, row, args["step"], args["signingKey"])
    return Concern(acting, (*_about(row), *document_refs(args["digest"])))


def _opened(
    rows: Rows, consumer: bytes, number: int, application: Mapping[str, Any], state: int
) -> Row:
    terms = _terms(application)
    if state == AuthorisationState.AGREED:
        standing = rows.get(STANDING_REPLY, application["entry"])
        for quota in ("calls_per_day", "rows_per_day"):
            terms[quota] = min(terms[quota], standing[quota])
    return {
        "authorisation": number,
        "provider": rows.get(ENTRY, application["entry"])["provider"],
        "consumer": consumer,
        "entry": application["entry"],
        "version": application["version"],
        "items": application["items"],
        "purpose": application["purpose"],
        "application": application["application"],
        "mode": application["mode"],
        "state": state,
        "prior_state": 0,
        "revision": 1,
        **terms,
        "subject": application["digest"],
    }


def _terms(args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "valid_from": args["validFrom"],
        "valid_until": args["validUntil"],
        "calls_per_day": args["callsPerDay"],
        "rows_per_day": args["rowsPerDay"],
        "terms": args["terms"],
    }


def _prior(before: Mapping[str, Any], state: int) -> int:
    """Return the state a resumption leads back to; 0 once resumed or ended."""
    if state == AuthorisationState.SUSPENDED:
        return int(before["prior_state"] or before["state"])
    return int(before["prior_state"]) if state == AuthorisationState.RECTIFIED else 0


def _step(
    rows: Rows, event: ChainEvent, row: Row, *, digest: bytes, step: int = 0, answer: int = 0
) -> None:
    rows.add(
        AUTHORISATION_STEP,
        {
            **row,
            "seq": event.seq,
            "name": event.name,
            "step": step,
            "answer": answer,
            "block": event.block_number,
            "digest": digest,
        },
    )


def _about(row: Row) -> tuple[ObjectRef, ...]:
    return (
        authorisation_ref(row["authorisation"]),
        entry_ref(row["entry"]),
        version_ref(row["entry"], row["version"]),
    )


def _acting(rows: Rows, row: Row, step: int, key: bytes) -> bytes:
    if step in _BY_CONSUMER:
        return bytes(row["consumer"])
    provider: bytes = row["provider"]
    # Some steps are open to the provider and to its competent department: the key's role tells.
    if step in _BY_COMPETENT or rows.find(ROLE, provider, key) is None:
        return bytes(rows.get(DEPARTMENT, provider)["competent"])
    return provider


HANDLERS = {"Applied": applied, "Replied": replied, "Advanced": advanced}
