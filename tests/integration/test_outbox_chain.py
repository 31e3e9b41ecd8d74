"""The outbox on a real chain, killed between any two statements."""

from typing import Any

import pytest

from node.chain import outbox as outbox_module
from node.chain.outbox import Outbox
from node.chain.outbox_rows import OutboxRows
from node.chain.relay import RelayAccount
from node.errors import DecisionRefused, TransactionRefused
from node.storage.engines import open_engine

pytestmark = pytest.mark.chain

SOMEBODY = b"\2" * 20


class Killed(BaseException):
    """What kill -9 is to a process: no handler runs on for it."""


class Mortal:
    """Passes calls on and dies before or after the n-th of them."""

    def __init__(self, target, life):
        self._target, self._life = target, life

    def __getattr__(self, name):
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*args, **kwargs):
            self._life.step()
            result = value(*args, **kwargs)
            self._life.step()
            return result

        return call


class Life:
    """A number of steps."""

    def __init__(self, steps):
        self.steps = steps

    def step(self):
        self.steps -= 1
        if self.steps < 0:
            raise Killed


def mortal_outbox(engine, gateway, relay, life, monkeypatch):
    monkeypatch.setattr(outbox_module, "OutboxRows", lambda *args: Mortal(OutboxRows(*args), life))
    dying: Any = Mortal(gateway, life)
    return Outbox(engine, dying, relay)


@pytest.fixture
def engine(tmp_path):
    return open_engine(tmp_path / "node.db")


class TestKilledBetweenStatements:
    @pytest.mark.parametrize("gas", [50_000, 100], ids=["taken", "refused for good"])
    def test_every_transaction_is_settled_once_and_in_order(
        self, ledger_chain, engine, monkeypatch, gas
    ):
        gateway = ledger_chain.gateway
        relay = RelayAccount.generate()
        for steps in range(60):
            life = Life(steps)
            dying = mortal_outbox(engine, gateway, relay, life, monkeypatch)
            try:
                dying.enqueue(f"first {steps}", SOMEBODY, b"", gas)
                dying.enqueue(f"second {steps}", SOMEBODY, b"", 50_000)
                dying.pump()
            except Killed:
                survived = False
            else:
                survived = True
            monkeypatch.setattr(outbox_module, "OutboxRows", OutboxRows)
            again = Outbox(engine, gateway, relay)
            first = again.enqueue(f"first {steps}", SOMEBODY, b"", gas)
            second = again.enqueue(f"second {steps}", SOMEBODY, b"", 50_000)
            assert again.wait(second).succeeded
            if gas == 50_000:
                assert again.wait(first).succeeded
            else:
                with pytest.raises(TransactionRefused):
                    again.wait(first)
            assert gateway.transaction_count(relay.address) == 2 * (steps + 1)
            if survived:
                return
        pytest.fail("sixty steps were not enough")


class TestOutbox:
    def test_the_same_key_is_the_same_row(self, ledger_chain, tmp_path):
        outbox = ledger_chain.outbox(tmp_path)
        first = outbox.enqueue("anchor", SOMEBODY, b"", 50_000)
        assert outbox.enqueue("anchor", SOMEBODY, b"other", 50_000) == first

    def test_a_revert_is_a_typed_refusal(self, ledger_chain, tmp_path):
        outbox = ledger_chain.outbox(tmp_path)
        registry = ledger_chain.deployment.contracts["DepartmentRegistry"].address
        row = outbox.enqueue("nothing", registry, b"\1\2\3\4", 100_000)
        with pytest.raises(DecisionRefused):
            outbox.wait(row)

    def test_a_nonce_used_by_another_is_given_up_for_a_new_one(self, ledger_chain, engine):
        gateway, relay = ledger_chain.gateway, RelayAccount.generate()
        outbox = Outbox(engine, gateway, relay)
        row = outbox.enqueue("mine", SOMEBODY, b"", 50_000)
        gateway.send_raw(relay.sign_legacy(SOMEBODY, b"", 0, 60_000, gateway.chain_id()))
        assert outbox.wait(row).succeeded
        assert gateway.transaction_count(relay.address) == 2
