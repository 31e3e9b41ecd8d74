"""A town with something to look at: entries of every kind, one in two versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.common import founding, papers
from tests.common.nodes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.common.moulds import Moulds
    from tests.common.nodes import NodeTown

PLAIN = {
    "personalInformation": False,
    "assessments": [
        {"kind": "保密审查", "conclusion": "不涉密", "date": "2026-01-10", "attachment": None}
    ],
}
OPENLY = {"shareType": "无条件共享", "conditions": None, "grade": "一般1级", **PLAIN}
LONG = (
    "沧州市市场主体（含个体工商户、农民专业合作社及其分支机构）登记注册、变更、注销与经营异常名录"
    "全量基础信息共享目录（京津冀协同专题）"
)
"""A name as long as real ones are."""


def _item(code: str, name: str, **changes: Any) -> dict[str, Any]:
    return papers.item(code, name=name, shareType="无条件共享", grade="一般1级", **changes)


ENTRIES: tuple[dict[str, Any], ...] = (
    {
        **OPENLY,
        "code": "30300101/06002",
        "name": "驾驶证核发信息",
        "abstract": "全市机动车驾驶证的核发、换证、注销情况，每周汇总一次。",
        "classification": ["主题信息资源", "交通"],
        "items": [_item("ZJH", "证件号"), _item("HFRQ", "核发日期")],
        "updateCycle": "每周",
    },
    {
        **OPENLY,
        "code": "30300101/06003",
        "name": LONG,
        "abstract": "由市局汇聚各县区登记机关的市场主体登记信息，供各部门核验主体资格。" * 4,
        "classification": ["主题信息资源", "市场监管", "主体登记"],
        "items": [_item(f"XX{number:02}", f"第{number}项登记内容") for number in range(1, 25)],
        "opening": {"open": True, "condition": "注明来源"},
        "updateCycle": "每日",
    },
    {
        **PLAIN,
        "code": "30300101/06004",
        "name": "重点人员管控信息",
        "abstract": "<script>alert(1)</script> 依法不予共享，仅提供统计。",
        "shareType": "不予共享",
        "conditions": None,
        "notShared": {
            "reason": "涉及办案秘密",
            "basis": {"kind": "法律", "title": "中华人民共和国刑事诉讼法", "article": "第五十四条"},
        },
        "modes": ["统计分析"],
        "items": [papers.item("RYBH", name="人员编号", shareType="不予共享", grade="重要")],
        "grade": "重要",
        "updateCycle": "其他",
        "updateNote": "按案件办理情况",
    },
)
CHANGED = {
    "abstract": "全市机动车驾驶证的核发、换证、注销情况，每日更新。",
    "updateCycle": "每日",
    "items": [_item("ZJH", "证件号", length=20), _item("ZJCX", "准驾车型")],
}
"""What the first entry's second version says otherwise."""


def furnish(town: NodeTown) -> None:
    """Publish the entries; wait until all are found."""
    head = town.keys.heads[papers.POLICE]
    again = {**ENTRIES[0], "version": 2, **CHANGED}
    for each in (ENTRIES, (again,)):
        bodies = [papers.catalogue_version(**changes) for changes in each]
        submitted, review = founding.publication(*bodies)
        town.decide(submitted, head)
        town.decide(review, town.keys.reviewer)
    until(lambda: town.node.search.search("准驾车型"))


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory, moulds: Moulds) -> Iterator[NodeTown]:
    """One town for all pages of a file, which show it and change nothing others look at."""
    with moulds.served(tmp_path_factory.mktemp("node")) as town:
        furnish(town)
        yield town
