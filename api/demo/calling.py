"""Calls of 智慧升学: two hundred served, then every refusal the story has, each by its code."""

from __future__ import annotations

import random
import secrets
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from node.client.calls import LedgerClient
from node.client.checks import Asked
from node.client.http import SignedHttp, SignedRequest
from node.client.trust import NodeTrust
from node.errors import LedgerError
from node.protocol import canonical, encoding, signedcall

from .entries import HOUSEHOLD, OTHER_PURPOSE, PLACES, PROPERTY, PURPOSE
from .offices import WAIT_SECONDS, wait_until
from .population import Person, people

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.client.calls import Answer

    from .cast import Player, System
    from .city import City
    from .sharing import Share
    from .stages import Stages

CALLS = 200
CALLERS = 4
HOUSEHOLD_ITEMS = ("XM", "GMSFHM", "XB", "CSRQ", "HJDZ")
PROPERTY_ITEMS = ("QLRZJH", "QLR", "ZL", "MJ")
STALE_SECONDS = 3_600
EFFECT_SECONDS = 1.0
RETRY_SECONDS = 0.1


@dataclass
class Calls:
    """The applications' side of the demo."""

    city: City
    share: Share
    stages: Stages
    rows: int
    seed: int
    answers: list[Answer] = field(default_factory=list)
    _clients: list[LedgerClient] = field(default_factory=list)
    _local: threading.local = field(default_factory=threading.local)

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
        """Close every client."""
        for client in self._clients:
            client.close()

    def await_papers(self) -> None:
        """Wait until the providers' nodes have fetched the papers they judge calls by."""
        cast, someone = self.city.cast, next(people(1, self.seed)).id_number
        begun = time.perf_counter()
        for provider, code in ((cast.police, HOUSEHOLD), (cast.land, PROPERTY)):
            client = self.client(provider)

            def served(client: LedgerClient = client, code: str = code) -> bool:
                try:
                    self._ask(client, code, someone)
                except LedgerError as error:
                    if error.retryable:
                        self.stages.wait(error.message)
                        return False
                    raise
                return True

            wait_until(served, f"{provider.name} lacks a paper")
        self.stages.figure(
            "文件到齐", "papers fetched", f"{(time.perf_counter() - begun) * 1000:.0f} ms"
        )

    def serve_two_hundred(self) -> None:
        """Make the calls from four threads; every answer is opened, every receipt verified."""
        chance = random.Random(self.seed)  # noqa: S311 - which synthetic people, nothing secret
        chosen = chance.sample(list(people(self.rows, self.seed)), CALLS)
        begun = time.perf_counter()
        with ThreadPoolExecutor(CALLERS) as pool:
            timed = list(pool.map(self._look_up, range(CALLS), chosen))
        spent = time.perf_counter() - begun
        self.answers = [answer for answer, _, _ in timed]
        right = sum(found for _, _, found in timed)
        latencies = sorted(seconds * 1000 for _, seconds, _ in timed)
        self.stages.check(
            right == CALLS,
            f"{right}/{CALLS} 次调用：答复已解封，回执已验证，内容与来源一致",
            f"{right}/{CALLS} calls: opened, receipts verified, rows as in the source",
        )
        self.stages.figure("调用", "calls", f"{CALLS / spent:.0f}/s（{CALLERS} 线程）")
        self.stages.figure(
            "延迟 p50 / p99",
            "latency p50 / p99",
            f"{statistics.median(latencies):.1f} / {latencies[int(CALLS * 0.99)]:.1f} ms",
        )
        sizes = [len(canonical.dumps(answer.receipt.render())) for answer in self.answers]
        leaves = [len(answer.receipt.leaf) for answer in self.answers]
        self.stages.figure(
            "回执（其中叶子）",
            "receipt (leaf within)",
            f"{statistics.median(sizes):.0f} ({statistics.median(leaves):.0f}) B",
        )

    def _look_up(self, index: int, person: Person) -> tuple[Answer, float, bool]:
        cast = self.city.cast
        clients = getattr(self._local, "clients", None)
        if clients is None:
            clients = self._local.clients = {
                HOUSEHOLD: self.client(cast.police),
                PROPERTY: self.client(cast.land),
            }
        code = PROPERTY if index % 3 == 0 else HOUSEHOLD
        begun = time.perf_counter()
        answer = self._ask(clients[code], code, person.id_number, matter=f"RX2026{index:06d}")
        spent = time.perf_counter() - begun
        address = "ZL" if code == PROPERTY else "HJDZ"
        return answer, spent, [row[address] for row in answer.rows] == [person.address]

    def _ask(
        self,
        client: LedgerClient,
        code: str,
        id_number: str,
        *,
        matter: str = "RX2026000000",
        purpose: str = PURPOSE[0],
        items: tuple[str, ...] | None = None,
    ) -> Answer:
        household = code == HOUSEHOLD
        return client.query(
            self.share.authorisations[code],
            purpose=purpose,
            items=items or (HOUSEHOLD_ITEMS if household else PROPERTY_ITEMS),
            where={"GMSFHM" if household else "QLRZJH": {"eq": id_number}},
            operator="招生专员 07",
            matter=matter,
        )

    def refusals(self) -> None:
        """Have everything refused that the story refuses."""
        cast = self.city.cast
        someone = next(people(1, self.seed)).id_number
        police, land = self.client(cast.police), self.client(cast.land)
        self.expect(
            "item-not-granted", "未授予的信息项", "an item not granted",
            lambda: self._ask(land, PROPERTY, someone, items=("QLR", "SFDY")),
        )  # fmt: skip
        self.expect(
            "purpose-not-granted", "未授予的用途", "a purpose not granted",
            lambda: self._ask(police, HOUSEHOLD, someone, purpose=OTHER_PURPOSE[0]),
        )  # fmt: skip
        self.expect("quota-calls", "当日次数用尽", "the day's calls used up", self._use_up)
        stranger = self.client(cast.police, cast.other)
        self.expect(
            "authorisation-unknown", "别的应用的密钥", "another application's key",
            lambda: self._ask(stranger, HOUSEHOLD, someone),
        )  # fmt: skip
        self._resend(police)
        self.expect(
            "call-replayed", "同一随机数用于两段文字", "one nonce used for two texts",
            lambda: self._same_nonce_twice(someone),
        )  # fmt: skip
        late = self.client(cast.police, clock=lambda: time.time() - STALE_SECONDS)
        self.expect(
            "clock-skew", "过期的时钟", "a stale clock",
            lambda: self._ask(late, HOUSEHOLD, someone), receipt=False,
        )  # fmt: skip
        self.expect(
            "digest-mismatch", "被改动的请求体", "a changed body",
            lambda: self._changed_body(someone), receipt=False,
        )  # fmt: skip

    def expect(
        self,
        code: str,
        chinese: str,
        english: str,
        call: Callable[[], Answer | None],
        *,
        receipt: bool = True,
    ) -> None:
        """Check that a call is refused with this code, and with or without a verified receipt."""
        try:
            self._patiently(call)
        except LedgerError as error:
            has = error.facts.get("receipt") is not None
            said = f"{error.code}{'，带回执' if has else '，无回执'}"
            self.stages.check(
                error.code == code and has == receipt, f"{chinese} → {said}", f"{english} → {said}"
            )
        else:
            self.stages.check(False, f"{chinese} → 竟被允许", f"{english} → was served")  # noqa: FBT003

    def _patiently(self, call: Callable[[], Answer | None]) -> Answer | None:
        """Call again while the node says that it lacks something for now (503, Retry-After)."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return call()
            except LedgerError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise
                self.stages.wait(error.message)
                time.sleep(RETRY_SECONDS)

    def _use_up(self) -> None:
        client = self.client(self.city.cast.land)
        for _ in range(20):
            client.query(
                self.share.authorisations[PLACES],
                purpose=PURPOSE[0],
                items=("XZQ", "LM", "MPH"),
                where={"XZQ": {"eq": "运河区"}},
                operator="招生专员 07",
                matter="RX2026000001",
                size=10,
            )

    def _resend(self, client: LedgerClient) -> None:
        first = self._ask(client, HOUSEHOLD, next(people(1, self.seed)).id_number)
        again = client.resend(first)
        same = (again.receipt, again.rows, again.remaining_calls) == (
            first.receipt,
            first.rows,
            first.remaining_calls,
        )
        self.stages.check(
            same,
            "原样重发：同一答复、同一回执，不计数",
            "an identical resend: same answer, same receipt, uncounted",
        )

    def _sign(self, id_number: str, nonce: str, created: int, matter: str) -> SignedRequest:
        """Sign a call by hand, with a chosen nonce."""
        cast, number = self.city.cast, self.share.authorisations[HOUSEHOLD]
        body: dict[str, Any] = {
            "purpose": PURPOSE[0],
            "items": list(HOUSEHOLD_ITEMS),
            "where": {"GMSFHM": {"eq": id_number}},
            "page": {"size": 10, "after": None},
            "operator": "招生专员 07",
            "matter": matter,
            "salt": encoding.b64u(secrets.token_bytes(16)),
        }
        data, path = canonical.dumps(body), f"/api/v1/authorisations/{number}/query"
        authority = self.city.authority(cast.police)
        headers = signedcall.build(
            method="POST",
            authority=authority,
            path=path,
            query="",
            content_type="application/json",
            body=data,
            created=created,
            nonce=nonce,
            key_id=cast.admission.signer.public_key.key_id,
            signer=cast.admission.signer,
        )
        with SignedHttp(cast.admission.signer) as http:
            template = http.sign("POST", f"http://{authority}{path}", data, "application/json")
        return replace(template, headers={"Host": authority, **headers})

    def _asked(self, request: SignedRequest, matter: str) -> Asked:
        path = request.url.raw_path.decode("ascii")
        call = signedcall.parse(
            request.method, request.headers["Host"], path, "", request.headers, request.body
        )
        number = self.share.authorisations[HOUSEHOLD]
        return Asked(call, number, HOUSEHOLD_ITEMS, "招生专员 07", matter)

    def _same_nonce_twice(self, id_number: str) -> None:
        client = self.client(self.city.cast.police)
        nonce, created = encoding.b64u(secrets.token_bytes(18)), int(time.time())
        for matter in ("RX2026000002", "RX2026000003"):
            request = self._sign(id_number, nonce, created, matter)
            client.send(request, self._asked(request, matter))

    def _changed_body(self, id_number: str) -> None:
        client = self.client(self.city.cast.police)
        nonce = encoding.b64u(secrets.token_bytes(18))
        request = self._sign(id_number, nonce, int(time.time()), "RX2026000004")
        changed = replace(request, body=request.body.replace(b"RX2026000004", b"RX2026999999"))
        client.send(changed, self._asked(request, "RX2026000004"))

    def suspension(self) -> None:
        """Suspend while calls go on: refused within a second of the block; resume serves again."""
        police = self.city.cast.police
        client, someone = self.client(police), next(people(1, self.seed)).id_number
        refused_at: list[float] = []

        def is_refused() -> bool:
            try:
                self._ask(client, HOUSEHOLD, someone)
            except LedgerError as error:
                if error.code == "authorisation-suspended":
                    refused_at.append(time.perf_counter())
                    return True
                if not error.retryable:
                    raise
            return False

        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(wait_until, is_refused, "the suspension takes no effect")
            mined = self._mined_at()
            self.share.take_step(police, HOUSEHOLD, "暂停", "发现超范围使用线索")
            watching.result()
            mined.stop()
        effect = refused_at[0] - mined.seen[0]
        self.stages.check(
            effect <= EFFECT_SECONDS,
            f"暂停的决定出块后 {max(effect, 0) * 1000:.0f} ms 起拒绝调用（上限 1 s）",
            f"refused {max(effect, 0) * 1000:.0f} ms after the suspension was mined (limit 1 s)",
        )
        self.expect(
            "authorisation-suspended", "暂停期间", "while suspended",
            lambda: self._ask(client, HOUSEHOLD, someone),
        )  # fmt: skip
        self.share.take_step(police, HOUSEHOLD, "恢复", "已核实并整改")
        answer = self._patiently(lambda: self._ask(client, HOUSEHOLD, someone))
        self.stages.check(
            answer is not None and len(answer.rows) == 1,
            "恢复后调用照常",
            "after the resumption calls are served again",
        )

    def _mined_at(self) -> _HeadWatch:
        return _HeadWatch(self.share.offices.node(self.city.cast.police).gateway.head)


class _HeadWatch:
    """Notes when the chain's head first moves: when the decision was mined."""

    def __init__(self, head: Callable[[], int]) -> None:
        self.seen: list[float] = []
        self._head, self._first = head, head()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.005):
            if self._head() > self._first:
                self.seen.append(time.perf_counter())
                return

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
