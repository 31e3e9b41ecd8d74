"""Every error our contracts declare comes back with its name and values; nothing else leaks."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.chain.reverts import (
    call_error,
    refusal_of,
    revert_data,
    send_error,
)
from node.crypto import keccak256
from node.errors import (
    ChainUnavailable,
    DecisionRefused,
    LedgerError,
    TransactionRefused,
)
from node.protocol.evm import abi
from node.protocol.evm.abicodec import compile_tuple

ERRORS = {
    abi.signature(item): (contract, item)
    for contract in reversed(abi.CONTRACTS)
    for item in abi.load_abi(contract)
    if item["type"] == "error"
}


def values_of(parameter: dict[str, Any]) -> st.SearchStrategy[Any]:
    kind = parameter["type"]
    if kind.endswith("[]"):
        return st.lists(values_of({**parameter, "type": kind[:-2]}), max_size=3)
    if kind == "tuple":
        return st.fixed_dictionaries({c["name"]: values_of(c) for c in parameter["components"]})
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("bytes") and kind != "bytes":
        return st.binary(min_size=int(kind[5:]), max_size=int(kind[5:]))
    return {
        "address": st.binary(min_size=20, max_size=20),
        "bool": st.booleans(),
        "bytes": st.binary(max_size=70),
        "string": st.text(max_size=40),
    }[kind]


def encode(item, values):
    selector = keccak256(abi.signature(item).encode())[:4]
    return selector + compile_tuple(item["inputs"]).encode(values)


def as_geth(data):
    """geth, anvil and the embedded chain."""
    return {"code": 3, "message": "execution reverted", "data": f"0x{data.hex()}"}


def as_besu(data):
    return {"code": -32000, "message": "Execution reverted", "data": f"0x{data.hex()}"}


def as_nested(data):
    """Nodes behind a proxy that wraps the error in another one."""
    return {"code": -32015, "message": "VM error", "data": {"data": f"0x{data.hex()}"}}


class TestDeclaredErrors:
    def test_are_all_here(self):
        assert len(ERRORS) > 60

    @pytest.mark.parametrize("wrap", [as_geth, as_besu, as_nested])
    @pytest.mark.parametrize("signature", ERRORS)
    def test_are_refusals_with_name_and_values(self, signature, wrap):
        _, item = ERRORS[signature]
        inputs = st.fixed_dictionaries({p["name"]: values_of(p) for p in item["inputs"]})

        @settings(max_examples=10)
        @given(inputs)
        def holds(values):
            refusal = call_error(wrap(encode(item, values)))
            assert isinstance(refusal, DecisionRefused)
            assert (refusal.facts["name"], refusal.facts["args"]) == (item["name"], values)
            assert item["name"] in refusal.message
            shown = [v.hex() if isinstance(v, bytes) else str(v) for v in values.values()]
            assert all(value in refusal.message for value in shown)

        holds()

    @pytest.mark.parametrize("signature", ERRORS)
    def test_cut_at_any_byte_are_refusals_without_a_name(self, signature):
        _, item = ERRORS[signature]
        inputs = st.fixed_dictionaries({p["name"]: values_of(p) for p in item["inputs"]})

        @settings(max_examples=5)
        @given(inputs, st.data())
        def holds(values, data):
            whole = encode(item, values)
            if len(whole) > 4:
                cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
                assert refusal_of(cut).facts["name"] == ""
            assert refusal_of(whole + b"\0").facts["name"] == ""

        holds()


class TestOtherReverts:
    def test_of_solidity_itself_have_its_names(self):
        text = compile_tuple([{"name": "message", "type": "string"}]).encode({"message": "no"})
        said = refusal_of(bytes.fromhex("08c379a0") + text)
        assert said.facts == {"name": "Error", "args": {"message": "no"}, "contract": ""}
        panic = refusal_of(bytes.fromhex("4e487b71") + (0x11).to_bytes(32))
        assert panic.facts == {"name": "Panic", "args": {"code": 0x11}, "contract": ""}

    def test_of_an_unknown_error_show_its_bytes_and_no_more_than_68_of_them(self):
        refusal = refusal_of(b"\xde\xad\xbe\xef" + bytes(1000))
        assert refusal.facts == {"name": "", "args": {}}
        assert "0xdeadbeef" in refusal.message
        assert len(refusal.message) < 200

    def test_without_data_are_refusals_all_the_same(self):
        for error in ({"code": 3}, {"message": "VM Exception: revert"}, {"code": 3, "data": "0xz"}):
            assert isinstance(call_error(error), DecisionRefused)

    def test_for_want_of_gas_say_so(self):
        refusal = call_error({"code": -32000, "message": "out of gas"})
        assert refusal.facts["name"] == "OutOfGas"

    def test_are_told_from_an_engine_that_cannot_answer(self):
        for error in ({"code": -32002, "message": "starting"}, {"code": -32000, "message": "busy"}):
            assert isinstance(call_error(error), ChainUnavailable)

    @settings(max_examples=500)
    @given(st.binary(max_size=300), st.sampled_from([None, *ERRORS]))
    def test_of_random_bytes_are_refusals(self, tail, signature):
        selector = keccak256(signature.encode())[:4] if signature else b""
        assert isinstance(refusal_of(selector + tail), DecisionRefused)


class TestRefusedTransactions:
    @pytest.mark.parametrize(
        ("message", "reason"),
        [
            # geth and anvil
            ("already known", "known"),
            ("transaction already imported", "known"),
            ("nonce too low: next nonce 5, tx nonce 4", "nonce-low"),
            ("nonce too high: next nonce 5, tx nonce 9", "nonce-gap"),
            ("intrinsic gas too low", "invalid"),
            ("insufficient funds for gas * price + value", "invalid"),
            # Besu
            ("Known transaction", "known"),
            ("Nonce too low", "nonce-low"),
            ("Transaction nonce is too distant from current sender nonce", "nonce-gap"),
            ("Transaction nonce below sender account nonce", "nonce-low"),
            ("Intrinsic gas exceeds gas limit", "invalid"),
            # the embedded chain
            ("nonce too low: 0xab is at 5, got 4", "nonce-low"),
            ("nonce too high: 0xab is at 5, got 9; gaps are not queued", "nonce-gap"),
            ("signed for chain 1, this is chain 2", "invalid"),
            ("", "invalid"),
        ],
    )
    def test_say_which_of_the_cases_it_is(self, message, reason):
        refusal = send_error({"code": -32000, "message": message})
        assert isinstance(refusal, TransactionRefused)
        assert refusal.facts["reason"] == reason

    @pytest.mark.parametrize(
        "error",
        [
            {"code": -32002, "message": "the embedded chain is starting"},
            {"code": -32000, "message": "txpool is full"},
            {"code": -32000, "message": "Transaction pool not enabled: busy"},
            {"code": -32000, "message": "replacement transaction underpriced"},
            {"code": -32603, "message": "Internal error"},
            {"code": -32000, "message": "request timed out"},
        ],
        ids=lambda error: error["message"],
    )
    def test_are_told_from_a_state_that_passes(self, error):
        assert isinstance(send_error(error), ChainUnavailable)


SCALAR = st.none() | st.integers() | st.text(max_size=12) | st.sampled_from(["0x", "0xab", "0xg"])


class TestAnyError:
    @given(
        st.fixed_dictionaries(
            {},
            optional={
                "code": SCALAR,
                "message": SCALAR,
                "data": SCALAR | st.dictionaries(st.just("data"), SCALAR) | st.lists(SCALAR),
            },
        )
    )
    def test_is_named(self, error):
        assert isinstance(call_error(error), LedgerError)
        assert isinstance(send_error(error), LedgerError)
        assert revert_data(error) is None or isinstance(revert_data(error), bytes)
