"""One decision as it stands on the chain: what was signed, by whom, and that it holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from ledger_sync.trace.judging import check_decision
from node.errors import LedgerError, NotFound
from node.protocol.evm.decision import DECISIONS
from node.protocol.forms.readout import read_decision
from node.protocol.wire import ids

from ...http.callers import NodeDep
from ...http.verbs import Readable
from ...refusing_words import chinese_of
from ..frames import Link
from ..pages import render
from .department_pages import name_of

if TYPE_CHECKING:
    from node.protocol.wire.prepared import Line

    from ...parts import Node
    from ..frames import Words

router = APIRouter(route_class=Readable, include_in_schema=False)

LARGEST = 2**31
CODE = re.compile("[0-9A-Z]{18}")
"""A department's."""
MOST_SAID = 60
"""Members of a decision that are said in words; of a large one the rest stands as it is signed."""
CONTRACTS = {
    "DepartmentRegistry": ("部门合约", "departments"),
    "CatalogueRegistry": ("目录合约", "catalogue"),
    "ShareAuthorisations": ("授权合约", "authorisations"),
    "AccessAnchors": ("锚定合约", "anchors"),
}
"""What the contracts are called whose decisions people look at."""


@router.get("/decisions/{contract}/{number}")
def decision(
    contract: Annotated[str, Path(max_length=40)],
    number: Annotated[int, Path(ge=0, lt=LARGEST)],
    request: Request,
    node: NodeDep,
) -> Response:
    """Show a decision, with its signature checked now."""
    if contract not in node.deployment.contracts:
        raise NotFound(f"没有合约 {contract} / no such contract")
    fact = node.queries.get_decision(contract, number)
    wrong: Words | None = None
    try:
        check_decision(node.queries, fact, node.deployment)
    except LedgerError as error:
        if error.retryable:
            raise
        wrong = (chinese_of(error), error.message)
    chinese, english = fact.words
    called = CONTRACTS.get(contract, (contract, contract))
    signed = {name: fact.args[name] for name in DECISIONS[fact.name].fields}
    # Without papers it is the struct alone that is read, after the line that says which it is.
    said = read_decision(fact.name, signed, ())[1:]
    return render(
        request,
        "public/decision.html",
        title=(f"{chinese}（{called[0]}第 {number} 号）", f"{english} ({called[1]} {number})"),
        crumbs=(Link("/", ("首页", "Home")),),
        fact=fact,
        wrong=wrong,
        department=name_of(node, fact.acting),
        address=node.deployment.contracts[contract].address.hex(),
        chain=node.deployment.chain_id,
        said=[(each.label, _named(node, each)) for each in said[:MOST_SAID]],
        more=len(said) > MOST_SAID,
        members=[(name, shown(value)) for name, value in signed.items()],
    )


def _named(node: Node, line: Line) -> Words:
    """Return what a line says; where it is a department's code, its name beside it."""
    chinese, english = line.value
    if not CODE.fullmatch(chinese):
        return line.value
    name = name_of(node, ids.department_id(chinese))
    return line.value if name == chinese else (f"{name}（{chinese}）", f"{name} ({english})")


def shown(value: Any) -> str:  # noqa: ANN401 - an event's argument
    """Return a struct's member as text: bytes as hex, lists and structs in brackets."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {shown(each)}" for name, each in value.items()) + "}"
    return str(value)
