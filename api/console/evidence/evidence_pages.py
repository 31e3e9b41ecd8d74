"""The page that verifies a bundle where it is opened; the node sees neither file."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...http.verbs import Readable
from ..pages import render

router = APIRouter(route_class=Readable, include_in_schema=False)


@router.get("/evidence")
def evidence(request: Request) -> Response:
    """Show where a bundle and a trust file are dropped; also to be had as one file."""
    title = ("核验证据", "Verify evidence")
    return render(request, "evidence/evidence.html", title=title, here="/evidence")
