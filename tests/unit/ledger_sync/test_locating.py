"""One box that takes anything: what each form of text leads to, and that none is an error."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_sync.locating import TEXT_LIMIT, Finder, Logs
from ledger_sync.queries import Queries
from node.documents.search import CatalogueSearch
from node.documents.store import DocumentStore
from node.errors import ChainUnavailable
from node.log import Committer, LogReader, LogScanner
from node.protocol.wire.encoding import b64u
from node.protocol.wire.leaf import AUDIT, commitment, parse_leaf
from node.protocol.wire.merkle import leaf_hash
from node.storage.engines import open_engine
from tests.common.codes import department_code
from tests.common.logs import Clock, commit_all, new_draft, new_identity, other_draft, with_members
from tests.common.story import POLICE, digest

SALT = b"\x05" * 16
MATTER = "办件 2026-0001"


@pytest.fixture
def documents(tmp_path):
    engine = open_engine(tmp_path / "node.db")
    yield DocumentStore(engine), CatalogueSearch(engine)
    engine.dispose()


@pytest.fixture
def finder(filled, documents):
    return Finder(filled, *documents)


@pytest.fixture
def queries(filled):
    return Queries(filled)


@pytest.fixture
def logged(tmp_path):
    """A log with a call for a matter and an auditor's look, and their leaves."""
    identity = new_identity()
    call, look = new_draft(identity, 1), other_draft(identity, 2, AUDIT, b"answer")
    call = with_members(call, matter=commitment(SALT, MATTER).hex())
    committer = Committer(open_engine(tmp_path / "log.db"), [identity], clock=Clock())
    leaves = [done.leaf for done in commit_all(committer, [call, look])]
    committer.close()
    engine = open_engine(tmp_path / "log.db", readonly=True)
    reader = LogReader(engine)
    yield Logs(reader, LogScanner(reader), [identity.log], lambda _event, _name: SALT), leaves
    engine.dispose()


def kinds(found) -> list[tuple[str, str]]:
    return [(each.kind, each.id) for each in found.targets]


class TestForms:
    def test_a_number_is_an_authorisation_or_a_block(self, finder):
        assert kinds(finder.find("1")) == [("authorisation", "1"), ("block", "1")]

    @pytest.mark.parametrize("text", ["授权 1", "授权编号：1", "authorisation 1", "授权１"])
    def test_a_word_before_it_says_which(self, finder, text):
        assert kinds(finder.find(text)) == [("authorisation", "1")]

    @pytest.mark.parametrize("text", ["区块 3", "第 3 块", "block 3", "第3块"])
    def test_a_block_has_its_word_too(self, finder, text):
        assert kinds(finder.find(text)) == [("block", "3")]

    def test_a_department_is_found_by_code_and_id(self, finder):
        code = department_code(2)
        assert ("department", code) in kinds(finder.find(f" {code.lower()} "))
        assert kinds(finder.find(POLICE.hex())) == [("department", code)]

    def test_an_entry_is_found_by_id_its_beginning_and_code(self, finder, queries):
        entry = queries.list_entries(provider=POLICE)[0].entry
        assert kinds(finder.find("0x" + entry.hex().upper())) == [("entry", entry.hex())]
        assert kinds(finder.find(entry.hex()[:12] + "…")) == [("entry", entry.hex())]
        assert len(finder.titles.entry(entry).title) > len("目录「」（）")

    def test_a_key_is_found_by_id_and_beginning(self, finder, queries):
        key = queries.keys_of(POLICE)[0].key
        assert kinds(finder.find(key.hex())) == [("key", key.hex())]
        assert kinds(finder.find(key.hex()[:12])) == [("key", key.hex())]

    def test_an_application_is_found_by_id(self, finder, queries):
        application = queries.get_authorisation(1).application
        assert kinds(finder.find(application.hex())) == [("application", application.hex())]

    def test_a_paper_leads_to_what_it_is_about_and_its_block(self, finder, queries):
        applied = queries.steps(1)[0]
        found = kinds(finder.find(applied.digest.hex()))
        assert ("authorisation", "1") in found
        assert ("block", str(applied.block)) in found

    def test_a_decision_and_a_block_are_found_by_their_hash(self, finder, queries):
        decision = queries.decisions_in(3)[0]
        assert kinds(finder.find(decision.hash.hex())) == [("block", "3")]
        assert kinds(finder.find(decision.block.hash.hex())) == [("block", "3")]

    def test_an_id_is_found_within_a_sentence(self, finder):
        assert ("department", department_code(2)) in kinds(finder.find(f"部门 {POLICE.hex()}。"))


