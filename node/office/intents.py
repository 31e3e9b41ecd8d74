"""What may be decided: every kind of decision, what is asked of who decides, and how it is drafted.

One table for the command line, pages and programs. What is asked is a model: it is the API's
documentation, and judges what comes in. Where one paper says the whole decision, its own members
are asked for, but for those a document is given when it is made; a member that may be absent may be
left out.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import Field, JsonValue, create_model
from pydantic.alias_generators import to_camel

from ..errors import InvalidInput
from ..protocol import forms as documents
from ..protocol.forms.fields import (
    ITEMS_LIMIT,
    Address,
    Count,
    Day,
    DepartmentCode,
    Digest,
    EntryCode,
    ItemCode,
    Name,
    Part,
    Text,
    Url,
)
from ..protocol.forms.parties import Contact  # noqa: TC001 - pydantic reads it
from ..protocol.forms.sharing import OutcomeName, StepName  # noqa: TC001 - pydantic reads them
from ..protocol.wire.prepared import MOST_DOCUMENTS
from . import cataloguing, departments
from .act import Act, completed, of_paper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..chain.deployment import Deployment
    from .drafting import Drafter

GIVEN = frozenset({"type", "v", "salt"})
"""Members a document is given when it is made."""
Body = dict[str, JsonValue]
"""Members of a document; judged as one when it is made."""
Terms = Body | Digest | None
"""New terms, or the digest of a terms document that is there already."""
Authorisation = Annotated[int, Field(ge=1, le=2**53 - 1)]


class UpdateFields(Part):
    """What of a department changes; what is not named stays."""

    department: DepartmentCode
    name: Name | None = None
    url: Url | None = None
    contact: Contact | None = None
    competent: DepartmentCode | None = None
    screening: bool | None = None
    may_enrol: bool | None = None


class StatusFields(Part):
    """A department is suspended, resumed or closed."""

    department: DepartmentCode
    order: Literal["停用", "恢复", "关闭"]
    reason: Text | None = None
    """None: suspended at once, the paper to follow."""


class ListFields(Part):
    """A contract of deployment.json is put in force."""

    name: Name


class LogFields(Part):
    """A department's log is opened."""

    department: DepartmentCode
    relay: Address | None = None
    """The account that anchors it; this node's where none is named."""


class SucceedFields(LogFields):
    """A department's log ends and another begins."""

    reason: Text


class SubmitFields(Part):
    """Versions of one department's entries, filed with one signature."""

    versions: Annotated[tuple[Body, ...], Field(min_length=1, max_length=MOST_DOCUMENTS)]
    """Members of `catalogue-version` documents."""


class WithdrawFields(Part):
    """Entries that are to leave the catalogue, each at its version in force."""

    department: DepartmentCode
    reasons: Annotated[dict[EntryCode, Text], Field(min_length=1, max_length=2000)]
    """By entry code."""


class ReviewWithdrawalFields(Part):
    """A review of what a withdrawal asks for: agreed to, but for what is refused."""

    withdrawal: Digest
    refused: Annotated[dict[EntryCode, Text], Field(max_length=2000)] = Field(default_factory=dict)
    """Reasons by entry code."""
    competent: DepartmentCode
    reviewer: Name
    opinion: Text


class StandingFields(Part):
    """Whoever applies for an unconditional entry is agreed to in advance, or no longer is."""

    department: DepartmentCode
    code: EntryCode
    standing: bool
    calls_per_day: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    rows_per_day: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    terms: Terms = None


class ApplyFields(Part):
    """Applications of one department, with one signature."""

    applications: Annotated[tuple[Body, ...], Field(min_length=1, max_length=500)]
    """Members of `application` documents; `entry` needs department and code only."""
    terms: Terms = None


class _Narrowed(Part):
    """Limits that are not as they were applied for or granted; None: as they were."""

    valid_from: Day | None = None
    valid_until: Day | None = None
    calls_per_day: Count | None = None
    rows_per_day: Count | None = None
    terms: Terms = None

    def given(self) -> dict[str, Any]:
        names = ("valid_from", "valid_until", "calls_per_day", "rows_per_day")
        return {to_camel(name): getattr(self, name) for name in names}


class ReplyFields(_Narrowed):
    """A provider's answer to an application."""

    authorisation: Authorisation
    answer: Literal["同意", "部分同意", "不同意"]
    refusals: Annotated[tuple[Body, ...], Field(max_length=ITEMS_LIMIT)] = ()
    """Items that are not granted: item, reason, ground."""
    opinion: Text
    handler: Contact


