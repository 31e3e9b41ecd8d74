"""Who only reads: signed in by an identity provider's word, never by a key.

A reader looks at what his department may see, and decides nothing: he has no key, so there is
nothing a decision of his could be signed with. What lets him in is the settings' mapping of what
the provider says of him to departments and seats; it is asked anew each time, and so is the ledger:
a department that is suspended shuts its readers out.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ..crypto import constant_time_equal, sm3
from ..errors import Forbidden, InvalidInput, NotEntitled
from ..protocol.ledger.enums import DepartmentStatus
from ..protocol.wire.encoding import b64u, unb64u
from .sessionrows import IDLE_SECONDS, LONGEST_SECONDS, SessionRows, cookie_of, csrf_of
from .sessions import draw_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Engine

    from .mandates import Registry

ATTEMPT_SECONDS = 600
"""From leaving for the provider to coming back; a password and a second factor lie in between."""
BACK_CHARACTERS = 500
NAME_CHARACTERS = 100
HANDLE_BYTES, TIME_BYTES = 24, 8


class Place(NamedTuple):
    """What one value of the provider's claim opens."""

    value: str
    department: bytes
    seats: frozenset[str]


class Attempt(NamedTuple):
    """A sign-in that is under way at the provider."""

    cookie: str
    """What the browser that began keeps: nothing can be told from it."""
    state: str
    nonce: str
    verifier: str
    """PKCE (RFC 7636)."""
    back: str
    """The page to open afterwards."""


class Told(NamedTuple):
    """What the provider has said of somebody, verified."""

    issuer: str
    subject: str
    name: str
    values: Sequence[str]
    """Of the claim that is mapped."""


@dataclass(frozen=True, slots=True)
class ReaderSession:
    """A reader's session that is good now."""

    name: str
    origin: str
    ends: int
    """Seconds: at the latest, unless it is used again before."""
    csrf: str
    seats: Mapping[bytes, frozenset[str]]
    """Of departments that are active."""


class Readers:
    """Attempts and sessions of readers in one `office.db`."""

    def __init__(
        self,
        engine: Engine,
        registry: Registry,
        places: Sequence[Place],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Let in whom `places` name; `registry` says which departments are active."""
        self._rows, self._registry = SessionRows(engine, clock), registry
        self._places, self._clock = places, clock
        self._secret = draw_secret(engine)

    def begin(self, back: str) -> Attempt:
        """Return a new attempt; a stranger who begins many leaves nothing here."""
        now = int(self._clock()).to_bytes(TIME_BYTES, "big")
        handle = secrets.token_bytes(HANDLE_BYTES) + now
        return self._attempt(handle, back if len(back) <= BACK_CHARACTERS else "/")

    def resume(self, cookie: str, state: str) -> Attempt:
        """Return the attempt of a browser that comes back from the provider.

        Raises:
            Forbidden: this browser has begun none, another one, or too long ago.
        """
        handle, _, back = cookie.partition(".")
        try:
            attempt = self._attempt(unb64u(handle), unb64u(back).decode())
            began = int.from_bytes(unb64u(handle)[HANDLE_BYTES:], "big")
        except (InvalidInput, UnicodeDecodeError) as error:
            raise _lost() from error
        same = constant_time_equal(attempt.state.encode(), state.encode())
        fresh = began <= self._clock() < began + ATTEMPT_SECONDS
        if len(unb64u(handle)) != HANDLE_BYTES + TIME_BYTES or not same or not fresh:
            raise _lost()
        return attempt

    def open(self, told: Told, origin: str) -> tuple[str, ReaderSession]:
        """Open a session for whom the provider has named; return (cookie's token, session).

        Raises:
            NotEntitled: nothing is mapped to him, or no such department is active.
            LedgerBehind: the read model cannot say.
        """
        mapped = [each for each in self._places if each.value in told.values]
        if not mapped:
            raise NotEntitled(
                "统一身份认证已确认您的身份，但没有给您查看的权限；请找本节点的管理员"
                "（配置 [console.oidc] readers） / the provider knows you, and nothing is mapped to"
                " you: see [console.oidc] readers"
            )
        if not self._seats(told.values):
            raise NotEntitled(
                "您所在的部门已暂停或尚未登记，不能查看"
                " / your department is suspended or not enrolled"
            )
        # Only what the mapping may ask for is kept of what the provider said.
        kept = {"name": told.name, "values": sorted({each.value for each in mapped})}
        token = self._rows.open(
            sm3(b"reader\0" + told.issuer.encode() + b"\0" + told.subject.encode()),
            origin=origin,
            login="",
            signature=b"",
            reader=orjson.dumps(kept).decode(),
        )
        cookie = cookie_of(token)
        found = self.find(cookie)
        if found is None:
            raise NotEntitled("会话没有建立，请重新登录 / no session was opened; sign in again")
        return cookie, found

    def find(self, token: str, *, used: bool = True) -> ReaderSession | None:
        """Return the session of a cookie, if it is good now; mark it as used, if it is.

        Raises:
            LedgerBehind: the read model cannot say whether his departments are active.
        """
        kept = self._rows.find(token, reader=True)
        if kept is None:
            return None
        raw, row = kept
        said = orjson.loads(row.reader)
        seats = self._seats(said["values"])
        if not seats:
            self._rows.end(token)
            return None
        if used:
            self._rows.touch(row)
        ends = min(int(self._clock()) + IDLE_SECONDS, row.created // 1000 + LONGEST_SECONDS)
        return ReaderSession(said["name"], row.origin, ends, csrf_of(raw), seats)

    def end(self, token: str) -> None:
        """End a session; one that is over already is no error."""
        self._rows.end(token)

    def _seats(self, values: Sequence[str]) -> dict[bytes, frozenset[str]]:
        """Return the seats that values open now, by department."""
        found: dict[bytes, frozenset[str]] = {}
        for each in self._places:
            if each.value in values:
                found[each.department] = found.get(each.department, frozenset()) | each.seats
        return {
            department: seats
            for department, seats in found.items()
            if (fact := self._registry.find_department(department)) is not None
            and fact.status == DepartmentStatus.ACTIVE
        }

    def _attempt(self, handle: bytes, back: str) -> Attempt:
        def drawn(name: bytes) -> str:
            # Known to this node alone, though the browser keeps the handle.
            return b64u(hmac.digest(self._secret, b"reader " + name + handle, "sha256"))

        cookie = f"{b64u(handle)}.{b64u(back.encode())}"
        return Attempt(cookie, drawn(b"state"), drawn(b"nonce"), drawn(b"verifier"), back)


def _lost() -> Forbidden:
    return Forbidden(
        "这次登录不是从本浏览器开始的，或已过去太久；请回到登录页重新开始"
        " / this sign-in was not begun in this browser, or too long ago: begin again"
    )
