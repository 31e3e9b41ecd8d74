"""The gateway against endpoints that fail, lie or speak like another engine."""

from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.chain.gateway import (
    BESU,
    EMBEDDED,
    FISCO,
    OTHER,
    READ_ATTEMPTS,
    Gateway,
    engine_of,
)
from node.crypto import keccak256
from node.errors import ChainUnavailable, DecisionRefused, TransactionRefused
from node.protocol.evm.abicodec import compile_tuple
from tests.common.endpoints import (
    HANG,
    Reply,
    failure,
    http_reply,
    result,
    scripted_endpoint,
)

TX_HASH = "0x" + "ab" * 32
ADDRESS = b"\1" * 20


@contextmanager
def gateway_to(answer, **options):
    """A gateway, and the requests that reach the endpoint behind it."""
    asked: list[Any] = []

    def note(request):
        asked.append(request)
        return answer(request)

    with scripted_endpoint(note) as server:
        gateway = Gateway(server.url, **options)
        try:
            yield gateway, asked
        finally:
            gateway.close()


def engine(version, answer):
    """An endpoint of an engine that calls itself `version`."""

    def reply(request):
        if isinstance(request, dict) and request["method"] == "web3_clientVersion":
            return result(request, version)
        return answer(request)

    return reply


def header(number, **changes):
    return {
        "number": hex(number),
        "hash": "0x" + f"{number:064x}",
        "parentHash": "0x" + f"{number - 1:064x}" if number else "0x" + "0" * 64,
        "timestamp": hex(1_790_000_000 + number),
        **changes,
    }


class TestReads:
    @pytest.mark.parametrize(
        "failed",
        [
            Reply(),
            http_reply(b"", "503 Service Unavailable"),
            http_reply(b"starting"),
            {"id": 1, "error": {"code": -32002, "message": "starting"}},
            {"id": 1, "result": None},
            {"id": 1, "result": []},
        ],
        ids=["closed", "503", "no JSON", "error", "null", "no text"],
    )
    def test_are_repeated_until_an_answer_comes(self, failed):
        left = [failed] * (READ_ATTEMPTS - 1)
        with gateway_to(lambda request: left.pop() if left else result(request, "0x2a")) as (
            gateway,
            asked,
        ):
            assert gateway.chain_id() == 42
        assert len(asked) == READ_ATTEMPTS

    def test_are_given_up_after_the_last_attempt(self):
        with gateway_to(lambda _: Reply()) as (gateway, asked):
            with pytest.raises(ChainUnavailable):
                gateway.head()
            assert len(asked) == READ_ATTEMPTS

    def test_that_are_never_answered_end_in_time(self):
        with (
            gateway_to(lambda _: Reply(then=HANG), timeout_seconds=0.1) as (gateway, _),
            pytest.raises(ChainUnavailable, match="timed out"),
        ):
            gateway.head()

    @pytest.mark.parametrize(
        "quantity", ["0x", "-0x1", "0xzz", "", -42, True, 1.5, None, ["0x1"], {}]
    )
    def test_take_no_quantity_but_a_natural_number(self, quantity):
        with (
            gateway_to(lambda request: result(request, quantity)) as (gateway, _),
            pytest.raises(ChainUnavailable, match="cannot be read"),
        ):
            gateway.head()

    def test_of_a_call_are_repeated_unless_the_contract_refuses(self):
        left = [Reply(), {"id": 2, "error": {"code": -32002, "message": "being rebuilt"}}]
        with gateway_to(lambda request: left.pop(0) if left else result(request, "0x01")) as (
            gateway,
            asked,
        ):
            assert gateway.call(ADDRESS, b"") == b"\1"
        assert len(asked) == READ_ATTEMPTS


