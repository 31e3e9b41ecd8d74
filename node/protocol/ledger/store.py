"""Where the rules keep their records: a port, a dict, and a layer over either.

The verifier keeps them in `Memory`, the follower in the rows of a chunk (`ledger_sync.rows`). A
record is never changed in place, so a `Draft` over a store can be thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .facts import KEY_SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Record

R = TypeVar("R", bound="Record")


class Store(Protocol):
    """Records by kind and key."""

    def find(self, kind: type[R], *key: Any) -> R | None:  # noqa: ANN401 - a key's members
        ...

    def put(self, record: Record) -> None: ...


class Memory:
    """A store in memory."""

    def __init__(self) -> None:
        self._records: dict[type[Any], dict[tuple[Any, ...], Any]] = {
            kind: {} for kind in KEY_SIZES
        }

    def find(self, kind: type[R], *key: Any) -> R | None:  # noqa: ANN401 - a key's members
        found: R | None = self._records[kind].get(key)
        return found

    def put(self, record: Record) -> None:
        kind = type(record)
        self._records[kind][record[: KEY_SIZES[kind]]] = record

    def all(self, kind: type[R]) -> Iterator[R]:
        """Yield every record of a kind, in the order in which they were first put."""
        yield from self._records[kind].values()


class Draft(Memory):
    """Changes over a store that are kept apart until `commit`."""

    def __init__(self, under: Store) -> None:
        super().__init__()
        self._under = under

    def find(self, kind: type[R], *key: Any) -> R | None:  # noqa: ANN401 - a key's members
        found = super().find(kind, *key)
        return self._under.find(kind, *key) if found is None else found

    def changes(self) -> list[Record]:
        return [record for records in self._records.values() for record in records.values()]

    def commit(self) -> None:
        """Put every change into the store below."""
        for record in self.changes():
            self._under.put(record)
