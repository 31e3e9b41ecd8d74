"""Documents between nodes: left with another before a decision, fetched after one.

Where a department's node is stands in its public document. A node that has no documents yet needs
one URL to begin with: the operator names it, or one that has moved, as an override.

What a peer hands over is believed only for its digest. A document that nobody else can be given
yet (the first node, or a department whose key is not registered) stays here alone.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import func, select
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from ..errors import (
    Fatal,
    LedgerError,
    PeerUnavailable,
    SignatureInvalid,
    Unavailable,
)
from ..protocol import forms as documents
from ..protocol.wire import ids
from .tables import binding, document

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from .bindings import Bound
    from .ports import Ledger
    from .store import DocumentStore

MEDIA_TYPE = "application/json"
SEVERAL_TYPE = "application/jsonl"
PARCEL_BYTES = documents.SIZE_LIMIT_BYTES
"""Documents that travel together: what a node takes in one request."""
HAND_OVER_SECONDS = 10.0
HAND_OVER_THREADS = 4
"""Parcels on their way at a time: each waits for the other node's disk."""
SLOW_SECONDS = 2.0
"""A node that took longer to fail is not asked for documents again for a while."""
SILENT_SECONDS = 60.0
"""How long: one dead node must not hold up what all others have."""
NEWS_SECONDS = 1.0
"""How old what is known of other processes' judgements may be."""
log = logging.getLogger(__name__)


