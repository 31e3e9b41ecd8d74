"""A template and its values to a page: language, frame, headers.

One environment a language: a template says `t("目录", "Catalogue")`, and a macro knows which.
Whatever a value holds is text: escaped as HTML, hidden characters made visible.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, partial, reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from starlette.responses import HTMLResponse
from starlette.routing import Match

from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import Role
from node.protocol.wire.characters import visible

from ..http.officers import reader_of
from . import wording
from .bundled import asset
from .frames import BOARD, DOORS, PUBLIC, SIGN_IN, readable, workable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from node.office.readersessions import ReaderSession

    from ..http.officers import Officer
    from ..parts import Node
    from .frames import Door, Link, Seat, Words
    from .wording import Language

T = TypeVar("T")
FAILED = 400
_ADDRESS = re.compile(r"https?://[^/?#]+(/[^#]*)(?:#.*)?")
POLICY = (
    "default-src 'self'; img-src 'self' data:; connect-src 'self' {agent}; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What a page may load and reach: its node, and on the officer's own machine the agent's port."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Vary": "Cookie, HX-Request",
}
"""Of every page, beside its policy."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and where the rows before and behind them begin."""

    rows: Sequence[T]
    first: int
    """Place of the first row, from 0."""
    size: int
    more: bool
    """Whether rows follow."""
    total: int | None = None
    """Of all rows, where it is known."""

    @property
    def before(self) -> int | None:
        return max(0, self.first - self.size) if self.first else None

    @property
    def after(self) -> int | None:
        return self.first + self.size if self.more else None

    @property
    def number(self) -> int:
        """Which page it is, from 1."""
        return self.first // self.size + 1

    @property
    def pages(self) -> int | None:
        return None if self.total is None else max(1, math.ceil(self.total / self.size))


def page_of(rows: Sequence[T], first: int, size: int, total: int | None = None) -> Page[T]:
    """Return a page of `rows`, which were asked for from `first` on, one more than `size`."""
    return Page(rows[:size], first, size, len(rows) > size, total)


def render(
    request: Request,
    template: str | Template,
    *,
    title: Words,
    seat: Seat = PUBLIC,
    here: str = "",
    crumbs: Sequence[Link] = (),
    status: int = 200,
    fragment: str | None = None,
    **values: object,
) -> HTMLResponse:
    """Return a page: `template`, in the request's language and the seat's frame.

    `here` is the seat's link that stands for the page. `fragment` names a block of the template:
    it alone is sent where htmx asks for it (its target has the same id), or where it failed.
    """
    language = wording.language_of(request)
    environment = _environment(language)
    officer: Officer | None = getattr(request.state, "officer", None)
    reader = None if officer is not None else reader_of(request)
    session = reader if officer is None else officer.session
    # Where `shareledger agent` answers, on the officer's own machine.
    agent = f"http://127.0.0.1:{_node(request).settings.console.agent_port}"
    values |= {
        "agent": agent,
        "title": title,
        "seat": _open_to(seat, officer, reader),
        "here": here,
        "crumbs": crumbs,
        "request": request,
        "console": _node(request).settings.console,
        "person": _reading(request, reader) if officer is None else _person(request, officer),
        "sign_in": SIGN_IN if _has_page(request, SIGN_IN) else None,
        "csrf": None if session is None else session.csrf,
        "keyid": officer.key.key.hex() if officer is not None else None,
        "behind": _behind(_node(request)),
        "back": quote(shown_at(request)),
    }
    found = environment.get_template(template)
    partly = "hx-request" in request.headers and "hx-boosted" not in request.headers
    asked = request.headers.get("hx-target") == fragment or status >= FAILED
    if partly and asked and fragment is not None:
        body = environment.concat(found.blocks[fragment](found.new_context(values)))
    else:
        body = found.render(values)
    # What an officer sees stays in no cache; what anybody sees is asked for again each time.
    kept = "no-cache" if session is None and officer is None else "no-store"
    policy = {"Content-Security-Policy": POLICY.format(agent=agent)}
    return HTMLResponse(body, status, {**HEADERS, **policy, "Cache-Control": kept})


