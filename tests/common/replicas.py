"""A PostgreSQL server and its synchronous standby on loopback, of which the first can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from api.demo.dbserver import HOMES
from tests.common.databases import START_SECONDS, _as, _missing, _own_folder, _run
from tests.common.nodes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.storage.postgresql import Address

READY = b"ready to accept"
"""…connections, or read-only connections."""


class Server:
    """A server's process, its folder, its port."""

    def __init__(self, binaries: Path, folder: str) -> None:
        self.binaries, self.folder = binaries, folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> None:
        said = Path(self.folder, "server.log")
        own = {"port": self.port, "listen_addresses": "127.0.0.1", "fsync": "off"}
        given = own | {"unix_socket_directories": self.folder} | settings
        words = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        with said.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - a test's own
                [*_as("postgres"), str(self.binaries / "postgres"), "-D", self.data, *words],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        until(lambda: READY in said.read_bytes() or not self.runs, START_SECONDS)
        assert self.runs, said.read_text("utf-8", "replace")[-2_000:]

    @property
    def data(self) -> str:
        return f"{self.folder}/data"

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask(self, query: bytes) -> object:
        """Execute a statement; return the first value of its first row, if it has any."""
        with psycopg.connect(
            f"postgresql://admin@127.0.0.1:{self.port}/postgres", autocommit=True
        ) as connection:
            cursor = connection.execute(query)
            row = cursor.fetchone() if cursor.description else None
        return None if row is None else row[0]

    def kill(self) -> None:
        """Kill it and all its children at once, as a host's end does; harmless when it is gone."""
        process, self.process = self.process, None
        if process is None:
            return
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
        process.send_signal(signal.SIGSTOP)  # it cleans nothing up
        for pid in map(int, children.split()):
            os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait(START_SECONDS)


class Pair:
    """Two servers: whatever the first one has answered, the second one has, too."""

    def __init__(self, primary: Server, standby: Server) -> None:
        self.primary, self.standby = primary, standby

    def new_database(self) -> Address:
        """Make a database; it is found at whichever of the two takes writes."""
        self.primary.ask(b"CREATE DATABASE node TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in (self.primary, self.standby))
        return f"postgresql://admin@{hosts}/node?target_session_attrs=read-write", None

    def promote(self) -> None:
        """Have the standby take writes, as whoever watches over the two does."""
        assert self.standby.ask(b"SELECT pg_promote()") is True


@contextmanager
def replicated() -> Iterator[Pair]:
    """Start the two; commits wait for both from the first on."""
    homes = sorted(HOMES.glob("*/bin"), key=lambda path: int(path.parent.name))
    if not homes:
        _missing("postgresql")
    with ExitStack() as stack:
        primary, standby = (
            Server(homes[-1], stack.enter_context(_own_folder("postgres"))) for _ in range(2)
        )
        for server in (primary, standby):
            stack.callback(server.kill)
        options = ["-U", "admin", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        _run([*_as("postgres"), str(homes[-1] / "initdb"), "-D", primary.data, *options])
        primary.start(synchronous_standby_names="*")
        copy = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", "admin", "-R", "-N", "-c", "fast"]
        _run([*_as("postgres"), str(homes[-1] / "pg_basebackup"), "-D", standby.data, *copy])
        standby.start()
        until(lambda: primary.ask(b"SELECT sync_state FROM pg_stat_replication") == "sync")
        yield Pair(primary, standby)
