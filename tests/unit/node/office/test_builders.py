"""Acts say on the chain what their papers say, and papers agree with each other."""

from __future__ import annotations

import pytest

from node.errors import InvalidInput, MalformedDocument
from node.office import authorising, cataloguing, departments
from node.office.authorising import Request
from node.protocol import forms as documents
from node.protocol.evm.decision import DECISIONS, Domain, hash_decision
from node.protocol.ledger.enums import Step
from node.protocol.wire import ids
from tests.common import papers

VERSION = documents.new_document("catalogue-version", papers.catalogue_version())
APPLICATION = documents.new_document("application", papers.application())
ACTS = (
    departments.enrol_department(papers.department()),
    departments.update_department(papers.department()),
    departments.set_department_status(papers.department_status()),
    departments.recover_key(papers.recovery()),
    departments.add_key(papers.key()),
    departments.add_officer_key(papers.officer_key()),
    departments.revoke_key(papers.revocation()),
    departments.grant_roles(papers.roles()),
    departments.register_application(papers.application_object()),
    departments.list_contract("CatalogueRegistry", b"c" * 20, b"h" * 32),
    cataloguing.submit_versions([papers.catalogue_version()]),
    cataloguing.review_versions(papers.review()),
    cataloguing.set_standing_reply(papers.POLICE, "30300101/06001", standing=False),
    cataloguing.submit_withdrawal(papers.withdrawal()),
    cataloguing.review_withdrawal(papers.withdrawal_review()),
    cataloguing.freeze_entry(papers.freeze_order()),
    cataloguing.unfreeze_entry(papers.freeze_order()),
    authorising.apply_for([Request(papers.application(), VERSION)]),
    authorising.reply(papers.reply(), application=APPLICATION, version=VERSION),
    authorising.advance(papers.step()),
    authorising.change(papers.change(), version=VERSION),
    departments.register_log(papers.POLICE, b"r" * 20),
    departments.supersede_log(papers.log_succession()),
)


def problems(error):
    return {problem.path: problem.reason for problem in documents.problems_of(error.value)}


class TestActs:
    def test_there_is_one_for_every_decision(self):
        assert {act.kind for act in ACTS} == set(DECISIONS)

    @pytest.mark.parametrize("act", ACTS, ids=lambda act: act.kind)
    def test_carry_the_structs_members_but_for_nonce_and_end(self, act):
        declared = set(DECISIONS[act.kind].fields)
        assert set(act.message) == declared - {"nonce", "notAfter"}

    @pytest.mark.parametrize("act", ACTS, ids=lambda act: act.kind)
    def test_encode_with_their_nonce_and_end(self, act):
        complete = {**act.message, "nonce": 1, "notAfter": 2}
        assert len(hash_decision(DECISIONS[act.kind], complete, Domain(1, b"c" * 20))) == 32


class TestSubmitVersions:
    def test_is_one_decision_for_many_entries(self):
        bodies = [papers.catalogue_version(code=f"A/{number}") for number in range(50)]
        act = cataloguing.submit_versions(bodies)
        assert len(act.message["versions"]) == len(act.documents) == 50

    def test_is_of_one_department(self):
        other = papers.catalogue_version(department=papers.CENTRE)
        with pytest.raises(InvalidInput, match="one department"):
            cataloguing.submit_versions([papers.catalogue_version(), other])
        with pytest.raises(InvalidInput):
            cataloguing.submit_versions([])


class TestStandingReply:
    def test_takes_terms_as_a_body_or_as_what_is_there(self):
        body = papers.terms(consumer=None)
        made = cataloguing.set_standing_reply(papers.POLICE, "A/1", standing=True, terms=body)
        digest = made.message["terms"]
        assert documents.digest_of(made.documents[0]) == digest
        again = cataloguing.set_standing_reply(papers.POLICE, "A/1", standing=True, terms=digest)
        assert (again.message["terms"], again.documents) == (digest, [])


