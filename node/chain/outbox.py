"""Transactions that must arrive, whatever dies in between.

`enqueue` commits nonce and signed bytes before anything is sent; `pump` sends in nonce order,
one process at a time, and may be repeated at will: the chain knows a transaction by its
hash. A nonce that can never be used as meant is used by an empty transfer to oneself, so nothing
queues behind it for ever.

Two relays may carry one signed decision; the later transaction is refused because its nonce is
used. It is a success exactly when the chain holds an event with the same EIP-712 struct by the
same key (protocol.md section 3); any other use of the nonce is a refusal like any other.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from ..crypto import keccak256
from ..errors import (
    ChainUnavailable,
    MalformedEvent,
    TransactionRefused,
)
from ..protocol.evm import abi
from ..protocol.evm.decision import DECISIONS, from_event
from ..storage.locking import StoreLock
from .outbox_rows import OutboxRows, Row, State
from .reverts import refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sqlalchemy import Engine

    from .gateway import Gateway, RawLog, TxReceipt
    from .relay import RelayAccount


NONCE_SPENT = "NonceSpent"
"""The error of `SignedDecision` for a nonce that was used before."""


def find_same_decision(gateway: Gateway, to: bytes, data: bytes, revert: bytes) -> bytes | None:
    """Return the hash of the transaction that carried the decision in `data` before, or None.

    `data` is calldata that contract `to` refused with `revert`.

    Raises:
        ChainUnavailable: the endpoint does not answer.
    """
    error = abi.decode_error(revert) if revert else None
    return find_carried(gateway, to, data) if error and error[1] == NONCE_SPENT else None


def find_carried(gateway: Gateway, to: bytes, data: bytes) -> bytes | None:
    """Return the hash of the transaction that put the decision in `data` on chain, or None.

    Raises:
        ChainUnavailable: the endpoint does not answer.
    """
    for contract, function, args in _readings(data):
        kind = next(
            (k for k in DECISIONS.values() if (k.contract, k.function) == (contract, function)),
            None,
        )
        if kind is None:
            continue
        topic = next(
            t for t, (c, n) in abi.event_topics().items() if (c, n) == (contract, kind.event)
        )
        for log in gateway.logs(0, gateway.head(), [to], topics=[topic]):
            if _carries(contract, log, args):
                return log.tx_hash
    return None


def _readings(data: bytes) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Read calldata as each contract would: its address does not say which one it is."""
    for contract in abi.CONTRACTS:
        try:
            yield contract, *abi.decode_call(contract, data)
        except MalformedEvent:
            continue


def _carries(contract: str, log: RawLog, args: dict[str, Any]) -> bool:
    name, values = abi.decode_words(contract, log.words, log.topic_count)
    _, message = from_event(name, values)
    return bool(message == args["decision"] and values["signingKey"] == args["signature"]["key"])


TRANSFER_GAS = 21_000
POLL_SECONDS = 0.02


