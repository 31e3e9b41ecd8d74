"""What a page that verifies kept receipts asks the node: facts it holds them against.

The receipts themselves stay in the officer's browser (`assets/src/receipts/`); keys of logs come
from the API that clients ask, too.
"""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from node.errors import InvalidInput
from node.office.allowances import list_numbered
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..onestate import held
from .seating import LookingDep
from .using_pages import entries_called

router = APIRouter(route_class=Readable, include_in_schema=False)
ASKED = "/desk/receipts"
MOST = 200
"""Numbers in one question: an address has 4,096 characters."""
Department = Annotated[str, Query(min_length=18, max_length=18)]
Numbers = Annotated[str, Query(pattern="^[0-9]{1,16}(,[0-9]{1,16})*$", max_length=17 * MOST)]


@router.get(ASKED + "/authorisations")
@held
def authorisations(at: LookingDep, department: Department, numbers: Numbers) -> Response:
    """Return whose data those authorisations are for that are the department's own, as consumer.

    `last` is how many calls there were, null where the provider's log is not on this node. What is
    another department's is left out, like what does not exist.
    """
    consumer = at.require(Role(63), department)
    node = at.node
    found = (node.queries.find_authorisation(each) for each in _numbers(numbers))
    facts = [fact for fact in found if fact is not None and fact.consumer == consumer]
    served = {identity.department for identity in node.identities}
    numbered = list_numbered(node.queries, node.reader, served, facts)
    entries = entries_called(at, {fact.entry for fact in facts})
    return _answer(
        [
            {
                "number": fact.authorisation,
                "provider": ids.department_code(fact.provider),
                "providerName": at.called(ids.department_code(fact.provider)),
                "entry": fact.entry.hex(),
                "entryName": entries[fact.entry][1] or entries[fact.entry][0],
                "last": numbered.get(fact.authorisation),
            }
            for fact in facts
        ]
    )


@router.get(ASKED + "/anchors")
@held
def anchors(
    at: LookingDep,
    department: Department,
    generation: Annotated[int, Query(ge=1, le=99_999)],
    sizes: Numbers,
) -> Response:
    """Return those of a log's sizes that the chain holds, each with its root."""
    log = at.node.queries.find_log_of(ids.department_id(department), generation)
    found = [] if log is None else at.node.queries.anchors_of(log.log, _numbers(sizes))
    return _answer([{"size": each.size, "root": each.root.hex()} for each in found])


def _numbers(text: str) -> list[int]:
    numbers = sorted({int(each) for each in text.split(",")})
    if len(numbers) > MOST:
        raise InvalidInput(f"一次最多查 {MOST} 个编号 / at most {MOST} numbers at once")
    return numbers


def _answer(found: list[dict[str, object]]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(orjson.dumps(found), media_type="application/json", headers=headers)