class TestApplyFor:
    def test_binds_the_terms_it_makes(self):
        act = authorising.apply_for([Request(papers.application(), VERSION, terms=papers.terms())])
        (each,) = act.message["applications"]
        assert [documents.digest_of(paper) for paper in act.documents] == [
            each["terms"],
            each["digest"],
        ]
        assert each["items"] == 0b11

    def test_asks_for_nothing_the_version_does_not_offer(self):
        body = papers.application(
            items=["XM", "NONE"], mode="批量交换", purpose={"code": "SY", "name": "商业"}
        )
        with pytest.raises(MalformedDocument) as refused:
            authorising.apply_for([Request(body, VERSION)])
        assert set(problems(refused)) == {("items", 1), ("mode",), ("purpose", "code")}

    def test_is_for_the_version_it_names(self):
        entry = {**papers.application()["entry"], "version": 2}
        with pytest.raises(MalformedDocument) as refused:
            authorising.apply_for([Request(papers.application(entry=entry), VERSION)])
        assert set(problems(refused)) == {("entry",)}

    def test_is_of_one_department_and_of_versions(self):
        other = papers.application(department=papers.CENTRE)
        with pytest.raises(InvalidInput, match="one department"):
            authorising.apply_for([Request(papers.application(), VERSION), Request(other, VERSION)])
        with pytest.raises(InvalidInput, match="version"):
            authorising.apply_for([Request(papers.application(), APPLICATION)])


class TestReply:
    def reply(self, **changes):
        return authorising.reply(papers.reply(**changes), application=APPLICATION, version=VERSION)

    def test_answers_every_item_asked_for_and_no_other(self):
        grant = papers.grant(items=["XM", "DM"])
        refusal = papers.refusal("GM")
        with pytest.raises(MalformedDocument) as refused:
            self.reply(grant=grant, refusals=[refusal])
        assert set(problems(refused)) == {("refusals",), ("grant", "items")}

    def test_relies_only_on_conditions_the_catalogue_lists(self):
        listed = {"kind": "共享条件", "citation": "不得用于商业目的", "article": None}
        assert self.reply(refusals=[papers.refusal(ground=listed)]).kind == "Reply"
        invented = {**listed, "citation": "领导未同意"}
        with pytest.raises(MalformedDocument) as refused:
            self.reply(refusals=[papers.refusal(ground=invented)])
        assert set(problems(refused)) == {("refusals", 0, "ground", "citation")}

    def test_makes_the_terms_of_the_grant(self):
        act = authorising.reply(
            papers.reply(), application=APPLICATION, version=VERSION, terms=papers.terms()
        )
        assert act.message["terms"] == documents.digest_of(act.documents[0])

    def test_that_refuses_carries_no_grant(self):
        refusals = [papers.refusal("XM"), papers.refusal("GMSFHM")]
        act = self.reply(answer="不同意", grant=None, refusals=refusals)
        assert (act.message["items"], act.message["terms"]) == (0, ids.ZERO)


class TestChange:
    def test_asks_for_nothing_the_version_does_not_offer_and_binds_the_terms_it_makes(self):
        with pytest.raises(MalformedDocument) as refused:
            authorising.change(papers.change(items=["NONE"]), version=VERSION)
        assert set(problems(refused)) == {("items", 0)}
        act = authorising.change(papers.change(), version=VERSION, terms=papers.terms())
        assert act.message["terms"] == documents.digest_of(act.documents[0])
        assert act.message["items"] == 0b11


class TestDepartment:
    def test_an_update_says_nothing_of_a_key(self):
        act = departments.update_department(papers.department(mayEnrol=True))
        assert documents.parse(act.documents[0]).body.head is None
        assert act.message["mayEnrol"] is True

    def test_is_suspended_without_waiting_for_a_paper(self):
        act = departments.suspend_department(papers.POLICE)
        assert (act.documents, act.message["digest"]) == ([], ids.ZERO)

    def test_an_officers_handle_is_random_and_lawful(self):
        first, second = departments.new_person(), departments.new_person()
        assert first != second
        assert departments.add_officer_key(papers.officer_key(person=first)).message[
            "person"
        ] == bytes.fromhex(first)


class TestProtect:
    def test_waits_for_no_paper(self):
        act = authorising.protect(7, Step.SUSPEND, 2)
        assert act.documents == []
        assert act.message["subject"] == act.message["digest"] == ids.ZERO
