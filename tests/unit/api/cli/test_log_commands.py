"""`shareledger log check` says what is wrong with a log, and nothing worse than is known."""

import shutil
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from api.cli import log_commands as command
from node.errors import LogIncomplete, LogTampered
from node.log import Committer, LogReader
from node.storage.engines import open_engine
from node.storage.stores import Stores
from tests.common.logs import Clock, new_draft, new_identity


@pytest.fixture
def node(tmp_path, monkeypatch):
    identity, path = new_identity(), tmp_path / "log.db"
    committer = Committer(open_engine(path), [identity], clock=Clock())
    committer.commit([new_draft(identity, n) for n in range(5)])
    root = LogReader(open_engine(path, readonly=True)).root_at(identity.log, 5)
    anchor = SimpleNamespace(size=5, root=root)
    node = SimpleNamespace(
        settings=SimpleNamespace(stores=Stores(tmp_path)),
        identities=[identity],
        tile_store=None,
        queries=SimpleNamespace(
            list_anchors=lambda _log, after, **_: [anchor] if after < anchor.size else [],
            logs_of=lambda _department: [SimpleNamespace(log=identity.log)],
        ),
        anchor=anchor,
        path=path,
    )

    @contextmanager
    def opened(_config):
        yield node

    monkeypatch.setattr(command, "open_node", opened)
    yield node
    committer.close()


def test_a_sound_log_is_said_to_match(node, capsys):
    command.check(node.path)
    assert "✓" in capsys.readouterr().out


def test_a_copy_without_its_wal_is_incomplete_and_nobody_tampered(node, tmp_path, capsys):
    copy = tmp_path / "copy.db"
    shutil.copy(node.path, copy)
    with pytest.raises(LogIncomplete):
        command.check(node.path, file=copy)
    said = capsys.readouterr().out
    assert "日志不完整" in said
    assert "log.db-wal" in said
    assert "改动" not in said


def test_a_superseded_log_that_was_lost_is_told_and_its_successor_checked(node, capsys):
    before = SimpleNamespace(log=b"before", origin="the log before")
    [present] = node.queries.logs_of(b"")
    node.queries.logs_of = lambda _department: [before, present]
    command.check(node.path)
    said = capsys.readouterr().out.splitlines()
    assert [line[0] for line in said] == ["✗", "✓"]
    assert "the log before 已锚定 5 条，这里只有 0 条" in said[0]


def test_a_changed_log_is_said_to_be_tampered_with_and_whose(node, capsys):
    node.anchor.root = bytes(32)
    with pytest.raises(LogTampered):
        command.check(node.path)
    assert "日志被改动：部门" in capsys.readouterr().out
