"""The part of a commit that concerns one log: judging its drafts in order and writing what is new.

What it moves besides the database is the open log's (`heads`): tree, counters, and what the indexes
do not have yet. All but `prove` and `results` runs inside the commit's transaction; where all it
takes to judge is in memory, that may be done before, while the commit before is on its way to the
disk, and is then looked at again.
"""

from __future__ import annotations

from dataclasses import replace
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
from node.protocol.wire.days import beijing_day, end_of_day
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
from .drafts import Committed, Draft
from .heads import sign_head, write_head
from .parts import pack_parts, portions
from .resends import RESEND_WINDOW_MILLISECONDS, replay
from .tables import entry, position, request
from .tiles import store_tiles
from .tree import get_last_paths

_ENTRY, _REQUEST = insert(entry), insert(request)
YOUNG_SECONDS = 3
"""How far an event's second may be behind the log's time for its batch to be judged ahead. One that
is older may be sent again, and one that is in the log has its whole batch judged twice."""
# What is kept of the first call may be damaged: that is told to whoever sends it again.
_OF_ONE_DRAFT = (
    CallReplayed,
    InvalidInput,
    LogTampered,
    LogUnavailable,
    Overloaded,
    QuotaRefusals,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor, Future

    from sqlalchemy import Connection

    from .heads import OpenLog
    from .tree import Edge


class Batch:
    """The drafts of one commit for one log; `now` is in ms.

    A key may have `strangers_per_day` calls logged that no authorisation counts.
    """

    def __init__(
        self, log: OpenLog, drafts: Sequence[Draft], now: int, *, strangers_per_day: int
    ) -> None:
        self._log = log
        self._given = drafts
        self._events = [draft.event for draft in drafts]
        self.now = now
        self._at = max(now, log.at)
        """Time of the entry placed last; the drafts were judged at different seconds."""
        self._day_at, self._day, self._reset = -1, 0, 0
        """What `_open_day` found last."""
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
        """Of the tree with them; None where there is none."""
        self._proven = False
        self._signing: Future[bytes] | None = None
        self._checkpoint = b""

    def judge(self, connection: Connection) -> None:
        """Judge the drafts in order and place the new ones; `results` then has one for each."""
        self._known = self._find(connection)
        self._counters = self._load_counters(connection)
        strangers = {draft.key for draft in self._given if _is_strange(draft)}
        self._strangers = load_strangers(connection, self._log.counting, strangers)
        self._judge_all(connection)

    def judge_ahead(self, beside: Executor) -> bool:
        """Judge before the transaction; return False, and change nothing, where that cannot be.

        It cannot where it takes the database: an authorisation not in memory, an event the log may
        have, a stranger. The new head is signed by `beside`, later: that lets go of the
        interpreter. Afterwards the open log is beyond what is stored. So either this is what is
        written next, if it still `stands` in the transaction, or it is given up (`give_up`), and
        the signature shown to nobody.
        """
        log, known = self._log, self._log.counters
        counted = {draft.authorisation for draft in self._given if draft.counted}
        if (
            log.astray
            or not counted <= known.keys()
            or not log.fresh.events.keys().isdisjoint(self._events)
            or any(_is_strange(draft) for draft in self._given if not draft.counted)
            or self._has_old_event()
        ):
            return False
        self._counters = {one: known[one] for one in counted}
        self._judge_all(None)
        if self._edge is not None:
            self._signing = beside.submit(self._sign, self._edge)
        return True

    def stands(self, connection: Connection) -> bool:
        """Tell, inside the transaction, whether what was judged ahead would be judged so now."""
        return not self._find(connection)

    def give_up(self) -> None:
        """Let what was judged ahead not be written: in memory the log has gone on without it."""
        self._log.astray = True
        for authorisation in self._moved:
            self._log.counters.pop(authorisation, None)

    def write(self, connection: Connection) -> None:
        """Write everything new, the signed head last."""
        if self._edge is not None:
            self._store(connection, self._edge)

    def prove(self) -> None:
        """Give the new entries their proofs; called before the tree is settled."""
        if self._edge is None or self._proven:
            return
        size = self._edge.size
        paths = get_last_paths(self._log.tree, self._edge, len(self._new))
        for one, proof in zip(self._new, paths, strict=True):
            one.size, one.proof = size, proof
        # Last: should it fail beside COMMIT, `results` has them made again.
        self._proven = True

    def results(self) -> list[Committed | LedgerError]:
        """Return what became of each draft; called after COMMIT."""
        self.prove()
        for one in self._new:
            one.checkpoint = self._checkpoint
        return [self._repeat(one) if isinstance(one, Draft) else one for one in self._judged]

    def _has_old_event(self) -> bool:
        """Tell whether a draft may well be sent again, after its sender's time-out."""
        # Events begin with their second.
        oldest = max(0, self._at // 1000 - YOUNG_SECONDS).to_bytes(8, "big")
        return min(self._events) < oldest

    def _find(self, connection: Connection) -> dict[bytes, int]:
        """Return the index of each draft's event that the log has."""
        return self._log.fresh.find(connection, self._log.number, self._events)

    def _load_counters(self, connection: Connection) -> dict[int, Counter]:
        """Return the counters of those authorisations that have been called before."""
        wanted = {draft.authorisation for draft in self._given if draft.counted}
        known = self._log.counters
        found = {one: known[one] for one in wanted if one in known}
        missing = wanted - found.keys()
        return found | load_counters(connection, self._log.counting, missing)

    def _judge_all(self, connection: Connection | None) -> None:
        self._judged = [self._judge(draft, connection) for draft in self._given]
        if not self._new:
            return
        log = self._log
        log.tree.extend(self._hashes)
        self._edge, log.at = log.tree.edge(), self._at

    def _judge(
        self, draft: Draft, connection: Connection | None
    ) -> Committed | LedgerError | Draft:
        """Return the result of a draft: its entry, without proof yet, if it gets one.

        One whose event another of this batch has is returned itself, for later.
        """
        index = self._known.get(draft.event)
        try:
            if index is not None and connection is not None:
                log, read = self._log.number, self._read
                return replay(connection, log, index, draft, self.now, read=read)
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
        if self.now < self._at:
            raise LogUnavailable(f"the clock is {(self._at - self.now) // 1000} s behind the log")
        raise Overloaded(f"the call waited {late} s for the log; send it again")

    def _place(self, draft: Draft) -> Committed:
        """Give a draft its time, outcome, number, link and leaf; one refused changes nothing."""
        at, counted, authorisation = self._time(draft), draft.counted, draft.authorisation
        stranger = None if counted else self._find_stranger(draft, at)
        counter = self._counters.get(authorisation) if counted else None
        if counter is None:
            counter = Counter()
            if counted:
                self._counters[authorisation] = counter
        if at != self._day_at:
            self._open_day(at)
        counter.open_day(self._day)
        outcome, over = draft.refusal or SERVED, None
        if counted and outcome == SERVED:
            outcome = counter.judge(
                calls_per_day=draft.calls_per_day, rows=draft.rows, rows_per_day=draft.rows_per_day
            )
            over = outcome if outcome != SERVED else None
        number = counter.count + 1 if counted else 0
        leaf = draft.leaf.complete(at=at, number=number, prev=counter.last, refusal=over)
        hash_ = leaf_hash(leaf)
        self._at = at
        if stranger is not None:
            stranger.calls += 1
        if counted:
            counter.link(hash_)
            self._moved[authorisation] = counter
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
            self._reset,
            fresh=True,
        )
        self._drafts[draft.event] = draft
        self._hashes.append(hash_)
        self._new.append(placed)
        return placed

    def _open_day(self, at: int) -> None:
        """Have the Beijing day of a time, in ms: all entries of a commit are of one or two."""
        self._day_at, self._day, self._reset = at, beijing_day(at // 1000), end_of_day(at // 1000)

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

    def _sign(self, edge: Edge) -> bytes:
        return sign_head(self._log.identity, edge.size, edge.root)

    def _store(self, connection: Connection, edge: Edge) -> None:
        log, added = self._log, self._added()
        leaves, bodies = self._leaf_rows(), self._body_rows()
        # Waited for before the rows go in, each of which lets go of the interpreter for a moment:
        # the signer's thread, waiting for it, would be woken by every one of them in vain.
        checkpoint = self._sign(edge) if self._signing is None else self._signing.result()
        self._checkpoint = checkpoint
        insert_rows(connection, _ENTRY, leaves)
        insert_rows(connection, _REQUEST, bodies)
        store_tiles(connection, log.number, log.tree.changed())
        store_counters(connection, log.number, self._moved)
        store_strangers(connection, log.number, self._strangers)
        log.remember_counters(self._moved)
        expired = self.now - RESEND_WINDOW_MILLISECONDS
        log.fresh.add(self._first, log.at, added)
        if log.fresh.is_due(expired):
            log.fresh.index(connection, log.number, edge.size)
        rows = add_batch(connection, log.number, self._first, log.at, checkpoint, added)
        purge(connection, log.number, expired, log.fresh.indexed, rows)
        # Last: what makes the new entries part of the log, in the same transaction as they.
        write_head(connection, log, edge.root, checkpoint)

    def _leaf_rows(self) -> list[tuple[object, ...]]:
        place = position(self._log.number, self._first)
        # The driver looks for an adapter of each `bytes`, and takes a bytearray as it is.
        return [(at, bytearray(one.leaf)) for at, one in enumerate(self._new, place)]

    def _body_rows(self) -> list[tuple[object, ...]]:
        place = position(self._log.number, self._first)
        bodies = [draft.request for draft in self._drafts.values()]
        return [
            (place + some.start, pack_parts(bodies[some]), some.stop - some.start)
            for some in portions(bodies)
            if any(body is not None for body in bodies[some])
        ]

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
