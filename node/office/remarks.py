"""What a machine sees in a version that waits for its review, before anybody reads it.

Whatever breaks a rule is refused when it is filed: a document that stands here is well formed, has
what it must say, is graded by its highest item and assessed, and is the one the chain names. What
is left are things that may be right and are worth a look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..protocol.wire.prepared import Said

PASSED: tuple[Said, ...] = (
    ("与链上摘要一致", "is what the chain names"),
    ("格式和必填项合规", "form and required members"),
    ("分级就高", "graded by its highest item"),
    ("评估齐备", "assessments are there"),
)
"""What holds of every version that can be read: else it could not have been filed."""
_HIGH = frozenset({"重要", "核心"})


def remarks_on(version: Mapping[str, Any]) -> Iterator[Said]:
    """Yield what to look at in a catalogue version's members."""
    items, unconditional = version["items"], version["shareType"] == "无条件共享"
    shared = version["shareType"] != "不予共享"
    personal, grade = version["personalInformation"], version["grade"]
    if personal and shared and not any(item["mask"] for item in items):
        yield "含个人信息，没有一项脱敏", "personal information, and no item is masked"
    if personal and unconditional:
        yield "含个人信息而无条件共享", "personal information shared unconditionally"
    if version["opening"]["open"] and (personal or grade in _HIGH):
        yield "向社会开放，但含个人信息或分级较高", "open, though personal or of a high grade"
    if unconditional and grade in _HIGH:
        yield f"{grade}数据无条件共享", "important or core data shared unconditionally"
    if shared and not any(item["filterable"] for item in items):
        yield "没有可作查询条件的信息项", "no item can be filtered by"
