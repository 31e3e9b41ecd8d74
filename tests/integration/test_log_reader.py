"""Reading: heads and proofs at every size, under a growing log, and the published checkpoints."""

from __future__ import annotations

import pytest

from node.errors import (
    InvalidInput,
    LogRolledBack,
    LogTampered,
    NotFound,
)
from node.log import (
    Committer,
    LogReader,
    last_published,
    list_published,
    mark_published,
)
from node.log.published import metadata as published_tables
from node.log.tables import tile
from node.protocol.wire.checkpoint import SignedCheckpoint, verify_note
from node.protocol.wire.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from node.protocol.wire.receipt import verify_receipt
from node.storage.engines import open_engine
from tests.common.logs import (
    Clock,
    commit_all,
    new_draft,
    new_identity,
)
from tests.common.trees import root_of

SIZE = 1500
LOG = b"\x01" * 32


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture(scope="module")
def filled(tmp_path_factory, identity):
    path = tmp_path_factory.mktemp("log") / "log.db"
    committer = Committer(open_engine(path), [identity], clock=Clock())
    leaves = []
    for start in range(0, SIZE, 100):
        drafts = [new_draft(identity, n) for n in range(start, start + 100)]
        leaves += [leaf_hash(done.leaf) for done in commit_all(committer, drafts)]
    committer.close()
    return path, leaves


@pytest.fixture
def reader(filled):
    return LogReader(open_engine(filled[0], readonly=True))


class TestHead:
    def test_an_empty_log_has_a_signed_head(self, tmp_path, identity):
        path = tmp_path / "log.db"
        Committer(open_engine(path), [identity]).close()
        reader = LogReader(open_engine(path, readonly=True))
        head = reader.head(identity.log)
        assert (head.size, head.root, head.at) == (0, EMPTY_ROOT, 0)
        signed = SignedCheckpoint.parse(head.checkpoint)
        verify_note(signed, sm2=identity.sm2.public_key, ed25519=identity.ed25519.public)
        assert reader.root_at(identity.log, 0) == EMPTY_ROOT
        assert reader.consistency(identity.log, 0, 0) == []
        assert reader.logs() == [(identity.log, identity.origin)]

    def test_an_unknown_log_is_not_found(self, reader):
        for read in (reader.head, lambda log: reader.entry(log, 0)):
            with pytest.raises(NotFound):
                read(bytes(32))


class TestProofs:
    def test_every_past_size_has_its_root(self, reader, identity, filled):
        for size in (1, 2, 255, 256, 257, 777, 1024, SIZE):
            assert reader.root_at(identity.log, size) == root_of(filled[1][:size])

    def test_inclusion_holds_at_past_sizes(self, reader, identity, filled):
        for size in (1, 2, 300, 512, 513, 1025, SIZE):
            root = root_of(filled[1][:size])
            for index in {0, size // 3, size // 2, size - 1}:
                proof = reader.inclusion(identity.log, index, size)
                verify_inclusion(filled[1][index], index, size, proof, root)

    def test_consistency_holds_between_any_two_sizes(self, reader, identity, filled):
        sizes = (0, 1, 3, 256, 300, 512, 1024, 1025, SIZE)
        for new in sizes:
            for old in (size for size in sizes if size <= new):
                proof = reader.consistency(identity.log, old, new)
                roots = root_of(filled[1][:old]), root_of(filled[1][:new])
                verify_consistency(old, roots[0], new, roots[1], proof)

    def test_a_receipt_under_the_newest_head_verifies(self, reader, identity):
        for index in (0, 700, SIZE - 1):
            verify_receipt(
                reader.receipt(identity.log, index),
                sm2=identity.sm2.public_key,
                ed25519=identity.ed25519.public,
                origin=identity.origin,
            )

    def test_what_is_not_in_the_log_is_refused(self, reader, identity):
        log = identity.log
        for refused in (
            lambda: reader.inclusion(log, 5, 5),
            lambda: reader.inclusion(log, -1, 5),
            lambda: reader.inclusion(log, 0, SIZE + 1),
            lambda: reader.consistency(log, 6, 5),
            lambda: reader.consistency(log, -1, 5),
            lambda: reader.root_at(log, SIZE + 1),
        ):
            with pytest.raises(InvalidInput):
                refused()
        for index in (SIZE, -1):
            with pytest.raises(NotFound):
                reader.entry(log, index)

    def test_one_reader_follows_a_growing_log(self, tmp_path, identity):
        path = tmp_path / "log.db"
        committer = Committer(open_engine(path), [identity], clock=Clock())
        reader = LogReader(open_engine(path, readonly=True))
        leaves = []
        for start in range(0, 600, 60):
            drafts = [new_draft(identity, n) for n in range(start, start + 60)]
            leaves += [leaf_hash(done.leaf) for done in commit_all(committer, drafts)]
            size = len(leaves)
            root = reader.head(identity.log).root
            assert root == root_of(leaves) == reader.root_at(identity.log, size)
            for index in (0, size // 2, size - 1):
                proof = reader.inclusion(identity.log, index, size)
                verify_inclusion(leaves[index], index, size, proof, root)
        committer.close()

    def test_a_missing_tile_is_tampering(self, tmp_path, identity):
        path = tmp_path / "log.db"
        committer = Committer(open_engine(path), [identity], clock=Clock())
        committer.commit([new_draft(identity, n) for n in range(10)])
        with open_engine(path).begin() as connection:
            connection.execute(tile.delete())
        reader = LogReader(open_engine(path, readonly=True))
        with pytest.raises(LogTampered):
            reader.inclusion(identity.log, 0, 10)
        with pytest.raises(LogTampered):
            Committer(open_engine(path), [identity])
        committer.close()


class TestCalls:
    def test_they_are_paged_by_number(self, reader, identity):
        calls = reader.calls(identity.log, 12, after=1490, limit=3)
        assert calls == [(1491, 1490), (1492, 1491), (1493, 1492)]
        assert reader.calls(identity.log, 99) == []


class TestPublished:
    @pytest.fixture
    def engine(self, tmp_path):
        engine = open_engine(tmp_path / "node.db")
        published_tables.create_all(engine)
        return engine

    def test_nothing_is_published_at_first(self, engine):
        assert last_published(engine, LOG) is None

    def test_the_largest_is_the_last(self, engine):
        for size in (3, 10):
            mark_published(engine, LOG, size, bytes([size]) * 32, b"note", size * 1000)
        mark_published(engine, b"\x02" * 32, 99, bytes(32), b"note", 0)
        last = last_published(engine, LOG)
        assert last is not None
        assert (last.size, last.root, last.checkpoint, last.at) == (
            10,
            b"\x0a" * 32,
            b"note",
            10_000,
        )
        assert [one.size for one in list_published(engine, LOG)] == [3, 10]
        assert [one.size for one in list_published(engine, LOG, from_size=4)] == [10]

    def test_the_same_again_changes_nothing(self, engine):
        for at in (1, 2):
            mark_published(engine, LOG, 3, bytes(32), b"note", at)
        assert [one.at for one in list_published(engine, LOG)] == [1]

    def test_another_root_or_a_smaller_size_is_refused(self, engine):
        mark_published(engine, LOG, 3, bytes(32), b"note", 1)
        with pytest.raises(LogRolledBack):
            mark_published(engine, LOG, 3, b"\x01" * 32, b"note", 2)
        with pytest.raises(LogRolledBack):
            mark_published(engine, LOG, 2, bytes(32), b"note", 2)
