"""The node's threads end the process when one fails."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from api.loops import FATAL_EXIT, Loops
from node.errors import ChainInconsistent


class TestLoops:
    def test_stop_waits_for_every_loop(self):
        loops, ended = Loops(), []

        def run(stop):
            stop.wait()
            ended.append(threading.current_thread().name)

        loops.start("one", run)
        loops.start("two", run)
        loops.stop()
        assert sorted(ended) == ["one", "two"]
        assert loops.documents.is_set()
        assert loops.growth.is_set()

    def test_tells_which_loop_failed_and_why(self):
        failed = []
        loops = Loops(lambda name, error: failed.append((name, getattr(error, "code", ""))))

        def run(_stop):
            raise ChainInconsistent("block 7 has another parent")

        loops.start("follower", run)
        loops.stop()
        assert failed == [("follower", "chain-inconsistent")]

    def test_a_failed_loop_ends_the_process_and_says_so(self):
        program = (
            "import time\n"
            "from api.loops import Loops\n"
            "from node.errors import LogRolledBack\n"
            "def run(stop): raise LogRolledBack('size 5 after 7')\n"
            "Loops().start('keeper', run)\n"
            "time.sleep(30)\n"
        )
        ended = subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env={**os.environ, "PYTHONPATH": "."},
        )
        assert ended.returncode == FATAL_EXIT
        assert ended.stderr.splitlines()[-1] == (
            "[log-rolled-back] 节点停止，keeper 无法继续 / stopped：size 5 after 7"
        )
