"""Applying for an entry: its conditions beside the form, signed by the consumer's office head."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from node.errors import NotFound
from node.office.reads import get_version
from node.protocol import forms as documents
from node.protocol.forms import BEIJING
from node.protocol.ledger.enums import EntryState, Role, ShareType
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from .seating import DESK, FormDep, SittingDep, number_of, to_decide

if TYPE_CHECKING:
    from node.protocol.ledger.facts import EntryFact

    from .seating import Sitting

router = APIRouter(route_class=Readable, include_in_schema=False)
APPLY = "/desk/apply/{entry}"
EntryId = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
TYPED = ("scenario", "scope", "security")


@router.get(APPLY)
def form_for(request: Request, at: SittingDep, entry: EntryId) -> Response:
    """Show what an entry offers and on what conditions, and the form."""
    fact, body = _published(at, entry)
    own = at.own(Role.OFFICE_HEAD | Role.DATA_OFFICER)
    today = datetime.now(BEIJING).date()
    return render(
        request,
        "desk/apply.html",
        title=("申请使用", "Apply"),
        seat=DESK,
        here="/desk/authorisations",
        crumbs=(Link(f"/catalogue/{entry}", (body.name, body.name)),),
        fact=fact,
        body=body,
        entry=entry,
        own=own,
        systems=[(code, name) for of in own for code, name in _systems(at, of)],
        choices=[(each, at.called(each)) for each in own],
        modes=[(mode, mode) for mode in body.modes],
        purposes=[
            (each.code, each.name)
            for each in (body.conditions.purposes if body.conditions is not None else ())
        ],
        offered=fact.share_type != ShareType.NOT_SHARED,
        called=at.called,
        signs=bool(at.own(Role.OFFICE_HEAD)),
        today=today.isoformat(),
        later=(today + timedelta(days=365)).isoformat(),
    )


@router.post(APPLY + "/fields")
def fields(at: SittingDep, entry: EntryId, form: FormDep) -> Response:
    """Return the application that is to be prepared and signed."""
    _, body = _published(at, entry)
    department = form.get("department", "")
    at.require(Role.OFFICE_HEAD, department)
    purposes = body.conditions.purposes if body.conditions is not None else ()
    names = {each.code: each.name for each in purposes}
    purpose = form.get("purpose", "").strip()
    system = form.get("system", "")
    application = {
        "department": department,
        "entry": {"department": body.department, "code": body.code, "version": body.version},
        "items": [item.code for item in body.items if f"item-{item.code}" in form],
        "purpose": {"code": purpose, "name": names.get(purpose) or form.get("purposeName", "")},
        "application": {"code": system, "name": dict(_systems(at, department)).get(system, "")},
        "mode": form.get("mode", ""),
        "basis": [{"title": form.get("basis", ""), "article": form.get("article") or None,
                   "text": None}],
        **{name: form.get(name, "") for name in TYPED},
        "validFrom": form.get("validFrom", ""),
        "validUntil": form.get("validUntil", ""),
        "callsPerDay": number_of(form, "callsPerDay"),
        "rowsPerDay": number_of(form, "rowsPerDay"),
        "handler": {"name": form.get("handler", ""), "phone": form.get("phone", "")},
    }  # fmt: skip
    return to_decide("ApplyFor", {"applications": [application]})


def _published(at: Sitting, entry: str) -> tuple[EntryFact, documents.CatalogueVersionPaper]:
    fact = at.node.queries.get_entry(bytes.fromhex(entry))
    if fact.state != EntryState.PUBLISHED:
        raise NotFound("这个目录没有已发布的版本 / the entry is not published")
    body: documents.CatalogueVersionPaper = get_version(at.node.store, fact).body
    return fact, body


def _systems(at: Sitting, department: str) -> list[tuple[str, str]]:
    """Return a department's application systems, code and name."""
    facts = at.node.queries.applications_of(ids.department_id(department))
    papers = at.papers.find_all(fact.digest for fact in facts)
    found = [documents.parse(data) for data in papers.values()]
    systems = [paper.body for paper in found if paper.kind == "application-object"]
    return sorted((body.code, body.name) for body in systems)
