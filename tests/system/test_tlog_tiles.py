"""A log over HTTP as C2SP tlog-tiles: read by us, and by Tessera's own fsck."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from node.crypto import SoftwareSigner, sm3
from node.errors import InvalidInput, NotEntitled, NotFound, SignatureInvalid
from node.protocol.wire.checkpoint import SignedCheckpoint
from node.protocol.wire.leaf import AUDIT, parse_leaf
from node.protocol.wire.merkle import leaf_hash
from tests.common import papers, trees
from tests.common.logs import new_draft
from tests.common.nodes import until
from tests.common.signing_proxy import signing_proxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from node.log import LogIdentity
    from tests.common.nodes import NodeTown
    from tests.system.conftest import City

pytestmark = pytest.mark.chain

LEAVES = 700
"""Two full tiles of hashes and one that is not, and so one of level 1."""
FSCK = "github.com/transparency-dev/tessera/cmd/fsck@v1.0.4"
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass
class Log:
    """A department's log of some hundred leaves, over HTTP."""

    town: NodeTown
    identity: LogIdentity
    url: str

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}/{path}", headers={"Accept-Encoding": "gzip"})

    def entries(self, place: str, signer: SoftwareSigner | None = None) -> bytes:
        signer = signer or self.town.keys.nodes[papers.EDUCATION]
        http = self.town.http(signer)
        return http.request("GET", f"{self.url}/tile/entries/{place}").content

    def checkpoint(self) -> SignedCheckpoint:
        return SignedCheckpoint.parse(self.get("checkpoint").content)


@pytest.fixture(scope="module")
def log(city: City) -> Log:
    """The education department's log, filled by its node's own writer."""
    town = city.town
    identity = town.node.identities[2]
    found = Log(town, identity, f"{town.url}/api/v1/logs/{papers.EDUCATION}")
    fill(town, identity, LEAVES)
    until(lambda: found.get("checkpoint").is_success)  # before the first one there is none
    until(lambda: found.checkpoint().checkpoint.size >= LEAVES)
    return found


def fill(town: NodeTown, identity: LogIdentity, leaves: int) -> None:
    """Have a log hold at least so many leaves."""
    have = town.node.reader.head(identity.log).size
    now = int(time.time())
    drafts = [new_draft(identity, number, judged=now) for number in range(have, leaves)]
    for logged in [town.node.writer.submit(draft) for draft in drafts]:
        logged.result()


def parse_bundle(bundle: bytes) -> list[bytes]:
    """Read a bundle as the specification has it: a length of two bytes, then the entry."""
    found = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        assert len(bundle) >= 2 + length
        found.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return found


def hashes_of(tile: bytes) -> list[bytes]:
    return [tile[start : start + 32] for start in range(0, len(tile), 32)]


class TestTiles:
    def test_are_the_tree_of_the_checkpoint(self, log):
        note = log.checkpoint().checkpoint
        full, rest = divmod(note.size, 256)
        places = [f"{number:03}" for number in range(full)] + [f"{full:03}.p/{rest}"][: rest > 0]
        lowest = [log.get(f"tile/0/{place}").content for place in places]
        bundles = [parse_bundle(log.entries(place)) for place in places]
        leaves = [[leaf_hash(entry) for entry in bundle] for bundle in bundles]
        everything = [each for bundle in leaves for each in bundle]
        assert [hashes_of(tile) for tile in lowest] == leaves
        above = log.get(f"tile/1/000.p/{full}").content
        assert hashes_of(above) == [trees.root_of(each) for each in leaves[:full]]
        assert trees.root_of(everything) == note.root

    def test_are_public_for_ever_and_as_they_are(self, log):
        for path in ("tile/0/000", "tile/0/002.p/3", "tile/1/000.p/2"):
            answer = log.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["cache-control"] == IMMUTABLE
            assert "content-encoding" not in answer.headers
            assert httpx.head(f"{log.url}/{path}").headers["cache-control"] == IMMUTABLE

    def test_of_earlier_sizes_begin_those_of_later_ones(self, log):
        whole = log.get("tile/0/001").content
        for width in (1, 99, 100, 255):
            assert log.get(f"tile/0/001.p/{width}").content == whole[: 32 * width]

    @pytest.mark.parametrize(
        "path",
        [
            "tile/0/002",
            "tile/0/003.p/1",
            "tile/0/999",
            "tile/0/x001/000",
            "tile/0/x999/x999/x999/x999/999",
            "tile/1/000",
            "tile/1/000.p/3",
            "tile/1/001.p/1",
            "tile/2/000.p/1",
            "tile/63/000.p/1",
        ],
    )
    def test_beyond_the_checkpoint_are_not_found_yet(self, log, path):
        assert log.checkpoint().checkpoint.size < 3 * 256
        answer = log.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert "cache-control" not in answer.headers

    @pytest.mark.parametrize(
        "path",
        [
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/x01/000",
            "tile/0/001/000",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000/",
            "tile/0/000.p",
        ],
    )
    def test_have_one_spelling(self, log, path):
        answer = log.get(path)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")

    def test_of_the_first_generation_have_a_name_that_says_so(self, log):
        first = httpx.get(f"{log.url}:1/tile/0/000")
        assert first.content == log.get("tile/0/000").content
        assert httpx.get(f"{log.url}:1/checkpoint").status_code == 200
        assert httpx.get(f"{log.url}:2/tile/0/000").status_code == 404
        assert httpx.get(f"{log.url}:0/tile/0/000").status_code == 400

    def test_go_with_a_checkpoint_that_is_kept_for_a_second(self, log):
        answer = log.get("checkpoint")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=1"


