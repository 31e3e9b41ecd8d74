"""The SM4 keys answers are sealed with: one per application, in this process's memory only."""

from __future__ import annotations

import threading

from ..protocol.wire import envelope


class DataKeys:
    """One data key per application, replaced after an hour or a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[bytes, envelope.DataKey] = {}

    def get(self, application: bytes, now: int) -> envelope.DataKey:
        """Return the application's key, usable at `now` (seconds)."""
        with self._lock:
            key = self._keys.get(application)
            if key is None or not key.is_usable(now):
                key = self._keys[application] = envelope.DataKey(created=now)
            return key