class TestCalls:
    def test_that_revert_send_this_node_nowhere(self):
        """A contract's `OffchainLookup` (EIP-3668) is a refusal, not an address to ask."""
        with scripted_endpoint(lambda _: None) as elsewhere:
            values = {
                "sender": ADDRESS, "urls": [f"{elsewhere.url}/{{sender}}/{{data}}.json"],
                "callData": b"", "callbackFunction": bytes(4), "extraData": b"",
            }  # fmt: skip
            kinds = ("address", "string[]", "bytes", "bytes4", "bytes")
            lookup = compile_tuple(
                [{"name": name, "type": kind} for name, kind in zip(values, kinds, strict=True)]
            ).encode(values)
            data = f"0x556f1830{lookup.hex()}"
            with (
                gateway_to(lambda request: failure(request, 3, "reverted", data=data)) as (
                    gateway,
                    asked,
                ),
                pytest.raises(DecisionRefused),
            ):
                gateway.call(ADDRESS, b"")
            assert len(asked) == 1
            assert not elsewhere.connections

    def test_an_error_without_data_is_no_revert(self):
        with (
            gateway_to(lambda request: failure(request, -32000, "busy", data=None)) as (gateway, _),
            pytest.raises(ChainUnavailable, match="busy"),
        ):
            gateway.call(ADDRESS, b"")


class TestSends:
    @pytest.mark.parametrize("failed", [Reply(), http_reply(b"", "502 Bad Gateway")])
    def test_are_never_repeated(self, failed):
        with gateway_to(lambda _: failed) as (gateway, asked):
            with pytest.raises(ChainUnavailable):
                gateway.send_raw(b"\1")
            assert len(asked) == 1

    @pytest.mark.parametrize("answered", [None, 7, "0x", "0xabcd", "ab" * 31, TX_HASH, {}])
    def test_that_are_answered_without_their_hash_may_have_arrived(self, answered):
        with (
            gateway_to(lambda request: result(request, answered)) as (gateway, _),
            pytest.raises(ChainUnavailable, match="cannot be read"),
        ):
            gateway.send_raw(b"\1")

    def test_give_the_hash(self):
        tx_hash = keccak256(b"\1\2")
        with gateway_to(lambda request: result(request, f"0x{tx_hash.hex()}")) as (gateway, asked):
            assert gateway.send_raw(b"\1\2") == tx_hash
        assert asked[0]["params"] == ["0x0102"]


class TestHeaders:
    @pytest.mark.parametrize("row", [EMBEDDED, BESU, FISCO, OTHER], ids=lambda row: row.name)
    def test_are_asked_for_in_batches_the_engine_takes_in_whatever_order_they_come(self, row):
        def answer(batch):
            return [result(request, header(int(request["params"][0], 16))) for request in batch][
                ::-1
            ]

        count = 2 * row.batch_requests + 1
        with gateway_to(engine(row.client_version, answer)) as (gateway, asked):
            headers = gateway.headers(5, 5 + count - 1)
        assert [found.number for found in headers] == list(range(5, 5 + count))
        assert [len(batch) for batch in asked[1:]] == [row.batch_requests] * 2 + [1]

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda batch: batch[:-1], "cannot be read"),
            (lambda _: [], "cannot be read"),
            (lambda _: {"id": None, "error": {"code": -32600, "message": "no batches"}}, "read"),
            (lambda batch: [{**batch[0], "id": 2}, batch[1]], "cannot be read"),
            (lambda batch: [batch[0], {**batch[1], "result": None}], "no block 2"),
            (lambda batch: [batch[0], failure(batch[1], -32000, "pruned")], "pruned"),
            (lambda batch: [batch[0], {**batch[1], "result": header(1)}], "in the place of"),
            (lambda batch: [batch[0], {**batch[1], "result": header(2, hash="0xab")}], "a hash"),
            (lambda batch: [batch[0], {**batch[1], "result": header(2, hash=None)}], "read"),
            (lambda batch: [batch[0], {**batch[1], "result": {}}], "cannot be read"),
        ],
    )
    def test_that_are_missing_wrong_or_anothers_are_none(self, change, words):
        def answer(batch):
            return change([result(request, header(request["id"])) for request in batch])

        with (
            gateway_to(engine("besu/v24", answer)) as (gateway, _),
            pytest.raises(ChainUnavailable, match=words),
        ):
            gateway.headers(1, 2)


