"""A follower killed again and again while the chain grows leaves the model of a fresh sync."""

from __future__ import annotations

import multiprocessing
import random
import secrets
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ledger_sync.follower import Follower
from ledger_sync.queries import Queries
from node.chain.deployment import Deployment
from node.chain.gateway import Gateway
from node.storage.engines import open_engine
from tests.common.fingerprints import dump
from tests.common.story import POLICE, RealStory, tell_city

if TYPE_CHECKING:
    from pathlib import Path

    from tests.common.chain import LedgerChain

pytestmark = pytest.mark.chain


def follow_for_ever(database: Path, url: str, deployment: Path) -> None:
    follower = Follower(open_engine(database), Gateway(url), Deployment.load(deployment))
    follower._pace._blocks = 1.0  # many small transactions: many places to die
    follower.run(threading.Event())


def lines(database: Path) -> list[str]:
    engine = open_engine(database)
    with engine.connect() as connection:
        found = list(dump(connection))
    engine.dispose()
    return found


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.long)])
def test_kills_leave_the_same_rows(ledger_chain: LedgerChain, tmp_path: Path, kills: int) -> None:
    database, deployment = tmp_path / "ledger.db", tmp_path / "deployment.json"
    ledger_chain.deployment.save(deployment)
    story = RealStory.on(ledger_chain)
    tell_city(story)
    enough = threading.Event()
    growing = threading.Thread(target=grow, args=(story, enough))
    growing.start()
    spawn = multiprocessing.get_context("spawn")
    seed = secrets.randbits(32)
    moments = random.Random(seed)  # noqa: S311 - when to kill is no secret
    heights: list[int] = []
    for _ in range(kills):
        process = spawn.Process(
            target=follow_for_ever, args=(database, ledger_chain.running.url, deployment)
        )
        process.start()
        wait_for_progress(database, heights[-1] if heights else 0)
        process.join(moments.uniform(0, 0.2))
        assert process.is_alive(), f"the follower ended by itself, seed {seed}"
        process.kill()
        process.join()
        heights.append(next_block(database))
    enough.set()
    growing.join()
    engine = open_engine(database)
    last = Follower(engine, ledger_chain.gateway, ledger_chain.deployment)
    fresh_engine = open_engine(tmp_path / "fresh.db")
    fresh = Follower(fresh_engine, ledger_chain.gateway, ledger_chain.deployment)
    for follower in (last, fresh):
        while follower.run_once():
            pass
        follower.close()
    for opened in (engine, fresh_engine):
        opened.dispose()
    assert lines(database) == lines(tmp_path / "fresh.db"), f"seed {seed}"
    assert len(set(heights)) == kills


def grow(story: RealStory, enough: threading.Event) -> None:
    while not enough.is_set():
        story.grant(POLICE, story.heads[POLICE].public_key.key_id, 4 + 2 * (story.sent % 2))


def next_block(database: Path) -> int:
    engine = open_engine(database)
    found = Queries(engine).cursor().next_block
    engine.dispose()
    return found


def wait_for_progress(database: Path, height: int) -> None:
    """Wait until the process has moved the cursor."""
    deadline = time.monotonic() + 30
    while not has_cursor(database) or next_block(database) <= height:
        assert time.monotonic() < deadline
        time.sleep(0.005)  # let the follower have the processor


def has_cursor(database: Path) -> bool:
    if not database.exists():
        return False
    engine = open_engine(database)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM sqlite_master WHERE name = 'cursor'"
        ).scalar_one()
        found = found and connection.exec_driver_sql("SELECT count(*) FROM cursor").scalar_one()
    engine.dispose()
    return bool(found)
