"""What waits for somebody's decision: applications, steps, versions, withdrawals; oldest first.

Which step leads on from where is the contract's table (`node.protocol.ledger.possible`); here
stands only which of the steps that may be taken are waited for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import false, func, or_, select

from node.protocol.ledger.competence import competent_of
from node.protocol.ledger.enums import AuthorisationState as State
from node.protocol.ledger.enums import EntryState, Role, Step
from node.protocol.ledger.facts import DepartmentFact, LedgerFact
from node.protocol.ledger.possible import is_answerable, possible_steps
from node.protocol.ledger.steps import STEPS
from node.protocol.ledger.surroundings import Memory

from .objects import ObjectKind
from .selecting import (
    SELECT_ENTRY,
    Reader,
    authorisation_fact,
    entry_fact,
    is_in,
    is_of,
    reading,
)
from .tables import (
    AUTHORISATION,
    AUTHORISATION_STEP,
    BLOCK,
    DECISION,
    DECISION_OBJECT,
    ENTRY,
    ENTRY_VERSION,
    RECORDS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection

    from node.protocol.ledger.facts import AuthorisationFact, EntryFact

AWAITED: dict[Step, frozenset[State] | None] = {
    Step.PASS: None,
    Step.RETURN: None,
    Step.SUPPLEMENT: None,
    Step.GRANT_EXTENSION: None,
    Step.REJECT_EXTENSION: None,
    Step.DELIVER: None,
    Step.CONFIRM: None,
    Step.ACCEPT_CHANGE: None,
    Step.RECTIFY: None,
    Step.RESUME: frozenset({State.RECTIFIED}),
    Step.REPORT_DISPOSAL: None,
    Step.ACCEPT_DISPOSAL: None,
    Step.DISPUTE_DISPOSAL: None,
}
"""Steps the other side waits for, and in which states if not in all that the table has.

Not REJECT_CHANGE: whoever proposed a change may take it back by it."""
LIVING = frozenset({Step.DELIVER, Step.CONFIRM, Step.ACCEPT_CHANGE})
"""Awaited as long as the period has not ended."""
MOST = 200
"""Things of a kind that are listed."""


@dataclass(frozen=True, slots=True)
class WaitingAuthorisation:
    """An authorisation on which somebody is to decide."""

    fact: AuthorisationFact
    department: bytes
    """For which it is decided."""
    reply: bool
    """Whether the provider's reply is what is waited for."""
    steps: tuple[Step, ...]
    version: bytes
    """SM3 of the pinned version's document."""
    since: int
    """Second of the block of the latest decision on it."""


@dataclass(frozen=True, slots=True)
class WaitingVersion:
    """A version of an entry, or the withdrawal of one, that waits for its review."""

    fact: EntryFact
    competent: bytes
    """Who reviews it."""
    withdrawal: bytes | None
    """SM3 of the `withdrawal` document; None where the version itself is reviewed."""
    since: int
    """Second of the block in which it was handed in."""


class WaitingQueries(Reader):
    """Questions of an inbox; each is a statement or two, whatever the number of rows."""

    def waiting_authorisations(
        self, held: Mapping[bytes, int], time: int, *, limit: int = MOST
    ) -> list[WaitingAuthorisation]:
        """Return the authorisations that wait for one who holds these roles, by department.

        `time` is chain time in seconds.
        """
        with reading(self._engine) as connection:
            around = _surroundings(connection)
            found: list[WaitingAuthorisation] = []
            for each in held.items():
                found += _waiting(connection, around, each, time, limit)
        found.sort(key=lambda each: (each.since, each.fact.authorisation))
        return found[:limit]

    def takeable(
        self, fact: AuthorisationFact, held: Mapping[bytes, int], time: int
    ) -> tuple[bool, list[Step]]:
        """Return whether one who holds these roles may reply now, and which steps he may take."""
        with reading(self._engine) as connection:
            around = _surroundings(connection)
        office = bool(held.get(fact.provider, 0) & Role.OFFICE_HEAD)
        steps = [
            each.step
            for each in possible_steps(around, fact, time)
            if each.roles & held.get(each.department, 0)
        ]
        return office and is_answerable(around, fact), list(dict.fromkeys(steps))

    def is_reply_due(self, fact: AuthorisationFact) -> bool:
        """Return whether the provider's office head may reply now."""
        return self.takeable(fact, {fact.provider: Role.OFFICE_HEAD}, 0)[0]

    def waiting_versions(
        self, held: Mapping[bytes, int], *, limit: int = MOST
    ) -> list[WaitingVersion]:
        """Return the versions and withdrawals that wait for one who holds these roles."""
        reviewing = {each for each, roles in held.items() if roles & Role.REVIEWER}
        if not reviewing:
            return []
        with reading(self._engine) as connection:
            around = _surroundings(connection)
            under = {
                fact.department: competent
                for fact in around.all(DepartmentFact)
                if (competent := competent_of(around, fact.department)) in reviewing
            }
            # A version stays the newest while it waits, and the block that says since when is
            # the version's own; a withdrawal's is that of the last decision that asked for it.
            asked = (
                select(func.max(DECISION.c.block))
                .join(
                    DECISION_OBJECT,
                    (DECISION_OBJECT.c.contract == DECISION.c.contract)
                    & (DECISION_OBJECT.c.seq == DECISION.c.seq),
                )
                .where(
                    DECISION_OBJECT.c.kind == ObjectKind.ENTRY,
                    DECISION_OBJECT.c.object == ENTRY.c.entry,
                    DECISION.c.name == "SubmitWithdrawal",
                )
                .correlate(ENTRY)
                .scalar_subquery()
            )
            since = {
                EntryState.SUBMITTED: ENTRY_VERSION.c.submitted_block,
                EntryState.WITHDRAWAL_SUBMITTED: asked,
            }
            found = []
            for state, block in since.items():
                statement = (
                    SELECT_ENTRY.add_columns(ENTRY.c.withdrawal_digest, BLOCK.c.timestamp)
                    .join(BLOCK, BLOCK.c.number == block)
                    .where(is_in(state), is_of(under))
                    .order_by(block, ENTRY_VERSION.c.entry)
                    .limit(limit)
                )
                found += [row._asdict() for row in connection.execute(statement)]
        found.sort(key=lambda row: (row["timestamp"], row["entry"]))
        return [
            WaitingVersion(
                entry_fact(row),
                under[row["provider"]],
                row["withdrawal_digest"]
                if row["state"] == EntryState.WITHDRAWAL_SUBMITTED
                else None,
                row["timestamp"],
            )
            for row in found[:limit]
        ]


