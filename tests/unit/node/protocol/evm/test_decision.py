import copy
from dataclasses import replace
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import (
    Sm2PublicKey,
    SoftwareSigner,
    decision_text,
    sign_decision,
    verify_decision,
)
from node.errors import InvalidInput, MalformedEvent, SignatureInvalid
from node.protocol.evm import abi
from node.protocol.evm.decision import (
    DECISIONS,
    DecisionType,
    Domain,
    calldata,
    from_event,
    hash_decision,
    is_decision,
)
from node.protocol.evm.eip712 import encode_type
from tests.common.reverify import possessed_key, reverify
from tests.common.vectors import load_vectors, raw
from tests.unit.node.protocol.evm.test_abicodec import VALUES

VECTORS = load_vectors("eip712")
DOMAIN = Domain(
    VECTORS["domain"]["chainId"], bytes.fromhex(VECTORS["domain"]["verifyingContract"][2:])
)
SIGNER, NEWCOMER = SoftwareSigner.generate(), SoftwareSigner.generate()
KINDS = [DECISIONS[name] for name in sorted(DECISIONS)]
EXTRA = {"uint16": st.integers(0, 2**16 - 1), "uint32": st.integers(0, 2**32 - 1)}


def parameter_of(kind: DecisionType) -> dict[str, Any]:
    found: dict[str, Any] = next(
        item["inputs"][0]
        for item in abi.load_abi(kind.contract)
        if item["type"] == "function" and item["name"] == kind.function
    )
    return found


def value_of(member: dict[str, Any]) -> st.SearchStrategy[Any]:
    name = member["type"]
    if name.endswith("[]"):
        return st.lists(value_of({**member, "type": name[:-2]}), max_size=3)
    if name == "tuple":
        return st.fixed_dictionaries({c["name"]: value_of(c) for c in member["components"]})
    return (VALUES | EXTRA)[name]


def message_of(kind: DecisionType) -> dict[str, Any]:
    case = next(case for case in VECTORS["cases"] if case["struct"] == kind.name)
    message: dict[str, Any] = raw(case["message"])
    for x, y in (("qx", "qy"), ("headX", "headY")):
        if x in message:
            message |= {x: NEWCOMER.public_key.x, y: NEWCOMER.public_key.y}
    return message


