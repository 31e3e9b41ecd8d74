"""Who may write the logs of a store on a server: one process at a time, wherever it runs.

On SQLite the file's lock is enough, for nobody on another machine has the file. On PostgreSQL the
writer keeps a lock of its session's for as long as it lives: a second host's node waits for it at
its start, and has it as soon as the first one's process, machine or connection is gone. Whoever
takes it raises the epoch, and every commit locks that row and compares: a writer that lost the lock
cannot commit, whatever it believes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, MetaData, Table, select, text, update
from sqlalchemy.exc import OperationalError

from node.errors import LogUnavailable

from ..storage.dialects import Whole, insert, is_postgresql
from ..storage.engines import READING
from ..storage.locking import LOCKS

if TYPE_CHECKING:
    from sqlalchemy import Connection

logger = logging.getLogger(__name__)

LOOK_MILLISECONDS = 2_000
"""How long the server waits for the lock before we look about us; then it is asked again."""
LOCK_NOT_AVAILABLE = "55P03"

metadata = MetaData()

tenure = Table(
    "tenure",
    metadata,
    Column("one", Whole, primary_key=True, autoincrement=False),
    Column("epoch", Whole, nullable=False),
)
"""How often the right to write has been taken; one row, of PostgreSQL's stores alone."""

_LOCK = text("SELECT pg_advisory_lock(:locks, hashtext(current_schema() || ' writer'))")
_WAIT = text("SELECT set_config('lock_timeout', :wait, false)")


class Tenure:
    """The right of one connection to write the logs of its store; it ends with the connection."""

    def __init__(self, connection: Connection, *, commit_milliseconds: int) -> None:
        """Wait for the right and take it, in transactions of their own.

        `commit_milliseconds` is how long a transaction waits for its lock from then on.
        """
        self._epoch: int | None = None
        self._raw: Any = None
        if not is_postgresql(connection):
            return
        # From the pool's point of view the connection is gone: a lock of its session's must not
        # outlive the writer in somebody else's hands.
        connection.detach()
        self._raw = connection.connection.dbapi_connection
        with connection.begin():
            metadata.create_all(connection)
        _set_wait(connection, LOOK_MILLISECONDS)
        # Who waits must not hold the store's own lock: the writer who is at work needs it.
        connection.execution_options(**READING)
        told = False
        while not _locked(connection):
            if not told:
                logger.warning(
                    "别处的节点正在写这份日志，本节点等待接替 / another node writes these logs; "
                    "this one stands by"
                )
            told = True
        connection.execution_options(**dict.fromkeys(READING, False))
        with connection.begin():
            connection.execute(insert(tenure).values(one=1, epoch=0).on_conflict_do_nothing())
            raised = update(tenure).values(epoch=tenure.c.epoch + 1).returning(tenure.c.epoch)
            self._epoch = connection.execute(raised).scalar_one()
        _set_wait(connection, commit_milliseconds)

    def require(self, connection: Connection) -> None:
        """Hold the right until the end of this transaction.

        Raises:
            LogUnavailable: somebody else has taken it.
        """
        if self._epoch is None:
            return
        epoch = connection.scalar(select(tenure.c.epoch).with_for_update())
        if epoch != self._epoch:
            raise LogUnavailable(
                f"another node took over writing these logs (epoch {epoch} after {self._epoch})",
                epoch=epoch,
            )

    def end(self) -> None:
        """Give the right back; what the pool had let go of, it does not close."""
        if self._raw is not None:
            self._raw.close()


def is_held_elsewhere(error: OperationalError) -> bool:
    """Tell a lock of PostgreSQL's that somebody holds from everything else."""
    return getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE


def _locked(connection: Connection) -> bool:
    try:
        with connection.begin():
            connection.execute(_LOCK, {"locks": LOCKS})
    except OperationalError as error:
        if not is_held_elsewhere(error):
            raise
        return False
    return True


def _set_wait(connection: Connection, milliseconds: int) -> None:
    with connection.begin():
        connection.execute(_WAIT, {"wait": str(milliseconds)})
