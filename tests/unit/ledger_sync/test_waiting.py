"""What an inbox holds: every authorisation, version and withdrawal somebody is waited for on."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from sqlalchemy import insert, update

from ledger_sync.objects import ObjectKind
from ledger_sync.tables import (
    AUTHORISATION,
    AUTHORISATION_STEP,
    DECISION,
    DECISION_OBJECT,
    ENTRY,
    ENTRY_VERSION,
)
from ledger_sync.waiting import WaitingQueries
from node.protocol.ledger.enums import AuthorisationState as State
from node.protocol.ledger.enums import EntryState, Mark, Role, Side, Step
from node.protocol.ledger.facts import AuthorisationFact
from tests.common.story import CENTRE, EDUCATION, POLICE, YEAR, ZERO, digest

OFFICE, REVIEWER = int(Role.OFFICE_HEAD), int(Role.REVIEWER)
NOW = YEAR - 1000
CHANGES = (Mark.CHANGE_PROPOSED_BY_CONSUMER, Mark.CHANGE_PROPOSED_BY_PROVIDER)


@pytest.fixture
def waiting(filled):
    return WaitingQueries(filled)


@pytest.fixture
def put(filled, named):
    """Write authorisations into the model as if they had got there; return their numbers."""
    template = AuthorisationFact(
        1, POLICE, EDUCATION, named["households"], 1, 1, ZERO, ZERO, 1, 1, 1, 0, YEAR, 1, 1, ZERO,
        ZERO, 2, 1,
    )  # fmt: skip

    def write(*changes: dict[str, Any]) -> list[int]:
        facts = [
            template._replace(authorisation=1000 + at, **change)
            for at, change in enumerate(changes)
        ]
        rows = [fact._asdict() for fact in facts]
        taken = {"name": "Step", "step": 1, "answer": 0, "digest": ZERO, "block": 3}
        with filled.begin() as connection:
            connection.execute(AUTHORISATION.delete())
            connection.execute(insert(AUTHORISATION), rows)
            steps = [{**row, **taken, "seq": row["authorisation"]} for row in rows]
            connection.execute(insert(AUTHORISATION_STEP), steps)
        return [fact.authorisation for fact in facts]

    return write


def found(waiting, department, roles, time=NOW):
    return waiting.waiting_authorisations({department: int(roles)}, time)


class TestAuthorisations:
    @pytest.mark.parametrize(
        ("stands", "held", "steps"),
        [
            ((State.APPLIED, 0), (CENTRE, Role.REVIEWER), ()),  # it screens nothing
            ((State.SUPPLEMENTING, 0), (EDUCATION, Role.OFFICE_HEAD), (Step.SUPPLEMENT,)),
            (
                (State.FORWARDED, Mark.EXTENSION_REQUESTED),
                (CENTRE, Role.DEPARTMENT_HEAD),
                (Step.GRANT_EXTENSION, Step.REJECT_EXTENSION),
            ),
            ((State.AGREED, 0), (POLICE, Role.OFFICE_HEAD), (Step.DELIVER,)),
            ((State.DELIVERED, 0), (EDUCATION, Role.OFFICE_HEAD), (Step.CONFIRM,)),
            ((State.ACTIVE, 0), (POLICE, Role.OFFICE_HEAD), ()),
            (
                (State.ACTIVE, CHANGES[0]),
                (POLICE, Role.OFFICE_HEAD),
                (Step.ACCEPT_CHANGE,),
            ),
            ((State.ACTIVE, CHANGES[0]), (EDUCATION, Role.OFFICE_HEAD), ()),
            ((State.SUSPENDED, 0), (EDUCATION, Role.OFFICE_HEAD), (Step.RECTIFY,)),
            ((State.SUSPENDED, 0), (POLICE, Role.OFFICE_HEAD), ()),
            ((State.RECTIFIED, 0), (POLICE, Role.OFFICE_HEAD), (Step.RESUME,)),
            ((State.TERMINATED, 0), (EDUCATION, Role.OFFICE_HEAD), (Step.REPORT_DISPOSAL,)),
            (
                (State.DISPOSED, 0),
                (POLICE, Role.OFFICE_HEAD),
                (Step.ACCEPT_DISPOSAL, Step.DISPUTE_DISPOSAL),
            ),
            ((State.CLOSED, 0), (POLICE, Role.OFFICE_HEAD), ()),
        ],
    )
    def test_each_step_waits_for_whose_turn_it_is(self, waiting, put, stands, held, steps):
        state, marks = stands
        put({"state": int(state), "marks": int(marks), "suspended_by": int(Side.PROVIDER),
             "proposed": digest("terms") if marks in CHANGES else ZERO})  # fmt: skip
        assert tuple(s for one in found(waiting, *held) for s in one.steps) == steps

    def test_an_application_waits_for_the_providers_office_head(self, waiting, put):
        [number] = put({"state": int(State.APPLIED)})
        [one] = found(waiting, POLICE, OFFICE)
        assert (one.fact.authorisation, one.reply, one.steps) == (number, True, ())
        assert found(waiting, POLICE, Role.DATA_OFFICER) == []

    def test_after_its_end_disposal_is_waited_for_and_no_delivery(self, waiting, put):
        put({"state": int(State.AGREED)})
        assert [one.steps for one in found(waiting, POLICE, OFFICE, YEAR)] == []
        [one] = found(waiting, EDUCATION, OFFICE, YEAR)
        assert one.steps == (Step.REPORT_DISPOSAL,)

    def test_what_sql_leaves_out_waits_for_nobody(self, waiting, put, monkeypatch):
        # Every state with every mark, at both ends of the period: asked whole, and as SQL chooses.
        put(
            *(
                {"state": int(state), "marks": int(mark), "suspended_by": by, "valid_until": until,
                 "proposed": digest("terms") if mark in CHANGES else ZERO}
                for state, mark, by, until in product(
                    State, (0, *Mark), (0, 2, 3), (NOW, NOW + 9)
                )
            )
        )  # fmt: skip
        asked = list(product((CENTRE, POLICE, EDUCATION), Role))
        chosen = [found(waiting, *one) for one in asked]
        whole = AUTHORISATION.c.authorisation > 0
        monkeypatch.setattr("ledger_sync.waiting._candidates", lambda *_: whole)
        assert chosen == [found(waiting, *one) for one in asked]
        assert sum(map(len, chosen)) > 100

    def test_the_oldest_come_first_and_no_more_than_asked_for(self, waiting, put):
        numbers = put(*({"state": int(State.APPLIED)} for _ in range(5)))
        listed = waiting.waiting_authorisations({POLICE: OFFICE}, NOW, limit=3)
        assert [one.fact.authorisation for one in listed] == numbers[:3]


class TestVersions:
    def test_a_version_waits_for_the_reviewer_of_the_competent_department(self, waiting, named):
        # The told city filed 30/1 again and has not reviewed it.
        [one] = waiting.waiting_versions({CENTRE: REVIEWER})
        assert (one.fact.entry, one.fact.version) == (named["households"], 2)
        assert (one.competent, one.withdrawal) == (CENTRE, None)
        assert waiting.waiting_versions({POLICE: REVIEWER}) == []
        assert waiting.waiting_versions({CENTRE: OFFICE}) == []

    def test_a_withdrawal_waits_with_its_document_since_it_was_asked_for(
        self, waiting, filled, named, story
    ):
        entry, paper, block = named["streets"], digest("withdrawal"), 9
        asked = {"contract": "CatalogueRegistry", "seq": 99}
        decision = dict.fromkeys(DECISION.c.keys(), ZERO) | {
            **asked, "name": "SubmitWithdrawal", "block": block, "log_index": 9, "nonce": 99,
        }  # fmt: skip
        state = int(EntryState.WITHDRAWAL_SUBMITTED)
        with filled.begin() as connection:
            connection.execute(insert(DECISION), decision)
            connection.execute(
                insert(DECISION_OBJECT), {**asked, "kind": ObjectKind.ENTRY, "object": entry}
            )
            mine = update(ENTRY).where(ENTRY.c.entry == entry)
            connection.execute(mine.values(withdrawal_digest=paper))
            mine = update(ENTRY_VERSION).where(ENTRY_VERSION.c.entry == entry)
            connection.execute(mine.values(state=state))
        [one] = [one for one in waiting.waiting_versions({CENTRE: REVIEWER}) if one.withdrawal]
        since = story.chain.headers(block, block)[0].timestamp
        assert (one.fact.entry, one.withdrawal, one.since) == (entry, paper, since)
