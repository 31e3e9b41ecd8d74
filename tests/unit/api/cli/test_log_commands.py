"""`shareledger log check` says what is wrong with a log, and nothing worse than is known."""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
import typer
from sqlalchemy import update

from api.cli import log_commands as command
from node.documents.bindings import Bindings
from node.documents.store import DocumentStore
from node.documents.terms import DocumentFacts
from node.errors import LogIncomplete, LogTampered
from node.log import Committer, LogReader
from node.log.heads import sign_head
from node.log.tables import batch, head
from node.protocol.ledger.enums import KeyKind
from node.protocol.ledger.facts import KeyFact
from node.storage.engines import open_engine
from node.storage.stores import Stores
from tests.common.logs import Clock, new_draft, new_identity


class Documents:
    """Those of a node.db, opened when first asked for as the check opens it: read-only."""

    def __init__(self, path):
        self.path = path

    def check(self, digest, name):
        store = DocumentStore(open_engine(self.path, readonly=True), create=False)
        DocumentFacts(store, Bindings(store, serves=lambda _department: False)).check(digest, name)


def key_of(identity, **times):
    """Return a department's key as the ledger has it, whose document is not here."""
    public = identity.sm2.public_key
    raw = public.raw
    key = KeyFact(
        key=public.key_id,
        holder=identity.department,
        kind=KeyKind.DEPARTMENT,
        qx=int.from_bytes(raw[:32], "big"),
        qy=int.from_bytes(raw[32:], "big"),
        valid_from=0,
        valid_until=2**62,
        revoked_at=None,
        digest=bytes(32),
    )
    return key._replace(**times)


@pytest.fixture
def node(tmp_path, monkeypatch):
    identity, path = new_identity(), tmp_path / "log.db"
    keys: list[KeyFact] = []
    committer = Committer(open_engine(path), [identity], clock=Clock())
    committer.commit([new_draft(identity, n) for n in range(5)])
    root = LogReader(open_engine(path, readonly=True)).root_at(identity.log, 5)
    anchor = SimpleNamespace(size=5, root=root)
    node = SimpleNamespace(
        settings=SimpleNamespace(stores=Stores(tmp_path), data_dir=tmp_path),
        identities=[identity],
        tile_store=None,
        queries=SimpleNamespace(
            list_anchors=lambda _log, after, **_: [anchor] if after < anchor.size else [],
            logs_of=lambda _department: [SimpleNamespace(log=identity.log)],
            keys_of=lambda _department: keys,
        ),
        facts=Documents(tmp_path / "node.db"),
        keys=keys,
        anchor=anchor,
        path=path,
    )

    @contextmanager
    def opened(_config, *, looking):
        assert looking
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


def signed_by_another(node):
    """Have a key of before sign what is kept, the head too; return it."""
    [identity], earlier = node.identities, new_identity()
    signer = replace(identity, sm2=earlier.sm2, ed25519=earlier.ed25519)
    note = sign_head(signer, 5, node.anchor.root)
    with open_engine(node.path).begin() as connection:
        connection.execute(update(batch).values(checkpoint=note))
        connection.execute(update(head).values(checkpoint=note))
    return replace(earlier, department=identity.department)


class TestKeysOfBefore:
    """Where their documents are not here, or node.db cannot be read, nobody has tampered."""

    @pytest.fixture(params=["missing", "damaged", "of an earlier revision"])
    def unread(self, request, tmp_path):
        path = tmp_path / "node.db"
        if request.param == "damaged":
            path.write_bytes(b"nothing that is a database" * 400)
        if request.param == "of an earlier revision":
            engine = open_engine(path)
            with engine.begin() as connection:
                connection.exec_driver_sql("create table document (digest blob)")
            # Whoever closes it last moves its WAL into the file, and not while it is compared.
            engine.dispose()
        return path

    def test_what_they_signed_is_not_verified_and_the_entries_are(self, node, unread, capsys):
        before = unread.read_bytes() if unread.exists() else None
        node.keys[:] = [key_of(signed_by_another(node))]
        command.check(node.path)
        lines = capsys.readouterr().out.splitlines()
        assert [line[0] for line in lines] == ["？", "？", "✓"]
        assert "node.db" in lines[0]
        assert "2 个检查点的 Ed25519 签名未核实" in lines[1]
        assert (unread.read_bytes() if unread.exists() else None) == before

    def test_a_head_that_nothing_else_vouches_for_is_no_match(self, node, capsys):
        node.keys[:] = [key_of(signed_by_another(node))]
        node.queries.list_anchors = lambda *_, **_more: []
        with pytest.raises(typer.Exit) as ended:
            command.check(node.path)
        said = capsys.readouterr().out
        assert ended.value.exit_code == 3
        assert "日志头未核实" in said
        assert "✓" not in said
        assert "改动" not in said

    def test_one_revoked_before_is_tampering(self, node, capsys):
        node.keys[:] = [key_of(signed_by_another(node), revoked_at=1)]
        with pytest.raises(LogTampered):
            command.check(node.path)
        assert "日志头的检查点不成立" in capsys.readouterr().out

    @pytest.mark.usefixtures("unread")
    def test_without_any_node_db_is_not_spoken_of(self, node, capsys):
        node.keys[:] = [key_of(node.identities[0])]
        command.check(node.path)
        assert "node.db" not in capsys.readouterr().out
