"""The acts a town begins with, whoever decides them and wherever: one builder for every town."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.office import cataloguing, departments
from node.protocol import forms as documents
from tests.common import papers
from tests.common.papers import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.crypto import Signer, SoftwareUnwrapper
    from node.office import Act


def enrolment(code: str, head: Signer, url: str, name: str = "") -> Act:
    """Enrol a department under the centre; the centre itself may enrol."""
    body = papers.department(
        code=code,
        name=name or code,
        url=url,
        mayEnrol=code == papers.CENTRE,
        head=papers.head(head),
    )
    return departments.enrol_department(body)


def officer(code: str, signer: Signer, role: str) -> tuple[Act, Act]:
    """Register an officer's key; give it a role in its department."""
    public = signer.public_key
    body = papers.officer_key(
        **ALWAYS,
        department=code,
        post=role,
        person=papers.person_of(signer),
        publicKey=public.raw.hex(),
    )
    granted = papers.roles(**ALWAYS, department=code, key=public.key_id.hex(), roles=[role])
    return departments.add_officer_key(body), departments.grant_roles(granted)


def own_key(code: str, signer: Signer, ed25519: bytes, name: str = "") -> Act:
    """Register a department's own key: what its node and its log sign with."""
    return _key(
        signer,
        holder={"department": code, "application": None},
        kind="部门",
        name=name or code,
        encryptionKey=None,
        ed25519=ed25519.hex(),
    )


def application_key(code: str, signer: Signer, unwrapper: SoftwareUnwrapper) -> Act:
    """Register the key of an application of the education department."""
    return _key(
        signer,
        holder={"department": papers.EDUCATION, "application": code},
        encryptionKey={**ALWAYS, "publicKey": unwrapper.public_key.raw.hex()},
    )


def publication(*bodies: dict[str, Any]) -> tuple[Act, Act]:
    """File the police's versions; publish them all."""
    filed = cataloguing.submit_versions(bodies)
    return filed, cataloguing.review_versions(papers.review(reviews=_published(filed.documents)))


def _published(filed: Sequence[bytes]) -> list[dict[str, Any]]:
    versions = [documents.parse(data) for data in filed]
    return [
        {
            "department": each.body.department,
            "code": each.body.code,
            "version": each.body.version,
            "publish": True,
            "reason": None,
            "subject": each.digest.hex(),
        }
        for each in versions
    ]


def _key(signer: Signer, **changes: Any) -> Act:
    body = papers.key(**ALWAYS, publicKey=signer.public_key.raw.hex(), **changes)
    return departments.add_key(body)
