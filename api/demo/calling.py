"""Calls of 智慧升学: two hundred served, every answer opened, every receipt verified."""

from __future__ import annotations

import random
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.cli.console import t
from node.client.calls import LedgerClient
from node.client.http import SignedHttp
from node.client.trust import NodeTrust
from node.protocol.wire import canonical

from .entries import HOUSEHOLD, PROPERTY, PURPOSE
from .granting import GRANTED, Share
from .population import Person, people
from .stages import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.client.calls import Answer

    from .cast import Player, System

CALLS = 200
CALLERS = 4
OPERATOR = "招生专员 07"


@dataclass
class Calls:
    """The applications' side of the demo."""

    share: Share
    rows: int
    seed: int
    _clients: list[LedgerClient] = field(default_factory=list)
    _local: threading.local = field(default_factory=threading.local)

    def __post_init__(self) -> None:
        self.city, self.stages = self.share.city, self.share.city.stages
        self.someone = next(people(1, self.seed)).id_number

    def client(
        self, provider: Player, system: System | None = None, clock: Callable[[], float] = time.time
    ) -> LedgerClient:
        """Open a client of a provider's node that trusts 市教育局's own node."""
        caller = system or self.city.cast.admission
        trust = NodeTrust(SignedHttp(caller.signer), self.city.url(self.city.cast.education))
        client = LedgerClient(
            self.city.url(provider), caller.signer, caller.unwrapper, trust, clock=clock
        )
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def await_papers(self) -> None:
        """Wait until the providers' nodes have fetched the papers they judge calls by."""
        begun = time.perf_counter()
        for code in (HOUSEHOLD, PROPERTY):
            self.ask_patiently(self.client(self.share.provider(code)), code)
        self.stages.figure("文件到齐", "papers fetched", milliseconds(time.perf_counter() - begun))

    def serve_two_hundred(self) -> None:
        """Make the calls from four threads; every answer is opened, every receipt verified."""
        chance = random.Random(self.seed)  # noqa: S311 - which synthetic people, nothing secret
        chosen = chance.sample(list(people(self.rows, self.seed)), CALLS)
        begun = time.perf_counter()
        with ThreadPoolExecutor(CALLERS) as pool:
            timed = list(pool.map(self._look_up, range(CALLS), chosen))
        spent = time.perf_counter() - begun
        answers = [answer for answer, _, _ in timed]
        right = sum(found for _, _, found in timed)
        latencies = sorted(seconds for _, seconds, _ in timed)
        self.stages.check(
            right == len({answer.event for answer in answers}) == CALLS,
            f"{right}/{CALLS} 次调用：答复已解封，回执已验证，内容与来源一致",
            f"{right}/{CALLS} calls: opened, receipts verified, rows as in the source",
        )
        self.stages.figure(
            "调用速率",
            "calls",
            t(
                f"每秒 {CALLS / spent:.0f} 次（{CALLERS} 个线程）",
                f"{CALLS / spent:.0f}/s ({CALLERS} threads)",
            ),
        )
        self.stages.figure(
            "调用延迟（中位数 / 第 99 百分位）",
            "latency p50 / p99",
            milliseconds(statistics.median(latencies), latencies[int(CALLS * 0.99)]),
        )
        receipt = statistics.median(
            len(canonical.dumps(answer.receipt.render())) for answer in answers
        )
        leaf = statistics.median(len(answer.receipt.leaf) for answer in answers)
        self.stages.figure(
            "每次调用的回执（其中日志条目）",
            "receipt (leaf within)",
            t(f"{receipt:.0f}（{leaf:.0f}）字节", f"{receipt:.0f} ({leaf:.0f}) bytes"),
        )

    def _look_up(self, index: int, person: Person) -> tuple[Answer, float, bool]:
        clients = getattr(self._local, "clients", None)
        if clients is None:
            clients = self._local.clients = {
                code: self.client(self.share.provider(code)) for code in (HOUSEHOLD, PROPERTY)
            }
        code = PROPERTY if index % 3 == 0 else HOUSEHOLD
        begun = time.perf_counter()
        answer = self.ask(clients[code], code, person.id_number, matter=f"RX2026{index:06d}")
        spent = time.perf_counter() - begun
        address = "ZL" if code == PROPERTY else "HJDZ"
        return answer, spent, [row[address] for row in answer.rows] == [person.address]

    def ask(
        self,
        client: LedgerClient,
        code: str,
        id_number: str,
        *,
        matter: str = "RX2026000000",
        purpose: str = PURPOSE[0],
        items: tuple[str, ...] | None = None,
    ) -> Answer:
        """Ask for one person's row of an entry; raises as `LedgerClient.query`."""
        return client.query(
            self.share.authorisations[code],
            purpose=purpose,
            items=items or GRANTED[code],
            where={"GMSFHM" if code == HOUSEHOLD else "QLRZJH": {"eq": id_number}},
            operator=OPERATOR,
            matter=matter,
        )

    def ask_patiently(self, client: LedgerClient, code: str) -> Answer:
        """Ask for somebody's row, again while the node cannot judge the call yet."""
        return self.city.patiently(lambda: self.ask(client, code, self.someone))
