"""Documents kept, found and exchanged between nodes; the desk that hands decisions in with them."""

from __future__ import annotations

from functools import cached_property

from node.documents.access import DocumentAccess
from node.documents.bindings import Bindings
from node.documents.exchange import Directory, Exchange, Identity
from node.documents.fetcher import Fetcher
from node.documents.search import CatalogueSearch
from node.documents.store import DocumentStore
from node.documents.terms import DocumentFacts
from node.office.desk import Desk
from node.office.drafting import Drafter
from node.protocol.forms import SIZE_LIMIT_BYTES
from node.protocol.wire import ids

from .ledgerparts import LedgerParts

PEER_SECONDS = 10.0
"""How long another node may take over one document."""


class DocumentParts(LedgerParts):
    """What decisions are about."""

    @cached_property
    def store(self) -> DocumentStore:
        return DocumentStore(self.node_engine, create=not self.is_looking)

    @cached_property
    def directory(self) -> Directory:
        overrides = {ids.department_id(code): url for code, url in self.settings.peers.items()}
        return Directory(self.store, overrides)

    @cached_property
    def exchange(self) -> Exchange:
        """Documents to and from other nodes, signed with the departments' keys."""
        served = {ids.department_id(each.code) for each in self.settings.departments}
        return Exchange(self._identities, self.directory, self.papers, serving=served)

    def _identities(self) -> list[Identity]:
        from node.client.http import SignedHttp

        identities = []
        for department in self.settings.departments:
            signer = self._signers[department.code]
            # One try: whoever asks another node asks again by itself.
            http = SignedHttp(
                signer,
                attempts=1,
                timeout_seconds=PEER_SECONDS,
                answer_seconds=PEER_SECONDS,
                answer_bytes=2 * SIZE_LIMIT_BYTES,
            )
            self._closing.append(http.close)
            identities.append(
                Identity(ids.department_id(department.code), signer.public_key.key_id, http)
            )
        return identities

    @cached_property
    def bindings(self) -> Bindings:
        return Bindings(self.store, serves=self.exchange.serves)

    @cached_property
    def search(self) -> CatalogueSearch:
        return CatalogueSearch(self.node_engine)

    @cached_property
    def access(self) -> DocumentAccess:
        return DocumentAccess(self.store, self.bindings, self.papers)

    @cached_property
    def facts(self) -> DocumentFacts:
        return DocumentFacts(self.store, self.bindings)

    @cached_property
    def fetcher(self) -> Fetcher:
        return Fetcher(self.store, self.bindings, self.search, self.exchange, self.papers)

    @cached_property
    def desk(self) -> Desk:
        return Desk(
            self.deployment, self.gateway, self.outbox, self.store, self.exchange.hand_over_all
        )

    @cached_property
    def drafter(self) -> Drafter:
        return Drafter(self.queries, self.store)
