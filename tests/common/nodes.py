"""A node as an operator runs it, serving three departments of a town on a real chain."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn

from api.app import build
from api.city import folders
from api.city.plan import Plan
from api.http.callers import DOCUMENT_BYTES
from api.http.server import configure
from api.operating.standing import ask_status
from api.parts import Node
from api.settings import load_settings
from node.chain.relay import RelayAccount
from node.client.calls import LedgerClient
from node.client.http import SignedHttp
from node.client.trust import NodeTrust
from node.errors import LedgerError, NotFound
from node.office import Desk, authorising
from node.office.authorising import Request
from node.office.founder import Founder, Surroundings
from node.protocol import forms as documents
from node.protocol.wire import ids
from tests.common import founding, papers, pgstores
from tests.common.calls import fill_source
from tests.common.founding import TownKeys
from tests.common.keyfiles import quick_files, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from fastapi import FastAPI

    from node.crypto import SoftwareSigner
    from node.office import Act, Decided
    from tests.common.chain import LedgerChain

ALWAYS = papers.ALWAYS
Source = dict[str, Any]
QUOTA = {"callsPerDay": 100_000_000, "rowsPerDay": 100_000_000}
"""Ten minutes of `bench.soak` are more than a million calls."""
CODES = (papers.CENTRE, papers.POLICE, papers.EDUCATION)
ENTRY_CODE = "30300101/06001"
ENTRY = ids.entry_id(ids.department_id(papers.POLICE), ENTRY_CODE)
ITEMS = ("XM", "GMSFHM")
PASSWORD = b"correct horse battery staple"
DEADLINE_SECONDS = 20.0


def until(happens: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:
    """Return what `happens` returns once it is true; fail the test if that takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


