"""Documents about the catalogue: a version of an entry, its review, withdrawal and freezing.

Core metadata of 发改高技〔2017〕1272号 and the nine items of 条例 art. 13; the rules are those of
条例 art. 13-15, DB practice for format and mode, and GB/T 43697 for grades (law.md section 6, rows
18, 20, 21, 22). All public.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ..ledger.enums import ShareType
from .fields import (
    ITEMS_LIMIT,
    Count,
    Day,
    DepartmentCode,
    Digest,
    EntryCode,
    ItemCode,
    MaskRule,
    Name,
    Named,
    Paper,
    Part,
    Problem,
    Text,
    nested,
    repeated,
)

SHARE_TYPES = {
    "无条件共享": ShareType.UNCONDITIONAL,
    "有条件共享": ShareType.CONDITIONAL,
    "不予共享": ShareType.NOT_SHARED,
}
GRADES = ("一般1级", "一般2级", "一般3级", "一般4级", "重要", "核心")
"""From the lowest to the highest."""
FILES = frozenset({"文件下载"})
TABLES = frozenset({"服务接口", "批量交换", "文件下载", "统计分析"})
MODES_OF_FORMAT = {
    "电子文件": FILES,
    "图形图像": FILES,
    "流媒体": FILES,
    "电子表格": TABLES,
    "自描述格式": TABLES,
    "数据库": frozenset({"服务接口", "批量交换", "统计分析"}),
    "服务接口": frozenset({"服务接口", "统计分析"}),
}
"""What a file cannot do, no mode may promise."""

ShareTypeName = Literal["无条件共享", "有条件共享", "不予共享"]
Grade = Literal["一般1级", "一般2级", "一般3级", "一般4级", "重要", "核心"]
UpdateCycle = Literal["实时", "每日", "每周", "每月", "每季度", "每半年", "每年", "其他"]
ModeName = Literal["服务接口", "批量交换", "文件下载", "统计分析"]
BasisKind = Literal["法律", "行政法规", "国务院决定"]
"""条例 art. 14 knows no other ground for not sharing."""


class Item(Part):
    """One 信息项."""

    code: ItemCode
    name: Name
    type: Literal[
        "字符型C",
        "数值型N",
        "货币型Y",
        "日期型D",
        "日期时间型T",
        "逻辑型L",
        "备注型M",
        "通用型G",
        "双精度型B",
        "整型I",
        "浮点型F",
    ]
    length: Count | None
    scale: Annotated[int, Field(ge=0, le=38)] | None
    share_type: ShareTypeName
    grade: Grade
    mask: MaskRule | None
    nullable: bool
    filterable: bool


class Conditions(Part):
    """On what conditions data is shared (条例 art. 15): a refusal can rely on these only."""

    scopes: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50)]
    """共享范围."""
    purposes: Annotated[tuple[Named, ...], Field(min_length=1, max_length=100)]
    """使用用途."""
    others: Annotated[tuple[Text, ...], Field(max_length=50)]

    def cited(self) -> frozenset[str]:
        """Return every text a refusal may cite."""
        return frozenset((*self.scopes, *(purpose.name for purpose in self.purposes), *self.others))


class LegalBasis(Part):
    """The law that forbids sharing."""

    kind: BasisKind
    title: Name
    article: Name


class NotShared(Part):
    """Why an entry is not shared at all (条例 art. 14, 15)."""

    reason: Text
    basis: LegalBasis


class Opening(Part):
    """开放属性."""

    open: bool
    condition: Text | None


class Assessment(Part):
    """An assessment made before cataloguing (条例 art. 13; 个人信息保护法 art. 55)."""

    kind: Literal["保密审查", "个人信息保护影响评估", "数据安全评估"]
    conclusion: Text
    date: Day
    attachment: Name | None
    """Name of the attachment that holds it."""


class CatalogueVersionPaper(Paper):
    """`catalogue-version`: one version of one entry."""

    type: Literal["catalogue-version"]
    department: DepartmentCode
    """The department that files the entry and signs for it."""
    code: EntryCode
    version: Count
    name: Name
    classification: Annotated[tuple[Name, ...], Field(min_length=1, max_length=4)]
    """类、项、目、细目."""
    provider: Name
    provider_code: Name
    abstract: Text
    format: Literal[
        "电子文件", "电子表格", "数据库", "图形图像", "流媒体", "自描述格式", "服务接口"
    ]
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=ITEMS_LIMIT)]
    share_type: ShareTypeName
    conditions: Conditions | None
    not_shared: NotShared | None
    modes: Annotated[tuple[ModeName, ...], Field(max_length=4)]
    opening: Opening
    update_cycle: UpdateCycle
    update_note: Text | None
    grade: Grade
    source_system: Name
    duty: Text
    """The statutory duty the data comes from (三定)."""
    secret: Literal[False]
    """State or work secrets cannot be catalogued (条例 art. 3)."""
    personal_information: bool
    assessments: Annotated[tuple[Assessment, ...], Field(max_length=20)]
    related_codes: Annotated[tuple[EntryCode, ...], Field(max_length=100)]

    def problems(self) -> Iterator[Problem]:
        yield from repeated(tuple(item.code for item in self.items), ("items",), "信息项代码重复")
        yield from self._sharing_problems()
        yield from self._mode_problems()
        yield from self._grade_problems()
        yield from self._assessment_problems()
        if (self.update_cycle == "其他") != (self.update_note is not None):
            yield Problem(
                ("updateNote",), "更新周期为其他的要写明周期，不是其他的不写", self.update_note
            )
        if self.code in self.related_codes:
            yield Problem(("relatedCodes",), "关联资源不得为本资源自身", self.code)

    def _sharing_problems(self) -> Iterator[Problem]:
        conditional = self.share_type == "有条件共享"
        refused = self.share_type == "不予共享"
        if conditional and self.conditions is None:
            yield Problem(
                ("conditions",), "有条件共享应列明共享范围和使用用途（条例第十五条）", None
            )
        if not conditional and self.conditions is not None:
            yield Problem(("conditions",), f"{self.share_type}不得设置共享条件", self.share_type)
        if refused and self.not_shared is None:
            yield Problem(("notShared",), "不予共享应列明理由和法律依据（条例第十五条）", None)
        if not refused and self.not_shared is not None:
            yield Problem(("notShared",), f"{self.share_type}不写不予共享的理由", self.share_type)
        for index, item in enumerate(self.items):
            if SHARE_TYPES[item.share_type] > SHARE_TYPES[self.share_type]:
                yield Problem(
                    ("items", index, "shareType"),
                    f"信息项不得严于目录的{self.share_type}",
                    item.share_type,
                )
        if self.conditions is not None:
            codes = tuple(purpose.code for purpose in self.conditions.purposes)
            yield from repeated(codes, ("conditions", "purposes"), "使用用途代码重复")

    def _mode_problems(self) -> Iterator[Problem]:
        if not self.modes and self.share_type != "不予共享":
            yield Problem(("modes",), "应写明共享方式", None)
        yield from repeated(self.modes, ("modes",), "共享方式重复")
        for index, mode in enumerate(self.modes):
            if mode not in MODES_OF_FORMAT[self.format]:
                possible = "、".join(sorted(MODES_OF_FORMAT[self.format]))
                yield Problem(
                    ("modes", index), f"{self.format}不能以此方式共享，只能以{possible}", mode
                )
            elif self.share_type == "不予共享" and mode != "统计分析":
                yield Problem(("modes", index), "不予共享的数据只能统计分析", mode)

    def _grade_problems(self) -> Iterator[Problem]:
        highest = max((item.grade for item in self.items), key=GRADES.index)
        if self.grade != highest:
            yield Problem(("grade",), f"分级就高从严，应为最高信息项的{highest}", self.grade)

    def _assessment_problems(self) -> Iterator[Problem]:
        kinds = {assessment.kind for assessment in self.assessments}
        if "保密审查" not in kinds:
            yield Problem(("assessments",), "编目前应作保密审查（条例第十三条）", None)
        if self.personal_information and "个人信息保护影响评估" not in kinds:
            yield Problem(("assessments",), "含个人信息，应作个人信息保护影响评估", None)
        names = {attachment.name for attachment in self.attachments}
        for index, assessment in enumerate(self.assessments):
            if assessment.attachment is not None and assessment.attachment not in names:
                yield Problem(
                    ("assessments", index, "attachment"), "没有这个附件", assessment.attachment
                )


class _Verdict(Part):
    """What a review says of one version or one withdrawal."""

    department: DepartmentCode
    code: EntryCode
    version: Count
    reason: Text | None
    """Why it is not agreed to."""
    subject: Digest
    """The document that was read: the version's, or the withdrawal."""


