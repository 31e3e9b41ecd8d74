"""Header hashes, blooms and receipts roots, held against `rlp` and `trie` and a real anvil's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rlp as reference_rlp
from hypothesis import given
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from node.crypto import keccak256
from node.errors import MalformedEvidence
from node.protocol.evm import blocks, rlp
from node.protocol.evm.rlp import EMPTY_ROOT, list_root

VECTORS = json.loads(
    (Path(__file__).parents[4] / "vectors" / "blocks.json").read_text(encoding="utf-8")
)

values = st.recursive(
    st.binary(max_size=80), lambda inner: st.lists(inner, max_size=20), max_leaves=30
)


class TestRlp:
    @given(values)
    def test_encodes_as_the_reference_package_does(self, value):
        assert rlp.encode(value) == reference_rlp.encode(value)

    @given(values)
    def test_decodes_what_it_encoded(self, value):
        try:
            assert rlp.decode(rlp.encode(value)) == value
        except MalformedEvidence as err:
            assert "deep" in err.message  # noqa: PT017 - the only reason there may be

    @given(st.binary(max_size=200))
    def test_accepts_only_the_one_encoding_of_a_value(self, data):
        try:
            value = rlp.decode(data)
        except MalformedEvidence:
            return
        assert rlp.encode(value) == data

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "8101",
            "b800",
            "b837" + "00" * 55,
            "b90037" + "00" * 55,
            "c1",
            "0000",
            "83aabb",
            "f80100",
        ],
    )
    def test_refuses_what_is_not_the_shortest_form(self, text):
        with pytest.raises(MalformedEvidence):
            rlp.decode(bytes.fromhex(text))

    def test_refuses_lists_nested_without_end(self):
        data = b""
        for _ in range(50):
            data = rlp.encode([data]) if not data else bytes([0xC0 + len(data)]) + data
        with pytest.raises(MalformedEvidence):
            rlp.decode(data)

    def test_refuses_an_integer_with_a_leading_zero(self):
        with pytest.raises(MalformedEvidence):
            rlp.decode_int(b"\0\1")


class TestListRoot:
    def test_of_nothing_is_the_empty_root(self):
        assert list_root([]) == EMPTY_ROOT

    @given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=40))
    def test_is_the_reference_trie_s(self, entries):
        assert list_root(entries) == _reference_root(entries)

    @pytest.mark.parametrize("count", [1, 2, 127, 128, 129, 256, 300])
    def test_holds_where_the_keys_change_their_length(self, count):
        entries = [b"\x02" + bytes([i % 251]) * 40 for i in range(count)]
        assert list_root(entries) == _reference_root(entries)


class TestHeader:
    @pytest.mark.parametrize("block", VECTORS["blocks"], ids=lambda block: block["number"])
    def test_hashes_to_what_anvil_says(self, block):
        encoded = blocks.encode_header(block)
        assert "0x" + blocks.header_hash(encoded).hex() == block["hash"]

    @pytest.mark.parametrize("block", VECTORS["blocks"], ids=lambda block: block["number"])
    def test_reads_back(self, block):
        header = blocks.parse_header(blocks.encode_header(block))
        assert hex(header.number) == block["number"]
        assert hex(header.timestamp) == block["timestamp"]
        assert "0x" + header.hash.hex() == block["hash"]
        assert "0x" + header.parent_hash.hex() == block["parentHash"]
        assert "0x" + header.receipts_root.hex() == block["receiptsRoot"]
        assert "0x" + header.logs_bloom.hex() == block["logsBloom"]

    @pytest.mark.parametrize("last", ["nonce", "baseFeePerGas", "withdrawalsRoot", "excessBlobGas"])
    def test_of_an_earlier_fork_ends_with_that_fork_s_fields(self, last):
        block = dict(VECTORS["blocks"][1])
        names = [name for name, _ in blocks._HEADER]
        for name in names[names.index(last) + 1 :]:
            block.pop(name, None)
        fields = reference_rlp.decode(blocks.encode_header(block))
        assert len(fields) == names.index(last) + 1

    def test_of_prague_appends_the_requests_hash(self):
        block = VECTORS["blocks"][1] | {"requestsHash": "0x" + "ab" * 32}
        assert reference_rlp.decode(blocks.encode_header(block))[-1] == b"\xab" * 32

    @pytest.mark.parametrize(
        "change",
        [
            {"parentHash": None},
            {"parentHash": "0x00"},
            {"parentHash": "zz"},
            {"parentHash": "0x" + "zz" * 32},
            {"number": "0xzz"},
            {"number": 5},
            {"number": "-1"},
            {"number": "0x-1"},
            {"withdrawalsRoot": None},
        ],
    )
    def test_refuses_a_malformed_field(self, change):
        with pytest.raises(MalformedEvidence):
            blocks.encode_header(VECTORS["blocks"][1] | change)

    @given(st.binary(max_size=700))
    def test_parsing_random_bytes_raises_nothing_else(self, data):
        with pytest.raises(MalformedEvidence):
            blocks.parse_header(data)

    @given(st.lists(st.binary(max_size=40), min_size=15, max_size=21))
    def test_parsing_random_fields_raises_nothing_else(self, fields):
        with pytest.raises(MalformedEvidence):
            blocks.parse_header(rlp.encode(fields))

    @given(st.data())
    def test_a_flipped_byte_never_parses_to_the_same_hash(self, data):
        encoded = bytearray(blocks.encode_header(VECTORS["blocks"][1]))
        right = blocks.header_hash(bytes(encoded))
        at = data.draw(st.integers(0, len(encoded) - 1))
        encoded[at] ^= data.draw(st.integers(1, 255))
        try:
            header = blocks.parse_header(bytes(encoded))
        except MalformedEvidence:
            return
        assert header.hash != right


class TestBloom:
    def test_names_the_addresses_and_topics_of_the_block_s_logs(self):
        for block, receipts in zip(VECTORS["blocks"], VECTORS["receipts"], strict=True):
            bloom = bytes.fromhex(block["logsBloom"][2:])
            for log in (log for receipt in receipts for log in receipt["logs"]):
                assert blocks.bloom_names(bloom, bytes.fromhex(log["address"][2:]))
                assert all(blocks.bloom_names(bloom, bytes.fromhex(t[2:])) for t in log["topics"])

    def test_of_a_block_without_logs_names_nothing(self):
        assert not blocks.bloom_names(bytes(256), b"\1" * 20)

    @given(st.binary(min_size=20, max_size=20))
    def test_sets_at_most_three_bits(self, address):
        assert 1 <= blocks.bloom_bits(address).bit_count() <= 3


class TestReceipts:
    def test_hash_to_the_root_in_the_header(self):
        for block, receipts in zip(VECTORS["blocks"], VECTORS["receipts"], strict=True):
            encoded = [blocks.encode_receipt(one) for one in receipts]
            assert "0x" + blocks.receipts_root(encoded).hex() == block["receiptsRoot"]

    def test_cover_typed_and_legacy_ones(self):
        kinds = {one["type"] for receipts in VECTORS["receipts"] for one in receipts}
        assert kinds >= {"0x0", "0x2"}

    def test_read_back_their_logs(self):
        for one in (one for receipts in VECTORS["receipts"] for one in receipts):
            logs = blocks.parse_receipt(blocks.encode_receipt(one))
            assert [
                (
                    "0x" + log.address.hex(),
                    ["0x" + t.hex() for t in log.topics],
                    "0x" + log.data.hex(),
                )
                for log in logs
            ] == [(log["address"], log["topics"], log["data"]) for log in one["logs"]]

    def test_before_byzantium_carry_a_root_instead_of_a_status(self):
        one = {key: value for key, value in VECTORS["receipts"][1][0].items() if key != "status"}
        encoded = blocks.encode_receipt(one | {"root": "0x" + "11" * 32, "type": None})
        assert reference_rlp.decode(encoded)[0] == b"\x11" * 32

    @pytest.mark.parametrize(
        "change",
        [{"logs": None}, {"logs": ["x"]}, {"type": "0x80"}, {"status": "x"}, {"logsBloom": "0x"}],
    )
    def test_refuse_a_malformed_field(self, change):
        with pytest.raises(MalformedEvidence):
            blocks.encode_receipt(VECTORS["receipts"][1][0] | change)

    @given(st.binary(max_size=400))
    def test_parsing_random_bytes_raises_nothing_else(self, data):
        with pytest.raises(MalformedEvidence):
            blocks.parse_receipt(data)

    @given(values)
    def test_parsing_random_lists_raises_nothing_else(self, value):
        try:
            blocks.parse_receipt(rlp.encode(value))
        except MalformedEvidence:
            return


def _reference_root(entries):
    trie = HexaryTrie({})
    for index, entry in enumerate(entries):
        trie[reference_rlp.encode(index)] = entry
    return trie.root_hash


def test_keccak_is_ethereum_s():
    assert keccak256(b"").hex().startswith("c5d2460186f7233c")
