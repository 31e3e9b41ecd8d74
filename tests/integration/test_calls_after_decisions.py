"""Calls to a real node after each decision: served or refused, and proven either way."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ledger_sync.trace import collect_bundle
from node.errors import (
    AuthorisationSuspended,
    DepartmentSuspended,
    EntryFrozen,
    LedgerError,
    NotFound,
)
from node.office import (
    Act,
    Drafter,
    authorising,
    cataloguing,
    departments,
)
from node.protocol.evidence import verify_evidence
from node.protocol.forms import BEIJING
from node.protocol.ledger.enums import Step
from node.protocol.wire import ids
from tests.common import papers
from tests.common.nodes import QUERY, until
from tests.common.papers import CENTRE, EDUCATION, POLICE

if TYPE_CHECKING:
    from node.protocol.wire.receipt import Receipt

pytestmark = pytest.mark.chain  # each step is covered beneath

HANDLER = papers.application()["handler"]


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    with moulds.served(tmp_path_factory.mktemp("node")) as town:
        yield town


@pytest.fixture
def client(town):
    with town.client() as client:
        yield client


def served(town, client, **changes):
    until(lambda: town.answers(client))
    return client.query(town.first, **{**QUERY, **changes})


def refused(town, client, error):
    """Call; return the event of the refusal."""
    with pytest.raises(error) as caught:
        client.query(town.first, **QUERY)
    receipt: Receipt = caught.value.facts["receipt"]
    return receipt.parsed_leaf.event


def evidence(town, event):
    """Export the call as soon as it is anchored."""
    node = town.node

    def collected():
        try:
            return collect_bundle(
                event,
                queries=node.queries,
                logs=node.reader,
                documents=node.store,
                gateway=node.gateway,
                deployment=node.deployment,
            )
        except NotFound:
            return None

    found = until(collected)
    return verify_evidence(found.data, found.trust)


def proven(town, event, outcome="served"):
    found = evidence(town, event)
    assert (found.verdict, found.outcome) == ("proven", outcome)


def drafter(town):
    return Drafter(town.node.queries, town.node.store)


def step(town, signer, word, **said):
    act, _ = drafter(town).step(town.first, word, {"reason": "依规", **said})
    town.decide(act, signer)


@pytest.mark.parametrize("code", [POLICE, EDUCATION])
def test_a_suspended_department_gets_a_refusal_that_is_proven(town, client, code):
    served(town, client)
    town.decide(departments.suspend_department(code), town.keys.heads[CENTRE])
    event = refused(town, client, DepartmentSuspended)
    proven(town, event, "department-suspended")
    body = papers.department_status(department=code, order="恢复")
    town.decide(departments.set_department_status(body), town.keys.heads[CENTRE])
    proven(town, served(town, client).event)


def test_a_frozen_entry_is_refused_until_the_order_is_lifted(town, client):
    served(town, client)
    town.decide(cataloguing.freeze_entry(papers.freeze_order()), town.keys.heads[CENTRE])
    event = refused(town, client, EntryFrozen)
    proven(town, event, "entry-frozen")
    lift = cataloguing.unfreeze_entry(papers.freeze_order(reason="已更正"))
    town.decide(lift, town.keys.heads[CENTRE])
    proven(town, served(town, client).event)


def test_a_protective_step_whose_paper_is_never_shown_ends_nothing(town, client):
    """Suspended, taken over and resumed, with digests of papers nobody has."""
    served(town, client)
    revision = town.node.queries.get_authorisation(town.first).revision
    for kind, signer in (
        (Step.SUSPEND, town.keys.office[POLICE]),
        (Step.TAKE_OVER, town.keys.heads[CENTRE]),
    ):
        act = authorising.protect(town.first, kind, revision)
        town.decide(act._replace(message={**act.message, "digest": b"\7" * 32}), signer)
        event = refused(town, client, AuthorisationSuspended)
        proven(town, event, "authorisation-suspended")
    step(town, town.keys.heads[CENTRE], "恢复")
    proven(town, served(town, client).event)


def test_a_service_that_is_ended_is_served_to_its_end(town, client):
    served(town, client)
    end = (datetime.now(BEIJING) + timedelta(days=30)).date().isoformat()
    step(town, town.keys.office[POLICE], "终止服务", effective=end)
    fact = town.node.queries.get_authorisation(town.first)
    assert fact.valid_until < time.time() + 32 * 86400
    proven(town, served(town, client).event)


def test_a_withdrawn_entry_is_served_to_whom_it_was_granted(town, client):
    served(town, client)
    act = drafter(town).submit_withdrawal(POLICE, {"30300101/06001": "职能已划转"})
    town.decide(act, town.keys.heads[POLICE])
    proven(town, served(town, client).event)
    said = {"competent": CENTRE, "reviewer": "刘洋", "opinion": "属实"}
    review = drafter(town).review_withdrawal(act.message["digest"], {}, said)
    town.decide(review, town.keys.reviewer)
    proven(town, served(town, client).event)


def test_a_strangers_decisions_on_its_papers_change_nothing(town, client):
    """Whoever names a digest in a decision of his own opens and contradicts nobody's paper."""
    fact = town.node.queries.get_authorisation(town.first)
    system = ids.code_hash("LATER")
    message = {"department": ids.department_id(CENTRE), "codeHash": system, "digest": fact.subject}
    town.decide(Act("RegisterApplication", message, []), town.keys.office[CENTRE])
    proven(town, served(town, client).event)


def test_a_change_that_was_accepted_is_served_and_proven(town, client):
    said = {"reason": "招生人数增加", "handler": HANDLER}
    act = drafter(town).propose_change(town.first, {"items": ["XM"]}, said)
    town.decide(act, town.keys.office[EDUCATION])
    # Anchored before the next decision: else nobody could tell which came first.
    proven(town, served(town, client).event)
    town.decide(drafter(town).accept_change(town.first, said), town.keys.office[POLICE])
    with pytest.raises(LedgerError) as narrowed:
        until(lambda: town.answers(client))
    assert narrowed.value.code == "item-not-granted"
    after = client.query(town.first, **{**QUERY, "items": ("XM",), "where": {}})
    assert town.node.queries.get_authorisation(town.first).revision == 2
    proven(town, after.event)
    act = drafter(town).propose_change(town.first, {"items": ["XM", "GMSFHM"]}, said)
    town.decide(act, town.keys.office[POLICE])
    town.decide(drafter(town).accept_change(town.first, said), town.keys.office[EDUCATION])
    assert town.node.queries.get_authorisation(town.first).revision == 3
    proven(town, served(town, client).event)
