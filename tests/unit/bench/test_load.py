"""Requests are sent as fast as they are answered, or at their times; what they take is told."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from bench.load import Server, fronts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ASK = b"GET / HTTP/1.1\r\n\r\n"
SLOW_SECONDS = 0.05


@contextmanager
def answering(status: bytes = b"200 OK", seconds: float = 0.0) -> Iterator[Server]:
    """Answer in pieces, each connection from a thread of its own, after so long."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection:
                while connection.recv(1 << 16):
                    threading.Event().wait(seconds)
                    connection.sendall(b"HTTP/1.1 " + status + b"\r\nConte")
                    connection.sendall(b"nt-Length: 3\r\n\r\na")
                    connection.sendall(b"bc")

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", os.getpid())
        listener.shutdown(socket.SHUT_RDWR)


def test_all_are_sent_and_their_answers_read_whole_from_pieces():
    with answering() as server:
        load = server.take([ASK] * 50, 4)
    assert len(load.seconds) == 50
    assert load.last == b"abc"
    assert load.rate > 0
    assert load.own_seconds > 0


def test_those_at_their_times_are_not_sent_before():
    with answering() as server:
        begun = time.perf_counter()
        load = server.keep_up([ASK] * 21, 4, 100)
    assert time.perf_counter() - begun >= 0.2
    assert load.rate == pytest.approx(105, abs=30)


def test_a_server_that_falls_behind_is_told_by_how_long_the_last_has_waited():
    with answering(seconds=SLOW_SECONDS) as server:
        load = server.keep_up([ASK] * 10, 1, 1_000)
    assert load.seconds[0] >= SLOW_SECONDS
    assert load.seconds[-1] >= 10 * SLOW_SECONDS - 0.01


def test_an_answer_that_is_no_200_ends_it():
    with answering(b"503 Service Unavailable") as server, pytest.raises(RuntimeError, match="503"):
        server.take([ASK], 1)


def test_fronts_are_found_by_what_they_say_of_themselves_and_only_while_they_live(tmp_path):
    server = Server("http://x", os.getpid())
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "front-1.1.json").touch()
    assert fronts_of(server, tmp_path) == {"node": server}
    (tmp_path / "processes" / f"front-2.{os.getpid()}.json").touch()
    assert fronts_of(server, tmp_path) == {"front-2": server}
