"""Drafts: who has one, who may read it, and that two who change one do not undo each other."""

from __future__ import annotations

import pytest

from node.errors import Conflict, InvalidInput, NotEntitled, NotFound, Overloaded
from node.office import drafts as module
from node.office.drafts import Drafts, Person, waiting_for
from node.office.tables import METADATA
from node.protocol.ledger.enums import Role
from node.storage.engines import open_engine
from node.storage.migrations import upgrade
from tests.common.fakes import FixedClock

POLICE, EDUCATION = b"\1" * 32, b"\2" * 32
NOTHING = Role(0)


def person(key: int, role: Role, department: bytes = POLICE) -> Person:
    return Person(bytes([key]) * 32, {department: int(role)})


CLERK = person(1, Role.DATA_OFFICER)
COLLEAGUE = person(2, Role.DATA_OFFICER)
HEAD = person(3, Role.DEPARTMENT_HEAD)
STRANGER = person(4, Role.DEPARTMENT_HEAD, EDUCATION)


@pytest.fixture
def drafts(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    upgrade(engine, "office", METADATA.sorted_tables)
    yield Drafts(engine, FixedClock())
    engine.dispose()


@pytest.fixture
def begun(drafts):
    return drafts.begin(CLERK, POLICE, "filing", "一季度报送", b"1")


def test_a_draft_is_its_authors_until_it_is_handed_over(drafts, begun):
    assert [each.id for each in drafts.list(CLERK)] == [begun.id]
    for other in (COLLEAGUE, HEAD, STRANGER):
        assert drafts.list(other) == []
        with pytest.raises(NotFound):
            drafts.get(other, begun.id, "filing")


def test_handed_over_it_waits_for_the_head_with_the_comment(drafts, begun):
    drafts.hand_over(CLERK, begun.id, 1, Role.DEPARTMENT_HEAD, " 请审签 ")
    [listed] = waiting_for(drafts.list(HEAD), HEAD)
    opened = drafts.get(HEAD, listed.id, "filing")
    assert (opened.body, [each.text for each in opened.notes]) == (b"1", ["请审签"])
    assert waiting_for(drafts.list(CLERK), CLERK) == []
    assert drafts.list(STRANGER) == drafts.list(COLLEAGUE) == []


def test_its_author_cannot_change_what_he_handed_over_before_he_takes_it_back(drafts, begun):
    drafts.hand_over(CLERK, begun.id, 1, Role.DEPARTMENT_HEAD, "")
    with pytest.raises(NotEntitled, match="收回"):
        drafts.save(CLERK, begun.id, 2, b"2")
    revision = drafts.take_back(CLERK, begun.id)
    assert drafts.save(CLERK, begun.id, revision, b"2") == revision + 1
    assert drafts.list(HEAD) == []


def test_the_head_gives_it_back_with_what_is_to_be_mended(drafts, begun):
    drafts.hand_over(CLERK, begun.id, 1, Role.DEPARTMENT_HEAD, "请审签")
    drafts.hand_over(HEAD, begun.id, 2, NOTHING, "第三行请核对")
    opened = drafts.get(CLERK, begun.id, "filing")
    assert opened.listed.may_change(CLERK)
    assert [each.text for each in opened.notes] == ["请审签", "第三行请核对"]


def test_only_its_author_takes_it_back(drafts, begun):
    drafts.hand_over(CLERK, begun.id, 1, Role.DEPARTMENT_HEAD, "")
    with pytest.raises(NotEntitled, match="起草人"):
        drafts.take_back(HEAD, begun.id)


def test_who_saw_an_older_revision_undoes_nothing(drafts, begun):
    drafts.save(CLERK, begun.id, 1, b"2")
    with pytest.raises(Conflict, match="别处改动"):
        drafts.save(CLERK, begun.id, 1, b"3")
    assert drafts.get(CLERK, begun.id, "filing").body == b"2"


def test_a_comment_of_a_refused_handing_over_is_not_kept(drafts, begun):
    with pytest.raises(Conflict):
        drafts.hand_over(CLERK, begun.id, 9, Role.DEPARTMENT_HEAD, "请审签")
    assert drafts.get(CLERK, begun.id, "filing").notes == []


def test_who_lost_his_role_has_no_draft_of_the_department(drafts, begun):
    gone = Person(CLERK.key, {})
    assert drafts.list(gone) == []
    with pytest.raises(NotFound):
        drafts.save(gone, begun.id, 1, b"2")
    with pytest.raises(NotEntitled, match="任职"):
        drafts.begin(gone, POLICE, "filing", "x", b"")


def test_dropped_it_is_gone_with_its_comments(drafts, begun):
    drafts.hand_over(CLERK, begun.id, 1, Role.DEPARTMENT_HEAD, "请审签")
    with pytest.raises(NotEntitled):
        drafts.drop(CLERK, begun.id)
    drafts.drop(HEAD, begun.id)
    with pytest.raises(NotFound):
        drafts.get(HEAD, begun.id, "filing")


def test_a_draft_of_another_kind_is_none(drafts, begun):
    # Each page reads what its own kind makes of a body.
    with pytest.raises(NotFound):
        drafts.get(CLERK, begun.id, "application")


class TestBounds:
    def test_the_drafts_of_a_department_are_counted(self, drafts, begun, monkeypatch):
        monkeypatch.setattr(module, "DEPARTMENT_LIMIT", 2)
        with pytest.raises(Overloaded, match="您在本部门的草稿已满"):
            drafts.begin(CLERK, POLICE, "filing", "x", b"")
        drafts.begin(COLLEAGUE, POLICE, "filing", "x", b"")
        with pytest.raises(Overloaded, match=r"^本部门的草稿已满"):
            drafts.begin(HEAD, POLICE, "filing", "x", b"")
        drafts.begin(STRANGER, EDUCATION, "filing", "x", b"")
        drafts.save(CLERK, begun.id, 1, b"2")

    def test_what_nobody_changes_for_half_a_year_makes_room(self, tmp_path, monkeypatch):
        clock = FixedClock()
        engine = open_engine(tmp_path / "office.db")
        upgrade(engine, "office", METADATA.sorted_tables)
        drafts = Drafts(engine, clock)
        monkeypatch.setattr(module, "DEPARTMENT_LIMIT", 2)
        left = drafts.begin(CLERK, POLICE, "filing", "x", b"")
        drafts.hand_over(CLERK, left.id, 1, NOTHING, "意见")
        clock.advance(module.ABANDONED_SECONDS + 1)
        fresh = drafts.begin(CLERK, POLICE, "filing", "y", b"")
        assert [each.id for each in drafts.list(CLERK)] == [fresh.id]
        engine.dispose()

    def test_so_are_their_bytes_when_one_grows(self, drafts, begun, monkeypatch):
        monkeypatch.setattr(module, "DEPARTMENT_LIMIT_BYTES", 20)
        drafts.save(CLERK, begun.id, 1, b"0123456789")
        with pytest.raises(Overloaded):
            drafts.save(CLERK, begun.id, 2, b"01234567890")

    @pytest.mark.parametrize(
        ("kind", "title", "size"), [("poem", "x", 0), ("filing", "x" * 201, 0), ("filing", "x", 9)]
    )
    def test_what_is_no_draft_is_refused(self, drafts, monkeypatch, kind, title, size):
        monkeypatch.setattr(module, "BODY_LIMIT_BYTES", 8)
        with pytest.raises(InvalidInput):
            drafts.begin(CLERK, POLICE, kind, title, bytes(size))

    def test_it_is_handed_to_those_who_may_sign(self, drafts, begun):
        with pytest.raises(InvalidInput, match="有权签署"):
            drafts.hand_over(CLERK, begun.id, 1, Role.AUDITOR | Role.DEPARTMENT_HEAD, "")

    def test_comments_are_counted(self, drafts, begun, monkeypatch):
        monkeypatch.setattr(module, "NOTES_LIMIT", 1)
        drafts.hand_over(CLERK, begun.id, 1, NOTHING, "一")
        with pytest.raises(Overloaded, match="意见"):
            drafts.hand_over(CLERK, begun.id, 2, NOTHING, "二")
