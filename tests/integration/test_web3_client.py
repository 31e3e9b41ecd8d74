"""The embedded chain as a standard web3 client sees it."""

from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what web3 imports
    from web3 import HTTPProvider, Web3
    from web3.exceptions import Web3RPCError

pytestmark = pytest.mark.chain


@pytest.fixture
def web3(ledger_chain):
    return Web3(HTTPProvider(ledger_chain.running.url))


def test_reads_blocks_code_and_logs(web3, ledger_chain):
    deployment = ledger_chain.deployment
    registry = deployment.contracts["DepartmentRegistry"]
    address = Web3.to_checksum_address(registry.address)
    assert web3.eth.chain_id == deployment.chain_id
    assert bytes(web3.eth.get_block(0)["hash"]) == deployment.genesis_hash
    assert Web3.keccak(web3.eth.get_code(address)) == registry.code_hash
    assert web3.eth.get_logs({"address": address, "fromBlock": registry.block}) == []


def test_counts_the_relays_transactions(web3, ledger_chain):
    relay = Web3.to_checksum_address(ledger_chain.relay.address)
    assert web3.eth.get_transaction_count(relay) == len(ledger_chain.deployment.contracts)


def test_is_refused_what_would_change_the_chain_behind_the_sealer(web3):
    with pytest.raises(Web3RPCError, match="evm_mine"):
        web3.manager.request_blocking("evm_mine", [])
