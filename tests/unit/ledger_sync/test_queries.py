"""Questions to the model of a told city."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from ledger_sync.follower import Follower
from ledger_sync.objects import ObjectKind, authorisation_ref, version_ref
from ledger_sync.queries import Queries
from node.errors import AuthorisationUnknown, LedgerBehind, NotFound
from node.protocol.ledger import enums
from node.storage.engines import open_engine
from tests.common.codes import department_code
from tests.common.fakes import CHAIN_ID, address_of
from tests.common.story import (
    CENTRE,
    EDUCATION,
    HEAD,
    POLICE,
    YEAR,
    ZERO,
    Story,
    digest,
    tell_city,
)


@pytest.fixture
def queries(filled):
    return Queries(filled)


class TestBlocks:
    def test_finds_a_block_by_number(self, queries, story):
        header = story.chain.headers(3, 3)[0]
        assert queries.get_block(3).hash == header.hash

    def test_a_block_not_applied_is_not_found(self, queries):
        with pytest.raises(NotFound):
            queries.get_block(99)

    def test_the_cursor_stands_after_the_last_block(self, queries, story):
        assert queries.cursor().block.number == story.chain.head()
        assert queries.contact().seen_head == story.chain.head()
        assert queries.contact().behind_since_ms is None


class TestDepartments:
    def test_lists_them_by_code(self, queries):
        assert [fact.department for fact in queries.departments()] == [CENTRE, POLICE, EDUCATION]

    def test_finds_one_by_code_with_its_competent(self, queries):
        fact = queries.get_department(department_code(2))
        assert fact.department == POLICE
        assert fact.competent == CENTRE
        assert fact.status == enums.DepartmentStatus.ACTIVE

    @pytest.mark.parametrize("code", [department_code(9), "short", "../../etc/passwd"])
    def test_an_unknown_code_is_not_found(self, queries, code):
        with pytest.raises(NotFound):
            queries.get_department(code)


class TestKeys:
    def test_a_head_key_has_no_end(self, queries, story):
        fact = queries.get_key(story.heads[POLICE].public_key.key_id)
        assert (fact.valid_from, fact.valid_until) == (0, 2**64 - 1)
        assert (fact.qx, fact.qy) == (
            story.heads[POLICE].public_key.x,
            story.heads[POLICE].public_key.y,
        )

    def test_a_revoked_key_keeps_the_time_of_its_block(self, queries, story, named):
        fact = queries.get_key(named["officer"].public_key.key_id)
        assert fact.revoked_at == story.chain.headers(10, 10)[0].timestamp

    def test_keys_hang_under_their_holder(self, queries, named):
        assert len(queries.keys_of(POLICE)) == 3
        held = queries.keys_of(named["application"])
        assert [key.kind for key in held] == [enums.KeyKind.APPLICATION]

    def test_an_unknown_key_is_not_found(self, queries):
        assert queries.find_key(ZERO) is None
        with pytest.raises(NotFound):
            queries.get_key(ZERO)

    def test_roles_replace_those_granted_before(self, queries, story):
        key = story.heads[CENTRE].public_key.key_id
        (role,) = queries.roles_of(key)
        assert role.roles == HEAD | enums.Role.REVIEWER
        assert role.valid_until == YEAR
        assert queries.roles_in(CENTRE) == [role]

    def test_applications_belong_to_departments(self, queries, named):
        (fact,) = queries.applications_of(EDUCATION)
        assert fact == queries.get_application(named["application"])
        with pytest.raises(NotFound):
            queries.get_application(ZERO)

    def test_contracts_in_force_are_listed(self, queries):
        (fact,) = queries.contracts()
        assert (fact.name, fact.address) == ("AccessAnchors", address_of("AccessAnchors"))


class TestCatalogue:
    def test_an_entry_is_shown_at_its_published_version(self, queries, named):
        fact = queries.get_entry(named["households"])
        assert (fact.version, fact.state) == (1, enums.EntryState.PUBLISHED)
        assert queries.get_entry(named["households"], 2).state == enums.EntryState.SUBMITTED

    def test_a_returned_version_stays_returned_and_the_mended_one_is_published(
        self, queries, named
    ):
        states = [fact.state for fact in queries.versions(named["residence"])]
        assert states == [enums.EntryState.RETURNED, enums.EntryState.PUBLISHED]

    def test_a_review_leaves_its_block_and_document(self, queries, named):
        fact = queries.versions(named["residence"])[0]
        assert (fact.submitted_block, fact.reviewed_block) == (5, 6)
        assert fact.review_digest == digest("review")

    def test_an_unknown_entry_or_version_is_not_found(self, queries, named):
        for entry, version in [(ZERO, None), (named["households"], 9)]:
            with pytest.raises(NotFound):
                queries.get_entry(entry, version)

    def test_entries_are_paged_by_id(self, queries):
        first = queries.list_entries(limit=2)
        rest = queries.list_entries(after=first[-1].entry, limit=2)
        assert len(first) == 2
        assert len(rest) == 1
        assert [e.entry for e in first + rest] == sorted(e.entry for e in first + rest)

    def test_entries_are_filtered(self, queries):
        assert len(queries.list_entries(provider=POLICE)) == 3
        assert queries.list_entries(provider=CENTRE) == []
        assert queries.list_entries(state=enums.EntryState.FROZEN) == []

    def test_the_newest_version_of_each_entry_of_a_provider(self, queries, named):
        newest = queries.newest_versions(POLICE)
        assert {entry: fact.version for entry, fact in newest.items()} == {
            named["households"]: 2,
            named["residence"]: 2,
            named["streets"]: 1,
        }
        assert queries.newest_versions(EDUCATION) == {}

    def test_they_are_listed_by_pages_and_counted_by_state(self, queries):
        listed = queries.list_newest(POLICE)
        assert {fact.entry: fact for fact in listed} == queries.newest_versions(POLICE)
        blocks = [fact.submitted_block for fact in listed]
        assert blocks == sorted(blocks, reverse=True)
        assert queries.list_newest(POLICE, first=1, limit=1) == listed[1:2]
        submitted = enums.EntryState.SUBMITTED
        waiting = queries.list_newest(POLICE, state=submitted)
        assert waiting == [fact for fact in listed if fact.state == submitted]
        counts = queries.count_newest(POLICE)
        assert counts[submitted] == len(waiting)
        assert sum(counts.values()) == len(listed)

    def test_how_they_stand_tells_each_change_of_them_and_no_other(self, engine, monkeypatch):
        story, queries, seen = Story.begin(), Queries(engine), []
        follower = Follower(engine, story.chain, story.chain.deployment)
        mine = story.mine

        def mined():
            mine()
            while follower.run_once():
                pass
            newest = queries.newest_versions(POLICE)
            last, counts = queries.standing(POLICE)
            assert counts == Counter(fact.state for fact in newest.values())
            states = {entry: (fact.version, fact.state) for entry, fact in newest.items()}
            seen.append((states, (last, counts)))

        monkeypatch.setattr(story, "mine", mined)
        streets = tell_city(story)["streets"]
        for withdraw in (False, True):
            story.withdraw(POLICE, streets, 1)
            story.mine()
            story.review_withdrawal(streets, 1, accept=withdraw)
            story.mine()
        story.submit(POLICE, ("30/3", 2, 1))
        story.mine()
        follower.close()
        changed = [
            (before[0] != after[0], before[1] != after[1]) for before, after in pairwise(seen)
        ]
        # Filed, reviewed, filed again; asked to withdraw and kept, asked and withdrawn; filed anew.
        assert changed.count((True, True)) == 8
        assert changed.count((False, False)) == len(changed) - 8

    def test_what_waits_is_listed_to_who_is_competent_page_by_page(self, queries, named):
        waiting = queries.list_pending(CENTRE)
        assert [(each.entry, each.provider, each.version) for each in waiting] == [
            (named["households"], POLICE, 2)
        ]
        assert queries.list_pending(CENTRE, after=named["households"]) == []
        assert queries.oldest_pending(CENTRE) == waiting
        assert queries.oldest_pending(CENTRE, first=1) == []
        assert queries.count_pending(CENTRE) == 1
        digests = [fact.digest for fact in queries.newest_versions(POLICE).values()]
        assert queries.pending_among(CENTRE, digests) == waiting
        assert queries.list_pending(POLICE) == []

    def test_an_entry_is_found_with_its_standing_reply(self, queries, named):
        assert queries.find_catalogued(named["streets"]).standing
        assert not queries.find_catalogued(named["households"]).standing
        assert queries.find_catalogued(ZERO) is None


class TestAuthorisations:
    def test_a_partial_reply_replaces_what_was_applied_for(self, queries):
        fact = queries.get_authorisation(1)
        assert fact.items == 0b0101
        assert (fact.calls_per_day, fact.rows_per_day) == (80, 800)
        assert fact.valid_until == YEAR - 86400
        assert fact.terms == digest("terms")

    def test_a_resumption_leads_back_to_the_state_before(self, queries):
        states = [(step.name, step.step, step.after.state) for step in queries.steps(1)]
        assert states == [
            ("ApplyFor", 0, enums.AuthorisationState.APPLIED),
            ("Reply", 0, enums.AuthorisationState.AGREED),
            ("Step", enums.Step.SUSPEND, enums.AuthorisationState.SUSPENDED),
            ("Step", enums.Step.RESUME, enums.AuthorisationState.AGREED),
        ]

    def test_the_latest_document_is_the_subject(self, queries):
        subjects = [step.after.subject for step in queries.steps(1)]
        assert subjects[1:] == [digest("reply 1"), digest("reply 1"), digest("resumed")]

    def test_with_a_standing_reply_the_smaller_quota_wins(self, queries):
        fact = queries.get_authorisation(2)
        assert fact.state == enums.AuthorisationState.AGREED
        assert (fact.calls_per_day, fact.rows_per_day) == (50, 1000)

    def test_a_refusal_leaves_the_fields_applied_for(self, queries):
        fact = queries.get_authorisation(3)
        assert fact.state == enums.AuthorisationState.REFUSED
        assert fact.items == 0b1111
        assert fact.subject == digest("reply 3")

    def test_reads_as_it_stood_at_a_block(self, queries):
        assert queries.authorisation_at(1, 7) is None
        assert queries.authorisation_at(1, 8).state == enums.AuthorisationState.APPLIED
        assert queries.authorisation_at(1, 10).state == enums.AuthorisationState.SUSPENDED
        assert queries.authorisation_at(1, 99) == queries.get_authorisation(1)

    def test_parties_are_provider_and_consumer(self, queries):
        fact = queries.get_authorisation(1)
        assert (fact.provider, fact.consumer) == (POLICE, EDUCATION)

    def test_an_unknown_number_is_authorisation_unknown(self, queries):
        with pytest.raises(AuthorisationUnknown):
            queries.get_authorisation(4)

    def test_pages_and_filters(self, queries, named):
        assert [a.authorisation for a in queries.list_authorisations(after=1, limit=1)] == [2]
        assert len(queries.list_authorisations(provider=POLICE)) == 3
        assert queries.list_authorisations(consumer=POLICE) == []
        (only,) = queries.list_authorisations(entry=named["streets"])
        assert only.authorisation == 2


class TestAnchors:
    def test_a_log_shows_its_anchored_size(self, queries, named):
        fact = queries.log_of(POLICE)
        assert fact.log == named["log"]
        assert fact.size == 40
        registry = address_of("DepartmentRegistry").hex()
        assert fact.origin == f"shareledger:{CHAIN_ID}:{registry}:{department_code(2)}"
        assert queries.find_log(named["log"]) == fact
        assert queries.logs() == [fact]

    def test_a_department_without_a_log_has_none(self, queries):
        assert queries.find_log_of(CENTRE) is None
        assert queries.find_log(ZERO) is None
        with pytest.raises(NotFound):
            queries.log_of(CENTRE)

    @pytest.mark.parametrize(("index", "size"), [(0, 17), (16, 17), (17, 40), (39, 40)])
    def test_the_first_anchor_that_covers_a_leaf(self, queries, named, index, size):
        anchor = queries.find_anchor(named["log"], index)
        assert anchor.size == size
        assert anchor.block.number == 12

    def test_a_leaf_not_yet_anchored_has_none(self, queries, named):
        assert queries.find_anchor(named["log"], 40) is None

    def test_anchors_are_paged_by_size(self, queries, named):
        assert [anchor.size for anchor in queries.list_anchors(named["log"])] == [17, 40]
        assert [anchor.size for anchor in queries.list_anchors(named["log"], after=17)] == [40]


class TestDecisions:
    def test_an_authorisation_leads_to_all_its_decisions(self, queries):
        found = queries.decisions_of(*authorisation_ref(1))
        assert [fact.name for fact in found] == ["ApplyFor", "Reply", "Step", "Step"]
        assert [fact.block.number for fact in found] == [8, 9, 10, 11]

    def test_a_version_leads_to_its_submission_and_review(self, queries, named):
        found = queries.decisions_of(*version_ref(named["residence"], 2))
        assert [fact.name for fact in found][:2] == ["SubmitVersions", "ReviewVersions"]

    def test_a_document_leads_to_its_decision(self, queries):
        (found,) = queries.decisions_of(ObjectKind.DOCUMENT, digest("reply 1"))
        assert found.name == "Reply"

    def test_a_decision_is_found_by_its_place(self, queries):
        fact = queries.get_decision("ShareAuthorisations", 2)
        assert fact.args["authorisation"] == 1
        assert (ObjectKind.DOCUMENT, digest("terms")) in queries.objects_of(fact)

    def test_arguments_come_back_as_they_were(self, queries, story):
        fact = queries.get_decision("CatalogueRegistry", 1)
        versions = fact.args["versions"]
        assert versions[0]["digest"] == digest("30/1 1")
        assert versions[0]["itemCount"] == 12
        assert fact.args["signingKey"] == story.heads[POLICE].public_key.key_id

    def test_an_anchor_is_no_decision(self, queries):
        with pytest.raises(NotFound):
            queries.get_decision("AccessAnchors", 2)

    def test_a_block_leads_to_its_decisions(self, queries):
        suspension, revocation = queries.decisions_in(10)
        assert (suspension.name, revocation.name) == ("Step", "RevokeKey")
        assert suspension.acting == POLICE

    def test_whoever_acts_is_told_by_the_role(self, queries):
        acting = {fact.name: fact.acting for fact in queries.decisions_of(*authorisation_ref(1))}
        assert acting == {"ApplyFor": EDUCATION, "Reply": POLICE, "Step": CENTRE}


class TestUnreadable:
    def test_a_missing_database_is_behind(self, tmp_path):
        engine = open_engine(tmp_path / "missing.db", readonly=True)
        with pytest.raises(LedgerBehind):
            Queries(engine).departments()
        engine.dispose()
