"""Keys and people: my key and until when, my department's keys, who may do what, applications.

Names stand in papers that only a department's own people and its competent one may read: what is
shown is of departments in which whoever looks holds a role, by a key that is theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from node.office.newkeys import KIND as NEW_KEY
from node.office.newkeys import find_person
from node.protocol.forms.parties import ROLES, ApplicationObjectPaper
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import KeyKind, Role
from node.protocol.wire import ids
from node.protocol.wire.days import DAY_SECONDS

from ...http.verbs import Readable
from ..pages import render
from ..wording import NO_END
from .seating import DESK, FormDep, SittingDep, number_of, to_decide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.protocol.ledger.facts import KeyFact

    from .seating import Sitting


router = APIRouter(route_class=Readable, include_in_schema=False)
PAGE = "/desk/key"
NETWORKS = get_args(ApplicationObjectPaper.model_fields["network"].annotation)
WARNED_DAYS = 60
"""Before a key's end: time enough to have a new one registered."""


@router.get(PAGE)
def people(
    request: Request,
    at: SittingDep,
    department: Annotated[str, Query(max_length=18)] = "",
    grant: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Show the key somebody signed in with, and the keys and people of a department of his."""
    key, queries = at.officer.key, at.node.queries
    own = at.own(Role(63))
    home = at.officer.department
    chosen = department if department in own else home if home in own or not own else own[0]
    named = ids.department_id(chosen)
    applications = queries.applications_of(named)
    keys = queries.keys_of_any([named, *(each.application for each in applications)])
    papers = at.papers.find_all(
        [each.digest for each in keys] if at.officer.department == chosen else []
    )
    systems = at.papers.find_all([each.digest for each in applications])
    names = {each.application: _member(systems, each.digest, "name") for each in applications}
    granted = {each.key: each for each in queries.roles_in(named)}
    return render(
        request,
        "desk/key.html",
        title=("密钥与人员", "Keys and people"),
        seat=DESK,
        here=PAGE,
        key=key,
        kind=words_of(KeyKind(key.kind)),
        endless=key.valid_until >= NO_END,
        days=max(0, (key.valid_until - at.now) // DAY_SECONDS),
        warned=WARNED_DAYS,
        roles=[
            (at.called(ids.department_code(each.department)), words_of(Role(each.roles)), each)
            for each in queries.roles_of(key.key)
        ],
        own=own,
        department=chosen,
        rows=[(each, _holder(each, papers, names), words_of(KeyKind(each.kind))) for each in keys],
        held={of: words_of(Role(each.roles)) for of, each in granted.items()},
        elsewhere=[each for each in granted.values() if each.key not in {k.key for k in keys}],
        usable=[each for each in keys if _counts(each, at.now)],
        described={each.key: _holder(each, papers, names) for each in keys},
        applications=[
            (each, names[each.application], _member(systems, each.digest, "code"))
            for each in applications
        ],
        heads=chosen in at.own(Role.DEPARTMENT_HEAD),
        registers=chosen in at.own(Role.OFFICE_HEAD),
        networks=NETWORKS,
        grant=grant,
        me=_me(at),
        newkeys=[each for each in at.node.drafts.list(at.person) if each.kind == NEW_KEY],
        who=at.person,
        grantable=[(name, words_of(role)) for name, role in ROLES.items()],
        officers=[each for each in keys if each.kind == KeyKind.OFFICER and _counts(each, at.now)],
        words_of_roles=lambda bits: words_of(Role(bits)),
        now=at.now,
        called=at.called,
    )


@router.post(PAGE + "/revoke/fields")
def revoke_fields(at: SittingDep, form: FormDep) -> Response:
    """Return the revocation that is to be prepared and signed."""
    department = form.get("department", "")
    at.require(Role.DEPARTMENT_HEAD, department)
    fields = {
        "department": department,
        "key": form.get("key", ""),
        "reason": form.get("reason", ""),
        "since": form.get("since") or None,
    }
    return to_decide("RevokeKey", fields)


@router.post(PAGE + "/application/fields")
def application_fields(at: SittingDep, form: FormDep) -> Response:
    """Return the application system that is to be registered."""
    department = form.get("department", "")
    at.require(Role.OFFICE_HEAD, department)
    said = {name: form.get(name, "") for name in ("code", "name", "description", "network")}
    contact = {"name": form.get("contact", ""), "phone": form.get("phone", "")}
    level = number_of(form, "protectionLevel", 5)
    fields = {"department": department, **said, "protectionLevel": level, "contact": contact}
    return to_decide("RegisterApplication", fields)


@router.post(PAGE + "/grant/fields")
def grant_fields(at: SittingDep, form: FormDep) -> Response:
    """Return the roles that are to be prepared and signed: in the place of those held before."""
    department = form.get("department", "")
    at.require(Role.DEPARTMENT_HEAD, department)
    fields = {
        "department": department,
        "key": form.get("key", ""),
        "roles": [name for name in ROLES if form.get(f"role-{name}")],
        "deputy": form.get("deputy") == "on",
        **{name: form.get(name, "") for name in ("post", "reason", "validFrom", "validUntil")},
    }
    return to_decide("GrantRoles", fields)


def _counts(key: KeyFact, now: int) -> bool:
    """Tell whether a key is neither revoked nor past its end: one that may still be revoked."""
    return key.revoked_at is None and now < key.valid_until


def _holder(key: KeyFact, papers: Mapping[bytes, bytes], applications: Mapping[bytes, str]) -> str:
    """Name who has a key: post and name, an application's name; empty where none is readable."""
    if key.kind == KeyKind.APPLICATION:
        return applications.get(key.holder, "")
    if key.kind == KeyKind.DEPARTMENT or key.digest not in papers:
        return ""
    person = find_person(papers[key.digest])
    return f"{person['post']} {person['name']}" if person else ""


def _me(at: Sitting) -> Mapping[str, Any] | None:
    """Return who he is by his key's paper; None where nothing can be registered for him here."""
    digest, own = at.officer.key.digest, ids.department_id(at.officer.department)
    if not at.officer.roles.get(own):
        return None
    return find_person(at.papers.find_all([digest]).get(digest))


def _member(papers: Mapping[bytes, bytes], digest: bytes, name: str) -> str:
    return str(orjson.loads(papers[digest]).get(name, "")) if digest in papers else ""
