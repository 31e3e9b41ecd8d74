"""From the first enrolment to a resumed authorisation: real chain, signatures and papers."""

from __future__ import annotations

import secrets

import pytest

from node.errors import (
    DecisionRefused,
    DocumentUnknown,
    InvalidInput,
    MalformedDocument,
)
from node.office import authorising, cataloguing, departments
from node.office.authorising import Request
from node.protocol import forms as documents
from node.protocol.ledger.enums import (
    Answer,
    AuthorisationState,
    EntryState,
    Step,
)
from node.protocol.wire import ids
from tests.common import founding, papers
from tests.common.town import ALWAYS, Mould, build_town

pytestmark = pytest.mark.chain

HOUSEHOLD = "30300101/06001"
PLACES = "30300101/06002"


@pytest.fixture
def unfounded(tmp_path, ledger_chain):
    yield from build_town(tmp_path, ledger_chain)


@pytest.fixture(scope="module")
def mould(tmp_path_factory):
    return Mould.found(tmp_path_factory.mktemp("mould"))


@pytest.fixture
def town(tmp_path, mould):
    with mould.cast(tmp_path) as town:
        yield town


def places(**changes):
    """An unconditional entry."""
    return papers.catalogue_version(
        code=PLACES,
        name="标准地名地址",
        abstract="本市地名",
        shareType="无条件共享",
        conditions=None,
        items=[papers.item("DM", name="地名", shareType="无条件共享")],
        grade="一般2级",
        personalInformation=False,
        **changes,
    )


def entry_id(code):
    return ids.entry_id(ids.department_id(papers.POLICE), code)


def publish(town, *bodies):
    """Submit and publish versions; return their documents."""
    act, review = founding.publication(*bodies)
    town.decide(town.police, act, town.police.head)
    town.decide(town.centre, review, town.reviewer)
    town.follow()
    return act.documents


def apply_for(town, *requests):
    act = authorising.apply_for(requests)
    decided = town.decide(town.education, act, town.education.office)
    town.follow()
    return decided.event["first"], act.documents


def reply_body(number, application, **changes):
    return papers.reply(
        authorisation=number,
        subject=documents.digest_of(application).hex(),
        grant=papers.grant(**ALWAYS),
        **changes,
    )


class TestThread:
    def test_runs_from_enrolment_to_a_resumed_authorisation(self, unfounded):
        town = unfounded
        town.found()
        assert [fact.code for fact in town.queries.departments()] == sorted(town.departments)

        household, place = publish(town, papers.catalogue_version(), places())
        assert town.queries.get_entry(entry_id(HOUSEHOLD)).state == EntryState.PUBLISHED
        standing = cataloguing.set_standing_reply(
            papers.POLICE, PLACES, standing=True, calls_per_day=100, rows_per_day=1000
        )
        town.decide(town.police, standing, town.police.office)

        place_entry = {**papers.application()["entry"], "code": PLACES, "name": "标准地名地址"}
        body = papers.application(**ALWAYS)
        first, papers_of_application = apply_for(
            town,
            Request(body, household, terms=papers.terms()),
            Request({**body, "entry": place_entry, "items": ["DM"]}, place),
        )
        assert town.decided[-1].event["states"] == [
            AuthorisationState.APPLIED,
            AuthorisationState.AGREED,
        ]
        assert town.queries.get_authorisation(first + 1).calls_per_day == 100

        application = papers_of_application[1]
        act = authorising.reply(
            reply_body(first, application),
            application=application,
            version=household,
            terms=papers.terms(masks={"XM": "keep:1,0"}),
        )
        town.decide(town.police, act, town.police.office)
        town.follow()
        agreed = town.queries.get_authorisation(first)
        assert (agreed.state, agreed.items) == (AuthorisationState.AGREED, 0b01)

        suspend = authorising.advance(papers.step(authorisation=first))
        town.decide(town.police, suspend, town.police.office)
        town.follow()
        assert town.queries.get_authorisation(first).state == AuthorisationState.SUSPENDED
        latest = town.queries.get_authorisation(first).subject.hex()
        resume = papers.step(authorisation=first, step="恢复", subject=latest)
        town.decide(town.police, authorising.advance(resume), town.police.office)
        town.follow()
        assert town.queries.get_authorisation(first).state == AuthorisationState.AGREED

        self.check_papers(town, first, household)

    def check_papers(self, town, number, household):
        """Every node has what it is entitled to, and finds that paper and chain agree."""
        fact = town.queries.get_authorisation(number)
        version = documents.digest_of(household)
        for department in town.departments.values():
            facts = department.node.facts
            assert facts.version(version, documents.version_object(fact.entry, 1)).code == HOUSEHOLD
            assert facts.terms(fact.terms, documents.authorisation_object(number)).masks
            facts.check(fact.subject, documents.authorisation_object(number))
            assert department.node.bindings.due(2**60, 100) == []
            assert [hit.code for hit in department.node.search.search("户籍")] == [HOUSEHOLD]
        key = town.queries.get_key(town.keys.application.public_key.key_id)
        now = int(town.chain.running.clock())
        _, sealed_to = town.police.node.facts.encryption_key(key.digest, now)
        assert sealed_to == town.keys.encryption.public_key
        with pytest.raises(DocumentUnknown):
            town.police.node.access.read(secrets.token_bytes(32), key.key)

    def test_takes_a_returned_version_up_again_as_the_next(self, town):
        act = cataloguing.submit_versions([papers.catalogue_version()])
        town.decide(town.police, act, town.police.head)
        verdict = {
            "department": papers.POLICE,
            "code": HOUSEHOLD,
            "version": 1,
            "publish": False,
            "reason": "摘要过于简略",
            "subject": documents.digest_of(act.documents[0]).hex(),
        }
        returned = cataloguing.review_versions(papers.review(reviews=[verdict]))
        town.decide(town.centre, returned, town.reviewer)
        town.follow()
        assert town.police.node.search.search("户籍") == []
        publish(town, papers.catalogue_version(version=2))
        assert [hit.version for hit in town.education.node.search.search("户籍")] == [2]

    def test_opens_a_log_lists_a_contract_and_revokes_a_key(self, town):
        town.decide(
            town.police, departments.register_log(papers.POLICE, b"r" * 20), town.police.head
        )
        deployed = town.chain.deployment.contracts["CatalogueRegistry"]
        listing = departments.list_contract(
            "CatalogueRegistry", deployed.address, deployed.code_hash
        )
        town.decide(town.centre, listing, town.centre.head)
        key = town.police.office.public_key.key_id
        lost = papers.revocation(department=papers.POLICE, key=key.hex())
        town.decide(town.police, departments.revoke_key(lost), town.police.head)
        town.follow()
        assert town.queries.log_of(town.police.id).relay == b"r" * 20
        assert town.queries.get_key(key).revoked_at

    def test_suspends_without_waiting_for_a_paper(self, town):
        household, _ = publish(town, papers.catalogue_version(), places())
        first, made = apply_for(town, Request(papers.application(**ALWAYS), household))
        act = authorising.reply(reply_body(first, made[0]), application=made[0], version=household)
        town.decide(town.police, act, town.police.office)
        halt = authorising.protect(first, Step.SUSPEND, 1)
        decided = town.decide(town.police, halt, town.police.office)
        assert decided.event["state"] == AuthorisationState.SUSPENDED


