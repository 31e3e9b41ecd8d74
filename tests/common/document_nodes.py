"""Nodes' documents that talk to each other in this process, over any ledger."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from node.documents.access import DocumentAccess
from node.documents.bindings import Bindings
from node.documents.exchange import Directory, Exchange, Identity
from node.documents.fetcher import Fetcher
from node.documents.search import CatalogueSearch
from node.documents.store import DocumentStore
from node.documents.terms import DocumentFacts
from node.errors import PeerUnavailable
from node.protocol.wire import ids
from node.storage.engines import open_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from node.documents.ports import Ledger


class Network:
    """Nodes by URL; those switched off do not answer."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.off: set[str] = set()
        self.requests: list[tuple[str, str]] = []

    def transport(self, key: bytes):
        def request(method, url, body=b"", _content_type=""):
            self.requests.append((method, url))
            base, _, digest = url.partition("/api/v1/documents")
            digest = digest.removeprefix("/")
            if base in self.off or base not in self.nodes:
                raise PeerUnavailable(f"{base} does not answer")
            access = self.nodes[base].access
            if method == "PUT":
                access.accept(bytes.fromhex(digest), body, key)
                return SimpleNamespace(content=b"")
            if method == "POST":
                access.accept_all(body, key)
                return SimpleNamespace(content=b"")
            return SimpleNamespace(content=access.read(bytes.fromhex(digest), key))

        return SimpleNamespace(request=request)


class Node:
    """One node's documents with everything around them."""

    def __init__(
        self,
        folder: Path,
        department: bytes,
        key: bytes,
        ledger: Ledger,
        *,
        network: Network,
        clock: Callable[[], float],
        url: str,
        peers: Mapping[bytes, str],
    ) -> None:
        self.engine = open_engine(folder / f"{ids.department_code(department)}.db")
        self.store = DocumentStore(self.engine, clock=clock)
        identity = Identity(department, key, network.transport(key))
        self.exchange = Exchange([identity], Directory(self.store, peers), ledger)
        self.bindings = Bindings(self.store, serves=self.exchange.serves)
        self.search = CatalogueSearch(self.engine)
        self.access = DocumentAccess(self.store, self.bindings, ledger)
        self.facts = DocumentFacts(self.store, self.bindings)
        self.fetcher = Fetcher(self.store, self.bindings, self.search, self.exchange, ledger)
        network.nodes[url] = self

    def settle(self, rounds: int = 20) -> None:
        for _ in range(rounds):
            if not self.fetcher.run_once():
                return
