"""A log that is ended on the chain while a node writes it: nobody else is hurt, nothing hidden."""

from __future__ import annotations

import httpx
import pytest

from node.errors import LogUnavailable
from node.office import departments
from node.protocol.wire import ids
from tests.common import papers
from tests.common.chain import deployed_on
from tests.common.evidence import City
from tests.common.nodes import QUERY, running_town
from tests.common.papers import POLICE

pytestmark = pytest.mark.chain


def registered(url: str) -> list[bool]:
    status = httpx.get(f"{url}/api/v1/status").json()
    return [one["registered"] for one in status["departments"]]


def test_calls_are_refused_once_their_log_takes_no_anchor(tmp_path, embedded_chain):
    """What stands in an ended log can be proven to nobody."""
    with deployed_on(embedded_chain) as chain, running_town(tmp_path, chain) as town:
        town.serve()
        body = papers.log_succession(relay=town.node.relay.address.hex())
        with town.client() as client:
            client.query(town.first, **QUERY)
            town.decide(departments.supersede_log(body), town.keys.heads[POLICE])
            with pytest.raises(LogUnavailable):
                client.query(town.first, **QUERY)
        assert registered(town.url) == [True, False, True]


def test_an_anchor_that_came_too_late_ends_no_node(tmp_path, embedded_chain):
    """One department's head must not stop the node of all the others it serves."""
    with deployed_on(embedded_chain) as chain:
        city = City(chain, tmp_path)
        try:
            city.build()
            city.call()
            city.publisher().run_once()
            city.decide(
                "SupersedeLog",
                {"department": ids.department_id(POLICE), "relay": b"r" * 20, "digest": b"d" * 32},
                city.heads[POLICE],
            )
            anchorer = city.anchorer()
            [row] = anchorer.run_once()
            city.outbox.pump()
            assert city.outbox.find(f"anchor:{city.log.hex()}:1") == row
            assert anchorer.run_once() == []
            assert city.anchorer().run_once() == []
        finally:
            city.close()
