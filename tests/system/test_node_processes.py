"""A node of several processes: whichever is killed, no answer is lost and none counted twice."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from api.loops import FATAL_EXIT
from api.operating.notices import FOLDER, read_notices
from node.client.trust import NodeTrust
from node.errors import LedgerError, LogUnavailable, PeerUnavailable
from node.log import LogReader, check_log
from node.log.tables import head
from node.protocol.wire import ids
from node.protocol.wire.days import beijing_day
from node.protocol.wire.leaf import SERVED, parse_leaf
from tests.common import papers
from tests.common.node_process import NodeProcess, RecordingClient
from tests.common.nodes import QUERY, until
from tests.common.pgstores import new_database
from tests.system.test_node_kill import assert_provable, opened

pytestmark = pytest.mark.chain

FRONTS = 2
CALLERS = 4
NAMES = {"supervisor", "writer", "keeper", "front-1", "front-2"}
GO_ON_SECONDS = 20.0
TOGETHER = 20
FRONT_NAMES = ("front-1", "front-2")


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
)
def town(request, tmp_path_factory, moulds):
    """A town whose node has ended, its disks complete."""
    database = new_database()[0] if request.param == "postgresql" else ""
    with moulds.ended(tmp_path_factory.mktemp("several"), database=database) as town:
        yield town


@pytest.fixture
def log(town):
    """The log of the department that serves."""
    return next(
        identity.log
        for identity in town.node.identities
        if identity.department == ids.department_id(papers.POLICE)
    )


class Processes(NodeProcess):
    """A node of several processes, each of which can be killed."""

    def __init__(self, town):
        self.folder = town.node.settings.data_dir / FOLDER
        super().__init__(town.node.settings.data_dir.parent / "node.toml")

    def start(self, changed=""):
        super().start(changed)
        until(lambda: self.pids().keys() == NAMES)

    @property
    def runs(self):
        return self._process is not None and self._process.poll() is None

    def pids(self):
        """Return who runs, by name."""
        return {each.process: each.pid for each in read_notices(self.folder)}

    def replaced(self, before):
        """Tell whether everybody runs, and nobody of `before`."""
        now = self.pids()
        return now.keys() == NAMES and not set(before) & set(now.values())


@pytest.fixture(scope="module")
def processes(town):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARELEDGER_WORKERS", str(FRONTS))
        processes = Processes(town)
        yield processes
        processes.end()


@pytest.fixture
def node(processes):
    """The node, begun anew where the test before has ended it."""
    if not processes.runs:
        processes.start()
    return processes


class Callers:
    """Threads that call when told to; what was answered, what was not, and what went wrong."""

    def __init__(self, town):
        self.town = town
        self.answered: queue.Queue[Any] = queue.Queue()
        self.lost: queue.Queue[Any] = queue.Queue()
        self.failures: queue.Queue[BaseException] = queue.Queue()
        http = town.http(town.keys.application)
        self.clients = [
            RecordingClient(
                town.url,
                town.keys.application,
                town.keys.encryption,
                NodeTrust(http, town.url),
                attempts=1,
            )
            for _ in range(CALLERS)
        ]
        self._number = 0

    def call(self, client, stop):
        """Call one after the other until told to stop."""
        while not stop.is_set():
            self._number += 1
            query = {**QUERY, "matter": f"{threading.get_ident()}-{self._number}"}
            try:
                self.answered.put(client.query(self.town.first, **query))
            except LedgerError as error:
                # No answer, or none that says whether it was logged: it is sent again later.
                if not error.retryable:
                    raise
                self.lost.put(client.last)

    def run(self, during):
        """Have all call while `during` runs; return how many answers were lost."""
        stop, before = threading.Event(), self.lost.qsize()

        def caller(client):
            try:
                self.call(client, stop)
            except BaseException as error:  # noqa: BLE001 - told by the test's thread
                self.failures.put(error)

        threads = [threading.Thread(target=caller, args=(each,)) for each in self.clients]
        for thread in threads:
            thread.start()
        try:
            during()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert list(self.failures.queue) == []
        return self.lost.qsize() - before

    def wait_for(self, more):
        """Wait for so many more answers."""
        wanted = self.answered.qsize() + more
        until(lambda: self.answered.qsize() >= wanted)

    def send_lost(self):
        """Send again what was not answered; each is served once, whether it had been or not."""

        def sent():
            try:
                self.answered.put(self.clients[0].send(*self.lost.queue[0]))
            except LedgerError as error:
                if error.retryable:
                    return False
                raise
            self.lost.get()
            return True

        while not self.lost.empty():
            until(sent)

    def close(self):
        for client in self.clients:
            client.close()


@pytest.fixture
def callers(town, node):
    until(lambda: node.pids().keys() == NAMES)
    callers = Callers(town)
    yield callers
    callers.close()


def assert_exact(town, log, callers):
    """Every answer is proved by the log, and the day's quota is what was served."""
    answers = list(callers.answered.queue)
    assert_provable(town, log, answers)
    assert len({answer.event for answer in answers}) == len(answers)
    with opened(town, "log") as engine:
        reader = LogReader(engine)
        leaves = [parse_leaf(reader.entry(log, n)) for n in range(reader.head(log).size)]
        today = beijing_day(leaves[-1].at // 1000)
        served = [
            leaf
            for leaf in leaves
            if leaf.outcome == SERVED and beijing_day(leaf.at // 1000) == today
        ]
        used = reader.used([log], [town.first], today)[town.first]
        assert check_log(engine, log).size == len(leaves)
    assert used == (len(served), sum(leaf.rows for leaf in served))
    assert {answer.event for answer in answers} <= {leaf.event for leaf in leaves}


class TestKilled:
    @pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.long)])
    def test_loses_no_answer_counts_none_twice_and_the_rest_goes_on(
        self, town, node, callers, log, kills
    ):
        choose = random.Random(20261128)  # noqa: S311 - whom to kill when, not secrets
        # One in twenty is the one that watches: then all others end, and the node is begun anew.
        victims = [
            "supervisor" if kill % 20 == 10 else choose.choice(sorted(NAMES - {"supervisor"}))
            for kill in range(kills)
        ]
        assert set(victims) == NAMES
        for victim in victims:
            pid = node.pids()[victim]

            def kill(pid=pid, victim=victim):
                callers.wait_for(choose.randint(1, 5))
                if victim == "supervisor":
                    assert node.end(signal.SIGKILL) == -signal.SIGKILL
                    return
                os.kill(pid, signal.SIGKILL)
                callers.wait_for(2)

            begun = time.monotonic()
            lost = callers.run(kill)
            if victim == "supervisor":
                node.start()
            else:
                until(lambda pid=pid: node.replaced([pid]))  # type: ignore[misc]
                assert lost <= 2 * CALLERS or victim == "writer"
                assert time.monotonic() - begun < GO_ON_SECONDS
            if victim == "keeper":
                assert lost == 0
            callers.send_lost()
        assert node.end(signal.SIGTERM) == 0
        assert callers.answered.qsize() > 3 * kills
        assert_exact(town, log, callers)


