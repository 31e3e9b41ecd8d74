"""The play: a city is started, its story told stage by stage, and at the end nothing is left."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING

import httpx

from api.city.processes import Ending
from api.cli.console import say, t
from node.errors import LedgerError
from node.protocol.forms.words import decision_words
from node.protocol.ledger.enums import AuthorisationState, EntryState
from node.protocol.wire import ids

from .calling import Calls
from .city import DemoCity
from .claims import DemoFolder, remove_abandoned
from .entries import (
    HOUSEHOLD,
    PLACES,
    PROPERTY,
    RESIDENCE,
)
from .granting import (
    GRANTED,
    REFUSED,
    RETURNED,
    Share,
)
from .intruding import Intruder
from .leaving import Legacy
from .population import build_sources, count_rows
from .proving import Proof
from .refusing import Refusals
from .stages import Stages, milliseconds

if TYPE_CHECKING:
    from api.parts import Node

PUBLISHED = {
    HOUSEHOLD: [EntryState.PUBLISHED, EntryState.PUBLISHED],
    RESIDENCE: [EntryState.RETURNED, EntryState.PUBLISHED],
    PROPERTY: [EntryState.PUBLISHED],
    PLACES: [EntryState.PUBLISHED],
}
"""What every node is to know of the catalogue in the end: the state of each entry's versions."""


class Play:
    """One demo: its folder, its servers, and its way through the story."""

    def __init__(
        self, *, rows: int, seed: int, keep_up: bool, keep: bool, on_server: bool = False
    ) -> None:
        """Take what the user chose; nothing is begun. `on_server`: as `DemoCity`."""
        self._rows, self._seed = rows, seed
        self._keep_up, self._keep, self._on_server = keep_up, keep, on_server
        self._stages = Stages()
        self._home = DemoFolder()
        self._city: DemoCity | None = None
        self._legacy: Legacy | None = None
        """What is left, once it is there."""
        self._code: int | None = None
        """What the story has come to; None while it is not through."""

    def run(self) -> int:
        """Play everything; return the exit code. Whatever happens, nothing stays behind."""
        ending = Ending()
        try:
            with ending.possible():
                self._play()
        except KeyboardInterrupt:
            say("\n正在停止……", "\nstopping ...")
            # A city that was up has done all it had to: Ctrl-C is how its user ends it.
            return ending.exit_code if self._code is None else self._code
        except LedgerError as error:
            print(f"✗ [{error.code}] {error}", flush=True)
            return 1
        finally:
            self._clear()
        return self._code or 0

    def _play(self) -> None:
        for path in remove_abandoned():
            say(f"已删除被强行终止的演示留下的 {path}", f"removed {path}, left by a killed demo")
        self._home.make()
        with self._stages.stage(
            "合成数据、链、合约、三个节点", "data, chain, contracts, three nodes"
        ):
            city = self._start()
        story = Story(self._stages, city, self._rows, self._seed)
        story.tell()
        if self._keep:
            with self._stages.stage("留给开发单位", "what is left for a contractor"):
                self._legacy = story.leave()
        self._code = self._stages.close()
        if self._keep_up:
            if self._legacy is not None:
                self._legacy.tell(up=True)
            _stay(city)

    def _clear(self) -> None:
        """Stop every server, then remove the folder, or leave it. No signal interrupts this."""
        if self._city is not None:
            self._city.stop()
            self._city.claims.close()
        if self._legacy is None:
            self._home.remove()
        else:
            self._home.leave()
            self._legacy.tell(up=False)

    def _start(self) -> DemoCity:
        stages = self._stages
        sources = build_sources(self._home.path, rows=self._rows, seed=self._seed)
        counts = count_rows(sources)
        stages.check(
            counts == [self._rows] * 4,
            f"SQL 库中的合成数据：{'、'.join(f'{count:,}' for count in counts)} 行"
            f"（种子 {self._seed}）",
            f"synthetic rows in SQL: {', '.join(f'{count:,}' for count in counts)}"
            f" (seed {self._seed})",
        )
        # Kept before anything of it is started: `_clear` stops whatever runs by then.
        self._city = city = DemoCity(self._home, stages, sources, on_server=self._on_server)
        city.write_files()
        city.start_chain()
        address = city.plan.chain.address
        stages.tell(f"链：{address}", f"chain: {address}")
        city.deploy_contracts()
        stages.tell("合约已部署", "contracts deployed")
        city.start_nodes()
        if city.database is not None:
            stages.tell(
                f"各节点的表：PostgreSQL，每个节点一个数据库，{city.database.folder}",
                f"the nodes' tables: PostgreSQL, a database each, {city.database.folder}",
            )
        for host in city.cast.hosts:
            served = "、".join(
                each.name + ("" if each.host is None else t("（托管）", " (hosted)"))
                for each in city.plan.served_by(city.plan.node_of(host.code))
            )
            stages.tell(f"节点 {city.url(host)}：{served}", f"node {city.url(host)}: {served}")
        return city


