"""The part of a commit that concerns one log: judging its drafts in order and writing what is new.

Runs inside the commit's transaction, but for `results`. What it moves besides the database is the
open log's (`heads`): tree, counters, and what the indexes do not have yet.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import insert

from node.errors import (
    CallReplayed,
    InvalidInput,
    LedgerError,
    LogTampered,
    LogUnavailable,
    Overloaded,
    QuotaRefusals,
)
from node.protocol.wire import days
from node.protocol.wire.encoding import rfc3339
from node.protocol.wire.leaf import (
    CALL,
    COMMIT_SECONDS,
    SERVED,
)
from node.protocol.wire.merkle import leaf_hash

from ..storage.bulk import insert_rows
from .batchrows import Added, add_batch, purge
from .counters import (
    Counter,
    Stranger,
    load_counters,
    load_strangers,
    store_counters,
    store_strangers,
)
from .heads import sign_head, write_head
from .logdrafts import Committed, Draft
from .parts import pack_parts, portions
from .resends import RESEND_WINDOW_MILLISECONDS, replay
from .tables import entry, position, request
from .tiles import store_tiles
from .tree import get_last_paths

_ENTRY, _REQUEST = insert(entry), insert(request)
# What is kept of the first call may be damaged: that is told to whoever sends it again.
_OF_ONE_DRAFT = (
    CallReplayed,
    InvalidInput,
    LogTampered,
    LogUnavailable,
    Overloaded,
    QuotaRefusals,
)

# All entries of a commit are of one second or two.
beijing_day, end_of_day = lru_cache(4)(days.beijing_day), lru_cache(4)(days.end_of_day)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from .heads import OpenLog
    from .tree import Edge


class Batch:
    """The drafts of one commit for one log; `now` is in ms.

    A key may have `strangers_per_day` calls logged that no authorisation counts.
    """

    def __init__(
        self,
        connection: Connection,
        log: OpenLog,
        now: int,
        *,
        strangers_per_day: int,
    ) -> None:
        self._connection = connection
        self._log = log
        self._now = now
        self._at = max(now, log.at)
        """Time of the entry placed last; the drafts were judged at different seconds."""
        self._strangers_per_day = strangers_per_day
        self._strangers: dict[bytes, Stranger] = {}
        self._counters: dict[int, Counter] = {}
        self._moved: dict[int, Counter] = {}
        """Those of the counters that entries of this batch have changed."""
        self._known: dict[bytes, int] = {}
        self._read: dict[int, list[bytes | None]] = {}
        """Answers of the row that a resend was looked for in last."""
        self._first = log.tree.size
        self._drafts: dict[bytes, Draft] = {}
        """Those that got an entry, in order, by event."""
        self._new: list[Committed] = []
        """Their entries: hashed and given their places; without proof until the tree has grown."""
        self._hashes: list[bytes] = []
        self._judged: list[Committed | LedgerError | Draft] = []
        self._edge: Edge | None = None
        self._checkpoint = b""

    def write(self, drafts: Sequence[Draft]) -> None:
        """Judge `drafts` in order and write the new ones; `results` then has one for each."""
        counted = {draft.authorisation for draft in drafts if draft.counted}
        events = [draft.event for draft in drafts]
        self._known = self._log.fresh.find(self._connection, self._log.number, events)
        self._counters = self._load_counters(counted)
        strangers = {draft.key for draft in drafts if _is_strange(draft)}
        self._strangers = load_strangers(self._connection, self._log.counting, strangers)
        self._judged = [self._judge(draft) for draft in drafts]
        if self._new:
            self._store()

    def results(self) -> list[Committed | LedgerError]:
        """Give the new entries their proofs and return what became of each draft.

        Called after COMMIT, and before the tree is settled: it needs no connection.
        """
        tree, size = self._log.tree, self._log.tree.size
        paths = [] if self._edge is None else get_last_paths(tree, self._edge, len(self._new))
        for one, proof in zip(self._new, paths, strict=True):
            one.size, one.proof, one.checkpoint = size, proof, self._checkpoint
        return [self._repeat(one) if isinstance(one, Draft) else one for one in self._judged]

    def _load_counters(self, wanted: set[int]) -> dict[int, Counter]:
        """Return the counters of those authorisations that have been called before."""
        known = self._log.counters
        found = {one: known[one] for one in wanted if one in known}
        missing = wanted - found.keys()
        return found | load_counters(self._connection, self._log.counting, missing)

    def _judge(self, draft: Draft) -> Committed | LedgerError | Draft:
        """Return the result of a draft: its entry, without proof yet, if it gets one.

        One whose event another of this batch has is returned itself, for later.
        """
        index = self._known.get(draft.event)
        try:
            if index is not None:
                log, read = self._log.number, self._read
                return replay(self._connection, log, index, draft, self._now, read=read)
            if draft.event in self._drafts:
                return draft
            return self._place(draft)
        except _OF_ONE_DRAFT as error:
            # It may have opened a day that is not on disk.
            self._log.counters.pop(draft.authorisation, None)
            return error

    def _time(self, draft: Draft) -> int:
        """Return when a draft's leaf is committed, in ms.

        Not before the second it was judged at, which the chain's time may have set, nor before the
        entry above it; and not so late after it that the leaf could prove nothing.

        Raises:
            LogUnavailable: the clock was set back behind the log.
            Overloaded: the draft waited too long.
        """
        judged = draft.leaf.judged
        at = max(self._at, judged * 1000)
        late = at // 1000 - judged
        if late <= COMMIT_SECONDS:
            return at
        if self._now < self._at:
            raise LogUnavailable(f"the clock is {(self._at - self._now) // 1000} s behind the log")
        raise Overloaded(f"the call waited {late} s for the log; send it again")

    def _place(self, draft: Draft) -> Committed:
        """Give a draft its time, outcome, number, link and leaf; one refused changes nothing."""
        at, counted = self._time(draft), draft.counted
        stranger = None if counted else self._find_stranger(draft, at)
        counter = self._counters.get(draft.authorisation) if counted else None
        if counter is None:
            counter = Counter()
            if counted:
                self._counters[draft.authorisation] = counter
        counter.open_day(beijing_day(at // 1000))
        outcome = draft.refusal or SERVED
        if counted and outcome == SERVED:
            outcome = counter.judge(
                calls_per_day=draft.calls_per_day, rows=draft.rows, rows_per_day=draft.rows_per_day
            )
        number = counter.count + 1 if counted else 0
        leaf = draft.leaf.complete(
            at=at,
            number=number,
            prev=counter.last,
            refusal=outcome if outcome not in (SERVED, draft.refusal) else None,
        )
        hash_ = leaf_hash(leaf)
        self._at = at
        if stranger is not None:
            stranger.calls += 1
        if counted:
            counter.link(hash_)
            self._moved[draft.authorisation] = counter
        if outcome == SERVED:
            counter.use(draft.rows)
        calls, rows = draft.calls_per_day - counter.calls, draft.rows_per_day - counter.rows
        placed = Committed(
            leaf,
            self._first + len(self._new),
            0,
            (),
            b"",
            outcome,
            draft.answer if outcome == SERVED else None,
            number,
            max(0, calls),
            max(0, rows),
            end_of_day(at // 1000),
            fresh=True,
        )
        self._drafts[draft.event] = draft
        self._hashes.append(hash_)
        self._new.append(placed)
        return placed

    def _find_stranger(self, draft: Draft, at: int) -> Stranger | None:
        """Return what a call that no authorisation counts is limited by; None for all others.

        Raises:
            QuotaRefusals: its key has had as many today as it may; this one gets no leaf.
        """
        if not _is_strange(draft):
            return None
        stranger = self._strangers.setdefault(draft.key, Stranger())
        stranger.open_day(beijing_day(at // 1000))
        if stranger.calls >= self._strangers_per_day:
            raise QuotaRefusals(
                f"this key had {stranger.calls} refusals today (Beijing) that no authorisation "
                "counts; no more are logged",
                reset=rfc3339(end_of_day(at // 1000)),
            )
        return stranger

    def _store(self) -> None:
        """Write everything new, the signed head last."""
        log, connection = self._log, self._connection
        log.tree.extend(self._hashes)
        edge = self._edge = log.tree.edge()
        size, log.root, log.at = log.tree.size, edge.root, self._at
        checkpoint = self._checkpoint = sign_head(log.identity, size, log.root)
        self._store_entries()
        store_tiles(connection, log.number, log.tree.changed())
        store_counters(connection, log.number, self._moved)
        store_strangers(connection, log.number, self._strangers)
        log.remember_counters(self._moved)
        added, expired = self._added(), self._now - RESEND_WINDOW_MILLISECONDS
        log.fresh.add(self._first, log.at, added)
        if log.fresh.is_due(expired):
            log.fresh.index(connection, log.number, size)
        rows = add_batch(connection, log.number, self._first, log.at, checkpoint, added)
        purge(connection, log.number, expired, log.fresh.indexed, rows)
        # Last: what makes the new entries part of the log, in the same transaction as they.
        write_head(connection, log, checkpoint)

    def _store_entries(self) -> None:
        connection, place = self._connection, position(self._log.number, self._first)
        # The driver looks for an adapter of each `bytes`, and takes a bytearray as it is.
        leaves = [(at, bytearray(one.leaf)) for at, one in enumerate(self._new, place)]
        insert_rows(connection, _ENTRY, leaves)
        bodies = [draft.request for draft in self._drafts.values()]
        for some in portions(bodies):
            kept = bodies[some]
            if any(body is not None for body in kept):
                row = (place + some.start, pack_parts(kept), len(kept))
                insert_rows(connection, _REQUEST, [row])

    def _added(self) -> Added:
        drafts = self._drafts.values()
        return Added(
            list(self._drafts),
            [draft.authorisation for draft in drafts],
            [one.number for one in self._new],
            [sha256(draft.text).digest() for draft in drafts],
            [one.answer for one in self._new],
        )

    def _repeat(self, draft: Draft) -> Committed | LedgerError:
        """Return the result of the later of two drafts with one event: a replay of the first."""
        first = self._drafts[draft.event]
        committed = self._new[list(self._drafts).index(draft.event)]
        if draft.text == first.text:
            return replace(committed, fresh=False)
        return CallReplayed("this event id was used before", receipt=committed.receipt().render())


def _is_strange(draft: Draft) -> bool:
    """Tell whether a draft is a call that no authorisation counts."""
    return not draft.counted and draft.leaf.kind == CALL
