"""The document store: durable, idempotent, bounded."""

from __future__ import annotations

import pytest

from node.documents import store as store_module
from node.documents.store import UNBOUND_SECONDS, DocumentStore
from node.errors import DocumentUnknown, MalformedDocument, Overloaded
from node.protocol import forms as documents
from node.storage.engines import open_engine
from tests.common import papers

from .common import POLICE


def terms(days: int = 30) -> bytes:
    disposal = {"method": "销毁", "days": days, "note": None}
    return documents.new_document("terms", papers.terms(disposal=disposal))


class TestDocumentStore:
    def test_put_again_changes_nothing(self, city):
        store, data = city.police.store, terms()
        digest = store.put(data, POLICE)
        city.clock.now += 100
        assert store.put(data, b"o" * 32) == digest
        assert store.find_authors([digest])[digest] == POLICE

    def test_put_of_a_batch_keeps_all_or_none(self, city):
        good = terms()
        with pytest.raises(MalformedDocument):
            city.police.store.put_all([good, b"{}"], POLICE)
        assert city.police.store.find(documents.digest_of(good)) is None

    def test_get_of_what_is_not_here_raises(self, city):
        with pytest.raises(DocumentUnknown):
            city.police.store.get(bytes(32))
        assert city.police.store.find_authors([bytes(32)]) == {}

    def test_is_there_after_a_restart(self, city, tmp_path):
        digest = city.police.store.put(terms(), POLICE)
        city.police.engine.dispose()
        engine = open_engine(tmp_path / f"{papers.POLICE}.db")
        assert DocumentStore(engine).find(digest)
        engine.dispose()

    def test_drops_what_no_decision_binds_within_eight_days(self, city):
        digest = city.police.store.put(terms(), POLICE)
        city.clock.now += UNBOUND_SECONDS
        assert city.police.store.sweep() == 0
        city.clock.now += 1
        assert city.police.store.sweep() == 1
        assert city.police.store.find(digest) is None

    def test_keeps_what_a_decision_binds(self, city):
        data = documents.new_document("roles", papers.roles())
        fact = city.mine(city.police, "GrantRoles", POLICE, data)
        city.police.settle()
        city.clock.now += 10 * UNBOUND_SECONDS
        assert city.police.store.sweep() == 0
        assert city.police.store.get(fact.event["digest"]) == data

    def test_keeps_what_was_bound_before_it_arrived(self, city):
        data = documents.new_document("roles", papers.roles())
        digest = documents.digest_of(data)
        fields = documents.derive(documents.parse(data))
        city.ledger.mine("GrantRoles", POLICE, **fields, digest=digest)
        city.centre.settle()
        city.centre.store.put(data, POLICE)
        city.clock.now += 10 * UNBOUND_SECONDS
        assert city.centre.store.sweep() == 0

    def test_bounds_the_bytes_one_department_leaves_unbound(self, city, monkeypatch):
        monkeypatch.setattr(store_module, "UNBOUND_BYTES", len(terms(1)) + 1)
        store = city.police.store
        first = store.put(terms(1), POLICE)
        with pytest.raises(Overloaded, match="bytes"):
            store.put(terms(2), POLICE)
        assert store.find(first)
        assert store.put(terms(2), b"o" * 32)

    def test_bounds_what_one_department_leaves_unbound(self, city, monkeypatch):
        monkeypatch.setattr(store_module, "UNBOUND_LIMIT", 2)
        store = city.police.store
        batch = [terms(1), terms(2)]
        store.put_all(batch, POLICE)
        with pytest.raises(Overloaded):
            store.put(terms(3), POLICE)
        assert store.put_all(batch, POLICE)
        assert store.put(terms(3), b"o" * 32)
