"""Authorisations as an official reads them before deciding: a page of many, or one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .console import say, t, table
from .naming import (
    code_of,
    day_of,
    department_name,
    find_body,
    side_name,
    state_name,
    step_name,
    word_of,
)

if TYPE_CHECKING:
    from api.parts import Node
    from ledger_sync.queries import StepFact
    from node.protocol.ledger.facts import AuthorisationFact


def print_page(
    node: Node,
    provider: str | None,
    consumer: str | None,
    state: str | None,
    *,
    after: int,
    limit: int,
) -> None:
    """Print authorisations by number.

    Raises:
        InvalidInput: there is no such department code or state.
    """
    from node.protocol.wire.ids import department_id

    found = node.queries.list_authorisations(
        provider=None if provider is None else department_id(provider),
        consumer=None if consumer is None else department_id(consumer),
        state=None if state is None else _state(state),
        after=after,
        limit=limit,
    )
    table(
        t(
            "编号,状态,目录,版本,提供部门,使用部门,止日",
            "number,state,entry,version,provider,consumer,until",
        ).split(","),
        [
            (
                fact.authorisation,
                state_name(fact.state),
                _entry(node, fact),
                fact.version,
                department_name(node, fact.provider),
                department_name(node, fact.consumer),
                day_of(fact.valid_until, last=True),
            )
            for fact in found
        ],
    )
    if len(found) == limit:
        last = found[-1].authorisation
        say(f"还有更多：--after {last}", f"there may be more: --after {last}")


def print_authorisation(node: Node, number: int) -> None:
    """Print one authorisation: its fields, then every decision on it.

    Raises:
        AuthorisationUnknown: there is none.
    """
    from node.protocol.forms import MODES
    from node.protocol.ledger.enums import AuthorisationState as State

    fact = node.queries.get_authorisation(number)
    steps = node.queries.steps(number)
    applied = find_body(node, steps[0].digest, "application")
    fields = [
        (t("编号", "number"), fact.authorisation),
        (t("状态", "state"), state_name(fact.state)),
        (t("修订", "revision"), fact.revision),
        (t("提供部门", "provider"), _department(node, fact.provider)),
        (t("使用部门", "consumer"), _department(node, fact.consumer)),
        (t("目录", "entry"), f"{_entry(node, fact)} v{fact.version}"),
        (t("信息项", "items"), _items(node, fact)),
        (t("共享方式", "mode"), word_of(MODES, fact.mode)),
        (t("期限", "period"), f"{day_of(fact.valid_from)} — {day_of(fact.valid_until, last=True)}"),
        (t("每日限额", "a day"), t(
            f"{fact.calls_per_day} 次，{fact.rows_per_day} 行",
            f"{fact.calls_per_day} calls, {fact.rows_per_day} rows",
        )),
    ]  # fmt: skip
    if fact.suspended_by and fact.state in {State.SUSPENDED, State.RECTIFIED}:
        fields.append((t("由谁暂停", "suspended by"), side_name(fact.suspended_by)))
    if applied is not None:
        fields += [
            (t("用途", "purpose"), f"{applied.purpose.name}（{applied.purpose.code}）"),
            (t("应用系统", "application"), f"{applied.application.name}"),
            (t("使用场景", "scenario"), applied.scenario),
        ]
    table((t("项目", "field"), t("内容", "value")), fields)
    print()
    table(
        t("区块,决定,其后状态,文件", "block,decision,state after,paper").split(","),
        [
            (each.block, _step(each), state_name(each.after.state), each.digest.hex())
            for each in steps
        ],
    )


def _state(named: str) -> int:
    from node.errors import InvalidInput
    from node.protocol.forms.words import words_of
    from node.protocol.ledger.enums import AuthorisationState

    chinese = {words_of(state)[0]: int(state) for state in AuthorisationState}
    english = {state.name.lower(): int(state) for state in AuthorisationState}
    known = chinese | english
    if named not in known:
        raise InvalidInput(
            t(
                f"没有状态 {named}；有：{'、'.join(chinese)}",
                f"no state {named}; there are {', '.join(english)}",
            )
        )
    return known[named]


def _version(node: Node, fact: AuthorisationFact) -> Any:  # noqa: ANN401 - as `find_body`
    digest = node.queries.get_entry(fact.entry, fact.version).digest
    return find_body(node, digest, "catalogue-version")


def _entry(node: Node, fact: AuthorisationFact) -> str:
    body = _version(node, fact)
    return fact.entry.hex() if body is None else f"{body.code} {body.name}"


def _items(node: Node, fact: AuthorisationFact) -> str:
    body = _version(node, fact)
    if body is None:
        return f"{fact.items:x}"
    granted = [item for index, item in enumerate(body.items) if fact.items >> index & 1]
    return "、".join(f"{item.code} {item.name}" for item in granted)


def _department(node: Node, department: bytes) -> str:
    return f"{department_name(node, department)}（{code_of(department)}）"


def _step(step: StepFact) -> str:
    from node.protocol.forms import ANSWERS

    if step.name == "ApplyFor":
        return t("申请", "apply")
    if step.name == "Reply":
        return t("答复：", "reply: ") + word_of(ANSWERS, step.answer)
    return step_name(step.step)
