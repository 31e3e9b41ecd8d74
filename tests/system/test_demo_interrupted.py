"""A demo that is interrupted, killed or not alone on its machine leaves nothing behind."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack, closing

import pytest

from api.demo.city import CHAIN_PORT, FIRST_NODE_PORT
from api.demo.claims import Ports
from tests.common.demos import assert_nothing_is_left, running_demo
from tests.common.nodes import until

pytestmark = pytest.mark.chain

SMALL = ("--rows", "1000")
CHAIN_IS_UP, NODES_ARE_UP = "链：", "沧州市教育局\n"


@pytest.fixture(scope="module")
def busy_ports():
    """The ports a demo would like that are ours here; the demo of `make test` may have one.

    It may have chosen one it does not listen at yet: only what can be claimed is listened at.
    """
    with ExitStack() as stack:
        claims = stack.enter_context(closing(Ports()))
        ours = {port for port in (CHAIN_PORT, FIRST_NODE_PORT) if claims.choose(port) == port}
        for port in ours:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        yield ours


class TestTwoDemosAtOnce:
    @pytest.mark.parametrize(
        ("stage", "processes"),
        [(CHAIN_IS_UP, 1), pytest.param(NODES_ARE_UP, 4, marks=pytest.mark.long)],
        ids=["nodes starting", "enrolling"],
    )
    def test_keep_apart_and_end_each_for_itself(self, tmp_path, busy_ports, stage, processes):
        with (
            running_demo(tmp_path / "one", *SMALL) as one,
            running_demo(tmp_path / "two", *SMALL) as two,
        ):
            for demo in (one, two):
                demo.reaches(stage)
            # The signals reach each of them somewhere in what follows.
            assert not set(one.ports) & set(two.ports)
            assert not busy_ports & {*one.ports, *two.ports}
            one.interrupt()
            assert one.wait() == 128 + signal.SIGINT
            assert_nothing_is_left(one)
            assert len(two.processes()) > processes
            two.process.terminate()
            assert two.wait() == 128 + signal.SIGTERM
            assert_nothing_is_left(two)


@pytest.mark.usefixtures("busy_ports")
class TestKilled:
    def test_takes_its_servers_along_and_the_next_one_removes_its_folder(self, tmp_path):
        with running_demo(tmp_path, *SMALL) as killed:
            killed.reaches(CHAIN_IS_UP)
            assert len(killed.processes()) > 1
            killed.process.kill()
            assert killed.wait() == -signal.SIGKILL
            until(lambda: not killed.processes())
            (left,) = tmp_path.iterdir()
        with running_demo(tmp_path, *SMALL) as following:
            following.reaches(str(left))
            following.reaches("━━ 1.")
            following.interrupt()
            assert following.wait() == 128 + signal.SIGINT
            assert_nothing_is_left(following)