class TestChain:
    def test_a_transaction_leads_to_its_block(self, filled, documents):
        class Chain:
            def receipt(self, tx_hash: bytes):
                return type("Receipt", (), {"block_number": 3 if tx_hash == b"t" * 32 else 10**6})

        finder = Finder(filled, documents[0], documents[1], Chain())
        assert kinds(finder.find((b"t" * 32).hex())) == [("block", "3")]
        assert kinds(finder.find((b"u" * 32).hex())) == []  # in no block that was applied

    def test_a_silent_chain_is_said_not_raised(self, filled, documents):
        class Silent:
            def receipt(self, tx_hash: bytes):
                raise ChainUnavailable("nobody there", tx=tx_hash)

        found = Finder(filled, documents[0], documents[1], Silent()).find("ab" * 32)
        assert any("链没有应答" in chinese for chinese, _ in found.tried)


class TestLogs:
    def test_a_call_is_found_by_event_and_leaf_hash(self, finder, logged):
        logs, leaves = logged
        event = parse_leaf(leaves[0]).event.hex()
        assert kinds(finder.find(event, logs)) == [("call", event)]
        assert kinds(finder.find(leaf_hash(leaves[0]).hex(), logs)) == [("call", event)]

    def test_an_auditors_look_is_no_call(self, finder, logged):
        logs, leaves = logged
        assert [kind for kind, _ in kinds(finder.find(leaf_hash(leaves[1]).hex(), logs))] == [
            "leaf"
        ]

    def test_a_matter_is_found_by_the_nodes_own_salt(self, finder, logged):
        logs, leaves = logged
        assert kinds(finder.find(MATTER, logs)) == [("call", parse_leaf(leaves[0]).event.hex())]

    @pytest.mark.parametrize("salt", [SALT.hex(), b64u(SALT)])
    def test_a_matter_is_found_by_the_salt_behind_it(self, finder, logged, salt):
        logs, leaves = logged
        stranger = Logs(logs.reader, logs.scanner, logs.ids, lambda _event, _name: b"")
        found = kinds(finder.find(f"{MATTER} {salt}", stranger))
        assert found == [("call", parse_leaf(leaves[0]).event.hex())]

    @pytest.mark.parametrize(("text", "looked"), [("迁移", True), ("MB", False), ("2", True)])
    def test_what_is_a_name_and_has_no_digit_is_no_matter_number(
        self, finder, logged, monkeypatch, text, looked
    ):
        logs, _ = logged
        asked, real = [], LogScanner.find_matter

        def noted(*given):
            asked.append(given[2])
            return real(*given)

        monkeypatch.setattr(LogScanner, "find_matter", noted)
        found = finder.find(text, logs)
        assert asked == [text] * looked
        assert any("不再按办件号查" in chinese for chinese, _ in found.tried) is not looked

    def test_without_logs_none_is_looked_through(self, finder):
        assert not any("办件" in chinese for chinese, _ in finder.find(MATTER).tried)


class TestNothing:
    @pytest.mark.parametrize(
        "text", ["", "   ", "x" * (TEXT_LIMIT + 1), "a\u202eb", digest("no").hex()]
    )
    def test_what_was_tried_is_said(self, finder, text):
        found = finder.find(text)
        assert found.targets == ()
        assert found.tried

    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.text(max_size=80)
        | st.text("0123456789abcdefx区块授权第块/ …", max_size=70)
        | st.integers(0, 10**20).map(str)
        | st.binary(min_size=32, max_size=32).map(bytes.hex)
    )
    def test_any_text_gives_an_answer_or_what_was_tried(self, finder, logged, text):
        found = finder.find(text, logged[0])
        assert found.targets or found.tried
        assert all(each.title and each.english and each.id for each in found.targets)
