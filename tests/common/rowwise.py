"""How many statements a page takes of the databases: pages whose rows each ask are slow ones."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    import httpx

A_FEW = 10
"""Statements that depend on the clock, as that somebody was seen."""


def statements_of(http: httpx.Client, path: str) -> int:
    """Return how many statements a page takes, its second time; other threads' do not count."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += threading.current_thread().name.startswith("AnyIO")

    assert http.get(path).status_code == 200
    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert http.get(path).status_code == 200
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return count
