"""A connection to somebody's database: for reading only, bounded in time, in one known dress.

What differs between engines stands here and in `comparing`, and nowhere else. PostgreSQL, MySQL,
MariaDB and SQLite are tested with real servers; others are reached through the dialect their maker
ships, with what is common to all.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from ...errors import ConfigInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL, Engine

CONNECT_SECONDS = 5
STEPS_BETWEEN_LOOKS = 100_000
"""Steps of SQLite's machine (about a millisecond) after which it asks whether time is over."""
EXTRAS = {
    "psycopg": "shareledger[postgresql]",
    "pymysql": "shareledger[mysql]",
    "dmPython": "shareledger[dameng]",
    "dmSQLAlchemy": "shareledger[dameng]",
    "ksycopg2": "shareledger[kingbase]",
}
"""What brings a driver, by the module that is missing."""


def open_source(url: str, table: str, seconds: float) -> tuple[Engine, Path | None]:
    """Return an engine for reading `table` at `url`, and its file if it is one of SQLite's.

    A statement may take `seconds`.

    Nothing is connected to yet.

    Raises:
        ConfigInvalid: the URL is none, or its driver is not installed.
    """
    try:
        address = make_url(url)
        backend = address.get_backend_name()
        server = backend != "sqlite"
        # Errors are logged with their statement; its values may name people.
        engine = create_engine(
            address if server else _reading(address),
            pool_pre_ping=server,
            hide_parameters=True,
            connect_args=_arguments(address, seconds),
        )
    except NoSuchModuleError as error:
        raise ConfigInvalid(
            f"source of table {table}: no dialect {address.drivername!r} is installed", table=table
        ) from error
    except ImportError as error:
        missing = str(error.name or "").partition(".")[0]
        advice = f"; pip install '{EXTRAS[missing]}'" if missing in EXTRAS else ""
        raise ConfigInvalid(f"source of table {table}: {error}{advice}", table=table) from error
    except ArgumentError as error:
        raise ConfigInvalid(f"source of table {table}: {error}", table=table) from error
    except ValueError:
        # Not chained: the text names a piece of the URL, maybe of the password in it.
        raise ConfigInvalid(
            f"source of table {table}: the URL's port is no number; write @ : / in a password "
            "percent-encoded",
            table=table,
        ) from None
    dress = _DRESS.get(engine.dialect.name)
    if dress is not None:
        # Before SQLAlchemy's own first look, which must see the session as it will be.
        event.listen(engine, "connect", lambda raw, _: dress(raw, seconds), insert=True)
    if not server:
        _bound_sqlite(engine, seconds)
    is_file = not server and engine.url.query.get("mode") == "ro"
    return engine, Path(str(address.database)) if is_file else None


def _reading(address: URL) -> URL:
    """Return the address of an SQLite file that is opened for reading and never made."""
    path = address.database
    if not path or path == ":memory:" or path.startswith("file:"):
        return address
    return address.set(database=f"file:{quote(path)}").update_query_dict(
        {"mode": "ro", "uri": "true"}
    )


def _arguments(address: URL, seconds: float) -> dict[str, Any]:
    """Return what a driver is told about waiting, unless the URL says otherwise."""
    driver = address.get_driver_name()
    wanted: dict[str, Any] = {}
    if driver in {"psycopg", "psycopg2", "ksycopg2", "pymysql"}:
        wanted["connect_timeout"] = CONNECT_SECONDS
    if driver == "pymysql":
        # A server that has gone silent ends no statement by itself.
        wanted |= {"read_timeout": int(seconds) + CONNECT_SECONDS, "charset": "utf8mb4"}
    return {name: value for name, value in wanted.items() if name not in address.query}


def _run(raw: Any, *statements: str) -> None:  # noqa: ANN401 - a connection of any driver
    cursor = raw.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
    # What was set for the session would be undone with the transaction it was set in.
    raw.commit()


def _dress_postgresql(raw: Any, seconds: float) -> None:  # noqa: ANN401
    _run(
        raw,
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        f"SET statement_timeout = {int(seconds * 1000)}",
        "SET client_encoding = 'UTF8'",
        "SET DateStyle = 'ISO, YMD'",
        "SET extra_float_digits = 3",
    )


def _dress_mysql(raw: Any, seconds: float) -> None:  # noqa: ANN401
    cursor = raw.cursor()
    cursor.execute("SELECT VERSION()")
    is_mariadb = "mariadb" in str(cursor.fetchone()[0]).lower()
    cursor.close()
    _run(
        raw,
        # Blanks that fill up CHAR, and "" for a quoted name, would change what a query means.
        "SET SESSION sql_mode = ''",
        "SET SESSION time_zone = '+08:00'",
        f"SET SESSION max_statement_time = {seconds}"
        if is_mariadb
        else f"SET SESSION max_execution_time = {int(seconds * 1000)}",
        "SET SESSION TRANSACTION READ ONLY",
    )


def _dress_sqlite(raw: Any, _seconds: float) -> None:  # noqa: ANN401
    raw.execute("PRAGMA query_only = ON").close()


_DRESS: dict[str, Callable[[Any, float], None]] = {
    "postgresql": _dress_postgresql,
    "mysql": _dress_mysql,
    "mariadb": _dress_mysql,
    "sqlite": _dress_sqlite,
}


def _bound_sqlite(engine: Engine, seconds: float) -> None:
    """End what SQLite does `seconds` after its connection was taken: it has no clock of its own."""

    @event.listens_for(engine, "checkout")
    def begin(raw: Any, *_rest: object) -> None:  # noqa: ANN401
        until = time.monotonic() + seconds
        raw.set_progress_handler(lambda: time.monotonic() > until, STEPS_BETWEEN_LOOKS)


for _name, _module, _dialect in (
    ("kingbase", "kingbase", "DialectKingbase"),
    ("kingbase.ksycopg2", "kingbase", "DialectKingbase"),
    ("dm", "dameng", "DialectDameng"),
    ("dm.dmPython", "dameng", "DialectDameng"),
):
    registry.register(_name, f"{__package__}.{_module}", _dialect)
