"""The embedded chain as one object: blocks in a folder, an EVM in memory, JSON-RPC at the front.

For one machine (design.md section 7); a consortium runs Besu instead and nothing else changes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .admission import Doors
from .anvil import find_anvil
from .sealer import Sealer
from .service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from .rpc import Request, Response


class EmbeddedChain:
    """A chain that lives in `data_dir`; `start` and `stop` once."""

    def __init__(
        self,
        data_dir: Path,
        chain_id: int,
        now: Callable[[], float] = time.time,
        *,
        deployers: Collection[bytes] | None,
        program: Path | None = None,
    ) -> None:
        """Name the chain; `now` gives seconds since 1970, `program` another anvil.

        Only `deployers` (addresses) create contracts, and only those contracts are called; None
        opens the chain to anybody, for tests.

        Raises:
            ConfigInvalid: there is no anvil program.
        """
        self.chain_id = chain_id
        self._sealer = Sealer(
            data_dir, chain_id, Doors(deployers), program=program or find_anvil(), now=now
        )
        self._service = Service(self._sealer, chain_id)

    def start(self, on_failure: Callable[[], None] | None = None) -> None:
        """Replay the stored blocks and begin to seal; returns when calls are answered.

        `on_failure` is called, from the sealer's thread, if sealing later ends by itself.

        Raises:
            ChainTampered: the stored blocks do not replay to their hashes.
            WrongChain: the folder holds another chain.
            ConfigInvalid: another process seals this chain.
            ChainUnavailable: anvil does not start.
        """
        self._sealer.start(on_failure)

    def stop(self) -> None:
        """End sealing and the EVM; what waits is failed as retryable."""
        self._sealer.stop()

    @property
    def failure(self) -> BaseException | None:
        """Why sealing has ended by itself (the process should end too), or None."""
        return self._sealer.failure

    def handle(self, request: Request) -> Response:
        """Answer one JSON-RPC request."""
        return self._service.handle(request)

    def handle_body(self, body: bytes) -> bytes:
        """Answer the body of an HTTP request: one request or a batch; empty for notifications."""
        return self._service.handle_body(body)
