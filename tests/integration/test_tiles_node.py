"""A running node archives its logs: what left its tables is served and proved as before."""

from __future__ import annotations

import contextlib
import time

import httpx
import pytest
from sqlalchemy import delete, select

from api.operating.health import examine_running
from api.operating.readings import read
from node.log import find_archived
from node.log.fartiles import HASHES, render_bundle
from node.log.indexes import BATCHES
from node.log.tables import batch, head, position
from node.protocol.wire.merkle import leaf_hash, verify_inclusion
from tests.common import papers
from tests.common.logs import new_draft
from tests.common.nodes import until
from tests.common.shell import invoke

pytestmark = pytest.mark.chain
LEAVES, LOCAL = 3_000, 2_048
FULL, MOVED = 2_816, 768


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("town")
    (folder / "tiles").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHARELEDGER_TILES__URL", f"file://{folder}/tiles")
        patch.setenv("SHARELEDGER_TILES__LOCAL_ENTRIES", str(LOCAL))
        patch.setattr("node.log.archiving.LOOK_SECONDS", 0.1)
        with moulds.served(folder) as town:
            fill(town.node)
            yield town


def log_of(node):
    return node.identities[2]


def fill(node):
    """Log as many calls as it takes, none of which can come again, and wait until they are away."""
    identity, now = log_of(node), int(time.time())
    have = node.reader.head(identity.log).size
    drafts = [new_draft(identity, number, judged=now) for number in range(have, LEAVES)]
    for logged in [node.writer.submit(draft) for draft in drafts[:-BATCHES]]:
        logged.result()
    # With so many commits more, the batches before them are all indexed, and may go.
    for draft in drafts[-BATCHES:]:
        node.writer.submit(draft).result()
    until(lambda: archived(node) == FULL)
    with contextlib.closing(node.settings.stores.open("log").connect()) as connection:
        number = select(head.c.number).where(head.c.log == identity.log)
        first = position(connection.execute(number).scalar_one(), 0)
        within = batch.c.position.between(first, first + LEAVES - BATCHES - 1)
        connection.execute(delete(batch).where(within))
        connection.commit()
    until(lambda: node.archivist.run_once() >= 0 and is_moved(node))


def archived(node):
    return next(each.archived for each in read(node).logs if each.department == papers.EDUCATION)


def is_moved(node):
    found = find_archived(node.node_engine, node.settings.tiles.url).get(log_of(node).log)
    return found is not None and found.moved == MOVED


def path_of(town, place):
    return town.node.settings.data_dir.parent / "tiles" / papers.EDUCATION / place


def url_of(town, path):
    return f"{town.url}/api/v1/logs/{papers.EDUCATION}/{path}"


class TestOverHttp:
    def test_tiles_bundles_and_proofs_are_as_before(self, town):
        tile = httpx.get(url_of(town, "tile/0/001"))
        assert tile.content == path_of(town, "tile/0/001").read_bytes()
        part = httpx.get(url_of(town, "tile/0/001.p/9"))
        assert part.content == tile.content[: 9 * 32]
        signer = town.keys.nodes[papers.EDUCATION]
        bundle = town.http(signer).request("GET", url_of(town, "tile/entries/001")).content
        assert bundle == path_of(town, "tile/entries/001").read_bytes()
        reader, log = town.node.reader, log_of(town.node).log
        leaves = reader.entries(log, 0, LEAVES)
        assert render_bundle(leaves[256:512]) == bundle
        proof = reader.inclusion(log, 300, LEAVES)
        root = reader.root_at(log, LEAVES)
        verify_inclusion(leaf_hash(leaves[300]), 300, LEAVES, proof, root)

    def test_a_tile_that_is_gone_is_named(self, town):
        path = path_of(town, "tile/0/002")
        hidden = path.rename(path.with_name("hidden"))
        # The loop that counts may have read it just before.
        town.node.reader._far._kept[HASHES.level].clear()
        try:
            answer = httpx.get(url_of(town, "tile/0/002"))
        finally:
            hidden.rename(path)
        said = answer.json()
        assert (answer.status_code, said["code"]) == (409, "log-incomplete")
        assert said["tile"] == f"{papers.EDUCATION}/tile/0/002"
        assert said["detail"].startswith("哈希块 ")


class TestTheOperator:
    def test_sees_how_far_it_is_and_where(self, town):
        facts = [fact for _, section in examine_running(town.node).sections for fact in section]
        shown = {fact.words[1]: (fact.value, fact.state) for fact in facts}
        assert shown["Tile store"] == (town.node.settings.tiles.url, "")
        assert shown["Entries archived"] == (f"{FULL} / {FULL}", "good")
        assert shown["Archiving failures in a row"] == ("0", "good")
        assert shown["archivist"][1] == "good"

    def test_hears_of_a_store_that_is_away_and_calls_go_on(self, town):
        folder = path_of(town, "").parent
        away = folder.rename(folder.with_name("away"))
        try:
            now = int(time.time())
            more = range(LEAVES, LEAVES + 80)
            drafts = [new_draft(log_of(town.node), number, judged=now) for number in more]
            for logged in [town.node.writer.submit(draft) for draft in drafts]:
                logged.result()
            until(lambda: read(town.node).tile_failures)
            town.node.monitor.look()
            assert "tiles-failing" in town.node.monitor.active
            with town.client() as client:
                assert town.answers(client)
        finally:
            away.rename(folder)
        until(lambda: not read(town.node).tile_failures)
        town.node.monitor.look()
        assert "tiles-failing" not in town.node.monitor.active

    def test_finds_the_store_sound_or_not_before_a_start(self, town):
        config = town.node.settings.data_dir.parent / "node.toml"
        done = invoke("node", "check", "--config", config)
        assert "✓ 日志归档：" in done.output
        done = invoke("log", "check", "--tiles", "--config", config)
        assert (done.code, done.output.count("逐块读回")) == (0, 3)
        path = path_of(town, "tile/entries/000")
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + b"?")
        try:
            checked = invoke("node", "check", "--config", config)
            assert checked.code == 1
            assert "tile/entries/000 与日志的默克尔树不符" in checked.output
            done = invoke("log", "check", "--config", config)
            assert done.code == 3
            assert "tile/entries/000" in done.output
        finally:
            path.write_bytes(whole)
