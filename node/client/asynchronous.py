"""The same client for an event loop: its calls run in threads of its own.

What a call costs besides waiting is SM2 and the check of its proof, milliseconds that would hold
the loop; and a call that is given up while it is on its way still keeps its receipt. So nothing is
said twice: every method is that of `LedgerClient`, awaited.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar, Unpack

from tenacity import AsyncRetrying, RetryError

from .calls import MERGE_SECONDS, not_merged, until_anchored

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ..protocol.wire.receipt import Receipt
    from .calls import Answer, LedgerClient, Query, Upgraded
    from .checks import Asked
    from .http import SignedRequest

P = ParamSpec("P")
T = TypeVar("T")
AT_ONCE = 16
"""Calls on their way at a time; more wait for a thread."""


class AsyncLedgerClient:
    """`LedgerClient` for an event loop; every method raises what its own does."""

    def __init__(self, client: LedgerClient, *, at_once: int = AT_ONCE) -> None:
        """Let `client` make up to `at_once` calls at a time; it is closed with this one."""
        self._client = client
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="shareledger-call")

    async def prepare(
        self, authorisation: int, **query: Unpack[Query]
    ) -> tuple[SignedRequest, Asked]:
        return await self._run(self._client.prepare, authorisation, **query)

    async def query(self, authorisation: int, **query: Unpack[Query]) -> Answer:
        return await self._run(self._client.query, authorisation, **query)

    async def send(self, request: SignedRequest, asked: Asked) -> Answer:
        return await self._run(self._client.send, request, asked)

    async def resend(self, answer: Answer) -> Answer:
        return await self._run(self._client.resend, answer)

    async def pages(self, authorisation: int, **query: Unpack[Query]) -> AsyncIterator[Answer]:
        pages = self._client.pages(authorisation, **query)
        while (answer := await self._run(lambda: next(pages, None))) is not None:
            yield answer

    async def upgrade(self, receipt: Receipt) -> Receipt:
        return await self._run(self._client.upgrade, receipt)

    async def upgrade_kept(self) -> Upgraded:
        return await self._run(self._client.upgrade_kept)

    async def wait_anchored(
        self, receipt: Receipt, timeout_seconds: float = MERGE_SECONDS
    ) -> Receipt:
        # Between two questions no thread is held.
        waiting = AsyncRetrying(**until_anchored(timeout_seconds))
        try:
            upgraded: Receipt = await waiting(self.upgrade, receipt)
        except RetryError as error:
            raise not_merged(receipt, timeout_seconds) from error
        return upgraded

    async def close(self) -> None:
        """Wait for what is on its way, and let go of the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, act: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(act, *args, **named))
