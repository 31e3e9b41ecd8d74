"""Keys and people: my key and until when, my department's keys, who may do what, applications.

Names stand in papers that only a department's own people and its competent one may read: what is
shown is of departments in which whoever looks holds a role, by a key that is theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from node.protocol.forms.parties import ROLES
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import KeyKind, Role
from node.protocol.wire import ids
from node.protocol.wire.days import DAY_SECONDS

from ...http.verbs import Readable
from ..pages import render
from ..wording import NO_END
from .seating import DESK, FormDep, SittingDep, to_decide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.protocol.ledger.facts import KeyFact


router = APIRouter(route_class=Readable, include_in_schema=False)
PAGE = "/desk/key"
WARNED_DAYS = 60
"""Before a key's end: time enough to have a new one registered."""


@router.get(PAGE)
def people(
    request: Request, at: SittingDep, department: Annotated[str, Query(max_length=18)] = ""
) -> Response:
    """Show the key somebody signed in with, and the keys and people of a department of his."""
    key, queries = at.officer.key, at.node.queries
    own = at.own(Role(63))
    chosen = department if department in own else (own[0] if own else at.officer.department)
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
        applications=[(each, names[each.application]) for each in applications],
        heads=chosen in at.own(Role.DEPARTMENT_HEAD),
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
    members: dict[str, Any] = orjson.loads(papers[key.digest])
    # A first head's key stands in the department's own paper, a recovered one's in the recovery's.
    person = members.get("head") or members
    return f"{person['post']} {person['name']}" if {"post", "name"} <= person.keys() else ""


def _member(papers: Mapping[bytes, bytes], digest: bytes, name: str) -> str:
    return str(orjson.loads(papers[digest]).get(name, "")) if digest in papers else ""
