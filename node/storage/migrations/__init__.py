"""Alembic revisions of `office.db`, applied when it is opened, by whichever process comes first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

HEAD = "0006"
"""The newest revision in `versions`; a test holds it to that."""


def upgrade(engine: Engine) -> None:
    """Bring a database to `HEAD`, in one transaction.

    Alembic is imported only where there is something to do: it takes a fifth of a second.
    """
    with engine.begin() as connection:  # others wait here, and find it done
        if _revision(connection) == HEAD:
            return
        from alembic import command

        command.upgrade(configuration(connection), HEAD)


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration for a connection whose transaction is the caller's."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found
