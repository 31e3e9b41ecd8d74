"""Questions to the read model: facts by id, lists by page.

Read only. `get_` raises NotFound, `find_` returns None, `list_` pages by the key after which to go
on. Every question is one transaction; LedgerBehind is raised while the model is being filled.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, select, true
from sqlalchemy.exc import OperationalError

from node.errors import AuthorisationUnknown, InvalidInput, LedgerBehind, NotFound
from node.protocol.ledger.competence import competent_of
from node.protocol.ledger.enums import EntryState
from node.protocol.ledger.facts import (
    ApplicationFact,
    AuthorisationFact,
    CatalogueFact,
    ContractFact,
    DepartmentFact,
    KeyFact,
    RoleFact,
    VersionFact,
)
from node.protocol.ledger.surroundings import Memory
from node.protocol.wire.ids import department_id

from .decided import AnchorQueries, DecisionQueries
from .model import find_contact, read_cursor
from .objects import ObjectKind
from .rows import Rows
from .selecting import (
    SELECT_BLOCK,
    SELECT_ENTRY,
    authorisation_fact,
    block_ref,
    entry_fact,
    is_in,
    is_of,
    reading,
)
from .tables import (
    APPLICATION,
    AUTHORISATION,
    AUTHORISATION_STEP,
    BLOCK,
    DECISION_OBJECT,
    DEPARTMENT,
    ENTRY,
    ENTRY_VERSION,
    KEY,
    ROLE,
)
from .waiting import WaitingQueries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement

    from node.protocol.evm.blocks import BlockRef
    from node.protocol.ledger.facts import EntryFact, LogFact

    from .model import Contact, Cursor
    from .selecting import Row


@dataclass(frozen=True, slots=True)
class StepFact:
    """One decision on an authorisation, and the authorisation as it stood after it."""

    seq: int
    """Of the decision, in ShareAuthorisations."""
    name: str
    """ApplyFor, Reply or Step."""
    step: int
    """enums.Step; 0 for ApplyFor and Reply."""
    answer: int
    """enums.Answer; 0 for all but Reply."""
    block: int
    digest: bytes
    after: AuthorisationFact


PAGE = 100


class Queries(DecisionQueries, AnchorQueries, WaitingQueries):
    """Every question there is; opened on a read-only engine, shared by threads."""

    def cursor(self) -> Cursor:
        """Return how far the model has come; answers while it is being filled, too."""
        with self._engine.connect() as connection:
            return read_cursor(connection)

    def find_next_block(self) -> int | None:
        """Return the first block the model has not; None where no follower has ever run."""
        try:
            return self.cursor().next_block
        except (LedgerBehind, OperationalError):
            return None

    def contact(self) -> Contact | None:
        """Return what the follower last saw of the chain; None if it never has."""
        with self._engine.connect() as connection:
            return find_contact(connection)

    def get_block(self, number: int) -> BlockRef:
        """Return a block that has been applied."""
        row = self._find(SELECT_BLOCK.where(BLOCK.c.number == number))
        if row is None:
            raise NotFound(f"读模型里没有区块 {number} / no such block")
        return block_ref(row)

    def seconds_of(self, blocks: Collection[int]) -> dict[int, int]:
        """Return the seconds of blocks that have been applied, by number."""
        wanted = SELECT_BLOCK.where(BLOCK.c.number.in_(blocks))
        return {row["number"]: row["timestamp"] for row in self._all(wanted)}

    def departments(self) -> list[DepartmentFact]:
        """Return all departments by code: a city has some dozens."""
        return self._every(DepartmentFact)

    def get_department(self, code: str) -> DepartmentFact:
        """Return the department with this unified social credit code."""
        try:
            found = self.find_department(department_id(code))
        except InvalidInput as err:
            raise NotFound(f"没有部门 {code} / no department {code!r}") from err
        if found is None:
            raise NotFound(f"没有部门 {code} / no department {code!r}")
        return found

    def find_department(self, department: bytes) -> DepartmentFact | None:
        return self._by_key(DepartmentFact, DEPARTMENT.c.department, department)

    def get_key(self, key: bytes) -> KeyFact:
        """Return a registered key, revoked ones included."""
        found = self.find_key(key)
        if found is None:
            raise NotFound(f"没有密钥 {key.hex()} / no such key")
        return found

    def find_key(self, key: bytes) -> KeyFact | None:
        """Return a registered key, revoked ones included."""
        return self._by_key(KeyFact, KEY.c.key, key)

    def keys_among(self, keys: Collection[bytes]) -> list[KeyFact]:
        """Return those of some keys that are registered, revoked ones included."""
        return self._facts(KeyFact, KEY.c.key.in_(list(keys)))

    def keys_of(self, holder: bytes) -> list[KeyFact]:
        """Return every key a department or an application has had."""
        return self._facts(KeyFact, KEY.c.holder == holder)

    def keys_of_any(self, holders: Collection[bytes]) -> list[KeyFact]:
        """Return every key any of these departments and applications has had."""
        return self._facts(KeyFact, KEY.c.holder.in_(list(holders)))

    def roles_of(self, key: bytes) -> list[RoleFact]:
        """Return the roles a key holds, department by department."""
        return self._facts(RoleFact, ROLE.c.key == key)

    def roles_in(self, department: bytes) -> list[RoleFact]:
        """Return the roles a department has granted, key by key."""
        return self._facts(RoleFact, ROLE.c.department == department)

    def get_application(self, application: bytes) -> ApplicationFact:
        found = self._by_key(ApplicationFact, APPLICATION.c.application, application)
        if found is None:
            raise NotFound(f"没有应用系统 {application.hex()} / no such application")
        return found

    def applications_of(self, department: bytes) -> list[ApplicationFact]:
        return self._facts(ApplicationFact, APPLICATION.c.department == department)

    def contracts(self) -> list[ContractFact]:
        """Return the contracts listed as in force."""
        return self._facts(ContractFact)

    def get_entry(self, entry: bytes, version: int | None = None) -> EntryFact:
        """Return an entry at a version: the one named, else the published one, else the newest."""
        at = _CURRENT if version is None else version
        row = self._find(SELECT_ENTRY.where(ENTRY.c.entry == entry, ENTRY_VERSION.c.version == at))
        if row is None:
            which = f"的第 {version} 版" if version else ""
            raise NotFound(f"没有目录 {entry.hex()}{which} / no such entry or version")
        return entry_fact(row)

    def entries_among(self, entries: Collection[bytes]) -> dict[bytes, EntryFact]:
        """Return those of some entries there are, by id, each as `get_entry` without a version."""
        current = (ENTRY_VERSION.c.version == _CURRENT) & ENTRY.c.entry.in_(list(entries))
        return {row["entry"]: entry_fact(row) for row in self._all(SELECT_ENTRY.where(current))}

    def find_catalogued(self, entry: bytes) -> CatalogueFact | None:
        """Return an entry whatever its versions, with the provider's answer in advance."""
        return self._fact(CatalogueFact, ENTRY.c.entry == entry)

    def list_entries(
        self,
        *,
        provider: bytes | None = None,
        state: int | None = None,
        after: bytes = b"",
        limit: int = PAGE,
    ) -> list[EntryFact]:
        """Return entries by id, each at its published version, or at its newest if none is."""
        statement = SELECT_ENTRY.where(ENTRY_VERSION.c.version == _CURRENT, ENTRY.c.entry > after)
        if provider is not None:
            statement = statement.where(ENTRY.c.provider == provider)
        if state is not None:
            statement = statement.where(ENTRY_VERSION.c.state == state)
        return [entry_fact(row) for row in self._all(statement.order_by(ENTRY.c.entry), limit)]

    def versions(self, entry: bytes) -> list[VersionFact]:
        """Return the versions of an entry, oldest first."""
        return self._facts(VersionFact, ENTRY_VERSION.c.entry == entry)

    def newest_versions(self, provider: bytes) -> dict[bytes, VersionFact]:
        """Return the newest version of every entry of a provider, by entry."""
        statement = select(ENTRY_VERSION).select_from(_NEWEST).where(ENTRY.c.provider == provider)
        rows = self._all(statement)
        return {row["entry"]: VersionFact(**row) for row in rows}

    def standing(self, provider: bytes) -> tuple[int, dict[int, int]]:
        """Return what differs once a newest version of a provider's is filed, or changes its state.

        The number of the last decision on the catalogue that named the department, and how many of
        its entries have their newest version in which state. Only a filing and a request for
        withdrawal, both of which name the provider, let a version wait; without one, each review
        leaves fewer that wait, and nothing else moves any.
        """
        last = select(func.max(DECISION_OBJECT.c.seq)).where(
            DECISION_OBJECT.c.kind == ObjectKind.DEPARTMENT,
            DECISION_OBJECT.c.object == provider,
            DECISION_OBJECT.c.contract == "CatalogueRegistry",
        )
        with self.holding(), reading(self._engine) as connection:
            return connection.scalar(last) or 0, self.count_newest(provider)

    def list_filed(
        self, provider: bytes, *, after: bytes = b"", limit: int = PAGE
    ) -> list[VersionFact]:
        """Return newest versions of a provider's entries, by entry."""
        of = (ENTRY.c.provider == provider) & (ENTRY.c.entry > after)
        statement = select(ENTRY_VERSION).select_from(_NEWEST).where(of)
        return [VersionFact(**row) for row in self._all(statement.order_by(ENTRY.c.entry), limit)]

    def list_newest(
        self, provider: bytes, *, state: int = 0, first: int = 0, limit: int = PAGE
    ) -> list[VersionFact]:
        """Return newest versions of a provider's entries, the last submitted first.

        Those in a state, 0 for any; without the `first` so many.
        """
        order = ENTRY_VERSION.c.submitted_block.desc(), ENTRY_VERSION.c.entry
        keys = select(ENTRY_VERSION.c.entry, ENTRY_VERSION.c.version).select_from(_NEWEST)
        keys = keys.where(ENTRY.c.provider == provider)
        if state:
            keys = keys.where(ENTRY_VERSION.c.state == state)
        # All are put in order, their keys alone; whole rows are read of a page.
        chosen = keys.order_by(*order).offset(first).limit(limit).subquery()
        of = (ENTRY_VERSION.c.entry == chosen.c.entry) & (
            ENTRY_VERSION.c.version == chosen.c.version
        )
        statement = select(ENTRY_VERSION).join(chosen, of).order_by(*order)
        return [VersionFact(**row) for row in self._all(statement)]

    def count_newest(self, provider: bytes) -> dict[int, int]:
        """Return how many of a provider's entries have their newest version in which state."""
        states = ENTRY.c.state, ENTRY.c.current_state
        statement = select(*states, func.count()).where(ENTRY.c.provider == provider)
        counts: Counter[int] = Counter()
        with reading(self._engine) as connection:
            for state, current, count in connection.execute(statement.group_by(*states)):
                # One that was published may be withdrawn, or about to be, since.
                counts[current if state == EntryState.PUBLISHED else state] += count
        return counts

    def versions_in_force(self, entries: Iterable[bytes]) -> dict[bytes, VersionFact]:
        """Return the published version of each of these entries that has one, by entry."""
        statement = select(ENTRY_VERSION).join(
            ENTRY,
            (ENTRY.c.entry == ENTRY_VERSION.c.entry) & (ENTRY.c.current == ENTRY_VERSION.c.version),
        )
        rows = self._all(statement.where(ENTRY.c.entry.in_(list(entries))))
        return {row["entry"]: VersionFact(**row) for row in rows}

    def list_pending(
        self, competent: bytes, *, after: bytes = b"", limit: int = PAGE
    ) -> list[EntryFact]:
        """Return the versions that wait for the review of who acts as competent, by entry id."""
        entry = ENTRY_VERSION.c.entry
        statement = SELECT_ENTRY.where(self._is_pending(competent), entry > after).order_by(entry)
        return [entry_fact(row) for row in self._all(statement, limit)]

    def oldest_pending(
        self, competent: bytes, *, first: int = 0, limit: int = PAGE
    ) -> list[EntryFact]:
        """Return the same versions, those longest submitted first, without the `first` so many."""
        order = ENTRY_VERSION.c.submitted_block, ENTRY_VERSION.c.entry
        key = ENTRY_VERSION.c.entry, ENTRY_VERSION.c.version
        # What is passed over is passed over in the index alone.
        waiting = select(*key).where(self._is_pending(competent)).order_by(*order)
        chosen = waiting.offset(first).limit(limit).subquery()
        of = (ENTRY_VERSION.c.entry == chosen.c.entry) & (
            ENTRY_VERSION.c.version == chosen.c.version
        )
        rows = self._all(SELECT_ENTRY.join(chosen, of).order_by(*order))
        return [entry_fact(row) for row in rows]

    def count_pending(self, competent: bytes) -> int:
        """Return how many versions wait for the review of who acts as competent."""
        # A version that waits is the newest of its entry: counted in an index of entries alone.
        of = (ENTRY.c.state == EntryState.SUBMITTED) & ENTRY.c.provider.in_(self._under(competent))
        statement = select(func.count()).select_from(ENTRY).where(of)
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one()

    def list_withdrawing(
        self, competent: bytes | None = None, *, after: bytes = b"", limit: int = PAGE
    ) -> list[tuple[EntryFact, bytes]]:
        """Return versions whose withdrawal waits for review, each with its paper's digest, by id.

        `competent` is who acts as competent; None: whoever does.
        """
        statement = SELECT_ENTRY.add_columns(ENTRY.c.withdrawal_digest).where(
            is_in(EntryState.WITHDRAWAL_SUBMITTED), ENTRY_VERSION.c.entry > after
        )
        if competent is not None:
            statement = statement.where(self._is_under(competent))
        rows = self._all(statement.order_by(ENTRY_VERSION.c.entry), limit)
        return [(entry_fact(row), row["withdrawal_digest"]) for row in rows]

    def pending_among(self, competent: bytes, digests: Collection[bytes]) -> list[EntryFact]:
        """Return those of some versions, named by their documents, that wait for a review."""
        statement = SELECT_ENTRY.where(
            self._is_pending(competent), ENTRY_VERSION.c.digest.in_(list(digests))
        )
        return [entry_fact(row) for row in self._all(statement)]

    def _is_pending(self, competent: bytes) -> ColumnElement[bool]:
        return and_(is_in(EntryState.SUBMITTED), self._is_under(competent))

    def _is_under(self, competent: bytes) -> ColumnElement[bool]:
        """Tell whether a version is of one for whom somebody acts as the competent department."""
        around = self.departments()
        under = self._under(competent, around)
        # A city's data bureau is over all of it: then no version's department is looked up.
        return true() if len(under) == len(around) else is_of(under)

    def log_opened_at(self, log: LogFact) -> int:
        """Return the second of the block that registered a log."""
        return self.get_decision("AccessAnchors", log.seq).block.timestamp

    def competent_of(self, department: bytes) -> bytes:
        """Return who acts as the competent department of an enrolled one."""
        with reading(self._engine) as connection:
            return competent_of(Rows(connection), department)

    def _under(
        self, competent: bytes, around: Sequence[DepartmentFact] | None = None
    ) -> list[bytes]:
        """Return the departments, of all there are, for which one acts as the competent one."""
        store = Memory()
        facts = self.departments() if around is None else around
        for fact in facts:
            store.put(fact)
        return [
            fact.department for fact in facts if competent_of(store, fact.department) == competent
        ]

    def get_authorisation(self, authorisation: int) -> AuthorisationFact:
        """Return an authorisation as it stands; raises AuthorisationUnknown."""
        found = self.find_authorisation(authorisation)
        if found is None:
            raise AuthorisationUnknown(f"没有授权 {authorisation} / no authorisation")
        return found

    def find_authorisation(self, authorisation: int) -> AuthorisationFact | None:
        return self._by_key(AuthorisationFact, AUTHORISATION.c.authorisation, authorisation)

    def authorisation_at(self, authorisation: int, block: int) -> AuthorisationFact | None:
        """Return an authorisation as it stood after `block`; None before it was applied for."""
        statement = select(AUTHORISATION_STEP).where(
            AUTHORISATION_STEP.c.authorisation == authorisation, AUTHORISATION_STEP.c.block <= block
        )
        row = self._find(statement.order_by(AUTHORISATION_STEP.c.seq.desc()).limit(1))
        return None if row is None else authorisation_fact(row)

    def list_authorisations(
        self,
        *,
        provider: bytes | None = None,
        consumer: bytes | None = None,
        entry: bytes | None = None,
        state: int | None = None,
        competent: bytes | None = None,
        after: int = 0,
        limit: int = PAGE,
    ) -> list[AuthorisationFact]:
        """Return authorisations by number; `competent` is who is over their providers."""
        wanted = {"provider": provider, "consumer": consumer, "entry": entry, "state": state}
        where = [
            AUTHORISATION.c[name] == wanted[name] for name in wanted if wanted[name] is not None
        ]
        if competent is not None:
            where.append(AUTHORISATION.c.provider.in_(self._under(competent)))
        where.append(AUTHORISATION.c.authorisation > after)
        return self._facts(AuthorisationFact, *where, limit=limit)

    def steps(self, authorisation: int) -> list[StepFact]:
        """Return the decisions on an authorisation, oldest first, each with what it left."""
        statement = select(AUTHORISATION_STEP).where(
            AUTHORISATION_STEP.c.authorisation == authorisation
        )
        return [_step_fact(row) for row in self._all(statement.order_by(AUTHORISATION_STEP.c.seq))]

    def pinned(self, authorisations: Collection[int]) -> dict[int, bytes]:
        """Return the digest of the version each of these authorisations is of, by number."""
        same = (ENTRY_VERSION.c.entry == AUTHORISATION.c.entry) & (
            ENTRY_VERSION.c.version == AUTHORISATION.c.version
        )
        statement = select(AUTHORISATION.c.authorisation, ENTRY_VERSION.c.digest).join(
            ENTRY_VERSION, same
        )
        wanted = AUTHORISATION.c.authorisation.in_(sorted(authorisations))
        rows = self._all(statement.where(wanted))
        return {row["authorisation"]: row["digest"] for row in rows}

    def applied(self, authorisations: Collection[int]) -> dict[int, bytes]:
        """Return the digest of the application for each of these authorisations, by number."""
        statement = select(AUTHORISATION_STEP.c.authorisation, AUTHORISATION_STEP.c.digest).where(
            AUTHORISATION_STEP.c.authorisation.in_(sorted(authorisations)),
            AUTHORISATION_STEP.c.name == "ApplyFor",
        )
        return {row["authorisation"]: row["digest"] for row in self._all(statement)}


# The published version; an entry that has none yet is shown by its newest.
_CURRENT = case((ENTRY.c.current == 0, ENTRY.c.latest), else_=ENTRY.c.current)


def _step_fact(row: Row) -> StepFact:
    taken = {name: row[name] for name in ("seq", "name", "step", "answer", "block", "digest")}
    return StepFact(**taken, after=authorisation_fact(row))


_NEWEST = ENTRY_VERSION.join(
    ENTRY, (ENTRY.c.entry == ENTRY_VERSION.c.entry) & (ENTRY.c.latest == ENTRY_VERSION.c.version)
)
