"""Documents: what is accepted, what is refused and why, and what follows from them on chain."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import Sm2PublicKey, keccak256, sm3
from node.errors import ItemNotGranted, MalformedDocument
from node.protocol import forms as documents
from node.protocol.forms import fields
from node.protocol.forms.sharing import OutcomeName, StepName
from node.protocol.ledger.enums import (
    Answer,
    Mode,
    Role,
    Step,
)
from node.protocol.wire import canonical, ids
from tests.common import papers

KINDS = sorted(papers.BODIES)


def made(kind, /, **changes):
    return documents.parse(documents.new_document(kind, papers.BODIES[kind](**changes)))


def reasons(kind, /, **changes):
    with pytest.raises(MalformedDocument) as caught:
        documents.new_document(kind, papers.BODIES[kind](**changes))
    return {problem.path: problem.reason for problem in documents.problems_of(caught.value)}


class TestDocuments:
    def test_every_kind_has_a_lawful_example(self):
        assert sorted(documents.KINDS) == KINDS

    @pytest.mark.parametrize("kind", KINDS)
    def test_are_canonical_and_read_back_as_they_were_written(self, kind):
        data = documents.new_document(kind, papers.BODIES[kind]())
        assert canonical.dumps(json.loads(data)) == data
        document = documents.parse(data)
        assert (document.kind, document.data) == (kind, data)
        assert document.digest == sm3(data)

    def test_of_equal_content_have_different_digests(self):
        assert made("terms").digest != made("terms").digest

    def test_with_a_fixed_salt_have_a_fixed_digest(self):
        first = documents.new_document("terms", papers.terms(), salt=bytes(16))
        assert first == documents.new_document("terms", papers.terms(), salt=bytes(16))

    def test_take_dates_and_text_as_people_hand_them_in(self):
        body = papers.roles(validFrom=date(2026, 1, 1), post="Jose\u0301")
        document = documents.parse(documents.new_document("roles", body))
        assert document.body.valid_from == date(2026, 1, 1)
        assert document.body.post == "Jos\u00e9"

    def test_restricted_are_those_about_an_authorisation_and_who_an_officer_is(self):
        about_one = {"application", "reply", "step", "change", "terms"}
        assert set(documents.RESTRICTED) == {*about_one, "officer-key"}
        assert made("review").public
        assert not made("terms").public

    def test_of_the_public_none_but_a_heads_names_who_holds_a_key(self):
        assert ("holder",) in reasons("roles", holder="张伟")
        assert ("kind",) in reasons("key", kind="人员")


class TestParse:
    @given(st.binary(max_size=300))
    def test_raises_nothing_but_malformed_document_on_random_bytes(self, data):
        with pytest.raises(MalformedDocument):
            documents.parse(data)

    @given(st.sampled_from(KINDS), st.data())
    def test_raises_nothing_but_malformed_document_on_a_changed_member(self, kind, draw):
        body = papers.BODIES[kind]()
        name = draw.draw(st.sampled_from(sorted(body)))
        body[name] = draw.draw(
            st.none()
            | st.booleans()
            | st.integers(-10, 2**53 - 1)
            | st.text(max_size=8)
            | st.lists(st.text(max_size=3), max_size=2)
            | st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2)
        )
        try:
            document = documents.parse(documents.new_document(kind, body))
        except MalformedDocument:
            return
        documents.derive(document)

    @given(st.sampled_from(KINDS), st.data())
    def test_raises_nothing_but_malformed_document_on_a_flipped_bit(self, kind, draw):
        data = bytearray(documents.new_document(kind, papers.BODIES[kind]()))
        data[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
        try:
            documents.parse(bytes(data))
        except MalformedDocument:
            return

    @pytest.mark.parametrize("kind", KINDS)
    def test_refuses_a_member_that_is_not_declared(self, kind):
        assert reasons(kind, extra=1) == {("extra",): "没有这一项"}

    def test_refuses_a_document_without_salt_type_or_version(self):
        value = json.loads(documents.new_document("terms", papers.terms()))
        for name in ("salt", "type", "v"):
            rest = {key: member for key, member in value.items() if key != name}
            with pytest.raises(MalformedDocument, match=name):
                documents.parse(canonical.dumps(rest))

    def test_refuses_an_unknown_kind(self):
        with pytest.raises(MalformedDocument, match="没有这种文件"):
            documents.new_document("invoice", {})

    def test_refuses_more_than_256_kibibytes(self):
        duties = ["户籍管理" * 700] * 60
        with pytest.raises(MalformedDocument, match="262144"):
            documents.new_document("department", papers.department(duties=duties))

    def test_names_every_problem_with_its_place_and_value(self):
        bad = papers.item("GMSFHM", grade="绝密", length=0)
        found = reasons("catalogue-version", name="", items=[papers.item(), bad])
        assert set(found) == {("name",), ("items", 1, "grade"), ("items", 1, "length")}
        assert "一般1级" in found["items", 1, "grade"]

    def test_refuses_a_public_key_off_the_curve(self):
        found = reasons("key", publicKey="11" * 64)
        assert found == {("publicKey",): "不是 SM2 曲线上的公钥"}

    @pytest.mark.parametrize(
        "host",
        ["a..b", ".", "a" * 64, "[", "[zz]", ":80", "a:b", "-a", "a-", "a:800000", "a/b", "A@b"],
    )
    def test_refuses_a_url_that_names_no_host(self, host):
        assert ("url",) in reasons("department", url=f"http://{host}")

    @pytest.mark.parametrize("host", ["a", "A-1.gov.cn:8601", "10.0.0.1", "[::1]:80", "xn--fiq"])
    def test_takes_the_url_of_a_host(self, host):
        documents.new_document("department", papers.department(url=f"https://{host}"))

    @pytest.mark.parametrize("day", ["2026-02-30", "2026-1-1", "1999-12-31", 20260101, "20260101"])
    def test_refuses_what_is_no_day(self, day):
        assert ("validUntil",) in reasons("application", validUntil=day)


class TestCatalogueVersion:
    def test_without_conditions_has_no_condition(self):
        items = [papers.item(shareType="无条件共享")]
        lawful = {"shareType": "无条件共享", "items": items, "grade": "一般2级"}
        assert made("catalogue-version", **lawful, conditions=None).body.conditions is None
        assert ("conditions",) in reasons("catalogue-version", **lawful)

    def test_with_conditions_lists_scopes_and_purposes(self):
        assert ("conditions",) in reasons("catalogue-version", conditions=None)
        empty: dict[str, list[str]] = {"scopes": [], "purposes": [], "others": []}
        found = reasons("catalogue-version", conditions=empty)
        assert {("conditions", "scopes"), ("conditions", "purposes")} == set(found)

    def test_not_shared_names_the_law_that_forbids_it(self):
        basis = {"kind": "法律", "title": "中华人民共和国保守国家秘密法", "article": "第九条"}
        lawful = {
            "shareType": "不予共享",
            "conditions": None,
            "modes": ["统计分析"],
            "notShared": {"reason": "法律明确规定不予共享", "basis": basis},
        }
        assert made("catalogue-version", **lawful).body.not_shared.basis.kind == "法律"
        assert ("notShared",) in reasons("catalogue-version", **{**lawful, "notShared": None})
        local = {"reason": "本市规定", "basis": {**basis, "kind": "地方性法规"}}
        found = reasons("catalogue-version", **{**lawful, "notShared": local})
        assert set(found) == {("notShared", "basis", "kind")}
        missing = {"reason": "无", "basis": {"kind": "法律", "title": "某法"}}
        found = reasons("catalogue-version", **{**lawful, "notShared": missing})
        assert set(found) == {("notShared", "basis", "article")}

    def test_not_shared_data_can_only_be_counted(self):
        basis = {"kind": "法律", "title": "某法", "article": "第一条"}
        changes = {
            "shareType": "不予共享",
            "conditions": None,
            "notShared": {"reason": "某", "basis": basis},
        }
        assert ("modes", 0) in reasons("catalogue-version", **changes)

    @pytest.mark.parametrize("code", ["30300101", "a/b/c", "/06001", "30300101/", "三/06001"])
    def test_code_has_exactly_one_slash(self, code):
        assert ("code",) in reasons("catalogue-version", code=code)

    def test_explains_an_unusual_cycle_and_is_not_related_to_itself(self):
        assert ("updateNote",) in reasons("catalogue-version", updateCycle="其他")
        assert ("relatedCodes",) in reasons("catalogue-version", relatedCodes=["30300101/06001"])

    def test_gives_no_reason_for_refusing_what_it_shares(self):
        basis = {"kind": "法律", "title": "某法", "article": "第一条"}
        ground = {"reason": "某", "basis": basis}
        assert ("notShared",) in reasons("catalogue-version", notShared=ground)

    def test_assessments_name_attachments_that_are_there(self):
        assessments = papers.catalogue_version()["assessments"]
        assessments[0]["attachment"] = "审查表.pdf"
        found = reasons("catalogue-version", assessments=assessments)
        assert set(found) == {("assessments", 0, "attachment")}
        attachment = {
            "name": "审查表.pdf",
            "media": "application/pdf",
            "size": 1,
            "sm3": papers.DIGEST,
        }
        assert made("catalogue-version", assessments=assessments, attachments=[attachment])

    def test_item_codes_are_unique(self):
        twice = [papers.item(), papers.item()]
        found = reasons("catalogue-version", items=twice, grade="一般2级")
        assert found == {("items", 1): "信息项代码重复"}

    def test_has_at_most_256_items(self):
        items = [papers.item(f"I{number:03}") for number in range(257)]
        assert ("items",) in reasons("catalogue-version", items=items, grade="一般2级")
        assert len(made("catalogue-version", items=items[:256], grade="一般2级").body.items) == 256

    def test_is_graded_as_its_highest_item(self):
        assert ("grade",) in reasons("catalogue-version", grade="一般2级")

    def test_is_at_least_as_strict_as_its_strictest_item(self):
        changes = {"shareType": "无条件共享", "conditions": None}
        assert ("items", 0, "shareType") in reasons("catalogue-version", **changes)

    def test_mode_goes_with_the_format(self):
        assert ("modes", 0) in reasons("catalogue-version", format="电子文件")
        assert ("modes",) in reasons("catalogue-version", modes=[])
        assert made("catalogue-version", format="电子文件", modes=["文件下载"])

    def test_personal_information_needs_its_assessment(self):
        only = papers.catalogue_version()["assessments"][:1]
        assert ("assessments",) in reasons("catalogue-version", assessments=only)
        assert made("catalogue-version", assessments=only, personalInformation=False)

    def test_needs_a_review_for_secrecy_and_holds_no_secret(self):
        assert ("assessments",) in reasons(
            "catalogue-version", assessments=[], personalInformation=False
        )
        assert ("secret",) in reasons("catalogue-version", secret=True)

    @pytest.mark.parametrize("mask", ["half", "keep:1", "keep:1,", "keep:1,2,3", "keep:1000,0"])
    def test_masks_are_rules_a_provider_can_carry_out(self, mask):
        items = [papers.item(mask=mask)]
        assert ("items", 0, "mask") in reasons("catalogue-version", items=items)


class TestKey:
    def test_of_an_application_has_an_encryption_key_of_its_own(self):
        assert ("encryptionKey",) in reasons("key", encryptionKey=None)
        same = {**papers.key()["encryptionKey"], "publicKey": papers.KEY}
        assert ("encryptionKey", "publicKey") in reasons("key", encryptionKey=same)
        backwards = {**papers.key()["encryptionKey"], "validUntil": "2025-01-01"}
        assert ("encryptionKey", "validUntil") in reasons("key", encryptionKey=backwards)

    def test_of_an_officer_names_him_and_his_handle(self):
        assert ("name",) in reasons("officer-key", name="")
        for handle in ("00" * 32, "ab" * 31, "XY" * 32):
            assert ("person",) in reasons("officer-key", person=handle)

    def test_of_a_department_names_the_logs_second_key(self):
        holder = {"department": papers.POLICE, "application": None}
        found = reasons("key", kind="部门", holder=holder, encryptionKey=None)
        assert set(found) == {("ed25519",)}

    def test_says_who_hosts_it(self):
        assert ("host",) in reasons("key", custody="hosted")
        assert ("host",) in reasons("department", host=papers.CENTRE)
        assert made("key", custody="hosted", host=papers.CENTRE)


class TestRoles:
    def test_are_named_once(self):
        assert ("roles", 1) in reasons("roles", roles=["审计员", "审计员"])

    def test_empty_takes_all_back(self):
        assert documents.derive(made("roles", roles=[]))["roles"] == 0


class TestReview:
    def test_returns_with_a_reason(self):
        verdict = {**papers.review()["reviews"][0], "publish": False}
        assert ("reviews", 0, "reason") in reasons("review", reviews=[verdict])

    def test_judges_an_entry_once(self):
        verdict = papers.review()["reviews"][0]
        assert ("reviews", 1) in reasons("review", reviews=[verdict, verdict])


class TestStep:
    def test_answers_a_document_unless_it_protects(self):
        assert ("subject",) in reasons("step", step="恢复")
        assert ("subject",) in reasons("step", subject=papers.DIGEST)

    def test_says_what_is_lacking_when_ends_and_how_it_is_ruled_exactly_where_that_is_the_step(
        self,
    ):
        answered = {"subject": papers.DIGEST}
        for step, member, value in (
            ("要求补正", "points", ["使用依据的条款"]),
            ("终止服务", "effective", "2026-06-30"),
            ("争议裁定", "outcome", "暂停"),
        ):
            assert made("step", step=step, **answered, **{member: value})
            assert (member,) in reasons("step", step=step, **answered)
            assert (member,) in reasons("step", step="交付", **answered, **{member: value})

    def test_has_a_word_for_every_step_but_those_that_carry_terms(self):
        carried = {step for step in documents.STEPS if step not in documents.CHANGES}
        assert {*get_args(StepName)} == carried
        assert {*documents.STEPS.values()} == set(Step)
        assert {*get_args(OutcomeName)} == set(documents.OUTCOMES)


class TestChange:
    def test_names_each_item_once_and_ends_after_it_begins(self):
        assert ("items", 1) in reasons("change", items=["XM", "XM"])
        assert ("validUntil",) in reasons("change", validUntil="2026-01-31")


class TestWithdrawal:
    def test_gives_a_reason_for_every_entry_and_names_it_once(self):
        one = papers.withdrawal()["withdrawals"][0]
        assert ("withdrawals", 1) in reasons("withdrawal", withdrawals=[one, one])
        assert ("withdrawals", 0, "reason") in reasons(
            "withdrawal", withdrawals=[{**one, "reason": ""}]
        )

    def test_is_not_agreed_to_with_a_reason_only(self):
        verdict = {**papers.withdrawal_review()["reviews"][0], "accept": False}
        assert ("reviews", 0, "reason") in reasons("withdrawal-review", reviews=[verdict])


class TestReply:
    def test_refuses_item_by_item_with_a_reason_and_a_ground(self):
        assert ("refusals",) in reasons("reply", refusals=[])
        bare = {"item": "GMSFHM", "reason": "不需要"}
        assert ("refusals", 0, "ground") in reasons("reply", refusals=[bare])
        law = papers.refusal(ground={"kind": "法律", "citation": "某法", "article": None})
        assert ("refusals", 0, "ground", "article") in reasons("reply", refusals=[law])

    def test_that_agrees_refuses_nothing_and_one_that_refuses_grants_nothing(self):
        assert ("refusals",) in reasons("reply", answer="同意")
        assert ("grant",) in reasons("reply", answer="不同意")
        assert made("reply", answer="同意", refusals=[])
        assert made("reply", answer="不同意", grant=None)

    def test_does_not_grant_what_it_refuses(self):
        assert ("refusals",) in reasons("reply", refusals=[papers.refusal("XM")])


class TestApplication:
    @pytest.mark.parametrize("name", ["basis", "scenario", "scope", "mode", "validUntil"])
    def test_states_the_five_things_the_regulation_asks_for(self, name):
        body = papers.application()
        del body[name]
        with pytest.raises(MalformedDocument, match="缺少此项"):
            documents.new_document("application", body)

    def test_ends_after_it_begins(self):
        assert reasons("application", validUntil="2026-01-31")[("validUntil",)]


class TestTerms:
    @pytest.mark.parametrize(
        "clause", [{}, {"ne": 1}, {"in": []}, {"in": ["x"] * 101}, {"prefix": 1}, {"eq": [1]}]
    )
    def test_scope_rows_only_as_a_source_can(self, clause):
        assert reasons("terms", rowScope={"XM": clause})


class TestDerive:
    def test_a_department_is_enrolled_as_its_document_says(self):
        fields = documents.derive(made("department"))
        key = Sm2PublicKey.from_raw(bytes.fromhex(papers.KEY))
        assert fields["department"] == ids.department_id(papers.POLICE)
        assert (fields["headX"], fields["headY"]) == (key.x, key.y)

    def test_an_update_registers_no_key_and_is_no_enrolment(self):
        update = made("department", head=None)
        fields = documents.derive(update)
        told = {name: value for name, value in fields.items() if value is not None}
        assert set(told) == {"department", "competent", "screening", "mayEnrol"}
        assert documents.contradicts(update, told) == []
        enrolled = documents.derive(made("department"))
        assert documents.contradicts(update, enrolled) == ["headX"]
        assert "headX" in documents.contradicts(made("department"), told)

    def test_a_service_ends_with_its_last_day(self):
        ended = made("step", step="终止服务", subject=papers.DIGEST, effective="2026-12-31")
        assert documents.derive(ended)["effective"] == 1798732800
        assert documents.derive(made("step"))["effective"] == 0

    def test_until_the_thirty_first_ends_with_the_next_midnight_in_beijing(self):
        fields = documents.derive(made("application"))
        assert fields["validFrom"] == 1769875200  # 2026-02-01T00:00+08:00
        assert fields["validUntil"] == 1798732800  # 2027-01-01T00:00+08:00

    def test_a_key_of_an_application_hangs_under_the_application(self):
        holder = documents.derive(made("key"))["holder"]
        department = ids.department_id(papers.EDUCATION)
        assert holder == keccak256(department + keccak256(b"ZHSX"))

    def test_roles_become_bits(self):
        expected = Role.OFFICE_HEAD | Role.DUTY_OFFICER
        assert documents.derive(made("roles"))["roles"] == expected

    def test_items_follow_from_the_pinned_version_only(self):
        application = made("application", items=["GMSFHM"])
        version = made("catalogue-version").body
        assert "items" not in documents.derive(application)
        assert documents.derive(application, version=version)["items"] == 0b10
        with pytest.raises(ItemNotGranted):
            documents.derive(made("application", items=["NONE"]), version=version)

    def test_a_refusal_grants_no_items(self):
        fields = documents.derive(made("reply", answer="不同意", grant=None))
        assert (fields["items"], fields["answer"]) == (0, Answer.REFUSE)

    def test_a_protective_step_answers_nothing(self):
        fields = documents.derive(made("step"))
        assert (fields["step"], fields["subject"]) == (Step.SUSPEND, bytes(32))

    @given(st.sampled_from(KINDS), st.data())
    def test_any_changed_field_is_found(self, kind, draw):
        document = made(kind)
        version = made("catalogue-version").body
        fields = documents.derive(document, version=version)
        assert documents.contradicts(document, {**fields, "nonce": 1}, version=version) == []
        if fields:
            named = sorted(name for name, value in fields.items() if value is not None)
            name = draw.draw(st.sampled_from(named))
            changed = {**fields, name: _other(fields[name])}
            assert documents.contradicts(document, changed, version=version) == [name]

    def test_mode_is_the_number_of_the_contract(self):
        assert documents.derive(made("application"))["mode"] == Mode.QUERY


def _other(value):
    if isinstance(value, bytes):
        return bytes(32) if any(value) else b"\1" * 32
    return [] if isinstance(value, list) else value + 1


class TestWhatIsSaidOfAPattern:
    """An author who is no programmer reads it."""

    def patterns(self, model, seen):
        """Every pattern a kind's members are judged by, however deep."""
        if model in seen:
            return
        seen.add(model)
        for field in model.model_fields.values():
            yield from (each.pattern for each in field.metadata if getattr(each, "pattern", None))
            yield from self.inside(field.annotation, seen)

    def inside(self, kind, seen):
        for each in getattr(kind, "__metadata__", ()):
            for found in getattr(each, "metadata", ()):
                if getattr(found, "pattern", None):
                    yield found.pattern
        if isinstance(kind, type) and hasattr(kind, "model_fields"):
            yield from self.patterns(kind, seen)
        for each in (*get_args(kind), getattr(kind, "__origin__", None)):
            if each is not None and each is not kind:
                yield from self.inside(each, seen)

    @pytest.mark.parametrize("kind", sorted(documents.KINDS))
    def test_every_pattern_has_a_sentence_without_any_of_its_signs(self, kind):
        found = set(self.patterns(documents.KINDS[kind], set()))
        assert found
        assert found <= set(fields.SAID_OF)
        for pattern in found:
            said = fields.SAID_OF[pattern]
            assert re.search("[一-龥]", said)
            assert not re.search(r"[\[\]{}^$*+?|\\]", said)

    def test_it_is_what_a_refusal_says(self):
        found = reasons("catalogue-version", code="30300101-06001")
        assert "30300101/06001" in found["code",]
        assert reasons("catalogue-version", name="户\n籍")["name",] == "不得换行，请写在一行里"
        hidden = reasons("catalogue-version", name="户\u200b籍")["name",]
        assert "零宽空格（U+200B）" in hidden
