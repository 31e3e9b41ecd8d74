"""A node's stores in one PostgreSQL database: each is a schema, named as its file would be.

Written for one writer at a time, as SQLite has it: a transaction that may write begins by taking
its store's lock, so two processes queue instead of failing half-way, and one that reads sees one
state of the whole and waits for nobody. A COMMIT that returned is on the server's disk, and on its
synchronous standby's where it has one.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
import psycopg.sql
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError

from ..errors import ConfigInvalid, Unavailable
from .engines import BUSY_TIMEOUT_MILLISECONDS, READING
from .locking import LOCKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine, ExceptionContext

OLDEST = 15
COLLATIONS = frozenset({"C", "POSIX", "C.UTF-8", "C.UTF8"})
"""Whose order is that of the bytes, as SQLite's is: pages go on after the last row's text."""
_LOCK = "SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))"
CONNECT_SECONDS = 5
# How soon either end finds out that the other's host is gone without a word: five seconds. The
# server then gives the log's lock back, which another host's node waits for; a node ends, and its
# service manager starts it again. A process that ends is found out at once.
_IDLE_SECONDS, _INTERVAL_SECONDS, _TRIES, _UNHEARD_MILLISECONDS = 2, 1, 3, 5_000
_OPTIONS = {
    "synchronous_commit": "on",
    "timezone": "UTC",
    "tcp_keepalives_idle": _IDLE_SECONDS,
    "tcp_keepalives_interval": _INTERVAL_SECONDS,
    "tcp_keepalives_count": _TRIES,
    "tcp_user_timeout": _UNHEARD_MILLISECONDS,
    # A node's statements end sooner than one is compiled (40 to 130 ms) or another process begins.
    "jit": "off",
    "max_parallel_workers_per_gather": 0,
}
_KEEPALIVES: dict[str, Any] = {
    "keepalives_idle": _IDLE_SECONDS,
    "keepalives_interval": _INTERVAL_SECONDS,
    "keepalives_count": _TRIES,
    "tcp_user_timeout": _UNHEARD_MILLISECONDS,
}
_MISSING = frozenset({"42P01", "3F000"})
"""undefined_table, invalid_schema_name."""
_TOLD = (
    ("password", ConfigInvalid, "用户名或口令不对：请核对 url 中的用户与 password_file"),
    (
        "pg_hba.conf",
        ConfigInvalid,
        "服务器不许这样登录：请让管理员在 pg_hba.conf 中放行",
    ),
    ("role", ConfigInvalid, "没有这个用户：请让管理员建立（CREATE ROLE … LOGIN）"),
    ("database", ConfigInvalid, "没有这个数据库：请让管理员建立"),
    ("too many", Unavailable, "连接数已满：请调大 max_connections"),
    ("starting up", Unavailable, "服务器正在启动，请稍后再试"),
)
"""Pieces of what a server says that lets nobody in, which has no code."""

Address: TypeAlias = "tuple[str, str | None]"
"""A libpq URL without a password, and the password; None: from PGPASSFILE, or none is asked."""


class _Durable(psycopg.Connection[Any]):
    """A connection whose COMMIT is refused where the server warns of it."""

    def __init__(self, *given: Any, **more: Any) -> None:  # noqa: ANN401 - psycopg's
        super().__init__(*given, **more)
        self._warning: str | None = None
        self.add_notice_handler(self._notice)

    def commit(self) -> None:
        """Commit; what is not on the synchronous standby too is not committed.

        PostgreSQL answers COMMIT with a warning alone where the wait for the standby was cancelled:
        the rows are there, and are lost with this server.
        """
        self._warning = None
        super().commit()
        if self._warning is not None:
            raise psycopg.OperationalError(f"not replicated: {self._warning}")

    def _notice(self, told: psycopg.errors.Diagnostic) -> None:
        if told.severity_nonlocalized == "WARNING":
            self._warning = told.message_primary


def open_schema(address: Address, schema: str, *, readonly: bool = False) -> Engine:
    """Open one store of a database that `prepare` has found fit.

    As `open_engine` opens a file: a writer's transactions queue for the store's lock, those of a
    read-only engine, and a writer's under READING, see one state and write nothing.
    Connecting raises ConfigInvalid or Unavailable.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: _connect(address, schema))

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        reads = readonly or READING.items() <= connection.get_execution_options().items()
        # Nothing was sent yet: psycopg's own BEGIN says both.
        raw.read_only = reads
        # A writer's statements each see what was committed before them: its first one waits for
        # the lock, and a snapshot taken before it would not have what the last holder wrote.
        level = psycopg.IsolationLevel
        raw.isolation_level = level.REPEATABLE_READ if reads else level.READ_COMMITTED
        if not reads:
            try:
                raw.execute(_LOCK, (LOCKS,))
            except psycopg.Error as error:
                with contextlib.suppress(psycopg.Error):  # told by the first one
                    raw.rollback()
                raise OperationalError("BEGIN", None, error) from error

    @event.listens_for(engine, "handle_error", retval=True)
    def handle(context: ExceptionContext) -> BaseException | None:
        """Say of a store that was never made what SQLite says of it."""
        original = context.original_exception
        if getattr(original, "sqlstate", None) in _MISSING:
            return OperationalError(context.statement, context.parameters, original)
        return None

    return engine


