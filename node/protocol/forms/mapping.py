"""The published mapping from a document to the fields of the struct that binds it.

Chain fields are authoritative (design.md section 4.3): the mapping shows whether the paper behind
a decision says the same. A reader that finds a difference marks the object contradictory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...crypto import Sm2PublicKey
from ..ledger.enums import Role
from ..wire import ids, items
from .fields import Period, ends, starts
from .parties import (
    DEPARTMENT_KINDS,
    KEY_KINDS,
    LEVELS,
    ROLES,
    ApplicationObjectPaper,
    DepartmentPaper,
    KeyPaper,
    RevocationPaper,
    RolesPaper,
)
from .sharing import (
    ANSWERS,
    MODES,
    STEPS,
    ApplicationPaper,
    ReplyPaper,
    StepPaper,
)
from .versions import SHARE_TYPES, CatalogueVersionPaper, ReviewPaper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .document import Document

Fields = dict[str, Any]


def derive(document: Document, *, version: CatalogueVersionPaper | None = None) -> Fields:
    """Return the struct fields that follow from `document`: ids raw bytes, times chain seconds.

    Names are the ABI's. The fields of a list's element (one Version, Review, Application) are
    given for that element; an application names its entry as `entry`. The bitmap `items` follows
    only when the pinned catalogue `version` is given. Terms bind no field.

    Raises:
        ItemNotGranted: the document names an item that `version` does not have.
    """
    if document.kind == "application":
        return _application(document.body, version)
    if document.kind == "reply":
        return _reply(document.body, version)
    return _DERIVED[document.kind](document.body)


def contradicts(
    document: Document,
    struct: Mapping[str, Any],
    *,
    version: CatalogueVersionPaper | None = None,
) -> list[str]:
    """Return the names of the fields in which `struct` differs from what `document` says."""
    derived = derive(document, version=version)
    return sorted(name for name, value in derived.items() if struct.get(name) != value)


def digest_or_zero(digest: str | None) -> bytes:
    """Return 32 bytes; none is 32 zero bytes on the chain."""
    return ids.ZERO if digest is None else bytes.fromhex(digest)


def _period(paper: Period) -> Fields:
    return {"validFrom": starts(paper.valid_from), "validUntil": ends(paper.valid_until)}


def _department(paper: DepartmentPaper) -> Fields:
    head = Sm2PublicKey.from_raw(bytes.fromhex(paper.head.public_key))
    return {
        "department": ids.department_id(paper.code),
        "parent": ids.department_id(paper.parent),
        "competent": ids.department_id(paper.competent),
        "kind": int(DEPARTMENT_KINDS[paper.kind]),
        "level": int(LEVELS[paper.level]),
        "screening": paper.screening,
        "headX": head.x,
        "headY": head.y,
    }


def _key(paper: KeyPaper) -> Fields:
    key = Sm2PublicKey.from_raw(bytes.fromhex(paper.public_key))
    department = ids.department_id(paper.holder.department)
    application = paper.holder.application
    holder = department if application is None else ids.application_id(department, application)
    return {
        "holder": holder,
        "kind": int(KEY_KINDS[paper.kind]),
        "qx": key.x,
        "qy": key.y,
        **_period(paper),
    }


def _revocation(paper: RevocationPaper) -> Fields:
    return {"key": bytes.fromhex(paper.key)}


def _roles(paper: RolesPaper) -> Fields:
    bits = Role(0)
    for name in paper.roles:
        bits |= ROLES[name]
    return {
        "department": ids.department_id(paper.department),
        "key": bytes.fromhex(paper.key),
        "roles": int(bits),
        **_period(paper),
    }


def _application_object(paper: ApplicationObjectPaper) -> Fields:
    return {
        "department": ids.department_id(paper.department),
        "codeHash": ids.code_hash(paper.code),
    }


def _catalogue_version(paper: CatalogueVersionPaper) -> Fields:
    return {
        "department": ids.department_id(paper.department),
        "codeHash": ids.code_hash(paper.code),
        "version": paper.version,
        "shareType": int(SHARE_TYPES[paper.share_type]),
        "itemCount": len(paper.items),
    }


def _review(paper: ReviewPaper) -> Fields:
    return {
        "reviews": [
            {
                "entry": ids.entry_id(ids.department_id(verdict.department), verdict.code),
                "version": verdict.version,
                "publish": verdict.publish,
                "subject": bytes.fromhex(verdict.subject),
            }
            for verdict in paper.reviews
        ]
    }


def _application(paper: ApplicationPaper, version: CatalogueVersionPaper | None) -> Fields:
    department = ids.department_id(paper.department)
    fields = {
        "department": department,
        "entry": ids.entry_id(ids.department_id(paper.entry.department), paper.entry.code),
        "version": paper.entry.version,
        "purpose": ids.purpose_id(paper.purpose.code),
        "application": ids.application_id(department, paper.application.code),
        "mode": int(MODES[paper.mode]),
        **_period(paper),
        "callsPerDay": paper.calls_per_day,
        "rowsPerDay": paper.rows_per_day,
        "terms": digest_or_zero(paper.terms),
    }
    if version is not None:
        fields["items"] = items.bitmap(version_codes(version), paper.items)
    return fields


def _reply(paper: ReplyPaper, version: CatalogueVersionPaper | None) -> Fields:
    fields: Fields = {
        "authorisation": paper.authorisation,
        "answer": int(ANSWERS[paper.answer]),
        "subject": bytes.fromhex(paper.subject),
    }
    grant = paper.grant
    if grant is None:
        return {**fields, "items": 0}
    fields |= {
        "mode": int(MODES[grant.mode]),
        **_period(grant),
        "callsPerDay": grant.calls_per_day,
        "rowsPerDay": grant.rows_per_day,
        "terms": digest_or_zero(grant.terms),
    }
    if version is not None:
        fields["items"] = items.bitmap(version_codes(version), grant.items)
    return fields


def _step(paper: StepPaper) -> Fields:
    return {
        "authorisation": paper.authorisation,
        "step": int(STEPS[paper.step]),
        "revision": paper.revision,
        "subject": digest_or_zero(paper.subject),
    }


def _nothing(_: object) -> Fields:
    return {}


def version_codes(version: CatalogueVersionPaper) -> list[str]:
    """Return the item codes in the order of the bitmap's bits."""
    return [item.code for item in version.items]


_DERIVED: dict[str, Callable[[Any], Fields]] = {
    "department": _department,
    "key": _key,
    "revocation": _revocation,
    "roles": _roles,
    "application-object": _application_object,
    "catalogue-version": _catalogue_version,
    "review": _review,
    "step": _step,
    "terms": _nothing,
}
