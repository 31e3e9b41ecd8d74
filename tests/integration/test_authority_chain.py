"""Who may do what: the acts of authority on a real chain, and what an outsider gets by trying."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest

from node.crypto import Ed25519Signer, SoftwareSigner
from node.errors import (
    CheckpointInvalid,
    Contradictory,
    DecisionRefused,
    DocumentUnknown,
)
from node.office import (
    Act,
    Drafter,
    authorising,
    cataloguing,
    departments,
)
from node.office.authorising import Request
from node.protocol import forms as documents
from node.protocol.ledger.enums import (
    AuthorisationState,
    DepartmentStatus,
    EntryState,
    Step,
)
from node.protocol.wire import ids
from node.protocol.wire.checkpoint import Checkpoint, sign_note
from tests.common import founding, papers
from tests.common.codes import department_code
from tests.common.town import ALWAYS, Mould

pytestmark = pytest.mark.chain

CODE = "30300101/06001"
ENTRY = ids.entry_id(ids.department_id(papers.POLICE), CODE)
HANDLER = papers.application()["handler"]
OUTSIDER = department_code(9)
COUNTER = count(100)


@pytest.fixture(scope="module")
def mould(tmp_path_factory):
    return Mould.found(tmp_path_factory.mktemp("mould"))


@pytest.fixture
def town(tmp_path, mould):
    """A town on a chain of its own, whose clock may go days ahead."""
    with mould.cast(tmp_path) as town:
        yield town


def refused(town, department, act, *signers):
    """Decide; return the name of the contract's error."""
    with pytest.raises(DecisionRefused) as caught:
        town.decide(department, act, *signers)
    return caught.value.facts["name"]


def published(town):
    """Publish the police's entry; return its document."""
    act, review = founding.publication(papers.catalogue_version())
    town.decide(town.police, act, town.police.head)
    town.decide(town.centre, review, town.reviewer)
    (data,) = act.documents
    town.follow()
    return data


def agreed(town, version):
    """Apply for the entry and agree to all of it; return the authorisation's number."""
    body = papers.application(**ALWAYS, callsPerDay=10, rowsPerDay=100)
    act = authorising.apply_for([Request(body, version)])
    number = town.decide(town.education, act, town.education.office).event["first"]
    town.follow()
    said = {"opinion": "同意", "handler": HANDLER}
    reply = drafter(town, town.police).reply(number, "同意", [], narrowed={}, said=said)
    town.decide(town.police, reply, town.police.office)
    town.follow()
    return number


def drafter(town, department):
    return Drafter(town.queries, department.node.store)


def state(town, number):
    town.follow()
    return town.queries.get_authorisation(number).state


