"""Sign-in at a browser: a challenge, its signature, a session; and who is signed in.

The challenge names the origin the browser shows, so that a signature made at another site is of no
use here. The cookie is HttpOnly and SameSite=Strict; what changes something needs `csrf` besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field

from node.crypto import normalise_signature
from node.errors import (
    ClockSkew,
    Forbidden,
    InvalidInput,
    KeyNotInForce,
    KeyRevoked,
    LedgerBehind,
    NotEntitled,
    Overloaded,
    SignatureInvalid,
)
from node.office.preparing import role_word
from node.protocol.ledger.enums import Role
from node.protocol.wire import encoding, ids

from ...http.callers import DOCUMENT_BYTES, NodeDep
from ...http.connection import read_body
from ...http.described import HEX32, HEX64, refusals
from ...http.officers import (
    COOKIE,
    Officer,
    OfficerDep,
    cookie_name,
    officer,
    officer_of,
    reader_of,
    require_origin,
    set_session,
)
from ...http.verbs import Readable
from .decisions import ANY_OFFICER, REFUSED, Answer, Asked, body_of, read_asked

if TYPE_CHECKING:
    from node.office.readersessions import ReaderSession
    from node.office.sessions import Session

router = APIRouter(prefix="/session", route_class=Readable)


class ChallengeBody(Asked):
    """Where somebody wants to sign in."""

    origin: Annotated[str, Field(max_length=200)]
    """As the browser shows it: `https://node.example`."""


class ChallengeShape(Answer):
    """What is to be signed."""

    text: str
    """`ShareLedger-login:` origin, nonce and second in UTC; signed as it is, with SM2 and SM3."""
    expires: int
    """Seconds since 1970."""


class SignInBody(Asked):
    """A challenge that was signed."""

    challenge: Annotated[str, Field(max_length=400)]
    """Its text."""
    key: Annotated[str, Field(pattern=HEX32)]
    signature: Annotated[str, Field(pattern=HEX64)]
    """r‖s."""


class SessionShape(Answer):
    """Who is signed in."""

    key: str
    department: str
    """Code of the department whose officer he is."""
    roles: dict[str, list[str]]
    """As `office-head`, by code of the department in which he holds them."""
    via: str
    """`session` or `signature`."""
    ends: int | None
    """Seconds since 1970; later, if it is used before."""
    csrf: str | None
    """Repeat it as `X-CSRF-Token` in whatever changes something."""


@router.post(
    "/challenge",
    summary="登录口令 / A challenge",
    response_model=ChallengeShape,
    responses=refusals(InvalidInput, Forbidden),
    openapi_extra=body_of(ChallengeBody),
)
async def challenge(request: Request, node: NodeDep) -> ChallengeShape:
    """Return a text to be signed with an officer's key, good for two minutes, once."""
    asked = read_asked(ChallengeBody, await read_body(request.receive, DOCUMENT_BYTES))
    require_origin(node, asked.origin)
    found = node.sessions.challenge(asked.origin)
    return ChallengeShape(text=found.text, expires=found.expires)


@router.post(
    "",
    summary="登录 / Sign in",
    response_model=SessionShape,
    responses=refusals(
        InvalidInput,
        Forbidden,
        SignatureInvalid,
        KeyRevoked,
        KeyNotInForce,
        ClockSkew,
        LedgerBehind,
        Overloaded,
    ),
    openapi_extra=body_of(SignInBody),
)
async def sign_in(request: Request, response: Response, node: NodeDep) -> SessionShape:
    """Open a session for who signed a challenge; its token is in the cookie, and only there."""
    asked = read_asked(SignInBody, await read_body(request.receive, DOCUMENT_BYTES))
    origin = asked.challenge.partition(":")[2].partition(" ")[0]
    require_origin(node, origin)
    if request.headers.get("origin", origin) != origin:
        # A page elsewhere that had its visitor sign: the browser says where it is.
        raise Forbidden(
            f"登录口令是给 {origin} 的，请求来自别处 / the challenge is for another origin",
            origin=origin,
        )
    key, signature = encoding.hex32(asked.key), bytes.fromhex(asked.signature)
    token, session = await to_thread.run_sync(
        node.sessions.sign_in, asked.challenge, key, normalise_signature(signature)
    )
    set_session(response, origin, token)
    return _shape(await to_thread.run_sync(officer_of, node, session.key, session))


@router.get(
    "",
    summary="谁已登录 / Who is signed in",
    responses=refusals(*REFUSED),
    openapi_extra=ANY_OFFICER,
)
def get_session(who: OfficerDep, response: Response) -> SessionShape:
    """Return who is asking, by session or signature, with the roles he holds now."""
    response.headers["Cache-Control"] = "no-store"
    return _shape(who)


@router.delete(
    "",
    summary="退出 / Sign out",
    status_code=204,
    responses=refusals(*REFUSED),
    openapi_extra=ANY_OFFICER,
)
async def sign_out(request: Request, node: NodeDep) -> Response:
    """End the session of the cookie; a signed request has none, and ends nothing."""
    session: Session | ReaderSession | None
    try:
        session = (await officer(request, node)).session
    except NotEntitled:
        # Who only reads is no officer, and leaves as well.
        session = reader_of(request)
        if session is None:
            raise
    response = Response(status_code=204)
    name = "" if session is None else cookie_name(session.origin)
    if name in request.cookies:
        await to_thread.run_sync(node.sessions.end, request.cookies[name])
        response.delete_cookie(
            name, path="/", secure=name == COOKIE, httponly=True, samesite="strict"
        )
    return response


def _shape(who: Officer) -> SessionShape:
    session = who.session
    return SessionShape(
        key=who.key.key.hex(),
        department=who.department,
        roles={
            ids.department_code(department): [role_word(role) for role in Role if bits & role]
            for department, bits in who.roles.items()
        },
        via=who.via,
        ends=None if session is None else session.ends,
        csrf=None if session is None else session.csrf,
    )
