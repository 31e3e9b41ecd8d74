"""Documents about one share authorisation: application, reply, step, change, terms.

条例 art. 20-22, 25, 27 (law.md section 6, rows 36, 40, 42, 48, 55). All restricted: the parties,
their competent departments and auditors.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from ..ledger.enums import (
    Answer,
    AuthorisationState,
    Mode,
    Step,
)
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
    Period,
    Problem,
    Text,
    nested,
    repeated,
)
from .parties import Contact
from .versions import ModeName

MODES = {
    "服务接口": Mode.QUERY,
    "批量交换": Mode.BATCH,
    "文件下载": Mode.FILE,
    "统计分析": Mode.STATISTICS,
}
ANSWERS = {"同意": Answer.AGREE, "部分同意": Answer.PARTLY, "不同意": Answer.REFUSE}
STEPS = {
    "审核通过": Step.PASS,
    "审核退回": Step.RETURN,
    "要求补正": Step.REQUEST_SUPPLEMENT,
    "补正": Step.SUPPLEMENT,
    "申请延期": Step.REQUEST_EXTENSION,
    "准予延期": Step.GRANT_EXTENSION,
    "不予延期": Step.REJECT_EXTENSION,
    "撤回": Step.WITHDRAW,
    "交付": Step.DELIVER,
    "确认": Step.CONFIRM,
    "提出变更": Step.PROPOSE_CHANGE,
    "同意变更": Step.ACCEPT_CHANGE,
    "不同意变更": Step.REJECT_CHANGE,
    "暂停": Step.SUSPEND,
    "整改": Step.RECTIFY,
    "恢复": Step.RESUME,
    "因违规终止": Step.TERMINATE_FOR_CAUSE,
    "终止服务": Step.END_SERVICE,
    "停止使用": Step.FINISH,
    "报告处置": Step.REPORT_DISPOSAL,
    "确认处置": Step.ACCEPT_DISPOSAL,
    "处置异议": Step.DISPUTE_DISPOSAL,
    "争议裁定": Step.RULE_DISPUTE,
    "接管暂停": Step.TAKE_OVER,
}
CHANGES = ("提出变更", "同意变更")
"""Steps whose paper is a `change`: they carry the terms proposed."""
PROTECTIVE = frozenset({"暂停", "因违规终止", "接管暂停"})
"""Steps that answer no document: they must not wait for one (design.md section 4.2)."""
PROTECTIVE_STEPS = frozenset(int(STEPS[word]) for word in PROTECTIVE)
OUTCOMES = {
    "转提供部门": AuthorisationState.FORWARDED,
    "同意": AuthorisationState.AGREED,
    "不同意": AuthorisationState.REFUSED,
    "已交付": AuthorisationState.DELIVERED,
    "使用中": AuthorisationState.ACTIVE,
    "暂停": AuthorisationState.SUSPENDED,
    "终止": AuthorisationState.TERMINATED,
}
"""What a dispute is ruled to: the state the authorisation has from then on."""
OPERATORS = frozenset({"eq", "in", "ge", "le", "prefix"})
IN_LIMIT = 100

StepName = Literal[
    "审核通过", "审核退回", "要求补正", "补正", "申请延期", "准予延期", "不予延期", "撤回",
    "交付", "确认", "不同意变更", "暂停", "整改", "恢复", "因违规终止", "终止服务", "停止使用",
    "报告处置", "确认处置", "处置异议", "争议裁定", "接管暂停",
]  # fmt: skip
"""The words of STEPS, but for CHANGES."""
OutcomeName = Literal["转提供部门", "同意", "不同意", "已交付", "使用中", "暂停", "终止"]
"""The words of OUTCOMES."""
Items = Annotated[tuple[ItemCode, ...], Field(max_length=ITEMS_LIMIT)]


class EntryRef(Part):
    """A version of an entry, as its provider names it."""

    department: DepartmentCode
    code: EntryCode
    version: Count
    name: Name


class LegalReference(Part):
    """使用依据: what entitles the consumer to ask."""

    title: Name
    article: Name | None
    text: Text | None


class Granted(Period):
    """What is asked for or granted: items on so many days, so much of them a day, on what terms."""

    items: Annotated[tuple[ItemCode, ...], Field(min_length=1, max_length=ITEMS_LIMIT)]
    calls_per_day: Count
    rows_per_day: Count
    terms: Digest | None

    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        yield from repeated(self.items, ("items",), "信息项重复")


class ApplicationPaper(Paper, Granted):
    """`application`: what a consumer asks for and why (条例 art. 20)."""

    type: Literal["application"]
    department: DepartmentCode
    """The consumer."""
    entry: EntryRef
    purpose: Named
    application: Named
    """The application system that will call."""
    mode: ModeName
    """共享方式."""
    basis: Annotated[tuple[LegalReference, ...], Field(min_length=1, max_length=20)]
    """使用依据."""
    scenario: Text
    """使用场景."""
    scope: Text
    """使用范围."""
    security: Text
    """Measures that protect the data at the consumer's."""
    handler: Contact


class Ground(Part):
    """What a refusal rests on (条例 art. 14, 15, 20, 21)."""

    kind: Literal["共享条件", "法律", "行政法规", "国务院决定", "必要性", "合法性", "真实性"]
    citation: Text
    """The condition as the catalogue words it, the law's title, or what is lacking."""
    article: Name | None

    def problems(self) -> Iterator[Problem]:
        legal = self.kind in {"法律", "行政法规", "国务院决定"}
        if legal != (self.article is not None):
            yield Problem(("article",), "引用法律、行政法规、国务院决定应写明条款", self.article)


