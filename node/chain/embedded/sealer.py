"""The one writer of the embedded chain: transactions in, sealed and committed blocks out.

A transaction's future resolves only after its block's row is committed, and no reader passes the
gate between the mining of a block and that COMMIT: what was answered or seen survives kill -9.
The blocks on disk are the chain; anvil is rebuilt from them at start and after any doubt.

One thread owns anvil and the store's writes. Locks: `_condition` guards queue, nonces and pending
futures; `gate` keeps reads out while the head moves. Neither is taken inside the other's hold by
readers, so they cannot wait for each other.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from ...errors import (
    ChainUnavailable,
    Fatal,
    LedgerError,
    TransactionRefused,
)
from .admission import Nonces, check
from .anvil import Anvil
from .stored import (
    BlockStore,
    Head,
    replay,
    stored_block,
)
from .turns import Gate, Shares, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..transactions import Transaction
    from .admission import Doors

BATCH_TRANSACTIONS = 500
BATCH_SECONDS = 0.003
"""How long a block waits for more transactions after its first."""

_log = logging.getLogger(__name__)


class Sealer:
    """Orders transactions, seals them into blocks and keeps the blocks."""

    def __init__(
        self, folder: Path, chain_id: int, doors: Doors, *, program: Path, now: Callable[[], float]
    ) -> None:
        self.gate = Gate()
        self.failure: BaseException | None = None
        """Why sealing has ended for good; None while it goes on."""
        self._folder, self._chain_id, self._doors = folder, chain_id, doors
        self._program, self._now = program, now
        self._condition = threading.Condition()
        self._queue = Shares()
        self._pending: dict[bytes, Future[bytes]] = {}
        """Futures by transaction hash, from admission until resolved."""
        self._nonces = Nonces()
        self._rebuilt = 0
        """How often anvil was given up or replaced: what it was asked before may be wrong now."""
        self._anvil: Anvil | None = None
        self._head: Head | None = None
        self._accepting = False
        """False before the start, during a rebuild and after the end: nothing may be queued."""
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self, on_failure: Callable[[], None] | None = None) -> None:
        """Replay the stored blocks into a fresh anvil and begin to seal (`EmbeddedChain.start`)."""
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(started, on_failure), name="sealer", daemon=True
        )
        self._thread.start()
        started.result()

    def stop(self) -> None:
        """Seal no more, fail what waits as retryable, end anvil."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()

    @property
    def head(self) -> Head:
        """The last block committed.

        Raises:
            ChainUnavailable: not started, or ended.
        """
        if self._head is None or self.failure is not None:
            raise ChainUnavailable("the embedded chain is not running")
        return self._head

    @property
    def anvil(self) -> Anvil:
        """The EVM that reads go to, inside the shared gate.

        Raises:
            ChainUnavailable: not running, or being rebuilt.
        """
        if self._anvil is None:
            raise ChainUnavailable("the embedded chain is not running")
        return self._anvil

    def time(self) -> int:
        """Return the time the next block would have: now, but never before the head."""
        return max(int(self._now()), self.head.timestamp)

    def submit(self, raw: bytes) -> Future[bytes]:
        """Queue a transaction; the future gives its hash once its block is committed.

        A transaction that is sealed or queued already gives the same hash again.

        Raises:
            MalformedTransaction, TransactionRefused: it cannot be sealed as it is.
            Overloaded, ChainUnavailable: not now; the same bytes may be sent again.
        """
        transaction = check(raw, self._chain_id)
        self._doors.check(transaction)
        try:
            queued = None
            while queued is None:
                queued = self._queue_up(transaction)
        except TransactionRefused as refusal:
            if refusal.facts["reason"] == "nonce-low" and self._is_sealed(transaction.hash):
                done: Future[bytes] = Future()
                done.set_result(transaction.hash)
                return done
            raise
        return queued

    def _queue_up(self, transaction: Transaction) -> Future[bytes] | None:
        """Queue a transaction; None when its sender's nonces were forgotten meanwhile."""
        rebuilt, count = self._rebuilt, None
        if not self._nonces.knows(transaction.sender):
            # Asked without the lock: anvil may be busy with a block, and others' nonces are here.
            count = self._sealed_count(transaction.sender)
        with self._condition:
            if not self._accepting:
                raise ChainUnavailable("the embedded chain is starting, being rebuilt or ended")
            pending = self._pending.get(transaction.hash)
            if pending is not None:
                return pending
            if not self._nonces.knows(transaction.sender):
                if count is None or rebuilt != self._rebuilt:
                    return None
                self._nonces.note(transaction.sender, count)
            self._nonces.check(transaction)
            known = self._doors.knows(transaction.sender)
            self._queue.check_room(known=known)
            self._nonces.admit(transaction)
            future: Future[bytes] = Future()
            self._queue.put(Waiting(transaction, future), known=known)
            self._pending[transaction.hash] = future
            self._condition.notify_all()
            return future

    def _run(self, started: Future[None], on_failure: Callable[[], None] | None) -> None:
        """Own anvil and store from first to last; the body of the sealer's thread."""
        store: BlockStore | None = None
        try:
            store = BlockStore(self._folder)
            self._rebuild(store)
            started.set_result(None)
            while batch := self._collect():
                self._seal(store, batch)
        except BaseException as error:  # noqa: BLE001 - the edge of a thread: kept for its owner
            self.failure = error
            if started.done():
                _log.critical("出块已停止 / sealing has ended: %s", error, exc_info=error)
                if on_failure is not None:
                    on_failure()
            else:
                started.set_exception(error)
        finally:
            with self._condition:
                self._fail_all(ChainUnavailable("the embedded chain has stopped"))
            with self.gate.exclusive():
                self._end_anvil()
            if store is not None:
                store.close()

    def _collect(self) -> list[Waiting]:
        """Wait for a first transaction, a moment for more; nothing means stop."""
        with self._condition:
            self._condition.wait_for(lambda: self._queue or self._stopping)
            if self._stopping:
                return []
            self._condition.wait_for(
                lambda: len(self._queue) >= BATCH_TRANSACTIONS or self._stopping, BATCH_SECONDS
            )
            return self._queue.take(BATCH_TRANSACTIONS)

    def _seal(self, store: BlockStore, batch: list[Waiting]) -> None:
        """Seal one batch, or fail it as retryable and rebuild anvil from the disk.

        Raises:
            Fatal: the block could not be committed, or the disk no longer replays.
        """
        try:
            sent = [waiting for waiting in batch if self._send(waiting)]
            if not sent:
                return
            with self.gate.exclusive():
                self._seal_block(store, [waiting.transaction for waiting in sent])
        except ChainUnavailable as error:
            _log.warning("一批 %d 笔交易失败，重建 anvil / a batch failed: %s", len(batch), error)
            with self._condition:
                self._fail_all(error, batch)
            self._rebuild(store)
        except SQLAlchemyError as error:
            # Whether the row is on disk is unknown; the next start will tell. Nobody was answered.
            with self._condition:
                self._fail_all(ChainUnavailable("the block could not be stored"), batch)
            raise Fatal(f"the block could not be committed: {error}") from error
        else:
            with self._condition:
                for waiting in sent:
                    del self._pending[waiting.transaction.hash]
            for waiting in sent:
                waiting.future.set_result(waiting.transaction.hash)

    def _send(self, waiting: Waiting) -> bool:
        """Hand one transaction to anvil; a refusal answers its sender at once."""
        transaction = waiting.transaction
        try:
            with self._condition:
                self._nonces.check_sending(transaction)
            self.anvil.send(transaction.raw)
        except TransactionRefused as refusal:
            with self._condition:
                if refusal.facts["reason"] == "invalid":
                    self._nonces.refused(transaction)
                del self._pending[transaction.hash]
            waiting.future.set_exception(refusal)
            return False
        with self._condition:
            self._nonces.sent(transaction)
        return True

    def _seal_block(self, store: BlockStore, transactions: list[Transaction]) -> None:
        timestamp = self.time()
        block = self.anvil.mine(timestamp)
        hashes = [f"0x{transaction.hash.hex()}" for transaction in transactions]
        stored = stored_block(block, [transaction.raw for transaction in transactions])
        if (
            block["transactions"] != hashes
            or stored.parent_hash != self.head.hash
            or stored.timestamp != timestamp
        ):
            raise ChainUnavailable(f"anvil sealed something else in block {stored.number}")
        store.append(stored)
        # From here the block exists whatever happens; until here it never did.
        self._head = Head(stored.number, stored.timestamp, stored.hash)
        self._doors.learn(transactions, partial(self.anvil.receipts, stored.number))

    def _rebuild(self, store: BlockStore) -> None:
        """Replace anvil by a fresh one that holds exactly the stored blocks."""
        begun = time.monotonic()
        with self.gate.exclusive():
            self._end_anvil()
            anvil = Anvil(self._program, self._chain_id)
            try:
                head = replay(store, anvil, self._chain_id, self._doors)
            except BaseException:
                anvil.kill()  # an interrupt, too: no field names it yet, so nothing else ends it
                raise
            self._anvil, self._head = anvil, head
        with self._condition:
            # Counts asked of the anvil that is gone may hold blocks that never were.
            self._rebuilt += 1
            self._accepting = not self._stopping
        spent = time.monotonic() - begun
        _log.info("已重放 %d 个区块，用时 %.2f 秒 / blocks replayed", head.number, spent)

    def _end_anvil(self) -> None:
        if self._anvil is not None:
            self._anvil.kill()
            self._anvil = None

    def _fail_all(self, error: LedgerError, batch: list[Waiting] | None = None) -> None:
        """Fail a batch and everything queued, and queue no more; the caller holds `_condition`."""
        self._accepting = False
        for waiting in [*(batch or ()), *self._queue.clear()]:
            if not waiting.future.done():
                waiting.future.set_exception(error)
        self._pending.clear()
        self._nonces.forget()
        self._rebuilt += 1

    def _sealed_count(self, sender: bytes) -> int:
        return int(self.anvil.result("eth_getTransactionCount", f"0x{sender.hex()}", "latest"), 16)

    def _is_sealed(self, transaction_hash: bytes) -> bool:
        receipt = self.anvil.result("eth_getTransactionReceipt", f"0x{transaction_hash.hex()}")
        return receipt is not None