class Directory:
    """Base URLs of nodes by department id."""

    def __init__(self, store: DocumentStore, overrides: Mapping[bytes, str] | None = None) -> None:
        """Read the department documents in `store`; `overrides` go before them."""
        self._store = store
        self._overrides = dict(overrides or {})
        self._departments: dict[bytes, documents.DepartmentPaper] = {}
        self._judged: int | None = None
        self._mark: tuple[Any, ...] = ()
        self._looked = 0.0

    def departments(self) -> dict[bytes, documents.DepartmentPaper]:
        """Return the document of every enrolled department whose document is here and holds."""
        judged = self._store.departments_judged
        if judged != self._judged or self._is_news():
            # Counted before it is read: what is judged meanwhile is read once more.
            mark = self._find_mark()
            self._departments, self._judged, self._mark = self._read(), judged, mark
        return self._departments

    def _is_news(self) -> bool:
        """Tell, looking once a second, whether another process has judged such a document."""
        now = time.monotonic()
        if now - self._looked < NEWS_SECONDS:
            return False
        self._looked = now
        return self._find_mark() != self._mark

    def _find_mark(self) -> tuple[Any, ...]:
        """Return what differs once a department's document was judged; a range of the key."""
        columns = (binding.c.judged_at, binding.c.contradiction)
        query = select(*map(func.count, columns), func.max(binding.c.judged_at)).where(
            binding.c.object.between("department:", "department;")
        )
        with self._store.reading.connect() as connection:
            return tuple(connection.execute(query).one())

    def known(self) -> list[bytes]:
        """Return every department whose node can be reached."""
        return list(dict.fromkeys((*self._overrides, *self.departments())))

    def url_of(self, department: bytes) -> str | None:
        """Return the base URL of the department's node, without a slash at the end."""
        override = self._overrides.get(department)
        if override is not None:
            return override.rstrip("/")
        paper = self.departments().get(department)
        return None if paper is None else paper.url

    def with_competent(self, departments_named: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return the departments and the competent departments of each."""
        known = self.departments()
        above = (
            ids.department_id(known[department].competent)
            for department in departments_named
            if department in known
        )
        return tuple(dict.fromkeys((*departments_named, *above)))

    def _read(self) -> dict[bytes, documents.DepartmentPaper]:
        query = (
            select(document.c.data)
            .join(binding, binding.c.digest == document.c.digest)
            .where(
                binding.c.kind == "department",
                binding.c.judged_at.is_not(None),
                binding.c.contradiction.is_(None),
            )
            .order_by(binding.c.block, binding.c.log_index)
        )
        with self._store.reading.connect() as connection:
            rows = connection.scalars(query).all()
        papers = [documents.parse(data).body for data in rows]
        return {ids.department_id(paper.code): paper for paper in papers}


class Response(Protocol):
    """What the exchange reads of an HTTP answer."""

    @property
    def content(self) -> bytes: ...


class Transport(Protocol):
    """Signed HTTP, as `client.http.SignedHttp` does it."""

    def request(
        self, method: str, url: str, body: bytes = b"", content_type: str = MEDIA_TYPE
    ) -> Response:
        """Sign and send; a problem raises the LedgerError with its code."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """A department this node speaks for."""

    department: bytes
    key: bytes
    """Id of its registered department key."""
    http: Transport


@dataclass(slots=True)
class _Parcel:
    """Documents that one department leaves with the first node that takes them."""

    identity: Identity
    urls: tuple[str, ...]
    papers: list[documents.Document]


class Exchange:
    """Hands documents to other nodes and fetches them from there."""

    def __init__(
        self,
        identities: Sequence[Identity] | Callable[[], Sequence[Identity]],
        directory: Directory,
        ledger: Ledger,
        *,
        serving: Collection[bytes] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak for `identities` to the nodes in `directory`; `monotonic` gives seconds.

        Identities that take long to open are asked for when another node is first spoken to;
        `serving` then says whose they are.
        """
        self._open = identities
        self._serving = serving
        self._directory = directory
        self._ledger = ledger
        self._monotonic = monotonic
        self._silent_until: dict[str, float] = {}
        """By URL, for nodes that lately took long to give nothing; the fetcher's alone."""

    @cached_property
    def _identities(self) -> Sequence[Identity]:
        return self._open() if callable(self._open) else self._open

    def serves(self, department: bytes) -> bool:
        if self._serving is not None:
            return department in self._serving
        return any(identity.department == department for identity in self._identities)

    def hand_over(self, data: bytes) -> str | None:
        """Leave a document with one other entitled node; return its URL.

        None: there is no other entitled node, or none of our keys is registered yet.

        Raises:
            PeerUnavailable: there are such nodes and none of them took it.
            MalformedDocument: it is not a document.
        """
        return self.hand_over_all([documents.parse(data)])[0]

    def hand_over_all(self, papers: Sequence[documents.Document]) -> list[str | None]:
        """Leave each document with one other entitled node; return their URLs, in order.

        Those for the same node travel together. A node that took none of its tries is left alone
        for the rest.

        Raises:
            PeerUnavailable: there are such nodes and none of them took one.
        """
        routes = {paper.digest: tuple(self._urls(self._entitled(paper))) for paper in papers}
        if not any(routes.values()):
            return [None for _ in papers]
        live = [each for each in self._identities if self._ledger.find_reader(each.key)]
        if not live:
            return [None for _ in papers]
        dead: dict[str, str] = {}

        def leave(parcel: _Parcel) -> str | None:
            return self._leave(parcel, dead)

        parcels = _packed(papers, live, routes)
        # The first goes alone: whether anybody is there at all is found out once.
        left = [leave(parcels[0])]
        with ThreadPoolExecutor(HAND_OVER_THREADS, thread_name_prefix="hand-over") as threads:
            left += threads.map(leave, parcels[1:])
        taken = {
            paper.digest: url
            for parcel, url in zip(parcels, left, strict=True)
            for paper in parcel.papers
        }
        return [taken[paper.digest] for paper in papers]

    def _leave(self, parcel: _Parcel, dead: dict[str, str]) -> str | None:
        """Leave a parcel with the first that takes it; `dead` gathers who does not answer."""
        refusals = []
        for url in parcel.urls:
            try:
                if url not in dead:
                    self._send(parcel, f"{url}/api/v1/documents")
                    return url
                refusals.append(f"{url}: {dead[url]}")
            except LedgerError as error:
                refusals.append(f"{url}: {error.message}")
                if isinstance(error, Unavailable):
                    dead[url] = error.message
        if refusals:
            raise PeerUnavailable(f"no other node took the document: {'; '.join(refusals)}")
        return None

    def _entitled(self, paper: documents.Document) -> Iterable[bytes]:
        if paper.public:
            return self._directory.known()
        return self._directory.with_competent(documents.departments_named(paper))

    def fetch(self, bound: Bound) -> bytes | None:
        """Return the bytes of a document from whoever may have it; None if nobody gives it.

        What is returned hashes to the digest; nothing else has been checked.
        """
        wanted = () if bound.public else tuple(bound.parties)
        identity = self._identity(wanted)
        if identity is None:
            return None
        others = self._directory.known() if bound.public else bound.parties
        path = f"/api/v1/documents/{bound.digest.hex()}"
        for url in self._urls((bound.acting, *others)):
            begun = self._monotonic()
            if begun < self._silent_until.get(url, begun):
                continue
            try:
                data = identity.http.request("GET", url + path).content
            except LedgerError as error:
                # Whatever a peer answers is its affair, not the end of ours.
                if isinstance(error, Fatal):
                    raise
                if self._monotonic() - begun > SLOW_SECONDS:
                    self._silent_until[url] = self._monotonic() + SILENT_SECONDS
                log.debug("%s gives no %s: %s", url, bound.digest.hex(), error.message)
                continue
            if documents.digest_of(data) == bound.digest:
                return data
            text = "%s 给的不是文书 %s / answered with other bytes"
            log.warning(text, url, bound.digest.hex())
        return None

    def silent(self) -> int:
        """Return how many nodes are not asked for the moment, for they were slow to fail."""
        now = self._monotonic()
        return sum(until > now for until in list(self._silent_until.values()))

    def _send(self, parcel: _Parcel, url: str) -> None:
        # A key registered a moment ago may be news to the peer; what it finds malformed stays so.
        attempts = Retrying(
            stop=stop_after_delay(HAND_OVER_SECONDS),
            wait=wait_exponential(multiplier=0.1, max=1.0),
            retry=retry_if_exception_type((Unavailable, SignatureInvalid)),
            reraise=True,
        )
        for attempt in attempts:
            with attempt:
                send = parcel.identity.http.request
                match parcel.papers:
                    case [paper]:
                        send("PUT", f"{url}/{paper.digest.hex()}", paper.data, MEDIA_TYPE)
                    case several:
                        # Canonical JSON has no line feed in it.
                        send("POST", url, b"\n".join(each.data for each in several), SEVERAL_TYPE)

    def _urls(self, departments_entitled: Iterable[bytes]) -> list[str]:
        """Return the URLs of other nodes, each once, in the order given."""
        urls: dict[str, None] = {}
        for department in departments_entitled:
            url = None if self.serves(department) else self._directory.url_of(department)
            if url is not None:
                urls[url] = None
        return list(urls)

    def _identity(self, preferred: Sequence[bytes]) -> Identity | None:
        """Return a department with a registered key, one of `preferred` if there is one."""
        live = [each for each in self._identities if self._ledger.find_reader(each.key)]
        return _preferred(live, preferred) if live else None


def _preferred(live: Sequence[Identity], departments: Sequence[bytes]) -> Identity:
    return next((each for each in live if each.department in departments), live[0])


def _packed(
    papers: Sequence[documents.Document],
    live: Sequence[Identity],
    routes: Mapping[bytes, tuple[str, ...]],
) -> list[_Parcel]:
    """Put what goes the same way together, in order, as far as a node takes it at once."""
    parcels: list[_Parcel] = []
    filling: dict[tuple[bytes, tuple[str, ...]], tuple[_Parcel, int]] = {}
    for paper in papers:
        identity = _preferred(live, documents.departments_named(paper))
        way = identity.key, routes[paper.digest]
        parcel, size = filling.get(way, (None, 0))
        size += len(paper.data) + 1
        if parcel is None or size > PARCEL_BYTES:
            parcel, size = _Parcel(identity, routes[paper.digest], []), len(paper.data) + 1
            parcels.append(parcel)
        parcel.papers.append(paper)
        filling[way] = parcel, size
    return parcels
