"""What waits for an officer: one line a thing, oldest first, with who asks, what for, since when.

From the roles he holds now; the ledger says whose turn it is (`waiting_*` of the read model).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import orjson

from ..protocol.wire import ids
from .reads import Pinned, find_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..protocol.ledger.enums import Step
    from ..protocol.ledger.facts import AuthorisationFact, EntryFact
    from .reads import Papers


class Sort(StrEnum):
    """What there is to do."""

    REVIEW = "review"
    REVIEW_WITHDRAWAL = "review-withdrawal"
    REPLY = "reply"
    STEP = "step"


class WaitingAuthorisation(Protocol):
    """As `ledger_sync.waiting` has it."""

    @property
    def fact(self) -> AuthorisationFact: ...
    @property
    def department(self) -> bytes: ...
    @property
    def reply(self) -> bool: ...
    @property
    def steps(self) -> tuple[Step, ...]: ...
    @property
    def version(self) -> bytes: ...
    @property
    def since(self) -> int: ...


class WaitingVersion(Protocol):
    """As `ledger_sync.waiting` has it."""

    @property
    def fact(self) -> EntryFact: ...
    @property
    def competent(self) -> bytes: ...
    @property
    def withdrawal(self) -> bytes | None: ...
    @property
    def since(self) -> int: ...


class Ledger(Protocol):
    """What is asked of the read model; `waiting_*` list the oldest first."""

    def waiting_authorisations(
        self, held: Mapping[bytes, int], time: int
    ) -> Sequence[WaitingAuthorisation]: ...

    def waiting_versions(self, held: Mapping[bytes, int]) -> Sequence[WaitingVersion]: ...


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits."""

    sort: Sort
    since: int
    """Chain second from which it waits."""
    acting: str
    """Code of the department for which it is decided."""
    asking: str
    """Code of the department that waits."""
    code: str
    """Of the entry; its id in hex where the version's document has not arrived here."""
    name: str
    version: int
    authorisation: int | None = None
    steps: tuple[Step, ...] = ()
    digest: str = ""
    """Of the document that is answered, in hex: the version, the withdrawal, the latest paper."""


def list_tasks(ledger: Ledger, store: Papers, held: Mapping[bytes, int], now: int) -> list[Task]:
    """Return what waits at `now`, a second of chain time, for who holds roles by department.

    Raises:
        LedgerBehind: the read model is being filled.
    """
    authorisations = ledger.waiting_authorisations(held, now)
    versions = ledger.waiting_versions(held)
    papers = find_versions(
        store,
        [
            *(Pinned(each.fact.entry, each.fact.version, each.version) for each in authorisations),
            *(each.fact for each in versions),
        ],
    )
    tasks = [
        *(_of_authorisation(each, papers) for each in authorisations),
        *(_of_version(each, papers) for each in versions),
    ]
    return sorted(tasks, key=lambda task: task.since)


def _of_authorisation(
    each: WaitingAuthorisation, papers: Mapping[tuple[bytes, int], bytes]
) -> Task:
    fact = each.fact
    code, name = called(papers.get((fact.entry, fact.version)), fact.entry)
    other = fact.consumer if each.department != fact.consumer else fact.provider
    return Task(
        Sort.REPLY if each.reply else Sort.STEP,
        each.since,
        ids.department_code(each.department),
        ids.department_code(other),
        code,
        name,
        fact.version,
        fact.authorisation,
        each.steps,
        fact.subject.hex(),
    )


def _of_version(each: WaitingVersion, papers: Mapping[tuple[bytes, int], bytes]) -> Task:
    fact = each.fact
    code, name = called(papers.get((fact.entry, fact.version)), fact.entry)
    return Task(
        Sort.REVIEW if each.withdrawal is None else Sort.REVIEW_WITHDRAWAL,
        each.since,
        ids.department_code(each.competent),
        ids.department_code(fact.provider),
        code,
        name,
        fact.version,
        digest=(each.withdrawal or fact.digest).hex(),
    )


def called(paper: bytes | None, entry: bytes) -> tuple[str, str]:
    """Return code and name of an entry by a version's document; its id where that is not here."""
    if paper is None:
        return entry.hex(), ""
    members = orjson.loads(paper)
    return str(members["code"]), str(members["name"])
