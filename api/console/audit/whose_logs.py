"""All logs there are, and where an auditor asks each: here, or at the node of its department.

A node reads its own logs only. It could not ask another one for him: he signed in here, and what he
looks up there must be a leaf there, under a login that he signed for that node. So the page says
which log was asked, and leads to the others' own pages with the same filters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..pages import with_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.protocol.ledger.facts import LogFact

    from ...auditors import Auditor
    from ..frames import Words

PATH = "/audit/calls"
MOST = 200
"""Logs on one page; a city has some dozens."""
HERE: Words = ("本节点", "This node")
NOT_GIVEN: Words = ("不归您审计", "not yours to audit")
UNKNOWN: Words = ("其文书未到，不知网址", "its document is not here, nor its address")


class LogRow(NamedTuple):
    """One log, and how its calls are looked up."""

    name: str
    size: int
    """Entries that are anchored."""
    asked: bool
    """Whether it is the one this page lists."""
    href: str
    """Where its calls are listed; empty where he cannot ask."""
    where: Words | str
    """The node, or why he cannot ask."""


def list_logs(who: Auditor, asked: bytes | None, filters: Mapping[str, str]) -> list[LogRow]:
    """Return every log on the ledger: the one asked first, then those at hand, then others'."""
    node, names = who.node, who.finder.titles.names
    competent = {fact.department: fact.competent for fact in node.queries.departments()}
    rows = []
    for fact in node.queries.logs():
        name = names.department(fact.department)
        href, where = _way(who, fact, competent.get(fact.department), filters)
        rows.append(
            LogRow(
                name if fact.generation == 1 else f"{name} · {fact.generation}",
                fact.size,
                fact.log == asked,
                href,
                where,
            )
        )
    rows.sort(key=lambda row: (not row.asked, row.where != HERE, not row.href))
    return rows[:MOST]


def calls_at(who: Auditor, department: bytes, **filters: object) -> str:
    """Return where a department's calls are listed: here, or at its node; here if that is unknown.

    Its present log is named, for whoever comes to that page has to choose one.
    """
    logs = who.node.queries.logs_of(department)
    if not logs:
        return with_values(PATH, **filters)
    href, _ = _way(who, logs[-1], None, {name: str(value) for name, value in filters.items()})
    return href or with_values(PATH, **filters)


def _way(
    who: Auditor, fact: LogFact, competent: bytes | None, filters: Mapping[str, str]
) -> tuple[str, Words | str]:
    """Return where a log's calls are listed, and what is said of it."""
    path = with_values(PATH, **{**filters, "log": fact.log.hex()})
    if fact.log in who.logs:
        return path, HERE
    if competent is not None and who.given.isdisjoint({fact.department, competent}):
        return "", NOT_GIVEN
    url = who.node.directory.url_of(fact.department)
    # A department's paper names the address: nothing but a web page may be behind it.
    if url is None or not url.startswith(("https://", "http://")):
        return "", UNKNOWN
    return url + path, url
