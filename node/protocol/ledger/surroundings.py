"""What the rules stand in: where they keep their records, and what these cannot tell them.

The verifier keeps records in `Memory`, the follower in the rows of a chunk (`ledger_sync.rows`). A
record is never changed in place, so a `Draft` over a store can be thrown away. `Outside` answers
for the curve, and for the code behind an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ...crypto import Sm2PublicKey, verify_decision, verify_sm2
from ...errors import MalformedKey, SignatureInvalid
from .facts import KEY_SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Record
    from .signed import Act


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


class Outside(Protocol):
    """Answers for the curve and for contracts' code."""

    def is_on_curve(self, x: int, y: int) -> bool:
        """Say whether (x, y) is a point of the SM2 curve."""
        ...

    def is_signed(self, act: Act, x: int, y: int) -> bool:
        """Say whether the decision carries the signature of the key (x, y); a follower asks later.

        Whoever answers yes before he knows has to refuse the event when it proves wrong.
        """
        ...

    def is_possessed(self, act: Act, x: int, y: int) -> bool:
        """Say whether the decision carries the new key's own signature; as `is_signed`."""
        ...

    def is_note_signed(self, text: bytes, x: int, y: int, r: int, s: int) -> bool:
        """Say whether (r, s) is the SM2 signature of the key (x, y) over a checkpoint's text."""
        ...

    def code_hash(self, address: bytes) -> bytes | None:
        """Return keccak256 of a contract's code, empty for none; None where nobody can look."""
        ...


class Sm2Outside:
    """Every signature checked where it is asked for; no contract's code is looked at."""

    def is_on_curve(self, x: int, y: int) -> bool:
        try:
            Sm2PublicKey.from_coordinates(x, y)
        except MalformedKey:
            return False
        return True

    def is_signed(self, act: Act, x: int, y: int) -> bool:
        return holds(act.hashed(), x, y, *act.signature)

    def is_possessed(self, act: Act, x: int, y: int) -> bool:
        return holds(act.hashed(), x, y, *act.possession)

    def is_note_signed(self, text: bytes, x: int, y: int, r: int, s: int) -> bool:
        try:
            verify_sm2(Sm2PublicKey.from_coordinates(x, y), text, joined(r, s))
        except (SignatureInvalid, MalformedKey):
            return False
        return True

    def code_hash(self, address: bytes) -> bytes | None:
        del address
        return None


def holds(decision_hash: bytes, x: int, y: int, r: int, s: int) -> bool:
    """Say whether (r, s) is the SM2 signature of the key (x, y) over a decision."""
    try:
        verify_decision(Sm2PublicKey.from_coordinates(x, y), decision_hash, joined(r, s))
    except (SignatureInvalid, MalformedKey):
        return False
    return True


def joined(r: int, s: int) -> bytes:
    """Return a signature's 64 bytes r‖s."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
