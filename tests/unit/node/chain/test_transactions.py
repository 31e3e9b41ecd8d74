"""Raw transactions against eth_account, and against everything else."""

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from node.chain.transactions import parse_transaction
from node.errors import MalformedTransaction

KEY = b"\7" * 32
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TO = "0x" + "00" * 19 + "02"
FIELDS = {"nonce": 3, "gas": 50_000, "to": TO, "value": 0, "data": b"abc", "chainId": 7}
KINDS = {
    "legacy": {**FIELDS, "gasPrice": 0},
    "access list": {**FIELDS, "gasPrice": 5, "type": 1, "accessList": []},
    "fee market": {**FIELDS, "type": 2, "maxFeePerGas": 9, "maxPriorityFeePerGas": 1},
}


class TestParseTransaction:
    @pytest.mark.parametrize("kind", KINDS)
    def test_reads_what_eth_account_signs(self, kind):
        signed = Account.sign_transaction(KINDS[kind], KEY)
        parsed = parse_transaction(bytes(signed.raw_transaction))
        assert parsed.hash == bytes(signed.hash)
        assert f"0x{parsed.sender.hex()}" == Account.from_key(KEY).address.lower()
        assert (parsed.chain_id, parsed.nonce, parsed.gas, parsed.data) == (7, 3, 50_000, b"abc")
        prices = {"legacy": 0, "access list": 5, "fee market": 9}
        assert parsed.price == prices[kind]

    def test_refuses_a_signature_without_a_chain_id(self):
        fields = {key: value for key, value in KINDS["legacy"].items() if key != "chainId"}
        signed = Account.sign_transaction(fields, KEY)
        with pytest.raises(MalformedTransaction):
            parse_transaction(bytes(signed.raw_transaction))

    @given(st.binary(max_size=300))
    def test_raises_nothing_else_on_random_bytes(self, data):
        with pytest.raises(MalformedTransaction):
            parse_transaction(data)

    @given(st.integers(0, 10_000), st.integers(1, 255))
    def test_a_flipped_byte_never_keeps_sender_and_hash(self, place, mask):
        raw = bytes(Account.sign_transaction(KINDS["legacy"], KEY).raw_transaction)
        place %= len(raw)
        flipped = raw[:place] + bytes([raw[place] ^ mask]) + raw[place + 1 :]
        try:
            parsed = parse_transaction(flipped)
        except MalformedTransaction:
            return
        original = parse_transaction(raw)
        assert (parsed.sender, parsed.nonce) != (original.sender, original.nonce)
