"""What a mask leaves, shown on a value of the sort its column holds."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from api.console.desk.terms_pages import DAY, _masked, ends_of, sample_of


def item(name, kind="字符型C", length=None):
    return SimpleNamespace(name=name, type=kind, length=length)


@pytest.mark.parametrize(
    ("one", "kept"),
    [
        (item("姓名"), "王**"),
        (item("联系电话"), "138****0000"),
        (item("公民身份号码", length=18), "130902********1234"),
        (item("户籍地址"), "沧州市*****12 号"),
        (item("面积", "数值型N"), "某***"),
        (item("登记日期", "日期型D"), "1*********"),
    ],
)
def test_an_example_is_of_the_items_sort(one, kept):
    first, last = ends_of(one)
    assert _masked(f"keep:{first},{last}", one) == kept


def test_an_example_is_no_longer_than_the_item():
    assert len(sample_of(item("证照编号", length=4))) == 4


def test_a_year_is_shown_of_days_alone():
    assert _masked("year", item("出生日期")) == DAY[:4]
    assert _masked("year", item("姓名")) == ""
    assert _masked("full", item("姓名")) == "***"
