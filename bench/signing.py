"""Signed calls as the bytes that go over the wire, made before they are due.

A signature costs a good part of what a node spends on a call. Made while the calls go on, by the
processors the node has, it would be measured with them.
"""

from __future__ import annotations

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.protocol.wire import canonical, encoding

from .load import raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.client.http import SignedHttp

PEOPLE = 50
"""Rows of the source that is asked."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An application that asks for one person after the other, each for a matter of its own."""

    http: SignedHttp
    node_url: str
    authorisation: int
    purpose: str
    items: Sequence[str]

    def sign(self, numbers: range) -> list[bytes]:
        """Return these calls, signed now: the node takes them for the next 300 seconds."""
        threads = os.cpu_count() or 1
        # libcrypto lets the other threads compute while it signs.
        with ThreadPoolExecutor(threads) as pool:
            parts = pool.map(self._sign, (numbers[place::threads] for place in range(threads)))
            return [call for part in parts for call in part]

    def _sign(self, numbers: range) -> list[bytes]:
        url = f"{self.node_url}/api/v1/authorisations/{self.authorisation}/query"
        calls = []
        for number in numbers:
            body = {
                "purpose": self.purpose,
                "items": list(self.items),
                "where": {"GMSFHM": {"eq": person(number)}},
                "page": {"size": 1, "after": None},
                "operator": "李老师",
                "matter": f"2026-{number}",
                "salt": encoding.b64u(secrets.token_bytes(16)),
            }
            request = self.http.sign("POST", url, canonical.dumps(body), "application/json")
            calls.append(raw(request))
        return calls


def person(number: int) -> str:
    """Return the number of one of the people in the source."""
    return f"13090220000101{number % PEOPLE:04d}"
