"""Who of an office is asking: two ways in, one identity.

A request signed with the officer's own key (profile gdsl-1: command line, agent, another system)
needs nothing else. A browser has the cookie of a session, opened by a signed challenge
(`node.office.sessions`); whatever changes something repeats the session's token besides
(`X-CSRF-Token`), and comes from the origin the session was opened at. Either way the key is looked
up in the read model each time: an officer is who the chain says he is now.

Who only reads (`[console.oidc]`) has a session and no key: he is a reader, never an officer, and
whatever asks for an officer refuses him.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request, Response

from node.crypto import constant_time_equal
from node.errors import (
    Forbidden,
    InvalidInput,
    LedgerError,
    NotEntitled,
    Overloaded,
    SignatureInvalid,
)
from node.office.mandates import held_roles
from node.office.sessionrows import LONGEST_SECONDS
from node.protocol.ledger.enums import KeyKind, Role
from node.protocol.wire import ids

from .callers import DOCUMENT_BYTES, NodeDep, authenticated, node_of, read_call
from .connection import OFFICE_BYTES, read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.office.readersessions import ReaderSession
    from node.office.sessions import Session
    from node.protocol.ledger.facts import KeyFact

    from ..parts import Node

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "x-csrf-token"
POLL_HEADER = "shareledger-poll"
"""Of what a page asks by itself every few seconds: nobody is at the machine because of it."""
COOKIE, PLAIN_COOKIE = "__Host-shareledger", "shareledger-session"
"""Over TLS the prefix keeps other hosts and paths of the domain from setting it (RFC 6265bis)."""
LARGE_AT_ONCE = 4
"""Large bodies in memory at once."""


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer whose key counts now."""

    key: KeyFact
    department: str
    """Code of the department that registered the key."""
    roles: Mapping[bytes, int]
    """Bits of `Role` by department, where he holds any."""
    session: Session | None
    """None: the request itself is signed."""

    @property
    def via(self) -> str:
        return "signature" if self.session is None else "session"

    @property
    def departments(self) -> frozenset[bytes]:
        """Where he holds a role."""
        return frozenset(self.roles)

    def holds(self, role: Role, department: bytes | None = None) -> bool:
        """Whether he holds a role in a department; in any, if none is named."""
        found = self.roles.values() if department is None else [self.roles.get(department, 0)]
        return any(bits & role for bits in found)

    def require(self, role: Role, department: bytes | None = None) -> None:
        """Check that he holds a role.

        Raises:
            NotEntitled: he does not.
        """
        if not self.holds(role, department):
            from node.protocol.forms.words import words_of

            chinese, english = words_of(role)
            where = "" if department is None else f"在 {ids.department_code(department)} "
            raise NotEntitled(f"您{where}没有{chinese}的职责 / you are no {english}")


async def find_officer(request: Request) -> Officer | None:
    """Return who has signed in at a browser; None where nobody has. For pages.

    A reader is no officer: he stands in `request.state.reader`.

    Raises:
        Forbidden: a request that changes something does not repeat the session's token.
        LedgerBehind: the read model cannot say whether his key counts.
    """
    node = await node_of(request)
    token = session_token(request, node)
    if token is None:
        return None
    used = not _is_poll(request)
    found = await to_thread.run_sync(partial(_from_session, node, token, used=used))
    if found is not None and found.session is not None:
        if request.method not in SAFE:
            _require_same(request, found.session)
        request.state.officer = found
    elif node.readers is not None:
        reader = await to_thread.run_sync(partial(node.readers.find, token, used=used))
        if reader is not None:
            if request.method not in SAFE:
                _require_same(request, reader)
            request.state.reader = reader
    return found


def reader_of(request: Request) -> ReaderSession | None:
    """Return the reader who has signed in, once `find_officer` has looked."""
    found: ReaderSession | None = getattr(request.state, "reader", None)
    return found


def no_officer(request: Request) -> LedgerError:
    """Return how a request is refused that has no officer: nobody has signed in, or a reader."""
    reader = reader_of(request)
    if reader is None:
        return SignatureInvalid("请先登录 / sign in first")
    return NotEntitled(
        "您经统一身份认证登录，只能查看；办理、审核、审计须以部门登记的密钥登录"
        " / you signed in to read: deciding, reviewing and auditing need a registered key"
    )


def session_token(request: Request, node: Node) -> str | None:
    """Return the token that a browser's cookie holds, if there is one."""
    token = request.cookies.get(COOKIE)
    if token is None and node.settings.console.insecure_cookies:
        # Else a neighbour on plain http could plant one beside a protected page.
        token = request.cookies.get(PLAIN_COOKIE)
    return token


async def officer(request: Request, node: NodeDep) -> Officer:
    """Return who is asking, by either way.

    Raises:
        SignatureInvalid: nobody has signed in, or signed.
        NotEntitled: the key is no officer's, or holds no role now.
        Forbidden, LedgerBehind: as `find_officer`.
    """
    if "signature" in request.headers:
        call, body = await read_call(request.scope, request.receive, node, DOCUMENT_BYTES)
        caller = await to_thread.run_sync(authenticated, node, call, body)
        return await to_thread.run_sync(_from_key, node, caller.key)
    found = await find_officer(request)
    if found is None:
        if reader_of(request) is not None:
            raise no_officer(request)
        raise SignatureInvalid("请先登录，或以人员密钥签名请求 / sign in, or sign the request")
    return found


OfficerDep = Annotated[Officer, Depends(officer)]
_large = CapacityLimiter(LARGE_AT_ONCE)


