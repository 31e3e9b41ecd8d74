"""A node whose tables are on PostgreSQL: brought there from its files, run, checked, taken over."""

from __future__ import annotations

import os
import shutil
import signal
import threading

import psycopg
import pytest

from api.operating.notices import FOLDER, read_notices
from api.settings import load_settings
from node.client.calls import LedgerClient
from node.client.trust import NodeTrust
from node.log import LogReader
from node.protocol.wire import ids
from node.storage.stores import Stores
from tests.common import papers, pgstores
from tests.common.node_process import NodeProcess
from tests.common.nodes import QUERY, until, unused_port
from tests.common.shell import invoke

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    """A town founded on files, whose node then ended."""
    with moulds.ended(tmp_path_factory.mktemp("moved")) as town:
        yield town


@pytest.fixture(scope="module")
def settings_file(town):
    """Its settings, with a database in them that its tables were moved to."""
    path = town.node.settings.data_dir.parent / "node.toml"
    url, _ = pgstores.new_database()
    path.write_text(f'{path.read_text("utf-8")}\n[storage]\nurl = "{url}"\n', "utf-8")
    # As a whole it fails: a node that has no document knows no other to ask.
    assert "各表在启动时建立" in invoke("node", "check", "--config", path).output
    assert "✓ log：" in told("node", "migrate", "--config", path)
    return path


def heads(stores):
    engine = stores.open("log", readonly=True)
    try:
        reader = LogReader(engine)
        return {log: reader.head(log) for log, _ in reader.logs()}
    finally:
        engine.dispose()


def told(*words):
    done = invoke(*words)
    assert done.code == 0, done.errors
    return done.output


def test_it_is_moved_with_the_same_heads_once_and_goes_on(town, settings_file, monkeypatch):
    """It goes on as several processes, of which the log writer is killed once."""
    before = heads(Stores(town.node.settings.data_dir))
    assert any(head.size for head in before.values())
    assert heads(load_settings(settings_file).stores) == before
    again = invoke("node", "migrate", "--config", settings_file)
    assert "already-exists" in again.errors
    monkeypatch.setenv("SHARELEDGER_WORKERS", "2")
    process = NodeProcess(settings_file)
    process.start()
    try:
        with town.client() as client:
            until(lambda: town.answers(client))
            folder = town.node.settings.data_dir / FOLDER
            [pid] = [each.pid for each in read_notices(folder) if each.process == "writer"]
            os.kill(pid, signal.SIGKILL)
            until(lambda: town.answers(client))
            answer = client.query(town.first, **QUERY)
            assert client.fetch_receipt(answer.receipt).leaf == answer.receipt.leaf
        assert papers.catalogue_version()["name"] in told(
            "catalogue", "search", papers.catalogue_version()["name"], "--config", settings_file
        )
        trace = ("trace", "call", answer.event.hex(), "--config", settings_file)
        until(lambda: invoke(*trace).code == 0)  # once it is anchored
    finally:
        process.end(signal.SIGTERM)
    assert "全部相符" in told("log", "check", "--config", settings_file)
    log = next(
        one.log
        for one in town.node.identities
        if one.department == ids.department_id(papers.POLICE)
    )
    after = heads(load_settings(settings_file).stores)
    assert after[log].size > before[log].size


@pytest.mark.long
def test_a_second_host_stands_by_and_takes_over(town, settings_file, tmp_path):
    """Its own files are the keys, the settings and the node's secret; all else is the database."""
    port = unused_port()
    first_port = int(town.url.rpartition(":")[2])
    here = settings_file.parent
    shutil.copytree(here, tmp_path / "second", ignore=shutil.ignore_patterns("*.db*", "*.lock"))
    (tmp_path / "second" / "people.db").hardlink_to(here / "people.db")
    second_file = tmp_path / "second" / "node.toml"
    text = second_file.read_text("utf-8").replace(f"port = {first_port}\n", f"port = {port}\n")
    text = text.replace(
        f'"127.0.0.1:{first_port}"', f'"127.0.0.1:{first_port}", "127.0.0.1:{port}"'
    )
    second_file.write_text(text, "utf-8")
    first, second = NodeProcess(settings_file), NodeProcess(second_file)
    first.start()
    standing_by = threading.Thread(target=second.start)
    try:
        with town.client() as client:
            until(lambda: town.answers(client))
            answered = client.query(town.first, **QUERY)
        standing_by.start()
        url = str(load_settings(settings_file).storage.url)
        with psycopg.connect(url, autocommit=True) as admin:
            waiting = (
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            until(lambda: admin.execute(waiting).fetchone() is not None)
        assert standing_by.is_alive()
        first.end(signal.SIGKILL)
        standing_by.join(30)
        trust = NodeTrust(town.http(town.keys.application), f"http://127.0.0.1:{port}")
        client = LedgerClient(
            f"http://127.0.0.1:{port}", town.keys.application, town.keys.encryption, trust
        )
        with client:
            until(lambda: town.answers(client))
            assert client.fetch_receipt(answered.receipt).leaf == answered.receipt.leaf
    finally:
        first.end(signal.SIGKILL)
        standing_by.join()
        second.end(signal.SIGTERM)
