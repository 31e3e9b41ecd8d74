"""Projection of ShareAuthorisations: the terms and the state of every authorisation.

The state after a decision is taken from its event, never computed here: the contract decides.
Each decision leaves a full copy in `authorisation_step`: the terms at any past block can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.protocol.ledger.enums import (
    Answer,
    AuthorisationState,
    Role,
    Step,
)

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

    from node.protocol.evm.abi import ChainEvent

    from ..rows import Row, Rows
    from .objects import ObjectRef

_BY_PROVIDER_OR_COMPETENT = {
    Step.SUSPEND: Role.OFFICE_HEAD | Role.DUTY_OFFICER,
    Step.RESUME: Role.OFFICE_HEAD,
    Step.TERMINATE_FOR_CAUSE: Role.OFFICE_HEAD,
}
"""Steps open to either, with the roles by which the provider takes them (StepTable.sol)."""
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
        _step(rows, event, row, name="ApplyFor", digest=application["digest"])
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
    _step(rows, event, row, name="Reply", digest=args["digest"], answer=args["answer"])
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
        subject=before["subject"] if args["digest"] == ZERO else args["digest"],
    )
    acting = _acting(rows, row, event)
    if args["step"] == Step.SUSPEND:
        before_it = {"prior_state": before["state"], "suspended_by": acting}
        row = rows.change(AUTHORISATION, args["authorisation"], **before_it)
    _step(rows, event, row, name="Step", digest=args["digest"], step=args["step"])
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
        "suspended_by": ZERO,
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


def _step(
    rows: Rows,
    event: ChainEvent,
    row: Row,
    *,
    name: str,
    digest: bytes,
    step: int = 0,
    answer: int = 0,
) -> None:
    rows.add(
        AUTHORISATION_STEP,
        {
            **row,
            "seq": event.seq,
            "name": name,
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


def _acting(rows: Rows, row: Row, event: ChainEvent) -> bytes:
    """Return who took the step, by the contract's order of precedence."""
    step, provider = event.args["step"], bytes(row["provider"])
    if step in _BY_CONSUMER:
        return bytes(row["consumer"])
    competent = bytes(rows.get(DEPARTMENT, provider)["competent"])
    if step in _BY_COMPETENT:
        return competent
    roles = _BY_PROVIDER_OR_COMPETENT.get(step)
    if roles is None or provider == competent:
        return provider
    if step == Step.RESUME and row["suspended_by"] != provider:
        return competent  # only who suspended, or the competent department
    return provider if _holds(rows, provider, roles, event) else competent


def _holds(rows: Rows, department: bytes, roles: Role, event: ChainEvent) -> bool:
    grant = rows.find(ROLE, department, event.args["signingKey"])
    if grant is None or not grant["valid_from"] <= event.timestamp < grant["valid_until"]:
        return False
    return bool(grant["roles"] & roles)


HANDLERS = {"Applied": applied, "Replied": replied, "Advanced": advanced}
