"""Words for people: every member has its own, and decisions say which one they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from node.protocol import forms as documents
from node.protocol.evm.decision import DECISIONS
from node.protocol.forms import words
from node.protocol.ledger import enums
from node.protocol.ledger.enums import (
    Answer,
    AuthorisationState,
    Role,
    ShareType,
    Step,
)

if TYPE_CHECKING:
    from enum import IntEnum, IntFlag

SPOKEN = (
    enums.Role,
    enums.KeyKind,
    enums.DepartmentStatus,
    enums.ShareType,
    enums.Mode,
    enums.EntryState,
    enums.AuthorisationState,
    enums.Answer,
)


@pytest.mark.parametrize("kind", SPOKEN)
def test_every_member_has_chinese_words_no_other_member_has(kind: type[IntEnum | IntFlag]):
    spoken = [words.words_of(member)[0] for member in kind]
    assert len(set(spoken)) == len(spoken)
    assert all(not text.isascii() for text in spoken)


def test_members_of_equal_number_keep_their_own_words():
    assert words.words_of(Answer.AGREE)[0] == "同意"
    assert words.words_of(ShareType.UNCONDITIONAL)[0] == "无条件共享"
    assert words.words_of(AuthorisationState.APPLIED) == ("已申请", "applied")


def test_roles_are_listed_one_by_one():
    both = Role.OFFICE_HEAD | Role.DUTY_OFFICER
    assert words.words_of(both) == ("工作机构负责人、值班员", "office head, duty officer")
    assert words.words_of(Role(0)) == ("无", "none")


@pytest.mark.parametrize("name", sorted(DECISIONS))
def test_every_decision_has_words(name: str):
    message = {"answer": Answer.PARTLY, "step": Step.SUSPEND, "status": 2}
    chinese, english = words.decision_words(name, message)
    assert not chinese.isascii()
    assert english.replace(" ", "").lower().startswith(name.lower())
    assert english.count(" ") or name in {"Reply", "Step", "Change"}


@pytest.mark.parametrize("step", sorted(documents.STEPS.values()))
def test_steps_are_called_what_their_documents_call_them(step: Step):
    assert documents.STEPS[words.words_of(step)[0]] is step


def test_a_reply_a_step_and_an_order_say_which():
    ordered = words.decision_words("SetDepartmentStatus", {"status": 2})
    assert ordered == ("部门状态：已停用", "Set department status (suspended)")
    assert words.decision_words("Reply", {"answer": 2}) == ("答复：部分同意", "Reply (partly)")
    assert words.decision_words("Step", {"step": 14}) == ("暂停", "Step (suspend)")
