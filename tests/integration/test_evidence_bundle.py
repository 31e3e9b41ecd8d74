"""Evidence from a real chain, a real log and a real read model, verified from the file alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_sync.trace import collect_bundle
from node.crypto import SoftwareSigner, sm3
from node.errors import (
    ChainInconsistent,
    EventUnknown,
    EvidenceInvalid,
    NotFound,
)
from node.protocol import forms
from node.protocol.evidence import parse_bundle, render_bundle, verify_evidence
from node.protocol.evm import abi
from node.protocol.ledger.enums import Step
from node.protocol.ledger.steps import STEPS
from node.protocol.wire import canonical, ids
from node.protocol.wire.trustfile import Head, parse_trust, render_trust
from tests.common.chain import deployed_on
from tests.common.codes import department_code
from tests.common.evidence import ENTRY_CODE, City
from tests.common.papers import CENTRE, EDUCATION, POLICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.protocol.wire.trustfile import Trust

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def city(own_chain, tmp_path_factory) -> Iterator[City]:
    with deployed_on(own_chain) as chain:
        city = City(chain, tmp_path_factory.mktemp("city"))
        try:
            city.build()
            yield city
        finally:
            city.close()


@pytest.fixture(scope="module")
def event(city: City):
    """The second of three calls, anchored."""
    events = [city.call() for _ in range(3)]
    city.anchor()
    return events[1]


@pytest.fixture(scope="module")
def collected(city: City, event: bytes):
    return city.collect(event)


def flipped(data: bytes, at: int, bits: int) -> bytes:
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


def find_failure(data: bytes, trust: Trust) -> dict[str, Any]:
    with pytest.raises(EvidenceInvalid) as caught:
        verify_evidence(data, trust)
    return caught.value.facts


class TestAGoodBundle:
    def test_is_proven(self, collected, event):
        evidence = verify_evidence(collected.data, collected.trust)
        assert evidence.verdict == "proven"
        assert (evidence.event, evidence.authorisation, evidence.outcome) == (event, 1, "served")
        assert all(check.ok for check in evidence.checks)

    def test_has_a_line_for_every_step_of_the_proof(self, collected):
        ids = [check.id for check in verify_evidence(collected.data, collected.trust).checks]
        assert list(dict.fromkeys(ids)) == [
            "headers",
            "receipts",
            "decisions",
            "documents",
            "version",
            "authorisation",
            "call",
            "permission",
            "inclusion",
            "checkpoint",
            "anchor",
            "stability",
        ]

    def test_names_the_signers(self, collected):
        evidence = verify_evidence(collected.data, collected.trust)
        texts = [each.text for each in evidence.checks if each.id == "authorisation"]
        assert "市教育局" in texts[0]
        assert "申请授权 1" in texts[0]
        assert "市公安局" in texts[1]
        assert "部分同意" in texts[1]

    def test_reads_back_byte_for_byte(self, collected):
        assert render_bundle(parse_bundle(collected.data)) == collected.data

    def test_is_proven_by_the_trust_file_alone(self, collected):
        trust = parse_trust(render_trust(collected.trust))
        assert verify_evidence(collected.data, trust).verdict == "proven"

    def test_is_verified_without_a_server_or_a_chain_library(self, collected, tmp_path):
        """In a process of its own: what is slow to load is never loaded."""
        (tmp_path / "evidence.json").write_bytes(collected.data)
        (tmp_path / "trust.json").write_bytes(render_trust(collected.trust))
        code = (
            "import sys, pathlib\n"
            "from node.protocol.evidence import verify_evidence\n"
            "from node.protocol.wire.trustfile import parse_trust\n"
            "read = lambda name: pathlib.Path(name).read_bytes()\n"
            "verify_evidence(read('evidence.json'), parse_trust(read('trust.json')))\n"
            "heavy = {'web3', 'fastapi', 'sqlalchemy', 'rlp', 'trie', 'httpx', 'eth_abi'}\n"
            "assert not heavy & set(sys.modules)\n"
        )
        subprocess.run(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60
        )

    def test_of_the_same_call_is_proven_after_more_was_anchored(self, city, event):
        city.call()
        city.anchor()
        later = city.collect(event)
        assert verify_evidence(later.data, later.trust).verdict == "proven"

    def test_may_hold_the_request_s_body(self, city, event):
        body = city.reader.request(city.log, city.reader.find_event(city.log, event))
        with_body = city.collect(event, request=body)
        call = next(
            check
            for check in verify_evidence(with_body.data, with_body.trust).checks
            if check.id == "call"
        )
        assert "请求正文与摘要、用途、数据项一致" in call.text

    def test_may_end_at_an_earlier_head(self, city, event):
        anchor = city.follow().find_anchor(city.log, 1)
        early = city.collect(event, head=anchor.block.number)
        assert early.trust.head.number == anchor.block.number
        assert verify_evidence(early.data, early.trust).verdict == "proven"


class TestAChangedBundle:
    @settings(max_examples=50, deadline=None)
    @given(at=st.integers(0, 2**31), bits=st.integers(1, 255))
    def test_fails_and_says_where(self, collected, at, bits):
        data = collected.data
        facts = find_failure(flipped(data, at % len(data), bits), collected.trust)
        assert facts["where"]
        assert facts["text"]

    @pytest.mark.parametrize(
        "member", ["leaf", "index", "proof", "checkpoint", "consistency", "claim", "type", "v"]
    )
    def test_fails_all_over_the_claim(self, collected, member):
        """A dozen places of each: flips anywhere are the property above, and cost a second each."""
        data = collected.data
        start = data.index(f'"{member}":'.encode())
        value = canonical.dumps(canonical.loads(data, limit=len(data))[member])
        end = start + len(member) + 3 + len(value)
        for turn, at in enumerate(range(start, end, max(1, (end - start) // 12))):
            facts = find_failure(flipped(data, at, 1 << turn % 8), collected.trust)
            assert facts["where"]

    @pytest.mark.parametrize("cut", [1, 100, 10_000])
    def test_fails_when_it_is_cut_short(self, collected, cut):
        assert find_failure(collected.data[:-cut], collected.trust)["where"].startswith("byte ")

    def test_fails_at_a_changed_header(self, collected):
        bundle = parse_bundle(collected.data)
        headers = list(bundle.headers)
        headers[3] = flipped(headers[3], 40, 1)
        facts = find_failure(render_bundle(replace(bundle, headers=headers)), collected.trust)
        assert facts["where"] == "headers[3]"

    def test_fails_at_a_changed_receipt(self, collected):
        bundle = parse_bundle(collected.data)
        block = sorted(bundle.receipts)[4]
        receipts = {**bundle.receipts, block: [flipped(bundle.receipts[block][0], 300, 1)]}
        facts = find_failure(render_bundle(replace(bundle, receipts=receipts)), collected.trust)
        assert facts["where"] == f"receipts[block {block}]"

    @pytest.mark.parametrize("position", [0, 3, -1])
    def test_fails_when_a_block_s_receipts_are_hidden(self, collected, position):
        bundle = parse_bundle(collected.data)
        block = sorted(bundle.receipts)[position]
        receipts = {key: value for key, value in bundle.receipts.items() if key != block}
        facts = find_failure(render_bundle(replace(bundle, receipts=receipts)), collected.trust)
        assert facts["where"] == f"receipts[block {block}]"
        assert "缺少收据" in facts["text"]

    def test_fails_when_receipts_are_added_that_nobody_asked_for(self, collected):
        bundle = parse_bundle(collected.data)
        receipts = {**bundle.receipts, 0: []}
        facts = find_failure(render_bundle(replace(bundle, receipts=receipts)), collected.trust)
        assert facts["where"] == "receipts[block 0]"

    def test_fails_when_a_document_is_added_that_nobody_decided_on(self, collected):
        bundle = parse_bundle(collected.data)
        more = {**bundle.documents, sm3(b"{}"): b"{}"}
        facts = find_failure(render_bundle(replace(bundle, documents=more)), collected.trust)
        assert "没有任何决定引用" in facts["text"]

    def test_fails_without_the_document_of_the_log_s_key(self, city, collected):
        bundle = parse_bundle(collected.data)
        fewer = {k: v for k, v in bundle.documents.items() if k != city.log_key.digest}
        facts = find_failure(render_bundle(replace(bundle, documents=fewer)), collected.trust)
        assert facts["where"] == "documents"

    def test_holds_without_a_restricted_document(self, city, collected):
        bundle = parse_bundle(collected.data)
        fewer = {k: v for k, v in bundle.documents.items() if k != city.answered.digest}
        data = render_bundle(replace(bundle, documents=fewer))
        assert verify_evidence(data, collected.trust).verdict == "proven"

    def test_fails_with_another_call_s_leaf(self, city, collected):
        bundle = parse_bundle(collected.data)
        other = city.reader.receipt(city.log, 0)
        data = render_bundle(replace(bundle, leaf=other.leaf))
        assert find_failure(data, collected.trust)["where"] == "claim.event"

    def test_fails_when_another_event_is_claimed(self, collected):
        data = render_bundle(replace(parse_bundle(collected.data), event=b"\1" * 32))
        assert find_failure(data, collected.trust)["where"] == "claim.event"

    def test_fails_with_a_body_that_was_not_signed(self, collected):
        data = render_bundle(replace(parse_bundle(collected.data), request=b"{}"))
        assert find_failure(data, collected.trust)["where"] == "request"


class TestAnotherTrustFile:
    @pytest.mark.parametrize(
        ("change", "where"),
        [
            ({"chain_id": 1}, "block "),
            ({"genesis_hash": b"\1" * 32}, "headers[0]"),
            ({"registry": b"\1" * 20}, "receipts[block "),
            ({"root_key": SoftwareSigner.generate().public_key}, "block "),
        ],
    )
    def test_proves_nothing(self, collected, change, where):
        facts = find_failure(collected.data, replace(collected.trust, **change))
        assert str(facts["where"]).startswith(where)

    def test_with_another_block_for_a_head_proves_nothing(self, collected):
        number = collected.trust.head.number
        for other in (Head(number, b"\1" * 32), Head(number - 1, collected.trust.head.hash)):
            facts = find_failure(collected.data, replace(collected.trust, head=other))
            assert facts["where"] == f"headers[{other.number}]"

    def test_with_a_later_head_and_no_blocks_before_it_is_incomplete(self, collected):
        head = Head(collected.trust.head.number + 1, collected.trust.head.hash)
        trust = replace(collected.trust, head=head, blocks=b"")
        assert verify_evidence(collected.data, trust).verdict == "incomplete"


class TestWhatACallWasJudgedBy:
    """Each test logs a call that its own provider should have judged otherwise, or could."""

    def evidence(self, city: City, event: bytes) -> Any:
        city.anchor()
        collected = city.collect(event)
        return verify_evidence(collected.data, collected.trust)

    def failure(self, city: City, event: bytes) -> dict[str, Any]:
        city.anchor()
        with pytest.raises(EvidenceInvalid) as caught:
            city.collect(event)
        return caught.value.facts

    def test_items_never_granted_are_found(self, city, event):
        assert event
        assert self.failure(city, city.call(items=0b11))["where"] == "leaf.items"

    def test_no_items_are_found(self, city):
        assert self.failure(city, city.call(items=0))["where"] == "leaf.items"

    def test_an_earlier_second_than_the_block_s_is_found(self, city):
        """A provider cannot date a call back to before a decision that it knows."""
        city.anchor()
        judged = city.block().timestamp - 1
        facts = self.failure(city, city.call(judged=judged))
        assert facts["where"] == "leaf.judged"
        assert "before its block" in facts["english"]

    def test_a_second_key_under_the_first_key_s_document_changes_nothing(self, city):
        """A consumer cannot make its own calls unprovable."""
        event, other = city.call(), SoftwareSigner.generate()
        paper = next(
            document
            for document in map(forms.parse, city.kept.values())
            if document.kind == "key" and document.body.kind == "应用系统"
        )
        public = other.public_key
        message = {**forms.derive(paper), "digest": paper.digest, "qx": public.x, "qy": public.y}
        city.decide("AddKey", message, city.heads[EDUCATION], other)
        assert self.evidence(city, event).verdict == "proven"

    def test_a_frozen_entry_is_the_ground_of_a_refusal(self, city):
        order = {"entry": ids.entry_id(ids.department_id(POLICE), ENTRY_CODE), "digest": bytes(32)}
        city.decide("FreezeEntry", order, city.heads[CENTRE])
        assert self.evidence(city, city.call(outcome="entry-frozen")).verdict == "proven"
        assert "entry-frozen" in self.failure(city, city.call())["text"]
        city.decide("UnfreezeEntry", {**order, "digest": b"\1" * 32}, city.heads[CENTRE])
        assert self.evidence(city, city.call()).verdict == "proven"

    def test_a_suspended_consumer_is_the_ground_of_a_refusal(self, city):
        status = {"department": ids.department_id(EDUCATION), "digest": b"\1" * 32}
        city.decide("SetDepartmentStatus", {**status, "status": 2}, city.heads[CENTRE])
        suspended = city.call(outcome="department-suspended")
        assert self.evidence(city, suspended).verdict == "proven"
        assert "department-suspended" in self.failure(city, city.call())["text"]
        city.decide("SetDepartmentStatus", {**status, "status": 1}, city.heads[CENTRE])
        assert self.evidence(city, city.call()).verdict == "proven"

    def test_another_custody_than_the_key_s_is_found(self, city):
        assert self.failure(city, city.call(custody="hosted"))["where"] == "leaf.custody"

    def test_another_version_is_found(self, city):
        assert self.failure(city, city.call(version=2))["where"] == "leaf.version"

    def test_an_authorisation_that_does_not_exist_is_found(self, city):
        facts = self.failure(city, city.call(authorisation=99))
        assert "authorisation-unknown" in facts["text"]

    def test_a_block_that_is_not_on_the_chain_is_found(self, city):
        block = replace(city.block(), hash=b"\1" * 32)
        assert self.failure(city, city.call(block=block))["where"] == "leaf.block"

    def test_a_refusal_without_ground_is_found(self, city):
        facts = self.failure(city, city.call(outcome="authorisation-suspended"))
        assert facts["where"] == "leaf.outcome"

    def test_a_refusal_that_the_ledger_does_not_decide_is_on_record(self, city):
        evidence = self.evidence(city, city.call(outcome="quota-calls"))
        assert evidence.verdict == "proven"
        assert evidence.outcome == "quota-calls"

    def test_a_call_is_undetermined_when_it_was_suspended_before_the_anchor(self, city):
        event = city.call()
        city.advance(1, "暂停")
        evidence = self.evidence(city, event)
        assert evidence.verdict == "undetermined"
        assert [check.id for check in evidence.checks if not check.ok] == ["stability"]
        suspended = city.call(outcome="authorisation-suspended")
        assert self.evidence(city, suspended).verdict == "proven"
        served = city.call()
        assert "authorisation-suspended" in self.failure(city, served)["text"]
        city.advance(1, "恢复", subject=city.answered.digest)
        assert self.evidence(city, city.call()).verdict == "proven"


class TestCollecting:
    def test_refuses_a_call_nobody_logged(self, city):
        with pytest.raises(EventUnknown):
            city.collect(b"\1" * 32)

    def test_refuses_a_call_that_is_not_anchored(self, city):
        with pytest.raises(NotFound, match="not anchored"):
            city.collect(city.call())

    def test_leaves_out_what_the_exporter_does_not_have(self, city, event):
        kept = city.kept
        try:
            city.kept = {digest: data for digest, data in kept.items() if forms.parse(data).public}
            collected = city.collect(event)
        finally:
            city.kept = kept
        kinds = {forms.parse(one).kind for one in parse_bundle(collected.data).documents.values()}
        assert "reply" not in kinds
        assert "catalogue-version" in kinds

    def test_leaves_out_a_paper_that_names_others_than_the_parties(self, city):
        """Shown all the same it is refused: its decision was about others than it says."""
        document, fields = city.keep(
            "step",
            authorisation=1,
            step="交付",
            subject=city.answered.digest.hex(),
            parties={"provider": POLICE, "consumer": department_code(9)},
        )
        city.decide("Step", fields, city.officers[POLICE])
        city.answered = document
        event = city.call()
        city.anchor()
        collected = city.collect(event)
        bundle = parse_bundle(collected.data)
        assert document.digest not in bundle.documents
        more = {**bundle.documents, document.digest: city.kept[document.digest]}
        facts = find_failure(render_bundle(replace(bundle, documents=more)), collected.trust)
        assert facts["where"] == f"document {document.digest.hex()}"
        assert "parties" in facts["text"]


class TestALyingEndpoint:
    """What the chain endpoint says is held against the read model and against hashes."""

    def collect(self, city: City, event: bytes, **answers: Any) -> None:
        real = city.chain
        gateway = Mock(wraps=real.gateway)
        gateway.configure_mock(**answers)
        collect_bundle(
            event,
            queries=city.follow(),
            logs=city.logs,
            documents=city,
            gateway=gateway,
            deployment=real.deployment,
        )

    def test_is_found_by_a_header_that_does_not_hash(self, city, event):
        def headers(first, last):
            found = city.chain.gateway.headers(first, last)
            return [replace(one, raw={**one.raw, "gasUsed": "0x1"}) for one in found]

        with pytest.raises(ChainInconsistent, match="does not hash"):
            self.collect(city, event, **{"headers.side_effect": headers})

    def test_is_found_by_blocks_that_do_not_follow_each_other(self, city, event):
        def headers(first, last):
            return [
                replace(one, number=number)
                for number, one in enumerate(city.chain.gateway.headers(first - 1, last - 1), first)
            ]

        genesis = city.chain.gateway.headers(0, 0)
        with pytest.raises(ChainInconsistent, match="block 1 does not follow"):
            self.collect(
                city,
                event,
                **{
                    "headers.side_effect": lambda first, last: [
                        *genesis,
                        *headers(first + 1, last),
                    ]
                },
            )

    def test_is_found_by_receipts_left_out(self, city, event):
        with pytest.raises(ChainInconsistent, match="receipts"):
            self.collect(city, event, **{"block_receipts.return_value": []})


class TestALogThatChangesItsKey:
    """Last: it leaves the city with another key for its log's checkpoints."""

    def test_keeps_what_was_anchored_before_the_old_key_was_revoked(self, city, event):
        early = city.collect(event)
        revoked = {"key": city.identity.sm2.public_key.key_id, "digest": bytes(32)}
        city.decide("RevokeKey", revoked, city.heads[POLICE])
        bundle = parse_bundle(early.data)
        again = city.collect(event)
        assert verify_evidence(again.data, again.trust).verdict == "proven"
        assert parse_bundle(again.data).leaf == bundle.leaf

    def test_refuses_what_the_revoked_key_signed_since(self, city):
        event = city.call()
        city.anchor()
        with pytest.raises(EvidenceInvalid) as caught:
            city.collect(event)
        assert caught.value.facts["where"] == "documents"


def test_the_core_s_steps_are_the_contract_s(city):
    for step in range(256):
        answer = city.chain.gateway.call(
            city.address("ShareAuthorisations"),
            abi.encode_call("ShareAuthorisations", "ruleOf", {"step": step}),
        )
        row = next(iter(abi.decode_result("ShareAuthorisations", "ruleOf", answer).values()))
        rule = STEPS.get(step)
        assert tuple(row.values()) == (rule[1:] if rule else (0,) * len(row))
    assert set(STEPS) == set(Step)
