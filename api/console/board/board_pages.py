"""The board's page, the same as data, and its stream; for signed-in officers, or for everybody.

It shows no person, but who reads from whom as it happens. So it is shown to officers, of whichever
department and role, and to who signed in to read, unless `[console] board` opens it to all who
reach the node.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response

from node.errors import SignatureInvalid

from ...http.callers import NodeDep
from ...http.connection import ENDING
from ...http.officers import Officer, find_officer, reader_of
from ...http.verbs import Readable
from ..frames import BOARD, PUBLIC
from ..pages import render
from .streaming import Listening

pages = APIRouter(prefix=BOARD, route_class=Readable, include_in_schema=False)
# Not Readable: a HEAD would wait for what nobody gets.
streams = APIRouter(prefix=BOARD, include_in_schema=False)


async def looking(
    request: Request, node: NodeDep, officer: Annotated[Officer | None, Depends(find_officer)]
) -> bool:
    """Tell whether who looks has signed in.

    Raises:
        SignatureInvalid: he has not, and the board is not open to all.
    """
    signed_in = reader_of(request) is not None
    signed_in |= officer is not None and officer.session is not None
    if not signed_in and not node.settings.console.board:
        raise SignatureInvalid(
            "请先登录；大屏给登录的人员看，配置 [console] board = true 才对所有人开放"
            " / sign in first: the board is for office people"
        )
    return signed_in


LookingDep = Annotated[bool, Depends(looking)]


@pages.get("")
async def board(request: Request, node: NodeDep, _signed_in: LookingDep) -> Response:
    """Show the board as it stands; its script follows the stream."""
    seen = await node.board.latest()
    page = partial(
        render,
        request,
        "board/board.html",
        title=("数据共享大屏", "Sharing board"),
        seat=PUBLIC._replace(name="board", links=(), above=True),
        here=BOARD,
        seen=seen.data,
    )
    return await to_thread.run_sync(page)


@pages.get("/now")
async def now(node: NodeDep, _signed_in: LookingDep) -> Response:
    """Answer with the board as data: for a page whose stream is broken, or has no place."""
    seen = await node.board.latest()
    return Response(seen.data, media_type="application/json", headers={"Cache-Control": "no-store"})


@streams.get("/events")
async def events(
    request: Request,
    node: NodeDep,
    signed_in: LookingDep,
    last_event_id: Annotated[str, Header(max_length=64)] = "",
) -> Response:
    """Stream the board as it changes."""
    ending = getattr(request.state, ENDING, None) or asyncio.Event()
    return Listening(node.board, last_event_id, ending=ending, signed_in=signed_in)
