from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from node.errors import InvalidInput, MalformedEvent
from node.protocol.evm import abi

LOG, ROOT, HASH = b"\1" * 32, b"\2" * 32, b"\3" * 32
ANCHORED_TOPIC = keccak(b"Anchored(bytes32,uint64,bytes32,bytes32,uint64,uint64)")
TOPICS = [ANCHORED_TOPIC, LOG, (20).to_bytes(32, "big"), HASH]
DATA = encode(["bytes32", "uint64", "uint64"], [ROOT, 7, 3])
ITEMS = [(contract, item) for contract in abi.CONTRACTS for item in abi.load_abi(contract)]


def test_an_event_decodes_in_the_order_of_its_declaration() -> None:
    name, args = abi.decode_log("AccessAnchors", TOPICS, DATA)
    assert name == "Anchored"
    assert list(args.items()) == [
        ("log", LOG),
        ("size", 20),
        ("root", ROOT),
        ("checkpointHash", HASH),
        ("oldSize", 7),
        ("seq", 3),
    ]


def test_topics_are_the_hashes_of_the_signatures() -> None:
    topics = abi.event_topics()
    assert topics[ANCHORED_TOPIC] == ("AccessAnchors", "Anchored")
    assert {item["name"] for _, item in ITEMS if item["type"] == "event"} == {
        name for _, name in topics.values()
    }


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ([], DATA),
        ([bytes(32)], DATA),
        (TOPICS[:3], DATA),
        ([*TOPICS, HASH], DATA),
        (TOPICS, DATA[:-1]),
        (TOPICS, DATA + bytes(32)),
        (TOPICS, b""),
        ([TOPICS[0], LOG, b"\xff" * 32, HASH], DATA),
        ([TOPICS[0], LOG[:31], TOPICS[2], HASH], DATA),
        (TOPICS, DATA[:32] + b"\xff" * 64),
    ],
)
def test_a_malformed_log_is_refused(topics: list[bytes], data: bytes) -> None:
    with pytest.raises(MalformedEvent):
        abi.decode_log("AccessAnchors", topics, data)


@given(
    st.sampled_from(abi.CONTRACTS),
    st.sampled_from(sorted(abi.event_topics())),
    st.lists(st.binary(max_size=33) | st.binary(min_size=32, max_size=32), max_size=4),
    st.binary(max_size=600),
)
def test_random_logs_raise_only_malformed_event(
    contract: str, topic: bytes, rest: list[bytes], data: bytes
) -> None:
    try:
        name, _ = abi.decode_log(contract, [topic, *rest], data)
    except MalformedEvent:
        return
    assert abi.event_types(contract)[topic].name == name


class TestCalls:
    ARGS: dict[str, Any] = {  # noqa: RUF012 - read only
        "log": LOG,
        "oldSize": 0,
        "newSize": 5,
        "root": ROOT,
        "checkpointHash": HASH,
        "proof": [bytes(32), LOG],
    }

    def test_calldata_are_those_of_eth_abi(self) -> None:
        types = ["bytes32", "uint64", "uint64", "bytes32", "bytes32", "bytes32[]"]
        expected = keccak(f"anchor({','.join(types)})".encode())[:4] + encode(
            types, list(self.ARGS.values())
        )
        assert abi.encode_call("AccessAnchors", "anchor", self.ARGS) == expected
        assert abi.encode_call("AccessAnchors", "anchor", list(self.ARGS.values())) == expected
        assert abi.decode_call("AccessAnchors", expected) == ("anchor", self.ARGS)

    def test_arguments_that_do_not_fit_are_refused(self) -> None:
        with pytest.raises(InvalidInput):
            abi.encode_call("AccessAnchors", "anchor", {**self.ARGS, "oldSize": -1})
        with pytest.raises(InvalidInput):
            abi.encode_call("AccessAnchors", "anchor", [LOG])
        with pytest.raises(InvalidInput):
            abi.encode_call("AccessAnchors", "noSuchFunction", {})

    @given(st.sampled_from(abi.CONTRACTS), st.binary(max_size=300))
    def test_random_calldata_raise_only_malformed_event(self, contract: str, data: bytes) -> None:
        with pytest.raises(MalformedEvent):
            abi.decode_call(contract, data)

    @given(st.binary(max_size=300))
    def test_known_selectors_with_random_arguments_raise_only_malformed_event(
        self, data: bytes
    ) -> None:
        selector = abi.encode_call("AccessAnchors", "anchor", self.ARGS)[:4]
        with pytest.raises(MalformedEvent):
            abi.decode_call("AccessAnchors", selector + data)

    def test_results_are_read_by_name_or_position(self) -> None:
        data = encode(["bool"], [True])
        assert abi.decode_result("AccessAnchors", "verifyInclusion", data) == {"0": True}
        for bad in (b"", data + b"\0", (2).to_bytes(32, "big")):
            with pytest.raises(MalformedEvent):
                abi.decode_result("AccessAnchors", "verifyInclusion", bad)


class TestErrors:
    def test_every_declared_error_is_recognised(self) -> None:
        declared = [(c, item) for c, item in ITEMS if item["type"] == "error"]
        assert declared
        for _, item in declared:
            types = [collapse_if_tuple(p) for p in item["inputs"]]
            assert abi.signature(item) == f"{item['name']}({','.join(types)})"
            values = [0 if kind.startswith("uint") else bytes(32) for kind in types]
            if set(types) <= {"uint8", "uint32", "uint64", "uint256", "bytes32"}:
                data = keccak(abi.signature(item).encode())[:4] + encode(types, values)
                found = abi.decode_error(data)
                assert found is not None
                assert found[1] == item["name"]
                assert list(found[2].values()) == values
            assert item["name"] in abi.error_members()

    def test_one_name_has_one_signature_everywhere(self) -> None:
        signatures: dict[str, str] = {}
        for _, item in ITEMS:
            if item["type"] == "error":
                signature = abi.signature(item)
                assert signatures.setdefault(item["name"], signature) == signature

    def test_soliditys_own_errors_are_recognised(self) -> None:
        text = keccak(b"Error(string)")[:4] + encode(["string"], ["no"])
        assert abi.decode_error(text) == ("", "Error", {"message": "no"})
        panic = keccak(b"Panic(uint256)")[:4] + encode(["uint256"], [0x11])
        assert abi.decode_error(panic) == ("", "Panic", {"code": 0x11})
        assert "Panic" not in abi.error_members()

    @given(st.binary(max_size=100))
    def test_random_data_are_no_error(self, data: bytes) -> None:
        assert abi.decode_error(data) is None
        assert abi.decode_error(keccak(b"Panic(uint256)")[:4] + data[:31]) is None