class TestDepartments:
    def test_are_suspended_resumed_and_closed_by_their_competent(self, town):
        order = papers.department_status(department=papers.EDUCATION)
        halt = departments.set_department_status(order)
        assert refused(town, town.police, halt, town.police.head) == "RoleMissing"
        town.decide(town.centre, halt, town.centre.head)
        log = departments.register_log(papers.EDUCATION, b"r" * 20)
        assert refused(town, town.education, log, town.education.head) == "DepartmentNotActive"
        town.follow()
        education = town.queries.get_department(papers.EDUCATION)
        assert education.status == DepartmentStatus.SUSPENDED
        resume = departments.set_department_status({**order, "order": "恢复"})
        town.decide(town.centre, resume, town.centre.head)
        town.decide(town.education, log, town.education.head)
        close = departments.set_department_status({**order, "order": "关闭"})
        town.decide(town.centre, close, town.centre.head)
        assert refused(town, town.centre, resume, town.centre.head) == "StatusUnsuitable"
        root = departments.suspend_department(papers.CENTRE)
        assert refused(town, town.centre, root, town.centre.head) == "RootUnalterable"

    def test_change_their_paper_and_their_competent_the_rest(self, town):
        draft = drafter(town, town.police).update_department
        moved = draft(papers.POLICE, {"url": "http://police.moved"})
        town.decide(town.police, moved, town.police.head)
        grown = draft(papers.POLICE, {"mayEnrol": True})
        assert refused(town, town.police, grown, town.police.head) == "RoleMissing"
        town.decide(town.centre, grown, town.centre.head)
        town.follow()
        assert town.queries.get_department(papers.POLICE).may_enrol
        known = town.centre.node.exchange._directory
        assert known.departments()[town.police.id].may_enrol
        assert known.departments()[town.police.id].head is None

    def test_that_lost_their_heads_key_get_another_after_seven_days(self, town):
        new = SoftwareSigner.generate()
        body = papers.recovery(department=papers.POLICE, head=papers.head(new))
        act = departments.recover_key(body)
        town.decide(town.centre, act, town.centre.head, new)
        log = departments.register_log(papers.POLICE, b"r" * 20)
        assert refused(town, town.police, log, new) == "KeyNotValid"
        town.chain.running.clock.advance(timedelta(days=7).total_seconds() + 1)
        town.decide(town.police, log, new)
        key = new.public_key.key_id
        town.follow()
        assert town.police.node.bindings.find_held(documents.key_object(key), act.message["digest"])
        lost = papers.revocation(department=papers.POLICE, key=key.hex())
        town.decide(town.police, departments.revoke_key(lost), town.police.head)

    def test_that_are_suspended_read_nothing_that_is_restricted(self, town):
        """Nor do auditors read on in their name: they may have been broken into."""
        number = agreed(town, published(town))
        auditor = SoftwareSigner.generate()
        town.add_officer(town.education, auditor, "审计员")
        town.follow()
        applied = town.queries.steps(number)[0].digest
        read, keys = town.police.node.access.read, (town.education.node_key, auditor)
        for key in keys:
            assert documents.digest_of(read(applied, key.public_key.key_id)) == applied
        for order in ("停用", "恢复"):
            body = papers.department_status(department=papers.EDUCATION, order=order)
            town.decide(town.centre, departments.set_department_status(body), town.centre.head)
            town.follow()
            for key in keys:
                if order == "停用":
                    with pytest.raises(DocumentUnknown):
                        read(applied, key.public_key.key_id)
                else:
                    assert read(applied, key.public_key.key_id)


class TestPersons:
    def test_review_nothing_they_submitted_whichever_key_they_use(self, town):
        second = SoftwareSigner.generate()
        key = papers.officer_key(
            **ALWAYS,
            department=papers.CENTRE,
            person=papers.person_of(town.reviewer),
            publicKey=second.public_key.raw.hex(),
        )
        town.decide(town.centre, departments.add_officer_key(key), town.centre.head, second)
        as_head = papers.roles(
            **ALWAYS,
            department=papers.POLICE,
            key=second.public_key.key_id.hex(),
            roles=["部门负责人"],
        )
        town.decide(town.police, departments.grant_roles(as_head), town.police.head)
        act = cataloguing.submit_versions([papers.catalogue_version()])
        town.decide(town.police, act, second)
        subject = act.message["versions"][0]["digest"].hex()
        verdict = {**papers.review()["reviews"][0], "subject": subject}
        review = cataloguing.review_versions(papers.review(reviews=[verdict]))
        assert refused(town, town.centre, review, town.reviewer) == "ReviewerIsSubmitter"

    def test_belong_to_one_department(self, town):
        stolen = papers.officer_key(
            **ALWAYS,
            department=papers.POLICE,
            person=papers.person_of(town.reviewer),
            publicKey=SoftwareSigner.generate().public_key.raw.hex(),
        )
        new = SoftwareSigner.generate()
        body = {**stolen, "publicKey": new.public_key.raw.hex()}
        act = departments.add_officer_key(body)
        assert refused(town, town.police, act, town.police.head, new) == "PersonOfAnother"

    def test_are_named_to_their_department_and_its_competent_only(self, town):
        town.follow()
        key = town.queries.get_key(town.police.office.public_key.key_id)
        for department in (town.police, town.centre):
            reader = department.node_key.public_key.key_id
            read = town.police.node.access.read
            assert documents.parse(read(key.digest, reader)).body.name == "张伟"
        with pytest.raises(DocumentUnknown):
            read(key.digest, town.education.node_key.public_key.key_id)
        assert town.education.node.store.find(key.digest) is None