class TestEntries:
    def test_are_for_the_department_its_competent_one_and_their_auditors(self, log):
        keys = log.town.keys
        whole = log.entries("000")
        for signer in (keys.nodes[papers.CENTRE], keys.auditor):
            assert log.entries("000", signer) == whole

    def test_are_for_nobody_else(self, log, city):
        keys = log.town.keys
        others = (keys.application, keys.nodes[papers.POLICE], city.outsider, keys.reviewer)
        for signer in others:
            with pytest.raises(NotEntitled):
                log.entries("000", signer)
        with pytest.raises(SignatureInvalid):
            log.entries("000", SoftwareSigner.generate())
        unsigned = log.get("tile/entries/000")
        assert (unsigned.status_code, unsigned.json()["code"]) == (401, "signature-invalid")
        assert "gdsl-1" in unsigned.headers["www-authenticate"]

    def test_an_auditors_look_at_is_a_leaf_and_the_departments_own_is_none(self, log):
        reader, kept = log.town.node.reader, log.identity.log
        before = reader.head(kept).size
        whole = log.entries("001")
        assert reader.head(kept).size == before
        http = log.town.http(log.town.keys.auditor)
        asked = http.sign("GET", f"{log.url}/tile/entries/001")
        assert [http.send(asked).content for _ in range(2)] == [whole, whole]
        assert reader.head(kept).size == before + 1
        leaf = parse_leaf(reader.entry(kept, before), {AUDIT})
        assert leaf.question == f"entries {kept.hex()} 256 256"
        assert leaf.answer == sm3(whole)

    def test_are_kept_by_no_cache(self, log):
        http = log.town.http(log.town.keys.auditor)
        answer = http.request("GET", f"{log.url}/tile/entries/000")
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert answer.headers["content-type"] == "application/octet-stream"

    def test_beyond_the_checkpoint_are_not_found(self, log):
        for place in ("002", "003.p/1", "x001/000"):
            with pytest.raises(NotFound):
                log.entries(place)
        with pytest.raises(InvalidInput):
            log.entries("0")


@pytest.fixture(scope="module")
def fsck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tessera's fsck, built by Go from its module."""
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI=true, but there is no go command")
        pytest.skip("there is no go command to build Tessera's fsck with")
    folder = tmp_path_factory.mktemp("fsck")
    done = subprocess.run(  # noqa: S603 - a command of the machine's
        [go, "install", FSCK],
        env={**os.environ, "GOBIN": str(folder)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "fsck"


class TestTesserasFsck:
    def run(
        self,
        program: Path,
        log: Log,
        folder: Path,
        change: Callable[[str, bytes], bytes] = lambda _path, body: body,
    ) -> tuple[str, list[tuple[str, int]]]:
        """Return what fsck says of a log, and what it asked for; its exit code is always 0."""
        key = folder / "log.pub"
        key.write_text(verifier_key(log.identity), encoding="ascii")
        with signing_proxy(
            log.town.url,
            log.town.keys.auditor,
            lambda path: "/tile/entries/" in path,
            change,
        ) as proxy:
            done = subprocess.run(  # noqa: S603 - built above
                [program, "--ui=false", "--logtostderr", "--v=1", "--N=4", f"--public_key={key}",
                 f"--storage_url={proxy.url}/api/v1/logs/{papers.EDUCATION}/"],
                capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stderr, proxy.asked

    def test_finds_the_log_whole(self, fsck, log, tmp_path):
        said, asked = self.run(fsck, log, tmp_path)
        assert "fsck failed" not in said
        assert "Completed ranges" in said
        paths = {path.partition(f"{papers.EDUCATION}/")[2] for path, _ in asked}
        assert {status for _, status in asked} == {200}
        assert {"checkpoint", "tile/0/000", "tile/0/001", "tile/entries/001"} <= paths
        assert any(path.startswith("tile/1/000.p/") for path in paths)

    @pytest.mark.parametrize("spoilt", ["tile/entries/001", "tile/0/000", "tile/1/000.p/"])
    def test_finds_one_changed_byte(self, fsck, log, tmp_path, spoilt):
        """What it passes over HTTP it has read: any byte that differs is found."""

        def change(path: str, body: bytes) -> bytes:
            return body[:-9] + bytes([body[-9] ^ 1]) + body[-8:] if f"/{spoilt}" in path else body

        said, asked = self.run(fsck, log, tmp_path, change)
        assert any(f"/{spoilt}" in path for path, _ in asked)
        assert "fsck failed" in said


def verifier_key(identity: LogIdentity) -> str:
    """Return the log's Ed25519 key as a note's verifiers are written."""
    key = b"\x01" + identity.ed25519.public
    digest = hashlib.sha256(identity.origin.encode() + b"\n" + key).digest()[:4].hex()
    return f"{identity.origin}+{digest}+{base64.b64encode(key).decode('ascii')}"
