"""What the documents need to know of the ledger: values and one port (design.md section 6).

The read model lies above this package; `ledger_sync` implements `Ledger` and `api.app` joins the
two. Everything here is decided by mined decisions only, never by what a peer says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Position = tuple[int, int]
"""Block number and log index: decisions in the order of the chain."""
START: Position = (0, -1)
"""Before the first decision."""


@dataclass(frozen=True, slots=True)
class DecisionFact:
    """A mined decision that names at least one document."""

    position: Position
    kind: str
    """Struct name, as "ApplyFor"."""
    event: Mapping[str, Any]
    """The event's arguments as `protocol.abi` decoded them: ids raw bytes, tuples dicts."""
    acting: bytes
    """Department id of the party that acted: where the documents are asked for first."""
    parties: Mapping[str, frozenset[bytes]]
    """By the object of each of its bindings (`protocol.forms.binding`): the departments that may
    read its restricted documents. For an authorisation the consumer, the provider and the competent
    departments of both; for a key its department and that one's competent. Never of the whole
    batch: who is party to one authorisation is none to the next."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who stands behind a live key: registered, not revoked, within its validity."""

    key: bytes
    kind: int
    """KeyKind."""
    department: bytes
    """The holder; for an application's key the application's department."""
    auditor_for: frozenset[bytes]
    """Active departments that granted this key the auditor's role, now valid."""
    active: bool = True
    """Whether its department takes part: a suspended one is served nothing that is restricted."""
    acts_for: frozenset[bytes] = frozenset()
    """Active departments that granted this key any role, now valid: a deputy's, a data centre's."""


class Ledger(Protocol):
    """What the read model answers about decisions and keys."""

    def decisions_after(self, position: Position, limit: int) -> Sequence[DecisionFact]:
        """Return the next decisions with documents, in the order of the chain."""
        ...

    def find_reader(self, key: bytes) -> Reader | None:
        """Return who stands behind `key` now; None if it is unknown, revoked or out of validity."""
        ...
