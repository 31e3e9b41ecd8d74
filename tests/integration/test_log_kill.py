"""kill -9 of a writing process, again and again: no acknowledged call is ever lost or changed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import defaultdict

import pytest
from sqlalchemy import select

from node.log import check_log
from node.log.tables import entry
from node.protocol.wire.leaf import parse_leaf
from node.protocol.wire.merkle import leaf_hash
from node.storage.engines import open_engine
from tests.common.logs import new_identity

FATAL = 3
"""What the child exits with when its writer has ended."""
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


@pytest.mark.parametrize("kills", [4, pytest.param(12, marks=pytest.mark.long)])
def test_every_acknowledged_call_survives(tmp_path, kills):
    path = tmp_path / "log.db"
    log = new_identity().log
    choose = random.Random(20250601)  # noqa: S311 - moments to kill at, not secrets
    acknowledged: dict[int, tuple[int, bytes]] = {}
    for _ in range(kills):
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
    assert len(acknowledged) > kills


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
from tests.common.log_child import main
main(sys.argv[1])
"""
"""A writer on a disk that takes no file larger than the second argument."""


def test_a_full_disk_ends_the_writer_and_loses_nothing(tmp_path):
    path = tmp_path / "log.db"
    command = [sys.executable, "-c", FULL, str(path), str(2 * 1024 * 1024)]
    child = subprocess.run(command, capture_output=True, check=False, timeout=60)  # noqa: S603
    assert child.returncode == FATAL
    acknowledged = [line.split() for line in child.stdout.splitlines()]
    assert acknowledged
    engine = open_engine(path, readonly=True)
    size = check_log(engine, new_identity().log).size
    with engine.connect() as connection:
        leaves = connection.scalars(select(entry.c.leaf).order_by(entry.c.position)).all()
    engine.dispose()
    assert all(
        leaf_hash(leaves[int(index)]).hex().encode() == hash_ for index, _, hash_ in acknowledged
    )
    # With room again, the log goes on where it was.
    after = write_until_killed(path, 1)
    assert int(after[0][0]) >= size
