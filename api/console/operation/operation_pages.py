"""How the node fares, with alarms and what to do; its settings, but for secrets.

For officers of a department this node serves who hold one of the roles that `[console] operators`
names, and for readers to whom `[console.oidc]` gives the seat. What is shown is the machine's, not
people's: no call, no document, no key.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request

from node.errors import NotEntitled
from node.protocol.forms import ROLES
from node.protocol.wire import ids

from ...http.callers import NodeDep
from ...http.officers import Officer, find_officer, no_officer, reader_of
from ...http.verbs import Readable
from ...operating.health import BAD, GOOD, WARN, examine_running, shown_settings
from ..frames import BOARD, Link, Seat
from ..pages import render
from ..public.department_pages import name_of
from ..wording import Language, chosen, language_of

if TYPE_CHECKING:
    from starlette.responses import Response

REFRESH_SECONDS = 10
OPERATOR = Seat(
    "operation",
    ("运行", "Operation"),
    (
        Link("/operation", ("运行状况", "Health"), reads=True),
        Link("/operation/settings", ("配置", "Settings"), reads=True),
        Link(BOARD, ("大屏", "Board"), reads=True),
    ),
)


def require_operator(
    request: Request,
    node: NodeDep,
    officer: Annotated[Officer | None, Depends(find_officer)],
) -> None:
    """Check that who has signed in may see how the node fares.

    Raises:
        SignatureInvalid: nobody has signed in.
        NotEntitled: he holds none of the roles in a department served here, nor reads there.
    """
    reader = reader_of(request)
    if reader is not None and any("operation" in seats for seats in reader.seats.values()):
        return
    if officer is None or officer.session is None:
        raise no_officer(request)
    wanted = node.settings.console.operators
    served = {ids.department_id(one.code) for one in node.settings.departments}
    bits = 0
    for role in wanted:
        bits |= ROLES[role]
    if not any(of in served and roles & bits for of, roles in officer.roles.items()):
        raise NotEntitled(
            f"运行页面供本节点所服务部门的{'、'.join(wanted)}查看（配置 [console] operators）"
            " / for officers in these roles of a department served here",
            roles=list(wanted),
        )


router = APIRouter(
    prefix="/operation",
    route_class=Readable,
    include_in_schema=False,
    dependencies=[Depends(require_operator)],
)


@router.get("")
def health(request: Request, node: NodeDep) -> Response:
    """Show how the node fares; the page asks for itself again every few seconds."""
    return render(
        request,
        "operation/health.html",
        title=("运行状况", "Health"),
        seat=OPERATOR,
        here="/operation",
        fragment="fares",
        health=examine_running(node),
        seconds=REFRESH_SECONDS,
        ago=partial(_ago, language_of(request)),
        called=lambda code: name_of(node, ids.department_id(code)),
        marks={GOOD: ("正常", "good"), WARN: ("注意", "look"), BAD: ("异常", "bad"), "": ("", "")},
    )


@router.get("/settings")
def settings(request: Request, node: NodeDep) -> Response:
    """Show every setting; what holds a secret is dots."""
    return render(
        request,
        "operation/settings.html",
        title=("配置", "Settings"),
        seat=OPERATOR,
        here="/operation/settings",
        values=list(shown_settings(node.settings)),
    )


def _ago(language: Language, seconds: float | None) -> str:
    """Say how long ago something was."""
    if seconds is None:
        return "—"
    for size, words in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {chosen(language, words)}"
    return f"{seconds:.0f} {chosen(language, ('秒', 's'))}"


_UNITS = ((86_400, ("天", "days")), (3_600, ("小时", "h")), (60, ("分钟", "min")))
