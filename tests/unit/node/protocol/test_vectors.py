"""The vectors of docs/protocol.md: what the code makes of them, and that it makes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.crypto import (
    Sm2PublicKey,
    SoftwareUnwrapper,
    sm3,
    verify_decision,
    verify_sm2,
)
from node.errors import EvidenceInvalid, InvalidInput, LedgerError
from node.protocol import forms as documents
from node.protocol.evidence.claim import parse_claim
from node.protocol.evm.decision import DECISIONS, Domain, hash_decision
from node.protocol.wire import canonical, ids, merkle
from node.protocol.wire.checkpoint import SignedCheckpoint, checkpoint_hash, verify_note
from node.protocol.wire.encoding import unb64u
from node.protocol.wire.envelope import envelope_bytes, open_envelope
from node.protocol.wire.items import bitmap
from node.protocol.wire.leaf import CALL, KINDS, parse_leaf
from node.protocol.wire.receipt import Receipt, verify_receipt
from tests.common.make_vectors import make_all
from tests.common.vectors import load_vectors, raw

NAMES = ("keys", "ids", "canonical", "documents", "decisions", "calls", "answer", "log")
KEYS = load_vectors("keys")
IDS = load_vectors("ids")
CANONICAL = load_vectors("canonical")
ANSWER = load_vectors("answer")
LOG = load_vectors("log")
DECIDED = load_vectors("decisions")["decisions"]
PAPERS = load_vectors("documents")["documents"]


def public(name: str) -> Sm2PublicKey:
    """Return the public key of the vectors called `name`."""
    key = KEYS["sm2"][name]
    return Sm2PublicKey.from_coordinates(int(key["x"], 16), int(key["y"], 16))


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return make_all()


@pytest.mark.parametrize("name", NAMES)
def test_comes_out_the_same_when_made_anew(made: dict[str, Any], name: str) -> None:
    # Through JSON: tuples and lists are one there.
    assert json.loads(json.dumps(made[name])) == load_vectors(name)


def test_every_file_is_made_or_of_a_standard() -> None:
    files = {path.stem for path in (Path(__file__).parents[3] / "vectors").glob("*.json")}
    others = {"blocks", "eip712", "evidence", "evidence-told", "evidence-trust", "merkle"}
    others |= {"sm2", "sm3", "sm4"}
    assert files == {*NAMES, *others}


@pytest.mark.parametrize("name", KEYS["sm2"])
def test_keys_have_the_ids_and_identity_hashes_given(name: str) -> None:
    key = public(name)
    assert key.key_id.hex() == KEYS["sm2"][name]["keyid"]
    assert key.za.hex() == KEYS["sm2"][name]["za"]


def test_identifiers_are_those_given() -> None:
    police = ids.department_id(IDS["department"]["code"])
    assert police.hex() == IDS["department"]["id"]
    assert ids.department_code(police) == IDS["department"]["code"]
    entry, application = IDS["entry"], IDS["application"]
    assert ids.entry_id(police, entry["code"]).hex() == entry["id"]
    consumer = ids.department_id(application["department"])
    assert ids.application_id(consumer, application["code"]).hex() == application["id"]
    assert ids.purpose_id(IDS["purpose"]["code"]).hex() == IDS["purpose"]["id"]
    items = IDS["items"]
    assert f"{bitmap(items['codes'], items['chosen']):064x}" == items["bitmap"]
    log, event = IDS["log"], IDS["event"]
    registry = bytes.fromhex(log["registry"])
    assert ids.log_origin(log["chainId"], registry, log["department"]) == log["origin"]
    assert ids.log_id(log["origin"]).hex() == log["id"]
    made = ids.event_id(event["created"], event["authority"], event["keyid"], event["nonce"])
    assert made.hex() == event["id"]


@pytest.mark.parametrize("case", CANONICAL["accepted"], ids=lambda case: case["bytes"][:12])
def test_canonical_json_has_one_rendering(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["bytes"])
    assert canonical.dumps(case["value"]) == data
    assert canonical.loads(data) == case["value"]


@pytest.mark.parametrize("name", CANONICAL["refused"])
def test_canonical_json_refuses_every_other(name: str) -> None:
    with pytest.raises(InvalidInput):
        canonical.loads(bytes.fromhex(CANONICAL["refused"][name]))


@pytest.mark.parametrize("case", PAPERS, ids=lambda case: case["kind"])
def test_documents_are_well_formed_and_hash_to_their_digests(case: dict[str, Any]) -> None:
    paper = documents.parse(case["bytes"].encode())
    assert (paper.kind, paper.digest.hex()) == (case["kind"], case["digest"])


def test_there_is_a_document_of_every_kind() -> None:
    assert {case["kind"] for case in PAPERS} == set(documents.KINDS)


@pytest.mark.parametrize("case", DECIDED, ids=lambda case: case["struct"])
def test_decisions_are_signed_over_their_hash(case: dict[str, Any]) -> None:
    decided = load_vectors("decisions")
    address = bytes.fromhex(decided["contracts"][case["contract"]])
    kind = DECISIONS[case["struct"]]
    hashed = hash_decision(kind, raw(case["message"]), Domain(decided["chainId"], address))
    assert hashed.hex() == case["hash"]
    verify_decision(public(case["signer"]), hashed, bytes.fromhex(case["signature"]))
    assert (case["possession"] is not None) == kind.possession
    if kind.possession:
        verify_decision(public(case["possessedBy"]), hashed, bytes.fromhex(case["possession"]))


def test_there_is_a_decision_of_every_kind() -> None:
    assert {case["struct"] for case in DECIDED} == set(DECISIONS)


class TestTheAnswer:
    def test_opens_with_the_recipients_key_alone(self) -> None:
        key = KEYS["sm2"][ANSWER["recipient"]]
        unwrapper = SoftwareUnwrapper.from_scalar(int(key["d"], 16), public(ANSWER["recipient"]))
        event = bytes.fromhex(ANSWER["event"])
        plain = open_envelope(ANSWER["envelope"], unwrapper, event)
        assert plain.decode() == ANSWER["plaintext"]
        assert sm3(plain).hex() == ANSWER["plain"]
        with pytest.raises(InvalidInput):
            open_envelope(ANSWER["envelope"], SoftwareUnwrapper.generate(), event)
        with pytest.raises(InvalidInput):
            open_envelope(ANSWER["envelope"], unwrapper, bytes(32))

    def test_hashes_to_what_the_leaf_says(self) -> None:
        leaf = parse_leaf(LOG["leaves"][1]["bytes"].encode())
        assert leaf.answer == sm3(envelope_bytes(ANSWER["envelope"]))
        assert (leaf.answer.hex(), leaf.plain) == (ANSWER["answer"], bytes.fromhex(ANSWER["plain"]))
        assert leaf.event.hex() == ANSWER["event"]


class TestTheLog:
    def test_leaves_are_signed_calls_in_a_chain(self) -> None:
        leaves = [parse_leaf(each["bytes"].encode()) for each in LOG["leaves"]]
        for leaf, name in zip(leaves, ("application", "application", "stranger"), strict=True):
            verify_sm2(public(name), leaf.base, leaf.signature)
        hashes = [merkle.leaf_hash(each["bytes"].encode()).hex() for each in LOG["leaves"]]
        assert hashes == [each["hash"] for each in LOG["leaves"]]
        assert leaves[1].prev.hex() == hashes[0]
        assert [leaf.number for leaf in leaves] == [1, 2, 0]

    def test_there_is_a_leaf_of_every_other_kind(self) -> None:
        for case in LOG["others"]:
            leaf = parse_leaf(case["bytes"].encode(), (case["kind"],))
            leaf.verify_times()
            assert merkle.leaf_hash(case["bytes"].encode()).hex() == case["hash"]
            bundle: Any = SimpleNamespace(leaf=case["bytes"].encode())
            with pytest.raises(EvidenceInvalid, match=f"of kind {case['kind']}; call is wanted"):
                parse_claim(bundle)
        assert {CALL, *(case["kind"] for case in LOG["others"])} == set(KINDS)

    def test_proofs_lead_to_the_roots(self) -> None:
        roots = [bytes.fromhex(root) for root in LOG["roots"]]
        for case in LOG["inclusion"]:
            leaf = bytes.fromhex(LOG["leaves"][case["index"]]["hash"])
            proof = [bytes.fromhex(node) for node in case["proof"]]
            size = case["size"]
            merkle.verify_inclusion(leaf, case["index"], size, proof, roots[size])
        for case in LOG["consistency"]:
            old, new = case["old"], case["new"]
            proof = [bytes.fromhex(node) for node in case["proof"]]
            merkle.verify_consistency(old, roots[old], new, roots[new], proof)

    def test_the_checkpoint_is_signed_by_both_keys(self) -> None:
        note = LOG["checkpoint"]["note"].encode()
        signed = SignedCheckpoint.parse(note)
        assert signed.render() == note
        assert signed.checkpoint.text.decode() == LOG["checkpoint"]["text"]
        assert checkpoint_hash(signed.checkpoint.text).hex() == LOG["checkpoint"]["checkpointHash"]
        verify_note(signed, sm2=public(LOG["keys"]["sm2"]), ed25519=self.ed25519())

    @pytest.mark.parametrize("grade", ["receipt", "anchored"])
    def test_receipts_hold(self, grade: str) -> None:
        receipt = Receipt.parse(LOG[grade])
        sm2 = public(LOG["keys"]["sm2"])
        verify_receipt(receipt, sm2=sm2, ed25519=self.ed25519(), origin=LOG["origin"])
        assert receipt.render() == LOG[grade]

    def test_a_receipt_with_any_bit_of_its_leaf_changed_does_not(self) -> None:
        leaf = unb64u(LOG["receipt"]["leaf"])
        for place in range(0, 8 * len(leaf), 97):
            changed = bytearray(leaf)
            changed[place // 8] ^= 1 << place % 8
            receipt = Receipt.parse(LOG["receipt"])
            forged = Receipt(
                bytes(changed), receipt.index, receipt.size, receipt.proof, receipt.checkpoint
            )
            with pytest.raises(LedgerError):
                verify_receipt(
                    forged,
                    sm2=public(LOG["keys"]["sm2"]),
                    ed25519=self.ed25519(),
                    origin=LOG["origin"],
                )

    @staticmethod
    def ed25519() -> bytes:
        return bytes.fromhex(KEYS["ed25519"][LOG["keys"]["ed25519"]]["public"])