class Refusal(Part):
    """One item that is not granted, and why."""

    item: ItemCode
    reason: Text
    ground: Ground


class Grant(Granted):
    """What a reply grants."""

    mode: ModeName


class Parties(Part):
    """Between whom an authorisation stands."""

    provider: DepartmentCode
    consumer: DepartmentCode


class ReplyPaper(Paper):
    """`reply`: a provider's answer (条例 art. 20, 21)."""

    type: Literal["reply"]
    authorisation: Annotated[int, Field(ge=1)]
    parties: Parties
    subject: Digest
    """The application that is answered."""
    answer: Literal["同意", "部分同意", "不同意"]
    grant: Grant | None
    refusals: Annotated[tuple[Refusal, ...], Field(max_length=ITEMS_LIMIT)]
    opinion: Text
    handler: Contact

    def problems(self) -> Iterator[Problem]:
        if (self.answer == "不同意") != (self.grant is None):
            yield Problem(("grant",), "同意或部分同意（且仅此时）写明所授内容", self.answer)
        if (self.answer == "同意") == bool(self.refusals):
            yield Problem(("refusals",), "部分同意、不同意应逐项说明理由；同意则不写", self.answer)
        refused = tuple(refusal.item for refusal in self.refusals)
        yield from repeated(refused, ("refusals",), "信息项重复")
        for index, refusal in enumerate(self.refusals):
            yield from nested(refusal.ground, "refusals", index, "ground")
        if self.grant is not None:
            yield from nested(self.grant, "grant")
            for item in sorted(set(refused).intersection(self.grant.items)):
                yield Problem(("refusals",), "同一信息项既授予又拒绝", item)


class StepPaper(Paper):
    """`step`: why an authorisation is passed, suspended, resumed, ended."""

    type: Literal["step"]
    authorisation: Annotated[int, Field(ge=1)]
    parties: Parties
    step: StepName
    revision: Count
    subject: Digest | None
    """The document that is answered; none for a protective step."""
    reason: Text
    points: Annotated[tuple[Text, ...], Field(max_length=50)]
    """What has to be supplemented, all at once (条例 art. 21)."""
    measures: Text | None
    due: Day | None
    """Until when it is to be put right (条例 art. 27)."""
    effective: Day | None
    """The last day of the service, where it is ended."""
    outcome: OutcomeName | None
    """What a dispute is ruled to."""

    def problems(self) -> Iterator[Problem]:
        if (self.step in PROTECTIVE) != (self.subject is None):
            yield Problem(
                ("subject",),
                "暂停、接管暂停、因违规终止不针对文件；其余步骤应写明所针对的文件",
                self.subject,
            )
        if (self.step == "要求补正") != bool(self.points):
            yield Problem(("points",), "要求补正（且仅此时）逐项写明应补正的内容", self.step)
        if (self.step == "终止服务") != (self.effective is not None):
            yield Problem(("effective",), "终止服务（且仅此时）写明最后服务之日", self.step)
        if (self.step == "争议裁定") != (self.outcome is not None):
            yield Problem(("outcome",), "争议裁定（且仅此时）写明裁定的结果", self.step)


class ChangePaper(Paper, Granted):
    """`change`: other terms for an authorisation, proposed or accepted; both sides sign the same.

    As for a grant, what is not named is not granted any longer.
    """

    type: Literal["change"]
    authorisation: Annotated[int, Field(ge=1)]
    parties: Parties
    step: Literal["提出变更", "同意变更"]
    revision: Count
    """The revision that is to be changed."""
    subject: Digest
    """The latest document on the authorisation."""
    reason: Text
    handler: Contact


class Disposal(Part):
    """What becomes of the data when the purpose is reached (条例 art. 27)."""

    method: Literal["销毁", "退回", "归档"]
    days: Annotated[int, Field(ge=0, le=3660)]
    note: Text | None


class TermsPaper(Paper):
    """`terms`: what the provider enforces beyond the chain's own fields."""

    type: Literal["terms"]
    provider: DepartmentCode
    consumer: DepartmentCode | None
    """None: for whoever the standing reply grants the entry to."""
    row_scope: dict[ItemCode, dict[str, JsonValue]]
    """A filter every call gets besides its own: which rows are granted."""
    filter_only: Items
    """Items that may be filtered on without being granted."""
    masks: dict[ItemCode, MaskRule]
    disposal: Disposal

    def problems(self) -> Iterator[Problem]:
        yield from repeated(self.filter_only, ("filterOnly",), "信息项重复")
        for item, clause in self.row_scope.items():
            if not clause:
                yield Problem(("rowScope", item), "没有条件", clause)
            for operator, operand in clause.items():
                reason = _operand_problem(operator, operand)
                if reason is not None:
                    yield Problem(("rowScope", item, operator), reason, operand)


def _operand_problem(operator: str, operand: JsonValue) -> str | None:
    if operator not in OPERATORS:
        return "只能用 eq、in、ge、le、prefix"
    if operator == "in":
        if not isinstance(operand, list) or not 1 <= len(operand) <= IN_LIMIT:
            return f"应列出 1 到 {IN_LIMIT} 个值"
        return None if all(_is_scalar(value) for value in operand) else "值应为文字、整数或是非"
    if operator == "prefix" and not isinstance(operand, str):
        return "前缀应为文字"
    return None if _is_scalar(operand) else "值应为文字、整数或是非"


def _is_scalar(value: JsonValue) -> bool:
    return isinstance(value, str | int | bool)