class TestRollingRestart:
    def test_replaces_every_front_and_refuses_no_call(self, town, node, callers, log):
        before = node.pids()
        fronts = [before["front-1"], before["front-2"]]
        supervisor = before["supervisor"]

        def restart():
            callers.wait_for(4)
            os.kill(supervisor, signal.SIGHUP)
            until(lambda: node.replaced(fronts))
            callers.wait_for(4)

        assert callers.run(restart) == 0
        now = node.pids()
        assert {name: now[name] for name in ("supervisor", "keeper", "writer")} == {
            name: before[name] for name in ("supervisor", "keeper", "writer")
        }
        assert_exact(town, log, callers)


class TestTogether:
    def test_all_are_told_of_and_what_they_counted_adds_up(self, town, node, callers):
        node.end(signal.SIGTERM)
        node.start()
        callers.run(lambda: callers.wait_for(20))
        # What is said of all is a second old.
        until(lambda: httpx.get(f"{town.url}/api/v1/status").json()["inHand"] == 0)

        def counted():
            names = ("shareledger_calls_total", (("outcome", "served"),))
            return sum(
                value
                for notice in read_notices(node.folder)
                for name, labels, value in notice.counted
                if (name, labels) == names
            )

        until(lambda: counted() == callers.answered.qsize())
        # Of a front that is gone, what it had told of stays.
        gone = node.pids()["front-1"]
        os.kill(gone, signal.SIGKILL)
        until(lambda: node.replaced([gone]))
        assert counted() == callers.answered.qsize()

    def test_callers_who_come_together_are_shared_out(self, town, node):
        address = ("127.0.0.1", int(town.url.rpartition(":")[2]))
        with contextlib.ExitStack() as stack:

            def call():
                return stack.enter_context(socket.create_connection(address))

            def shares(callers):
                theirs = set(accepted({each.getsockname()[1] for each in callers}))
                return [len(theirs & files(node.pids()[name])) for name in FRONT_NAMES]

            first: list[socket.socket] = []

            def all_listen():
                first.append(call())
                return all(shares(first))

            until(all_listen)  # one that was begun a moment ago may not yet
            opened = [call() for _ in range(TOGETHER)]
            until(lambda: sum(shares(opened)) == TOGETHER)
            # What either had open before is evened out with them.
            assert min(shares(opened)) >= TOGETHER // 4

    def test_a_decision_is_followed_by_every_front(self, town, callers):
        town.step("暂停")
        for client in callers.clients:
            with pytest.raises(LedgerError) as caught:
                until(lambda client=client: town.answers(client) and None)  # type: ignore[misc]
            assert caught.value.code == "authorisation-suspended"
        town.step("恢复")
        for client in callers.clients:
            until(lambda client=client: town.answers(client))  # type: ignore[misc]


class TestEnding:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
    def test_is_in_order_with_every_answer_in_the_log(self, town, node, callers, log, number):
        codes = []
        pids = list(node.pids().values())

        def end():
            callers.wait_for(10)
            codes.append(node.end(number))

        callers.run(end)
        assert codes == [0]
        assert not [pid for pid in pids if alive(pid)]
        assert_exact(town, log, callers)

    def test_by_something_fatal_takes_all_along_with_its_code(self, town, node, callers, log):
        pids = list(node.pids().values())
        engine = town.node.settings.stores.open("log")

        def change(by):
            with engine.begin() as connection:
                moved = update(head).where(head.c.log == log).values(size=head.c.size + by)
                connection.execute(moved)

        # A head above its tree: the writer meets it at the next commit and can go on no more.
        change(1)
        try:
            with pytest.raises((LogUnavailable, PeerUnavailable)):
                callers.clients[0].query(town.first, **QUERY)
            assert node.wait() == FATAL_EXIT
        finally:
            change(-1)
            engine.dispose()
        assert not [pid for pid in pids if alive(pid)]


def accepted(ports):
    """Return the inodes of the sockets that somebody accepted from these ports (proc(5))."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        _, _, far, _, _, _, _, _, _, inode, *_ = line.split()
        if int(far.partition(":")[2], 16) in ports:
            yield f"socket:[{inode}]"


def files(pid):
    return {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
