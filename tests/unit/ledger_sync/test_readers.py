"""What the documents are told of decisions and keys."""

from __future__ import annotations

import pytest

from ledger_sync.readers import Papers
from node.documents.ports import START
from node.protocol.ledger import enums
from tests.common.story import (
    CENTRE,
    EDUCATION,
    POLICE,
    YEAR,
    ZERO,
    digest,
)


@pytest.fixture
def papers(filled, clock):
    return Papers(filled, clock)


class TestDecisions:
    def test_come_in_the_order_of_the_chain(self, papers):
        found = papers.decisions_after(START, 100)
        assert [fact.position for fact in found] == sorted(fact.position for fact in found)
        assert found[0].kind == "EnrolDepartment"

    def test_come_page_by_page_without_gap_or_repeat(self, papers):
        pages, position = [], START
        while page := papers.decisions_after(position, 4):
            pages += page
            position = page[-1].position
        assert pages == list(papers.decisions_after(START, 100))

    def test_leave_out_those_that_name_no_document(self, papers):
        kinds = {fact.kind for fact in papers.decisions_after(START, 100)}
        assert "RegisterLog" not in kinds
        assert "ListContract" not in kinds

    def test_an_authorisations_papers_are_for_its_parties_and_the_competent(self, papers):
        replies = [f for f in papers.decisions_after(START, 100) if f.kind == "Reply"]
        assert replies[0].parties == {"authorisation:1": {POLICE, EDUCATION, CENTRE}}
        assert replies[0].acting == POLICE
        assert replies[0].event["digest"] == digest("reply 1")

    def test_a_keys_papers_are_for_its_department_and_the_competent(self, papers, named):
        keys = [f for f in papers.decisions_after(START, 100) if f.kind == "AddKey"]
        assert [fact.acting for fact in keys] == [POLICE, POLICE, EDUCATION]
        assert keys[2].event["holder"] == named["application"]
        assert [*keys[2].parties.values()] == [{EDUCATION, CENTRE}]


class TestReaders:
    def test_an_applications_key_reads_for_its_department(self, papers, named):
        reader = papers.find_reader(named["call_key"].public_key.key_id)
        assert reader.department == EDUCATION
        assert reader.kind == enums.KeyKind.APPLICATION
        assert reader.auditor_for == frozenset()

    def test_an_unknown_a_revoked_and_an_expired_key_read_nothing(self, papers, named, clock):
        assert papers.find_reader(ZERO) is None
        assert papers.find_reader(named["officer"].public_key.key_id) is None
        clock.now = YEAR
        assert papers.find_reader(named["duty"].public_key.key_id) is None

    def test_a_head_key_reads_for_its_department(self, papers, story):
        assert papers.find_reader(story.heads[POLICE].public_key.key_id).department == POLICE
