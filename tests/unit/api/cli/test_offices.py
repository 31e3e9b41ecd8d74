"""Decisions on their way to another node together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.cli.offices import TOGETHER, Drafted, There
from node.errors import DecisionRefused


class _Office(There):
    """Takes decisions by number; one is refused, and those after it last until all is given up."""

    def __init__(self, refused: int) -> None:
        self.refused, self.begun = refused, []
        self.given_up = threading.Event()

    def take(self, drafted, signer, possession, *, again):  # noqa: ARG002
        number = int(drafted.kind)
        self.begun.append(number)
        if number == self.refused:
            raise DecisionRefused("no")
        if number > self.refused:
            self.given_up.wait(30)
        return number


def test_all_are_told_of_in_order() -> None:
    office, drafted = _Office(refused=99), [Drafted(str(each), {}, []) for each in range(20)]
    assert list(office.take_all(drafted, None, again=False)) == list(range(20))


def test_after_a_refusal_nothing_more_is_sent(monkeypatch) -> None:
    office, drafted = _Office(refused=3), [Drafted(str(each), {}, []) for each in range(50)]
    shutdown = ThreadPoolExecutor.shutdown

    def end(threads, **given) -> None:
        office.given_up.set()
        shutdown(threads, **given)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", end)
    taken = iter(office.take_all(drafted, None, again=False))
    assert [next(taken) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DecisionRefused):
        next(taken)
    assert len(office.begun) <= 4 + TOGETHER