class Verdict(_Verdict):
    """What a review says of one version."""

    publish: bool

    def problems(self) -> Iterator[Problem]:
        if not self.publish and self.reason is None:
            yield Problem(("reason",), "退回应说明理由", None)


class WithdrawalVerdict(_Verdict):
    """What a review says of one withdrawal."""

    accept: bool

    def problems(self) -> Iterator[Problem]:
        if not self.accept and self.reason is None:
            yield Problem(("reason",), "不同意撤回应说明理由", None)


class _Review(Paper):
    """A reviewer's decision on a batch."""

    competent: DepartmentCode
    reviewer: Name
    opinion: Text
    reviews: tuple[_Verdict, ...]

    def problems(self) -> Iterator[Problem]:
        for index, verdict in enumerate(self.reviews):
            yield from nested(verdict, "reviews", index)
        entries = tuple(f"{verdict.department} {verdict.code}" for verdict in self.reviews)
        yield from repeated(entries, ("reviews",), "同一目录审核了两次")


class ReviewPaper(_Review):
    """`review`: a reviewer's decision on a batch of versions."""

    type: Literal["review"]
    reviews: Annotated[tuple[Verdict, ...], Field(min_length=1, max_length=2000)]


class Withdrawn(Part):
    """One entry that is to leave the catalogue."""

    code: EntryCode
    version: Count
    """The version in force."""
    reason: Text


class WithdrawalPaper(Paper):
    """`withdrawal`: a provider asks to withdraw entries."""

    type: Literal["withdrawal"]
    department: DepartmentCode
    withdrawals: Annotated[tuple[Withdrawn, ...], Field(min_length=1, max_length=2000)]

    def problems(self) -> Iterator[Problem]:
        codes = tuple(each.code for each in self.withdrawals)
        yield from repeated(codes, ("withdrawals",), "同一目录列了两次")


class WithdrawalReviewPaper(_Review):
    """`withdrawal-review`: a reviewer's decision on withdrawals."""

    type: Literal["withdrawal-review"]
    reviews: Annotated[tuple[WithdrawalVerdict, ...], Field(min_length=1, max_length=2000)]


class _Order(Paper):
    """An order about an entry."""

    competent: DepartmentCode
    """Who orders."""
    department: DepartmentCode
    """Whose entry it is."""
    code: EntryCode
    reason: Text


class FreezeOrderPaper(_Order):
    """`freeze-order`: no call for the entry is served until the order is lifted."""

    type: Literal["freeze-order"]


class UnfreezeOrderPaper(_Order):
    """`unfreeze-order`: the entry is served again."""

    type: Literal["unfreeze-order"]
