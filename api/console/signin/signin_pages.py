"""The page at which an officer signs in; his key is opened there, and never comes here."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...http.callers import NodeDep
from ...http.officers import allowed_origins
from ...http.verbs import Readable
from ..pages import local_path, render
from .provider_pages import begin_at

router = APIRouter(route_class=Readable, include_in_schema=False)


@router.get("/sign-in")
def sign_in(request: Request, node: NodeDep, back: str = "/") -> Response:
    """Show where a key file and its PIN are given; afterwards `back` is opened."""
    oidc = node.settings.console.oidc
    return render(
        request,
        "signin/signin.html",
        title=("登录", "Sign in"),
        here="/sign-in",
        then=local_path(back),
        insecure=node.settings.console.insecure_cookies,
        origins=sorted(allowed_origins(node)),
        provider=None if oidc is None else begin_at(node, local_path(back)),
        label=oidc and oidc.label,
    )
