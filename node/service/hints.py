"""Why a signature probably failed: one of a neighbouring library's settings, and which to change.

It is looked for after the refusal is certain, for registered keys alone, and a few times a minute:
a stranger who names somebody's key must not make a node work. A hint shows only to whoever really
signed with the key, and changes nothing: what is refused stays refused.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ..crypto.neighbours import find_neighbour

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..crypto import Sm2PublicKey
    from ..crypto.neighbours import Neighbour

WINDOW_SECONDS = 60.0
MOST_OF_A_KEY = 5
MOST_IN_ALL = 60
"""Looks a window: at six verifications each, a hundredth of what one core does."""


class Hints:
    """Looks for neighbours, so many times a minute; any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Count by `clock`, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock()
        self._looks: dict[bytes, int] = {}

    def find(self, public: Sm2PublicKey, message: bytes, signature: bytes) -> Neighbour | None:
        """Return how a refused signature was made; None also when it was looked up too often."""
        if not self._may_look(public.key_id):
            return None
        return find_neighbour(public, message, signature)

    def _may_look(self, key: bytes) -> bool:
        with self._lock:
            if self._clock() - self._since >= WINDOW_SECONDS:
                # At most MOST_IN_ALL keys are remembered at any time.
                self._since = self._clock()
                self._looks = {}
            looks = self._looks.get(key, 0)
            if looks >= MOST_OF_A_KEY or sum(self._looks.values()) >= MOST_IN_ALL:
                return False
            self._looks[key] = looks + 1
            return True
