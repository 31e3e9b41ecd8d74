"""What the service needs from the layers above it or beside it, as Protocols.

`ledger_sync.grants` implements `Ledger`, `node.documents` implements `Documents`, `sources/`
implements `Source`; `api/app` joins them. Only attribute names matter: nobody has to import this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..crypto import Sm2PublicKey
    from ..protocol.ledger.facts import Snapshot

Value = str | int | bool
"""A value of a filter: text, an integer below 2**53 or a truth value."""


class Ledger(Protocol):
    """The read model, as one call sees it."""

    def snapshot(self, key_id: bytes, authorisation: int, since: float = ...) -> Snapshot:
        """Return what a call is judged by, read in one transaction.

        It is as new as `since`, the call's arrival by `time.perf_counter()`, or newer; without it
        as new as the question.

        Raises:
            LedgerBehind: the read model is being rebuilt or is behind the chain.
        """
        ...


class ItemView(Protocol):
    """One information item of a catalogue version.

    `scale` are the digits after the decimal point, None where that does not apply; `mask` is a rule
    of `authorise.py`, or nothing; `filterable` counts once the item is granted.
    """

    @property
    def code(self) -> str: ...
    @property
    def scale(self) -> int | None: ...
    @property
    def mask(self) -> str | None: ...
    @property
    def filterable(self) -> bool: ...


class VersionView(Protocol):
    """A catalogue version's document; its items are in the order of the chain's bitmaps."""

    @property
    def items(self) -> Sequence[ItemView]: ...


class TermsView(Protocol):
    """A terms document: what the provider enforces beyond the chain's own fields.

    `row_scope` is a `where` clause every row served satisfies; `filter_only` are items that may be
    filtered by without being granted; `masks` are rules by item, over those of the version.
    """

    @property
    def row_scope(self) -> Mapping[str, Mapping[str, object]] | None: ...
    @property
    def filter_only(self) -> Sequence[str]: ...
    @property
    def masks(self) -> Mapping[str, str]: ...


class Documents(Protocol):
    """The papers behind the chain's terms; `name` says which object (`documents.objects`).

    Every method raises LedgerBehind when the document has not arrived, Contradictory when it says
    something else than the struct it is bound to.
    """

    def version(self, digest: bytes, name: str) -> VersionView: ...
    def terms(self, digest: bytes, name: str) -> TermsView: ...
    def check(self, digest: bytes, name: str) -> None: ...
    def encryption_key(self, digest: bytes, at: int) -> tuple[bytes, Sm2PublicKey]:
        """Return id and public key of the encryption key in the key document, valid at `at`."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison a row must satisfy."""

    item: str
    operator: str
    """eq, in, ge, le or prefix."""
    value: Value | tuple[Value, ...]
    """A tuple with `in` only."""


@dataclass(frozen=True, slots=True)
class SourceQuery:
    """What one call asks of a source, after every permission was checked."""

    items: tuple[str, ...]
    conditions: tuple[Condition, ...]
    """The caller's filter and the row scope of the terms: all must hold."""
    size: int
    """At most so many rows."""
    after: Value | None
    """Key of the last row of the page before."""
    scales: Mapping[str, int | None] = field(default_factory=dict)
    """Item code -> digits after the decimal point, where the version declares any."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a source found, in the order of its key."""

    rows: list[dict[str, object]]
    """Item code -> value as JSON carries it (protocol.md 4.7), before any mask."""
    last: Value | None
    """Key of the last row when more follow, else None."""


class Source(Protocol):
    """The data behind one entry."""

    def fetch(self, query: SourceQuery) -> Page:
        """Return one page.

        Raises:
            SourceUnavailable: the database does not answer, or has no such column.
            MalformedFilter: a value cannot be compared with the column's type.
        """
        ...
