"""Who is at a browser: a challenge signed with an officer's key, then a session that ends.

A challenge is a text this node can recognise (its nonce carries a code of origin and time that only
the node's secret makes): a stranger who asks for many leaves nothing here. One that is signed is
written down, once. A session is a random token; what is kept is its digest. Whether its key still
counts is asked of the read model each time: it dies with the key.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from ..crypto import check_login_text, constant_time_equal, sm3, verify_login
from ..errors import (
    ClockSkew,
    InvalidInput,
    KeyNotInForce,
    KeyRevoked,
    Overloaded,
    SignatureInvalid,
)
from ..protocol.ledger.enums import KeyKind
from ..protocol.wire.encoding import rfc3339
from ..protocol.wire.leaf import login_event
from ..storage.dialects import insert
from .mandates import held_roles
from .sessionrows import IDLE_SECONDS, LONGEST_SECONDS, SessionRows, cookie_of, csrf_of
from .tables import LoginSecret, OfficeSession, UsedChallenge

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from ..protocol.ledger.facts import KeyFact
    from .mandates import Registry

CHALLENGE_SECONDS = 120
"""From a challenge to its signature; a PIN is typed in between."""
MOST_REQUESTS = 2_000
"""Queries of an auditor under one login: each is a leaf of a log."""
MOST_SIGN_INS, MOST_A_DAY = 10, 50
"""Of one key in `CHALLENGE_SECONDS`; in a day, for each may ask `MOST_REQUESTS` times."""
DAY_SECONDS = 86_400
SECRET_BYTES, NONCE_BYTES, CODE_BYTES = 32, 16, 16
ORIGIN_CHARACTERS = 200
_ORIGIN = re.compile(r"https?://[a-z0-9.\-:\[\]]{1,190}")
PREFIX = "ShareLedger-login:"

_challenges = UsedChallenge.__table__  # type: ignore[attr-defined]
_sessions = OfficeSession.__table__  # type: ignore[attr-defined]
_secrets = LoginSecret.__table__  # type: ignore[attr-defined]


class Challenge(NamedTuple):
    """What is to be signed, and until when, in seconds."""

    text: str
    expires: int


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is good now."""

    key: KeyFact
    origin: str
    created: int
    """Seconds."""
    ends: int
    """Seconds: at the latest, unless it is used again before."""
    csrf: str
    """What every unsafe request repeats."""
    id: bytes
    """SM3 of the cookie's token."""
    login: bytes
    """The challenge that was signed, and its signature."""
    signature: bytes

    @property
    def event(self) -> bytes:
        """The event id of the login (`session_event` counts on from it)."""
        return login_event(self.login)


