"""One decision as it stands on the chain: what was signed, by whom, and that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from ledger_sync.trace.judging import check_decision
from node.errors import LedgerError, NotFound
from node.protocol.evm.decision import DECISIONS

from ...http.callers import NodeDep
from ...http.verbs import Readable
from ...refusing_words import chinese_of
from ..frames import Link
from ..pages import render
from .department_pages import name_of

if TYPE_CHECKING:
    from ..frames import Words

router = APIRouter(route_class=Readable, include_in_schema=False)

LARGEST = 2**31


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
    return render(
        request,
        "public/decision.html",
        title=(f"{chinese}（{contract} 第 {number} 号）", f"{english} ({contract} {number})"),
        crumbs=(Link("/", ("首页", "Home")),),
        fact=fact,
        wrong=wrong,
        department=name_of(node, fact.acting),
        address=node.deployment.contracts[contract].address.hex(),
        chain=node.deployment.chain_id,
        members=[(name, shown(fact.args[name])) for name in DECISIONS[fact.name].fields],
    )


def shown(value: Any) -> str:  # noqa: ANN401 - an event's argument
    """Return a struct's member as text: bytes as hex, lists and structs in brackets."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {shown(each)}" for name, each in value.items()) + "}"
    return str(value)