def types_of(parameter: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Return the struct and those it uses as eth_account wants them."""
    name = parameter["internalType"].removeprefix("struct ").removesuffix("[]")
    found: dict[str, list[dict[str, str]]] = {name: []}
    for member in parameter["components"]:
        kind = member["type"]
        if kind.startswith("tuple"):
            inner = types_of(member)
            kind = kind.replace("tuple", next(iter(inner)))
            found |= inner
        found[name].append({"name": member["name"], "type": kind})
    return found


def event_of(kind: DecisionType, changes: dict[str, Any] | None = None) -> abi.ChainEvent:
    message = message_of(kind)
    digest = hash_decision(kind, message, DOMAIN)
    args: dict[str, Any] = {**message, "seq": 1, "signingKey": SIGNER.public_key.key_id}
    args |= halves(sign_decision(SIGNER, digest), "r", "s")
    if kind.possession:
        args |= halves(sign_decision(NEWCOMER, digest), "possessionR", "possessionS")
    return abi.ChainEvent(
        contract=kind.contract,
        name=kind.event,
        args={**args, **(changes or {})},
        seq=1,
        block_number=1,
        block_hash=bytes(32),
        timestamp=0,
        tx_hash=bytes(32),
        tx_index=0,
        log_index=0,
        address=DOMAIN.contract,
    )


def halves(signature: bytes, first: str, second: str) -> dict[str, int]:
    return {
        first: int.from_bytes(signature[:32], "big"),
        second: int.from_bytes(signature[32:], "big"),
    }


each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


class TestDeclarations:
    def test_the_decisions_of_the_protocol_are_found(self) -> None:
        assert set(DECISIONS) == {
            *("EnrolDepartment", "AddKey", "RevokeKey", "GrantRoles", "RegisterApplication"),
            *("ListContract", "SubmitVersions", "ReviewVersions", "SetStandingReply"),
            *("UpdateDepartment", "SetDepartmentStatus", "RecoverKey"),
            *("SubmitWithdrawal", "ReviewWithdrawal", "FreezeEntry", "UnfreezeEntry"),
            *("ApplyFor", "Reply", "Step", "Change", "RegisterLog", "SupersedeLog"),
        }

    def test_each_has_an_event_of_its_own(self) -> None:
        assert len({kind.event for kind in KINDS}) == len(KINDS)
        assert DECISIONS["Step"].function == "advance"
        assert DECISIONS["Step"].event == "Advanced"
        assert is_decision("Applied")
        assert not is_decision("Anchored")

    @each_kind
    def test_each_ends_with_nonce_and_not_after(self, kind: DecisionType) -> None:
        assert kind.fields[-2:] == ("nonce", "notAfter")

    @each_kind
    def test_each_event_ends_with_seq_key_and_signature(self, kind: DecisionType) -> None:
        event = next(e for e in abi.event_types(kind.contract).values() if e.name == kind.event)
        names = [parameter["name"] for parameter in event.inputs]
        assert tuple(names[: len(kind.fields)]) == kind.fields
        assert names[-4:] == ["seq", "signingKey", "r", "s"]
        assert ("possessionR" in names) == kind.possession

    def test_only_new_keys_sign_too(self) -> None:
        proven = {"EnrolDepartment", "AddKey", "RecoverKey"}
        assert {kind.name for kind in KINDS if kind.possession} == proven

    def test_an_order_and_its_end_have_their_own_events(self) -> None:
        ordered = {"freezeEntry": "FreezeOrdered", "unfreezeEntry": "FreezeLifted"}
        assert ordered.items() <= {(kind.function, kind.event) for kind in KINDS}


class TestHashing:
    @each_kind
    def test_reproduces_the_vectors(self, kind: DecisionType) -> None:
        case = next(case for case in VECTORS["cases"] if case["struct"] == kind.name)
        digest = hash_decision(kind, raw(case["message"]), DOMAIN)
        assert digest.hex() == case["hash"]
        assert decision_text(digest).decode() == case["text"]
        assert encode_type(parameter_of(kind)) == case["type"]

    @each_kind
    @settings(max_examples=20, deadline=None)
    @given(data=st.data())
    def test_agrees_with_eth_account(self, kind: DecisionType, data: st.DataObject) -> None:
        parameter = parameter_of(kind)
        message = data.draw(
            st.fixed_dictionaries({c["name"]: value_of(c) for c in parameter["components"]})
        )
        signable = encode_typed_data(
            full_message={
                "types": {
                    "EIP712Domain": [
                        {"name": "name", "type": "string"},
                        {"name": "version", "type": "string"},
                        {"name": "chainId", "type": "uint256"},
                        {"name": "verifyingContract", "type": "address"},
                    ],
                    **types_of(parameter),
                },
                "primaryType": kind.name,
                "domain": VECTORS["domain"],
                "message": copy.deepcopy(message),
            }
        )
        expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
        assert hash_decision(kind, message, DOMAIN) == expected

    @each_kind
    def test_binds_every_field_chain_and_contract(self, kind: DecisionType) -> None:
        message = message_of(kind)
        digest = hash_decision(kind, message, DOMAIN)
        others = [{**message, field: changed(message[field])} for field in kind.fields]
        hashes = {hash_decision(kind, other, DOMAIN) for other in others}
        hashes.add(hash_decision(kind, message, replace(DOMAIN, chain_id=1)))
        hashes.add(hash_decision(kind, message, replace(DOMAIN, contract=bytes(20))))
        assert len(hashes | {digest}) == len(kind.fields) + 3

    @each_kind
    def test_refuses_a_message_of_another_shape(self, kind: DecisionType) -> None:
        message = message_of(kind)
        wrong: list[Any] = [{**message, "more": 1}, None, []]
        wrong += [{k: v for k, v in message.items() if k != field} for field in kind.fields]
        wrong += [{**message, field: "text"} for field in kind.fields]
        for candidate in wrong:
            with pytest.raises(InvalidInput):
                hash_decision(kind, candidate, DOMAIN)


def changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value ^ 1
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return value[:-1]


class TestCalldata:
    @each_kind
    def test_carries_decision_signature_and_possession(self, kind: DecisionType) -> None:
        message, key = message_of(kind), SIGNER.public_key.key_id
        possession = bytes(range(64, 128)) if kind.possession else None
        data = calldata(kind, message, key, bytes(range(64)), possession)
        function, args = abi.decode_call(kind.contract, data)
        assert function == kind.function
        assert args["decision"] == message
        assert args["signature"] == {"key": key, **halves(bytes(range(64)), "r", "s")}
        assert ("possession" in args) == kind.possession

    @each_kind
    def test_wants_possession_exactly_where_a_key_is_new(self, kind: DecisionType) -> None:
        wrong = None if kind.possession else bytes(64)
        with pytest.raises(InvalidInput):
            calldata(kind, message_of(kind), bytes(32), bytes(64), wrong)

    def test_signatures_have_64_bytes(self) -> None:
        kind = DECISIONS["RevokeKey"]
        with pytest.raises(InvalidInput):
            calldata(kind, message_of(kind), bytes(32), bytes(63))


class TestReverifying:
    @each_kind
    def test_accepts_what_was_signed_and_returns_its_hash(self, kind: DecisionType) -> None:
        event = event_of(kind)
        assert from_event(event.name, event.args) == (kind, message_of(kind))
        digest = reverify(event, DOMAIN, SIGNER.public_key)
        assert digest == hash_decision(kind, message_of(kind), DOMAIN)

    @each_kind
    def test_refuses_any_changed_field(self, kind: DecisionType) -> None:
        for field in kind.fields:
            event = event_of(kind, {field: changed(message_of(kind)[field])})
            with pytest.raises(SignatureInvalid):
                reverify(event, DOMAIN, SIGNER.public_key)

    @each_kind
    def test_refuses_another_contract_chain_and_key(self, kind: DecisionType) -> None:
        event = event_of(kind)
        for domain in (replace(DOMAIN, chain_id=1), replace(DOMAIN, contract=bytes(20))):
            with pytest.raises(SignatureInvalid):
                reverify(event, domain, SIGNER.public_key)
        with pytest.raises(SignatureInvalid, match="signed by the key"):
            reverify(event, DOMAIN, NEWCOMER.public_key)

    @pytest.mark.parametrize("kind", [k for k in KINDS if k.possession], ids=lambda k: k.name)
    def test_refuses_a_possession_of_another_key(self, kind: DecisionType) -> None:
        message = message_of(kind)
        forged = sign_decision(SIGNER, hash_decision(kind, message, DOMAIN))
        event = event_of(kind, halves(forged, "possessionR", "possessionS"))
        with pytest.raises(SignatureInvalid):
            reverify(event, DOMAIN, SIGNER.public_key)
        with pytest.raises(SignatureInvalid):
            reverify(event_of(kind), DOMAIN, SIGNER.public_key, SIGNER.public_key)
        assert possessed_key(kind, message) == NEWCOMER.public_key

    def test_a_decision_without_a_usable_key_has_none_possessed(self) -> None:
        kind = DECISIONS["AddKey"]
        with pytest.raises(SignatureInvalid, match="off the curve"):
            possessed_key(kind, {**message_of(kind), "qx": 5})
        with pytest.raises(SignatureInvalid, match="registers no key"):
            possessed_key(DECISIONS["RevokeKey"], message_of(DECISIONS["RevokeKey"]))

    def test_an_event_without_a_decision_is_malformed(self) -> None:
        with pytest.raises(MalformedEvent):
            from_event("Anchored", {})
        with pytest.raises(MalformedEvent, match="lacks"):
            from_event("KeyRevoked", {})

    @pytest.mark.parametrize(
        "change",
        [{"r": -1}, {"r": 2**256}, {"r": "1"}, {"nonce": "1"}, {"signingKey": None, "s": None}],
    )
    def test_values_no_log_decodes_to_are_malformed(self, change: dict[str, Any]) -> None:
        with pytest.raises(MalformedEvent):
            reverify(event_of(DECISIONS["RevokeKey"], change), DOMAIN, SIGNER.public_key)


def test_the_standards_key_signs_a_decision_like_any_other() -> None:
    vector = load_vectors("sm2")
    public = Sm2PublicKey.from_coordinates(int(vector["x"], 16), int(vector["y"], 16))
    signer = SoftwareSigner.from_scalar(int(vector["private"], 16), public)
    verify_decision(public, bytes(32), sign_decision(signer, bytes(32)))
