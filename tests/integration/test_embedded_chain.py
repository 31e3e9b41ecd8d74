"""The embedded chain, with its anvil."""

import pytest

pytestmark = pytest.mark.chain


def test_answers_its_chain_id(embedded_chain):
    assert int(embedded_chain.rpc("eth_chainId"), 16) == embedded_chain.chain_id
