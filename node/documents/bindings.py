"""Which objects the documents stand behind, and whether they say the same as the chain.

Which decision binds what stands in `protocol.forms.binding`. Filled from mined decisions in the
order of the chain; the position and the rows are written in one transaction. A judgement is final:
documents and final blocks do not change.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import delete, exists, func, select, update

from ..errors import Contradictory, ItemNotGranted, LedgerBehind
from ..protocol import forms as documents
from ..protocol.wire import ids
from ..storage.dialects import insert
from .ports import START
from .store import batched, mark_bound
from .tables import binding, document, position, wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Table

    from .ports import DecisionFact, Position
    from .store import DocumentStore

Note = Callable[["Connection", "DecisionFact"], None]

MALFORMED = "malformed"
"""What a contradiction says of bytes that have the digest and are no document."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A document's place behind an object."""

    object: str
    digest: bytes
    kind: str
    struct: Mapping[str, Any]
    acting: bytes
    parties: frozenset[bytes]
    judged: bool
    contradiction: str | None

    @property
    def public(self) -> bool:
        return self.kind in documents.PUBLIC

    @property
    def holds(self) -> bool:
        """Whether the document was found to say what its decision says."""
        return self.judged and self.contradiction is None


class Verdict(NamedTuple):
    """What the comparison of one document with the chain came to."""

    bound: Bound
    contradiction: str | None
    """The fields that differ; None: none."""


