"""A log on its way to a real chain, through deaths and a disk that was rolled back."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from node.anchoring import Keeper, check_logs, read_chain_head
from node.chain.gateway import Gateway
from node.chain.outbox import Outbox
from node.errors import LogRolledBack
from node.log import LogReader
from node.log.published import last_published
from node.protocol.wire import merkle
from node.storage.engines import open_engine
from tests.common.chain import deployed_on
from tests.common.evidence import City

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.anchoring import ChainHead

pytestmark = pytest.mark.chain


@pytest.fixture
def city(embedded_chain, tmp_path) -> Iterator[City]:
    with deployed_on(embedded_chain) as chain:
        city = City(chain, tmp_path)
        try:
            city.build()
            yield city
        finally:
            city.close()


def chain_head(city: City) -> ChainHead:
    return read_chain_head(city.chain.gateway, city.address("AccessAnchors"), city.log)


def check(city: City) -> None:
    check_logs(
        city.node_db,
        city.reader,
        [city.log],
        chain=city.chain.gateway,
        contract=city.address("AccessAnchors"),
    )


def test_a_registered_log_starts_empty_on_the_chain(city):
    head = chain_head(city)
    assert any(head.relay)
    assert head.relay == city.outbox._relay.address
    assert (head.size, head.root) == (0, merkle.EMPTY_ROOT)


def test_a_log_nobody_registered_is_not_on_the_chain(city):
    head = read_chain_head(city.chain.gateway, city.address("AccessAnchors"), b"\1" * 32)
    assert not any(head.relay)


def test_every_size_the_chain_knows_follows_the_one_before(city):
    for calls in (1, 2, 5, 8, 1):
        for _ in range(calls):
            city.call()
        city.anchor()
    anchors = city.follow().list_anchors(city.log)
    assert [(one.old_size, one.size) for one in anchors] == [
        (0, 1),
        (1, 3),
        (3, 8),
        (8, 16),
        (16, 17),
    ]
    assert all(one.root == city.reader.root_at(city.log, one.size) for one in anchors)
    check(city)


def test_a_keeper_in_a_thread_anchors_while_calls_come(city):
    keeper = Keeper(
        city.publisher(), city.anchorer(), city.outbox, period_seconds=0.01, idle_seconds=0.01
    )
    stop, done = threading.Event(), threading.Event()

    def run() -> None:
        keeper.run(stop, threading.Event())
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(40):
            city.call()
    finally:
        stop.set()
        thread.join(timeout=30)
    assert done.is_set()
    keeper.run_once()
    assert chain_head(city).size == 40
    assert keeper.status.error is None
    check(city)


def test_a_log_restored_from_an_old_copy_is_refused(city, tmp_path):
    city.call()
    old = tmp_path / "old"
    shutil.copytree(tmp_path, old, ignore=shutil.ignore_patterns("old"))
    city.call()
    city.anchor()
    check(city)
    reader = LogReader(open_engine(old / "log.db", readonly=True))
    assert reader.head(city.log).size == 1
    with pytest.raises(LogRolledBack, match="2 were published"):
        check_logs(
            city.node_db,
            reader,
            [city.log],
            chain=city.chain.gateway,
            contract=city.address("AccessAnchors"),
        )


def test_a_memory_that_was_rolled_back_with_the_log_is_refused_by_the_chain(city, tmp_path):
    city.call()
    city.publisher().run_once()
    old = tmp_path / "old"
    shutil.copytree(tmp_path, old, ignore=shutil.ignore_patterns("old"))
    city.call()
    city.anchor()
    with pytest.raises(LogRolledBack, match="the chain has size 2"):
        check_logs(
            open_engine(old / "node.db"),
            LogReader(open_engine(old / "log.db", readonly=True)),
            [city.log],
            chain=city.chain.gateway,
            contract=city.address("AccessAnchors"),
        )


STEPS = ("before publishing", "after publishing", "after enqueueing", "after sending")


@pytest.mark.parametrize("step", STEPS)
def test_a_keeper_killed_at_any_step_leaves_nothing_undone(city, step):
    """A child process makes one round and dies by SIGKILL at `step`; another round follows."""
    for _ in range(3):
        city.call()
    child = os.fork()
    if child == 0:
        _die_at(city, step)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    Keeper(city.publisher(), city.anchorer(), city.outbox).run_once()
    assert (chain_head(city).size, chain_head(city).root) == (3, city.reader.head(city.log).root)
    published = last_published(city.node_db, city.log)
    assert published is not None
    assert published.size == 3
    check(city)


def _die_at(city: City, step: str) -> None:
    """In the child: go as far as `step`, then die without a chance to tidy up.

    Connections are not for two processes: the child opens its own.
    """
    try:
        gateway = Gateway(city.chain.running.url)
        relay, folder = city.outbox._relay, city.folder
        city.chain = replace(city.chain, gateway=gateway)
        city.outbox = Outbox(open_engine(folder / "outbox.db"), gateway, relay)
        city.node_db = open_engine(folder / "node.db")
        city.reader = LogReader(open_engine(folder / "log.db", readonly=True))
        reached = iter(STEPS)
        for action in (
            lambda: None,
            city.publisher().run_once,
            city.anchorer().run_once,
            city.outbox.pump,
        ):
            action()
            if next(reached) == step:
                os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(1)