class TestDesk:
    def test_sends_a_signed_decision_again_as_the_same(self, town):
        act = departments.register_log(papers.POLICE, b"r" * 20)
        signed = town.police.desk.sign(*act, town.police.head)
        first = town.police.desk.send(signed)
        assert town.police.desk.send(signed) == first
        other_relay = town.education.desk.send(signed)
        assert (other_relay.transaction, other_relay.event) == (first.transaction, first.event)

    def test_raises_the_contracts_own_error_before_anything_is_sent(self, town):
        act = cataloguing.submit_versions([papers.catalogue_version(version=3)])
        with pytest.raises(DecisionRefused) as refused:
            town.police.desk.decide(*act, town.police.head)
        assert refused.value.facts["name"] == "VersionNotSequential"
        head = town.chain.gateway.head()
        with pytest.raises(DecisionRefused):
            town.police.desk.decide(*act, town.education.head)
        assert town.chain.gateway.head() == head

    def test_leaves_papers_with_another_node_before_the_decision(self, town):
        act = cataloguing.submit_versions([papers.catalogue_version()])
        town.decide(town.police, act, town.police.head)
        digest = documents.digest_of(act.documents[0])
        others = (town.centre, town.education)
        assert any(department.node.store.find(digest) for department in others)

    def test_refuses_papers_the_decision_does_not_name_and_unknown_decisions(self, town):
        paper = documents.new_document("terms", papers.terms())
        act = departments.register_log(papers.POLICE, b"r" * 20)
        with pytest.raises(InvalidInput, match="does not name"):
            town.police.desk.sign(act.kind, act.message, [paper], town.police.head)
        with pytest.raises(InvalidInput, match="no such decision"):
            town.police.desk.sign("Abolish", {}, [], town.police.head)
        with pytest.raises(InvalidInput):
            town.police.desk.sign(*act, town.police.head, town.police.office)


class TestReply:
    def test_refuses_all_with_a_listed_condition_and_grants_nothing(self, town):
        household, _ = publish(town, papers.catalogue_version(), places())
        first, made = apply_for(town, Request(papers.application(**ALWAYS), household))
        ground = {"kind": "共享条件", "citation": "仅限政府部门", "article": None}
        refusals = [papers.refusal(code, ground=ground) for code in ("XM", "GMSFHM")]
        body = {**reply_body(first, made[0]), "answer": "不同意", "grant": None}
        act = authorising.reply(
            {**body, "refusals": refusals}, application=made[0], version=household
        )
        decided = town.decide(town.police, act, town.police.office)
        assert decided.event["answer"] == Answer.REFUSE
        town.follow()
        assert town.queries.get_authorisation(first).state == AuthorisationState.REFUSED
        town.police.node.facts.check(act.message["digest"], documents.authorisation_object(first))
        invented = [
            papers.refusal(code, ground={**ground, "citation": "另行研究"})
            for code in ("XM", "GMSFHM")
        ]
        with pytest.raises(MalformedDocument, match="没有列明"):
            authorising.reply(
                {**body, "refusals": invented}, application=made[0], version=household
            )
