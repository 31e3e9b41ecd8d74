"""Full tiles go to a store and, once they are safe there, out of the tables; nobody sees it."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

import pytest
from sqlalchemy import delete, insert, update

from node.errors import CallReplayed, LogIncomplete, LogTampered, LogUnavailable, Overloaded
from node.log import (
    Committed,
    Committer,
    LogReader,
    LogScanner,
    Place,
    Resend,
    TileStore,
    check_log,
    find_archived,
)
from node.log.archiving import Archived, _filled, archived
from node.log.fartiles import AWAY_SECONDS, READERS_ABREAST, FarTiles
from node.log.published import metadata as published_tables
from node.log.published import published
from node.log.resends import RESEND_WINDOW_MILLISECONDS
from node.log.tables import batch, entry, tile
from node.protocol.wire.merkle import leaf_hash, verify_consistency, verify_inclusion
from node.protocol.wire.receipt import Receipt, verify_receipt
from tests.common.archives import (
    FULL,
    IDENTITY,
    LOCAL,
    LOG,
    MOVED,
    SIZE,
    Kept,
    fill,
)
from tests.common.logs import NOON, Clock, new_draft


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


@pytest.fixture
def kept(filled, tmp_path):
    kept = Kept.copied(filled, tmp_path / "node")
    yield kept
    kept.close()


@pytest.fixture
def moved(kept):
    kept.archive(LOCAL)
    return kept


def publish(kept, size):
    with kept.memory.begin() as connection:
        for table in published_tables.sorted_tables:
            connection.execute(update(table).values(size=size))


class TestTiles:
    def test_of_all_that_is_full_and_published_lie_where_c2sp_has_them(self, kept):
        kept.archive()
        found = {
            str(path.relative_to(kept.path("")))
            for path in kept.path("").rglob("*")
            if path.is_file()
        }
        numbers = [f"{number:03}" for number in range(FULL // 256)]
        assert found == {f"tile/{kind}/{each}" for kind in ("0", "entries") for each in numbers}
        for number, each in enumerate(numbers):
            hashes = kept.reader.tile(LOG, 0, number, 256)
            assert kept.path(f"tile/0/{each}").read_bytes() == hashes
        assert kept.progress == Archived(FULL, 0)

    def test_that_are_not_published_stay(self, kept):
        publish(kept, 511)
        kept.archive(LOCAL)
        assert kept.progress.size == 256
        assert not kept.path("tile/0/001").exists()

    def test_stay_in_the_tables_unless_the_settings_say_otherwise(self, kept):
        kept.archive()
        assert kept.rows(entry) == SIZE

    def test_leave_the_tables_but_for_the_newest(self, moved):
        assert moved.progress == Archived(FULL, MOVED)
        assert moved.rows(entry) == SIZE - MOVED
        assert moved.rows(tile, tile.c.level == 0) == SIZE // 256 + 1 - MOVED // 256
        assert moved.rows(tile, tile.c.level == 1) == 1

    def test_stay_while_their_calls_may_come_again(self, kept):
        """A commit looks for the entry of such a call, and waits for no store."""
        row = {"position": (1 << 40) + 300, "at": NOON, "size": 500, "checkpoint": b"500"}
        blobs = {"events": bytes(32), "calls": bytes(16), "texts": bytes(32), "answers": bytes(4)}
        with kept.engine.begin() as connection:
            connection.execute(insert(batch).values({**row, **blobs}))
        kept.archive(LOCAL)
        assert kept.progress.moved == 256

    @pytest.mark.parametrize("anchored", [0, 255, 256, 300, 511])
    def test_stay_until_they_are_anchored(self, kept, anchored):
        """A node starts and anchors while the store is away: it has the old edge of the tree."""
        root = kept.reader.root_at(LOG, anchored)
        head = kept.reader.head(LOG)
        kept.anchored = anchored
        kept.archive(LOCAL)
        assert kept.progress == Archived(FULL, anchored // 256 * 256)
        kept.path("").parent.rename(kept.folder / "away")
        assert kept.new_reader().root_at(LOG, anchored) == root
        proof = kept.new_reader().consistency(LOG, anchored, SIZE)
        verify_consistency(anchored, root, SIZE, head.root, proof)

    def test_of_the_level_above_go_with_the_last_below_them(self):
        assert _filled(254) == [(0, 254)]
        assert _filled(511) == [(0, 511), (1, 1)]
        assert _filled(65_535) == [(0, 65_535), (1, 255), (2, 0)]


class TestReaders:
    def test_have_every_entry_tile_and_proof_as_before(self, kept):
        leaves, tiles = kept.reader.entries(LOG, 0, SIZE), kept.reader.tiles(LOG, 0, 9)
        sizes = (1, 255, 300, 512, 1_000, SIZE)
        roots = {size: kept.reader.root_at(LOG, size) for size in sizes}
        kept.archive(LOCAL)
        reader = LogReader(kept.readonly, store=kept.store)
        for first, count in ((0, SIZE), (100, 500), (0, 1), (MOVED - 1, 2), (511, 1)):
            assert reader.entries(LOG, first, count) == leaves[first : first + count]
        indexes = [SIZE - 1, 0, 255, 256, MOVED, 17]
        assert reader.leaves(LOG, indexes) == [leaves[index] for index in indexes]
        assert reader.tiles(LOG, 0, 9) == tiles
        for width in (1, 256):
            assert reader.tile(LOG, 0, 1, width) == tiles[1][1][: 32 * width]
        for index in (0, 255, 511, 512, SIZE - 1):
            leaf = leaf_hash(reader.entry(LOG, index))
            assert reader.entry(LOG, index) == leaves[index]
            verify_inclusion(leaf, index, SIZE, reader.inclusion(LOG, index, SIZE), roots[SIZE])
        for size in sizes:
            assert reader.root_at(LOG, size) == roots[size]
            proof = reader.consistency(LOG, size, SIZE)
            verify_consistency(size, roots[size], SIZE, roots[SIZE], proof)

    def test_have_what_was_shown_of_old_sizes_whatever_is_asked_first(self, kept):
        """An old tree's last tile is partial to it, although by now it was filled and moved."""
        sizes = (1, 255, 256, 257, 300, MOVED - 1, MOVED, MOVED + 1, SIZE)
        roots = {size: kept.reader.root_at(LOG, size) for size in sizes}
        kept.archive(LOCAL)
        for size, root in roots.items():
            assert kept.new_reader().root_at(LOG, size) == root
            proof = kept.new_reader().consistency(LOG, size, SIZE)
            verify_consistency(size, root, SIZE, roots[SIZE], proof)
            proof = kept.new_reader().inclusion(LOG, size - 1, size)
            verify_inclusion(
                leaf_hash(kept.reader.entry(LOG, size - 1)), size - 1, size, proof, root
            )
        shown = {"log": LOG, "size": 300, "root": roots[300], "checkpoint": b"300", "at": NOON}
        with kept.memory.begin() as connection:
            connection.execute(insert(published).values(shown))
        receipt = kept.new_reader().receipt(LOG, 10)
        assert receipt.size == 300
        verify_inclusion(leaf_hash(receipt.leaf), 10, 300, receipt.proof, roots[300])

    def test_are_told_of_a_tile_here_that_was_cut(self, moved):
        of = (tile.c.level == 0) & (tile.c.number == MOVED // 256)
        with moved.engine.begin() as connection:
            connection.execute(update(tile).where(of).values(hashes=bytes(32)))
        for size in (MOVED + 2, MOVED + 256):
            with pytest.raises(LogTampered, match="fewer"):
                moved.new_reader().inclusion(LOG, MOVED, size)

    def test_look_through_the_whole_log(self, moved):
        scanner = LogScanner(moved.reader)
        found = scanner.scan(LOG, lambda _: True, limit=SIZE, stretch=SIZE)
        assert [index for index, _ in found.found] == list(range(SIZE - 1, -1, -1))
        hash_ = leaf_hash(moved.reader.entry(LOG, 7))
        assert scanner.find_leaf(LOG, hash_) == 7

    def test_answer_an_old_event_with_its_first_receipt(self, moved):
        draft = new_draft(IDENTITY, 3)
        again = Resend(draft.event, b"another text", 12)
        with pytest.raises(CallReplayed) as refused:
            moved.reader.resend(LOG, again, NOON + 2 * RESEND_WINDOW_MILLISECONDS)
        receipt = Receipt.parse(refused.value.facts["receipt"])
        assert (receipt.index, receipt.leaf) == (3, moved.reader.entry(LOG, 3))
        verify_receipt(
            receipt,
            sm2=IDENTITY.sm2.public_key,
            ed25519=IDENTITY.ed25519.public,
            origin=IDENTITY.origin,
        )

    def test_find_the_whole_log_sound(self, moved):
        assert check_log(moved.readonly, LOG, store=moved.store).size == SIZE
        with pytest.raises(LogTampered, match="missing"):
            check_log(moved.readonly, LOG)

    @pytest.mark.parametrize("place", ["tile/0/001", "tile/entries/001"])
    @pytest.mark.parametrize(
        "change",
        [
            lambda data: data[:-1] + bytes([data[-1] ^ 1]),
            lambda data: data[:-1],
            lambda data: data + b"\0",
            lambda _: b"",
        ],
    )
    def test_are_told_of_a_tile_that_was_changed(self, moved, place, change):
        path = moved.path(place)
        path.write_bytes(change(path.read_bytes()))
        asks = {
            "tile/0/001": lambda: moved.reader.inclusion(LOG, 300, SIZE),
            "tile/entries/001": lambda: moved.reader.entry(LOG, 300),
        }
        for ask in (asks[place], lambda: check_log(moved.readonly, LOG, store=moved.store)):
            with pytest.raises(LogTampered) as refused:
                ask()
            assert str(refused.value.facts["tile"]).endswith(place)
            assert place in str(refused.value)
            assert moved.store.url not in f"{refused.value} {refused.value.facts}"

    def test_are_told_of_one_that_is_gone(self, moved):
        moved.path("tile/entries/000").unlink()
        for ask in (
            lambda: moved.reader.entries(LOG, 0, 10),
            lambda: check_log(moved.readonly, LOG, store=moved.store),
        ):
            with pytest.raises(
                LogIncomplete, match="tile/entries/000 is not in the tile"
            ) as refused:
                ask()
            assert moved.store.url not in f"{refused.value} {refused.value.facts}"

    def test_have_what_is_here_while_the_store_is_away(self, moved):
        moved.path("").parent.rename(moved.folder / "away")
        assert len(moved.reader.entries(LOG, MOVED, SIZE - MOVED)) == SIZE - MOVED
        with pytest.raises(LogUnavailable):
            moved.reader.entry(LOG, 0)


class TestAStoreThatHangs:
    def test_holds_few_readers_up_and_not_the_archivist(self, moved, monkeypatch):
        asked, answer, get = Semaphore(0), Event(), TileStore.get
        hanging = iter(range(READERS_ABREAST))

        def hang(store, paths, limit):
            if next(hanging, None) is not None:
                asked.release()
                assert answer.wait(60)
            return get(store, paths, limit)

        monkeypatch.setattr(TileStore, "get", hang)
        with ThreadPoolExecutor(READERS_ABREAST) as pool:
            waiting = [pool.submit(moved.reader.entry, LOG, n) for n in range(READERS_ABREAST)]
            assert all(asked.acquire(timeout=60) for _ in waiting)
            try:
                with pytest.raises(Overloaded):
                    moved.reader.tile(LOG, 0, 1, 256)
                moved.reader.check_stored(LOG, [1])
            finally:
                answer.set()
            assert all(each.result() for each in waiting)
        assert moved.reader.tile(LOG, 0, 1, 256)

    def test_is_not_asked_again_at_once_and_for_what_is_known_not_at_all(self, moved):
        clock, tiles, away = Clock(), moved.folder / "tiles", moved.folder / "away"
        far = FarTiles(moved.readonly, moved.store, clock=lambda: clock.milliseconds / 1000)
        tiles.rename(away)
        with pytest.raises(LogUnavailable, match="does not answer"):
            far.hashes(1, [0])
        away.rename(tiles)
        with pytest.raises(LogUnavailable, match="a moment ago"):
            far.leaves(1, [0])
        far.check(1, [0])
        clock.milliseconds += int(AWAY_SECONDS * 1000)
        hashes, leaves = far.hashes(1, [0, 1]), far.leaves(1, [1])
        tiles.rename(away)
        assert (far.hashes(1, [1, 0]), far.leaves(1, [1])) == (hashes[::-1], leaves)


class TestACommit:
    def test_goes_on_and_waits_for_no_store(self, moved):
        moved.path("").parent.rename(moved.folder / "away")
        late = Clock(NOON + 2 * RESEND_WINDOW_MILLISECONDS)
        committer = Committer(moved.engine, [IDENTITY], clock=late)
        old = new_draft(IDENTITY, 3, judged=late.seconds)
        new = [new_draft(IDENTITY, n, judged=late.seconds) for n in range(SIZE, SIZE + 100)]
        replayed, *done = committer.commit([old, *new])
        assert isinstance(replayed, CallReplayed)
        assert [each.index for each in done if isinstance(each, Committed)] == list(
            range(SIZE, SIZE + 100)
        )
        committer.close()
        assert check_root(moved, SIZE + 100)


def check_root(kept, size):
    (kept.folder / "away").rename(kept.folder / "tiles")
    return check_log(kept.readonly, LOG, store=kept.store).size == size


class TestAStore:
    def test_that_was_away_gets_everything_once_it_is_back(self, kept):
        tiles, away = kept.folder / "tiles", kept.folder / "away"
        tiles.rename(away)
        archivist = kept.archivist(LOCAL)
        pauses = [archivist.run_once() for _ in range(12)]
        assert pauses == sorted(pauses)
        assert (pauses[0], pauses[-1]) == (1, 300)
        assert (archivist.status.failures, archivist.status.error) == (12, "log-unavailable")
        assert kept.progress is None
        assert kept.rows(entry) == SIZE
        away.rename(tiles)
        archivist.run_once()
        assert archivist.status.failures == 0
        assert kept.progress == Archived(FULL, 0)

    def test_that_is_empty_where_a_disk_should_be_mounted_is_given_nothing(self, kept):
        publish(kept, 511)
        kept.archive()
        publish(kept, SIZE)
        tiles, disk = kept.folder / "tiles", kept.folder / "disk"
        tiles.rename(disk)
        tiles.mkdir()
        archivist = kept.archivist()
        archivist.run_once()
        assert archivist.status.error == "log-incomplete"
        assert (list(tiles.iterdir()), kept.progress) == ([], Archived(256, 0))
        tiles.rmdir()
        disk.rename(tiles)
        kept.archive()
        assert kept.progress == Archived(FULL, 0)

    def test_that_has_another_tile_there_keeps_it_and_nothing_leaves(self, kept):
        path = kept.path("tile/0/002")
        path.parent.mkdir(parents=True)
        path.write_bytes(b"another city's")
        archivist = kept.archivist(LOCAL)
        archivist.run_once()
        assert archivist.status.error == "log-tampered"
        assert path.read_bytes() == b"another city's"
        assert kept.rows(entry) == SIZE

    @pytest.mark.parametrize("place", ["tile/0/001", "tile/entries/001"])
    def test_that_lost_or_changed_a_tile_since_is_asked_before_it_leaves(self, kept, place):
        kept.archive()
        data = kept.path(place).read_bytes()
        for spoil in (kept.path(place).unlink, lambda: kept.path(place).write_bytes(data[:-1])):
            spoil()
            archivist = kept.archivist(LOCAL)
            archivist.run_once()
            assert archivist.status.error in {"log-incomplete", "log-tampered"}
            assert kept.rows(entry) == SIZE
            kept.path(place).write_bytes(data)
        kept.archive(LOCAL)
        assert kept.rows(entry) == SIZE - MOVED

    def test_that_has_the_tiles_already_makes_them_stay_before_that_is_marked(
        self, kept, monkeypatch
    ):
        """Who was killed in between left names that are in the machine's memory only."""
        kept.archive()
        with kept.memory.begin() as connection:
            connection.execute(delete(archived))
        fsync, synced = os.fsync, set()

        def note(descriptor):
            assert kept.progress is None
            synced.add(os.fstat(descriptor).st_ino)
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", note)
        kept.archive()
        folders = [kept.path(place) for place in ("tile/0", "tile/entries", "tile", "", "..")]
        assert synced == {folder.stat().st_ino for folder in folders}

    def test_that_forgets_what_it_was_given_is_found_out(self, kept, monkeypatch):
        monkeypatch.setattr(TileStore, "put", lambda *_, **__: None)
        archivist = kept.archivist(LOCAL)
        archivist.run_once()
        assert archivist.status.error == "log-tampered"
        assert kept.progress is None

    def test_elsewhere_is_given_what_was_moved_by_copying_it(self, moved):
        shutil.copytree(moved.folder / "tiles", moved.folder / "new")
        (moved.folder / "tiles").rename(moved.folder / "old")
        new = TileStore(Place(f"file://{moved.folder}/new"))
        archivist = moved.archivist(LOCAL, new)
        while archivist.run_once() < 1:
            assert archivist.status.failures == 0
        assert find_archived(moved.memory, new.url)[LOG] == Archived(FULL, MOVED)

    def test_progress_that_was_restored_from_an_old_copy_is_made_again(self, moved):
        with moved.memory.begin() as connection:
            connection.execute(delete(archived))
        moved.archive(LOCAL)
        assert moved.progress == Archived(FULL, MOVED)