class Outbox:
    """The queue of one relay account towards one chain; any number of processes may share it."""

    def __init__(self, engine: Engine, gateway: Gateway, relay: RelayAccount) -> None:
        self._gateway, self._relay = gateway, relay
        self._rows = OutboxRows(engine, relay.address)
        self._sending = StoreLock(engine, f"outbox-{relay.address.hex()[:16]}")

    def enqueue(self, unique_key: str, to: bytes, data: bytes, gas: int) -> int:
        """Commit a transaction to be sent and return its row's id.

        The same key again returns the row that is there, whatever became of it.

        Raises:
            ChainUnavailable: the account's first row needs its count from the chain.
        """
        known = self._rows.find_by_key(unique_key)
        if known is not None:
            return known
        used = self._gateway.transaction_count(self._relay.address) if self._rows.is_empty() else 0
        return self._rows.append(
            unique_key,
            to=to,
            data=data,
            gas=gas,
            at_least=used,
            sign=lambda nonce: self._sign(to, data, gas, nonce),
        )

    def find(self, unique_key: str) -> int | None:
        """Return the id of the row with this key, or None; `result` and `wait` take it."""
        return self._rows.find_by_key(unique_key)

    def pending(self) -> int:
        """Return how many transactions are not settled yet."""
        return self._rows.count_open()

    def pump(self) -> int:
        """Send what waits, in nonce order, and see what became of it; return how many settled.

        Does nothing while another thread or process is at it.

        Raises:
            ChainUnavailable: the rest is sent next time.
        """
        settled = 0
        if not self._rows.count_open():  # what comes a moment later, its sender pumps himself
            return 0
        with self._sending.held() as is_sender:
            if not is_sender:
                return 0
            for row in self._rows.list_open(self._gateway.engine.pending_transactions):
                if not self._advance(row):
                    continue  # taken but in no block yet: the next nonce may be on its way too
                settled += 1
        return settled

    def wait(self, row_id: int, timeout_seconds: float = 30.0) -> TxReceipt:
        """Wait until a row is settled, sending it if nobody else does.

        Raises:
            DecisionRefused: mined, but the contract reverted.
            TransactionRefused: the chain will never take it.
            ChainUnavailable: not settled in time; it stays in the outbox and may still be.
        """
        deadline = time.monotonic() + timeout_seconds
        problem = ChainUnavailable("not mined yet")
        while True:
            try:
                self.pump()
                receipt = self.result(row_id)
                if receipt is not None:
                    return receipt
            except ChainUnavailable as error:
                problem = error
            if time.monotonic() >= deadline:
                text = f"transaction {row_id} is not mined after {timeout_seconds:g} s: {problem}"
                raise ChainUnavailable(text) from problem
            time.sleep(POLL_SECONDS)

    def result(self, row_id: int) -> TxReceipt | None:
        """Return a mined row's receipt; None while it is open.

        Raises:
            DecisionRefused, TransactionRefused: it has failed.
            ChainUnavailable: mined, but the endpoint does not answer.
        """
        row = self._rows.get(row_id)
        if row.state == State.MINED and row.mined is not None:
            return self._gateway.receipt(row.mined)
        if row.state == State.FAILED:
            if row.revert is not None:
                raise refusal_of(row.revert)
            raise TransactionRefused(str(row.refusal), reason="invalid")
        return None

    def _advance(self, row: Row) -> bool:
        """Bring one row a step further; tell whether it is settled now."""
        if row.state == State.FILLING:
            return self._fill(row)
        # A sent row is only sent again when it is in no block: a pool may have lost it.
        receipt = self._gateway.receipt(row.hash) if row.state == State.SENT else None
        if receipt is None:
            try:
                self._gateway.send_raw(row.raw)
            except TransactionRefused as refusal:
                if refusal.facts["reason"] != "known":
                    return self._refused(row, refusal)
            # Killed here, the next pump sends it once more and is told that it is known.
            receipt = self._gateway.receipt(row.hash)
            if receipt is None and row.state == State.QUEUED:
                self._rows.change(row, State.SENT)
        return receipt is not None and self._settle(row, receipt)

    def _refused(self, row: Row, refusal: TransactionRefused) -> bool:
        reason = refusal.facts["reason"]
        if reason == "nonce-low":
            receipt = self._gateway.receipt(row.hash)
            if receipt is not None:
                return self._settle(row, receipt)
            # Another transaction has used the nonce, so these bytes can never be mined: the row
            # goes to the end of the queue. Killed before the COMMIT, the same is found again.
            used = self._gateway.transaction_count(row.relay)
            self._rows.renumber(
                row, at_least=used, sign=lambda nonce: self._sign(row.to, row.data, row.gas, nonce)
            )
            return False
        if reason == "nonce-gap":
            # The nonces before this one are neither open here nor on the chain.
            raise ChainUnavailable(f"the chain lacks earlier transactions of ours: {refusal}")
        filler, _ = self._sign(row.relay, b"", TRANSFER_GAS, row.nonce)
        self._rows.change(row, State.FILLING, filler=filler, refusal=refusal.message)
        return self._fill(self._rows.get(row.id))

    def _fill(self, row: Row) -> bool:
        """Use up the nonce of a row that was refused for good."""
        filler = row.filler or b""
        try:
            self._gateway.send_raw(filler)
        except TransactionRefused as refusal:
            if refusal.facts["reason"] not in {"known", "nonce-low"}:
                raise ChainUnavailable(
                    f"nonce {row.nonce} cannot be filled: {refusal}"
                ) from refusal
        receipt = self._gateway.receipt(row.hash)
        if receipt is not None:  # it was taken after all, through another endpoint
            return self._settle(row, receipt)
        if self._gateway.transaction_count(row.relay) <= row.nonce:
            return False
        self._rows.change(row, State.FAILED)
        return True

    def _settle(self, row: Row, receipt: TxReceipt) -> bool:
        if receipt.succeeded:
            self._rows.change(row, State.MINED, mined=receipt.tx_hash)
            return True
        revert = receipt.revert_data
        if revert is None:
            block = receipt.block_number - 1 if self._gateway.engine.has_history else "latest"
            revert = self._gateway.revert_of(row.relay, row.to, row.data, row.gas, block=block)
        same = find_same_decision(self._gateway, row.to, row.data, revert)
        if same is not None:
            self._rows.change(row, State.MINED, mined=same)
        else:
            self._rows.change(row, State.FAILED, revert=revert)
        return True

    def _sign(self, to: bytes, data: bytes, gas: int, nonce: int) -> tuple[bytes, bytes]:
        raw = self._relay.sign_legacy(to, data, nonce, gas, self._chain_id)
        return raw, keccak256(raw)

    @cached_property
    def _chain_id(self) -> int:
        return self._gateway.chain_id()
