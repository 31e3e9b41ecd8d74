"""Signing in as a reader: to the identity provider and back, with a code that works once.

The browser that comes back must be the one that went: what it keeps meanwhile (`Readers.begin`) is
a cookie that goes along with a link from elsewhere (SameSite=Lax), and nothing is kept here. The
session's own cookie does not go along (Strict), so the last page is opened from a page of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from node.errors import Forbidden, NotFound, SignatureInvalid
from node.office.readersessions import ATTEMPT_SECONDS

from ...http.callers import NodeDep
from ...http.officers import origin_of, require_origin, set_session
from ...http.verbs import Readable
from ..pages import local_path, render, with_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.office.readersessions import Readers

    from ...http.identity import IdentityProvider
    from ...parts import Node

router = APIRouter(route_class=Readable, include_in_schema=False)
BEGIN, RETURN = "/sign-in/provider", "/sign-in/provider/return"
CODE_CHARACTERS = 4_096


def begin_at(node: Node, back: str) -> str:
    """Return where a reader begins: at the address the provider sends him back to."""
    return node.settings.public_url + with_values(BEGIN, back=back)


@router.get(BEGIN)
def begin(
    request: Request, node: NodeDep, back: Annotated[str, Query(max_length=2_000)] = "/"
) -> Response:
    """Send a browser to the provider."""
    readers, provider, origin = _parts(node)
    attempt = readers.begin(local_path(back))
    response = RedirectResponse(
        provider.address(attempt, _redirect(node), _asking(request)),
        303,
        {"Cache-Control": "no-store"},
    )
    response.set_cookie(
        _name(origin),
        attempt.cookie,
        max_age=ATTEMPT_SECONDS,
        path="/",
        secure=origin.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return response


@router.get(RETURN)
def come_back(
    request: Request,
    node: NodeDep,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=CODE_CHARACTERS)] = "",
    iss: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Response:
    """Open a session for whom the provider has sent back, and then the page he wanted."""
    readers, provider, origin = _parts(node)
    attempt = readers.resume(request.cookies.get(_name(origin), ""), state)
    if iss is not None and iss != provider.issuer:  # RFC 9207
        raise Forbidden("应答来自别的身份认证系统 / another provider has answered")
    if not code:
        raise SignatureInvalid("没有完成统一身份认证 / the provider did not sign you in")
    told = provider.who(code, attempt, _redirect(node), _asking(request))
    token, session = readers.open(told, origin)
    request.state.reader = session
    back = local_path(attempt.back)
    response = render(
        request,
        "signin/welcome.html",
        title=("已登录", "Signed in"),
        then=back if back != "/" else _first(session.seats.values()),
    )
    response.delete_cookie(
        _name(origin), path="/", secure=origin.startswith("https:"), httponly=True, samesite="lax"
    )
    set_session(response, origin, token)
    return response


def _parts(node: Node) -> tuple[Readers, IdentityProvider, str]:
    """Return what signs readers in, and the origin they come back to.

    Raises:
        NotFound: nobody signs in that way here.
        Forbidden: the origin is plain http, which has to be allowed.
    """
    if node.readers is None or node.identity_provider is None:
        raise NotFound("本节点没有配置统一身份认证（[console.oidc]） / no provider is configured")
    origin = origin_of(node.settings.public_url)
    require_origin(node, origin)
    return node.readers, node.identity_provider, origin


def _asking(request: Request) -> str:
    return "" if request.client is None else request.client.host


def _redirect(node: Node) -> str:
    return node.settings.public_url + RETURN


def _name(origin: str) -> str:
    return "__Host-shareledger-going" if origin.startswith("https:") else "shareledger-going"


def _first(seats: Iterable[frozenset[str]]) -> str:
    return "/desk" if any("desk" in each for each in seats) else "/operation"
