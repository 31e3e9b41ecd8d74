"""The embedded chain with its anvil: what it takes, what it refuses, and what time it is."""

import sqlite3

import orjson
import pytest
from coincurve import PrivateKey
from eth_account import Account
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from node.chain.embedded import EmbeddedChain
from node.chain.transactions import parse_transaction
from node.errors import ChainTampered, ConfigInvalid, WrongChain
from tests.common.chain import CHAIN_ID, running_chain, sign_legacy

pytestmark = pytest.mark.chain

SOMEBODY = b"\2" * 20
TIMESTAMP_READER = bytes.fromhex("66425f5260205ff35f5260076019f3")
"""Creation code of a contract that returns block.timestamp."""


def transfer(key, nonce, *, gas=50_000, chain_id=CHAIN_ID, to=SOMEBODY, data=b""):
    raw = sign_legacy(key, to=to, data=data, nonce=nonce, gas=gas, chain_id=chain_id)
    return f"0x{raw.hex()}"


def block(chain, number):
    return chain.rpc("eth_getBlockByNumber", hex(number), False)  # noqa: FBT003 - JSON-RPC


@pytest.fixture
def key():
    return PrivateKey()


class TestSending:
    def test_gives_the_hash_of_a_sealed_transaction(self, embedded_chain, key):
        tx_hash = embedded_chain.rpc("eth_sendRawTransaction", transfer(key, 0))
        assert embedded_chain.rpc("eth_getTransactionReceipt", tx_hash)["status"] == "0x1"

    def test_gives_the_same_hash_again(self, embedded_chain, key):
        raw = transfer(key, 0)
        first = embedded_chain.rpc("eth_sendRawTransaction", raw)
        assert embedded_chain.rpc("eth_sendRawTransaction", raw) == first

    def test_refuses_a_nonce_gap_and_never_queues_it(self, embedded_chain, key):
        error = embedded_chain.refusal("eth_sendRawTransaction", transfer(key, 1))
        assert error["data"]["reason"] == "nonce-gap"
        embedded_chain.rpc("eth_sendRawTransaction", transfer(key, 0))
        embedded_chain.rpc("eth_sendRawTransaction", transfer(key, 1))

    def test_refuses_a_nonce_that_another_transaction_used(self, embedded_chain, key):
        embedded_chain.rpc("eth_sendRawTransaction", transfer(key, 0))
        error = embedded_chain.refusal("eth_sendRawTransaction", transfer(key, 0, gas=60_000))
        assert error["data"]["reason"] == "nonce-low"

    def test_refuses_another_chain_id(self, embedded_chain, key):
        error = embedded_chain.refusal("eth_sendRawTransaction", transfer(key, 0, chain_id=1))
        assert "signed for chain 1" in error["message"]

    @pytest.mark.parametrize("gas", [100, 100_000_001])
    def test_a_refused_transaction_leaves_its_nonce_free(self, embedded_chain, key, gas):
        embedded_chain.refusal("eth_sendRawTransaction", transfer(key, 0, gas=gas))
        embedded_chain.rpc("eth_sendRawTransaction", transfer(key, 0))

    @pytest.mark.parametrize("kind", ["call", "creation", "access list"])
    def test_refuses_what_has_less_gas_than_it_costs_to_carry(self, embedded_chain, key, kind):
        """anvil takes such a transaction and never mines it: its batch would be replayed for it."""
        before = embedded_chain.chain._sealer.anvil.pid

        def signed(gas):
            fields = {"nonce": 0, "gas": gas, "value": 0, "chainId": CHAIN_ID, "gasPrice": 0}
            fields["data"] = b"\0\1" * 700
            if kind != "creation":
                fields["to"] = f"0x{SOMEBODY.hex()}"
            if kind == "access list":
                names = [{"address": f"0x{SOMEBODY.hex()}", "storageKeys": ["0x" + "01" * 32] * 3}]
                fields |= {"type": 1, "accessList": names}
            return bytes(Account.sign_transaction(fields, key.secret).raw_transaction)

        enough = parse_transaction(signed(1_000_000)).intrinsic_gas
        error = embedded_chain.refusal("eth_sendRawTransaction", f"0x{signed(enough - 1).hex()}")
        assert "intrinsic gas too low" in error["message"]
        embedded_chain.rpc("eth_sendRawTransaction", f"0x{signed(enough).hex()}")
        assert embedded_chain.chain._sealer.anvil.pid == before

    def test_what_a_sender_queued_behind_a_refused_one_is_refused_too(self, embedded_chain, key):
        raws = [transfer(key, 0, gas=100), transfer(key, 1), transfer(key, 2)]
        answers = embedded_chain.batch(
            [
                {"jsonrpc": "2.0", "id": i, "method": "eth_sendRawTransaction", "params": [raw]}
                for i, raw in enumerate(raws)
            ]
        )
        assert ["error" in answer for answer in answers] == [True, True, True]
        embedded_chain.rpc("eth_sendRawTransaction", transfer(key, 0))

    def test_keeps_the_order_of_a_batch_of_many_senders(self, embedded_chain):
        keys = [PrivateKey() for _ in range(5)]
        raws = [transfer(key, nonce) for nonce in range(20) for key in keys]
        answers = embedded_chain.batch(
            [
                {"jsonrpc": "2.0", "id": i, "method": "eth_sendRawTransaction", "params": [raw]}
                for i, raw in enumerate(raws)
            ]
        )
        places = []
        for answer in answers:
            receipt = embedded_chain.rpc("eth_getTransactionReceipt", answer["result"])
            places.append((int(receipt["blockNumber"], 16), int(receipt["transactionIndex"], 16)))
        assert places == sorted(places)


