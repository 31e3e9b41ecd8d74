"""Archiving into an S3 server, and kill -9 of who archives: no entry is ever only half anywhere."""

from __future__ import annotations

import random
import signal
import subprocess
import sys

import pytest

from node.errors import LogIncomplete, LogTampered, LogUnavailable
from node.log import check_log
from node.log.archiving import Archived
from node.log.fartiles import prefix_of
from node.log.tables import entry
from tests.common.archives import (
    FULL,
    IDENTITY,
    LOCAL,
    LOG,
    MOVED,
    SIZE,
    Kept,
    fill,
)
from tests.common.objectstore import object_store

PREFIX = f"node/{prefix_of(IDENTITY.origin)}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


def test_a_bucket_has_what_the_tables_gave_it_and_says_what_it_lost(filled, tmp_path):
    with object_store() as server:
        kept = Kept.copied(filled, tmp_path / "node", server.place("node"))
        before = kept.reader.entries(LOG, 0, SIZE)
        kept.archive(LOCAL)
        assert kept.progress == Archived(FULL, MOVED)
        assert kept.rows(entry) == SIZE - MOVED
        assert kept.reader.entries(LOG, 0, SIZE) == before
        assert check_log(kept.readonly, LOG, store=kept.store).size == SIZE
        path = f"{PREFIX}/tile/entries/001"
        bundle = server.get(path)
        server.put(path, bundle[:-1] + bytes([bundle[-1] ^ 1]))
        with pytest.raises(LogTampered, match="tile/entries/001"):
            check_log(kept.readonly, LOG, store=kept.store)
        server.delete(path)
        with pytest.raises(LogIncomplete, match="tile/entries/001"):
            check_log(kept.readonly, LOG, store=kept.store)
        server.put(path, bundle)
        assert check_log(kept.readonly, LOG, store=kept.store).size == SIZE
    with pytest.raises(LogUnavailable):
        check_log(kept.readonly, LOG, store=kept.store)
    kept.close()


def archive_until_killed(folder, lines):
    """Run a process that archives, and kill it once it has said so many steps."""
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.common.archives", str(folder)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    assert {line.split()[0] for line in said if line.endswith(b"\n")} <= {b"None"}


def stop_before(monkeypatch, kept, step):
    """Have the archivist die before a step, as a process that is killed there does."""

    def killed(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"node.log.archiving.Archivist.{step}", killed)
        with pytest.raises(KeyboardInterrupt):
            kept.archive(LOCAL)


@pytest.mark.parametrize("step", ["_ensure", "_missing", "_mark", "_take_out"])
def test_who_dies_before_a_step_goes_on_from_there(filled, tmp_path, monkeypatch, step):
    kept = Kept.copied(filled, tmp_path / "node")
    before = kept.reader.entries(LOG, 0, SIZE)
    stop_before(monkeypatch, kept, step)
    assert kept.reader.entries(LOG, 0, SIZE) == before
    kept.archive(LOCAL)
    assert kept.progress == Archived(FULL, MOVED)
    assert kept.reader.entries(LOG, 0, SIZE) == before
    kept.close()


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.long)])
def test_a_process_that_is_killed_anywhere_loses_nothing(filled, tmp_path, kills):
    choose = random.Random(20261128)  # noqa: S311 - moments to kill at, not secrets
    for attempt in range(kills):
        folder = tmp_path / f"node-{attempt}"
        kept = Kept.copied(filled, folder)
        archive_until_killed(folder, choose.randint(0, 4))
        assert check_log(kept.readonly, LOG, store=kept.store).size == SIZE
        kept.archive(LOCAL)
        assert kept.progress == Archived(FULL, MOVED)
        assert check_log(kept.readonly, LOG, store=kept.store).size == SIZE
        left = list(kept.path("").rglob("*.new"))
        assert len(left) <= 1
        kept.close()
