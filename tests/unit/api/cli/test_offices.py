"""Decisions on their way to another node together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from api.cli.offices import TOGETHER, Drafted, There
from node.errors import DecisionRefused

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Office(There):
    """Takes decisions by number; one is refused, and those after it last until all is given up."""

    def __init__(self, refused):
        self.refused = refused
        self.begun: list[int] = []
        self.given_up = threading.Event()

    def take(self, drafted, signer, possession, *, again):  # noqa: ARG002
        number = int(drafted.kind)
        self.begun.append(number)
        if number == self.refused:
            raise DecisionRefused("no")
        if number > self.refused:
            self.given_up.wait(30)
        return number


def taking(office, drafted) -> Iterator[Any]:
    """Begin to take them all; nobody signs."""
    nobody: Any = None
    return iter(office.take_all(drafted, nobody, again=False))


def test_all_are_told_of_in_order():
    office, drafted = _Office(refused=99), [Drafted(str(each), {}, []) for each in range(20)]
    assert list(taking(office, drafted)) == list(range(20))


def test_after_a_refusal_nothing_more_is_sent(monkeypatch):
    office, drafted = _Office(refused=3), [Drafted(str(each), {}, []) for each in range(50)]
    shutdown = ThreadPoolExecutor.shutdown

    def end(threads, **given):
        office.given_up.set()
        shutdown(threads, **given)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", end)
    taken = taking(office, drafted)
    assert [next(taken) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DecisionRefused):
        next(taken)
    assert len(office.begun) <= 4 + TOGETHER