class TestEntries:
    def test_are_withdrawn_when_another_person_agrees(self, town):
        published(town)
        act = drafter(town, town.police).submit_withdrawal(papers.POLICE, {CODE: "职能已划转"})
        town.decide(town.police, act, town.police.head)
        town.follow()
        assert town.queries.get_entry(ENTRY, 1).state == EntryState.WITHDRAWAL_SUBMITTED
        said = {"competent": papers.CENTRE, "reviewer": "刘洋", "opinion": "属实"}
        draft = drafter(town, town.centre).review_withdrawal
        kept = draft(act.message["digest"], {CODE: "仍有部门使用"}, said)
        town.decide(town.centre, kept, town.reviewer)
        town.follow()
        assert town.queries.get_entry(ENTRY, 1).state == EntryState.PUBLISHED
        again = drafter(town, town.police).submit_withdrawal(papers.POLICE, {CODE: "职能已划转"})
        town.decide(town.police, again, town.police.head)
        town.follow()
        gone = draft(again.message["digest"], {}, said)
        town.decide(town.centre, gone, town.reviewer)
        town.follow()
        assert town.queries.get_entry(ENTRY, 1).state == EntryState.WITHDRAWN

    def test_are_frozen_by_order_and_applied_for_no_more(self, town):
        version = published(town)
        town.decide(town.centre, cataloguing.freeze_entry(papers.freeze_order()), town.centre.head)
        act = authorising.apply_for([Request(papers.application(**ALWAYS), version)])
        assert refused(town, town.education, act, town.education.office) == "EntryIsFrozen"
        town.follow()
        assert town.queries.get_entry(ENTRY).frozen
        lift = cataloguing.unfreeze_entry(papers.freeze_order(reason="已更正"))
        assert refused(town, town.police, lift, town.police.head) == "RoleMissing"
        town.decide(town.centre, lift, town.centre.head)
        town.decide(town.education, act, town.education.office)


class TestAuthorisations:
    def test_are_changed_when_the_other_side_accepts_the_same_terms(self, town):
        number = agreed(town, published(town))
        said = {"reason": "招生人数增加", "handler": HANDLER}
        draft = drafter(town, town.education)
        proposal = draft.propose_change(number, {"callsPerDay": 99, "items": ["XM"]}, said)
        town.decide(town.education, proposal, town.education.office)
        town.follow()
        accept = drafter(town, town.police).accept_change(number, said)
        assert refused(town, town.education, accept, town.education.office) == "RoleMissing"
        town.decide(town.police, accept, town.police.office)
        town.follow()
        fact = town.queries.get_authorisation(number)
        assert (fact.revision, fact.calls_per_day, fact.items) == (2, 99, 0b01)
        town.police.node.facts.check(fact.subject, documents.authorisation_object(number))

    def test_are_taken_over_by_the_competent_and_end_with_what_becomes_of_the_data(self, town):
        number = agreed(town, published(town))
        steps = drafter(town, town.police)

        def take(department, signer, word, **said):
            act, _ = drafter(town, department).step(number, word, {"reason": "依规", **said})
            town.decide(department, act, signer)
            return state(town, number)

        halted = steps.step(number, "暂停", {"reason": "线索"})[0]
        town.decide(town.police, halted, town.police.office)
        over = take(town.centre, town.centre.head, "接管暂停")
        assert over == AuthorisationState.SUSPENDED
        resume, _ = steps.step(number, "恢复", {"reason": "已核实"})
        assert refused(town, town.police, resume, town.police.office) == "RoleMissing"
        assert take(town.centre, town.centre.head, "恢复") == AuthorisationState.AGREED
        finished = take(town.education, town.education.office, "停止使用")
        assert finished == AuthorisationState.TERMINATED
        disposed = take(town.education, town.education.office, "报告处置", measures="已销毁")
        assert disposed == AuthorisationState.DISPOSED
        closed = take(town.police, town.police.office, "确认处置")
        assert closed == AuthorisationState.CLOSED

    def test_go_on_though_a_protective_steps_paper_is_never_shown(self, town):
        number = agreed(town, published(town))
        halt = authorising.protect(number, Step.SUSPEND, 1)
        hidden = halt._replace(message={**halt.message, "digest": b"\x07" * 32})
        town.decide(town.police, hidden, town.police.office)
        resume, _ = drafter(town, town.police).step(number, "恢复", {"reason": "已核实"})
        town.decide(town.police, resume, town.police.office)
        assert state(town, number) == AuthorisationState.AGREED
        fact = town.queries.get_authorisation(number)
        town.police.node.facts.check(fact.subject, documents.authorisation_object(number))


