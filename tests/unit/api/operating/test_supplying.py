"""What a start's look at the sources writes, whatever a driver does."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from api.operating import supplying


def test_a_drivers_own_words_are_not_in_the_log(caplog, monkeypatch):
    def breaking(*_arguments):
        raise RuntimeError("postgresql://reader:geheim@db refused 110101199003070000")

    monkeypatch.setattr(supplying, "look", breaking)
    source: Any = SimpleNamespace(entry="3000101000001/000001")
    supplying.tell([("11130900MB0000002Q", source, source)], lambda *_: None, threading.Event())
    (record,) = caplog.records
    assert (record.levelname, record.exc_info) == ("ERROR", None)
    assert "3000101000001/000001" in record.getMessage()
    assert "RuntimeError" in record.getMessage()
    assert "geheim" not in caplog.text
