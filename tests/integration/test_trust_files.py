"""One trust file verifies older bundles and newer ones: a later head is had from one's own node."""

from __future__ import annotations

import pytest

from node.protocol.wire.trustfile import parse_trust
from tests.common.chain import deployed_on, running_chain
from tests.common.nodes import QUERY, until
from tests.common.shell import invoke

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("town")
    with moulds.served(folder) as town:
        yield town


@pytest.fixture
def at(town, tmp_path, monkeypatch):
    """A folder to work in, and what names the node."""
    monkeypatch.chdir(tmp_path)
    return ("--config", town.node.settings.data_dir.parent / "node.toml")


def bundle(town, at, name):
    """Call once, and export the bundle of the call as soon as it is anchored."""
    with town.client() as client:
        until(lambda: town.answers(client))  # the papers of the last step may be on their way
        event = client.query(town.first, **QUERY).event.hex()
    done = until(lambda: _exported(event, name, at))
    assert done.code == 0, done
    return event


def _exported(event, name, at):
    done = invoke("trace", "export", event, "-o", name, *at)
    return None if "[not-found]" in done.errors else done


def ok(*arguments):
    done = invoke(*arguments)
    assert done.code == 0, done
    return done.output


def verify(name, trust):
    return invoke("verify", name, "--trust", trust).code


def test_an_older_and_a_newer_bundle(town, at):
    bundle(town, at, "older.json")
    town.step("暂停")
    ok("trust", "export", *at, "-o", "trust.json")
    town.step("恢复")
    bundle(town, at, "newer.json")
    assert (verify("older.json", "trust.json"), verify("newer.json", "trust.json")) == (0, 4)
    said = ok("trust", "update", "trust.json", *at, "-o", "later.json")
    assert said.startswith("✓")
    assert (verify("older.json", "later.json"), verify("newer.json", "later.json")) == (0, 0)


def test_a_bundle_exported_for_an_older_head(town, at, tmp_path):
    event = bundle(town, at, "first.json")
    ok("trust", "export", *at, "-o", "trust.json")
    head = parse_trust((tmp_path / "trust.json").read_bytes()).head.number
    town.step("暂停")
    town.step("恢复")
    ok("trace", "export", event, "-o", "whole.json", *at)
    ok("trace", "export", event, "-o", "cut.json", "--head", head, *at)
    assert (verify("whole.json", "trust.json"), verify("cut.json", "trust.json")) == (4, 0)


def test_the_chain_itself_says_the_same_as_the_node(town, at, tmp_path):
    ok("trust", "export", *at, "-o", "node.json")
    head = parse_trust((tmp_path / "node.json").read_bytes()).head.number
    deployment = town.node.settings.deployment
    chain = ("--url", town.node.settings.chain_url)
    ok("trust", "export", *chain, "--deployment", deployment, "--block", head, "-o", "chain.json")
    assert (tmp_path / "node.json").read_bytes() == (tmp_path / "chain.json").read_bytes()
    shown = ok("trust", "show", "chain.json")
    assert f"链头 第 {head} 块 " in shown
    assert f"所列区块 {head} 个" in shown


def test_a_deployment_of_another_city_is_refused(town, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    with running_chain(tmp_path / "other") as running, deployed_on(running) as other:
        other.deployment.save(tmp_path / "other.json")
    # Both chains begin with the same block.
    assert other.deployment.genesis_hash == town.node.deployment.genesis_hash
    chain = ("--url", town.node.settings.chain_url, "--deployment", "other.json")
    done = invoke("trust", "export", *chain, "-o", "trust.json")
    assert done.errors.startswith("[wrong-chain]")
    assert not (tmp_path / "trust.json").exists()


def test_another_chain_is_not_taken_for_a_later_head(at, tmp_path):
    ok("trust", "export", *at, "--block", "3", "-o", "trust.json")
    (tmp_path / "other").mkdir()
    with running_chain(tmp_path / "other") as running, deployed_on(running):
        chain = ("--url", running.url)
        done = invoke("trust", "update", "trust.json", *chain, "-o", "later.json")
    assert done.code == 3 or "[wrong-chain]" in done.errors
    assert not (tmp_path / "later.json").exists()


def test_an_older_head_is_no_update_and_nothing_is_overwritten(at, tmp_path):
    ok("trust", "export", *at, "-o", "trust.json")
    before = (tmp_path / "trust.json").read_bytes()
    assert invoke("trust", "export", *at, "-o", "trust.json").code == 1
    done = invoke("trust", "update", "trust.json", *at, "--block", "1", "-o", "later.json")
    assert done.code == 1
    assert "信任文件已到第" in done.errors
    assert (tmp_path / "trust.json").read_bytes() == before


@pytest.mark.parametrize("options", [(), ("--url", "http://127.0.0.1:9")])
def test_where_from_must_be_said(tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    done = invoke("trust", "export", *options, "-o", "trust.json")
    assert (done.code, done.errors[:19]) == (1, "[malformed-request]")
