"""What the embedded chain takes: the checks a transaction must pass before it may wait.

anvil accepts and silently drops, or queues for ever, what these refuse (design.md section 7);
whatever passes must be minable as it stands, or the whole batch would be replayed for it.
Pure but for the two tables of nonces, which the sealer's lock guards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import MalformedTransaction, TransactionRefused
from ..transactions import Transaction, parse_transaction

if TYPE_CHECKING:
    from collections.abc import Callable

TRANSACTION_BYTES = 128 * 1024
TRANSACTION_GAS = 100_000_000
"""Most gas one transaction may ask for; a block holds ten of them."""
CREATION_BYTES = 49_152
"""EIP-3860."""


def check(raw: bytes, chain_id: int) -> Transaction:
    """Check everything about a transaction that does not depend on others.

    Raises:
        MalformedTransaction: too long, or not a signed transaction.
        TransactionRefused: another chain's, over the gas cap or under what it needs at least, or
            it costs or moves coin (there is none on this chain).
    """
    if len(raw) > TRANSACTION_BYTES:
        raise MalformedTransaction(f"{len(raw)} bytes; at most {TRANSACTION_BYTES} are taken")
    transaction = parse_transaction(raw)
    problem = ""
    if transaction.chain_id != chain_id:
        problem = f"signed for chain {transaction.chain_id}, this is chain {chain_id}"
    elif transaction.gas > TRANSACTION_GAS:
        problem = f"gas {transaction.gas} is over the cap {TRANSACTION_GAS}"
    elif transaction.gas < transaction.intrinsic_gas:
        # anvil takes it and leaves it out of the block.
        problem = f"intrinsic gas too low: {transaction.gas}, it needs {transaction.intrinsic_gas}"
    elif transaction.value or transaction.price:
        problem = "insufficient funds: nobody has coin here, value and gas price must be 0"
    elif not transaction.to and len(transaction.data) > CREATION_BYTES:
        problem = f"creation code of {len(transaction.data)} bytes; at most {CREATION_BYTES}"
    if problem:
        raise TransactionRefused(problem, reason="invalid")
    return transaction


class Nonces:
    """The next nonce of every sender, twice: as admitted to the queue and as handed to anvil.

    Between the two lies the queue. A refusal by anvil brings the first back to the second, and
    what the sender had queued behind it fails instead of leaving a gap.
    """

    def __init__(self, count: Callable[[bytes], int]) -> None:
        self._count = count
        """Transactions of a sender in sealed blocks; asked once, while none of its are queued."""
        self._admitted: dict[bytes, int] = {}
        self._sent: dict[bytes, int] = {}

    def admit(self, transaction: Transaction) -> None:
        """Take the sender's next nonce.

        Raises:
            TransactionRefused: nonce-low or nonce-gap.
        """
        sender = transaction.sender
        if sender not in self._admitted:
            self._admitted[sender] = self._sent[sender] = self._count(sender)
        _compare(transaction, self._admitted[sender])
        self._admitted[sender] += 1

    def check_sending(self, transaction: Transaction) -> None:
        """Check that nothing the sender queued before this one was refused.

        Raises:
            TransactionRefused: nonce-gap.
        """
        _compare(transaction, self._sent[transaction.sender])

    def sent(self, transaction: Transaction) -> None:
        """Note that anvil has taken it."""
        self._sent[transaction.sender] += 1

    def refused(self, transaction: Transaction) -> None:
        """Note that anvil has refused it: its nonce is free again."""
        self._admitted[transaction.sender] = self._sent[transaction.sender]

    def forget(self) -> None:
        """Start anew from the sealed blocks; the queue must be empty."""
        self._admitted.clear()
        self._sent.clear()


def _compare(transaction: Transaction, expected: int) -> None:
    sender = f"0x{transaction.sender.hex()}"
    if transaction.nonce < expected:
        raise TransactionRefused(
            f"nonce too low: {sender} is at {expected}, got {transaction.nonce}", reason="nonce-low"
        )
    if transaction.nonce > expected:
        raise TransactionRefused(
            f"nonce too high: {sender} is at {expected}, got {transaction.nonce}; "
            "gaps are not queued",
            reason="nonce-gap",
        )
