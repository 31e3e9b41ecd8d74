"""A gate that many readers pass together and one writer alone.

A waiting writer goes before readers that come later: sealing never starves behind a queue of
reads. Not reentrant.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gate:
    """Shared passage for reads, exclusive passage for the change they must not see half done."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._writers = 0
        """Writers waiting or inside; the one inside holds `_turn`."""
        self._turn = threading.Lock()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Pass beside other readers."""
        with self._condition:
            self._condition.wait_for(lambda: not self._writers)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                if not self._readers:
                    self._condition.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Pass alone: readers inside leave first, later ones wait."""
        with self._condition:
            self._writers += 1
        try:
            with self._turn:
                with self._condition:
                    self._condition.wait_for(lambda: not self._readers)
                yield
        finally:
            with self._condition:
                self._writers -= 1
                self._condition.notify_all()
