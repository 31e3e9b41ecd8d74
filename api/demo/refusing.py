"""Refusals: everything the story has refused, each by its code, with or without a receipt."""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from api.city.builder import wait_until
from api.cli.console import t
from node.client.checks import Asked
from node.client.http import SignedRequest
from node.errors import LedgerError
from node.protocol.wire import canonical, encoding, signedcall

from .calling import OPERATOR, Calls
from .entries import (
    HOUSEHOLD,
    OTHER_PURPOSE,
    PLACES,
    PROPERTY,
    PURPOSE,
)
from .granting import GRANTED, TIGHT_CALLS_PER_DAY
from .stages import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.client.calls import Answer, LedgerClient

STALE_SECONDS = 3_600
EFFECT_SECONDS = 1.0


@dataclass
class Refusals:
    """The calls of the demo that must not be served."""

    calls: Calls

    def __post_init__(self) -> None:
        self.city, self.share, self.stages = self.calls.city, self.calls.share, self.calls.stages
        self.someone = self.calls.someone

    def play(self) -> None:
        """Have everything refused that the story refuses."""
        cast, someone, client = self.city.cast, self.someone, self.calls.client
        police, land = client(cast.police), client(cast.land)
        self.expect(
            "item-not-granted", "未授予的信息项", "an item not granted",
            lambda: self.calls.ask(land, PROPERTY, someone, items=("QLR", "SFDY")),
        )  # fmt: skip
        self.expect(
            "purpose-not-granted", "未授予的用途", "a purpose not granted",
            lambda: self.calls.ask(police, HOUSEHOLD, someone, purpose=OTHER_PURPOSE[0]),
        )  # fmt: skip
        self._use_up()
        stranger = self.calls.client(cast.police, cast.other)
        self.expect(
            "authorisation-unknown", "别的应用的密钥", "another application's key",
            lambda: self.calls.ask(stranger, HOUSEHOLD, someone),
        )  # fmt: skip
        self._resend(police)
        self.expect(
            "call-replayed", "同一随机数用于两段文字", "one nonce used for two texts",
            self._same_nonce_twice,
        )  # fmt: skip
        late = self.calls.client(cast.police, clock=lambda: time.time() - STALE_SECONDS)
        self.expect(
            "clock-skew", "过期的时钟", "a stale clock",
            lambda: self.calls.ask(late, HOUSEHOLD, someone), receipt=False,
        )  # fmt: skip
        self.expect(
            "digest-mismatch", "被改动的请求体", "a changed body",
            self._changed_body, receipt=False,
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
            self.city.patiently(call)
        except LedgerError as error:
            has = error.facts.get("receipt") is not None
            self.stages.check(
                error.code == code and has == receipt,
                f"{chinese} → {error.code}{'，带回执' if has else '，无回执'}",
                f"{english} → {error.code}{', with a receipt' if has else ', no receipt'}",
            )
        else:
            self.stages.check(False, f"{chinese} → 竟被允许", f"{english} → was served")  # noqa: FBT003

    def _use_up(self) -> None:
        """Use up a day's calls: so many are served as were granted, and not one more."""
        client = self.calls.client(self.city.cast.land)

        def call() -> Answer:
            return client.query(
                self.share.authorisations[PLACES],
                purpose=PURPOSE[0],
                items=GRANTED[PLACES],
                where={"XZQ": {"eq": "运河区"}},
                operator=OPERATOR,
                matter="RX2026000001",
                size=10,
            )

        for _ in range(TIGHT_CALLS_PER_DAY):
            self.city.patiently(call)
        self.expect(
            "quota-calls",
            f"当日 {TIGHT_CALLS_PER_DAY} 次用尽后的一次",
            f"one more than the day's {TIGHT_CALLS_PER_DAY}",
            call,
        )

    def _resend(self, client: LedgerClient) -> None:
        """Send a call again, byte for byte; the next call shows that it was not counted."""
        first = self.calls.ask(client, HOUSEHOLD, self.someone)
        again = client.resend(first)
        after = self.calls.ask(client, HOUSEHOLD, self.someone)
        self.stages.check(
            (again.receipt, again.rows) == (first.receipt, first.rows)
            and after.remaining_calls == first.remaining_calls - 1,
            "原样重发：同一答复、同一回执，不计数",
            "an identical resend: same answer, same receipt, uncounted",
        )

    def _send(self, nonce: str, created: int, matter: str, told: str = "") -> None:
        """Send a call signed by hand, with a chosen nonce; `told`: another matter than signed."""
        cast, number = self.city.cast, self.share.authorisations[HOUSEHOLD]
        body: dict[str, Any] = {
            "purpose": PURPOSE[0],
            "items": list(GRANTED[HOUSEHOLD]),
            "where": {"GMSFHM": {"eq": self.someone}},
            "page": {"size": 10, "after": None},
            "operator": OPERATOR,
            "matter": matter,
            "salt": encoding.b64u(secrets.token_bytes(16)),
        }
        data, path = canonical.dumps(body), f"/api/v1/authorisations/{number}/query"
        authority = self.city.authority(cast.police)
        signer = cast.admission.signer
        signed = signedcall.build(
            method="POST",
            authority=authority,
            path=path,
            query="",
            content_type="application/json",
            body=data,
            created=created,
            nonce=nonce,
            key_id=signer.public_key.key_id,
            signer=signer,
        )
        headers = {"Host": authority, **signed}
        call = signedcall.parse("POST", authority, path, "", headers, data)
        sent = data.replace(matter.encode(), told.encode()) if told else data
        url = httpx.URL(f"http://{authority}{path}")
        self.calls.client(cast.police).send(
            SignedRequest("POST", url, headers, sent),
            Asked(call, number, GRANTED[HOUSEHOLD], OPERATOR, matter),
        )

    def _same_nonce_twice(self) -> None:
        nonce, created = _new_nonce(), int(time.time())
        for matter in ("RX2026000002", "RX2026000003"):
            self._send(nonce, created, matter)

    def _changed_body(self) -> None:
        self._send(_new_nonce(), int(time.time()), "RX2026000004", "RX2026999999")

    def suspend(self) -> Answer:
        """Suspend while calls go on: refused from the block on; resume serves again.

        Returns the first call after the resumption: nothing it was judged by changes before its
        anchor, so that it can be proven; a call from before the suspension may be undetermined.
        """
        client = self.calls.client(self.city.cast.police)
        refused_at, mined_at = self._suspend(client)
        effect = max(refused_at - mined_at, 0)
        # On a machine that does other things too: shown, a miss does not end the demo.
        missed = "" if effect <= EFFECT_SECONDS else t("，超过 1 秒", ", over 1 s")
        self.stages.figure(
            "暂停出块后多久拒绝调用",
            "refused after the suspension's block",
            f"{milliseconds(effect)}{missed}",
        )
        self.expect(
            "authorisation-suspended", "暂停期间", "while suspended",
            lambda: self.calls.ask(client, HOUSEHOLD, self.someone),
        )  # fmt: skip
        self.share.take_step(HOUSEHOLD, "恢复", "已核实并整改")
        answer = self.calls.ask_patiently(client, HOUSEHOLD)
        self.stages.check(
            len(answer.rows) == 1,
            "恢复后调用照常",
            "after the resumption calls are served again",
        )
        return answer

    def _suspend(self, client: LedgerClient) -> tuple[float, float]:
        """Suspend; return when the first call was refused, and when the decision was mined."""
        refused_at: list[float] = []
        given_up = threading.Event()

        def is_refused() -> bool:
            try:
                self.calls.ask(client, HOUSEHOLD, self.someone)
            except LedgerError as error:
                if error.code == "authorisation-suspended":
                    refused_at.append(time.perf_counter())
                    return True
                if not error.retryable:
                    raise
            return given_up.is_set()

        heads = _HeadWatch(self.city.node(self.city.cast.police.code).gateway.head)
        with ThreadPoolExecutor(1) as pool:
            try:
                what = t("暂停没有生效", "the suspension takes no effect")
                watching = pool.submit(wait_until, is_refused, what)
                block = self.share.take_step(HOUSEHOLD, "暂停", "发现超范围使用线索")
                watching.result()
            finally:
                given_up.set()
                heads.stop()
        return refused_at[0], heads.first_at(block)


def _new_nonce() -> str:
    return encoding.b64u(secrets.token_bytes(18))


class _HeadWatch:
    """Notes when the chain's head moves, from a thread."""

    def __init__(self, head: Callable[[], int]) -> None:
        self._head = head
        self._seen: list[tuple[int, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def first_at(self, block: int) -> float:
        """Return when the head was first seen at this block or after it."""
        return next(moment for head, moment in self._seen if head >= block)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.005):
            head = self._head()
            if not self._seen or head > self._seen[-1][0]:
                self._seen.append((head, time.perf_counter()))
