"""Who takes part: all departments, and one with its entries, applications and log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ledger_sync.objects import ObjectKind
from node.documents.finding import Filters
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import DepartmentStatus
from node.protocol.wire import ids

from ...http.callers import NodeDep
from ...http.described import CodePath
from ...http.verbs import Readable
from ..frames import Link
from ..pages import page_of, render

if TYPE_CHECKING:
    from node.protocol.ledger.facts import DepartmentFact

    from ...parts import Node

router = APIRouter(route_class=Readable, include_in_schema=False)

PAGE = 20
DECISIONS = 10
CRUMBS = (Link("/", ("首页", "Home")), Link("/departments", ("部门", "Departments")))


def department_names(node: Node) -> dict[str, str]:
    """Return the name of every department whose document is here, by code."""
    return {paper.code: paper.name for paper in node.directory.departments().values()}


def name_of(node: Node, department: bytes) -> str:
    """Return a department's name; its code where its document is not here."""
    paper = node.directory.departments().get(department)
    return paper.name if paper else ids.department_code(department)


@router.get("/departments")
def departments(request: Request, node: NodeDep) -> Response:
    """List the departments as they stand under each other, with how many entries each has."""
    facts = node.queries.departments()
    counts = node.search.tally().counts["department"]
    return render(
        request,
        "public/departments.html",
        title=("部门", "Departments"),
        here="/departments",
        rows=list(_tree(facts)),
        counts=counts,
        papers=node.directory.departments(),
        standing=lambda fact: words_of(DepartmentStatus(fact.status)),
        logs={log.department: log for log in node.queries.logs() if not log.superseded},
    )


@router.get("/departments/{code}")
def department(
    code: CodePath,
    request: Request,
    node: NodeDep,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show a department: what it is, what it has filed, its systems, its log, its decisions."""
    fact = node.queries.get_department(code)
    paper = node.directory.departments().get(fact.department)
    filters = Filters(code)
    found = node.search.search("", filters, limit=PAGE + 1, after=after)
    return render(
        request,
        "public/department.html",
        title=(paper.name, paper.name) if paper else (code, code),
        here="/departments",
        crumbs=CRUMBS,
        fact=fact,
        paper=paper,
        standing=words_of(DepartmentStatus(fact.status)),
        above=(ids.department_code(fact.parent), name_of(node, fact.parent)),
        competent=(ids.department_code(fact.competent), name_of(node, fact.competent)),
        page=page_of(found, after, PAGE, node.search.tally("", filters).total),
        applications=len(node.queries.applications_of(fact.department)),
        logs=node.queries.logs_of(fact.department),
        decisions=node.queries.newest_decisions_of(
            ObjectKind.DEPARTMENT, fact.department, DECISIONS
        ),
    )


def _tree(facts: list[DepartmentFact]) -> list[tuple[DepartmentFact, int]]:
    """Return departments with how deep each stands, whoever is under one behind it."""
    under: dict[bytes, list[DepartmentFact]] = {}
    for fact in facts:
        if fact.parent != fact.department:
            under.setdefault(fact.parent, []).append(fact)
    known = {fact.department for fact in facts}
    waiting = [
        (fact, 0)
        for fact in reversed(facts)
        if fact.parent == fact.department or fact.parent not in known
    ]
    found = []
    while waiting:
        fact, depth = waiting.pop()
        found.append((fact, depth))
        waiting += [(each, depth + 1) for each in reversed(under.get(fact.department, []))]
    return found
