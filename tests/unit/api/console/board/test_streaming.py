"""The stream's bounds: places, what is sent, when it ends, and that all share one look."""

from __future__ import annotations

import asyncio
import json

import pytest

from api.console.board import streaming
from api.console.board.streaming import Board, Listening
from node.errors import Overloaded

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}, "headers": []}


class Wall:
    """A board that changes when it is told to, and counts how often it was read."""

    def __init__(self, **options):
        self.state, self.looks = 0, 0
        self.board = Board(self.see, **{"seconds": 0.01, **options})
        self.ending = asyncio.Event()

    def see(self):
        self.looks += 1
        return json.dumps({"state": self.state}).encode()

    def listening(self, last="", *, signed_in=True):
        return Listening(self.board, last, ending=self.ending, signed_in=signed_in)


class Listener:
    """One connection: what came, and whether it has hung up."""

    def __init__(self, wall, last="", **options):
        self.sent, self.status = [], None
        self.gone, self.came = asyncio.Event(), asyncio.Event()
        self.answer = wall.listening(last, **options)
        self.task = asyncio.create_task(self.answer(SCOPE, self.receive, self.send))

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.sent.append(message["body"].decode())
        self.came.set()

    def events(self, kind):
        return [text for text in self.sent if text.startswith(f"event: {kind}\n")]

    async def wait(self, kind, count=1):
        async with asyncio.timeout(5):
            while len(self.events(kind)) < count:
                self.came.clear()
                await self.came.wait()


def run(play, **options):
    async def whole():
        wall = Wall(**options)
        await play(wall)
        assert wall.board.listening == 0

    asyncio.run(whole())


def test_sends_the_whole_and_then_only_what_differs():
    async def play(wall):
        one = Listener(wall)
        await one.wait("board")
        await one.wait("beat", 2)
        assert len(one.events("board")) == 1
        wall.state = 7
        await one.wait("board", 2)
        first, second = one.events("board")
        assert json.loads(second.split("data: ")[1].splitlines()[0])["state"] == 7
        mark = second.split("id: ")[1].strip()
        assert one.sent[0] == "retry: 1000\n\n"

        # Whoever brings the last id back is told nothing that he knows; others get the whole.
        again, stale = Listener(wall, mark), Listener(wall, first.split("id: ")[1].strip())
        await again.wait("beat")
        await stale.wait("board")
        assert again.events("board") == []
        wall.ending.set()
        await asyncio.gather(one.task, again.task, stale.task)
        assert one.sent[-1] == ""

    run(play, beat_seconds=0.02)


def test_is_read_once_for_all_who_listen():
    async def play(wall):
        many = [Listener(wall) for _ in range(streaming.LISTENERS)]
        for one in many:
            await one.wait("board")
        assert wall.looks == 1
        wall.ending.set()
        await asyncio.gather(*(one.task for one in many))

    run(play, seconds=60)


def test_places_are_bounded_and_strangers_leave_some_to_officers():
    async def play(wall):
        many = [Listener(wall, signed_in=False) for _ in range(streaming.STRANGERS)]
        for one in many:
            await one.wait("board")
        stranger = Listener(wall, signed_in=False)
        with pytest.raises(Overloaded, match=str(streaming.STRANGERS)):
            await stranger.task
        # Nothing was sent yet, so that the refusal is an answer of its own.
        assert stranger.status is None
        officer = Listener(wall)
        await officer.wait("board")
        assert wall.board.listening == streaming.STRANGERS + 1

        # Who hangs up leaves his place.
        many[0].gone.set()
        await many[0].task
        late = Listener(wall, signed_in=False)
        with pytest.raises(Overloaded):
            await late.task
        many[1].gone.set()
        await many[1].task
        later = Listener(wall, signed_in=False)
        await later.wait("board")
        wall.ending.set()
        await asyncio.gather(officer.task, later.task, *(one.task for one in many))

    run(play)


def test_ends_by_itself_after_its_time():
    async def play(wall):
        one = Listener(wall)
        async with asyncio.timeout(5):
            await one.task
        assert one.sent[-1] == ""

    run(play, lifetime_seconds=0.05)


def test_a_listener_that_does_not_read_is_cut_off(monkeypatch):
    monkeypatch.setattr(streaming, "GRACE_SECONDS", 0.05)

    async def play(wall):
        never = asyncio.Event()

        async def stuck(message):
            if message["type"] == "http.response.body":
                await never.wait()

        async def receive():
            await never.wait()

        async with asyncio.timeout(5):
            await wall.listening()(SCOPE, receive, stuck)

    run(play, lifetime_seconds=0.05)
