"""Who is calling: signed requests of profile gdsl-1, checked before a route sees them.

Every signed route but the query is a read, or a write that changes nothing when repeated; such a
request may be replayed within the signature's window, by design: it tells or does the same again.
The query's replays are told apart by the log, which remembers every event.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from anyio import to_thread
from fastapi import Depends, Request

from node.errors import InvalidInput
from node.protocol.wire import signedcall
from node.service.caller import authenticate, judged_second

from ..parts import Node
from .connection import read_body

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from node.protocol.evm.blocks import BlockRef
    from node.protocol.ledger.facts import KeyFact
    from node.protocol.wire.signedcall import SignedCall

HEADER_BYTES = 16_384
DOCUMENT_BYTES = 262_144
NO_STORE = (b"cache-control", b"no-store")


@dataclass(frozen=True, slots=True)
class Caller:
    """A request whose signature holds for a key in force."""

    key: KeyFact
    call: SignedCall
    body: bytes
    block: BlockRef
    judged: int
    """The second it was judged at, by the state after `block`."""


class NotStored:
    """ASGI middleware: nothing between us keeps what somebody we know is answered with.

    Whoever it was meant for has signed, or has signed in; a cache would give it to the next who
    asks.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer with `Cache-Control: no-store`."""

        async def marked(message: Message) -> None:
            # Known by his cookie only once the route has looked (`officers.find_officer`).
            known = not {"officer", "reader"}.isdisjoint(scope.get("state", {}))
            if message["type"] == "http.response.start" and (by_key or known):
                others = [pair for pair in message["headers"] if pair[0] != b"cache-control"]
                message["headers"] = [*others, NO_STORE]
            await send(message)

        http = scope["type"] == "http"
        by_key = http and is_by_key(scope)
        await self._app(scope, receive, marked if http else send)


def is_by_key(scope: Scope) -> bool:
    """Tell whether a request bears a signature: what it is answered is its sender's alone."""
    return any(name == b"signature" for name, _ in scope["headers"])


async def node_of(request: Request) -> Node:
    """Return the node that serves the application (async: others FastAPI runs in a thread)."""
    node: Node = request.app.state.node
    return node


async def read_call(
    scope: Scope, receive: Receive, node: Node, limit: int
) -> tuple[SignedCall, bytes]:
    """Read a signed request of at most `limit` bytes; nothing is verified but its digest.

    Raises:
        InvalidInput: it is too large, not of the profile, or names a host that is not ours.
        DigestMismatch: its body is not the one that was signed.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        raise InvalidInput(f"Host is given {len(hosts)} times; once is right (RFC 9112 3.2)")
    if sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES:
        raise InvalidInput(f"the headers have more than {HEADER_BYTES} bytes")
    body = await read_body(receive, limit)
    call = signedcall.parse(
        scope["method"],
        hosts[0].decode("latin-1"),
        scope["raw_path"],
        scope["query_string"],
        headers,
        body,
    )
    if call.authority not in node.settings.authorities:
        raise InvalidInput(
            f"this node is not {call.authority}; sign for one of "
            f"{', '.join(node.settings.authorities)}",
            authorities=node.settings.authorities,
        )
    return call, body


async def signed(request: Request, node: Annotated[Node, Depends(node_of)]) -> Caller:
    """Return who signed the request.

    Raises:
        SignatureInvalid, ClockSkew: nobody in force did.
        LedgerBehind: the read model cannot say.
    """
    call, body = await read_call(request.scope, request.receive, node, DOCUMENT_BYTES)
    return await to_thread.run_sync(authenticated, node, call, body)


def authenticated(node: Node, call: SignedCall, body: bytes) -> Caller:
    """Return who signed a request that was read.

    Raises:
        SignatureInvalid, ClockSkew, LedgerBehind: as `signed`.
    """
    snapshot = node.grants.snapshot(call.key_id, 0)
    judged = judged_second(snapshot, time.time())
    return Caller(authenticate(call, snapshot, judged), call, body, snapshot.block, judged)


NodeDep = Annotated[Node, Depends(node_of)]
CallerDep = Annotated[Caller, Depends(signed)]