class Story:
    """From the first enrolment to a city that was stopped and came back."""

    def __init__(self, stages: Stages, city: DemoCity, rows: int, seed: int) -> None:
        """Tell it of a city whose servers have just been started."""
        self._stages, self._city = stages, city
        self._share = Share(city)
        self._calls = Calls(self._share, rows, seed)

    def tell(self) -> None:
        stage, calls = self._stages.stage, self._calls
        try:
            with stage("入账：部门、密钥、角色、应用、日志", "enrolment"):
                self._enrol()
            with stage("编目：Excel 填报、审核、退回与第二版", "the catalogue"):
                self._publish()
            with stage("申请与答复", "applications and replies"):
                self._grant()
            with stage("200 次调用，每次都验证", "200 calls, each one verified"):
                calls.await_papers()
                calls.serve_two_hundred()
            with stage("各种拒绝", "refusals"):
                refusals = Refusals(calls)
                refusals.play()
                proof = Proof(calls, refusals.suspend())
            with stage("外人的图谋", "what an outsider tries"):
                Intruder(calls).play()
            with stage("锚定、溯源、导出", "anchor, trace, export"):
                proof.anchor()
                proof.trace()
                proof.export()
            self._figures()
        finally:
            calls.close()
        with stage("全部停机，离线验证，查篡改", "stopped, verified offline, tampering found"):
            self._city.stop()
            self._stages.tell("链和三个节点都已停止", "the chain and the three nodes have stopped")
            proof.verify_offline()
            proof.tamper()
        with stage("从磁盘重新启动", "started again from its disks"):
            try:
                proof.restart()
                self._open()
            finally:
                calls.close()

    def _open(self) -> None:
        """Look whether the page of the people is there, as it will be while the city is up."""
        shown = httpx.get(self._city.front).text
        names = [each.plan.head.name for each in self._city.cast.players]
        self._stages.check(
            all(name in shown for name in names),
            f"网页已就绪，可以任何人的身份登录：{self._city.front}",
            f"the pages are there, to sign in as anybody: {self._city.front}",
        )

    def leave(self) -> Legacy:
        """Write what is left with `--keep`, and try it."""
        legacy = Legacy(self._calls)
        legacy.write()
        return legacy

    def _enrol(self) -> None:
        self._city.found()
        players, taken = len(self._city.cast.players), len(self._city.taken)
        seen = self._city.at_every_node(
            lambda node: (len(node.queries.departments()), len(node.queries.logs()))
        )
        self._stages.check(
            seen == [(players, players)] * len(seen),
            f"{players} 个部门各有使用日志，共 {taken} 个 SM2 签名的决定，三个节点所见相同",
            f"{players} departments and logs by {taken} SM2-signed decisions, "
            "the same on all three nodes",
        )

    def _publish(self) -> None:
        workbooks = self._share.publish_catalogue()
        states = self._city.at_every_node(self._states)
        self._stages.check(
            states == [PUBLISHED] * len(states),
            f"{workbooks} 份 Excel 各一次签名；4 个目录已发布，"
            "其中 1 个退回修改后发布，1 个已有第二版",
            f"{workbooks} workbooks, one signature each; 4 entries published, 1 of them after it "
            "was returned and mended, 1 in its second version",
        )
        self._stages.tell(f"退回理由：{RETURNED}", f"returned because: {RETURNED}")

    def _states(self, node: Node) -> dict[str, list[int]]:
        states = {}
        for code in PUBLISHED:
            owner = ids.department_id(self._share.provider(code).code)
            versions = node.queries.versions(ids.entry_id(owner, code))
            states[code] = [version.state for version in versions]
        return states

    def _grant(self) -> None:
        share, stages = self._share, self._stages
        share.set_standing_reply()
        states = share.apply()
        stages.check(
            states
            == [AuthorisationState.APPLIED, AuthorisationState.APPLIED, AuthorisationState.AGREED],
            "两件有条件的已受理，一件无条件的凭长期答复当即同意",
            "two conditional ones filed; the unconditional one agreed at once by standing reply",
        )
        share.reply()
        queries = self._city.node(self._city.cast.education.code).queries
        found = {
            code: queries.get_authorisation(number) for code, number in share.authorisations.items()
        }
        stages.check(
            all(fact.state == AuthorisationState.AGREED for fact in found.values())
            and found[HOUSEHOLD].items.bit_count() == len(GRANTED[HOUSEHOLD])
            and found[PROPERTY].items.bit_count() == len(GRANTED[PROPERTY]),
            "户籍信息全部同意；不动产登记信息部分同意",
            "the household entry agreed fully, the property one partly",
        )
        for item, reason in REFUSED.items():
            stages.tell(f"不同意的信息项 {item}：{reason}", f"item {item} refused: {reason}")

    def _figures(self) -> None:
        seconds = [taken.seconds for taken in self._city.taken]
        costs: dict[tuple[str, str], list[int]] = defaultdict(list)
        for act, decided, _ in self._city.taken:
            chinese, english = decision_words(act.kind, act.message)
            if len(act.documents) > 1:  # one signature over several papers
                chinese += f"（{len(act.documents)} 份文书）"
                english += f" ({len(act.documents)} papers)"
            costs[chinese, english].append(decided.gas_used)
        self._stages.keep(
            "决定，从签名到出块（中位数）",
            "decision, signed to mined, median",
            milliseconds(statistics.median(seconds))
            + t(f"（{len(seconds)} 个）", f" ({len(seconds)})"),
        )
        anchoring = (("锚定日志", "anchor"), self._anchor_gas())
        for (chinese, english), gas in [*sorted(costs.items()), anchoring]:
            shown = f"{min(gas):,}" if min(gas) == max(gas) else f"{min(gas):,}-{max(gas):,}"
            counted = t(f"（{len(gas)} 次）", f" ({len(gas)})")
            self._stages.keep(f"gas：{chinese}", f"gas: {english}", shown + counted)

    def _anchor_gas(self) -> list[int]:
        node = self._city.node(self._city.cast.data.code)
        anchors = [
            each for log in node.queries.logs() for each in node.queries.list_anchors(log.log)
        ]
        receipts = [node.gateway.receipt(anchor.tx) for anchor in anchors]
        return [receipt.gas_used for receipt in receipts if receipt]


def _stay(city: DemoCity) -> None:
    """Keep the city up until a signal ends it, or a server ends by itself.

    Raises:
        Unavailable: a server has ended.
    """
    say("\n从这里开始：您想以谁的身份看看？", "\nbegin here: who would you like to be?")
    print(f"  {city.front}")
    say("\n城市继续运行，按 Ctrl-C 结束：", "\nthe city stays up, Ctrl-C ends it:")
    print(f"  {t('链', 'chain')}  {city.plan.chain.address}")
    for host in city.cast.hosts:
        url = city.url(host)
        print(f"  {host.name}  {url}/  {url}/openapi.json", flush=True)
    city.stay()
