"""Connections to one socket are shared out among those who listen on it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from api.http.shares import MOST_PASSES, NOBODY, SLACK, Share, SharedListener, Shares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.http.connection import BoundedProtocol

CALLERS = 20
SOON_SECONDS = 5.0


class Connection(asyncio.Protocol):
    """A connection of which nothing is wanted but to be open, and to say that it has ended."""

    def __init__(self) -> None:
        self.on_lost = lambda: None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self.on_lost()


class Front:
    """One that listens."""

    def __init__(self, listener: socket.socket, shares: Shares, place: int) -> None:
        self.taken: list[Connection] = []
        self.listening = SharedListener(listener, Share(shares, place), self._make)

    def _make(self) -> BoundedProtocol:
        self.taken.append(Connection())
        return cast("BoundedProtocol", self.taken[-1])


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@contextmanager
def callers(listener: socket.socket, count: int) -> Iterator[list[socket.socket]]:
    opened = [socket.create_connection(listener.getsockname()) for _ in range(count)]
    try:
        yield opened
    finally:
        for each in opened:
            each.close()


async def until(happens: Any) -> None:
    async with asyncio.timeout(SOON_SECONDS):
        while not happens():  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.001)


def test_callers_who_come_together_are_halved():
    async def test() -> None:
        # A process of its own has a descriptor of its own.
        with listening() as listener, listener.dup() as other, callers(listener, CALLERS):
            shares = Shares(2)
            fronts = [Front(each, shares, at) for at, each in enumerate((listener, other))]
            await until(lambda: sum(len(each.taken) for each in fronts) == CALLERS)
            one, another = (len(each.taken) for each in fronts)
            assert abs(one - another) <= SLACK + 1
            for each in fronts:
                each.listening.close()

    asyncio.run(test())


def test_one_that_is_busy_is_not_waited_for():
    async def test() -> None:
        with listening() as listener, callers(listener, 4):
            shares = Shares(2)
            shares.tell(1, 0)
            front = Front(listener, shares, 0)
            await until(lambda: len(front.taken) == 4)
            front.listening.close()

    asyncio.run(test())


def test_one_that_hangs_is_waited_for_once(monkeypatch):
    passed: list[float] = []
    rest = SharedListener._rest

    def resting(self: SharedListener, seconds: float) -> None:
        passed.append(seconds)
        rest(self, seconds)

    monkeypatch.setattr(SharedListener, "_rest", resting)

    async def test() -> None:
        with listening() as listener, callers(listener, CALLERS):
            shares = Shares(2)
            shares.tell(1, 0)
            front = Front(listener, shares, 0)
            await until(lambda: len(front.taken) == CALLERS)
            assert len(passed) == MOST_PASSES
            shares.tell(1, 1)  # it has moved: what comes is left to it again
            with callers(listener, 1):
                await until(lambda: len(front.taken) == CALLERS + 1)
            assert len(passed) == 2 * MOST_PASSES
            front.listening.close()

    asyncio.run(test())


def test_callers_for_one_call_each_are_taken_at_once(monkeypatch):
    monkeypatch.setattr(SharedListener, "_rest", lambda *_: pytest.fail("it was left to others"))

    async def test() -> None:
        with listening() as listener:
            shares = Shares(2)
            shares.tell(1, 0)
            front = Front(listener, shares, 0)
            for number in range(CALLERS):
                with callers(listener, 1):
                    await until(lambda number=number: len(front.taken) == number + 1)
                await until(lambda: shares.least_beside(1)[0] == 0)
            front.listening.close()

    asyncio.run(test())


def test_one_that_has_ended_is_left_nothing():
    async def test() -> None:
        with listening() as listener, callers(listener, 4):
            shares = Shares(2)
            shares.tell(1, 0)
            shares.forget(1)
            assert shares.least_beside(0)[0] == NOBODY
            front = Front(listener, shares, 0)
            await until(lambda: len(front.taken) == 4)
            front.listening.close()

    asyncio.run(test())


def test_what_ended_is_counted_no_more():
    async def test() -> None:
        with listening() as listener:
            shares = Shares(2)
            front = Front(listener, shares, 0)
            with callers(listener, 3):
                await until(lambda: shares.least_beside(1)[0] == 3)
            await until(lambda: shares.least_beside(1)[0] == 0)
            front.listening.close()

    asyncio.run(test())


def test_one_that_was_closed_takes_no_more_and_says_no_more():
    async def test() -> None:
        with listening() as listener:
            shares = Shares(2)
            old = Front(listener, shares, 0)
            with callers(listener, 1):
                await until(lambda: len(old.taken) == 1)
                old.listening.close()
                old.listening.close()
                await old.listening.wait_closed()
                new = Front(listener, shares, 0)
                with callers(listener, 2):
                    await until(lambda: len(new.taken) == 2)
                    assert len(old.taken) == 1
            await until(lambda: shares.least_beside(1)[0] == 0)
            new.listening.close()

    asyncio.run(test())


def test_a_lack_of_files_is_waited_out(monkeypatch):
    monkeypatch.setattr("api.http.shares.OUT_OF_FILES_SECONDS", 0.01)

    async def test() -> None:
        with listening() as listener, callers(listener, 1):
            refusing = _Refusing(listener)
            front = Front(cast("socket.socket", refusing), Shares(1), 0)
            await until(lambda: len(front.taken) == 1)
            assert refusing.refused == 1
            front.listening.close()

    asyncio.run(test())


class _Refusing:
    """A listener whose process has no file left, once."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.refused = 0

    def accept(self) -> Any:
        if not self.refused:
            self.refused += 1
            raise OSError(24, "Too many open files")
        return self._listener.accept()

    def settimeout(self, seconds: float) -> None:
        self._listener.settimeout(seconds)

    def fileno(self) -> int:
        return self._listener.fileno()


@pytest.mark.parametrize("fronts", [1, 3])
def test_nobody_is_there_before_anybody_says_so(fronts):
    assert Shares(fronts).least_beside(0)[0] == NOBODY
