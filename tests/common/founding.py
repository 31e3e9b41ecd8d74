"""The town of the tests, for the product's own founder; and papers beside it."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from api.city.keyring import KeyRing
from node.office import cataloguing, departments
from node.office.founding import ROOT, Founding
from node.protocol import forms as documents
from tests.common import papers
from tests.common.papers import ALWAYS, CENTRE, EDUCATION, POLICE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.crypto import Signer, SoftwareSigner, SoftwareUnwrapper
    from node.office import Act

IDS = {CENTRE: "centre", POLICE: "police", EDUCATION: "education"}
"""The town's departments by code, the competent one first."""
NAMES = {CENTRE: "市数据局", POLICE: "市公安局", EDUCATION: "市教育局"}


def official(short: str, role: str) -> dict[str, Any]:
    return {"id": short, "name": "张伟", "post": role, "roles": [role]}


def department(code: str, short: str, *officers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a department under the centre as a city's file has it."""
    return {
        "id": short,
        "code": code,
        "name": NAMES.get(code, code),
        "parent": CENTRE,
        "competent": CENTRE,
        "region": "沧州市",
        "duties": ["户籍管理"],
        "contact": {"name": "王建国", "phone": "0317-0000001"},
        "head": {"name": "李秀英", "post": "局长"},
        "officers": officers,
        **changes,
    }


def town(*more: dict[str, Any], period: Mapping[str, str] = ALWAYS) -> Founding:
    """Return the three departments with their officers and application systems, and `more`."""
    system = papers.application_object()
    said = {name: system[name] for name in ("code", "name", "description", "protectionLevel")}
    office = official("office", "工作机构负责人")
    centre = (office, official("reviewer", "审核员"), official("auditor", "审计员"))
    listed = [
        department(CENTRE, "centre", *centre, mayEnrol=True),
        department(POLICE, "police", office),
        department(EDUCATION, "education", office, applications=[said, {**said, "code": "OTHER"}]),
        *more,
    ]
    text = json.dumps({**period, "departments": listed})
    return Founding.model_validate_json(text)


class TownKeys(KeyRing):
    """The private keys of everybody in the town, in memory unless a place is given."""

    root: SoftwareSigner | None = None
    """The root key of the contracts, where they were deployed before."""

    def copy(self) -> TownKeys:
        """Return the same keys; those that are made from here on are its own."""
        other = TownKeys(_keys=dict(self._keys), _handles=dict(self._handles))
        other.root = self.root
        return other

    def signer(self, name: str) -> SoftwareSigner:
        return self.root if name == ROOT and self.root is not None else super().signer(name)

    def person(self, name: str) -> str:
        return papers.person_of(self.signer(name))

    def each(self, which: str) -> dict[str, SoftwareSigner]:
        """Return every department's key of a sort, by code."""
        return {code: self.signer(f"{short}-{which}") for code, short in IDS.items()}

    @cached_property
    def heads(self) -> dict[str, SoftwareSigner]:
        return self.each("head")

    @cached_property
    def nodes(self) -> dict[str, SoftwareSigner]:
        return self.each("node")

    @cached_property
    def office(self) -> dict[str, SoftwareSigner]:
        return self.each("office")

    @property
    def reviewer(self) -> SoftwareSigner:
        return self.signer("centre-reviewer")

    @property
    def auditor(self) -> SoftwareSigner:
        return self.signer("centre-auditor")

    @property
    def application(self) -> SoftwareSigner:
        return self.signer("education-ZHSX")

    @property
    def encryption(self) -> SoftwareUnwrapper:
        return self.unwrapper("education-ZHSX-open")

    @property
    def stranger(self) -> SoftwareSigner:
        """Return the key of the education department's second application."""
        return self.signer("education-OTHER")


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


def own_key(code: str, signer: Signer, ed25519: bytes) -> Act:
    """Register one more key of a department's own: what its node and its log sign with."""
    body = papers.key(
        **ALWAYS,
        holder={"department": code, "application": None},
        kind="部门",
        name=code,
        encryptionKey=None,
        publicKey=signer.public_key.raw.hex(),
        ed25519=ed25519.hex(),
    )
    return departments.add_key(body)


def application_key(code: str, signer: Signer, unwrapper: SoftwareUnwrapper) -> Act:
    """Register one more key of an application of the education department."""
    body = papers.key(
        **ALWAYS,
        holder={"department": EDUCATION, "application": code},
        publicKey=signer.public_key.raw.hex(),
        encryptionKey={**ALWAYS, "publicKey": unwrapper.public_key.raw.hex()},
    )
    return departments.add_key(body)


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