class StepFields(Part):
    """A step of an authorisation."""

    authorisation: Authorisation
    step: StepName
    reason: Text | None = None
    """None: a protective step at once, without a paper."""
    points: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    measures: Text | None = None
    due: Day | None = None
    effective: Day | None = None
    outcome: OutcomeName | None = None


class ChangeFields(_Narrowed):
    """Other terms for an authorisation, proposed, or accepted as they were proposed."""

    authorisation: Authorisation
    step: Literal["提出变更", "同意变更"]
    items: Annotated[tuple[ItemCode, ...] | None, Field(max_length=ITEMS_LIMIT)] = None
    reason: Text
    handler: Contact


@dataclass(frozen=True, slots=True)
class Workshop:
    """What drafting needs besides what is asked."""

    drafter: Drafter
    deployment: Deployment
    relay: Callable[[], bytes]
    """This node's account, 20 bytes."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One kind of decision."""

    fields: Callable[[], tuple[type[Part], ...]]
    """Models of what is asked; of several the first whose members are all there counts."""
    draft: Callable[[Workshop, Any], tuple[Act, bytes]]
    """From what was asked to (act, what it is meant against: `office.repeats`)."""
    whole: bool = False
    """What is asked are a document's members, which judges them itself."""


def draft(workshop: Workshop, kind: str, fields: Mapping[str, Any]) -> tuple[Act, bytes]:
    """Draft a decision from what is said of it; return it with what it is meant against.

    Raises:
        InvalidInput: there is no such decision.
        MalformedDocument: what is said breaks a rule; `facts["problems"]` lists every one.
        NotFound, LedgerBehind: what it is about is not there, or not here yet.
    """
    intent = INTENTS.get(kind)
    if intent is None:
        raise InvalidInput(
            f"没有这种决定：{kind!r}；可以是 {'、'.join(INTENTS)} / there is no such decision"
        )
    if intent.whole:
        return intent.draft(workshop, dict(fields))
    (model,) = intent.fields()
    said = documents.read_part(model, _bytes_of(dict(fields)), kind)
    return intent.draft(workshop, said)


