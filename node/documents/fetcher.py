"""The loop that brings every document behind a mined decision to the nodes entitled to it.

Each round is idempotent: a crash anywhere repeats work and loses none. A document that nobody
has is asked for again at growing intervals, from a quarter of a second to hours.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..errors import LedgerError, MalformedDocument
from ..protocol import forms as documents
from .bindings import MALFORMED, Verdict

if TYPE_CHECKING:
    import threading

    from .bindings import Bindings, Bound
    from .exchange import Exchange
    from .ports import Ledger
    from .search import CatalogueSearch
    from .store import DocumentStore

DECISIONS_A_ROUND = 256
DOCUMENTS_A_ROUND = 64
FIRST_PAUSE_MS = 250
LONGEST_PAUSE_MS = 4 * 3_600_000
"""Between two questions for a document nobody has; a change of its peers shortens it."""
LONGEST_WAIT_MS = 4_000
"""Between two looks at a document that is here and waits for another one."""
PEERS_CHANGE = frozenset(
    {"EnrolDepartment", "UpdateDepartment", "SetDepartmentStatus", "AddKey", "RecoverKey"}
)
"""Decisions by which another node is found or found anew, or this one may ask it at last: what was
refused to a node whose key was not mined yet, or whose department was suspended, is asked for again
at once."""
SWEEP_SECONDS = 3600
IDLE_SECONDS = 5.0
"""How long what nobody tells of may lie: a document that another process put into the store."""
RETRY_SECONDS = 0.5
"""Before the next try while the read model is being filled."""
log = logging.getLogger(__name__)


class Fetcher:
    """Records decisions, fetches and judges their documents, lists published entries."""

    def __init__(
        self,
        store: DocumentStore,
        bindings: Bindings,
        search: CatalogueSearch,
        exchange: Exchange,
        ledger: Ledger,
    ) -> None:
        self._store = store
        self._bindings = bindings
        self._search = search
        self._exchange = exchange
        self._ledger = ledger
        self._next_sweep = 0.0

    def run_once(self) -> bool:
        """Do one round; tell whether anything moved.

        Raises:
            LedgerBehind: the read model is being filled.
        """
        facts = self._ledger.decisions_after(self._bindings.position(), DECISIONS_A_ROUND)
        self._bindings.record(facts, self._search.note)
        if any(fact.kind in PEERS_CHANGE for fact in facts):
            self._bindings.hurry()
        moved = bool(facts)
        moved = self._judge_due() or moved
        return self._search.list_published() or moved

    def run(
        self, stop: threading.Event, wake: threading.Event, *, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        """Do rounds until `stop` is set; `wake` ends a rest: a block was applied, a document came.

        Errors that are not retryable end the loop: they are ours or fatal.
        """
        while True:
            # Before `stop` is looked at: who sets that rings afterwards.
            wake.clear()
            if stop.is_set():
                return
            wake.wait(min(self._round(), idle_seconds))

    def _round(self) -> float:
        """Do one round; return for how many seconds there is nothing to do."""
        try:
            moved = self.run_once()
            self._sweep()
        except LedgerError as error:
            if not error.retryable:
                raise
            log.info("文书稍后再取 / documents wait: %s", error.message)
            return RETRY_SECONDS
        due = None if moved else self._bindings.next_due()
        if due is None:
            return 0.0 if moved else IDLE_SECONDS
        return max(0.0, (due - self._now_ms()) / 1000)

    def _judge_due(self) -> bool:
        """Bring and judge what is due; judgements share transactions."""
        verdicts: list[Verdict] = []
        moved = False
        due = self._bindings.due(self._now_ms(), DOCUMENTS_A_ROUND)
        here = self._store.find_all(bound.digest for bound, _ in due)
        for bound, tries in due:
            if bound.kind in documents.NEED_VERSION:
                # The version may have been judged in this very round.
                self._bindings.settle(verdicts)
                verdicts.clear()
            verdict = self._bring(bound, here)
            if verdict is None:
                longest = LONGEST_WAIT_MS if bound.digest in here else LONGEST_PAUSE_MS
                pause = min(FIRST_PAUSE_MS << min(tries, 20), longest)
                self._bindings.postpone(bound, tries + 1, self._now_ms() + pause)
            else:
                verdicts.append(verdict)
                moved = True
        self._bindings.settle(verdicts)
        return moved

    def _bring(self, bound: Bound, here: dict[bytes, bytes]) -> Verdict | None:
        """Return the judgement on a document; None if it is not to be had yet.

        `here` are those that need not be fetched; what is fetched is one of them.
        """
        try:
            data = here.get(bound.digest) or self._fetch(bound)
            if data is None:
                return None
            here[bound.digest] = data
            return self._bindings.judge(bound, documents.parse(data))
        except MalformedDocument as error:
            # The decision's signer bound bytes that are no document: for good.
            log.warning("%s 的文书不合格式 / no document: %s", bound.object, error.message)
            return Verdict(bound, MALFORMED)

    def _fetch(self, bound: Bound) -> bytes | None:
        data = self._exchange.fetch(bound)
        if data is not None:
            self._store.put(data, bound.acting)
        return data

    def _sweep(self) -> None:
        now = self._store.clock()
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_SECONDS
            self._store.sweep()

    def _now_ms(self) -> int:
        return int(self._store.clock() * 1000)
