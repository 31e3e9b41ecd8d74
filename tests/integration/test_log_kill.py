"""kill -9 of a writing process, again and again: no acknowledged call is ever lost or changed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import defaultdict

from sqlalchemy import select

from node.log import check_log
from node.log.tables import entry
from node.protocol.leaf import parse_leaf
from node.protocol.merkle import leaf_hash
from node.store import open_engine
from tests.common.logs import new_identity

KILLS = 12
LINES_AT_LEAST, LINES_AT_MOST = 1, 400
"""How many acknowledged calls a process is granted before it is killed."""


def write_until_killed(path, lines):
    """Run a writer, kill it once it has acknowledged `lines` calls; return all it acknowledged."""
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.common.log_child", str(path)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        seen = [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        seen += child.stdout.readlines()
        assert child.wait() == -signal.SIGKILL
    # The last line may be cut: a pipe takes short writes whole, but nothing here depends on it.
    return [line.split() for line in seen if line.endswith(b"\n")]


def test_every_acknowledged_call_survives(tmp_path):
    path = tmp_path / "log.db"
    log = new_identity().log
    choose = random.Random(20250601)  # noqa: S311 - moments to kill at, not secrets
    acknowledged: dict[int, tuple[int, bytes]] = {}
    for _ in range(KILLS):
        lines = write_until_killed(path, choose.randint(LINES_AT_LEAST, LINES_AT_MOST))
        acknowledged |= {int(index): (int(number), hash_) for index, number, hash_ in lines}
        engine = open_engine(path, readonly=True)
        # The check has hashed every entry; only that they are the acknowledged ones is left.
        assert check_log(engine, log).size > max(acknowledged)
        engine.dispose()
    with open_engine(path, readonly=True).connect() as connection:
        leaves = connection.scalars(select(entry.c.leaf).order_by(entry.c.position)).all()
    for index, (number, hash_) in acknowledged.items():
        assert leaf_hash(leaves[index]).hex().encode() == hash_
        assert parse_leaf(leaves[index]).number == number
    numbers = defaultdict(list)
    for call in map(parse_leaf, leaves):
        numbers[call.authorisation].append(call.number)
    for counted in numbers.values():
        assert counted == list(range(1, len(counted) + 1))
    assert len(acknowledged) > KILLS
