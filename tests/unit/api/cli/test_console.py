"""What is printed is printed in whole lines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from api.cli.console import put

if TYPE_CHECKING:
    import pytest


class Counted:
    """A stream that keeps every write by itself, as an unbuffered one passes them on."""

    def __init__(self) -> None:
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        if text:
            self.writes.append(text)
        return len(text)

    def flush(self) -> None:
        pass


def test_a_line_is_one_write_with_its_end(monkeypatch: pytest.MonkeyPatch):
    stream = Counted()
    monkeypatch.setattr(sys, "stdout", stream)
    put("生成 keys/root.key")
    put("生成 keys/data-head.key")
    assert stream.writes == ["生成 keys/root.key\n", "生成 keys/data-head.key\n"]