class TestLogs:
    @pytest.mark.parametrize("row", [EMBEDDED, BESU, FISCO, OTHER], ids=lambda row: row.name)
    def test_are_asked_for_in_ranges_the_engine_searches(self, row):
        def answer(request):
            return result(request, [])

        span = row.log_range_blocks
        with gateway_to(engine(row.client_version, answer)) as (gateway, asked):
            assert gateway.logs(0, 2 * span, [ADDRESS]) == []
        ranges = [
            (int(one["fromBlock"], 16), int(one["toBlock"], 16))
            for one in (request["params"][0] for request in asked[1:])
        ]
        assert ranges == [(0, span - 1), (span, 2 * span - 1), (2 * span, 2 * span)]

    @pytest.mark.parametrize("lengths", [(31, 33), (33, 31), (31, 32), (32, 33), (0, 64)], ids=str)
    def test_with_topics_of_other_lengths_are_malformed_answers(self, lengths):
        log = {
            "address": "0x" + ADDRESS.hex(),
            "topics": ["0x" + "ab" * length for length in lengths],
            "data": "0x" + "00" * 32,
            "blockNumber": "0x1",
            "blockHash": TX_HASH,
            "transactionHash": TX_HASH,
            "transactionIndex": "0x0",
            "logIndex": "0x0",
        }
        whole = {**log, "topics": [TX_HASH, TX_HASH]}
        told = [whole]
        with gateway_to(engine("ShareLedger", lambda request: result(request, told))) as (
            gateway,
            _,
        ):
            assert gateway.logs(1, 1, [ADDRESS])[0].topics == [bytes.fromhex("ab" * 32)] * 2
            told[0] = log
            with pytest.raises(ChainUnavailable, match="cannot be read"):
                gateway.logs(1, 1, [ADDRESS])


class TestEngine:
    @pytest.mark.parametrize(
        ("version", "row"),
        [
            ("ShareLedger/embedded", EMBEDDED),
            ("besu/v24.12.2/linux-x86_64/openjdk-java-21", BESU),
            ("FISCO-BCOS/3.11.0", FISCO),
            ("Geth/v1.14.12-stable", OTHER),
            ("", OTHER),
        ],
    )
    def test_is_known_by_what_it_calls_itself(self, version, row):
        assert engine_of(version) is row


READS = {
    "chain id": lambda gateway: gateway.chain_id(),
    "head": lambda gateway: gateway.head(),
    "engine": lambda gateway: gateway.engine,
    "block": lambda gateway: gateway.block(1),
    "logs": lambda gateway: gateway.logs(1, 1, [ADDRESS]),
    "receipt": lambda gateway: gateway.receipt(b"\1" * 32),
    "receipts": lambda gateway: gateway.block_receipts(1),
    "code": lambda gateway: gateway.code(ADDRESS),
    "count": lambda gateway: gateway.transaction_count(ADDRESS),
    "call": lambda gateway: gateway.call(ADDRESS, b""),
    "revert": lambda gateway: gateway.revert_of(ADDRESS, ADDRESS, b"", 1, block="latest"),
    "send": lambda gateway: gateway.send_raw(b"\1"),
}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=8)
    | st.sampled_from(["0x", "0x1", TX_HASH, "0x" + "ab" * 20, "pool full", "execution reverted"])
)
MEMBERS = st.sampled_from(
    ("id", "result", "error", "code", "message", "data", "number", "hash", "parentHash", "logs",
     "timestamp", "address", "topics", "blockNumber", "blockHash", "transactionHash", "status")
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=5),
    max_leaves=12,
)


class TestAnyAnswer:
    @pytest.mark.parametrize("read", READS.values(), ids=READS)
    def test_raises_nothing_but_errors_of_ours(self, read):
        answers: list[Any] = [None]
        with gateway_to(lambda request: shaped(request, answers[0])) as (gateway, _):
            # No pauses: what is tested is what comes out, not when.
            gateway._retrying.sleep = lambda _seconds: None

            @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
            @given(st.tuples(st.sampled_from(["result", "error", "whole"]), JSON))
            def holds(answer):
                answers[0] = answer
                gateway.__dict__.pop("engine", None)
                with suppress(ChainUnavailable, DecisionRefused, TransactionRefused):
                    read(gateway)

            holds()


def shaped(request, answer):
    how, value = answer
    if how == "whole":
        return value
    requests = request if isinstance(request, list) else [request]
    responses = [{"jsonrpc": "2.0", "id": each["id"], how: value} for each in requests]
    return responses if isinstance(request, list) else responses[0]