async def officer_with_body(request: Request, node: Node) -> tuple[Officer, bytes]:
    """Return who is asking and what he sends, a whole table at most.

    A stranger's body is not read: the cookie is looked up before, and of a signed request the key
    it names.

    Raises:
        InvalidInput: the body has more than `OFFICE_BYTES`.
        SignatureInvalid, NotEntitled, Forbidden, LedgerBehind: as `officer`.
    """
    # HTTP takes thousands of zeros before it, int() does not.
    length = request.headers.get("content-length", "")
    digits = length.lstrip("0")[: len(str(DOCUMENT_BYTES)) + 1]
    if length.isdecimal() and int(digits or "0") <= DOCUMENT_BYTES:
        return await _read_whole(request, node, DOCUMENT_BYTES)
    # Key ids are public: a stranger who names one and sends slowly holds a place of these few, and
    # none of those above, by which nearly all decisions go.
    if _large.available_tokens <= 0:
        raise Overloaded("正在收取的大文件太多，请稍后再试 / too many large bodies at once")
    async with _large:
        return await _read_whole(request, node, OFFICE_BYTES)


async def _read_whole(request: Request, node: Node, limit: int) -> tuple[Officer, bytes]:
    if "signature" not in request.headers:
        found = await officer(request, node)
        return found, await read_body(request.receive, limit)
    named = request.headers.get("signature-input", "").partition(';keyid="')[2][:64]
    await to_thread.run_sync(_require_officer_key, node, named)
    call, body = await read_call(request.scope, request.receive, node, limit)
    caller = await to_thread.run_sync(authenticated, node, call, body)
    return await to_thread.run_sync(_from_key, node, caller.key), body


def allowed_origins(node: Node) -> frozenset[str]:
    """Return the origins at which the node's pages are opened."""
    settings = node.settings
    named = [settings.public_url, *settings.console.origins]
    own = [f"{scheme}://{each}" for each in settings.authorities for scheme in ("http", "https")]
    return frozenset(origin_of(each) for each in (*named, *own))


def cookie_name(origin: str) -> str:
    """Return the name of the session's cookie at an origin."""
    return COOKIE if origin.startswith("https:") else PLAIN_COOKIE


def set_session(response: Response, origin: str, token: str) -> None:
    """Give a browser the cookie of a session that was opened at an origin."""
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        cookie_name(origin),
        token,
        max_age=LONGEST_SECONDS,
        path="/",
        secure=origin.startswith("https:"),
        httponly=True,
        samesite="strict",
    )


def require_origin(node: Node, origin: str) -> None:
    """Check that people may sign in at an origin.

    Raises:
        Forbidden: it is none of the node's, or plain http, which has to be allowed.
    """
    allowed = allowed_origins(node)
    if origin not in allowed:
        raise Forbidden(
            f"网页来源 {origin[:200]!r} 不是本节点的；请从 {'、'.join(sorted(allowed))} 打开，"
            "或写入配置 [console] origins / no origin of this node",
            origins=sorted(allowed),
        )
    if not origin.startswith("https:") and not node.settings.console.insecure_cookies:
        raise Forbidden(
            f"{origin} 是未加密的连接，会话不能由此建立；请用 https 打开，或在配置写明 [console]"
            " insecure_cookies = true / plain http needs [console] insecure_cookies = true",
            origin=origin,
        )


def origin_of(url: str) -> str:
    """Return the origin of an address as browsers write it."""
    parts = urlsplit(url.lower())
    port = parts.port
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in {None, usual} else f":{port}")


def _require_same(request: Request, session: Session | ReaderSession) -> None:
    """Check that a request that changes something comes from the session's own pages."""
    origin = request.headers.get("origin", session.origin)
    token = request.headers.get(CSRF_HEADER, "")
    if origin != session.origin or not constant_time_equal(token.encode(), session.csrf.encode()):
        raise Forbidden(
            "请求不是从本页发出的，请刷新页面重试 / X-CSRF-Token is missing or another session's"
        )


def _is_poll(request: Request) -> bool:
    """Whether a page asks for a piece of itself, unasked: who says so only shortens his session."""
    return request.method == "GET" and all(
        name in request.headers for name in (POLL_HEADER, "hx-request")
    )


def _from_session(node: Node, token: str, *, used: bool) -> Officer | None:
    session = node.sessions.find(token, used=used)
    return None if session is None else officer_of(node, session.key, session)


def _from_key(node: Node, key: KeyFact) -> Officer:
    found = officer_of(node, key, None) if key.kind == KeyKind.OFFICER else None
    if found is None or not found.roles:
        raise NotEntitled(
            f"密钥 {key.key.hex()} 不是现有职责的人员密钥 / no officer's key that holds a role",
            key=key.key.hex(),
        )
    return found


def officer_of(node: Node, key: KeyFact, session: Session | None) -> Officer:
    """Return an officer with the roles his key holds now."""
    held = held_roles(node.queries, key.key, int(time.time()))
    roles = {department: bits for department, bits in held.items() if bits}
    return Officer(key, ids.department_code(key.holder), roles, session)


def _require_officer_key(node: Node, named: str) -> None:
    try:
        found = node.queries.find_key(bytes.fromhex(named))
    except ValueError:
        raise InvalidInput("Signature-Input 没有写明密钥 / names no key") from None
    if found is None or found.kind != KeyKind.OFFICER:
        raise SignatureInvalid("密钥不是已登记的人员密钥 / no registered officer's key")
