"""What strangers send to the embedded chain holds up nobody who has decided before."""

from __future__ import annotations

import threading
import time

import pytest

from node.chain.gateway import Gateway
from node.chain.relay import RelayAccount
from node.errors import LedgerError, TransactionRefused
from node.office import departments
from tests.common import papers
from tests.common.chain import CHAIN_ID, deployed_on, running_chain
from tests.common.town import build_town

pytestmark = pytest.mark.chain

GARBAGE = 150
ENDLESS = bytes.fromhex("5b600056")
"""Creation code that jumps to its own beginning until its gas is gone."""
VIEW = bytes.fromhex("84b0196e")
"""`eip712Domain()`: succeeds for whoever calls it, and decides nothing."""


def garbage(key: RelayAccount, to: bytes = b"", data: bytes = ENDLESS, nonce: int = 0) -> bytes:
    return key.sign_legacy(to, data, nonce, 100_000_000, CHAIN_ID)


def create(gateway: Gateway, deployer: RelayAccount) -> bytes:
    """Create the deployer's first contract, which stops at once; return its address."""
    raw = deployer.sign_legacy(b"", bytes.fromhex("60015ff3"), 0, 200_000, CHAIN_ID)
    receipt = gateway.receipt(gateway.send_raw(raw))
    assert receipt is not None
    assert receipt.contract_address is not None
    return receipt.contract_address


@pytest.fixture
def town(tmp_path):
    """A town on a chain that is open to all, so that garbage gets in."""
    (tmp_path / "chain").mkdir()
    with running_chain(tmp_path / "chain") as running, deployed_on(running) as chain:
        yield from build_town(tmp_path, chain)


def test_a_flood_of_fresh_accounts_holds_up_no_decision(town, record_property):
    town.found()
    answers: list[object] = []
    answered = threading.Event()

    def send(raw: bytes) -> None:
        gateway = Gateway(town.chain.running.url, timeout_seconds=120)
        try:
            answers.append(gateway.send_raw(raw))
        except LedgerError as error:
            answers.append(error)
        finally:
            answered.set()
            gateway.close()

    # A view that succeeds makes nobody known.
    registry = town.chain.deployment.contracts["DepartmentRegistry"].address
    keys = [RelayAccount.generate() for _ in range(GARBAGE)]
    for key in keys[:5]:
        send(garbage(key, registry, VIEW))
    assert len({type(answer) for answer in answers}) == 1, answers
    answers.clear()
    answered.clear()
    flood = [
        threading.Thread(target=send, args=(garbage(key, nonce=int(key in keys[:5])),))
        for key in keys
    ]
    for thread in flood:
        thread.start()
    assert answered.wait(60)  # until the first garbage is mined
    before, begun = len(answers), time.monotonic()
    lost = papers.revocation(
        department=town.police.code, key=town.police.office.public_key.key_id.hex()
    )
    town.decide(town.police, departments.revoke_key(lost), town.police.head)
    seconds = time.monotonic() - begun
    record_property("seconds", round(seconds, 2))
    # The block that was being made, and the decision's own: each with one of the strangers' at
    # most, save those that were told at once that too many wait.
    mined = [answer for answer in answers[before:] if isinstance(answer, bytes)]
    assert len(mined) < GARBAGE // 4
    assert len(answers) < GARBAGE
    # What is left would take a minute: nobody waits for it.
    town.chain.running.chain.stop()
    for thread in flood:
        thread.join()


@pytest.fixture(scope="module")
def deployer():
    return RelayAccount.generate()


@pytest.fixture(scope="module")
def chain(tmp_path_factory, deployer):
    """A chain as `shareledger chain run` runs it."""
    folder = tmp_path_factory.mktemp("closed")
    with running_chain(folder, deployers={deployer.address}) as running:
        yield running


class TestDoors:
    def send(self, chain, raw):
        gateway = Gateway(chain.url)
        try:
            return gateway.send_raw(raw)
        finally:
            gateway.close()

    def refused(self, chain, raw):
        with pytest.raises(TransactionRefused) as refused:
            self.send(chain, raw)
        return refused.value.message

    def test_nobody_but_a_deployer_creates(self, chain):
        key = RelayAccount.generate()
        message = self.refused(chain, garbage(key))
        assert f"0x{key.address.hex()}" in message
        assert "--deployer" in message

    def test_a_call_goes_to_a_contract_its_deployer_made(self, chain, deployer):
        gateway = Gateway(chain.url)
        stranger, at = RelayAccount.generate(), b"\2" * 20
        assert f"0x{at.hex()}" in self.refused(chain, garbage(stranger, at))
        made = create(gateway, deployer)
        assert gateway.receipt(self.send(chain, garbage(stranger, made, b"\1"))) is not None
        gateway.close()

    def test_an_empty_transfer_to_oneself_fills_a_nonce(self, chain):
        key = RelayAccount.generate()
        me = key.address
        assert self.send(chain, garbage(key, me, b""))
        assert "empty transfers" in self.refused(chain, garbage(key, me, b"\1", nonce=1))

    def test_a_restart_knows_what_was_made_before(self, tmp_path, deployer):
        with running_chain(tmp_path, deployers={deployer.address}) as chain:
            gateway = Gateway(chain.url)
            made = create(gateway, deployer)
            gateway.close()
        with running_chain(tmp_path, deployers=()) as chain:
            assert self.send(chain, garbage(RelayAccount.generate(), made, b"\1"))
            again = deployer.sign_legacy(b"", ENDLESS, 1, 200_000, CHAIN_ID)
            assert "may create no contract" in self.refused(chain, again)

    def test_the_contracts_are_deployed_and_decided_in(self, tmp_path):
        relay = RelayAccount.generate()
        with (
            running_chain(tmp_path, deployers={relay.address}) as running,
            deployed_on(running, relay) as chain,
        ):
            for town in build_town(tmp_path, chain):
                town.found()
                assert len(town.queries.departments()) == 3
