"""A bundle as a file: read strictly, verified whole, and never more than refused.

The vector beside these tests is a real bundle (docs/evidence.md); it does not age.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import EvidenceInvalid, MalformedEvidence, SignatureInvalid
from node.protocol.evidence import parse_bundle, render_bundle, verify_evidence
from node.protocol.evidence.claim import _read_body
from node.protocol.evm import blocks
from node.protocol.ledger.report import checking
from node.protocol.wire import canonical
from node.protocol.wire.encoding import b64u
from node.protocol.wire.trustfile import MAX_TRUST_BYTES, Head, parse_trust, render_trust

VECTORS = Path(__file__).parents[4] / "vectors"
DATA = (VECTORS / "evidence.json").read_bytes()
TRUST_FILE = (VECTORS / "evidence-trust.json").read_bytes()
TRUST = parse_trust(TRUST_FILE)
MEMBERS = canonical.loads(DATA, limit=len(DATA))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, ...]] = []
    if isinstance(value, dict):
        inner = [each for key, one in value.items() for each in places(one, (*path, key))]
    elif isinstance(value, list):
        inner = [each for at, one in enumerate(value) for each in places(one, (*path, at))]
    return [path, *inner]


PLACES = places(MEMBERS)


class TestTheVector:
    def test_is_proven(self):
        assert verify_evidence(DATA, TRUST).verdict == "proven"

    def test_is_what_the_format_says(self):
        assert set(MEMBERS) == {
            "type", "v", "claim", "headers", "receipts", "documents", "leaf", "index", "proof",
            "checkpoint", "consistency", "request",
        }  # fmt: skip
        assert (MEMBERS["type"], MEMBERS["v"]) == ("evidence", 1)

    def test_reads_back_byte_for_byte(self):
        assert render_bundle(parse_bundle(DATA)) == DATA

    def test_gives_the_same_lines_twice(self):
        assert verify_evidence(DATA, TRUST) == verify_evidence(DATA, TRUST)


class TestTheRequest:
    """Signed by the application, kept by the provider: both may have meant harm."""

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b"{",
            b"[" * 100_000,
            b'{"purpose":"RXHY","items":5}',
            b'{"purpose":"RXHY","items":[["XM"]]}',
            b'{"purpose":["RXHY"],"items":["XM"]}',
            b'{"purpose":"\\ud800","items":["XM"]}',
            b'{"purpose":"RXHY","items":{"XM":1}}',
            b'{"purpose":"RXHY"}',
        ],
    )
    def test_of_another_form_is_refused(self, body):
        with pytest.raises(EvidenceInvalid) as caught:
            _read_body(body)
        assert caught.value.facts["where"] == "request"

    def test_names_purpose_and_items(self):
        assert _read_body(b'{"purpose":"RXHY","items":["XM"]}') == ("RXHY", ["XM"])


class TestAnyOtherBytes:
    @given(st.binary(max_size=300))
    def test_are_refused(self, data):
        with pytest.raises(EvidenceInvalid):
            verify_evidence(data, TRUST)

    @given(json_values)
    def test_of_json_are_refused(self, value):
        with pytest.raises(EvidenceInvalid) as caught:
            verify_evidence(json.dumps(value).encode(), TRUST)
        assert caught.value.facts["where"]

    @settings(max_examples=300, deadline=None)
    @given(at=st.integers(0, len(DATA) - 1), bits=st.integers(1, 255))
    def test_one_byte_off_are_refused_with_a_place(self, at, bits):
        data = DATA[:at] + bytes([DATA[at] ^ bits]) + DATA[at + 1 :]
        with pytest.raises(EvidenceInvalid) as caught:
            verify_evidence(data, TRUST)
        assert caught.value.facts["where"]
        assert caught.value.facts["text"]

    @settings(max_examples=300, deadline=None)
    @given(place=st.sampled_from(PLACES), value=json_values)
    def test_with_another_value_at_any_place_are_refused(self, place, value):
        changed = json.loads(DATA)
        inner = changed
        for step in place[:-1]:
            inner = inner[step]
        if not place:
            changed = value
        elif inner[place[-1]] == value and type(inner[place[-1]]) is type(value):
            return
        elif place == ("request",) and value is None:
            return  # the one part that may be left out
        else:
            inner[place[-1]] = value
        with pytest.raises(EvidenceInvalid):
            verify_evidence(
                json.dumps(
                    changed, separators=(",", ":"), ensure_ascii=False, sort_keys=True
                ).encode("utf-8", "surrogatepass"),
                TRUST,
            )

    @settings(max_examples=100, deadline=None)
    @given(place=st.sampled_from([place for place in PLACES if place and place[-1] != "request"]))
    def test_with_a_part_left_out_are_refused(self, place):
        changed = json.loads(DATA)
        inner = changed
        for step in place[:-1]:
            inner = inner[step]
        del inner[place[-1]]
        data = canonical.dumps(changed)
        if place[0] == "documents" and len(place) > 1:
            # A reader may not be entitled to a paper; only the log's key's is indispensable.
            try:
                assert verify_evidence(data, TRUST).verdict == "proven"
            except EvidenceInvalid as err:
                assert err.facts["where"] == "documents"  # noqa: PT017
            return
        with pytest.raises(EvidenceInvalid):
            verify_evidence(data, TRUST)

    @pytest.mark.parametrize(
        "data",
        [
            b"[" + b"[]," * 100_000 + b"[]]",
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"a":1,"a":2}',
            b'{"a":NaN}',
            b'{"a":1e400}',
            b'{"a":' + b"9" * 100_000 + b"}",
            b'{"a":"\\ud800"}',
            b'"\xed\xa0\x80"',
            b"\xff\xfe",
            b"\0" * 1000,
        ],
        ids=[
            "many lists", "deep lists", "deep objects", "a member twice", "no number",
            "an infinite number", "a number of 100,000 digits", "half a character",
            "half a character in UTF-8", "another encoding", "zeros",
        ],
    )  # fmt: skip
    def test_of_unusual_json_are_refused(self, data):
        with pytest.raises(EvidenceInvalid) as caught:
            verify_evidence(data, TRUST)
        assert caught.value.facts["where"]

    def test_that_would_not_fit_in_memory_are_refused_unread(self, monkeypatch):
        monkeypatch.setattr(canonical, "loads", lambda *_, **__: pytest.fail("was read"))
        with pytest.raises(EvidenceInvalid, match="more values"):
            verify_evidence(b"[" + b"[]," * 10_000_000 + b"[]]", TRUST)

    def test_with_more_receipts_than_a_block_has_are_refused(self):
        many = {**MEMBERS, "receipts": [{"block": 1, "receipts": ["A" * 40] * 65_537}]}
        with pytest.raises(EvidenceInvalid, match="more receipts"):
            verify_evidence(canonical.dumps(many), TRUST)

    @pytest.mark.parametrize("at", [0, 65_535, 65_536, 70_001])
    def test_say_where_they_differ_also_far_inside(self, at):
        text = "a" * at + "\\u0041" + "b" * 70_000
        with pytest.raises(EvidenceInvalid) as caught:
            verify_evidence(f'"{text}"'.encode(), TRUST)
        assert caught.value.facts["where"] == f"byte {at + 1}"

    def test_say_where_json_ends(self):
        with pytest.raises(EvidenceInvalid) as caught:
            verify_evidence(DATA[:500], TRUST)
        assert str(caught.value.facts["where"]).startswith("byte ")

    def test_say_where_they_stop_being_canonical(self):
        at = DATA.index(b'"claim"')
        with pytest.raises(EvidenceInvalid) as caught:
            verify_evidence(DATA[:at] + b" " + DATA[at:], TRUST)
        assert caught.value.facts["where"] == f"byte {at}"

    @pytest.mark.parametrize(
        ("member", "value", "where"),
        [
            ("v", 2, "type"),
            ("v", True, "type"),
            ("claim", {}, "claim"),
            ("claim", {"event": "AB" * 32}, "claim.event"),
            ("headers", "x", "headers"),
            ("headers", ["="], "headers[0]"),
            ("receipts", [{}], "receipts[0]"),
            ("receipts", [{"block": 2, "receipts": []}, {"block": 2, "receipts": []}],
             "receipts[1]"),
            ("documents", [*reversed(MEMBERS["documents"])], "documents[1]"),
            ("index", True, "index"),
            ("index", -1, "index"),
            ("proof", ["00" * 32] * 129, "proof"),
            ("consistency", [7], "consistency[0]"),
            ("leaf", 7, "leaf"),
            ("leaf", "e30", "leaf"),
            ("checkpoint", "e30", "checkpoint"),
            ("request", 7, "request"),
        ],
    )  # fmt: skip
    def test_name_the_member(self, member, value, where):
        data = canonical.dumps({**MEMBERS, member: value})
        with pytest.raises(EvidenceInvalid) as caught:
            verify_evidence(data, TRUST)
        assert caught.value.facts["where"] == where

    def test_with_a_third_signature_line_are_refused(self):
        bundle = parse_bundle(DATA)
        line = bundle.checkpoint.splitlines(keepends=True)[-1]
        data = render_bundle(replace(bundle, checkpoint=bundle.checkpoint + line))
        with pytest.raises(EvidenceInvalid, match="exactly two lines"):
            verify_evidence(data, TRUST)


class TestTrust:
    def test_reads_back(self):
        assert parse_trust(render_trust(TRUST)) == TRUST
        assert render_trust(TRUST) == TRUST_FILE

    def test_leaves_white_space_free(self):
        assert parse_trust(json.dumps(json.loads(TRUST_FILE)).encode()) == TRUST

    @pytest.mark.parametrize(
        "change",
        [
            {"chainId": "1"},
            {"chainId": -1},
            {"chainId": True},
            {"chainId": 2**53},
            {"genesisHash": "00"},
            {"registry": "0x" + "00" * 20},
            {"registry": "AB" * 20},
            {"rootKey": "00" * 64},
            {"rootKey": None},
            {"head": {"number": 1}},
            {"head": None},
            {"more": 1},
            {"blocks": 1},
            {"blocks": "A"},
            {"blocks": b64u(bytes(32))},
            {"blocks": b64u(bytes(32 * TRUST.head.number))},
        ],
    )
    def test_refuses_a_malformed_member(self, change):
        with pytest.raises(MalformedEvidence):
            parse_trust(json.dumps({**json.loads(TRUST_FILE), **change}).encode())

    def test_refuses_a_member_twice(self):
        with pytest.raises(MalformedEvidence, match="twice"):
            parse_trust(TRUST_FILE.replace(b'"chainId"', b'"chainId": 1, "chainId"', 1))

    def test_refuses_what_is_too_long(self):
        with pytest.raises(MalformedEvidence):
            parse_trust(TRUST_FILE + b" " * MAX_TRUST_BYTES)

    @given(st.binary(max_size=200))
    def test_refuses_random_bytes(self, data):
        with pytest.raises(MalformedEvidence):
            parse_trust(data)

    def test_holds_a_head(self):
        assert isinstance(TRUST.head, Head)


class TestFindings:
    def test_name_the_innermost_place(self):
        with (
            pytest.raises(EvidenceInvalid) as caught,
            checking("outer", "外", "outer"),
            checking("inner", "内", "inner"),
        ):
            raise SignatureInvalid("bad")
        assert caught.value.facts["where"] == "inner"
        assert caught.value.facts["text"] == "内（signature-invalid）"


HASHES = [blocks.header_hash(header) for header in parse_bundle(DATA).headers]
END = TRUST.head
BEFORE = replace(TRUST, head=Head(END.number - 2, HASHES[-3]))
AFTER = replace(TRUST, head=Head(END.number + 2, b"\7" * 32))
"""The chain went on; its later blocks are of no concern here."""


class TestAnotherHead:
    def test_after_the_bundle_proves_it_where_all_blocks_are_listed(self):
        trust = parse_trust(render_trust(replace(AFTER, blocks=b"".join(HASHES) + b"\6" * 32)))
        evidence = verify_evidence(DATA, trust)
        assert evidence.verdict == "proven"
        assert evidence.checks == verify_evidence(DATA, TRUST).checks

    def test_after_the_bundle_without_them_says_nothing_of_it(self):
        evidence = verify_evidence(DATA, AFTER)
        assert (evidence.verdict, evidence.end) == ("incomplete", END)

    def test_before_its_end_leaves_it_incomplete(self):
        evidence = verify_evidence(DATA, BEFORE)
        assert (evidence.verdict, evidence.end) == ("incomplete", END)
        assert [each.id for each in evidence.checks if not each.ok] == ["end"]
        assert evidence.checks[1:] == verify_evidence(DATA, TRUST).checks

    def test_before_its_end_and_another_block_is_another_chain(self):
        trust = replace(BEFORE, head=Head(BEFORE.head.number, HASHES[-2]))
        with pytest.raises(EvidenceInvalid) as refused:
            verify_evidence(DATA, trust)
        assert refused.value.facts["where"] == f"headers[{BEFORE.head.number}]"

    def test_after_the_bundle_with_another_block_there_is_another_chain(self):
        listed = [*HASHES[:-1], b"\5" * 32, b"\6" * 32]
        with pytest.raises(EvidenceInvalid):
            verify_evidence(DATA, replace(AFTER, blocks=b"".join(listed)))

    @pytest.mark.parametrize("trust", [BEFORE, AFTER], ids=["before", "after"])
    def test_makes_no_false_bundle_incomplete(self, trust):
        bundle = parse_bundle(DATA)
        leaf = bundle.leaf.replace(b'"outcome":"served"', b'"outcome":"seized"')
        assert leaf != bundle.leaf
        with pytest.raises(EvidenceInvalid):
            verify_evidence(render_bundle(replace(bundle, leaf=leaf)), trust)

    def test_of_a_bundle_without_headers_is_refused(self):
        data = render_bundle(replace(parse_bundle(DATA), headers=[]))
        with pytest.raises(EvidenceInvalid):
            verify_evidence(data, BEFORE)
