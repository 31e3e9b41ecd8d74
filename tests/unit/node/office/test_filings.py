"""Which entries of a filed table are new, from what the ledger holds."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from node.errors import LedgerBehind
from node.office.act import new_paper
from node.office.filings import Newest, differences, keep_item_codes, sort_filing
from node.protocol.ledger.enums import EntryState
from node.protocol.ledger.facts import VersionFact
from node.protocol.wire import ids
from tests.common import papers

DEPARTMENT = ids.department_id(papers.POLICE)


def filed(version=1, **changes):
    return new_paper("catalogue-version", papers.catalogue_version(version=version, **changes))


def sort(paper, latest=None, state=EntryState.PUBLISHED, *, arrived=True):
    """Sort one filed paper where `latest` is the entry's newest version."""
    versions = {}
    if latest is not None:
        entry = ids.entry_id(DEPARTMENT, latest.body.code)
        fact = VersionFact(
            entry=entry,
            version=latest.body.version,
            state=state,
            share_type=2,
            item_count=1,
            digest=latest.digest,
            submitter=bytes(32),
            submitted_block=1,
            reviewed_block=None,
            review_digest=None,
        )
        versions[entry] = fact
    ledger = SimpleNamespace(newest_versions=lambda _department: versions)
    store = SimpleNamespace(
        find=lambda digest: latest.data if arrived and digest == latest.digest else None
    )
    newest = Newest(ledger, papers.POLICE)
    return newest, sort_filing(store, newest, [paper])


def test_an_entry_without_a_version_is_new_and_gets_number_one():
    paper = filed()
    newest, found = sort(paper)
    assert found.new == [paper]
    assert newest.next_number(paper.body.code) == 1


@pytest.mark.parametrize("state", [EntryState.PUBLISHED, EntryState.SUBMITTED, EntryState.FROZEN])
def test_an_entry_that_says_the_same_is_left_alone(state):
    latest = filed(version=3)
    newest, found = sort(filed(version=4), latest, state)
    assert (found.new, len(found.unchanged), found.blocked) == ([], 1, [])
    assert newest.next_number(latest.body.code) == 4


@pytest.mark.parametrize("state", [EntryState.PUBLISHED, EntryState.RETURNED])
def test_an_entry_that_says_something_else_is_changed_and_in_what(state):
    paper = filed(version=2, abstract="另一摘要")
    [change] = sort(paper, filed(), state)[1].changed
    assert (change.paper, change.fields) == (paper, ["摘要"])


def test_a_change_waits_for_the_review_before_it():
    _, found = sort(filed(version=2, abstract="另一摘要"), filed(), EntryState.SUBMITTED)
    assert found.to_file == []
    assert "第 1 版还在审核" in found.blocked[0]


def test_a_returned_version_is_not_filed_again_unmended():
    _, found = sort(filed(version=2), filed(), EntryState.RETURNED)
    assert found.to_file == []
    assert "与被退回的第 1 版相同" in found.blocked[0]


def test_nothing_is_compared_with_a_document_that_is_not_here():
    with pytest.raises(LedgerBehind, match="尚未到达"):
        sort(filed(version=2), filed(), arrived=False)


def test_an_entry_that_was_withdrawn_is_filed_anew():
    paper = filed(version=2)
    _, found = sort(paper, filed(), EntryState.WITHDRAWN)
    assert found.new == [paper]


def test_a_change_waits_for_the_review_of_a_withdrawal():
    _, found = sort(filed(version=2, abstract="另一摘要"), filed(), EntryState.WITHDRAWAL_SUBMITTED)
    assert found.to_file == []
    assert "正在申请撤回" in found.blocked[0]


def items(*named):
    """Items of these names, with the codes that counting gives or the ones named."""
    body = papers.catalogue_version()
    first = body["items"][0]
    return [
        {**first, "name": name, "code": code or f"F{number:03d}"}
        for number, (name, _, code) in enumerate((each.partition("=") for each in named), start=1)
    ]


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        (["甲", "乙"], ["丙", "甲", "乙"], ["F003", "F001", "F002"]),
        (["甲", "乙", "丙"], ["甲", "丙"], ["F001", "F003"]),
        (["甲", "乙"], ["乙", "丁", "戊"], ["F002", "F003", "F004"]),
        (["甲", "甲"], ["甲", "乙", "甲"], ["F001", "F003", "F002"]),
        (["甲=F009"], ["甲", "乙"], ["F009", "F010"]),
    ],
)
def test_counted_items_keep_the_codes_their_names_had(before, now, kept):
    old = filed(items=items(*before), grade=items("甲")[0]["grade"])
    new = filed(version=2, items=items(*now), grade=items("甲")[0]["grade"])
    assert [item.code for item in keep_item_codes(new, old).body.items] == kept


def test_what_differs_is_said_in_chinese_with_the_items_that_came_and_went():
    old = filed(items=items("甲", "乙"), grade=items("甲")[0]["grade"])
    changed = {"items": items("甲", "丙=F007"), "grade": items("甲")[0]["grade"], "name": "另名"}
    assert differences(old, filed(version=2, **changed)) == ["名称", "信息项（增 丙；删 乙）"]