class TestLogs:
    def test_are_superseded_by_an_empty_one(self, town):
        town.decide(
            town.police, departments.register_log(papers.POLICE, b"r" * 20), town.police.head
        )
        act = departments.supersede_log(papers.log_succession())
        decided = town.decide(town.police, act, town.police.head)
        town.follow()
        present = town.queries.log_of(town.police.id)
        assert present.log == decided.event["log"] != decided.event["old"]
        assert present.relay.hex() == papers.log_succession()["relay"]

    def test_that_forked_are_frozen_by_anybody_who_shows_it(self, town):
        town.decide(
            town.police, departments.register_log(papers.POLICE, b"r" * 20), town.police.head
        )
        town.follow()
        present = town.queries.log_of(town.police.id)
        ed25519 = Ed25519Signer.generate()
        first, second, same = (
            sign_note(
                Checkpoint(present.origin, 7, root), sm2=town.police.node_key, ed25519=ed25519
            )
            for root in (b"\1" * 32, b"\2" * 32, b"\1" * 32)
        )
        keys = [town.centre.node_key.public_key, town.police.node_key.public_key]
        with pytest.raises(CheckpointInvalid, match="不矛盾"):
            departments.freeze_log(first, same, keys)
        with pytest.raises(CheckpointInvalid, match="none of its"):
            departments.freeze_log(first, second, keys[:1])
        data, chain = departments.freeze_log(first, second, keys), town.chain
        anchors = chain.deployment.contracts["AccessAnchors"].address
        outbox = town.education.desk._outbox
        outbox.wait(outbox.enqueue("the fork", anchors, data, 5_000_000))
        town.follow()
        assert town.queries.log_of(town.police.id).frozen
        with pytest.raises(DecisionRefused) as again:
            chain.gateway.call(anchors, data)
        assert again.value.facts["name"] == "LogIsFrozen"


