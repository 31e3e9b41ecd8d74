"""The hops of a call in their order: verify, authorise, fetch, mask, seal, log, answer.

design.md section 6. Nothing is answered before its leaf is on disk. A caller who is known gets a
receipt with a refusal too, whatever a source does; a call nobody can be held to (bad signature,
stale clock) leaves none. A call to an authorisation that nothing here knows is logged by the first
department served.
"""

from __future__ import annotations

import logging
import secrets
import time
import traceback
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from ..crypto import sm3
from ..errors import (
    ClockSkew,
    InvalidInput,
    LedgerBehind,
    LedgerError,
    LogUnavailable,
    Overloaded,
    SourceUnavailable,
)
from ..log.leafdraft import LeafDraft
from ..log.logdrafts import Draft
from ..protocol.forms import authorisation_object, version_object
from ..protocol.ledger.judge import find_refusal, standing_of
from ..protocol.wire import encoding, envelope
from ..protocol.wire.ids import ZERO
from ..protocol.wire.leaf import SERVED, build_leaf, commitment
from .authorise import permit, refusal
from .caller import authentic_resend, authenticate, judged_second
from .masking import dump_rows, read_rows
from .request import parse_query
from .seals import DataKeys
from .workers import (
    GOES_ON,
    MAY_WAIT,
    Answers,
    Judged,
    Pace,
    Workers,
    finish,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from concurrent.futures import Future

    from ..log.logdrafts import Committed
    from ..log.resends import Resend
    from ..protocol.ledger.facts import (
        AuthorisationFact,
        EntryFact,
        KeyFact,
        Snapshot,
    )
    from ..protocol.wire.signedcall import SignedCall
    from .authorise import Verdict
    from .needs import (
        Documents,
        Ledger,
        Page,
        Source,
        TermsView,
        VersionView,
    )
    from .request import Query
    from .seals import Seals
    from .workers import Next, Settle, Steps

    _Ready: TypeAlias = tuple[Judged, Settle]

logger = logging.getLogger(__name__)

JSON = "application/json"
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Provider:
    """A department this node serves."""

    department: bytes
    custody: str
    """`own` or `hosted`."""
    find_log: Callable[[], bytes | None]
    """The department's log, or None while none is registered on chain."""
    sources: Mapping[bytes, Source]
    """By entry id."""

    def ready(self, entry: bytes) -> tuple[Source, bytes]:
        """Return an entry's source, and the log that takes leaves now: what people look at needs.

        Raises:
            SourceUnavailable, LogUnavailable: nothing is bound to it; nothing can be logged.
        """
        source, log = self.sources.get(entry), self.find_log()
        if source is None:
            raise SourceUnavailable("本节点没有该目录的数据源 / this node has no source for it")
        if log is None:
            raise LogUnavailable("提供部门的日志未在链上登记 / its log is not registered")
        return source, log


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a call, for whoever watches: nothing of its data."""

    event: bytes
    authorisation: int
    outcome: str
    """`served`, the code of the refusal, or `gone`: its caller did not wait."""
    seconds: float
    is_logged: bool
    """Whether its leaf is in the log; strangers' calls leave none."""


class Service:
    """Serves calls to the authorisations of some departments."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        documents: Documents,
        submit_all: Callable[[Sequence[Draft]], list[Future[Committed]]],
        find_stored: Callable[[bytes, Resend, int], Committed | None],
        providers: list[Provider],
        seals: Seals,
        page_rows: int = 1000,
        workers: int = 4,
        waiting: int = 512,
        clock: Callable[[], float] = time.time,
        on_handled: Callable[[Handled], None] = lambda _handled: None,
    ) -> None:
        """Serve `providers` with the log writer's `submit_all` and the log reader's `resend`.

        `workers` threads verify and fetch; `on_handled` is told of every call, in the event loop.

        At most `waiting` calls are in hand at once; more are refused as `overloaded`.
        """
        self._ledger = ledger
        self._documents = documents
        self._submit_all = submit_all
        self._find_stored = find_stored
        self._providers = {provider.department: provider for provider in providers}
        self._first = providers[0]
        self._seals = seals
        self._page_rows = page_rows
        self._waiting = waiting
        self.in_hand = 0
        self._clock = clock
        self._on_handled = on_handled
        self._workers = Workers(workers, "call", self._log)
        self._answers: Answers[bytes] = Answers()
        self._keys = DataKeys()
        self._paces: defaultdict[bytes, Pace] = defaultdict(Pace)
        """How sources answer, by entry."""

    async def handle(self, call: SignedCall, authorisation: int, body: bytes) -> bytes:
        """Serve one call; return the JSON of its answer (protocol.md section 6).

        Raises:
            LedgerError: the refusal; `facts["receipt"]` proves it when the caller is known.
        """
        begun, outcome, is_logged = time.perf_counter(), "gone", False
        self.in_hand += 1
        try:
            if self.in_hand > self._waiting:
                raise Overloaded(f"{self.in_hand - 1} calls are in hand")
            answer = await self._hand_over(call, authorisation, body, begun)
        except LedgerError as error:
            outcome, is_logged = error.code, "receipt" in error.facts
            raise
        else:
            outcome, is_logged = SERVED, True
            return answer
        finally:
            self.in_hand -= 1
            seconds = time.perf_counter() - begun
            self._on_handled(Handled(call.event, authorisation, outcome, seconds, is_logged))

    async def _hand_over(
        self, call: SignedCall, authorisation: int, body: bytes, since: float
    ) -> bytes:
        """Give the call to a worker, which gives it to the log; the loop wakes up once for both."""
        answer, settle = self._answers.expect()
        self._workers.put(self._handling(call, authorisation, body, since, settle))
        return await answer

    def _handling(
        self, call: SignedCall, authorisation: int, body: bytes, since: float, settle: Settle
    ) -> Steps[_Ready]:
        try:
            try:
                return (yield from self._judge(call, authorisation, body, since)), settle
            except ClockSkew as late:
                yield MAY_WAIT  # for the tile store, where the entry was moved
                stored = self._stored(call, authorisation, late)
                settle(partial(finish, None, stored))
        except Exception as error:  # noqa: BLE001 - the edge of a thread
            settle(partial(_raise, error))
        return None

    def _log(self, ready: list[_Ready]) -> None:
        """Have the log take calls that were judged together."""
        try:
            logged = self._submit_all([judged.draft for judged, _ in ready])
        except Exception as error:  # noqa: BLE001 - the edge of a thread: who is told nothing waits for ever
            for _, settle in ready:
                settle(partial(_raise, error))
            return
        for (judged, settle), future in zip(ready, logged, strict=True):
            future.add_done_callback(partial(_settle, judged.error, settle))

    def close(self) -> None:
        """End the threads, after the calls they have in hand."""
        self._workers.close()

    def _judge(
        self, call: SignedCall, authorisation: int, body: bytes, since: float
    ) -> Generator[Next, None, Judged]:
        """Take a call up to the log: everything but the commit, in the steps of `Workers`.

        It came at `since`, by `time.perf_counter()`.

        Raises:
            SignatureInvalid, ClockSkew: nobody can be held to the call; it is not logged.
            LedgerBehind: the read model cannot say whose call it is.
            LogUnavailable: the department's log is not registered.
        """
        snapshot = self._ledger.snapshot(call.key_id, authorisation, since)
        judged = judged_second(snapshot, self._clock())
        yield GOES_ON
        key = authenticate(call, snapshot, judged)
        yield GOES_ON
        provider = self._provider(snapshot)
        log = provider.find_log()
        if log is None:
            raise LogUnavailable("the department's log is not registered on the chain yet")
        work = _Work(call, authorisation, body, snapshot, key, provider, judged)
        try:
            yield from self._serve(work)
        except LedgerError as error:
            work.refuse(error)
        except Exception as error:  # noqa: BLE001 - whatever a source does, its caller gets a leaf
            _report(error)
            work.refuse(SourceUnavailable("the data behind the entry cannot be read or rendered"))
        yield GOES_ON
        return Judged(self._draft(log, work), work.error)

    def _stored(self, call: SignedCall, authorisation: int, late: ClockSkew) -> Committed:
        """Return what was answered to the same call when it was young, or raise `late`."""
        snapshot = self._ledger.snapshot(call.key_id, authorisation)
        judged = judged_second(snapshot, self._clock())
        resend = authentic_resend(call, authorisation, snapshot, judged)
        log = self._provider(snapshot).find_log()
        if resend is not None and log is not None:
            stored = self._find_stored(log, resend, int(self._clock() * 1000))
            if stored is not None:
                return stored
        raise late

    def _provider(self, snapshot: Snapshot) -> Provider:
        named = snapshot.authorisation
        found = self._providers.get(named.provider) if named is not None else None
        return found or self._first

    def _serve(self, work: _Work) -> Generator[Next, None, None]:
        """Fill in `work`, step by step; what is known when a step refuses stays for the leaf."""
        snapshot, standing = work.snapshot, standing_of(work.snapshot)
        code = find_refusal(standing, work.provider.department, work.judged)
        if code == "authorisation-unknown":
            raise refusal(code, standing, snapshot)
        work.granted = granted = snapshot.authorisation
        if work.call.media_type != JSON:
            raise InvalidInput(f"a query is {JSON}, not {work.call.media_type}")
        work.query = query = parse_query(work.body, max_page_size=self._page_rows)
        if code is not None:
            raise refusal(code, standing, snapshot)
        if granted is None or snapshot.entry is None:
            raise LedgerBehind("the read model does not have the authorisation whole")
        yield GOES_ON
        version, terms = self._papers(granted, snapshot.entry)
        work.verdict = verdict = permit(standing, work.judged, query, version, terms)
        source = work.provider.sources.get(granted.entry)
        if source is None:
            raise SourceUnavailable("this node has no source for the entry")
        after = query.after
        last = None if after is None else self._seals.open_cursor(after, work.authorisation)
        pace = self._paces[granted.entry]
        yield pace.following
        with pace.asking():
            page = read_rows(
                source,
                version.items,
                query.items,
                verdict.masks,
                conditions=verdict.conditions,
                size=query.size,
                after=last,
            )
        work.rows, work.masked = len(page.rows), verdict.masked
        yield GOES_ON
        work.plain = self._plaintext(work, query, verdict, page)
        yield GOES_ON
        key_id, public = self._documents.encryption_key(work.key.digest, work.judged)
        data_key = self._keys.get(work.key.holder, work.judged)
        sealed = envelope.seal(data_key, [(key_id, public)], work.plain, work.call.event)
        work.sealed = envelope.envelope_bytes(sealed)

    def _papers(
        self, granted: AuthorisationFact, entry: EntryFact
    ) -> tuple[VersionView, TermsView | None]:
        documents, name = self._documents, authorisation_object(granted.authorisation)
        documents.check(granted.subject, name)
        version = documents.version(entry.digest, version_object(entry.entry, entry.version))
        terms = documents.terms(granted.terms, name) if granted.terms != ZERO else None
        return version, terms

    def _plaintext(self, work: _Work, query: Query, verdict: Verdict, page: Page) -> bytes:
        following = None
        if page.last is not None:
            following = self._seals.seal_cursor(page.last, work.authorisation)
        members: dict[str, object] = {
            "rows": page.rows,
            "next": following,
            "masked": [item for item in query.items if item in verdict.masks],
            "asOf": encoding.rfc3339(work.judged),
            "opening": {
                name: encoding.b64u(self._salt(work, name)) for name in ("operator", "matter")
            },
            "salt": encoding.b64u(secrets.token_bytes(SALT_BYTES)),
        }
        return dump_rows(members)

    def _draft(self, log: bytes, work: _Work) -> Draft:
        call, granted, query, error = work.call, work.granted, work.query, work.error
        code = None if error is None else error.code
        entry, version, revision, calls, rows, body = ZERO, 0, 0, 0, 0, None
        if granted is not None:
            entry, version, revision = granted.entry, granted.version, granted.revision
            calls, rows = granted.calls_per_day, granted.rows_per_day
            # What no authorisation counts keeps no body: strangers could fill the disk with them.
            body = self._seals.seal_request(call.event, work.body)
        leaf = LeafDraft.of(
            build_leaf(
                block=work.snapshot.block,
                judged=work.judged,
                event=call.event,
                base=call.base,
                signature=call.signature,
                authorisation=work.authorisation,
                custody=work.provider.custody,
                outcome=code or SERVED,
                entry=entry,
                version=version,
                revision=revision,
                items=work.verdict.items if work.verdict is not None else 0,
                masked=work.masked,
                rows=work.rows,
                answer=sm3(work.sealed) if error is None else None,
                plain=sm3(work.plain) if error is None else None,
                operator=self._commit(work, "operator", query.operator if query else None),
                matter=self._commit(work, "matter", query.matter if query else None),
            )
        )
        return Draft(
            log=log,
            event=call.event,
            text=call.base + call.signature,
            authorisation=work.authorisation,
            counted=granted is not None,
            calls_per_day=calls,
            rows_per_day=rows,
            rows=work.rows,
            key=call.key_id,
            leaf=leaf,
            answer=work.sealed if error is None else None,
            request=body,
            refusal=code,
        )

    def _commit(self, work: _Work, name: str, value: str | None) -> bytes | None:
        return None if value is None else commitment(self._salt(work, name), value)

    def _salt(self, work: _Work, name: str) -> bytes:
        found = work.salts.get(name)
        if found is None:
            found = work.salts[name] = self._seals.salt(work.call.event, name)
        return found


@dataclass(slots=True)
class _Work:
    """One call as it goes from hop to hop; what a refusal leaves unset stays empty."""

    call: SignedCall
    authorisation: int
    body: bytes
    snapshot: Snapshot
    key: KeyFact
    provider: Provider
    judged: int
    granted: AuthorisationFact | None = None
    """The authorisation, once it is known to be the caller's own."""
    query: Query | None = None
    verdict: Verdict | None = None
    masked: int = 0
    rows: int = 0
    plain: bytes = b""
    sealed: bytes = b""
    error: LedgerError | None = None
    salts: dict[str, bytes] = field(default_factory=dict)

    def refuse(self, error: LedgerError) -> None:
        """Remember why; nothing of what was fetched goes further."""
        self.error = error
        self.masked, self.rows, self.plain, self.sealed = 0, 0, b"", b""


def _report(error: Exception) -> None:
    """Tell the operator what broke and where; never the error's text, which may hold data."""
    places = [
        f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    text = "办理一次调用时出错 / serving a call failed: %s at %s"
    logger.error(text, type(error).__name__, " > ".join(places))


def _settle(error: LedgerError | None, settle: Settle, logged: Future[Committed]) -> None:
    settle(lambda: finish(error, logged.result()))


def _raise(error: Exception) -> NoReturn:
    raise error
