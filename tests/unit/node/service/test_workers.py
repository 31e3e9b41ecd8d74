"""Threads that judge calls, and answers on their way back to the loop."""

import asyncio
import threading
from functools import partial
from typing import Any

import pytest

from node.service.workers import (
    GOES_ON,
    MAY_WAIT,
    MOST_ABREAST,
    Answers,
    Mailbox,
    Workers,
)

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

        def conclude(ended):
            for settle in ended:
                settle()

        workers: Workers[Any] = Workers(4, "call", conclude)

        def steps(number, settle):
            yield (GOES_ON, MAY_WAIT)[number % 2]
            return lambda: settle(lambda: number)

        async def ask(number):
            future, settle = answers.expect()
            workers.put(steps(number, settle))
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
        done: list[int] = []
        gate = threading.Event()
        workers = Workers(2, "call", done.extend)

        def work(number):
            yield MAY_WAIT
            assert gate.wait(SECONDS)
            return number

        for number in range(1, 41):
            workers.put(work(number))
        threading.Timer(0.05, gate.set).start()
        workers.close()
        assert sorted(done) == list(range(1, 41))

    def test_as_many_wait_at_once_as_there_are_threads(self):
        together = threading.Barrier(4)
        workers: Workers[None] = Workers(3, "call", lambda _ended: None)

        def work():
            yield MAY_WAIT
            together.wait(SECONDS)

        for _ in range(3):
            workers.put(work())
        together.wait(SECONDS)
        workers.close()

    def test_one_step_of_all_that_was_taken_comes_before_the_next_of_any(self):
        order: list[str] = []
        ended: list[list[str]] = []
        workers = Workers(1, "call", ended.append)
        gate = Gate(workers)

        def work(name):
            order.append(f"{name}1")
            yield GOES_ON
            order.append(f"{name}2")
            yield MAY_WAIT
            order.append(f"{name}3")
            yield GOES_ON
            order.append(f"{name}4")
            return name

        for name in "abc":
            workers.put(work(name))
        gate.open()
        workers.close()
        assert order == [f"{name}{step}" for step in range(1, 5) for name in "abc"]
        assert ended == [["a", "b", "c"]]

    def test_a_thread_that_waits_keeps_nothing_else_waiting(self):
        stuck, others = threading.Event(), threading.Event()
        names: list[str] = []

        def conclude(ended):
            names.extend(ended)
            if len(names) == 3:
                others.set()

        workers: Workers[str] = Workers(2, "call", conclude)
        gates = [Gate(workers), Gate(workers)]

        def held():
            yield MAY_WAIT
            stuck.set()
            assert others.wait(SECONDS)
            return "held"

        def free(name):
            yield MAY_WAIT
            return name

        for steps in (free("b"), held(), free("c"), free("d")):
            workers.put(steps)
        for gate in gates:
            gate.open()
        assert stuck.wait(SECONDS)
        workers.close()
        assert sorted(names) == ["b", "c", "d", "held"]
        assert others.is_set()

    def test_no_more_is_taken_than_a_few(self):
        sizes: list[int] = []
        workers: Workers[int] = Workers(1, "call", lambda ended: sizes.append(len(ended)))
        gate = Gate(workers)

        def work():
            yield GOES_ON
            return 1

        for _ in range(2 * MOST_ABREAST + 1):
            workers.put(work())
        gate.open()
        workers.close()
        assert sizes == [MOST_ABREAST, MOST_ABREAST, 1]


class Gate:
    """Keeps one thread, which has nothing else in hand, until it opens."""

    def __init__(self, workers):
        self._begun, self._opened = threading.Event(), threading.Event()
        workers.put(self._steps())
        assert self._begun.wait(SECONDS)

    def open(self):
        self._opened.set()

    def _steps(self):
        self._begun.set()
        yield GOES_ON
        assert self._opened.wait(SECONDS)
