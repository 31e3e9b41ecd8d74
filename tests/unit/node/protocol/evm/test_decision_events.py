"""From a decision to its event and back: whatever was signed comes out as it went in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import sign_decision
from node.errors import MalformedEvent, SignatureInvalid
from node.protocol.evm import abi
from node.protocol.evm.abicodec import AbiError
from node.protocol.evm.decision import (
    DECISIONS,
    DecisionType,
    calldata,
    from_event,
    hash_decision,
    hash_event,
)
from tests.common.reverify import reverify
from tests.unit.node.protocol.evm.test_abicodec import plain
from tests.unit.node.protocol.evm.test_decision import (
    DOMAIN,
    NEWCOMER,
    SIGNER,
    changed,
    each_kind,
    halves,
    parameter_of,
    value_of,
)

POSSESSION = [("possessionR", "uint256"), ("possessionS", "uint256")]
DERIVED: dict[str, list[tuple[str, str]]] = {
    "EnrolDepartment": [("headKey", "bytes32"), *POSSESSION],
    "AddKey": [("addedKey", "bytes32"), *POSSESSION],
    "RecoverKey": [("headKey", "bytes32"), ("validFrom", "uint64"), *POSSESSION],
    "SetDepartmentStatus": [("competent", "bytes32")],
    "RegisterApplication": [("application", "bytes32")],
    "SubmitVersions": [("entries", "bytes32[]")],
    "ReviewVersions": [("competent", "bytes32")],
    "ReviewWithdrawal": [("competent", "bytes32")],
    "FreezeEntry": [("competent", "bytes32")],
    "UnfreezeEntry": [("competent", "bytes32")],
    "ApplyFor": [("first", "uint64"), ("states", "uint8[]")],
    "Reply": [("state", "uint8")],
    "Step": [("state", "uint8")],
    "Change": [("state", "uint8"), ("newRevision", "uint32")],
    "RegisterLog": [("log", "bytes32")],
    "SupersedeLog": [("old", "bytes32"), ("log", "bytes32"), ("generation", "uint32")],
}
"""What a contract adds to a decision's own fields (docs/protocol.md section 3); else nothing."""
LISTED = {"SubmitVersions", "ReviewVersions", "SubmitWithdrawal", "ReviewWithdrawal", "ApplyFor"}
"""Structs with a list, whose hash is not over the words of their event."""
SIGNED = [("seq", "uint64"), ("signingKey", "bytes32"), ("r", "uint256"), ("s", "uint256")]
EVENTS = [
    (contract, item)
    for contract in abi.CONTRACTS
    for item in abi.load_abi(contract)
    if item["type"] == "event"
]


def event_of(kind: DecisionType) -> dict[str, Any]:
    return next(item for _, item in EVENTS if item["name"] == kind.event)


def emitted(item: dict[str, Any], args: dict[str, Any]) -> tuple[list[bytes], bytes]:
    """Return topics and data as a contract emits them, by eth_abi."""
    indexed = [p for p in item["inputs"] if p["indexed"]]
    others = [p for p in item["inputs"] if not p["indexed"]]
    topics = [encode([p["type"]], [args[p["name"]]]) for p in indexed]
    types = [collapse_if_tuple(p) for p in others]
    data = encode(types, [plain(p, args[p["name"]]) for p in others])
    (topic,) = (t for t, named in abi.event_topics().items() if named[1] == item["name"])
    return [topic, *topics], data


class TestDeclarations:
    @each_kind
    def test_an_event_is_the_struct_then_what_is_derived_then_who_signed(
        self, kind: DecisionType
    ) -> None:
        inputs = event_of(kind)["inputs"]
        members = parameter_of(kind)["components"]
        head, tail = inputs[: len(members)], inputs[len(members) :]
        form = ("name", "type", "internalType", "components")
        assert [[p.get(key) for key in form] for p in head] == [
            [m.get(key) for key in form] for m in members
        ]
        assert [(p["name"], p["type"]) for p in tail] == DERIVED.get(kind.name, []) + SIGNED

    @each_kind
    def test_an_event_can_be_found_by_who_signed(self, kind: DecisionType) -> None:
        indexed = [p["name"] for p in event_of(kind)["inputs"] if p["indexed"]]
        assert "signingKey" in indexed
        assert len(indexed) <= 3
        assert not event_of(kind)["anonymous"]

    def test_every_event_carries_a_decision_but_those_of_anchors(self) -> None:
        others = {item["name"] for _, item in EVENTS} - {kind.event for kind in DECISIONS.values()}
        assert others == {
            "Anchored",
            "LogFrozen",
            "EIP712DomainChanged",
        }  # the last is never emitted

    def test_an_events_name_and_topic_belong_to_one_contract(self) -> None:
        names = [item["name"] for _, item in EVENTS if item["inputs"]]
        assert len(names) == len(set(names))


