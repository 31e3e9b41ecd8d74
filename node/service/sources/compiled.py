"""A SELECT compiled once and handed to the driver as often as it is asked (PEP 249).

`Connection.execute` finds the compiled text again, binds and describes the result anew each time;
for one row that costs five times what the database takes. What is kept here is what follows from
the statement alone: the text, its parameters' order, and what SQLAlchemy's types do to each value
on its way there and back. Errors are SQLAlchemy's, as of `Connection.execute`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from .comparing import MYSQL, POSTGRESQL, SQLITE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Engine, Select

    Process = Callable[[Any], Any]

_KNOWN = MYSQL | {POSTGRESQL, SQLITE}
"""Other makers' dialects may do more when they execute; they are tested by nobody here."""


class Compiled:
    """One SELECT; for any number of threads."""

    def __init__(self, statement: Select[Any], engine: Engine) -> None:
        """Compile `statement`; all its values are bound by name."""
        self.statement = statement
        self._engine = engine
        self.text = ""
        """As the driver takes it; empty where only SQLAlchemy knows how to execute it."""
        self._bound: list[tuple[str, object, Process | None]] = []
        """Name, own default and what is done to the value, in the order of the parameters."""
        self._served: list[Process | None] | None = None
        """What is done to each column; known once a cursor has described them."""
        if engine.dialect.name in _KNOWN:
            self._compile()

    def run(self, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        """Return all rows.

        Raises:
            SQLAlchemyError: the database does not answer, or cannot make sense of a value.
        """
        if not self.text:
            with self._engine.connect() as connection:
                return connection.execute(self.statement, values).all()
        bound, failure = self.parameters(values), self._engine.dialect.loaded_dbapi.Error
        pooled: Any = self._engine.raw_connection()
        try:
            cursor = pooled.cursor()
            try:
                cursor.execute(self.text, bound)
                return self._rows(cursor)
            except failure as error:
                raise self._wrapped(error, pooled) from error
            finally:
                # An error's traceback keeps the cursor, and it what it locked.
                with suppress(failure):
                    cursor.close()
        finally:
            # Back to the pool, which ends the transaction that reading began.
            pooled.close()

    def parameters(self, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - as drivers take them
        """Return what the driver is given beside the text."""
        given = [
            values.get(name, own) if process is None else process(values.get(name, own))
            for name, own, process in self._bound
        ]
        if self._engine.dialect.positional:
            return given
        return {name: value for (name, *_), value in zip(self._bound, given, strict=True)}

    def _compile(self) -> None:
        dialect = self._engine.dialect
        compiled: Any = self.statement.compile(dialect=dialect)
        if compiled.post_compile_params or compiled.literal_execute_params:
            return  # its text depends on the values
        own = compiled.params
        names = compiled.positiontup if compiled.positional else list(own)
        impls = [compiled.binds[name].type.dialect_impl(dialect) for name in names]
        self._bound = [
            (name, own[name], impl.bind_processor(dialect))
            for name, impl in zip(names, impls, strict=True)
        ]
        self.text = str(compiled)

    def _rows(self, cursor: Any) -> Sequence[Sequence[Any]]:  # noqa: ANN401 - the driver's
        if self._served is None:
            dialect = self._engine.dialect
            columns = zip(self.statement.selected_columns, cursor.description, strict=True)
            self._served = [
                column.type.dialect_impl(dialect).result_processor(dialect, told[1])
                for column, told in columns
            ]
        found: Sequence[Sequence[Any]] = cursor.fetchall()
        if not any(self._served):
            return found
        return [
            [
                value if process is None else process(value)
                for value, process in zip(row, self._served, strict=True)
            ]
            for row in found
        ]

    def _wrapped(self, error: Exception, pooled: Any) -> BaseException:  # noqa: ANN401 - a pool's
        """Return a driver's error as SQLAlchemy's; a connection that is broken is given up."""
        dialect = self._engine.dialect
        broken = dialect.is_disconnect(error, pooled.dbapi_connection, None)  # type: ignore[arg-type]
        if broken:
            pooled.invalidate(error)
        return DBAPIError.instance(
            self.text, None, error, dialect.loaded_dbapi.Error,
            hide_parameters=True, connection_invalidated=broken, dialect=dialect,
        )  # fmt: skip
