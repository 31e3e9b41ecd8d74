"""A store of tiles gives back the bytes that were put, says what is missing, and is in bounds."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.routes.tlog import parse_place
from node.errors import ConfigInvalid, LogUnavailable
from node.log import Place, TileStore
from node.log.tilestore import AT_ONCE, tile_path
from tests.common.objectstore import SECRET, object_store

FULL_WIDTH = 256


@pytest.fixture(scope="module")
def server():
    with object_store() as server:
        yield server


@pytest.fixture(params=["file", "s3"])
def store(request, tmp_path):
    if request.param == "file":
        return TileStore(Place(f"file://{tmp_path}"))
    return TileStore(request.getfixturevalue("server").place(tmp_path.name))


class TestAStore:
    def test_gives_back_what_was_put_and_none_for_what_was_not(self, store):
        store.put({"A:2/tile/0/000": b"one", "A:2/tile/0/x001/000": b"two"}, private=False)
        paths = ["A:2/tile/0/x001/000", "A:2/tile/0/001", "A:2/tile/0/000"]
        assert store.get(paths, 10) == [b"two", None, b"one"]
        assert store.get([], 10) == []

    def test_takes_more_than_it_asks_for_at_once(self, store):
        tiles = {f"A/tile/0/{number:03}": bytes([number]) * 99 for number in range(AT_ONCE + 1)}
        store.put(tiles, private=True)
        assert store.get(list(tiles), 99) == list(tiles.values())

    def test_gives_one_byte_more_than_the_limit_of_what_is_too_long(self, store):
        store.put({"tile": b"12345678", "empty": b""}, private=False)
        assert store.get(["tile", "empty"], 3) == [b"1234", b""]


class TestAFolder:
    def test_has_what_is_private_for_its_owner_only_and_nothing_unfinished(self, tmp_path):
        store = TileStore(Place(f"file://{tmp_path}"))
        store.put({"A/tile/entries/000": b"leaves"}, private=True)
        store.put({"A/tile/0/000": b"hashes"}, private=False)
        modes = {path.name: path for path in tmp_path.rglob("*") if path.is_file()}
        files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        assert len(files) == 2, modes
        bundle, tile = tmp_path / "A/tile/entries/000", tmp_path / "A/tile/0/000"
        assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
        assert tile.stat().st_mode & stat.S_IRGRP

    def test_that_is_not_there_has_no_tiles_and_is_given_none(self, tmp_path):
        """A disk that is not mounted is not a disk without tiles."""
        store = TileStore(Place(f"file://{tmp_path / 'unmounted'}"))
        for ask in (lambda: store.get(["tile"], 1), lambda: store.put({"a": b"b"}, private=False)):
            with pytest.raises(LogUnavailable, match="the folder is not there"):
                ask()
        assert not (tmp_path / "unmounted").exists()

    def test_that_cannot_be_written_says_why(self, tmp_path):
        (tmp_path / "A").write_bytes(b"no folder")
        with pytest.raises(LogUnavailable, match=r"Not a directory|File exists"):
            TileStore(Place(f"file://{tmp_path}")).put({"A/tile": b""}, private=False)


class TestABucket:
    def test_that_is_not_there_is_no_missing_tile(self, server):
        place = Place("s3://nowhere/x", server.url, "key", SECRET)
        with pytest.raises(LogUnavailable, match="NoSuchBucket"):
            TileStore(place).get(["tile"], 1)

    def test_that_does_not_answer_is_unavailable_and_neither_where_it_is_nor_a_secret_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        place = Place("s3://tiles/x", f"http://127.0.0.1:{port}", "key", SECRET)
        for ask in (
            lambda: TileStore(place).get(["tile"], 1),
            lambda: TileStore(place).put({"tile": b""}, private=False),
        ):
            with pytest.raises(LogUnavailable, match="the tile store does not answer") as refused:
                ask()
            assert refused.value.__cause__ is None
            said = f"{refused.value} {refused.value.facts}"
            assert SECRET not in f"{said} {place}"
            assert "tiles/x" not in said

    def test_needs_its_driver(self, monkeypatch):
        monkeypatch.setattr("node.log.tilestore.find_spec", lambda _: None)
        with pytest.raises(ConfigInvalid, match=r"shareledger\[s3\]"):
            TileStore(Place("s3://tiles/x"))


@pytest.mark.parametrize("url", ["http://host/x", "memory://x", "ftp://host/x", "github://a:b@/x"])
def test_no_other_protocol_is_spoken(url):
    with pytest.raises(ConfigInvalid, match="file:// 或 s3://"):
        TileStore(Place(url))


@given(st.integers(0, 2**39), st.integers(0, 8))
def test_a_path_is_the_one_the_route_reads(number, level):
    path = Path(tile_path(level, number))
    assert path.parts[:2] == ("tile", str(level))
    assert parse_place("/".join(path.parts[2:])) == (number, FULL_WIDTH)