class TestMethods:
    @pytest.mark.parametrize(
        "method", ["evm_mine", "anvil_setBalance", "debug_traceCall", "eth_sendTransaction", "x"]
    )
    def test_does_not_know_what_is_not_on_the_list(self, embedded_chain, method):
        assert embedded_chain.refusal(method)["code"] == -32601

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"{", -32700),
            (b"[]", -32600),
            (b"1", -32600),
            (b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600),
            (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32602),
            (b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[]}', -32602),
            (
                b'{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["0xzz"]}',
                -32602,
            ),
        ],
    )
    def test_answers_malformed_requests_with_json_rpc_errors(self, embedded_chain, body, code):
        answer = orjson.loads(embedded_chain.chain.handle_body(body))
        assert answer["error"]["code"] == code

    def test_tells_whoever_asks_that_gas_costs_nothing(self, embedded_chain, key):
        """What web3 and Hardhat ask before they fill in a transaction's fees."""
        for nonce in range(3):
            embedded_chain.rpc("eth_sendRawTransaction", transfer(key, nonce))
        assert embedded_chain.rpc("eth_maxPriorityFeePerGas") == "0x0"
        assert embedded_chain.rpc("eth_gasPrice") == "0x0"
        history = embedded_chain.rpc("eth_feeHistory", "0x3", "latest", [10, 50, 90])
        assert set(history["baseFeePerGas"]) == {"0x0"}
        assert history["reward"] == [["0x0"] * 3] * 3

    def test_does_not_answer_notifications(self, embedded_chain):
        body = b'{"jsonrpc":"2.0","method":"eth_chainId"}'
        assert embedded_chain.chain.handle_body(body) == b""

    def test_answers_a_batch_by_id(self, embedded_chain):
        methods = ["eth_chainId", "eth_gasPrice", "nothing", "eth_getBlockByNumber"]
        params = [[], [], [], ["0x0", False]]
        answers = embedded_chain.batch(
            [
                {"jsonrpc": "2.0", "id": f"n{i}", "method": m, "params": p}
                for i, (m, p) in enumerate(zip(methods, params, strict=True))
            ]
        )
        assert [answer["id"] for answer in answers] == ["n0", "n1", "n2", "n3"]
        assert "error" in answers[2]
        assert answers[3]["result"]["number"] == "0x0"


