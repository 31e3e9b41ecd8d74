"""Rows of sessions: a random token in a cookie, of which its digest is kept, until it is over.

An officer's session and a reader's stand in one table and are never taken for each other: who looks
for one says which, and a row is the one or the other.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from ..crypto import sm3
from ..errors import InvalidInput
from ..protocol.wire.encoding import b64u, unb64u
from .tables import OfficeSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

IDLE_SECONDS, LONGEST_SECONDS = 30 * 60, 8 * 60 * 60
TOUCH_SECONDS = 30
"""A session's last use is written no more often."""
MOST_SESSIONS = 8
"""Of one key, or of one reader; the next one ends the oldest."""
TOKEN_BYTES = 32

_sessions = OfficeSession.__table__  # type: ignore[attr-defined]


class SessionRows:
    """The sessions in one `office.db`."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        """Keep rows in `engine`; `clock` gives seconds."""
        self._engine, self._clock = engine, clock

    def open(self, key: bytes, **values: Any) -> bytes:  # noqa: ANN401 - of the row
        """Open a session of whoever `key` stands for; return its token."""
        token = secrets.token_bytes(TOKEN_BYTES)
        milliseconds = int(self._clock() * 1000)
        with self._engine.begin() as connection:
            kept = (
                select(_sessions.c.id)
                .where(_sessions.c.key == key)
                .order_by(_sessions.c.used.desc())
                .limit(MOST_SESSIONS - 1)
            )
            connection.execute(
                delete(_sessions).where(_sessions.c.key == key, _sessions.c.id.not_in(kept))
            )
            idle = milliseconds - IDLE_SECONDS * 1000
            connection.execute(delete(_sessions).where(_sessions.c.used < idle))
            times = {"asked": 0, "created": milliseconds, "used": milliseconds}
            connection.execute(insert(_sessions).values(id=sm3(token), key=key, **times, **values))
        return token

    def find(self, token: str, *, reader: bool) -> tuple[bytes, Any] | None:
        """Return a cookie's token and the row of its session, if it lasts and is of that sort."""
        raw = _token(token)
        if raw is None:
            return None
        sort = _sessions.c.reader.is_not(None) if reader else _sessions.c.reader.is_(None)
        with self._engine.connect().execution_options(reads=True) as connection:
            row = connection.execute(
                select(_sessions).where(_sessions.c.id == sm3(raw), sort)
            ).first()
        now = int(self._clock())
        if row is None or now - row.used // 1000 >= IDLE_SECONDS:
            return None
        return (raw, row) if now - row.created // 1000 < LONGEST_SECONDS else None

    def touch(self, row: Any) -> None:  # noqa: ANN401 - a row
        """Write down that a session is used now."""
        now = int(self._clock())
        if now - row.used // 1000 >= TOUCH_SECONDS:
            with self._engine.begin() as connection:
                connection.execute(
                    update(_sessions).where(_sessions.c.id == row.id).values(used=now * 1000)
                )

    def end(self, token: str) -> None:
        """End a session; one that is over already is no error."""
        raw = _token(token)
        if raw is not None:
            with self._engine.begin() as connection:
                connection.execute(delete(_sessions).where(_sessions.c.id == sm3(raw)))


def cookie_of(token: bytes) -> str:
    """Return what a cookie holds of a token."""
    return b64u(token)


def csrf_of(token: bytes) -> str:
    """Return what unsafe requests repeat; it gives nothing of the token away."""
    # Follows from the token: no second secret is kept.
    return sm3(b"csrf" + token).hex()


def _token(text: str) -> bytes | None:
    try:
        raw = unb64u(text)
    except InvalidInput:
        return None
    return raw if len(raw) == TOKEN_BYTES else None
