"""SM2 signatures of decisions, verified again in a few threads.

libcrypto releases the GIL, so the curve runs beside the projection. Every decision is hashed from
its own event and checked with the key as registered; a failure names the decision.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from node.crypto import verify_decision
from node.errors import ChainInconsistent, SignatureInvalid
from node.protocol.evm.decision import Domain, from_event, hash_decision

if TYPE_CHECKING:
    from concurrent.futures import Future

    from node.crypto import Sm2PublicKey
    from node.protocol.evm.abi import ChainEvent

    from .identity import Identity

    Job = tuple[ChainEvent, Sm2PublicKey, Sm2PublicKey | None]

BATCH = 32
"""Decisions a thread takes at once: the queue must not cost more than the curve."""


class Verifiers:
    """The threads that verify, shared by all chunks of a follower."""

    def __init__(self, identity: Identity) -> None:
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="sm2-verify")
        self._domains = {
            name: Domain(identity.chain_id, address) for name, address in identity.addresses.items()
        }

    def open(self) -> Verification:
        """Start on the decisions of one chunk."""
        return Verification(self._pool, self._domains)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)


class Verification:
    """The decisions of one chunk, in the order they were added."""

    def __init__(self, pool: ThreadPoolExecutor, domains: dict[str, Domain]) -> None:
        self._pool = pool
        self._domains = domains
        self._waiting: list[Job] = []
        self._running: list[Future[list[bytes]]] = []

    def add(self, event: ChainEvent, signer: Sm2PublicKey, possessor: Sm2PublicKey | None) -> None:
        """Hand over one decision."""
        self._waiting.append((event, signer, possessor))
        if len(self._waiting) == BATCH:
            self._submit()

    def hashes(self) -> list[bytes]:
        """Wait for all, and return the decisions' EIP-712 hashes.

        Raises:
            ChainInconsistent: a signature does not hold.
        """
        self._submit()
        return [found for future in self._running for found in future.result()]

    def cancel(self) -> None:
        """Drop what has not begun: the chunk has failed."""
        for future in self._running:
            future.cancel()

    def _submit(self) -> None:
        if self._waiting:
            self._running.append(self._pool.submit(self._verify, self._waiting))
            self._waiting = []

    def _verify(self, jobs: list[Job]) -> list[bytes]:
        return [self._verify_one(*job) for job in jobs]

    def _verify_one(
        self, event: ChainEvent, signer: Sm2PublicKey, possessor: Sm2PublicKey | None
    ) -> bytes:
        # `decision.reverify` does the same but keeps the hash to itself; hashing is half the work.
        args = event.args
        found = hash_decision(*from_event(event.name, args), self._domains[event.contract])
        try:
            verify_decision(signer, found, _joined(args["r"], args["s"]))
            if possessor is not None:
                proof = _joined(args["possessionR"], args["possessionS"])
                verify_decision(possessor, found, proof)
        except SignatureInvalid as err:
            raise ChainInconsistent(
                f"the signature of {event.name} {event.seq} of {event.contract} does not hold",
                contract=event.contract,
                seq=event.seq,
                block=event.block_number,
            ) from err
        return found


def _joined(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