def all_follow(chain_url: str, node_urls: Iterable[str]) -> bool:
    """Tell whether each node that runs has applied the chain's last block, if that runs."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
    try:
        said = httpx.post(chain_url, json=asked).json()
    except httpx.TransportError:
        return True
    nodes = [ask_status(each)[0] for each in node_urls]
    return all(each["cursor"] == int(said["result"], 16) for each in nodes if each)


def write_settings(
    folder: Path,
    chain: LedgerChain,
    keys: TownKeys,
    port: int,
    sources: Sequence[Source] = (),
    *,
    hosts: Sequence[str] = (),
    database: str = "",
    **console: object,
) -> Path:
    """Write key files and the settings of the one node of the town; return the settings' path.

    `sources` are what the police serve besides people, `console` more of that section; at `hosts`
    pages are opened, too. With `database` its stores are there. What a node's folder has of keys
    and people stays.
    """
    origins = [f"http://{host}:{port}" for host in hosts]
    people = {
        "entry": ENTRY_CODE,
        "url": f"sqlite:///{folder / 'people.db'}",
        "table": "person",
        "key": "id",
        "columns": {"XM": "name", "GMSFHM": "id"},
    }
    node = {
        "name": "node",
        "port": port,
        "departments": CODES,
        "anchoring": {"anchor_seconds": 0.2},
        "console": {
            "insecure_cookies": True,
            "agent_port": unused_port(),
            "origins": origins,
            **console,
        },
    }
    values = {
        "chain": {"url": chain.running.url},
        "nodes": [node],
        "sources": {papers.POLICE: [people, *sources]},
        "founding": founding.town().model_dump(mode="json"),
    }
    plan = Plan.model_validate_json(json.dumps(values))
    write_private(folder / "password", PASSWORD + b"\n")
    chain.deployment.save(folder / "deployment.json")
    if not (folder / "relay.key").exists():
        fill_source(folder / "people.db", rows=50).close()
        with quick_files():
            RelayAccount.generate().save(folder / "relay.key", PASSWORD)
            for code, short in founding.IDS.items():
                keys.nodes[code].save(folder / f"{short}-node.key", PASSWORD)
                keys.log(f"{short}-log").save(folder / f"{short}-log.key", PASSWORD)
    path = folder / "node.toml"
    if pgstores.ON_SERVER:
        database = database or pgstores.new_database()[0]
    storage = {"storage": {"url": database}} if database else {}
    folders.write_settings(path, folders.settings_of(plan, plan.nodes[0]) | storage)
    return path


def unused_port() -> int:
    """Return a port of loopback at which nobody listens, so that nobody is found there."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving_on(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """Serve an application from a thread on a socket that listens already."""
    server = uvicorn.Server(configure(app, DOCUMENT_BYTES))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class NodeTown:
    """A running node, and the acts of those it serves."""

    chain: LedgerChain
    node: Node
    keys: TownKeys
    url: str
    fatal: list[tuple[str, BaseException]]
    first: int = 0
    """The authorisation of the application."""
    application_paper: bytes = b""
    version_paper: bytes = b""
    https: dict[bytes, SignedHttp] = field(default_factory=dict)

    def http(self, signer: SoftwareSigner) -> SignedHttp:
        """Return the signed HTTP of a key, closed with the town."""
        return self.https.setdefault(signer.public_key.key_id, SignedHttp(signer, attempts=1))

    @property
    def desk(self) -> Desk:
        node = self.node
        return Desk(
            node.deployment,
            node.gateway,
            node.outbox,
            node.store,
            node.exchange.hand_over_all,
            clock=self.chain.running.clock,
        )

    def decide(self, act: Act, *signers: SoftwareSigner) -> Decided:
        """Decide, and wait until the node's read model has applied it."""
        decided = self.desk.decide(*act, *signers)
        until(lambda: self.node.queries.cursor().next_block > decided.block)
        return decided

    def found(self, *more: dict[str, Any]) -> None:
        """Take what is missing of the town, and of departments besides."""
        node, codes = self.node, (*CODES, *(each["code"] for each in more))
        self.keys.root = self.chain.root
        around = Surroundings(
            dict.fromkeys(codes, self.url),
            dict.fromkeys(CODES, node.relay.address),
            node.deployment.contracts,
        )
        Founder(founding.town(*more), self.keys, node.queries, node.store.find, around).take(
            lambda step, *signers: self.decide(step.act, *signers)
        )

    def grant(self) -> None:
        """Publish an entry and agree to the application for it."""
        submitted, review = founding.publication(papers.catalogue_version())
        self.decide(submitted, self.keys.heads[papers.POLICE])
        self.version_paper = submitted.documents[0]
        self.decide(review, self.keys.reviewer)
        body = papers.application(**ALWAYS, **QUOTA, items=list(ITEMS))
        applied = authorising.apply_for([Request(body, self.version_paper)])
        decided = self.decide(applied, self.keys.office[papers.EDUCATION])
        self.first = decided.event["first"]
        self.application_paper = applied.documents[0]
        agreed = papers.reply(
            authorisation=self.first,
            subject=documents.digest_of(self.application_paper).hex(),
            answer="同意",
            grant=papers.grant(**ALWAYS, **QUOTA, items=list(ITEMS)),
            refusals=[],
        )
        act = authorising.reply(
            agreed, application=self.application_paper, version=self.version_paper
        )
        self.decide(act, self.keys.office[papers.POLICE])

    def serve(self) -> None:
        """Found the town, agree to the application, and wait until its calls are served."""
        self.found()
        self.grant()
        with self.client() as client:
            until(lambda: self.answers(client))

    def answers(self, client: LedgerClient) -> bool:
        """Tell whether calls are served: the papers may still be on their way."""
        try:
            client.query(self.first, **QUERY)
        except NotFound:
            return False
        except LedgerError as error:
            if error.retryable:
                return False
            raise
        return True

    def step(self, name: str) -> Decided:
        """Suspend or resume the authorisation, by the provider's office head."""
        subject = None
        if name == "恢复":
            subject = self.node.queries.get_authorisation(self.first).subject.hex()
        body = papers.step(authorisation=self.first, step=name, subject=subject)
        return self.decide(authorising.advance(body), self.keys.office[papers.POLICE])

    def client(self, signer: SoftwareSigner | None = None) -> LedgerClient:
        """Return the application's client; its own node is this one, too."""
        signer = signer or self.keys.application
        trust = NodeTrust(self.http(signer), self.url)
        return LedgerClient(self.url, signer, self.keys.encryption, trust)


QUERY: dict[str, Any] = {
    "purpose": "RXHY",
    "items": ITEMS,
    "operator": "李老师",
    "matter": "2026-0001",
    "where": {"GMSFHM": {"eq": "130902200001010003"}},
}


@contextmanager
def running_town(
    folder: Path,
    chain: LedgerChain,
    sources: Sequence[Source] = (),
    extend: Callable[[FastAPI], None] = lambda _app: None,
    hosts: Sequence[str] = (),
    *,
    database: str = "",
    port: int = 0,
    keys: TownKeys | None = None,
    **console: object,
) -> Iterator[NodeTown]:
    """Start a node on empty disks, before anybody is enrolled; stop it at the end.

    `extend` may add to what it answers, and its pages are opened at `hosts`, too; `database` as
    for `write_settings`. With `port` and `keys` it is one that has ended (`tests.common.moulds`).
    """
    keys, fatal = keys or TownKeys(), []
    with socket.create_server(("127.0.0.1", port)) as listener:
        port = listener.getsockname()[1]
        written = write_settings(
            folder, chain, keys, port, sources, hosts=hosts, database=database, **console
        )
        settings = load_settings(written)
        node = Node(settings, on_fatal=lambda name, error: fatal.append((name, error)))
        try:
            node.start()
            until(lambda: not node.queries.cursor().filling)
            app = build(node)
            extend(app)
            with serving_on(app, listener):
                town = NodeTown(chain, node, keys, f"http://127.0.0.1:{port}", fatal)
                yield town
                for http in town.https.values():
                    http.close()
        finally:
            node.stop()
    assert fatal == []
