"""The story, stage by stage: from the first enrolment to a city that was stopped and came back."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from api.cli.console import t
from node.protocol.ledger.enums import AuthorisationState, EntryState
from node.protocol.wire import ids

from . import founding
from .calling import Calls
from .entries import (
    HOUSEHOLD,
    PLACES,
    PROPERTY,
    RESIDENCE,
)
from .intruding import Intruder
from .offices import Offices
from .proving import Proof
from .refusing import Refusals
from .sharing import Share
from .stages import milliseconds

if TYPE_CHECKING:
    from .city import City
    from .stages import Stages

PUBLISHED = {
    HOUSEHOLD: [EntryState.PUBLISHED, EntryState.PUBLISHED],
    RESIDENCE: [EntryState.RETURNED, EntryState.PUBLISHED],
    PROPERTY: [EntryState.PUBLISHED],
    PLACES: [EntryState.PUBLISHED],
}
"""What every node is to know of the catalogue in the end: the state of each entry's versions."""


def tell(stages: Stages, city: City, rows: int, seed: int) -> None:
    """Play the story of a city whose servers have just been started."""
    offices = Offices(city)
    share = Share(city, offices)
    calls = Calls(city, share, stages, rows, seed)
    try:
        with stages.stage("入账：部门、密钥、角色、应用、日志", "enrolment"):
            _enrol(stages, city, offices)
        with stages.stage("编目：Excel 填报、审核、退回与第二版", "the catalogue"):
            _publish(stages, city, offices, share)
        with stages.stage("申请与答复", "applications and replies"):
            _grant(stages, city, offices, share)
        with stages.stage("200 次调用，每次都验证", "200 calls, each one verified"):
            calls.await_papers()
            calls.serve_two_hundred()
        with stages.stage("各种拒绝", "refusals"):
            refusals = Refusals(calls)
            refusals.play()
            resumed = refusals.suspend()
        with stages.stage("外人的图谋", "what an outsider tries"):
            Intruder(calls).play()
        proof = Proof(city, offices, calls, stages, resumed)
        with stages.stage("锚定、溯源、导出", "anchor, trace, export"):
            proof.anchor()
            proof.trace()
            proof.export()
        _figures(stages, city, offices)
    finally:
        calls.close()
        offices.close()
    with stages.stage("全部停机，离线验证，查篡改", "stopped, verified offline, tampering found"):
        city.stop()
        stages.tell("链和三个节点都已停止", "the chain and the three nodes have stopped")
        proof.verify_offline()
        proof.tamper()
    with stages.stage("从磁盘重新启动", "started again from its disks"):
        try:
            proof.restart()
        finally:
            calls.close()


def _enrol(stages: Stages, city: City, offices: Offices) -> None:
    founding.enrol_everybody(city, offices)
    founding.list_contracts(city, offices)
    founding.appoint(city, offices)
    founding.register_systems(city, offices)
    founding.open_logs(city, offices)
    players = city.cast.players
    known = [len(offices.node(host).queries.departments()) for host in city.cast.hosts]
    logs = [len(offices.node(host).queries.logs()) for host in city.cast.hosts]
    stages.check(
        known == logs == [len(players)] * len(city.cast.hosts),
        f"{len(players)} 个部门各有使用日志，共 {len(offices.seconds)} 个 SM2 签名的决定，"
        "三个节点所见相同",
        f"{len(players)} departments and logs by {len(offices.seconds)} SM2-signed decisions, "
        "the same on all three nodes",
    )


def _publish(stages: Stages, city: City, offices: Offices, share: Share) -> None:
    filed = share.publish_catalogue()
    owners = {HOUSEHOLD: city.cast.police, RESIDENCE: city.cast.police}
    states = [
        {
            code: [
                version.state
                for version in offices.node(host).queries.versions(
                    ids.entry_id(ids.department_id(owners.get(code, city.cast.land).code), code)
                )
            ]
            for code in PUBLISHED
        }
        for host in city.cast.hosts
    ]
    stages.check(
        states == [PUBLISHED] * len(states),
        f"{filed.workbooks} 份 Excel 各一次签名；4 个目录已发布，"
        "其中 1 个退回修改后发布，1 个已有第二版",
        f"{filed.workbooks} workbooks, one signature each; 4 entries published, 1 of them after it "
        "was returned and mended, 1 in its second version",
    )
    stages.tell(f"退回理由：{filed.reason}", f"returned because: {filed.reason}")


def _grant(stages: Stages, city: City, offices: Offices, share: Share) -> None:
    share.set_standing_reply()
    states = share.apply()
    stages.check(
        states
        == [AuthorisationState.APPLIED, AuthorisationState.APPLIED, AuthorisationState.AGREED],
        "两件有条件的已受理，一件无条件的凭长期答复当即同意",
        "two conditional ones filed; the unconditional one agreed at once by standing reply",
    )
    refused = share.reply()
    queries = offices.node(city.cast.education).queries
    found = {
        code: queries.get_authorisation(number) for code, number in share.authorisations.items()
    }
    stages.check(
        all(fact.state == AuthorisationState.AGREED for fact in found.values())
        and found[HOUSEHOLD].items.bit_count() == len(share.applied_items[HOUSEHOLD])
        and found[PROPERTY].items.bit_count() == len(share.applied_items[PROPERTY]) - len(refused),
        "户籍信息全部同意；不动产登记信息部分同意",
        "the household entry agreed fully, the property one partly",
    )
    for item, reason in refused.items():
        stages.tell(f"不同意的信息项 {item}：{reason}", f"item {item} refused: {reason}")


def _figures(stages: Stages, city: City, offices: Offices) -> None:
    stages.keep(
        "决定，从签名到出块（中位数）",
        "decision, signed to mined, median",
        milliseconds(statistics.median(offices.seconds))
        + t(f"（{len(offices.seconds)} 个）", f" ({len(offices.seconds)})"),
    )
    for (chinese, english), gas in [*sorted(offices.gas.items()), _anchor_gas(city, offices)]:
        shown = f"{min(gas):,}" if min(gas) == max(gas) else f"{min(gas):,}-{max(gas):,}"
        stages.keep(
            f"gas：{chinese}",
            f"gas: {english}",
            shown + t(f"（{len(gas)} 次）", f" ({len(gas)})"),
        )


def _anchor_gas(city: City, offices: Offices) -> tuple[tuple[str, str], list[int]]:
    node = offices.node(city.cast.data)
    anchors = [
        anchor for log in node.queries.logs() for anchor in node.queries.list_anchors(log.log)
    ]
    receipts = [node.gateway.receipt(anchor.tx) for anchor in anchors]
    return ("锚定日志", "anchor"), [receipt.gas_used for receipt in receipts if receipt]
