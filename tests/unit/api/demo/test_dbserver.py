"""The demo's own PostgreSQL server: where it may be reached, with whom it ends, what it needs."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from api.demo import dbserver
from api.demo.dbserver import DatabaseServer
from node.errors import ConfigInvalid
from node.storage.stores import Stores
from tests.common import databases
from tests.common.nodes import until
from tests.common.shell import invoke

STARTED = """
import signal, sys
from pathlib import Path
from api.demo.dbserver import DatabaseServer
server = DatabaseServer(Path(sys.argv[1]), ["one", "two"])
server.start()
print(server.child.process.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def base():
    """A folder with a short path, for a socket's may have 107 bytes."""
    if not list(dbserver.HOMES.glob("*/bin")):
        databases._missing("postgresql")
    with tempfile.TemporaryDirectory(prefix="demo-server-") as folder:
        yield Path(folder)


def test_it_ends_with_who_started_it_and_goes_on_with_what_it_had(base):
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", STARTED, str(base)], stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        pid = int(demo.stdout.readline())
        demo.send_signal(signal.SIGKILL)
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert (base / "postgresql").stat().st_mode & 0o777 == 0o700

    server = DatabaseServer(base, ["one", "two"])
    server.start()
    try:
        assert "password" not in server.url("one")
        for name in ("one", "two"):
            Stores(base, (server.url(name), None)).prepare()
        copy = Stores(base, server.create("three", template="one"))
        assert copy.has("log")
    finally:
        server.child.stop()
    assert not list(base.glob("postgresql/.s.PGSQL.*"))


def test_without_a_server_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(dbserver, "HOMES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigInvalid, match="apt-get install postgresql"):
        DatabaseServer(tmp_path, ["one"])


def test_a_folder_too_deep_for_a_socket_is_refused(base):
    with pytest.raises(ConfigInvalid, match="请设 TMPDIR=/tmp"):
        DatabaseServer(base / ("x" * 100), ["one"])


def test_what_is_left_of_a_demo_has_no_server():
    done = invoke("demo", "--keep", "--store", "postgresql")
    assert done.code == 1
    assert "不能同用" in done.errors
