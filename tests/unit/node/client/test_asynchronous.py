"""The client for an event loop does what the other does, at once and without holding the loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from node.client.asynchronous import AsyncLedgerClient
from node.client.receiptfolder import ReceiptFolder
from node.errors import ItemNotGranted, ReceiptNotMerged
from node.protocol.wire.receipt import Receipt
from tests.unit.node.client.test_receiptfolder import ANSWER, DATA, HELD, RECEIPT, RUNNER, given

if TYPE_CHECKING:
    from pathlib import Path


def awaited(body: Any, act: Any, *, status: int = 200, anchors: Any = None) -> Any:
    """Return what `act`, a coroutine of the client, gives when the provider answers `body`."""

    def provider(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=body.get(request.url.raw_path.decode(), body))

    async def run() -> Any:
        own = {**DATA["nodes"]["present"], **(anchors or {})}
        async with AsyncLedgerClient(RUNNER._client(own, provider)) as client:
            return await act(client)

    return asyncio.run(run())


def test_checks_and_opens_an_answer() -> None:
    answer = awaited(ANSWER, lambda client: client.send(*RUNNER.asked("query")))
    assert answer.rows == [{"XM": "张三", "GMSFHM": "130902********0003"}]


def test_raises_a_refusal_with_its_receipt() -> None:
    body = given("query", "item-not-granted, with its receipt")["body"]
    with pytest.raises(ItemNotGranted) as refused:
        awaited(body, lambda client: client.send(*RUNNER.asked("query")), status=403)
    assert isinstance(refused.value.facts["receipt"], Receipt)


def test_has_many_calls_on_their_way_at_once() -> None:
    together = threading.Barrier(5, timeout=20)

    def provider(_request: httpx.Request) -> httpx.Response:
        together.wait()  # passes only when five calls are here
        return httpx.Response(200, json=ANSWER)

    async def run() -> int:
        made = RUNNER._client(DATA["nodes"]["present"], provider)
        async with AsyncLedgerClient(made, at_once=5) as client:
            calls = [client.send(*RUNNER.asked("query")) for _ in range(5)]
            return len(await asyncio.gather(*calls))

    assert asyncio.run(run()) == 5


def test_keeps_the_receipt_of_a_call_that_is_given_up(tmp_path: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def provider(_request: httpx.Request) -> httpx.Response:
        asked.set()
        assert go_on.wait(20)
        return httpx.Response(200, json=ANSWER)

    made = RUNNER._client(DATA["nodes"]["present"], provider)
    made._receipts = folder = ReceiptFolder(tmp_path / "receipts")

    async def run() -> None:
        async with AsyncLedgerClient(made) as client:
            call = asyncio.create_task(client.send(*RUNNER.asked("query")))
            await asyncio.to_thread(asked.wait, 20)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            go_on.set()

    asyncio.run(run())
    assert len(folder.list_files()) == 1


def test_waits_for_the_anchor() -> None:
    anchored = awaited(
        HELD["provider"], lambda client: client.wait_anchored(RECEIPT), anchors=HELD["anchors"]
    )
    assert anchored.anchored.size == 7


def test_says_when_there_was_none_in_time() -> None:
    waiting = given("upgrade", "one that the chain has not reached")
    with pytest.raises(ReceiptNotMerged) as late:
        awaited(waiting["provider"], lambda client: client.wait_anchored(RECEIPT, 0.0))
    assert late.value.facts["receipt"] == RECEIPT
