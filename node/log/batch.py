"""The part of a commit that concerns one log: judging its drafts in order and writing what is new.

Runs inside the commit's transaction and keeps nothing for the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import insert

from node.errors import (
    CallReplayed,
    InvalidInput,
    LedgerError,
    LogUnavailable,
    Overloaded,
    QuotaRefusals,
)
from node.protocol.wire.days import beijing_day, end_of_day
from node.protocol.wire.encoding import rfc3339
from node.protocol.wire.leaf import (
    CALL,
    COMMIT_SECONDS,
    LIMIT,
    SERVED,
    complete_leaf,
)
from node.protocol.wire.merkle import leaf_hash

from ..storage.bulk import insert_rows
from .counters import (
    Counter,
    Stranger,
    load_counters,
    load_strangers,
    store_counters,
    store_strangers,
)
from .drafts import Committed
from .heads import sign_head, write_head
from .recent import (
    find_events,
    purge,
    remember,
    replay,
)
from .tables import (
    call,
    entry,
    event,
    position,
    request,
)
from .tiles import store_tiles
from .tree import get_last_paths

_CANONICAL_ASCII = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_ENTRY, _EVENT, _CALL, _REQUEST = insert(entry), insert(event), insert(call), insert(request)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from .drafts import Draft
    from .heads import OpenLog
    from .tree import Edge


@dataclass(slots=True)
class Placed:
    """A new entry, hashed and given its place; not yet on disk."""

    draft: Draft
    index: int
    at: int
    leaf: bytes
    outcome: str
    number: int
    remaining_calls: int
    remaining_rows: int


class Batch:
    """The drafts of one commit for one log; `now` is in ms.

    A key may have `strangers_per_day` calls logged that no authorisation counts.
    """

    def __init__(
        self, connection: Connection, log: OpenLog, now: int, *, strangers_per_day: int
    ) -> None:
        self._connection = connection
        self._log = log
        self._now = now
        self._at = max(now, log.at)
        """Time of the entry placed last; the drafts were judged at different seconds."""
        self._strangers_per_day = strangers_per_day
        self._strangers: dict[bytes, Stranger] = {}
        self._counters: dict[int, Counter] = {}
        self._known: dict[bytes, int] = {}
        self._placed: dict[bytes, Placed] = {}

    def write(self, drafts: Sequence[Draft]) -> list[Committed | LedgerError]:
        """Judge `drafts` in order, write the new ones, and return one result for each."""
        counted = {draft.authorisation for draft in drafts if draft.counted}
        self._known = find_events(self._connection, self._log.number, [d.event for d in drafts])
        self._counters = load_counters(self._connection, self._log.counting, counted)
        strangers = {draft.key for draft in drafts if _is_strange(draft)}
        self._strangers = load_strangers(self._connection, self._log.counting, strangers)
        judged = [self._judge(draft) for draft in drafts]
        done = self._store() if self._placed else {}
        return [
            self._finish(draft, result, done) for draft, result in zip(drafts, judged, strict=True)
        ]

    def _judge(self, draft: Draft) -> Committed | LedgerError | None:
        """Return the result of a draft that adds no leaf, or place it and return None."""
        index = self._known.get(draft.event)
        try:
            if index is not None:
                return replay(self._connection, self._log.number, index, draft, self._now)
            if draft.event not in self._placed:
                self._placed[draft.event] = self._place(draft)
        except (CallReplayed, InvalidInput, LogUnavailable, Overloaded, QuotaRefusals) as error:
            return error
        return None

    def _time(self, draft: Draft) -> int:
        """Return when a draft's leaf is committed, in ms.

        Not before the second it was judged at, which the chain's time may have set, nor before the
        entry above it; and not so late after it that the leaf could prove nothing.

        Raises:
            LogUnavailable: the clock was set back behind the log.
            Overloaded: the draft waited too long.
        """
        judged: int = draft.leaf["judged"]
        at = max(self._at, judged * 1000)
        late = at // 1000 - judged
        if late <= COMMIT_SECONDS:
            return at
        if self._now < self._at:
            raise LogUnavailable(f"the clock is {(self._at - self._now) // 1000} s behind the log")
        raise Overloaded(f"the call waited {late} s for the log; send it again")

    def _place(self, draft: Draft) -> Placed:
        """Give a draft its time, outcome, number, link and leaf; one refused changes nothing."""
        at = self._time(draft)
        stranger = self._find_stranger(draft, at)
        counter = self._counters.get(draft.authorisation) if draft.counted else None
        if counter is None:
            counter = Counter()
            if draft.counted:
                self._counters[draft.authorisation] = counter
        counter.open_day(beijing_day(at // 1000))
        outcome = draft.refusal or SERVED
        if draft.counted and outcome == SERVED:
            outcome = counter.judge(
                calls_per_day=draft.calls_per_day, rows=draft.rows, rows_per_day=draft.rows_per_day
            )
        number = counter.count + 1 if draft.counted else 0
        leaf = _render(
            draft.leaf,
            number=number,
            prev=counter.last,
            at=at,
            refusal=outcome if outcome not in (SERVED, draft.refusal) else None,
        )
        hash_ = leaf_hash(leaf)
        self._at = at
        if stranger is not None:
            stranger.calls += 1
        if draft.counted:
            counter.link(hash_)
        if outcome == SERVED:
            counter.use(draft.rows)
        index = self._log.tree.size
        self._log.tree.append(hash_)
        calls, rows = draft.calls_per_day - counter.calls, draft.rows_per_day - counter.rows
        return Placed(draft, index, at, leaf, outcome, number, max(0, calls), max(0, rows))

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

    def _store(self) -> dict[bytes, Committed]:
        """Write everything new, the signed head last; return the results by event."""
        placed, log, connection = list(self._placed.values()), self._log, self._connection
        edge = log.tree.edge()
        log.root, log.at = edge.root, self._at
        checkpoint = sign_head(log.identity, log.tree.size, log.root)
        self._store_entries(placed)
        store_tiles(connection, log.number, log.tree.changed())
        store_counters(connection, log.number, self._counters)
        store_strangers(connection, log.number, self._strangers)
        done = self._prove(placed, edge, checkpoint)
        remember(
            connection,
            log.number,
            [(done[one.draft.event], one.draft.text, one.at) for one in placed],
        )
        purge(connection, log.number, self._now, len(placed))
        # Last: what makes the new entries part of the log, in the same transaction as they.
        write_head(connection, log, checkpoint)
        return done

    def _store_entries(self, placed: list[Placed]) -> None:
        number, connection = self._log.number, self._connection
        base = position(number, 0)
        insert_rows(connection, _ENTRY, [(base + one.index, one.leaf) for one in placed])
        insert_rows(connection, _EVENT, [(number, one.draft.event, one.index) for one in placed])
        calls = [
            (number, one.draft.authorisation, one.number, one.index) for one in placed if one.number
        ]
        insert_rows(connection, _CALL, calls)
        requests = ((base + one.index, one.draft.request) for one in placed)
        insert_rows(connection, _REQUEST, [row for row in requests if row[1] is not None])

    def _prove(self, placed: list[Placed], edge: Edge, checkpoint: bytes) -> dict[bytes, Committed]:
        """Return every new entry with its proof in the tree that is about to be committed."""
        tree, done = self._log.tree, {}
        for one, proof in zip(placed, get_last_paths(tree, edge, len(placed)), strict=True):
            done[one.draft.event] = Committed(
                leaf=one.leaf,
                index=one.index,
                size=tree.size,
                proof=proof,
                checkpoint=checkpoint,
                outcome=one.outcome,
                answer=one.draft.answer if one.outcome == SERVED else None,
                number=one.number,
                remaining_calls=one.remaining_calls,
                remaining_rows=one.remaining_rows,
                reset=end_of_day(one.at // 1000),
                fresh=True,
            )
        return done

    def _finish(
        self, draft: Draft, result: Committed | LedgerError | None, done: dict[bytes, Committed]
    ) -> Committed | LedgerError:
        """Return a draft's result; of two with one event the later is a replay of the first."""
        if result is not None:
            return result
        first, committed = self._placed[draft.event].draft, done[draft.event]
        if draft is first:
            return committed
        if draft.text == first.text:
            return replace(committed, fresh=False)
        return CallReplayed("this event id was used before", receipt=committed.receipt().render())


def _is_strange(draft: Draft) -> bool:
    """Tell whether a draft is a call that no authorisation counts."""
    return not draft.counted and draft.leaf["type"] == CALL


def _render(
    members: dict[str, Any], *, number: int, prev: bytes, at: int, refusal: str | None
) -> bytes:
    """Do what `complete_leaf` does, at a third of its cost for the calls `build_leaf` makes.

    Those hold text, whole numbers and None only; when the whole is ASCII, every text is in NFC
    and the keys' order is RFC 8785's, and nothing is left to be checked but the integers.
    """
    if refusal is None and members["type"] == CALL:
        whole = {**members, "number": number, "prev": prev.hex(), "at": at}
        leaf = orjson.dumps(whole, option=_CANONICAL_ASCII)
        if len(leaf) <= LIMIT and leaf.isascii():
            return leaf
    return complete_leaf(members, number=number, prev=prev, at=at, refusal=refusal)
