"""The outbox towards a real chain through a line that loses requests and answers."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

import orjson
import pytest
from sqlalchemy import create_engine

from node.chain.gateway import Gateway
from node.chain.outbox import Outbox
from node.chain.relay import RelayAccount
from node.errors import ChainUnavailable, ConfigInvalid
from node.storage.engines import open_engine
from tests.common.endpoints import (
    Reply,
    failure,
    http_reply,
    raw_server,
)

pytestmark = pytest.mark.chain

SOMEBODY = b"\2" * 20
SEND = "eth_sendRawTransaction"


class Line:
    """Passes requests on to a chain, save for those a test has planned a fault for."""

    def __init__(self, url):
        parts = urlsplit(url)
        self._address = parts.hostname, parts.port
        self.faults: list[tuple[str, str]] = []
        """(method, fault) in the order they are to happen."""
        self.sent: list[str] = []
        """Raw transactions that were asked to be sent."""

    def answer(self, body):
        request = orjson.loads(body)
        method = request["method"] if isinstance(request, dict) else ""
        if method == SEND:
            self.sent.append(request["params"][0])
        if self.faults and self.faults[0][0] == method:
            return self._fault(self.faults.pop(0)[1], request, body)
        return http_reply(self._pass_on(body))

    def _fault(self, fault, request, body):
        if fault == "answer lost":
            self._pass_on(body)
            return Reply()
        if fault == "request lost":
            return Reply()
        return http_reply(orjson.dumps(failure(request, -32000, fault)))

    def _pass_on(self, body):
        connection = http.client.HTTPConnection(*self._address)
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = connection.getresponse().read()
        connection.close()
        return answer


@contextmanager
def outbox_behind_line(chain, folder):
    line, relay = Line(chain.running.url), RelayAccount.generate()
    engine = open_engine(folder / "node.db")
    with raw_server(line.answer) as server:
        gateway = Gateway(server.url)
        try:
            yield Outbox(engine, gateway, relay), line, relay
        finally:
            gateway.close()
            engine.dispose()


class TestFaults:
    @pytest.mark.parametrize("fault", ["answer lost", "request lost", "txpool is full", "busy"])
    def test_of_a_send_delay_it_and_double_nothing(self, ledger_chain, tmp_path, fault):
        with outbox_behind_line(ledger_chain, tmp_path) as (outbox, line, relay):
            rows = [outbox.enqueue(f"row {n}", SOMEBODY, b"", 50_000) for n in range(3)]
            line.faults = [(SEND, fault)] * 2
            for _ in range(2):
                with pytest.raises(ChainUnavailable):
                    outbox.pump()
            receipts = [outbox.wait(row) for row in rows]
            assert all(receipt.succeeded for receipt in receipts)
            places = [(receipt.block_number, receipt.tx_index) for receipt in receipts]
            assert places == sorted(places)
            assert ledger_chain.gateway.transaction_count(relay.address) == 3
            assert len(set(line.sent)) == 3

    def test_of_the_look_for_what_became_of_it_delay_it_only(self, ledger_chain, tmp_path):
        with outbox_behind_line(ledger_chain, tmp_path) as (outbox, line, relay):
            row = outbox.enqueue("row", SOMEBODY, b"", 50_000)
            line.faults = [("eth_getTransactionReceipt", "request lost")] * 3
            with pytest.raises(ChainUnavailable):
                outbox.pump()
            assert outbox.wait(row).succeeded
            assert ledger_chain.gateway.transaction_count(relay.address) == 1

    def test_that_go_on_are_told_after_the_time_given(self, ledger_chain, tmp_path):
        with outbox_behind_line(ledger_chain, tmp_path) as (outbox, line, _):
            row = outbox.enqueue("row", SOMEBODY, b"", 50_000)
            line.faults = [(SEND, "request lost")] * 1000
            with pytest.raises(ChainUnavailable, match=r"not mined after 0\.2 s"):
                outbox.wait(row, 0.2)
            line.faults.clear()
            assert outbox.wait(row).succeeded


class TestManyAtOnce:
    def test_take_each_nonce_once_and_send_in_order(self, ledger_chain, tmp_path):
        relay, engine = RelayAccount.generate(), open_engine(tmp_path / "node.db")
        outboxes = [Outbox(engine, ledger_chain.gateway, relay) for _ in range(4)]
        settled: list[bool] = []

        def work(number, outbox):
            for count in range(5):
                row = outbox.enqueue(f"{number} {count}", SOMEBODY, b"", 50_000)
                settled.append(outbox.wait(row).succeeded)

        threads = [
            threading.Thread(target=work, args=(number, outbox))
            for number, outbox in enumerate(outboxes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.dispose()
        assert settled == [True] * 20
        assert ledger_chain.gateway.transaction_count(relay.address) == 20


class TestDatabase:
    def test_must_be_a_file_for_the_lock_to_stand_beside(self, ledger_chain):
        memory = create_engine("sqlite://")
        with pytest.raises(ConfigInvalid, match="database file"):
            Outbox(memory, ledger_chain.gateway, RelayAccount.generate())
        memory.dispose()