class TestOutsider:
    """Enrolled like anybody, head of his own house, and nothing more."""

    def enrolled(self, town):
        """Enrol the outsider; return his head key."""
        head = SoftwareSigner.generate()
        body = papers.department(code=OUTSIDER, name="外人", head=papers.head(head))
        town.decide(town.centre, departments.enrol_department(body), town.centre.head, head)
        return head

    def test_makes_no_shadow_department(self, town):
        head, shadow = self.enrolled(town), SoftwareSigner.generate()
        body = papers.department(
            code=department_code(10),
            name="影子",
            parent=OUTSIDER,
            competent=OUTSIDER,
            head=papers.head(shadow),
        )
        act = departments.enrol_department(body)
        assert refused(town, town.education, act, head, shadow) == "EnrolmentNotAllowed"
        own = departments.enrol_department({**body, "competent": papers.CENTRE})
        assert refused(town, town.education, own, head, shadow) == "RoleMissing"

    def test_reads_and_poisons_nobodys_papers(self, town):
        version = published(town)
        number = agreed(town, version)
        head = self.enrolled(town)
        applied = town.queries.steps(number)[0].digest
        false = {"codeHash": ids.code_hash("1/1"), "version": 1, "shareType": 1, "itemCount": 1}
        versions = [
            {**false, "digest": applied},
            {**false, "codeHash": ids.code_hash("1/2"), "digest": documents.digest_of(version)},
        ]
        act = cataloguing.submit_versions([papers.catalogue_version()])
        stolen = act._replace(
            message={"department": ids.department_id(OUTSIDER), "versions": versions},
            documents=[],
        )
        town.decide(town.education, stolen, head)
        town.follow()
        reader = town.queries.get_key(head.public_key.key_id)
        own = ids.entry_id(ids.department_id(OUTSIDER), "1/1")
        for node in (town.police.node, town.centre.node):
            access = node.access
            with pytest.raises(DocumentUnknown):
                access.read(applied, reader.key)
            assert node.bindings.find_held(documents.version_object(own, 1), applied) is None
            node.facts.check(applied, documents.authorisation_object(number))
            assert node.facts.version(documents.digest_of(version)).code == CODE
            with pytest.raises(Contradictory):
                node.facts.version(
                    documents.digest_of(version),
                    documents.version_object(ids.entry_id(ids.department_id(OUTSIDER), "1/2"), 1),
                )

    def test_relists_no_contract_and_neither_does_the_first_department(self, town):
        deployed = town.chain.deployment.contracts["CatalogueRegistry"]
        listing = departments.list_contract(
            "CatalogueRegistry", deployed.address, deployed.code_hash
        )
        head = self.enrolled(town)
        assert refused(town, town.education, listing, head) == "RoleMissing"
        town.decide(town.centre, listing, town.centre.head)
        other = town.chain.deployment.contracts["AccessAnchors"]
        moved = departments.list_contract("CatalogueRegistry", other.address, other.code_hash)
        assert refused(town, town.centre, moved, town.centre.head) == "ContractAlreadyListed"

    def test_enrols_nobody_once_suspended_or_without_the_right(self, town):
        head, new = SoftwareSigner.generate(), SoftwareSigner.generate()
        own = papers.department(code=OUTSIDER, name="外人", mayEnrol=True, head=papers.head(head))
        town.decide(town.centre, departments.enrol_department(own), town.centre.head, head)
        town.follow()
        under = papers.department(
            code=department_code(10),
            name="下属",
            parent=OUTSIDER,
            competent=OUTSIDER,
            head=papers.head(new),
        )
        act = departments.enrol_department(under)
        for order, expected in (("停用", "DepartmentNotActive"), ("恢复", None)):
            body = papers.department_status(department=OUTSIDER, order=order)
            town.decide(town.centre, departments.set_department_status(body), town.centre.head)
            if expected:
                assert refused(town, town.education, act, head, new) == expected
        town.follow()
        less = drafter(town, town.centre).update_department(
            OUTSIDER, {"mayEnrol": False, "head": None}
        )
        town.decide(town.centre, less, town.centre.head)
        assert refused(town, town.education, act, head, new) == "EnrolmentNotAllowed"
        town.follow()
        back = drafter(town, town.centre).update_department(
            OUTSIDER, {"mayEnrol": True, "head": None}
        )
        assert refused(town, town.education, back, head) == "RoleMissing"

    def test_names_anothers_papers_in_every_kind_of_decision_and_reads_none(self, town):
        """As head, office head and competent department of a shadow of its own, with terms too."""
        version = published(town)
        terms = papers.terms(consumer=papers.EDUCATION)
        body = papers.application(**ALWAYS, callsPerDay=10, rowsPerDay=100)
        act = authorising.apply_for([Request(body, version, terms)])
        number = town.decide(town.education, act, town.education.office).event["first"]
        town.follow()
        said = {"opinion": "同意", "handler": HANDLER}
        reply = drafter(town, town.police).reply(number, "同意", [], narrowed={}, said=said)
        town.decide(town.police, reply, town.police.office)
        town.follow()
        officer = town.queries.get_key(town.education.office.public_key.key_id).digest
        applied = act.message["applications"][0]
        secret = [applied["digest"], applied["terms"], reply.message["digest"], officer]
        head = SoftwareSigner.generate()
        own = papers.department(code=OUTSIDER, name="外人", mayEnrol=True, head=papers.head(head))
        town.decide(town.centre, departments.enrol_department(own), town.centre.head, head)
        for digest in secret:
            self.name_everywhere(town, head, digest)
            self.share_everywhere(town, head, digest, applied)
        town.follow()
        name = documents.authorisation_object(number)
        for node in (town.police.node, town.education.node, town.centre.node):
            for digest in secret:
                with pytest.raises(DocumentUnknown):
                    node.access.read(digest, head.public_key.key_id)
            node.facts.check(reply.message["digest"], name)
            node.facts.terms(applied["terms"], name)

    def name_everywhere(self, town, head, digest):
        """Decide whatever the outsider may, each decision with a digest that is not his."""
        me, new = ids.department_id(OUTSIDER), SoftwareSigner.generate
        shadow = ids.department_id(department_code(11 + next(COUNTER)))
        forever = {"validFrom": 0, "validUntil": 2**39}

        def decide(kind, message, *signers):
            act = Act(kind, message, [])
            return town.decide(town.education, act, head, *signers)

        shadow_head, key, recovered = new(), new(), new()
        point = {"headX": shadow_head.public_key.x, "headY": shadow_head.public_key.y}
        own = {"department": me, "digest": digest}
        rights = {"competent": me, "screening": False, "mayEnrol": False}
        enrolled = {
            "parent": me,
            "kind": 1,
            "level": 1,
            "person": bytes.fromhex(papers.person_of(shadow_head)),
        }
        message = {"department": shadow, "digest": digest, **rights, **enrolled, **point}
        decide("EnrolDepartment", message, shadow_head)
        root = ids.department_id(papers.CENTRE)
        decide("UpdateDepartment", {**own, **rights, "competent": root, "mayEnrol": True})
        for status in (2, 1):
            decide(
                "SetDepartmentStatus", {"department": shadow, "digest": digest, "status": status}
            )
        person = bytes.fromhex(papers.person_of(recovered))
        point = {"headX": recovered.public_key.x, "headY": recovered.public_key.y}
        decide(
            "RecoverKey",
            {"department": shadow, "digest": digest, "person": person, **point},
            recovered,
        )
        point = {"qx": key.public_key.x, "qy": key.public_key.y}
        added = {"holder": me, "digest": digest, **forever, **point}
        person = bytes.fromhex(papers.person_of(key))
        decide("AddKey", {**added, "kind": 1, "person": person}, key)
        roles = {**own, **forever, "key": head.public_key.key_id, "roles": 63}
        decide("GrantRoles", roles)
        decide("RevokeKey", {"key": key.public_key.key_id, "digest": digest})

    def share_everywhere(self, town, head, digest, applied):
        """The same in the catalogue, in authorisations and in logs."""
        me, code = ids.department_id(OUTSIDER), next(COUNTER)
        own = {"department": me, "digest": digest}
        forever = {"validFrom": 0, "validUntil": 2**39}

        def decide(kind, message):
            return town.decide(town.education, Act(kind, message, []), head)

        system = ids.code_hash(f"S{code}")
        made = decide("RegisterApplication", {**own, "codeHash": system}).event["application"]
        entry = {"codeHash": ids.code_hash(f"9/{code}"), "version": 1, "shareType": 1}
        versions = [{**entry, "itemCount": 2, "digest": digest}]
        filed = decide("SubmitVersions", {"department": me, "versions": versions})
        (mine,) = filed.event["entries"]
        review = {"entry": mine, "version": 1, "publish": True, "subject": digest}
        centre = Act("ReviewVersions", {"reviews": [review], "digest": digest}, [])
        town.decide(town.centre, centre, town.reviewer)
        quota = {"callsPerDay": 1, "rowsPerDay": 1}
        decide("SetStandingReply", {"entry": mine, "standing": True, "terms": digest, **quota})
        for wanted, entry in ((applied["version"], applied["entry"]), (1, mine)):
            asked = {**applied, "entry": entry, "version": wanted, "application": made}
            asked |= {"digest": digest, "terms": digest, "items": 1}
            number = decide("ApplyFor", {"department": me, "applications": [asked]}).event["first"]
        step = {"authorisation": number, "revision": 1, "outcome": 0, "effective": 0}
        decide("Step", {**step, "step": Step.SUSPEND, "subject": ids.ZERO, "digest": digest})
        decide("Step", {**step, "step": Step.RESUME, "subject": digest, "digest": digest})
        change = {**{name: asked[name] for name in ("items", *forever, *quota)}, "digest": digest}
        change |= {"authorisation": number, "revision": 1, "subject": digest, "terms": digest}
        decide("Change", {**change, "step": Step.PROPOSE_CHANGE})
        withdrawal = {"withdrawals": [{"entry": mine, "version": 1}]}
        decide("SubmitWithdrawal", {**own, **withdrawal})
        if town.queries.find_log_of(me) is None:
            decide("RegisterLog", {"department": me, "relay": b"r" * 20})
            town.follow()
        decide("SupersedeLog", {**own, "relay": b"r" * 20})
