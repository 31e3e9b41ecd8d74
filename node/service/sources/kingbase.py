"""KingbaseES (人大金仓) by its own driver, which is psycopg2 under another name."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

LIKE_POSTGRESQL = (12, 0)


class DialectKingbase(PGDialect_psycopg2):
    """PostgreSQL's dialect for a server that does not call itself so.

    SQLAlchemy reads a version like "PostgreSQL 15.1" and ends with an assertion at "KingbaseES
    V009R001C002"; what it needs to know is which PostgreSQL that behaves like.
    """

    driver = "ksycopg2"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:  # noqa: ANN401 - a driver's module
        import ksycopg2

        return ksycopg2

    @property
    def _psycopg2_extensions(self) -> Any:  # noqa: ANN401
        from ksycopg2 import extensions

        return extensions

    @property
    def _psycopg2_extras(self) -> Any:  # noqa: ANN401
        from ksycopg2 import extras

        return extras

    def _get_server_version_info(self, connection: Any) -> Any:  # noqa: ANN401
        try:
            return super()._get_server_version_info(connection)  # type: ignore[no-untyped-call]
        except AssertionError:
            return LIKE_POSTGRESQL
