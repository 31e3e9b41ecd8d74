"""Whose transaction is in the next block."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import pytest

from node.chain.embedded.admission import TRANSACTION_GAS
from node.chain.embedded.turns import STRANGERS_WAITING, Shares, Waiting
from node.chain.relay import RelayAccount
from node.chain.transactions import parse_transaction
from node.errors import Overloaded

ONE = parse_transaction(RelayAccount.generate().sign_legacy(bytes(20), b"", 0, 21_000, 7))


def waiting(sender: str, nonce: int = 0, gas: int = TRANSACTION_GAS) -> Waiting:
    transaction = replace(ONE, sender=sender.encode(), nonce=nonce, gas=gas)
    return Waiting(transaction, Future())


def taken(shares: Shares, count: int = 500) -> list[tuple[str, int]]:
    batch = [each.transaction for each in shares.take(count)]
    return [(each.sender.decode(), each.nonce) for each in batch]


def test_strangers_together_get_the_gas_of_one_transaction_in_a_block():
    shares = Shares()
    for number in range(3):
        shares.put(waiting(f"s{number}"), known=False)
    for nonce in range(4):
        shares.put(waiting("police", nonce), known=True)
    assert taken(shares) == [("s0", 0), *[("police", nonce) for nonce in range(4)]]
    assert taken(shares) == [("s1", 0)]
    assert taken(shares) == [("s2", 0)]
    assert len(shares) == 0


def test_small_ones_of_strangers_share_a_block():
    shares = Shares()
    for number in range(5):
        shares.put(waiting(f"s{number}", gas=TRANSACTION_GAS // 4), known=False)
    assert len(taken(shares)) == 4
    assert len(taken(shares)) == 1


def test_those_who_are_known_take_turns_within_a_block_and_between_blocks():
    shares = Shares()
    for nonce in range(30):
        shares.put(waiting("busy", nonce), known=True)
    shares.put(waiting("quiet"), known=True)
    # A block has the gas of ten.
    assert taken(shares) == [("busy", 0), ("quiet", 0), *[("busy", nonce) for nonce in range(1, 9)]]
    shares.put(waiting("quiet", 1), known=True)
    assert ("quiet", 1) in taken(shares, 2)


def test_a_sender_who_becomes_known_keeps_the_order_of_his_nonces():
    shares = Shares()
    for number in range(2):
        shares.put(waiting("other", number), known=False)
    shares.put(waiting("new", 0), known=False)
    shares.put(waiting("new", 1), known=True)
    order = [each for _ in range(4) for each in taken(shares)]
    assert [nonce for sender, nonce in order if sender == "new"] == [0, 1]
    shares.put(waiting("new", 2), known=True)
    shares.put(waiting("other", 2), known=False)
    assert set(taken(shares)) == {("new", 2), ("other", 2)}


def test_strangers_beyond_their_number_are_told_at_once_and_others_are_not():
    shares = Shares()
    for number in range(STRANGERS_WAITING):
        shares.check_room(known=False)
        shares.put(waiting(f"s{number}"), known=False)
    with pytest.raises(Overloaded):
        shares.check_room(known=False)
    shares.check_room(known=True)
    assert len(shares.clear()) == STRANGERS_WAITING
    shares.check_room(known=False)
