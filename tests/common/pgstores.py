"""Stores on PostgreSQL for tests: one server a session, a database of its own where one is wanted.

With SHARELEDGER_TEST_STORE=postgresql every store that a test opens by a file's path is a schema
of this server instead: tests of the stores, which know only engines, run there as they stand.
"""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from node.storage import engines, postgresql

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from node.storage.postgresql import Address

_stack = ExitStack()
_numbers = itertools.count(1)


@cache
def server() -> str:
    """Start the server of this session; return its administrator's URL, without a database."""
    from tests.common.databases import open_database  # which imports much that opens stores

    database = _stack.enter_context(open_database("postgresql", Path()))
    url = make_url(database.url)
    return f"postgresql://admin@{url.host}:{url.port}"


def new_database(*, encoding: str = "UTF8", order: str = "") -> Address:
    """Make an empty database on the session's server."""
    import psycopg

    name = f"node{next(_numbers)}"
    with psycopg.connect(f"{server()}/postgres", autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'"
            f" LOCALE 'C' {order}".encode()
        )
    return f"{server()}/{name}", None


@cache
def _shared() -> Address:
    return new_database()


def schema_of(path: Path | str) -> str:
    """Return the schema that stands for a file."""
    return f"s{sha256(str(path).encode()).hexdigest()[:16]}"


def open_as_file(path: Path | str, *, readonly: bool = False, immutable: bool = False) -> Engine:
    """Open the schema that stands for a file, as `node.storage.engines.open_engine` the file."""
    if Path(path).name == "chain.db":  # the embedded chain's, which stays in a file
        return _open_file(path, readonly=readonly, immutable=immutable)
    schema = schema_of(path)
    if not readonly:
        _prepared(schema)
    return postgresql.open_schema(_shared(), schema, readonly=readonly)


_open_file = engines.open_engine


@cache
def _prepared(schema: str) -> None:
    postgresql.prepare(_shared(), [schema])


ON_SERVER = os.environ.get("SHARELEDGER_TEST_STORE") == "postgresql"
if ON_SERVER:  # before any module has taken it by name: this plugin is the first
    engines.open_engine = open_as_file


def pytest_configure(config: pytest.Config) -> None:
    """Let pass what stores in files have not."""
    if ON_SERVER:
        # psycopg complains of connections that go with their engine, as many tests let them.
        config.addinivalue_line("filterwarnings", "ignore::ResourceWarning")
        config.addinivalue_line("filterwarnings", "ignore::pytest.PytestUnraisableExceptionWarning")


def pytest_unconfigure() -> None:
    _stack.close()


@pytest.fixture
def new_address() -> Callable[..., Address]:
    """Make databases: each node has one."""
    return new_database


@pytest.fixture
def address() -> Address:
    """An empty database."""
    return new_database()
