"""A new key for oneself: made in the page, handed to the head, who signs it or gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from node.errors import InvalidInput, NotEntitled, NotFound, SignatureInvalid
from node.office.newkeys import KIND, MEMBERS, find_person, load_wanted, read_wanted
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids
from node.protocol.wire.prepared import render_prepared

from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from .people_pages import PAGE as KEYS
from .seating import DESK, FormDep, Sitting, SittingDep, to_decide, to_page

if TYPE_CHECKING:
    from node.office.drafts import Opened

router = APIRouter(route_class=Readable, include_in_schema=False)
NEW = KEYS + "/new"
ONE = NEW + "/{named}"
Named = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
TITLE = ("登记新密钥", "Register a new key")


@router.post(NEW + "/fields")
def fields(at: SittingDep, form: FormDep) -> Response:
    """Return the registration that is to be prepared, for the page's new key to sign."""
    said = {name: form.get(name, "") for name in MEMBERS}
    whose = {"department": at.officer.department, "person": _own(at)}
    return to_decide("AddKey", {**said, **whose})


@router.post(NEW)
def hand_over(at: SittingDep, form: FormDep) -> Response:
    """Keep a new key's registration, and hand it to the head of the department."""
    wanted = read_wanted(
        form.get("request", ""),
        form.get("possession", ""),
        domain=at.node.desk.domain_of("AddKey"),
        department=at.officer.department,
        person=_own(at),
    )
    drafts, department = at.node.drafts, ids.department_id(at.officer.department)
    title = f"登记新密钥：{wanted.paper['post']} {wanted.paper['name']}"
    begun = drafts.begin(at.person, department, KIND, title[:200], wanted.dump())
    comment = form.get("comment", "")
    try:
        drafts.hand_over(at.person, begun.id, begun.revision, Role.DEPARTMENT_HEAD, comment)
    except InvalidInput:
        drafts.drop(at.person, begun.id)  # a key that waits for nobody would only be in his way
        raise
    return to_page(KEYS)


@router.get(ONE)
def one(request: Request, at: SittingDep, named: Named) -> Response:
    """Show a new key that waits: to the head with the signature, to who asked with its state."""
    opened = _opened(at, named)
    wanted = load_wanted(opened.body)
    return render(
        request,
        "desk/newkey.html",
        title=TITLE,
        seat=DESK,
        here=KEYS,
        crumbs=(Link(KEYS, ("密钥与人员", "Keys and people")),),
        draft=opened,
        wanted=wanted,
        paper=wanted.paper,
        mine=opened.listed.author == at.officer.key.key,
        decides=bool(opened.listed.waits_for) and opened.listed.may_change(at.person),
        known=at.node.queries.find_key(wanted.request.public.key_id) is not None,
        over=wanted.until <= at.now,
        called=at.called,
    )


@router.post(ONE + "/fields")
def signed_fields(at: SittingDep, named: Named) -> Response:
    """Return the registration as its new key has signed it, for the head to read and sign."""
    wanted = load_wanted(_opened(at, named).body)
    key = at.officer.key.key
    found = at.node.preparer.resume(wanted.request.act, key, at.officer.departments)
    given = {"prepared": render_prepared(found), "possession": wanted.possession.hex()}
    return to_decide(found.kind, wanted.fields, given=given)


@router.post(ONE + "/back")
def give_back(at: SittingDep, named: Named, form: FormDep) -> Response:
    """Give it back to who asked for it, with a comment."""
    opened = _opened(at, named)
    if not opened.listed.waits_for:
        raise NotEntitled("已退回申请人 / it was given back already")
    comment = form.get("comment", "")
    at.node.drafts.hand_over(at.person, opened.listed.id, opened.listed.revision, Role(0), comment)
    return to_page("/desk")


@router.post(ONE + "/drop")
def drop(at: SittingDep, named: Named) -> Response:
    """Throw it away: its author at any time, its head once it is registered or will not be."""
    opened = _opened(at, named)
    try:
        key = load_wanted(opened.body).request.public.key_id
    except (InvalidInput, SignatureInvalid):
        key = b""  # of another version: what cannot be read can be thrown away
    if opened.listed.waits_for and not opened.listed.may_change(at.person):
        at.node.drafts.take_back(at.person, opened.listed.id)
    at.node.drafts.drop(at.person, opened.listed.id)
    registered = at.node.queries.find_key(key) is not None
    # A key without a role signs nothing: the head goes on to grant them.
    return to_page(f"{KEYS}?grant={key.hex()}#grant" if registered else KEYS)


def _own(at: Sitting) -> str:
    """Return the handle that stands behind all his keys.

    Raises:
        NotFound: the paper of the key he has is not here.
    """
    digest = at.officer.key.digest
    said = find_person(at.papers.find_all([digest]).get(digest))
    if said is None:
        raise NotFound(
            "您现有密钥的登记文书不在本节点，请在登记它的节点办理"
            " / the paper of the key you have is not here: apply at the node that registered it"
        )
    return str(said["person"])


def _opened(at: Sitting, named: str) -> Opened:
    return at.node.drafts.get(at.person, bytes.fromhex(named), KIND)
