"""Errors as pages: what went wrong and what to do, for those who came with a browser.

The problem+json that any route's error becomes (`api.http.problems`) is made first; a browser gets
the same status and code as a page, or as a fragment where htmx asked. The API's own addresses and
everybody who does not ask for HTML get it as it is.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request

from ..routes import PREFIX as API
from .frames import PUBLIC
from .pages import local_path, render, shown_at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.responses import Response

FOR_PROGRAMS = re.compile(r"[；，;,][^；，;,]*/openapi\.json[^；，;,]*")
"""Where programs find what there is: people at a page have its links."""
FRAMING = frozenset({"content-type", "content-length"})
ADVICE: dict[str, tuple[str, str]] = {
    "not-found": (
        "请核对地址；条目也可能已撤回，或其文书尚未送达本节点。",
        "Check the address; an entry may have been withdrawn, or its document may not be here yet.",
    ),
    "ledger-behind": (
        "本节点正在追赶链上的区块，通常几秒即可；请稍后刷新。",
        "This node is catching up with the chain, which takes seconds as a rule; reload shortly.",
    ),
    "forbidden": (
        "请刷新页面后再试；仍不行的，退出后从本节点的地址重新登录。",
        "Reload the page and try again; if that fails, sign out and in at this node's address.",
    ),
    "not-entitled": (
        "您的职责不含此项；如确需办理，请由本部门负责人授予职责。",
        "Your roles do not include this; the head of your department grants them.",
    ),
    "malformed-request": (
        "请检查所填内容，或回到上一页重试。",
        "Check what was entered, or go back and try again.",
    ),
}
TITLES: dict[str, tuple[str, str]] = {
    "signature-invalid": ("请先登录", "Please sign in first"),
    "malformed-request": ("所填内容有误", "Something entered is not right"),
}
"""What is meant to somebody at a page, where the API's own title speaks to programs."""


def install(app: FastAPI) -> None:
    """Show every error of `app` as a page to those who came with a browser."""
    for kind, handler in list(app.exception_handlers.items()):
        app.exception_handlers[kind] = _as_page(handler)


def _as_page(
    handler: Callable[[Request, Any], Response | Awaitable[Response]],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        made = handler(request, error)
        response = await made if inspect.isawaitable(made) else made
        if not wants_page(request) or not response.body:
            return response
        problem = {"detailEn": None, **orjson.loads(bytes(response.body))}
        # What is raised in both languages says both: 中文 / English.
        chinese, both, english = problem["detail"].rpartition(" / ")
        if both and problem["detailEn"] is None:
            problem |= {"detail": chinese, "detailEn": english}
        for name in ("detail", "detailEn"):
            problem[name] = FOR_PROGRAMS.sub("", problem[name] or "")
        page = render(
            request,
            "layout/mishap.html",
            title=TITLES.get(problem["code"], (problem["title"], problem["titleEn"])),
            seat=PUBLIC,
            status=response.status_code,
            fragment="failed",
            problem=problem,
            # Two slashes at its beginning lead to another host.
            again=local_path(shown_at(request)),
            advice=ADVICE.get(problem["code"], ("", "")),
        )
        for name, value in response.headers.items():
            if name not in FRAMING:
                page.headers[name] = value
        return page

    return answer


def wants_page(request: Request) -> bool:
    """Tell whether a request came from a person's browser, and not to the API."""
    asked = "hx-request" in request.headers or "text/html" in request.headers.get("accept", "")
    return asked and not request.url.path.startswith(f"{API}/")
