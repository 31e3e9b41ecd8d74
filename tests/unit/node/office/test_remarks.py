"""What a machine sees in a version before a reviewer reads it."""

from __future__ import annotations

import pytest

from node.office.remarks import remarks_on
from tests.common import papers

MASKED = papers.item("XM", mask="first6-last4", filterable=True)


def seen(**members) -> list[str]:
    base = {"items": [MASKED], "personalInformation": True, "grade": "一般3级"}
    return [chinese for chinese, _ in remarks_on(papers.catalogue_version(**{**base, **members}))]


def test_a_version_without_anything_odd_passes():
    assert seen() == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"items": [{**MASKED, "mask": None}]}, "含个人信息，没有一项脱敏"),
        ({"items": [{**MASKED, "filterable": False}]}, "没有可作查询条件的信息项"),
        ({"shareType": "无条件共享"}, "含个人信息而无条件共享"),
        ({"opening": {"open": True, "condition": None}}, "向社会开放，但含个人信息或分级较高"),
        (
            {"shareType": "无条件共享", "personalInformation": False, "grade": "核心"},
            "核心数据无条件共享",
        ),
    ],
)
def test_what_may_be_right_and_is_worth_a_look_is_named(members, said):
    assert seen(**members) == [said]


def test_what_is_not_shared_needs_neither_mask_nor_filter():
    items = [{**MASKED, "mask": None, "filterable": False}]
    assert seen(shareType="不予共享", items=items) == []
