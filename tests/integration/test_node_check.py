"""`node check` names what is wrong, whatever it is, and changes nothing on disk."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from api.operating import checkup, inspection, standing
from api.operating.inspection import Inspection
from api.settings import load_settings
from node.crypto import Ed25519Signer, SoftwareSigner
from tests.common import papers
from tests.common.keyfiles import quick_files
from tests.common.nodes import PASSWORD, until
from tests.common.shell import invoke

pytestmark = pytest.mark.chain
FIRST = papers.CENTRE
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("town")
    with moulds.served(folder) as town:
        until(lambda: town.node.reader.head(town.node.identities[1].log).size == anchored(town))
        yield town


def anchored(town: Any) -> int:
    fact = town.node.queries.find_log(town.node.identities[1].log)
    return fact.size if fact else 0


@pytest.fixture
def copy(town, tmp_path):
    """The node's files once more, for what is changed in them."""
    folder = town.node.settings.data_dir.parent
    shutil.copytree(folder, tmp_path / "node")
    for path in (tmp_path / "node" / "data").iterdir():
        path.chmod(0o600)
    path = tmp_path / "node" / "node.toml"
    port = int(town.url.rpartition(":")[2])
    path.write_text(path.read_text("utf-8").replace(f"port = {port}", "port = 0"), "utf-8")
    return path


