"""A node starts only on the chain, the genesis and the code its deployment names."""

import re
from contextlib import closing
from dataclasses import replace

import pytest

from node.chain.deployment import check, creation_code, deploy
from node.chain.gateway import Gateway
from node.chain.jsonrpc import Endpoint
from node.chain.relay import RelayAccount
from node.errors import (
    ChainUnavailable,
    ConfigInvalid,
    TransactionRefused,
    WrongChain,
)
from tests.common.endpoints import Reply, http_reply, raw_server

pytestmark = pytest.mark.chain

SENT = re.compile(rb'"eth_sendRawTransaction","params":\["(\w+)"')
NOBODY = b"\xee" * 20


def with_contract(deployment, name, **changes):
    contract = replace(deployment.contracts[name], **changes)
    return replace(deployment, contracts={**deployment.contracts, name: contract})


class TestCheck:
    def test_passes_the_chain_it_was_deployed_on(self, ledger_chain):
        check(ledger_chain.gateway, ledger_chain.deployment)

    def test_names_both_chain_ids(self, ledger_chain):
        wrong = replace(ledger_chain.deployment, chain_id=1)
        with pytest.raises(WrongChain, match=r"20260101.* 1$"):
            check(ledger_chain.gateway, wrong)

    def test_names_both_genesis_hashes(self, ledger_chain):
        right = ledger_chain.deployment.genesis_hash.hex()
        wrong = replace(ledger_chain.deployment, genesis_hash=b"\xaa" * 32)
        with pytest.raises(WrongChain, match=f"{right}.*{'aa' * 32}"):
            check(ledger_chain.gateway, wrong)

    def test_names_the_contract_whose_code_is_another_and_both_hashes(self, ledger_chain):
        right = ledger_chain.deployment.contracts["AccessAnchors"].code_hash.hex()
        wrong = with_contract(ledger_chain.deployment, "AccessAnchors", code_hash=b"\xbb" * 32)
        with pytest.raises(WrongChain, match=f"AccessAnchors.*{right}.*{'bb' * 32}"):
            check(ledger_chain.gateway, wrong)

    def test_tells_one_contract_in_anothers_place(self, ledger_chain):
        other = ledger_chain.deployment.contracts["CatalogueRegistry"].address
        wrong = with_contract(ledger_chain.deployment, "ShareAuthorisations", address=other)
        with pytest.raises(WrongChain, match=f"ShareAuthorisations at 0x{other.hex()}"):
            check(ledger_chain.gateway, wrong)

    def test_names_the_address_where_nothing_is(self, ledger_chain):
        wrong = with_contract(ledger_chain.deployment, "DepartmentRegistry", address=NOBODY)
        with pytest.raises(WrongChain, match=f"no contract at 0x{NOBODY.hex()}.*Department"):
            check(ledger_chain.gateway, wrong)

    def test_says_nothing_of_a_chain_that_does_not_answer(self, ledger_chain):
        with pytest.raises(ChainUnavailable):
            check(Gateway("http://127.0.0.1:1"), ledger_chain.deployment)


class TestDeploy:
    def test_names_the_creation_that_fails(self, ledger_chain, monkeypatch):
        monkeypatch.setattr("node.chain.deployment.CREATION_GAS", 500_000)
        with pytest.raises(ChainUnavailable, match="Sm2Verifier"):
            deploy(ledger_chain.gateway, RelayAccount.generate(), ledger_chain.root.public_key)

    def test_says_when_a_creation_is_not_even_taken(self, ledger_chain, monkeypatch):
        monkeypatch.setattr("node.chain.deployment.CREATION_GAS", 100_000)
        with pytest.raises(TransactionRefused, match="intrinsic gas too low"):
            deploy(ledger_chain.gateway, RelayAccount.generate(), ledger_chain.root.public_key)

    def test_of_a_contract_without_an_artifact_says_how_to_make_it(self, ledger_chain):
        with pytest.raises(ConfigInvalid, match="make abi"):
            creation_code(ledger_chain.gateway, "NoSuchContract", [])

    def test_twice_makes_two_systems(self, ledger_chain):
        again = deploy(ledger_chain.gateway, ledger_chain.relay, ledger_chain.root.public_key)
        first = ledger_chain.deployment
        assert again.genesis_hash == first.genesis_hash
        assert not set(again.names) & set(first.names)
        check(ledger_chain.gateway, again)

    @pytest.mark.parametrize("arrives", [True, False], ids=["answer lost", "request lost"])
    def test_outlives_connections_that_end_under_a_creation(self, ledger_chain, arrives):
        lost: set[bytes] = set()

        def answer(body: bytes) -> Reply:
            sent = SENT.search(body)
            if sent is None or sent[1] in lost:
                return http_reply(chain.post(body))
            lost.add(sent[1])
            if arrives:
                chain.post(body)
            return Reply()

        relay, root = ledger_chain.relay, ledger_chain.root.public_key
        before = ledger_chain.gateway.transaction_count(relay.address)
        with (
            Endpoint(ledger_chain.running.url) as chain,
            raw_server(answer) as server,
            closing(Gateway(server.url)) as gateway,
        ):
            made = deploy(gateway, relay, root)
        check(ledger_chain.gateway, made)
        assert len(lost) == len(made.contracts)
        # Sent twice, made once.
        assert ledger_chain.gateway.transaction_count(relay.address) == before + len(lost)
