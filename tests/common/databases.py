"""Real database servers for a module's tests: PostgreSQL and MariaDB, on sockets in a temp folder.

Started here, ended here by their process; the kernel ends them should the tests be killed. Without
the server (Debian: `postgresql`, `mariadb-server-core`) its tests are skipped by name; under
CI=true its absence is an error.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL, NullPool, create_engine

from tests.common.nodes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

READER, PASSWORD = "reader", "nur:lesen@1"
"""An account that may only read, with a password that must be percent-encoded."""
START_SECONDS = 60.0
READY = (b"ready to accept connections", b"ready for connections")
MYSQL_TABLES = Path("/usr/share/mysql")


class Database:
    """One database of an engine: `admin` writes, `url` is what a department would configure."""

    def __init__(self, name: str, admin: Engine, url: str) -> None:
        self.name = name
        self.admin = admin
        self.url = url

    def run(self, *statements: str) -> None:
        """Run statements in one transaction of the administrator's."""
        with self.admin.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))


@contextmanager
def open_database(name: str, folder: Path) -> Iterator[Database]:
    """Start the engine `name`: sqlite, postgresql or mysql (MariaDB)."""
    with {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mariadb}[name](folder) as opened:
        yield opened
        opened.admin.dispose()


@contextmanager
def _sqlite(folder: Path) -> Iterator[Database]:
    url = f"sqlite:///{folder}/office.db"
    yield Database("sqlite", create_engine(url, poolclass=NullPool), url)


@contextmanager
def _postgresql(_folder: Path) -> Iterator[Database]:
    homes = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    if not homes:
        _missing("postgresql")
    with _own_folder("postgres") as folder:
        # Not by its socket alone: KingbaseES's driver calls that by a name of its own.
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = ["-U", "admin", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        _run([*_as("postgres"), str(homes[-1] / "initdb"), "-D", f"{folder}/data", *options])
        server = [
            str(homes[-1] / "postgres"),
            "-D",
            f"{folder}/data",
            "-c",
            "listen_addresses=127.0.0.1",
        ]
        server += ["-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        server += ["-c", f"port={port}"]
        admin = URL.create(
            "postgresql+psycopg", "admin", host="127.0.0.1", port=port, database="postgres"
        )
        with _served([*_as("postgres"), *server], folder, admin, signal.SIGINT) as engine:
            base = Database("postgresql", engine, "")
            base.run(
                f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'",
                "GRANT pg_read_all_data TO reader",
            )
            url = admin.set(username=READER, password=PASSWORD)
            base.url = url.render_as_string(hide_password=False)
            yield base


@contextmanager
def _mariadb(_folder: Path) -> Iterator[Database]:
    program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if program is None:
        _missing("mariadb-server-core")
    with _own_folder(None) as folder:
        data = Path(folder, "data")
        (data / "mysql").mkdir(parents=True)
        user = ["--user=root"] if os.geteuid() == 0 else []
        server = [str(program), "--no-defaults", f"--datadir={data}", *user, "--log-warnings=0"]
        # What mariadb-install-db does, without the parts of the package it needs for that.
        tables = b"use mysql;\n" + b"".join(
            (MYSQL_TABLES / f"mysql_{name}.sql").read_bytes()
            for name in ("system_tables", "performance_tables", "system_tables_data")
        )
        _run([*server, "--bootstrap"], b"create database if not exists mysql;\n" + tables)
        place = f"{folder}/socket"
        server += ["--skip-networking", f"--socket={place}", f"--pid-file={folder}/pid"]
        # As old installations are: what is no date is kept as 0000-00-00.
        server += ["--sql-mode=ANSI_QUOTES", "--character-set-server=utf8mb4"]
        server += ["--collation-server=utf8mb4_general_ci", "--innodb-flush-log-at-trx-commit=0"]
        admin = URL.create("mysql+pymysql", "root", host="localhost", query={"unix_socket": place})
        command = ["setpriv", "--pdeathsig", "SIGTERM", *server]
        with _served(command, folder, admin, signal.SIGTERM) as engine:
            Database("mysql", engine, "").run(
                "CREATE DATABASE office",
                f"CREATE USER {READER}@localhost IDENTIFIED BY '{PASSWORD}'",
                f"GRANT SELECT, SHOW VIEW ON office.* TO {READER}@localhost",
            )
            office = admin.set(database="office")
            url = office.set(username=READER, password=PASSWORD)
            yield Database(
                "mysql",
                create_engine(office, poolclass=NullPool),
                url.render_as_string(hide_password=False),
            )


@contextmanager
def _own_folder(owner: str | None) -> Iterator[str]:
    """A folder with a short path, for a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="source-") as folder:
        if owner is not None and os.geteuid() == 0:
            shutil.chown(folder, owner)
        yield folder


def _as(user: str) -> list[str]:
    """PostgreSQL does not run as root; the kernel ends it with us."""
    change = ["--reuid", user, "--regid", user, "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", "--pdeathsig", "SIGINT", *change]


def _run(command: list[str], given: bytes = b"") -> None:
    done = subprocess.run(  # noqa: S603 - a test's own
        command, input=given, capture_output=True, timeout=START_SECONDS, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2_000:]


@contextmanager
def _served(command: list[str], folder: str, admin: URL, end: int) -> Iterator[Engine]:
    """Run a server until the block ends; it has begun once it answers."""
    with Path(folder, "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")  # noqa: S603 - as above
    try:
        said = Path(folder, "server.log")
        until(
            lambda: server.poll() is not None or any(each in said.read_bytes() for each in READY),
            START_SECONDS,
        )
        assert server.poll() is None, said.read_text("utf-8", "replace")[-2_000:]
        engine = create_engine(admin, poolclass=NullPool)
        yield engine
        engine.dispose()
    finally:
        server.send_signal(end)
        try:
            server.wait(START_SECONDS)
        finally:
            server.kill()


def _missing(package: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true, but the Debian package {package} is not installed")
    pytest.skip(f"the Debian package {package} is not installed")