def check(config: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the findings by their check."""
    done = invoke("node", "check", "--config", config, "--json")
    assert done.errors[:17] == ("" if done.code == 0 else "[config-invalid] ")
    value = json.loads(done.output)
    assert value["ok"] == all(each["ok"] for each in value["checks"]) == (done.code == 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for each in value["checks"]:
        found.setdefault(each["id"], []).append(each)
        assert each["ok"] or each["advice"], each
        assert "Traceback" not in each["text"]
    return found


def wrong(config: Path) -> dict[str, str]:
    """Return what is wrong, by its check."""
    return {
        name: "；".join(each["text"] for each in lines if not each["ok"])
        for name, lines in check(config).items()
        if not all(each["ok"] for each in lines)
    }


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Name, mode, time and content of everything but SQLite's shared memory."""
    return {
        str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".db-shm"
    }


class TestARunningNode:
    def test_is_all_right(self, town):
        config = town.node.settings.data_dir.parent / "node.toml"
        found = check(config)
        assert wrong(config) == {}
        assert "本节点正在运行" in found["port"][0]["text"]
        assert len(found["heads"]) == len(found["log"]) == len(found["address"]) == 3
        assert re.search(r"(\d+) 条 ≥ 已公布 \1 ≥ 已锚定 \1", found["heads"][1]["text"])

    def test_has_every_check_the_manual_names(self, town):
        found = check(town.node.settings.data_dir.parent / "node.toml")
        for name in ("operations.md", "operations.zh-CN.md"):
            text = (ROOT / "docs" / name).read_text("utf-8").split("## 9.")[1]
            rows = [row for row in text.split("## 10.")[0].splitlines() if row.startswith("| `")]
            named = {word for row in rows for word in re.findall(r"`(\w+)`", row.split("|")[1])}
            # Said only of one that is not enrolled, of a database server, of a tile store.
            assert named == found.keys() | {"department", "storage", "tiles"}

    def test_is_told_line_by_line_for_people(self, town):
        done = invoke("node", "check", "--config", town.node.settings.data_dir.parent / "node.toml")
        assert done.code == 0
        lines = done.output.splitlines()
        assert lines[-1] == "全部就绪"
        assert all(line.startswith("✓ ") for line in lines[:-1])


class TestAStoppedNode:
    def test_is_looked_at_without_a_trace(self, copy):
        for path in (copy.parent / "data").glob("*-*"):
            if path.suffix in {".db-wal", ".db-shm"}:
                path.unlink()
        before, names = snapshot(copy.parent), sorted(copy.parent.rglob("*"))
        check(copy)
        assert snapshot(copy.parent) == before
        assert sorted(copy.parent.rglob("*")) == names

    def test_that_has_never_run_needs_no_folder_and_gets_none(self, copy):
        shutil.rmtree(copy.parent / "data")
        # The chain knows more of this node's log than a new disk does.
        assert set(wrong(copy)) == {"heads"}
        assert not (copy.parent / "data").exists()


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("name", "said"),
        [("log.db", "没有 log.db"), ("node.db", "没有 node.db")],
    )
    def test_a_database_that_is_gone(self, copy, name, said):
        for path in (copy.parent / "data").glob(f"{name}*"):
            path.unlink()
        assert said in wrong(copy)["heads"]

    def test_a_log_that_is_another(self, copy):
        for path in (copy.parent / "data").glob("log.db*"):
            path.unlink()
        (copy.parent / "data" / "log.db").write_bytes(b"nothing of ours" * 500)
        assert "不是数据库" in wrong(copy)["heads"]

    def test_a_key_that_is_not_the_registered_one(self, copy):
        path = copy.parent / "centre-node.key"
        path.unlink()
        with quick_files():
            SoftwareSigner.generate().save(path, PASSWORD)
        assert "链上没有登记" in wrong(copy)["registered"]

    def test_a_log_key_that_is_not_the_registered_one(self, copy):
        path = copy.parent / "centre-log.key"
        path.unlink()
        with quick_files():
            Ed25519Signer.generate().save(path, PASSWORD)
        assert "log_key" in wrong(copy)["registered"]

    def test_a_key_that_does_not_open_hides_no_other(self, copy):
        shutil.copy(copy.parent / "centre-log.key", copy.parent / "centre-node.key")
        (copy.parent / "relay.key").write_bytes(b"{}")
        found = wrong(copy)
        assert "relay_key" in found["keys"]
        assert f"{FIRST} 的 department_key" in found["keys"]
        assert "无法核对，原因同上" in found["department"]

    def test_files_that_others_may_read(self, copy):
        (copy.parent / "relay.key").chmod(0o644)
        (copy.parent / "data").chmod(0o755)
        found = wrong(copy)
        assert "他人可读" in found["keys"]
        assert "他人可进入" in found["folder"]

    def test_another_generation_relay_and_address(self, copy):
        text = copy.read_text("utf-8").replace('custody = "own"', 'custody = "own"\ngeneration = 2')
        copy.write_text(re.sub('public_url = "[^"]*"', 'public_url = "http://x:1"', text), "utf-8")
        found = wrong(copy)
        assert "不是现用的一代" in found["log"]
        assert "public_url 是 http://x:1" in found["address"]
        assert "authorities 里没有 x:1" in found["address"]

    def test_a_source_whose_file_is_not_there_and_is_not_made(self, copy):
        text = copy.read_text("utf-8")
        copy.write_text(re.sub('sqlite:///[^"]*', f"sqlite:///{copy.parent}/no.db", text), "utf-8")
        assert "没有这个文件" in wrong(copy)["sources"]
        assert not (copy.parent / "no.db").exists()

    def test_a_source_without_a_column(self, copy):
        text = copy.read_text("utf-8").replace('XM = "name"', 'XM = "nome"')
        copy.write_text(text, "utf-8")
        assert "nome" in wrong(copy)["sources"]

    def test_a_source_that_is_not_as_its_entry_declares(self, copy):
        path = Path(re.findall('sqlite:///([^"]*)', copy.read_text("utf-8"))[0])
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("create table other as select id, name, id as born from person")
            database.execute("insert into other select * from other limit 1")
        text = copy.read_text("utf-8")
        copy.write_text(text.replace('table = "person"', 'table = "other"'), "utf-8")
        try:
            lines = [each["text"] for each in check(copy)["sources"] if "other" in each["text"]]
        finally:
            with contextlib.closing(sqlite3.connect(path)) as database, database:
                database.execute("drop table other")
        assert any("键 id 有重复或空值（two rows have one key: " in each for each in lines)
        assert lines

    def test_a_peer_that_is_away(self, copy):
        text = copy.read_text("utf-8")
        peers = '[peers]\n11130900MB0000004Y = "http://127.0.0.1:9"\n'
        copy.write_text(text.replace("[anchoring]", f"{peers}[anchoring]"), "utf-8")
        assert "http://127.0.0.1:9：没有应答" in wrong(copy)["peers"]

    def test_a_chain_that_is_away_is_said_once(self, copy):
        text = copy.read_text("utf-8")
        copy.write_text(re.sub('chain_url = "[^"]*"', 'chain_url = "http://127.0.0.1:9"', text))
        found = wrong(copy)
        assert "http://127.0.0.1:9 没有应答" in found["chain"]
        assert "对方没有在监听" in found["chain"]
        assert "ConnectionRefused" not in found["chain"]
        assert all("原因同上" in said for name, said in found.items() if name != "chain")

    def test_settings_that_cannot_be_read(self, copy):
        copy.write_text("port = ", "utf-8")
        assert set(wrong(copy)) == {"settings"}

    def test_a_clock_behind_the_chain(self, copy, own_chain):
        at = Inspection(load_settings(copy), clock=lambda: own_chain.clock() - 3_600)
        (finding,) = standing.check_clock(at)
        at.close()
        assert not finding.ok
        assert "时钟" in finding.text
        assert finding.text.endswith("+08:00")

    def test_a_disk_with_little_room(self, copy, monkeypatch):
        monkeypatch.setattr(checkup, "FREE_BYTES", 1 << 62)
        assert "剩余" in wrong(copy)["disk"]


def test_an_inspection_has_no_way_to_write(copy):
    at = inspection.Inspection(load_settings(copy))
    assert at.store is not None
    with pytest.raises(Exception, match="readonly"):
        at.store.sweep()
    at.close()
