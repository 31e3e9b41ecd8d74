"""kill -9 under load, again and again: what was answered is there, all hashes are as they were."""

import os
import queue
import signal
import subprocess
import sys
import threading

import pytest
from coincurve import PrivateKey

from node.chain.embedded import EmbeddedChain
from node.chain.gateway import Gateway
from node.chain.transactions import address_of
from node.errors import ChainUnavailable
from tests.common.chain import CHAIN_ID, sign_legacy

pytestmark = pytest.mark.chain

CLIENTS = 4
SERVER = """
import sys
from pathlib import Path
from api.http.chainrpc import serve
from node.chain.embedded import EmbeddedChain
chain = EmbeddedChain(Path(sys.argv[1]), int(sys.argv[2]), deployers=None)
serve(chain, announce=lambda url: print(url, flush=True))
"""


class Client(threading.Thread):
    """Sends one sender's transactions one after another until the server is gone."""

    def __init__(self, url, key, nonce, answered):
        super().__init__()
        self.url, self.key, self.nonce, self.answered = url, key, nonce, answered

    def run(self):
        gateway = Gateway(self.url, timeout_seconds=20)
        try:
            while True:
                raw = sign_legacy(
                    self.key,
                    to=b"\2" * 20,
                    data=b"",
                    nonce=self.nonce,
                    gas=50_000,
                    chain_id=CHAIN_ID,
                )
                self.answered.put(gateway.send_raw(raw))
                self.nonce += 1
        except ChainUnavailable:
            return
        finally:
            gateway.close()


def start(folder):
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", SERVER, str(folder), str(CHAIN_ID)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.long)])
def test_no_answered_transaction_is_lost_and_all_hashes_stay(tmp_path, kills):
    keys = [PrivateKey() for _ in range(CLIENTS)]
    everything = []
    hashes: dict[int, bytes] = {}
    for _ in range(kills):
        process, url = start(tmp_path)
        gateway = Gateway(url)
        for number, known in hashes.items():
            assert gateway.block(number).hash == known
        answered: queue.Queue[bytes] = queue.Queue()
        clients = [
            Client(url, key, gateway.transaction_count(address_of(key.public_key)), answered)
            for key in keys
        ]
        for client in clients:
            client.start()
        # Enough answers that blocks are being sealed whenever the kill comes.
        everything += [answered.get(timeout=20) for _ in range(60)]
        head = gateway.head()
        hashes.update({header.number: header.hash for header in gateway.headers(0, head)})
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        for client in clients:
            client.join()
        while not answered.empty():
            everything.append(answered.get())
        gateway.close()
    chain = EmbeddedChain(tmp_path, CHAIN_ID, deployers=None)
    chain.start()
    try:
        lost = [
            tx for tx in everything if ask(chain, "eth_getTransactionReceipt", _hex(tx)) is None
        ]
        assert lost == []
        changed = [
            number for number, known in hashes.items() if hash_of(chain, number) != _hex(known)
        ]
        assert changed == []
        assert len(everything) >= kills * 60
    finally:
        chain.stop()


def ask(chain, method, *params):
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    return chain.handle(request)["result"]


def hash_of(chain, number):
    return ask(chain, "eth_getBlockByNumber", hex(number), False)["hash"]  # noqa: FBT003 - JSON-RPC


def _hex(data):
    return f"0x{data.hex()}"