class TestTime:
    def test_a_call_sees_the_time_of_now_not_of_the_last_block(self, tmp_path, key):
        with running_chain(tmp_path) as chain:
            created = chain.rpc(
                "eth_sendRawTransaction",
                transfer(key, 0, gas=200_000, to=b"", data=TIMESTAMP_READER),
            )
            contract = chain.rpc("eth_getTransactionReceipt", created)["contractAddress"]
            chain.clock.advance(3 * 86_400)
            seen = int(chain.rpc("eth_call", {"to": contract}, "latest"), 16)
            assert int(chain.clock()) - seen in {0, 1}

    def test_time_never_goes_backwards(self, tmp_path, key):
        with running_chain(tmp_path) as chain:
            chain.rpc("eth_sendRawTransaction", transfer(key, 0))
            chain.clock.advance(-86_400)
            chain.rpc("eth_sendRawTransaction", transfer(key, 1))
            times = [block(chain, n)["timestamp"] for n in (1, 2)]
            assert times[0] == times[1]


class TestStarting:
    def seal(self, folder, count=3):
        key = PrivateKey()
        with running_chain(folder) as chain:
            for nonce in range(count):
                chain.rpc("eth_sendRawTransaction", transfer(key, nonce))
            return [block(chain, n)["hash"] for n in range(count + 1)]

    def test_replays_to_the_same_hashes(self, tmp_path):
        hashes = self.seal(tmp_path)
        with running_chain(tmp_path) as chain:
            again = [block(chain, n)["hash"] for n in range(4)]
        assert again == hashes

    @pytest.mark.parametrize(
        "edit",
        [
            "UPDATE block SET timestamp = timestamp + 1 WHERE number = 2",
            "UPDATE block SET hash = zeroblob(32) WHERE number = 2",
            "UPDATE block SET parent_hash = zeroblob(32) WHERE number = 2",
            "UPDATE block SET transactions = x'c101' WHERE number = 2",
            "UPDATE block SET transactions = x'c0' WHERE number = 3",
            "UPDATE block SET transactions = x'ff' WHERE number = 2",
            "DELETE FROM block WHERE number = 2",
            "UPDATE identity SET genesis_hash = zeroblob(32)",
        ],
    )
    def test_refuses_a_row_edited_by_hand(self, tmp_path, edit):
        self.seal(tmp_path)
        with sqlite3.connect(tmp_path / "chain.db") as database:
            database.execute(edit)
        database.close()
        chain = EmbeddedChain(tmp_path, CHAIN_ID, deployers=None)
        with pytest.raises(ChainTampered):
            chain.start()
        chain.stop()

    def test_refuses_another_chain_id(self, tmp_path):
        self.seal(tmp_path)
        chain = EmbeddedChain(tmp_path, CHAIN_ID + 1, deployers=None)
        with pytest.raises((WrongChain, ChainTampered)):
            chain.start()
        chain.stop()

    def test_refuses_a_folder_that_another_chain_seals(self, tmp_path):
        with running_chain(tmp_path):
            other = EmbeddedChain(tmp_path, CHAIN_ID, deployers=None)
            with pytest.raises(ConfigInvalid):
                other.start()
            other.stop()


class TestRebuilding:
    def test_goes_on_after_anvil_died(self, tmp_path, key):
        with running_chain(tmp_path) as chain:
            chain.rpc("eth_sendRawTransaction", transfer(key, 0))
            before = block(chain, 1)["hash"]
            chain.chain._sealer.anvil._process.kill()
            chain.chain._sealer.anvil._process.wait()
            refused = chain.refusal("eth_sendRawTransaction", transfer(key, 1))
            assert refused["data"] == {"retryable": True}
            Retrying(
                retry=retry_if_exception_type(AssertionError),
                stop=stop_after_delay(20),
                wait=wait_fixed(0.02),
            )(chain.rpc, "eth_sendRawTransaction", transfer(key, 1))
            assert block(chain, 1)["hash"] == before
            assert chain.rpc("eth_blockNumber") == "0x2"