def prepare(address: Address, schemas: Iterable[str]) -> None:
    """Check that a database can keep a node's stores, and make the schemas that are missing.

    Raises:
        ConfigInvalid: the server is too old, the database's encoding or order is another, or the
            account may not make schemas.
        Unavailable: it cannot be reached now.
    """
    with contextlib.closing(_connect(address, "pg_catalog")) as connection:
        _require_fit(connection)
        missing = [name for name in schemas if not _has(connection, name)]
        if not missing:
            return
        try:
            # Two processes that begin together: IF NOT EXISTS alone fails in one of them.
            connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, 0))
            for name in missing:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}".encode())
            connection.commit()
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigInvalid(
                f"{_place(address)}：{connection.info.user} 没有权限建立模式，请让管理员执行 "
                f"GRANT CREATE ON DATABASE {connection.info.dbname} TO {connection.info.user}"
                " / may not create schemas"
            ) from error


def create_database(administrator: Address, name: str, *, template: str = "template0") -> None:
    """Make a database that is fit, or a copy of one that nobody is connected to.

    Raises:
        Unavailable: it is there already, somebody is connected, or the server says otherwise no.
    """
    order = " ENCODING 'UTF8' LOCALE 'C'" if template == "template0" else ""
    words = psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}" + order)
    with contextlib.closing(_connect(administrator, "pg_catalog")) as connection:
        connection.autocommit = True
        identifiers = map(psycopg.sql.Identifier, (name, template))
        try:
            connection.execute(words.format(*identifiers))
        except psycopg.Error as error:
            raise Unavailable(
                f"{_place(administrator)}：数据库 {name} 建不起来 / cannot be made: {error}"
            ) from error


def find_schema(address: Address, schema: str) -> bool:
    """Tell whether a database that is fit has a store; nothing is made. Raises as `prepare`."""
    with contextlib.closing(_connect(address, "pg_catalog")) as connection:
        _require_fit(connection)
        return _has(connection, schema)


def _has(connection: psycopg.Connection[Any], schema: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,))
    return found.fetchone() is not None


def _require_fit(connection: psycopg.Connection[Any]) -> None:
    info = connection.info
    place = f"[storage] url：数据库 {info.dbname}"
    if info.server_version < OLDEST * 10_000:
        raise ConfigInvalid(
            f"{place} 的 PostgreSQL 是 {info.server_version // 10_000} 版，须 {OLDEST} 版以上"
            " / the server is too old",
            version=info.server_version,
        )
    encoding, collation = connection.execute(
        # An ICU order is not that of the bytes, the built-in one (PostgreSQL 17) is.
        "SELECT pg_encoding_to_char(encoding),"
        " CASE datlocprovider WHEN 'c' THEN datcollate WHEN 'i' THEN 'ICU' ELSE 'C' END"
        " FROM pg_database WHERE datname = current_database()"
    ).fetchone() or ("", "")
    if encoding != "UTF8" or collation.upper() not in COLLATIONS:
        raise ConfigInvalid(
            f"{place} 的编码是 {encoding}、排序是 {collation}，须为 UTF8 和 C，请让管理员新建："
            "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
            " / wrong encoding or collation",
            encoding=encoding,
            collation=collation,
        )


def _connect(address: Address, schema: str) -> _Durable:
    url, password = address
    options = {"search_path": schema, "lock_timeout": BUSY_TIMEOUT_MILLISECONDS} | _OPTIONS
    try:
        return _Durable.connect(
            url,
            connect_timeout=CONNECT_SECONDS,
            **_KEEPALIVES,
            application_name=f"shareledger {schema}",
            client_encoding="UTF8",
            options=" ".join(f"-c {name}={value}" for name, value in options.items()),
            password=password,
        )
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        kind, text = next(
            ((kind, text) for piece, kind, text in _TOLD if piece in said),
            (Unavailable, "连不上：请核对主机、端口，服务器是否在运行，防火墙是否放行"),
        )
        raise kind(f"{_place(address)}：{text} / {said}") from error


def _place(address: Address) -> str:
    return f"[storage] url = {address[0]}"