def _surroundings(connection: Connection) -> Memory:
    """Return the departments, some dozens, and which is the root: what the rules ask around one."""
    store = Memory()
    for kind in (DepartmentFact, LedgerFact):
        for row in connection.execute(select(RECORDS[kind])):
            store.put(kind(*row))
    return store


def _waiting(
    connection: Connection, around: Memory, held: tuple[bytes, int], time: int, limit: int
) -> Iterator[WaitingAuthorisation]:
    department, roles = held
    where = _candidates(around, department, roles, time)
    latest = (
        select(func.max(AUTHORISATION_STEP.c.block))
        .where(AUTHORISATION_STEP.c.authorisation == AUTHORISATION.c.authorisation)
        .correlate(AUTHORISATION)
        .scalar_subquery()
    )
    pinned = (ENTRY_VERSION.c.entry == AUTHORISATION.c.entry) & (
        ENTRY_VERSION.c.version == AUTHORISATION.c.version
    )
    statement = (
        select(AUTHORISATION, ENTRY_VERSION.c.digest.label("digest"), BLOCK.c.timestamp)
        .join(ENTRY_VERSION, pinned)
        .join(BLOCK, BLOCK.c.number == latest)
        .where(where)
        .order_by(BLOCK.c.number, AUTHORISATION.c.authorisation)
    )
    rows = connection.execute(statement).yield_per(limit)
    count = 0
    for row in rows:
        values = row._asdict()
        fact = authorisation_fact(values)
        reply = (
            fact.provider == department
            and bool(roles & Role.OFFICE_HEAD)
            and is_answerable(around, fact)
        )
        steps = tuple(
            each.step
            for each in possible_steps(around, fact, time)
            if each.department == department
            and each.roles & roles
            and _is_awaited(each.step, fact, time)
        )
        if reply or steps:
            yield WaitingAuthorisation(
                fact, department, reply, steps, values["digest"], values["timestamp"]
            )
            count += 1
            if count == limit:
                rows.close()
                return


def _is_awaited(step: Step, fact: AuthorisationFact, time: int) -> bool:
    if step not in AWAITED:
        return False
    states = AWAITED[step]
    if states is not None and fact.state not in states:
        return False
    return step not in LIVING or time < fact.valid_until


def _candidates(around: Memory, department: bytes, roles: int, time: int) -> ColumnElement[bool]:
    """Return what every authorisation meets that can wait for these roles: few of the many."""
    ended = AUTHORISATION.c.valid_until <= time
    mine = {
        "consumer": AUTHORISATION.c.consumer == department,
        "provider": AUTHORISATION.c.provider == department,
        "competent": AUTHORISATION.c.provider.in_(
            [
                fact.department
                for fact in around.all(DepartmentFact)
                if competent_of(around, fact.department) == department
            ]
        ),
    }
    found: list[ColumnElement[bool]] = []
    if roles & Role.OFFICE_HEAD:
        answerable = AUTHORISATION.c.state.in_([State.APPLIED, State.FORWARDED])
        found.append(mine["provider"] & answerable)
    for step, states in AWAITED.items():
        rule = STEPS[step]
        marked = AUTHORISATION.c.marks.op("&")(rule.only_after) == rule.only_after
        change = AUTHORISATION.c.proposed != bytes(32)
        for side, condition in mine.items():
            if not getattr(rule, side) & roles:
                continue
            begins = [each for each in State if rule.origins >> each & 1]
            chosen = [each for each in begins if states is None or each in states]
            at: ColumnElement[bool] = AUTHORISATION.c.state.in_(chosen)
            if rule.origins_ended:
                late = [each for each in State if rule.origins_ended >> each & 1]
                at = or_(at, AUTHORISATION.c.state.in_(late) & ended)
            if step == Step.ACCEPT_CHANGE:
                at &= change
            found.append(condition & at & marked)
    return or_(false(), *found)
