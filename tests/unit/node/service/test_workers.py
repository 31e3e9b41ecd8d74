"""Threads that judge calls, and answers on their way back to the loop."""

import asyncio
import threading
from functools import partial
from typing import Any

import pytest

from node.service.workers import Answers, Mailbox, Workers

SECONDS = 20


class CountingLoop:
    """A loop that is asked to wake up, and does so when told."""

    def __init__(self):
        self.asked: list[Any] = []

    def call_soon_threadsafe(self, callback):
        self.asked.append(callback)

    def wake(self):
        woken, self.asked = self.asked, []
        for callback in woken:
            callback()


def counting_loop() -> Any:
    return CountingLoop()


class TestMailbox:
    def test_wakes_the_loop_once_for_all_that_waits(self):
        loop = counting_loop()
        seen: list[Any] = []
        box = Mailbox(loop)
        for number in range(5):
            box.put(partial(seen.append, number))
        assert len(loop.asked) == 1
        loop.wake()
        assert seen == [0, 1, 2, 3, 4]

    def test_wakes_it_again_for_what_comes_later(self):
        loop = counting_loop()
        seen: list[Any] = []
        box = Mailbox(loop)
        box.put(lambda: seen.append(1))
        loop.wake()
        box.put(lambda: seen.append(2))
        loop.wake()
        assert seen == [1, 2]

    def test_leaves_nothing_behind_that_comes_while_it_is_emptied(self):
        loop = counting_loop()
        seen: list[Any] = []
        box = Mailbox(loop)
        box.put(lambda: box.put(lambda: seen.append("late")))
        loop.wake()
        loop.wake()
        assert seen == ["late"]


class TestAnswers:
    def test_each_reaches_its_caller_whatever_thread_it_comes_from(self):
        answers: Answers[int] = Answers()
        workers = Workers(4, "call")

        async def ask(number):
            future, settle = answers.expect()
            workers.put(lambda: settle(lambda: number))
            return await future

        async def all_of_them():
            return await asyncio.gather(*(ask(number) for number in range(2_000)))

        assert asyncio.run(all_of_them()) == list(range(2_000))
        workers.close()

    def test_a_refusal_is_raised_where_the_answer_is_awaited(self):
        answers: Answers[int] = Answers()

        async def ask():
            future, settle = answers.expect()
            settle(lambda: 1 // 0)
            return await future

        with pytest.raises(ZeroDivisionError):
            asyncio.run(ask())

    def test_one_whose_caller_has_gone_disturbs_nobody(self):
        answers: Answers[str] = Answers()

        async def ask():
            gone, settle_gone = answers.expect()
            kept, settle = answers.expect()
            gone.cancel()
            settle_gone(lambda: "lost")
            settle(lambda: "kept")
            return await kept

        assert asyncio.run(ask()) == "kept"

    def test_serve_one_loop_after_another(self):
        answers: Answers[str] = Answers()

        async def ask():
            future, settle = answers.expect()
            settle(lambda: "answer")
            return await future

        assert [asyncio.run(ask()) for _ in range(2)] == ["answer"] * 2


class TestWorkers:
    def test_closing_waits_for_what_was_put(self):
        workers, done, gate = Workers(2, "call"), [], threading.Event()

        def work(number):
            assert gate.wait(SECONDS)
            done.append(number)

        for number in range(10):
            workers.put(partial(work, number))
        threading.Timer(0.05, gate.set).start()
        workers.close()
        assert sorted(done) == list(range(10))

    def test_as_many_run_at_once_as_there_are_threads(self):
        workers, together = Workers(3, "call"), threading.Barrier(3)

        def work():
            together.wait(SECONDS)

        for _ in range(3):
            workers.put(work)
        workers.close()
        assert not together.broken