def _bytes_of(fields: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError as error:
        raise InvalidInput(f"fields 不能写成 JSON / cannot be JSON: {error}") from error


@cache
def members_of(kind: str) -> type[Part]:
    """Return a model of what a document of `kind` says, without what it is given when made."""
    paper = documents.KINDS[kind]
    fields: dict[str, Any] = {}
    for name, field in paper.model_fields.items():
        if name in GIVEN:
            continue
        asked = copy.copy(field)
        if type(None) in getattr(asked.annotation, "__args__", ()):
            asked.default = None
        fields[name] = (asked.annotation, asked)
    made: type[Part] = create_model(
        "".join(map(str.title, kind.split("-"))) + "Fields", __base__=Part, **fields
    )
    made.__doc__ = paper.__doc__
    return made


def _paper(decision: str, *kinds: str) -> Intent:
    """Return the intent of a decision that one paper says, of the first kind that fits."""

    def models() -> tuple[type[Part], ...]:
        return tuple(members_of(kind) for kind in kinds)

    def build(_workshop: Workshop, fields: Mapping[str, Any]) -> tuple[Act, bytes]:
        kind = next((each for each in kinds if set(fields) <= _names(each)), kinds[0])
        return of_paper(decision, kind, completed(documents.KINDS[kind], dict(fields))), b""

    return Intent(models, build, whole=True)


@cache
def _names(kind: str) -> frozenset[str]:
    return frozenset(to_camel(name) for name in documents.KINDS[kind].model_fields) - GIVEN


def _asked(model: type[Part], build: Callable[[Workshop, Any], Act | tuple[Act, bytes]]) -> Intent:
    def made(workshop: Workshop, said: Any) -> tuple[Act, bytes]:  # noqa: ANN401 - of `model`
        built = build(workshop, said)
        return (built, b"") if isinstance(built, Act) else built

    return Intent(lambda: (model,), made)


def _terms(said: Terms) -> dict[str, Any] | bytes | None:
    if isinstance(said, dict):
        listed = {"filterOnly": [], "rowScope": {}, "masks": {}, **said}
        return completed(documents.TermsPaper, listed)
    return None if said is None else bytes.fromhex(said)


def _json(part: Part, *names: str) -> dict[str, Any]:
    """Return members of what was asked under their JSON names; all if none is named."""
    said = part.model_dump(by_alias=True, mode="json")
    return {name: said[name] for name in names or said}


def _update(at: Workshop, said: UpdateFields) -> Act:
    changes = _json(said)
    return at.drafter.update_department(changes.pop("department"), changes)


def _status(_at: Workshop, said: StatusFields) -> Act:
    if said.reason is not None:
        return departments.set_department_status(_json(said))
    if said.order != "停用":
        raise InvalidInput("恢复、关闭应写明理由 / resuming and closing need a reason")
    return departments.suspend_department(said.department)


def _list(at: Workshop, said: ListFields) -> Act:
    contract = at.deployment.contracts.get(said.name)
    if contract is None:
        raise InvalidInput(
            f"deployment.json 里没有合约 {said.name} / no contract of the deployment"
        )
    return departments.list_contract(said.name, contract.address, contract.code_hash)


def _log(at: Workshop, said: LogFields) -> Act:
    relay = at.relay() if said.relay is None else bytes.fromhex(said.relay)
    return departments.register_log(said.department, relay)


def _succeed(at: Workshop, said: SucceedFields) -> Act:
    relay = at.relay().hex() if said.relay is None else said.relay
    return departments.supersede_log({**_json(said), "relay": relay})


def _standing(_at: Workshop, said: StandingFields) -> Act:
    return cataloguing.set_standing_reply(
        said.department,
        said.code,
        standing=said.standing,
        calls_per_day=said.calls_per_day,
        rows_per_day=said.rows_per_day,
        terms=_terms(said.terms),
    )


def _review_withdrawal(at: Workshop, said: ReviewWithdrawalFields) -> Act:
    digest = bytes.fromhex(said.withdrawal)
    by_whom = _json(said, "competent", "reviewer", "opinion")
    return at.drafter.review_withdrawal(digest, said.refused, by_whom)


def _reply(at: Workshop, said: ReplyFields) -> Act:
    return at.drafter.reply(
        said.authorisation,
        said.answer,
        said.refusals,
        narrowed=said.given(),
        said=_json(said, "opinion", "handler"),
        terms=_terms(said.terms),
    )


def _step(at: Workshop, said: StepFields) -> tuple[Act, bytes]:
    if said.reason is not None:
        members = _json(said)
        del members["authorisation"], members["step"]
        return at.drafter.step(said.authorisation, said.step, members)
    return at.drafter.protect(said.authorisation, said.step)


def _change(at: Workshop, said: ChangeFields) -> Act:
    by_whom = _json(said, "reason", "handler")
    changes = {**said.given(), "items": None if said.items is None else list(said.items)}
    terms = _terms(said.terms)
    if said.step == documents.CHANGES[0]:
        return at.drafter.propose_change(said.authorisation, changes, by_whom, terms)
    if terms is not None or any(each is not None for each in changes.values()):
        raise InvalidInput(
            "同意变更即同意所提出的内容，不另写信息项、期限、限额 / what was proposed is accepted"
            " word for word"
        )
    return at.drafter.accept_change(said.authorisation, by_whom)


INTENTS: dict[str, Intent] = {
    "EnrolDepartment": _paper("EnrolDepartment", "department"),
    "UpdateDepartment": _asked(UpdateFields, _update),
    "SetDepartmentStatus": _asked(StatusFields, _status),
    "RecoverKey": _paper("RecoverKey", "recovery"),
    "AddKey": _paper("AddKey", "officer-key", "key"),
    "RevokeKey": _paper("RevokeKey", "revocation"),
    "GrantRoles": _paper("GrantRoles", "roles"),
    "RegisterApplication": _paper("RegisterApplication", "application-object"),
    "ListContract": _asked(ListFields, _list),
    "SubmitVersions": _asked(
        SubmitFields, lambda _at, said: cataloguing.submit_versions(said.versions)
    ),
    "ReviewVersions": _paper("ReviewVersions", "review"),
    "SetStandingReply": _asked(StandingFields, _standing),
    "SubmitWithdrawal": _asked(
        WithdrawFields,
        lambda at, said: at.drafter.submit_withdrawal(said.department, said.reasons),
    ),
    "ReviewWithdrawal": _asked(ReviewWithdrawalFields, _review_withdrawal),
    "FreezeEntry": _paper("FreezeEntry", "freeze-order"),
    "UnfreezeEntry": _paper("UnfreezeEntry", "unfreeze-order"),
    "ApplyFor": _asked(
        ApplyFields,
        lambda at, said: at.drafter.apply_for(said.applications, _terms(said.terms)),
    ),
    "Reply": _asked(ReplyFields, _reply),
    "Step": _asked(StepFields, _step),
    "Change": _asked(ChangeFields, _change),
    "RegisterLog": _asked(LogFields, _log),
    "SupersedeLog": _asked(SucceedFields, _succeed),
}
"""Every decision there is, by the name of its struct."""