class TestRoundTrip:
    @each_kind
    @settings(max_examples=15, deadline=None)
    @given(data=st.data())
    def test_what_is_signed_is_what_the_event_says(
        self, kind: DecisionType, data: st.DataObject
    ) -> None:
        message = data.draw(value_of(parameter_of(kind)))
        for x, y in (("qx", "qy"), ("headX", "headY")):
            if x in message:
                message |= {x: NEWCOMER.public_key.x, y: NEWCOMER.public_key.y}
        digest = hash_decision(kind, message, DOMAIN)
        signature = sign_decision(SIGNER, digest)
        possession = sign_decision(NEWCOMER, digest) if kind.possession else None

        sent = calldata(kind, message, SIGNER.public_key.key_id, signature, possession)
        function, args = abi.decode_call(kind.contract, sent)
        assert (function, args["decision"]) == (kind.function, message)

        item = event_of(kind)
        tail = item["inputs"][len(kind.fields) :]
        event = {**args["decision"], **{p["name"]: data.draw(value_of(p)) for p in tail}}
        event |= {"signingKey": args["signature"]["key"]}
        event |= {"r": args["signature"]["r"], "s": args["signature"]["s"]}
        if possession is not None:
            event |= halves(possession, "possessionR", "possessionS")
        name, decoded = abi.decode_log(kind.contract, *emitted(item, event))
        assert (name, decoded) == (kind.event, event)
        assert from_event(name, decoded) == (kind, message)
        assert reverify(placed(kind, decoded), DOMAIN, SIGNER.public_key) == digest
        topics, rest = emitted(item, event)
        by_words = hash_event(kind, b"".join((*topics, rest)), DOMAIN)
        assert by_words == (None if kind.name in LISTED else digest)

        field = data.draw(st.sampled_from([f for f in kind.fields if message[f] != []]))
        with pytest.raises(SignatureInvalid):
            reverify(
                placed(kind, {**decoded, field: changed(message[field])}),
                DOMAIN,
                SIGNER.public_key,
            )

    @each_kind
    @settings(max_examples=10, deadline=None)
    @given(data=st.data())
    def test_no_cut_of_a_log_decodes(self, kind: DecisionType, data: st.DataObject) -> None:
        item = event_of(kind)
        event = {p["name"]: data.draw(value_of(p)) for p in item["inputs"]}
        topics, body = emitted(item, event)
        cut = body[: data.draw(st.integers(0, len(body) - 1))]
        for wrong in ((topics, cut), (topics, body + bytes(32)), (topics[:-1], body)):
            with pytest.raises(MalformedEvent):
                abi.decode_log(kind.contract, *wrong)

    @each_kind
    @settings(max_examples=30, deadline=None)
    @given(data=st.data())
    def test_words_read_at_once_are_those_that_the_codecs_take(
        self, kind: DecisionType, data: st.DataObject
    ) -> None:
        item = event_of(kind)
        event = {p["name"]: data.draw(value_of(p)) for p in item["inputs"]}
        topics, body = emitted(item, event)
        row = bytearray(b"".join((*topics[1:], body)))
        row[data.draw(st.integers(0, len(row) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        split = 32 * (len(topics) - 1)
        given_ = [bytes(row[at : at + 32]) for at in range(0, split, 32)], bytes(row[split:])
        declared = abi.event_types(kind.contract)[topics[0]]
        one_by_one = replace(declared)
        one_by_one.__dict__["words"] = None
        one_by_one.data.__dict__["words"] = None
        found = [_read(each, [topics[0], *given_[0]], given_[1]) for each in (declared, one_by_one)]
        assert found[0] == found[1]


def _read(kind: abi.EventType, topics: list[bytes], data: bytes) -> dict[str, Any] | str:
    try:
        return kind.decode(b"".join((*topics, data)), len(topics))
    except AbiError as error:
        return str(error)


def placed(kind: DecisionType, args: dict[str, Any]) -> abi.ChainEvent:
    """Return the event as if a block held it."""
    return abi.ChainEvent(
        contract=kind.contract,
        name=kind.event,
        args=args,
        seq=args["seq"],
        block_number=1,
        block_hash=bytes(32),
        timestamp=0,
        tx_hash=bytes(32),
        tx_index=0,
        log_index=0,
        address=DOMAIN.contract,
    )