class Bindings:
    """The bindings in `node.db`."""

    def __init__(self, store: DocumentStore, *, serves: Callable[[bytes], bool]) -> None:
        self._store = store
        self._engine = store.engine
        self._serves = serves

    def position(self) -> Position:
        """Return the last decision that was recorded."""
        with self._store.reading.connect() as connection:
            row = connection.execute(select(position.c.block, position.c.log_index)).first()
        return START if row is None else (row.block, row.log_index)

    def record(self, facts: Sequence[DecisionFact], also: Note | None = None) -> None:
        """Record what `facts` bind; documents this node is entitled to become wanted.

        `also` is called with every fact inside the same transaction.
        """
        if not facts:
            return
        with self._engine.begin() as connection:
            for fact in facts:
                if also is not None:
                    also(connection, fact)
                for each in documents.bindings_of(fact.kind, fact.event):
                    self._record(connection, fact, each)
            block, log_index = facts[-1].position
            row = {"one": 1, "block": block, "log_index": log_index}
            connection.execute(
                insert(position).values(row).on_conflict_do_update(index_elements=["one"], set_=row)
            )

    def of(self, digest: bytes) -> list[Bound]:
        return self._list(binding.c.digest == digest)

    def of_all(self, digests: Iterable[bytes]) -> dict[bytes, list[Bound]]:
        """Return the same of several documents, by digest."""
        found: dict[bytes, list[Bound]] = {}
        for some in batched(list(digests)):
            for each in self._list(binding.c.digest.in_(some)):
                found.setdefault(each.digest, []).append(each)
        return found

    def of_object(self, name: str) -> list[Bound]:
        return self._list(binding.c.object == name)

    def _list(self, condition: ColumnElement[bool]) -> list[Bound]:
        query = select(binding).where(condition).order_by(binding.c.block, binding.c.log_index)
        with self._store.reading.connect() as connection:
            return [_bound(row) for row in connection.execute(query).all()]

    def find_held(self, name: str, digest: bytes) -> bytes | None:
        """Return a document that stands behind this very object and says what the chain says."""
        held = any(each.digest == digest and each.holds for each in self.of_object(name))
        return self._store.find(digest) if held else None

    def check(self, digest: bytes, name: str | None = None) -> None:
        """Check that the document is here, bound, and says what the chain says.

        With `name`, its binding to that object counts; without, one binding that holds is enough
        (anybody can name another's document in a decision of his own).

        Raises:
            LedgerBehind: it has not arrived, or its decision has not been read.
            Contradictory: it says something else.
        """
        found = [each for each in self.of(digest) if name in {None, each.object}]
        judged = [each for each in found if each.judged]
        if any(each.contradiction is None for each in judged):
            return
        if judged and len(judged) == len(found):
            raise _contradictory(judged[0])
        raise LedgerBehind(f"document {digest.hex()} has not arrived")

    def check_object(self, name: str) -> None:
        """Check that every document behind the object is here and says what the chain says.

        Raises:
            LedgerBehind: one has not arrived.
            Contradictory: one says something else.
        """
        found = self.of_object(name)
        for each in found:
            if each.contradiction is not None:
                raise _contradictory(each)
        missing = next((each for each in found if not each.judged), None)
        if missing is not None:
            raise LedgerBehind(f"document {missing.digest.hex()} has not arrived")

    def due(self, now_ms: int, limit: int) -> list[tuple[Bound, int]]:
        """Return bindings whose document is to be judged or fetched now, with the tries so far."""
        query = (
            select(binding, wanted.c.tries)
            .join(
                wanted,
                (wanted.c.object == binding.c.object) & (wanted.c.digest == binding.c.digest),
            )
            .where(wanted.c.next_try <= now_ms)
            # In the order of the chain: a version before the application for it.
            .order_by(wanted.c.next_try, binding.c.block, binding.c.log_index)
            .limit(limit)
        )
        with self._store.reading.connect() as connection:
            return [(_bound(row), row.tries) for row in connection.execute(query).all()]

    def next_due(self) -> int | None:
        """Return when the next binding is due, in ms; None if none waits."""
        with self._store.reading.connect() as connection:
            due: int | None = connection.scalar(select(func.min(wanted.c.next_try)))
            return due

    def missing(self) -> int:
        """Return how many bindings wait for a document that is not here."""
        here = exists().where(document.c.digest == wanted.c.digest)
        query = select(func.count()).select_from(wanted).where(~here)
        with self._store.reading.connect() as connection:
            return connection.scalar(query) or 0

    def postpone(self, bound: Bound, tries: int, next_try_ms: int) -> None:
        with self._engine.begin() as connection:
            row = update(wanted).where(*_is(wanted, bound))
            connection.execute(row.values(tries=tries, next_try=next_try_ms))

    def hurry(self) -> None:
        """Try everything that waits again now, as if for the first time."""
        with self._engine.begin() as connection:
            connection.execute(update(wanted).values(tries=0, next_try=0))

    def judge(self, bound: Bound, document: documents.Document) -> Verdict | None:
        """Compare the document with the chain; None if the pinned version is not judged yet."""
        needed = bound.kind in documents.NEED_VERSION
        version = self._pinned_version(bound) if needed else None
        if needed and version is None:
            return None
        return Verdict(bound, _differences(bound, document, version))

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        """Write judgements down, all in one transaction; they are wanted no more."""
        if not verdicts:
            return
        now = int(self._store.clock())
        with self._engine.begin() as connection:
            for bound, contradiction in verdicts:
                row = update(binding).where(*_is(binding, bound))
                connection.execute(row.values(judged_at=now, contradiction=contradiction))
                connection.execute(delete(wanted).where(*_is(wanted, bound)))
        # After the COMMIT: who reads anew now reads what was judged.
        if any(bound.kind == "department" for bound, _ in verdicts):
            self._store.departments_judged += 1

    def _record(self, connection: Connection, fact: DecisionFact, each: documents.Binding) -> None:
        block, log_index = fact.position
        parties = fact.parties[each.object]
        connection.execute(
            insert(binding)
            .values(
                object=each.object,
                digest=each.digest,
                kind=each.kind,
                struct=json.dumps(each.struct, default=bytes.hex),
                acting=fact.acting,
                parties=b"".join(sorted(parties)),
                block=block,
                log_index=log_index,
            )
            .on_conflict_do_nothing()
        )
        mark_bound(connection, each.digest, int(self._store.clock()))
        if each.kind in documents.PUBLIC or any(self._serves(party) for party in parties):
            connection.execute(
                insert(wanted)
                .values(object=each.object, digest=each.digest, tries=0, next_try=0)
                .on_conflict_do_nothing()
            )

    def _pinned_version(self, bound: Bound) -> documents.CatalogueVersionPaper | None:
        applied = next(
            (each for each in self.of_object(bound.object) if each.kind == "application"), bound
        )
        name = documents.version_object(applied.struct["entry"], applied.struct["version"])
        for each in self.of_object(name):
            data = self._store.find(each.digest)
            if data is not None and each.judged:
                body = documents.parse(data).body
                return body if isinstance(body, documents.CatalogueVersionPaper) else None
        return None


def _differences(
    bound: Bound,
    document: documents.Document,
    version: documents.CatalogueVersionPaper | None,
) -> str | None:
    if document.kind != bound.kind:
        return "type"
    try:
        differing = documents.contradicts(document, bound.struct, version=version)
    except ItemNotGranted:
        differing = ["items"]
    if not bound.parties.issuperset(documents.departments_named(document)):
        differing.append("parties")
    return ", ".join(differing) or None


def _is(table: Table, bound: Bound) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.object == bound.object, table.c.digest == bound.digest


def _contradictory(bound: Bound) -> Contradictory:
    return Contradictory(
        f"{bound.object}: the document {bound.digest.hex()} differs in {bound.contradiction}",
        object=bound.object,
        fields=bound.contradiction,
    )


def _bound(row: Row[Any]) -> Bound:
    size = ids.ID_SIZE
    parties = (row.parties[start : start + size] for start in range(0, len(row.parties), size))
    return Bound(
        row.object,
        row.digest,
        row.kind,
        _thaw(json.loads(row.struct)),
        row.acting,
        frozenset(parties),
        row.judged_at is not None,
        row.contradiction,
    )


def _thaw(value: Any) -> Any:  # noqa: ANN401 - JSON values
    """Turn hex into bytes again: structs hold no other text."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    if isinstance(value, dict):
        return {name: _thaw(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_thaw(member) for member in value]
    return value
