"""The follower: blocks of the chain into the read model, one transaction per chunk.

Headers, projections, sequence numbers and the cursor go into one COMMIT: after a death at any point
the next start goes on at the cursor. An endpoint that is behind, or whose index of logs is, is
asked again, and receipts decide. A final chain that knows another block at a height, or an event
its contracts cannot have emitted, is an alarm (ChainInconsistent ends the process), never a
rollback.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from node.errors import ChainInconsistent, ChainUnavailable
from node.protocol.evm.blocks import BlockRef

from .apply import apply_chunk
from .chunk import check_links, fetch
from .model import (
    Contact,
    Cursor,
    Identity,
    empty,
    find_contact,
    move_cursor,
    prepare,
    read_cursor,
    stop_filling,
    write_contact,
)
from .rows import Rows
from .signatures import Verifiers
from .tables import BLOCK

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqlalchemy import Engine

    from node.chain.deployment import Deployment

    from .chunk import ChainSource, Chunk


START_BLOCKS = 500
MOST_BLOCKS = 5000
MOST_EVENTS = 10_000
GROWTH = 1.05


class Pace:
    """How many blocks to ask for at once.

    Grows slowly while ranges are answered, halves when one is not (chain.md section 8.2), and is
    held to what fills one transaction, so that memory stays flat however full the blocks are.
    """

    def __init__(self) -> None:
        self._blocks = float(START_BLOCKS)

    @property
    def blocks(self) -> int:
        """Blocks to ask for now, at least one."""
        return int(self._blocks)

    def answered(self, blocks: int, events: int) -> None:
        """Learn from a range that came."""
        if events > MOST_EVENTS:
            self._blocks = max(1.0, blocks * MOST_EVENTS / events)
        elif blocks == self.blocks:
            self._blocks = min(float(MOST_BLOCKS), max(self._blocks * GROWTH, self._blocks + 1))

    def refused(self) -> None:
        """Learn from a range that did not come."""
        self._blocks = max(1.0, self._blocks / 2)


POLL_SECONDS = 0.1
"""How late a block may be seen. This is the node's only watch of the chain's head: the other loops
hear of a block by `on_advance`, and a head that stands costs this one question."""
HEARTBEAT_SECONDS = 5.0
"""A quiet chain is noted in `contact` no more often than this: each note is an fsync."""
LONGEST_BACKOFF_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class Follower:
    """Keeps one read model up to one chain. One at a time does the work; a second does no harm."""

    def __init__(
        self,
        engine: Engine,
        gateway: ChainSource,
        deployment: Deployment,
        *,
        clock: Callable[[], float] = time.time,
        on_advance: Callable[[Cursor], None] | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        """Open the model, creating it when it is missing or of another schema.

        `heartbeat_seconds` must be well below what readers take for silence.

        Raises:
            WrongChain: the model was filled from another chain.
        """
        self._engine = engine
        self._source = gateway
        self._identity = Identity.of(deployment)
        self._clock = clock
        self._on_advance = on_advance
        self._heartbeat_seconds = heartbeat_seconds
        self._rest: tuple[int, float] | None = None
        """The head up to which all was applied, and when the model was last looked at."""
        self._pace = Pace()
        self._verifiers = Verifiers()
        self._recognised = False  # has the endpoint shown the cursor's block since last contact?
        prepare(engine, self._identity)

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set; an endpoint that does not answer is asked again.

        Raises:
            Fatal: what follows cannot be trusted; the process must end.
        """
        failures = 0
        while not stop.is_set():
            try:
                progressed = self.run_once()
                failures = 0
            except ChainUnavailable as err:
                failures += 1
                _logger.warning("链没有应答 / the chain does not answer: %s", err)
                stop.wait(min(POLL_SECONDS * 2**failures, LONGEST_BACKOFF_SECONDS))
                continue
            if not progressed:
                stop.wait(POLL_SECONDS)

    def run_once(self) -> bool:
        """Apply at most one chunk; True if there may be more at once.

        Raises:
            ChainUnavailable: nothing was applied; try again.
            ChainInconsistent: nothing was applied, and nothing may be.
        """
        try:
            return self._advance()
        except ChainUnavailable:
            self._recognised, self._rest = False, None
            self._pace.refused()
            raise

    def close(self) -> None:
        self._verifiers.close()

    def _advance(self) -> bool:
        head = self._source.head()
        if self._rests(head):
            return False
        self._rest, begun = None, self._clock()
        cursor = self._note_head(head)
        self._recognise(cursor, head)
        if head < cursor.next_block:
            self._rest = head, begun
            return False
        last = min(head, cursor.next_block + self._pace.blocks - 1)
        chunk, applied = self._take(cursor, last, head)
        self._pace.answered(len(chunk.headers), len(chunk.logs))
        if applied is not None and self._on_advance:
            self._on_advance(applied)
        return True

    def _rests(self, head: int) -> bool:
        """Say whether nothing can have changed: then not even the model is read.

        A heartbeat later it is, also because a rebuild beside this may have emptied it and died.
        """
        if self._rest is None:
            return False
        known, since = self._rest
        return head == known and 0 <= self._clock() - since < self._heartbeat_seconds

    def _take(self, cursor: Cursor, last: int, head: int) -> tuple[Chunk, Cursor | None]:
        """Fetch and apply a chunk: by the index of logs, where that is not sound by receipts."""
        try:
            return self._fetch_and_apply(cursor, last, head, proven=False)
        except ChainInconsistent as err:
            # What an index leaves out, tells twice or garbles is no lie of the chain's. Its blocks'
            # own receipts tell: if they say the same, it is one.
            text = "至区块 %d 的事件不一致，改按收据核对 / again, by their receipts: %s"
            _logger.warning(text, last, err)
            return self._fetch_and_apply(cursor, last, head, proven=True)

    def _fetch_and_apply(
        self, cursor: Cursor, last: int, head: int, *, proven: bool
    ) -> tuple[Chunk, Cursor | None]:
        chunk = fetch(self._source, self._identity, cursor.next_block, last, proven=proven)
        check_links(chunk.headers, cursor.block)
        return chunk, self._apply(chunk, cursor, head)

    def _note_head(self, head: int) -> Cursor:
        """Tell the readers what was seen, where they need to know; return the cursor."""
        now_ms = self._now_ms()
        with self._engine.begin() as connection:
            cursor = read_cursor(connection)
            if cursor.block is not None and head < cursor.block.number:
                return cursor  # no news: an endpoint that is behind is no contact
            before = find_contact(connection)
            caught_up = head < cursor.next_block
            if caught_up and cursor.filling and cursor.block is not None:
                stop_filling(connection)
            since = None if caught_up else (before and before.behind_since_ms) or now_ms
            if before is None or self._is_news(before, since, now_ms):
                write_contact(connection, Contact(head, now_ms, since))
        return cursor

    def _recognise(self, cursor: Cursor, head: int) -> None:
        """Check that the endpoint still has the block of the cursor: at the start, after silence.

        Every later block proves it by its parent hash. One that ends below the cursor must have at
        its end what was applied there; then it is behind, or its chain's tail was cut off, and
        nothing follows from it before it has caught up.
        """
        if cursor.block is None or (self._recognised and head >= cursor.block.number):
            return
        number, expected = cursor.block.number, cursor.block.hash
        if head < self._identity.first_block:
            number, expected = 0, self._identity.genesis_hash
        elif head < number:
            number, expected = head, self._hash_at(head)
        found = self._source.headers(number, number)[0].hash
        if found != expected:
            raise ChainInconsistent(
                f"block {number} is not the one applied before",
                block=number,
                head=head,
                expected=expected.hex(),
                found=found.hex(),
            )
        if head < cursor.block.number:
            raise ChainUnavailable(
                f"the endpoint ends at block {head}, before {cursor.block.number} applied already"
            )
        self._recognised = True

    def _hash_at(self, number: int) -> bytes:
        with self._engine.connect() as connection:
            found = connection.execute(select(BLOCK.c.hash).where(BLOCK.c.number == number))
            return bytes(found.scalar_one())

    def _apply(self, chunk: Chunk, cursor: Cursor, head: int) -> Cursor | None:
        """Write a chunk; None when another follower or a rebuild moved the cursor meanwhile."""
        end = chunk.headers[-1]
        block = BlockRef(end.number, end.hash, end.timestamp)
        caught_up = block.number >= head
        moved = Cursor(block.number + 1, block, filling=cursor.filling and not caught_up)
        with self._engine.begin() as connection:
            if read_cursor(connection) != cursor:
                return None
            rows, verification = Rows(connection), self._verifiers.open()
            try:
                apply_chunk(rows, connection, self._identity, chunk, verification)
            except IntegrityError as err:
                raise ChainInconsistent(f"an event makes what is there already: {err}") from err
            move_cursor(connection, block, filling=moved.filling)
            before = find_contact(connection)
            since = None if caught_up else (before and before.behind_since_ms) or self._now_ms()
            write_contact(connection, Contact(head, self._now_ms(), since))
        return moved

    def _is_news(self, before: Contact, behind_since_ms: int | None, now_ms: int) -> bool:
        changed = (before.behind_since_ms is None) != (behind_since_ms is None)
        return changed or now_ms - before.contact_at_ms >= self._heartbeat_seconds * 1000

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def rebuild(
    engine: Engine,
    gateway: ChainSource,
    deployment: Deployment,
    *,
    clock: Callable[[], float] = time.time,
    on_advance: Callable[[Cursor], None] | None = None,
) -> Cursor:
    """Empty the model in one transaction, fill it up to the chain's head, say where it stands.

    Readers get LedgerBehind from the emptying until the head is reached. A follower beside it
    notices the moved cursor and helps; a death in between is mended by whoever follows next.

    Raises:
        ChainUnavailable: the endpoint went away; the model stays closed until a follower ends it.
        Fatal: the chain cannot be trusted.
    """
    identity = Identity.of(deployment)
    prepare(engine, identity)
    with engine.begin() as connection:
        empty(connection, identity)
    follower = Follower(engine, gateway, deployment, clock=clock, on_advance=on_advance)
    try:
        while follower.run_once():
            pass
    finally:
        follower.close()
    with engine.begin() as connection:
        return read_cursor(connection)