def compiled(request: Request, path: Path) -> Template:
    """Return a template that lies elsewhere and stands in this folder's layout."""
    environment = _environment(wording.language_of(request))
    return environment.from_string(path.read_text("utf-8"))


def with_query(request: Request, **changes: object) -> str:
    """Return the address of this page with parameters changed; None takes one out."""
    left = [pair for pair in request.query_params.multi_items() if pair[0] not in changes]
    given = [(name, str(value)) for name, value in changes.items() if value not in {None, ""}]
    query = urlencode([*left, *given])
    return request.url.path + (f"?{query}" if query else "")


def local_path(wanted: str) -> str:
    """Return a path of this node's, or `/`: two slashes, or one and its mirror, lead elsewhere."""
    local = wanted.startswith("/") and wanted[1:2] not in {"/", "\\"} and wanted.isprintable()
    return wanted if local else "/"


def with_values(path: str, **values: object) -> str:
    """Return an address with parameters."""
    return f"{path}?{urlencode({name: str(value) for name, value in values.items()})}"


def shown_at(request: Request) -> str:
    """Return the address of the page somebody sees: of a piece of it, that of the whole."""
    whole = _ADDRESS.fullmatch(request.headers.get("hx-current-url", ""))
    if whole is not None and "hx-request" in request.headers:
        return local_path(whole[1])
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _node(request: Request) -> Node:
    node: Node = request.app.state.node
    return node


@dataclass(frozen=True, slots=True)
class Person:
    """Who has signed in, as the bar above shows him."""

    department: str
    """Of a reader his own name."""
    roles: Words
    doors: Sequence[Door]


def _open_to(seat: Seat, officer: Officer | None, reader: ReaderSession | None) -> Seat:
    if officer is not None:
        return workable(seat, _held(officer))
    return seat if reader is None else readable(seat)


def _held(officer: Officer) -> int:
    return reduce(or_, officer.roles.values(), 0)


def _person(request: Request, officer: Officer) -> Person:
    bits = _held(officer)
    paper = _node(request).directory.departments().get(officer.key.holder)
    return Person(
        paper.name if paper else officer.department,
        words_of(Role(bits)),
        [door for door in DOORS if door.roles & bits and _has_page(request, door.href)],
    )


def _reading(request: Request, reader: ReaderSession | None) -> Person | None:
    if reader is None:
        return None
    seats = frozenset().union(*reader.seats.values())
    opened = (door for door in DOORS if door.href == BOARD or door.reading in seats)
    doors = [door for door in opened if _has_page(request, door.href)]
    return Person(reader.name, ("只能查看", "reading only"), doors)


def _has_page(request: Request, address: str) -> bool:
    """Tell whether something answers at an address: a node may be built without some seats."""
    state = request.app.state
    if not hasattr(state, "has_page"):
        state.has_page = {}
    known: dict[str, bool] = state.has_page
    if address not in known:
        # As the router itself would: FastAPI keeps what it matched in the scope.
        scope = {**request.scope, "path": address, "method": "GET", "fastapi": {}}
        known[address] = any(
            route.matches(scope)[0] is Match.FULL for route in request.app.router.routes
        )
    return known[address]


def _behind(node: Node) -> bool:
    """Tell whether what is shown may be older than the chain."""
    contact = node.queries.contact()
    return contact is None or contact.behind_since_ms is not None


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_shown,
    )

    def t(chinese: str | Words, english: str = "") -> str:
        return wording.chosen(language, (chinese, english) if isinstance(chinese, str) else chinese)

    shared: Mapping[str, Any] = {
        "t": t,
        "term": partial(wording.term, language),
        "language": language,
        "languages": wording.LANGUAGES,
        "tag": wording.TAGS[language],
        "asset": asset,
        "moment": wording.moment,
        "day": wording.day,
        "last_day": lambda until: t(wording.last_day(until)),
        "with_query": with_query,
        "with_values": with_values,
    }
    environment.globals |= shared
    environment.filters["words"] = t
    # Macros for every template, and for a block that is sent alone.
    environment.globals["ui"] = environment.get_template("layout/parts.html").module
    return environment


def _shown(value: object) -> object:
    """Return a value as a page has it: what others wrote hides nothing and turns no line round."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value, lines=True)
    return "" if value is None else value
