"""Threads that judge calls, and answers on their way back to the loop."""

import asyncio
import threading
import time
from functools import partial
from typing import Any

import pytest

from node.service.workers import (
    GOES_ON,
    MAY_WAIT,
    MOST_ABREAST,
    PACED_BY,
    QUICK_SECONDS,
    WAITS,
    Answers,
    Mailbox,
    Pace,
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
            yield (GOES_ON, MAY_WAIT, WAITS)[number % 3]
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

    @pytest.mark.parametrize("following", [MAY_WAIT, WAITS])
    def test_as_many_wait_at_once_as_there_are_threads(self, following):
        together = threading.Barrier(4)
        workers: Workers[None] = Workers(3, "call", lambda _ended: None)

        def work():
            yield following
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

    def test_one_thread_does_all_that_nothing_keeps_waiting(self, monkeypatch):
        monkeypatch.setattr("node.service.workers.PATIENCE_SECONDS", SECONDS)
        threads: set[str] = set()
        workers: Workers[None] = Workers(4, "call", lambda _ended: None)
        gate = Gate(workers)

        def work():
            threads.add(threading.current_thread().name)
            yield MAY_WAIT
            threads.add(threading.current_thread().name)

        for _ in range(5 * MOST_ABREAST):
            workers.put(work())
        gate.open()
        workers.close()
        assert len(threads) == 1

    def test_nobody_has_to_notice_that_a_step_waits_which_said_so(self, monkeypatch):
        monkeypatch.setattr("node.service.workers.PATIENCE_SECONDS", SECONDS)
        stuck, other, late = threading.Event(), threading.Event(), threading.Event()
        workers: Workers[None] = Workers(2, "call", lambda _ended: None)

        def held():
            yield WAITS
            stuck.set()
            assert other.wait(SECONDS / 2)
            assert late.wait(SECONDS / 2)

        def free(done):
            yield MAY_WAIT
            done.set()

        gate = Gate(workers)
        workers.put(held())
        workers.put(free(other))
        gate.open()
        assert stuck.wait(SECONDS)
        assert other.wait(SECONDS / 2)
        workers.put(free(late))
        assert late.wait(SECONDS / 2)
        workers.close()

    @pytest.mark.parametrize("following", [MAY_WAIT, WAITS])
    @pytest.mark.parametrize("threads", [2, 4])
    def test_what_was_waited_for_is_answered_before_the_last_is(self, threads, following):
        waited: list[int] = []
        before: list[tuple[int, int]] = []
        workers: Workers[int] = Workers(
            threads, "call", lambda ended: before.append((len(waited), len(ended)))
        )
        gate = Gate(workers)

        def work():
            yield following
            time.sleep(0.03)  # a source far away
            waited.append(1)
            yield GOES_ON
            return 1

        calls = MOST_ABREAST - 1
        for _ in range(calls):
            workers.put(work())
        gate.open()
        workers.close()
        assert sum(ended for _, ended in before) == calls
        assert before[0][0] <= 2 * threads

    def test_the_bell_of_one_thread_does_not_fill(self):
        workers: Workers[int] = Workers(1, "call", lambda _ended: None)
        gate = Gate(workers)

        def work():
            yield GOES_ON
            return 1

        for _ in range(1_000):
            workers.put(work())
        assert workers._bell.qsize() <= 1
        gate.open()
        workers.close()

    def test_what_is_put_last_of_all_is_done(self):
        for _ in range(50):
            done: list[int] = []
            workers: Workers[int] = Workers(2, "call", done.extend)

            def work():
                yield GOES_ON
                return 1

            workers.put(work())
            workers.close()
            assert done == [1]

    def test_threads_that_rested_are_there_again(self):
        done = threading.Semaphore(0)
        workers: Workers[int] = Workers(3, "call", lambda ended: done.release(len(ended)))

        def work(number):
            yield (GOES_ON, MAY_WAIT, WAITS)[number % 3]
            return number

        for number in range(1, 400):
            workers.put(work(number))
            if number % 7 == 0:
                for _ in range(7):
                    assert done.acquire(timeout=SECONDS)
        workers.close()

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


class TestPace:
    def test_what_nobody_has_asked_yet_may_wait(self):
        assert Pace().following is MAY_WAIT

    def test_what_is_slow_at_its_quickest_waits(self):
        pace = Pace()
        for _ in range(PACED_BY):
            pace.waited(2 * QUICK_SECONDS)
        assert pace.following is WAITS

    def test_one_quick_answer_among_slow_ones_says_that_the_machine_is_busy(self):
        pace = Pace()
        for seconds in (2 * QUICK_SECONDS, QUICK_SECONDS / 2, 2 * QUICK_SECONDS):
            pace.waited(seconds)
        assert pace.following is MAY_WAIT

    def test_what_it_computes_itself_is_no_waiting(self):
        pace = Pace()
        for _ in range(PACED_BY):
            with pace.asking():
                until = time.thread_time() + 2 * QUICK_SECONDS
                while time.thread_time() < until:
                    pass
        assert pace.following is MAY_WAIT

    def test_what_fails_was_waited_for_as_well(self):
        pace = Pace()

        def ask():
            with pace.asking():
                time.sleep(2 * QUICK_SECONDS)
                return 1 // 0

        with pytest.raises(ZeroDivisionError):
            ask()
        assert pace.following is WAITS

    def test_what_became_slow_is_seen_once_its_quick_answers_are_past(self):
        pace = Pace()
        pace.waited(QUICK_SECONDS / 2)
        for _ in range(PACED_BY):
            pace.waited(2 * QUICK_SECONDS)
        assert pace.following is WAITS


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
        assert self._opened.wait(SECONDS)
        yield GOES_ON
