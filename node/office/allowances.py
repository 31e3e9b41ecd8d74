"""What is left today of authorisations whose provider's log is on this node, and how far they are.

The log's own counters are asked, once a provider: the same that judge and number the next call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import orjson

from ..protocol.ledger.enums import Permit
from ..protocol.ledger.steps import permit_in
from ..protocol.wire.days import beijing_day

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ..protocol.ledger.facts import AuthorisationFact, LogFact


class Left(NamedTuple):
    """What an authorisation has left until midnight in Beijing; never below 0."""

    calls: int
    rows: int


class Ledger(Protocol):
    """What is asked of the read model."""

    def logs_of(self, department: bytes) -> Sequence[LogFact]:
        """Return every log a department has had, the first one first."""
        ...


class Counts(Protocol):
    """What is asked of the logs here (`node.log.LogReader`)."""

    def used(
        self, logs: Sequence[bytes], authorisations: Collection[int], day: int
    ) -> Mapping[int, tuple[int, int]]: ...
    def numbered(
        self, logs: Sequence[bytes], authorisations: Collection[int]
    ) -> Mapping[int, int]: ...


def list_left(
    ledger: Ledger,
    counts: Counts,
    served: Collection[bytes],
    facts: Iterable[AuthorisationFact],
    now: int,
) -> dict[int, Left]:
    """Return what is left, by number, of those that may be called at `now` (a Unix second).

    `served` are the departments whose logs this node writes; of other providers nothing is known.

    Raises:
        LedgerBehind: the read model is being filled.
    """
    asked: dict[bytes, list[AuthorisationFact]] = {}
    for fact in facts:
        if fact.provider in served and _may_be_called(fact, now):
            asked.setdefault(fact.provider, []).append(fact)
    left: dict[int, Left] = {}
    for provider, group in asked.items():
        logs = [each.log for each in reversed(ledger.logs_of(provider))]
        used = counts.used(logs, [each.authorisation for each in group], beijing_day(now))
        for fact in group:
            calls, rows = used.get(fact.authorisation, (0, 0))
            left[fact.authorisation] = Left(
                max(0, fact.calls_per_day - calls), max(0, fact.rows_per_day - rows)
            )
    return left


def list_numbered(
    ledger: Ledger, counts: Counts, served: Collection[bytes], facts: Iterable[AuthorisationFact]
) -> dict[int, int]:
    """Return how many calls each authorisation's own application has made, by number.

    `served` as in `list_left`: authorisations of other providers are not there.

    Raises:
        LedgerBehind: the read model is being filled.
    """
    asked: dict[bytes, list[int]] = {}
    for fact in facts:
        if fact.provider in served:
            asked.setdefault(fact.provider, []).append(fact.authorisation)
    numbered: dict[int, int] = {}
    for provider, group in asked.items():
        logs = [each.log for each in reversed(ledger.logs_of(provider))]
        numbered |= dict.fromkeys(group, 0) | dict(counts.numbered(logs, group))
    return numbered


def _may_be_called(fact: AuthorisationFact, now: int) -> bool:
    permitted = permit_in(fact.state) is Permit.PERMITTED
    return permitted and fact.valid_from <= now < fact.valid_until


def granted_items(version: bytes | None, bits: int) -> list[str]:
    """Return the names of the items a bitmap grants, by the version's document; none without it."""
    if version is None:
        return []
    items = orjson.loads(version)["items"]
    return [str(item["name"]) for bit, item in enumerate(items) if bits >> bit & 1]
