"""Who may look at what as an auditor, at a page or by a signed request.

An auditor is an officer to whom a department gave the role. He reads the ledger, which every node
has, and of the logs here those whose department, or its competent one, gave it him.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ledger_sync.locating import Finder, Logs
from ledger_sync.trace import Tracer
from node.errors import NotEntitled, NotFound
from node.log import LogScanner
from node.protocol.ledger.enums import Role

from .refusing_words import called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger_sync.usage import CallLists
    from node.documents.access import Shelf
    from node.log import LogIdentity, LogReader
    from node.protocol.wire.receipt import Receipt

    from .http.officers import Officer
    from .parts import Node


@dataclass(frozen=True)
class Auditor:
    """An auditor, and what he may read here."""

    node: Node
    officer: Officer
    given: frozenset[bytes]
    """The departments whose auditor he is."""
    logs: tuple[bytes, ...]
    """The logs at hand that are his to read."""

    @cached_property
    def reader(self) -> ReadableLogs:
        return ReadableLogs(self.node.reader, self.logs)

    @cached_property
    def papers(self) -> Shelf:
        """The documents he may read: whose auditor he is, he learns who their officers are."""
        return self.node.access.shelf_of(self.officer.key.key)

    @cached_property
    def tracer(self) -> Tracer:
        return self.tracer_in(self.reader)

    def tracer_in(self, logs: ReadableLogs) -> Tracer:
        """Return what traces in some logs."""
        node, names = self.node, self.finder.titles.names
        return Tracer(node.queries, logs, self.papers, node.deployment, names, called=called)

    @cached_property
    def finder(self) -> Finder:
        node = self.node
        return Finder(node.ledger_engine, self.papers, node.search, node.gateway)

    @property
    def at_hand(self) -> Logs:
        scanner = LogScanner(self.node.reader, self.node.marks)
        return Logs(self.node.reader, scanner, self.logs, self.node.seals.salt)

    @property
    def lists(self) -> CallLists:
        return self.node.calls


class ReadableLogs:
    """The logs of a store that somebody may read; the others are as if they were elsewhere."""

    def __init__(self, reader: LogReader, readable: Sequence[bytes]) -> None:
        self._reader, self._readable = reader, frozenset(readable)

    def find_event(self, log: bytes, event: bytes) -> int | None:
        return self._of(log).find_event(log, event)

    def receipt(self, log: bytes, index: int) -> Receipt:
        return self._of(log).receipt(log, index)

    def entry(self, log: bytes, index: int) -> bytes:
        return self._of(log).entry(log, index)

    def leaves(self, log: bytes, indexes: Sequence[int]) -> list[bytes]:
        return self._of(log).leaves(log, indexes)

    def consistency(self, log: bytes, old: int, new: int) -> Sequence[bytes]:
        return self._of(log).consistency(log, old, new)

    def calls(
        self, log: bytes, authorisation: int, *, after: int = 0, limit: int = 100
    ) -> Sequence[tuple[int, int]]:
        return self._of(log).calls(log, authorisation, after=after, limit=limit)

    def _of(self, log: bytes) -> LogReader:
        if log not in self._readable:
            raise NotFound("本节点没有这个日志，或不归您审计 / not here, or not yours to audit")
        return self._reader


def auditor_of(node: Node, officer: Officer) -> Auditor:
    """Return an officer as the auditor he is.

    Raises:
        NotEntitled: he is no department's auditor.
    """
    officer.require(Role.AUDITOR)
    # As over the API: what a suspended department gave opens nothing, and its own officers nothing.
    reader = node.papers.find_reader(officer.key.key)
    given = frozenset() if reader is None else reader.auditor_for
    if not given:
        raise NotEntitled(
            "您所在的部门，或授予您审计职责的部门，已暂停 / the department is suspended"
        )
    queries = node.queries
    with queries.holding():
        here, served = node.reader.sizes(), [one.department for one in node.identities]
        mine = [each for each in served if not given.isdisjoint({each, queries.competent_of(each)})]
        logs = [fact.log for each in mine for fact in queries.logs_of(each) if fact.log in here]
    return Auditor(node, officer, given, tuple(logs))


def log_at(node: Node, log: bytes | None) -> LogIdentity:
    """Return the present log that takes the leaf of a look at `log`, or of one at none."""
    fact = None if log is None else node.queries.find_log(log)
    for one in node.identities:
        if fact is not None and one.department == fact.department:
            return one
    return node.identities[0]
