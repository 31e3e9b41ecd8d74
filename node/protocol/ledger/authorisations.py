"""Share authorisations, replayed from the events of `ShareAuthorisations`.

The state an event reports is derived here anew from what was signed and must be the same: the
contract's word for it is not needed. The rules are the contract's (see registry.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .enums import (
    Answer,
    Mode,
    Role,
    ShareType,
)
from .enums import AuthorisationState as State
from .registry import place, require, require_period
from .report import refuse
from .steps import STEPS, Rule, Side

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..evm.abi import ChainEvent
    from .catalogue import Catalogue, Entry, Version
    from .registry import Registry

ZERO = bytes(32)
LATEST = 2**40
"""No authorisation lasts to this second: the contract keeps 40 bits of it."""


@dataclass(slots=True)
class Authorisation:
    """A share authorisation as it stands at one moment of the replay."""

    consumer: bytes
    provider: bytes
    entry: bytes
    version: int
    share_type: int
    items: int
    purpose: bytes
    application: bytes
    mode: int
    valid_from: int
    valid_until: int
    calls_per_day: int
    rows_per_day: int
    terms: bytes
    subject: bytes
    state: State
    revision: int = 1
    prior: State | None = None
    suspended_by: Side | None = None


@dataclass(slots=True)
class Authorisations:
    """State of `ShareAuthorisations`."""

    registry: Registry
    catalogue: Catalogue
    by_id: MutableMapping[int, Authorisation] = field(default_factory=dict)

    def apply(self, event: ChainEvent) -> None:
        """Apply one event whose signature holds.

        Raises:
            EvidenceInvalid: the contract's rules do not allow it, or lead to another state.
        """
        match event.name:
            case "Applied":
                self._apply_for(event)
            case "Replied":
                self._reply(event)
            case _:
                self._advance(event)

    def _apply_for(self, event: ChainEvent) -> None:
        args = event.args
        self.registry.require_role(event, args["department"], Role.OFFICE_HEAD)
        applications, states, first = args["applications"], args["states"], args["first"]
        follows = first not in self.by_id and (first == 1 or first - 1 in self.by_id)
        require(
            follows and 0 < len(applications) == len(states),
            event,
            "授权编号不连续",
            "authorisations out of sequence",
        )
        for number, wanted in enumerate(applications):
            made = self._make(event, wanted)
            _require_state(event, made, states[number])
            self.by_id[first + number] = made

    def _make(self, event: ChainEvent, wanted: dict[str, Any]) -> Authorisation:
        entry, version = self._applicable(event, wanted)
        made = Authorisation(
            consumer=event.args["department"],
            provider=entry.provider,
            entry=wanted["entry"],
            version=wanted["version"],
            share_type=version.share_type,
            items=wanted["items"],
            purpose=wanted["purpose"],
            application=wanted["application"],
            mode=wanted["mode"],
            valid_from=wanted["validFrom"],
            valid_until=wanted["validUntil"],
            calls_per_day=wanted["callsPerDay"],
            rows_per_day=wanted["rowsPerDay"],
            terms=wanted["terms"],
            subject=wanted["digest"],
            state=State.APPLIED,
        )
        standing = entry.standing
        if (
            standing
            and version.share_type == ShareType.UNCONDITIONAL
            and made.terms == standing.terms
        ):
            made.state = State.AGREED
            made.calls_per_day = min(made.calls_per_day, standing.calls_per_day)
            made.rows_per_day = min(made.rows_per_day, standing.rows_per_day)
        return made

    def _applicable(self, event: ChainEvent, wanted: dict[str, Any]) -> tuple[Entry, Version]:
        entry = self.catalogue.entries.get(wanted["entry"])
        if entry is None or not entry.current or entry.current != wanted["version"]:
            refuse(place(event), "申请的不是现行目录版本", "not the entry's current version")
        version = entry.versions[entry.current]
        require(
            version.share_type != ShareType.NOT_SHARED
            and 0 < wanted["items"] < 1 << version.item_count
            and self.registry.applications.get(wanted["application"]) == event.args["department"],
            event,
            "申请的应用、目录或数据项无效",
            "another department's application, an entry not shared, or items it does not have",
        )
        require(
            wanted["digest"] != ZERO
            and Mode.QUERY <= wanted["mode"] <= Mode.STATISTICS
            and wanted["validUntil"] < LATEST,
            event,
            "申请没有文书,或方式、期限无效",
            "an application without a document, in no mode, or for ever",
        )
        _require_period_and_quota(event, wanted)
        return entry, version

    def _reply(self, event: ChainEvent) -> None:
        args = event.args
        one = self._get(event)
        self.registry.require_role(event, one.provider, Role.OFFICE_HEAD)
        require(
            one.state is State.FORWARDED
            or (one.state is State.APPLIED and not self._is_screened(one)),
            event,
            "此状态下不得答复",
            f"a reply in the state {one.state.name}",
        )
        require(
            args["subject"] == one.subject and args["digest"] != ZERO,
            event,
            "答复的不是最近一份申请文书,或没有文书",
            "the reply answers another document, or has none",
        )
        require(
            _may_answer(one, args["answer"], args["items"]),
            event,
            "答复的结论与数据项不符",
            "an answer that does not go with its items or the share type",
        )
        one.state = State.REFUSED
        if args["answer"] != Answer.REFUSE:
            self._narrow(event, one)
            one.state = State.AGREED
        one.subject = args["digest"]
        _require_state(event, one, args["state"])

    @staticmethod
    def _narrow(event: ChainEvent, one: Authorisation) -> None:
        args = event.args
        _require_period_and_quota(event, args)
        require(
            args["mode"] == one.mode
            and one.valid_from <= args["validFrom"]
            and args["validUntil"] <= one.valid_until
            and args["callsPerDay"] <= one.calls_per_day
            and args["rowsPerDay"] <= one.rows_per_day,
            event,
            "答复超出申请范围",
            "a reply wider than the application",
        )
        one.items, one.terms = args["items"], args["terms"]
        one.valid_from, one.valid_until = args["validFrom"], args["validUntil"]
        one.calls_per_day, one.rows_per_day = args["callsPerDay"], args["rowsPerDay"]

    def _advance(self, event: ChainEvent) -> None:
        args = event.args
        one = self._get(event)
        rule = STEPS.get(args["step"])
        if rule is None or one.state not in rule.origins:
            refuse(place(event), "此状态下不得办理该步骤", f"a step in the state {one.state.name}")
        side = self._side(event, one, rule)
        require(args["revision"] == one.revision, event, "授权修订号不符", "another revision")
        require(
            args["subject"] == (ZERO if rule.protective else one.subject),
            event,
            "办理的不是最近一份文书",
            "the step answers another document",
        )
        if rule.target is State.SUSPENDED:
            one.prior, one.suspended_by = one.state, side
        one.state = rule.target or one.prior or one.state
        if args["digest"] != ZERO:
            one.subject = args["digest"]
        _require_state(event, one, args["state"])

    def _side(self, event: ChainEvent, one: Authorisation, rule: Rule) -> Side:
        """Return the side the signer acts for: the first that its roles cover."""
        require(
            not rule.screening or self._is_screened(one),
            event,
            "主管部门未启用初审",
            "a screening step where there is no screening",
        )
        departments = {
            Side.CONSUMER: one.consumer,
            Side.PROVIDER: one.provider,
            Side.COMPETENT: self.registry.competent_of(one.provider),
        }
        for side, department in departments.items():
            roles = rule.roles_of(side, one.suspended_by)
            if self.registry.signer_has_role(event, department, roles):
                break
        else:
            refuse(place(event), "签名人没有所需的职责", "the signer may not take this step")
        return side

    def _is_screened(self, one: Authorisation) -> bool:
        competent = self.registry.competent_of(one.provider)
        return self.registry.departments[competent].screening

    def _get(self, event: ChainEvent) -> Authorisation:
        one = self.by_id.get(event.args["authorisation"])
        if one is None:
            refuse(place(event), "授权不存在", "an unknown authorisation")
        return one


def _may_answer(one: Authorisation, answer: int, items: int) -> bool:
    if answer == Answer.AGREE:
        return items == one.items
    if one.share_type == ShareType.UNCONDITIONAL:
        return False
    if answer == Answer.PARTLY:
        return 0 != items != one.items and items & ~one.items == 0
    return answer == Answer.REFUSE and items == 0


def _require_period_and_quota(event: ChainEvent, fields: dict[str, Any]) -> None:
    require_period(event, fields)
    require(
        fields["callsPerDay"] > 0 and fields["rowsPerDay"] > 0,
        event,
        "限额为零",
        "a quota of nothing",
    )


def _require_state(event: ChainEvent, one: Authorisation, state: int) -> None:
    require(
        one.state == state,
        event,
        "事件所报授权状态与规则不符",
        f"the rules lead to the state {one.state.name}, the event says {state}",
    )