class Sessions:
    """Challenges and sessions in one `office.db`."""

    def __init__(
        self, engine: Engine, registry: Registry, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Keep rows in `engine`; `registry` says which keys count; `clock` gives seconds."""
        self._engine, self._registry, self._clock = engine, registry, clock
        self._rows = SessionRows(engine, clock)
        self._secret = draw_secret(engine)

    def challenge(self, origin: str) -> Challenge:
        """Return a challenge for whoever sees the console at `origin`.

        Raises:
            InvalidInput: that is no origin.
        """
        if not _ORIGIN.fullmatch(origin):
            raise InvalidInput(f"不是网页来源：{origin[:ORIGIN_CHARACTERS]!r} / no origin")
        now = int(self._clock())
        drawn = secrets.token_bytes(NONCE_BYTES)
        nonce = drawn + self._code(drawn, origin, rfc3339(now))
        text = f"{PREFIX}{origin} {nonce.hex()} {rfc3339(now)}"
        check_login_text(text.encode("ascii"))
        return Challenge(text, now + CHALLENGE_SECONDS)

    def sign_in(self, text: str, key_id: bytes, signature: bytes) -> tuple[str, Session]:
        """Open a session for who signed a challenge; return (cookie's token, session).

        Raises:
            InvalidInput: the text is no challenge of this node.
            ClockSkew: it is over.
            SignatureInvalid: it is not signed by a registered officer's key, or was used before.
            KeyRevoked, KeyNotInForce: it is, and the key does not count now.
            Overloaded: the key signs in too often.
        """
        origin, nonce, asked = self._read(text)
        now = int(self._clock())
        if not asked <= now < asked + CHALLENGE_SECONDS:
            raise ClockSkew(
                f"登录口令已过期（{rfc3339(asked)}），请重新登录 / the challenge is over",
                asked=asked,
            )
        found = self._registry.find_key(key_id)
        # An unknown key and a bad signature read the same.
        if found is None or found.kind != KeyKind.OFFICER:
            raise SignatureInvalid("登录签名不成立，或密钥未登记 / the signature does not hold")
        verify_login(found.public, text.encode("ascii"), signature)
        self._require_counts(found, now)
        self._use(nonce, key_id, now)
        token = self._rows.open(key_id, origin=origin, login=text, signature=signature)
        opened = self._session(token, found, origin, now, now, text.encode("ascii"), signature)
        return cookie_of(token), opened

    def find(self, token: str, *, used: bool = True) -> Session | None:
        """Return the session of a cookie, if it is good now; mark it as used, if it is.

        Raises:
            LedgerBehind: the read model cannot say whether its key counts.
        """
        kept = self._rows.find(token, reader=False)
        if kept is None:
            return None
        raw, row = kept
        now = int(self._clock())
        found = self._registry.find_key(row.key)
        try:
            self._require_counts(found, now)
        except SignatureInvalid:
            self.end(token)
            return None
        if found is None:
            return None
        if used:
            self._rows.touch(row)
        created, login = row.created // 1000, row.login.encode("ascii")
        return self._session(raw, found, row.origin, created, now, login, row.signature)

    def next_request(self, session: Session, most: int | None = None) -> int:
        """Return the number of the next query under a session's login, from 1; none is used twice.

        Raises:
            SignatureInvalid: the session is over.
            Overloaded: it has asked `most` times, by default `MOST_REQUESTS`.
        """
        most = MOST_REQUESTS if most is None else most
        mine = _sessions.c.id == session.id
        with self._engine.begin() as connection:
            counted = (
                update(_sessions)
                .where(mine, _sessions.c.asked < most)
                .values(asked=_sessions.c.asked + 1)
                .returning(_sessions.c.asked)
            )
            number: int | None = connection.scalar(counted)
            if number is not None:
                return number
            if connection.scalar(select(_sessions.c.asked).where(mine)) is None:
                raise SignatureInvalid("会话已结束，请重新登录 / the session is over")
        raise Overloaded(
            f"本次登录已查询 {most} 次，请重新登录 / too many queries under one login",
            most=most,
        )

    def end(self, token: str) -> None:
        """End a session; one that is over already is no error."""
        self._rows.end(token)

    def _session(  # noqa: PLR0917 - a row and what it was found by
        self,
        token: bytes,
        key: KeyFact,
        origin: str,
        created: int,
        now: int,
        login: bytes,
        signature: bytes,
    ) -> Session:
        ends = min(now + IDLE_SECONDS, created + LONGEST_SECONDS, key.valid_until)
        return Session(key, origin, created, ends, csrf_of(token), sm3(token), login, signature)

    def _require_counts(self, key: KeyFact | None, now: int) -> None:
        """Check that a key is in force and holds a role somewhere."""
        if key is None:
            raise SignatureInvalid("密钥未登记 / the key is not registered")
        if key.revoked_at is not None:
            raise KeyRevoked(f"密钥 {key.key.hex()} 已注销 / was revoked", revokedAt=key.revoked_at)
        if not key.valid_from <= now < key.valid_until:
            raise KeyNotInForce(f"密钥 {key.key.hex()} 不在有效期内 / is not in force")
        if not any(held_roles(self._registry, key.key, now).values()):
            raise KeyNotInForce(
                f"密钥 {key.key.hex()} 现在没有任何角色，请部门负责人授予 / holds no role now"
            )

    def _read(self, text: str) -> tuple[str, bytes, int]:
        """Return origin, nonce and second of a challenge of ours."""
        try:
            check_login_text(text.encode("ascii"))
            origin, said, moment = text.removeprefix(PREFIX).split(" ")
            nonce = bytes.fromhex(said)
            second = int(datetime.fromisoformat(moment).timestamp())
        except ValueError as error:
            raise InvalidInput("不是本节点的登录口令 / no challenge of this node") from error
        code = self._code(nonce[:NONCE_BYTES], origin, moment)
        if not constant_time_equal(nonce[NONCE_BYTES:], code):
            raise InvalidInput("不是本节点的登录口令 / no challenge of this node")
        return origin, nonce, second

    def _code(self, drawn: bytes, origin: str, moment: str) -> bytes:
        said = b"\n".join((drawn, origin.encode(), moment.encode()))
        return hmac.digest(self._secret, said, "sha256")[:CODE_BYTES]

    def _use(self, nonce: bytes, key: bytes, now: int) -> None:
        """Write a challenge down as used; what is over is swept away."""
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(_challenges).where(_challenges.c.expires < now * 1000))
                # A row stays for a day, much longer than its challenge is good for.
                today = select(func.count()).where(_challenges.c.key == key)
                since = (now - CHALLENGE_SECONDS + DAY_SECONDS) * 1000
                recent = today.where(_challenges.c.expires > since)
                for query, most, wait in (
                    (recent, MOST_SIGN_INS, f"{CHALLENGE_SECONDS} 秒"),
                    (today, MOST_A_DAY, "一天"),
                ):
                    if (connection.scalar(query) or 0) >= most:
                        raise Overloaded(
                            f"这把密钥登录过于频繁（{wait}内最多 {most} 次），请稍后再试"
                            " / signs in too often"
                        )
                expires = (now + DAY_SECONDS) * 1000
                connection.execute(
                    insert(_challenges).values(nonce=nonce, key=key, expires=expires)
                )
        except IntegrityError as error:
            raise SignatureInvalid(
                "登录口令已经用过，请重新登录 / the challenge was used before"
            ) from error


def draw_secret(engine: Engine) -> bytes:
    """Return what a node recognises its own challenges by, drawn once for all fronts."""
    with engine.begin() as connection:
        drawn = insert(_secrets).values(one=1, secret=secrets.token_bytes(SECRET_BYTES))
        connection.execute(drawn.on_conflict_do_nothing())
        return bytes(connection.execute(select(_secrets.c.secret)).scalar_one())
