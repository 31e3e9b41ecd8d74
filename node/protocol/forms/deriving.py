"""The published mapping from a document to the fields of the struct that binds it.

Chain fields are authoritative (design.md section 4.3): the mapping shows whether the paper behind
a decision says the same. A reader that finds a difference marks the object contradictory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...crypto import Sm2PublicKey
from ..ledger.enums import KeyKind, Role
from ..wire import ids, items
from . import parties, sharing, versions
from .fields import Period, ends, starts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .document import Document

Fields = dict[str, Any]
_Version = versions.CatalogueVersionPaper | None


def derive(document: Document, *, version: versions.CatalogueVersionPaper | None = None) -> Fields:
    """Return the struct fields that follow from `document`: ids raw bytes, times chain seconds.

    Names are the ABI's. The fields of a list's element (one Version, Review, Application) are
    given for that element; an application names its entry as `entry`. The bitmap `items` follows
    only when the pinned catalogue `version` is given. Terms bind no field. A field that the
    decision must not have, as the head key in an update of a department, is None.

    Raises:
        ItemNotGranted: the document names an item that `version` does not have.
    """
    if document.kind in NEED_VERSION:
        return _WITH_VERSION[document.kind](document.body, version)
    return _DERIVED[document.kind](document.body)


def contradicts(
    document: Document,
    struct: Mapping[str, Any],
    *,
    version: versions.CatalogueVersionPaper | None = None,
) -> list[str]:
    """Return the names of the fields in which `struct` differs from what `document` says."""
    derived = derive(document, version=version)
    return sorted(name for name, value in derived.items() if struct.get(name) != value)


def digest_or_zero(digest: str | None) -> bytes:
    """Return 32 bytes; none is 32 zero bytes on the chain."""
    return ids.ZERO if digest is None else bytes.fromhex(digest)


def _period(paper: Period) -> Fields:
    return {"validFrom": starts(paper.valid_from), "validUntil": ends(paper.valid_until)}


def _department(paper: parties.DepartmentPaper) -> Fields:
    fields: Fields = {
        "department": ids.department_id(paper.code),
        "competent": ids.department_id(paper.competent),
        "screening": paper.screening,
        "mayEnrol": paper.may_enrol,
    }
    if paper.head is None:
        # An enrolment registers a key; its paper must say whose.
        return {**fields, "headX": None}
    return {
        **fields,
        "parent": ids.department_id(paper.parent),
        "kind": int(parties.DEPARTMENT_KINDS[paper.kind]),
        "level": int(parties.LEVELS[paper.level]),
        **_head(paper.head),
    }


def _head(head: parties.HeadOfficer) -> Fields:
    key = Sm2PublicKey.from_raw(bytes.fromhex(head.public_key))
    return {"headX": key.x, "headY": key.y, "person": bytes.fromhex(head.person)}


def _owner(paper: Any) -> Fields:  # noqa: ANN401 - the papers that name a department
    return {"department": ids.department_id(paper.department)}


def _entry(paper: Any) -> Fields:  # noqa: ANN401 - whatever names an entry
    return {"entry": ids.entry_id(ids.department_id(paper.department), paper.code)}


def _key(paper: parties.KeyPaper) -> Fields:
    department = ids.department_id(paper.holder.department)
    application = paper.holder.application
    holder = department if application is None else ids.application_id(department, application)
    return {**_added(paper, paper.public_key, int(parties.KEY_KINDS[paper.kind])), "holder": holder}


def _officer_key(paper: parties.OfficerKeyPaper) -> Fields:
    return {
        **_added(paper, paper.public_key, int(KeyKind.OFFICER)),
        "holder": ids.department_id(paper.department),
        "person": bytes.fromhex(paper.person),
    }


def _added(paper: Period, public_key: str, kind: int) -> Fields:
    key = Sm2PublicKey.from_raw(bytes.fromhex(public_key))
    return {"kind": kind, "qx": key.x, "qy": key.y, "person": ids.ZERO, **_period(paper)}


def _roles(paper: parties.RolesPaper) -> Fields:
    bits = Role(0)
    for name in paper.roles:
        bits |= parties.ROLES[name]
    return {
        **_owner(paper),
        "key": bytes.fromhex(paper.key),
        "roles": int(bits),
        **_period(paper),
    }


def _catalogue_version(paper: versions.CatalogueVersionPaper) -> Fields:
    return {
        **_owner(paper),
        "codeHash": ids.code_hash(paper.code),
        "version": paper.version,
        "shareType": int(versions.SHARE_TYPES[paper.share_type]),
        "itemCount": len(paper.items),
    }


def _review(
    answer: str,
) -> Callable[[versions.ReviewPaper | versions.WithdrawalReviewPaper], Fields]:
    """Return the mapping of a review whose verdicts say yes or no in the member `answer`."""

    def read(paper: versions.ReviewPaper | versions.WithdrawalReviewPaper) -> Fields:
        verdicts = [
            {
                **_entry(verdict),
                "version": verdict.version,
                answer: getattr(verdict, answer),
                "subject": bytes.fromhex(verdict.subject),
            }
            for verdict in paper.reviews
        ]
        return {"reviews": verdicts}

    return read


def _withdrawal(paper: versions.WithdrawalPaper) -> Fields:
    department = ids.department_id(paper.department)
    return {
        "department": department,
        "withdrawals": [
            {"entry": ids.entry_id(department, each.code), "version": each.version}
            for each in paper.withdrawals
        ],
    }


def _application(paper: sharing.ApplicationPaper, version: _Version) -> Fields:
    department = ids.department_id(paper.department)
    fields = {
        "department": department,
        **_entry(paper.entry),
        "version": paper.entry.version,
        "purpose": ids.purpose_id(paper.purpose.code),
        "application": ids.application_id(department, paper.application.code),
        "mode": int(sharing.MODES[paper.mode]),
    }
    return fields | _granted(paper, version)


def _granted(paper: sharing.Granted, version: _Version) -> Fields:
    fields = {
        **_period(paper),
        "callsPerDay": paper.calls_per_day,
        "rowsPerDay": paper.rows_per_day,
        "terms": digest_or_zero(paper.terms),
    }
    if version is not None:
        fields["items"] = items.bitmap(version_codes(version), paper.items)
    return fields


def _reply(paper: sharing.ReplyPaper, version: _Version) -> Fields:
    fields: Fields = {
        "authorisation": paper.authorisation,
        "answer": int(sharing.ANSWERS[paper.answer]),
        "subject": bytes.fromhex(paper.subject),
    }
    grant = paper.grant
    if grant is None:
        return {**fields, "items": 0}
    return fields | {"mode": int(sharing.MODES[grant.mode])} | _granted(grant, version)


def _step(paper: sharing.StepPaper) -> Fields:
    return {
        "authorisation": paper.authorisation,
        "step": int(sharing.STEPS[paper.step]),
        "revision": paper.revision,
        "outcome": 0 if paper.outcome is None else int(sharing.OUTCOMES[paper.outcome]),
        "effective": 0 if paper.effective is None else ends(paper.effective),
        "subject": digest_or_zero(paper.subject),
    }


def _change(paper: sharing.ChangePaper, version: _Version) -> Fields:
    return {
        "authorisation": paper.authorisation,
        "step": int(sharing.STEPS[paper.step]),
        "revision": paper.revision,
        "subject": bytes.fromhex(paper.subject),
        **_granted(paper, version),
    }


def version_codes(version: versions.CatalogueVersionPaper) -> list[str]:
    """Return the item codes in the order of the bitmap's bits."""
    return [item.code for item in version.items]


_WITH_VERSION: dict[str, Callable[[Any, _Version], Fields]] = {
    "application": _application,
    "reply": _reply,
    "change": _change,
}
NEED_VERSION = frozenset(_WITH_VERSION)
"""Kinds whose items mean something only beside the pinned catalogue version."""
_DERIVED: dict[str, Callable[[Any], Fields]] = {
    "department": _department,
    "department-status": lambda paper: {
        **_owner(paper),
        "status": int(parties.STATUSES[paper.order]),
    },
    "recovery": lambda paper: {**_owner(paper), **_head(paper.head)},
    "key": _key,
    "officer-key": _officer_key,
    "revocation": lambda paper: {"key": bytes.fromhex(paper.key)},
    "roles": _roles,
    "application-object": lambda paper: {**_owner(paper), "codeHash": ids.code_hash(paper.code)},
    "catalogue-version": _catalogue_version,
    "review": _review("publish"),
    "withdrawal": _withdrawal,
    "withdrawal-review": _review("accept"),
    "freeze-order": _entry,
    "unfreeze-order": _entry,
    "step": _step,
    "terms": lambda _: {},
    "log-succession": lambda paper: {**_owner(paper), "relay": bytes.fromhex(paper.relay)},
}
