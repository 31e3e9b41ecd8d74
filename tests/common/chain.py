"""A running embedded chain for tests: `embedded_chain` (one a session), `ledger_chain` (contracts).

The session's chain is shared: never depend on its height or on who else deployed what.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import uvicorn
from eth_account import Account

from api.http.callers import DOCUMENT_BYTES
from api.http.chainrpc import create_app
from api.http.server import configure
from node.chain.deployment import Deployment, deploy
from node.chain.embedded import BODY_BYTES, EmbeddedChain
from node.chain.gateway import Gateway
from node.chain.outbox import Outbox
from node.chain.relay import RelayAccount
from node.crypto import SoftwareSigner
from node.storage.engines import open_engine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from coincurve import PrivateKey

CHAIN_ID = 20_260_101


@dataclass
class ShiftedClock:
    """The real clock plus what the test added."""

    ahead_seconds: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_seconds

    def advance(self, seconds: float) -> None:
        self.ahead_seconds += seconds


@dataclass
class RunningChain:
    """An embedded chain that answers JSON-RPC at `url`."""

    chain: EmbeddedChain
    url: str
    chain_id: int = CHAIN_ID
    clock: ShiftedClock = field(default_factory=ShiftedClock)

    def rpc(self, method: str, *params: object) -> Any:
        """Result of a call made in this process; an error response fails the test."""
        response = self.chain.handle(
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        )
        assert "error" not in response, response
        return response["result"]

    def refusal(self, method: str, *params: object) -> dict[str, Any]:
        """Error of a call that must fail."""
        response = self.chain.handle(
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        )
        assert "error" in response, response
        error: dict[str, Any] = response["error"]
        return error

    def batch(self, requests: list[dict[str, Any]]) -> Any:
        return orjson.loads(self.chain.handle_body(orjson.dumps(requests)))


@contextmanager
def running_chain(
    folder: Path, *, chain_id: int = CHAIN_ID, deployers: Collection[bytes] | None = None
) -> Iterator[RunningChain]:
    """Start a chain in `folder`, served over HTTP on a free port; stop it at the end.

    Without `deployers` it is open to anybody.
    """
    clock = ShiftedClock()
    chain = EmbeddedChain(folder, chain_id, clock, deployers=deployers)
    chain.start()
    try:
        with serving(create_app(chain), BODY_BYTES) as url:
            yield RunningChain(chain, url, chain_id, clock)
    finally:
        chain.stop()


@contextmanager
def serving(app: Any, body_bytes: int = DOCUMENT_BYTES) -> Iterator[str]:
    """Serve an ASGI application from a thread; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(configure(app, body_bytes))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    with listener:
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def sign_legacy(
    key: PrivateKey, *, to: bytes, data: bytes, nonce: int, gas: int, chain_id: int
) -> bytes:
    """A transaction of an account that is no relay's, without price or value."""
    account = RelayAccount(Account.from_key(key.secret))
    return account.sign_legacy(to, data, nonce, gas, chain_id)


@dataclass
class LedgerChain:
    """A chain with contracts nobody has decided anything in."""

    running: RunningChain
    gateway: Gateway
    relay: RelayAccount
    root: SoftwareSigner
    deployment: Deployment

    def outbox(self, folder: Path) -> Outbox:
        """An outbox of its own relay account, in `folder`."""
        return Outbox(open_engine(folder / "outbox.db"), self.gateway, RelayAccount.generate())


@contextmanager
def deployed_on(
    running: RunningChain, deployer: RelayAccount | None = None
) -> Iterator[LedgerChain]:
    """Deploy fresh contracts with a fresh root key on a running chain."""
    gateway, root = Gateway(running.url), SoftwareSigner.generate()
    relay = deployer or RelayAccount.generate()
    try:
        deployment = deploy(gateway, relay, root.public_key)
        yield LedgerChain(running, gateway, relay, root, deployment)
    finally:
        gateway.close()


@pytest.fixture
def ledger_chain(embedded_chain: RunningChain) -> Iterator[LedgerChain]:
    """Fresh contracts for every test, on the session's chain (0.1 s)."""
    with deployed_on(embedded_chain) as chain:
        yield chain


@pytest.fixture(scope="module")
def own_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningChain]:
    """One chain for a module whose calls are judged by the real clock: nobody moves its time."""
    with running_chain(tmp_path_factory.mktemp("chain")) as chain:
        yield chain


@pytest.fixture(scope="session")
def embedded_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningChain]:
    """One chain for the whole session."""
    with running_chain(tmp_path_factory.mktemp("chain")) as chain:
        yield chain
