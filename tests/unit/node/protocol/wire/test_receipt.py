import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import Ed25519Signer, SoftwareSigner
from node.errors import (
    CheckpointInvalid,
    ConsistencyInvalid,
    InclusionInvalid,
    MalformedCheckpoint,
    MalformedReceipt,
    ReceiptInvalid,
)
from node.protocol.wire import canonical, ids
from node.protocol.wire.checkpoint import Checkpoint, sign_note
from node.protocol.wire.receipt import (
    Anchored,
    Receipt,
    Witnessed,
    verify_anchored,
    verify_receipt,
)
from tests.common import trees
from tests.unit.node.protocol.wire.test_leaf import DATA as LEAF

SM2, ED25519 = SoftwareSigner.generate(), Ed25519Signer.generate()
ORIGIN = ids.log_origin(31337, b"\x0a" * 20, "11130900MB1234567X")
ENTRIES = [b"entry %d" % index for index in range(20)]
ENTRIES[4] = LEAF


def note(size: int, origin: str = ORIGIN) -> bytes:
    checkpoint = Checkpoint(origin, size, trees.root(ENTRIES[:size]))
    return sign_note(checkpoint, sm2=SM2, ed25519=ED25519).render()


ANCHORED = Anchored(
    chain_id=31337,
    contract=b"\x0c" * 20,
    tx=b"\1" * 32,
    block=9,
    block_hash=b"\2" * 32,
    size=20,
    consistency=tuple(trees.proof(7, ENTRIES)),
)
RECEIPT = Receipt(LEAF, 4, 7, tuple(trees.path(4, ENTRIES[:7])), note(7))
FULL = replace(
    RECEIPT, witnessed=Witnessed(note(20), tuple(trees.proof(7, ENTRIES))), anchored=ANCHORED
)


def verify(receipt: Receipt) -> None:
    verify_receipt(receipt, sm2=SM2.public_key, ed25519=ED25519.public, origin=ORIGIN)


class TestForm:
    @given(
        leaf=st.binary(max_size=200),
        index=st.integers(0, 2**53 - 1),
        size=st.integers(1, 2**53 - 1),
        proof=st.lists(st.binary(min_size=32, max_size=32), max_size=53),
    )
    def test_a_receipt_just_made_is_dumped_as_it_is_rendered(self, leaf, index, size, proof):
        made = Receipt(leaf, index, size, tuple(proof), RECEIPT.checkpoint)
        assert made.dump_logged() == canonical.dumps(made.render())

    @pytest.mark.parametrize("receipt", [RECEIPT, FULL, replace(RECEIPT, anchored=ANCHORED)])
    def test_a_receipt_goes_round(self, receipt: Receipt) -> None:
        assert Receipt.parse(json.loads(json.dumps(receipt.render()))) == receipt

    def test_its_leaf_is_read(self) -> None:
        assert RECEIPT.parsed_leaf.number == 7

    def test_a_receipt_of_a_large_log_stays_below_two_kilobytes_beside_the_leaf(self) -> None:
        large = replace(RECEIPT, proof=(bytes(32),) * 24)
        rest = {k: v for k, v in large.render().items() if k != "leaf"}
        assert len(json.dumps(rest)) < 2000

    @pytest.mark.parametrize("member", sorted(FULL.render()))
    @pytest.mark.parametrize(
        "value", [None, -1, True, 2**53, "\ud800", ["x"], [1], [""], {}, {"a": 1}, b"", 1.5]
    )
    def test_a_wrong_member_is_refused(self, member: str, value: Any) -> None:
        with pytest.raises(MalformedReceipt):
            Receipt.parse({**FULL.render(), member: value})

    @pytest.mark.parametrize(
        "member", ["chainId", "contract", "tx", "block", "blockHash", "size", "consistency"]
    )
    @pytest.mark.parametrize("value", [None, -1, True, "", "x" * 40, "AB" * 20, [""]])
    def test_a_wrong_anchor_is_refused(self, member: str, value: Any) -> None:
        rendered = FULL.render()
        rendered["anchored"][member] = value
        with pytest.raises(MalformedReceipt):
            Receipt.parse(rendered)

    def test_unknown_members_are_refused(self) -> None:
        with pytest.raises(MalformedReceipt):
            Receipt.parse({**RECEIPT.render(), "more": 1})

    def test_a_leaf_beyond_4_kib_and_endless_proofs_are_refused(self) -> None:
        with pytest.raises(MalformedReceipt):
            Receipt.parse({**RECEIPT.render(), "leaf": "A" * 8000})
        with pytest.raises(MalformedReceipt):
            Receipt.parse({**RECEIPT.render(), "proof": RECEIPT.render()["proof"] * 50})

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
            max_leaves=5,
        )
    )
    def test_random_json_is_no_receipt(self, value: object) -> None:
        with pytest.raises(MalformedReceipt):
            Receipt.parse(value)


class TestVerifying:
    def test_accepts_a_leaf_of_the_log(self) -> None:
        verify(RECEIPT)
        verify(FULL)

    def test_refuses_another_leaf_index_or_proof(self) -> None:
        for broken in (
            replace(RECEIPT, leaf=b"another"),
            replace(RECEIPT, index=3),
            replace(RECEIPT, proof=RECEIPT.proof[:-1]),
            replace(RECEIPT, proof=(bytes(32), *RECEIPT.proof[1:])),
        ):
            with pytest.raises(InclusionInvalid):
                verify(broken)

    def test_refuses_a_checkpoint_of_another_size_or_log(self) -> None:
        with pytest.raises(ReceiptInvalid, match="another size"):
            verify(replace(RECEIPT, checkpoint=note(8)))
        other = ids.log_origin(31337, b"\x0a" * 20, "21130900MB1234567X")
        with pytest.raises(ReceiptInvalid, match="not shareledger"):
            verify(replace(RECEIPT, checkpoint=note(7, other)))

    def test_refuses_other_keys_and_other_text(self) -> None:
        stranger = SoftwareSigner.generate().public_key
        with pytest.raises(CheckpointInvalid):
            verify_receipt(RECEIPT, sm2=stranger, ed25519=ED25519.public, origin=ORIGIN)
        with pytest.raises(MalformedCheckpoint):
            verify(replace(RECEIPT, checkpoint=b"no note"))

    def test_an_anchored_tree_continues_the_receipts(self) -> None:
        verify_anchored(FULL, trees.root(ENTRIES))

    def test_a_tree_that_does_not_is_refused(self) -> None:
        with pytest.raises(ConsistencyInvalid):
            verify_anchored(FULL, bytes(32))
        with pytest.raises(ConsistencyInvalid):
            verify_anchored(
                replace(RECEIPT, anchored=replace(ANCHORED, consistency=())), trees.root(ENTRIES)
            )

    def test_a_receipt_without_an_anchor_is_not_anchored(self) -> None:
        with pytest.raises(InclusionInvalid, match="no anchor"):
            verify_anchored(RECEIPT, trees.root(ENTRIES))
