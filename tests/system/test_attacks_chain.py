"""What any client of the embedded chain's JSON-RPC may send without holding up the others."""

from __future__ import annotations

import contextlib
import socket
import threading

import orjson
import pytest
from coincurve import PrivateKey

from node.chain.embedded import methods, service
from node.chain.embedded.methods import RpcError
from tests.common.chain import CHAIN_ID, sign_legacy

pytestmark = pytest.mark.chain

ENDLESS = "0x5b600056"
"""Creation code that jumps to its own beginning."""


def call(identity, method, *params):
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": list(params)}


class TestBusy:
    def test_a_batch_of_endless_loops_holds_up_no_block(self, embedded_chain, monkeypatch):
        monkeypatch.setattr(service, "WORKING_SECONDS", 3.0)
        loops = [call(n, "eth_call", {"data": ENDLESS}, "latest") for n in range(1000)]
        answered = []
        attack = threading.Thread(target=lambda: answered.append(embedded_chain.batch(loops)))
        attack.start()
        raw = sign_legacy(
            PrivateKey(), to=bytes(20), data=b"", nonce=0, gas=21_000, chain_id=CHAIN_ID
        )
        sealed = embedded_chain.rpc("eth_sendRawTransaction", f"0x{raw.hex()}")
        assert embedded_chain.rpc("eth_getTransactionReceipt", sealed)["status"] == "0x1"
        assert not answered
        attack.join()
        codes = [answer["error"]["code"] for answer in answered[0]]
        assert len(codes) == len(loops)
        assert codes[-1] == -32005

    def test_a_call_has_no_more_gas_than_a_transaction(self):
        for gas in ({}, {"gas": "0x" + "f" * 16}):
            sent = methods.rewrite("eth_call", [{"data": ENDLESS, **gas}], head=9, time=1)
            assert sent[0]["gas"] == hex(methods.CALL_GAS)

    @pytest.mark.parametrize("absent", [{}, {"blockHash": None}])
    def test_logs_are_searched_in_a_bounded_range_only(self, absent):
        given = {"fromBlock": "0x0", "toBlock": "0xffffffff", **absent}
        with pytest.raises(RpcError) as refused:
            methods.rewrite("eth_getLogs", [given], head=20_000_000, time=1)
        assert refused.value.code == -32005


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"[" * 100_000, -32700),
            (b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', -32700),
            (orjson.dumps([call(1, "eth_chainId")] * 10_000), -32005),
            (b"x" * (service.BODY_BYTES + 1), -32005),
        ],
    )
    def test_are_bounded(self, embedded_chain, body, code):
        assert orjson.loads(embedded_chain.chain.handle_body(body))["error"]["code"] == code


@pytest.mark.parametrize("piece", [b"a: " + b"x" * 1000 + b"\r\n", b"x" * 1000])
def test_a_request_without_end_is_refused_whole(embedded_chain, piece):
    host, _, port = embedded_chain.url.removeprefix("http://").partition(":")
    most, sent = 10 * service.BODY_BYTES, 0
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n")
        with contextlib.suppress(ConnectionError):
            while sent < most:
                connection.sendall(piece)
                sent += len(piece)
    assert sent < most
