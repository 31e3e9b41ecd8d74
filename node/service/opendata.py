"""What anybody may download: the rows of an entry that is open to the public, with no condition.

Log first, then answer: `OpenData.log` commits a leaf `open`, which holds the digest of the file and
nothing of who asked. What cannot be logged is not handed out. A refusal hands nothing out and
leaves no leaf: strangers could fill the log with them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..crypto import sm3
from ..errors import (
    DepartmentSuspended,
    EntryFrozen,
    Forbidden,
    LedgerBehind,
    NotFound,
)
from ..log.leafdraft import LeafDraft
from ..log.logdrafts import Draft
from ..protocol.forms import version_object
from ..protocol.ledger.enums import DepartmentStatus, EntryState
from ..protocol.wire.ids import ZERO
from ..protocol.wire.leaf import OPEN, build_leaf, open_event
from .caller import judged_second
from .masking import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from ..log.logdrafts import Committed
    from ..protocol.evm.blocks import BlockRef
    from ..protocol.forms import CatalogueVersionPaper
    from ..protocol.ledger.facts import DepartmentFact, EntryFact
    from .needs import Ledger, Value
    from .serve import Provider

MOST_ROWS, MOST_CELLS, MOST_CHARACTERS = 20_000, 400_000, 16 * 1024 * 1024
"""Of one download: whichever ends it first. A file is made whole before it is sent, for its digest
stands in the log before."""
PAGE_ROWS = 1_000


class Entries(Protocol):
    """What it needs of `ledger_sync.queries.Queries`."""

    def get_entry(self, entry: bytes) -> EntryFact: ...
    def find_department(self, department: bytes) -> DepartmentFact | None: ...


class Versions(Protocol):
    """What it needs of `node.documents.terms.DocumentFacts`."""

    def version(self, digest: bytes, name: str) -> CatalogueVersionPaper: ...


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """An entry that may be downloaded now, and what that was judged by."""

    fact: EntryFact
    paper: CatalogueVersionPaper
    provider: Provider
    log: bytes
    block: BlockRef
    judged: int
    """Seconds."""

    @property
    def most_rows(self) -> int:
        return most_rows(len(self.paper.items))


@dataclass(frozen=True, slots=True)
class OpenRows:
    """The rows of a download, masked as the version says."""

    rows: list[dict[str, object]]
    masked: tuple[str, ...]
    """Codes of the items that were masked."""
    more: bool
    """Whether the source has rows that were left out."""


def most_rows(items: int) -> int:
    """Return how many rows a download of so many items has at most."""
    return min(MOST_ROWS, MOST_CELLS // max(1, items))


def is_open(paper: CatalogueVersionPaper) -> bool:
    """Tell whether a version is open to the public with no condition set (开放属性)."""
    return paper.opening.open and paper.opening.condition is None


class OpenData:
    """Downloads of the open entries of the departments served here."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        entries: Entries,
        documents: Versions,
        providers: Iterable[Provider],
        submit: Callable[[Draft], Future[Committed]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Judge by `ledger`, `entries` and `documents`; `submit` is the log writer's."""
        self._ledger, self._entries, self._documents = ledger, entries, documents
        self._providers = {each.department: each for each in providers}
        self._submit, self._clock = submit, clock

    def offers(self, fact: EntryFact, paper: CatalogueVersionPaper) -> bool:
        """Tell whether a page should name the downloads; `judge` decides."""
        provider = self._providers.get(fact.provider)
        return (
            is_open(paper)
            and fact.state == EntryState.PUBLISHED
            and not fact.frozen
            and provider is not None
            and fact.entry in provider.sources
        )

    def judge(self, entry: bytes) -> OpenEntry:
        """Return an entry that may be downloaded now.

        Raises:
            NotFound: there is none, it is not in force, or its provider is served elsewhere.
            EntryFrozen, DepartmentSuspended: by order.
            Forbidden: it is not open, or only on a condition.
            LedgerBehind, Contradictory: the ledger or the version's document cannot say.
            SourceUnavailable, LogUnavailable: nothing is bound to it; nothing can be logged.
        """
        fact = self._entries.get_entry(entry)
        snapshot = self._ledger.snapshot(ZERO, 0)
        # The block a leaf names is one at which the entry stood like this.
        if self._entries.get_entry(entry) != fact:
            raise LedgerBehind("目录刚刚变动，请重试 / the entry has just changed; try again")
        judged = judged_second(snapshot, self._clock())
        if fact.frozen:
            raise EntryFrozen("目录已依令冻结 / the entry is frozen by order", entry=entry.hex())
        if fact.state != EntryState.PUBLISHED:
            raise NotFound("目录不在发布状态 / the entry is not in force")
        paper = self._documents.version(fact.digest, version_object(entry, fact.version))
        if not is_open(paper):
            raise Forbidden("目录未无条件向社会开放 / the entry is not open without a condition")
        provider, log = self._served(fact)
        return OpenEntry(fact, paper, provider, log, snapshot.block, judged)

    def _served(self, fact: EntryFact) -> tuple[Provider, bytes]:
        """Return who serves an entry here, and the log that takes its leaves."""
        provider = self._providers.get(fact.provider)
        if provider is None:
            raise NotFound(
                "提供部门不由本节点服务，请到其节点下载 / the provider is served by another node"
            )
        department = self._entries.find_department(fact.provider)
        if department is None or department.status != DepartmentStatus.ACTIVE:
            raise DepartmentSuspended("提供部门已停用 / the provider is suspended")
        return provider, provider.ready(fact.entry)[1]

    def read(self, one: OpenEntry) -> OpenRows:
        """Read the rows of an entry, in the order of its key, up to the bounds.

        Raises:
            SourceUnavailable: the database does not answer, or holds what cannot be shared.
        """
        items = one.paper.items
        codes = tuple(item.code for item in items)
        masks = {item.code: item.mask for item in items if item.mask}
        source, most = one.provider.sources[one.fact.entry], one.most_rows
        rows: list[dict[str, object]] = []
        characters, more = 0, True
        last: Value | None = None
        while more and len(rows) < most:
            size = min(PAGE_ROWS, most - len(rows))
            page = read_rows(source, items, codes, masks, size=size, after=last)
            for row in page.rows:
                characters += sum(len(str(value)) for value in row.values())
                if characters > MOST_CHARACTERS:
                    return OpenRows(rows, tuple(masks), more=True)
                rows.append(row)
            last, more = page.last, page.last is not None
        return OpenRows(rows, tuple(masks), more)

    def log(self, one: OpenEntry, rows: int, file: bytes) -> Committed:
        """Commit the leaf of a download; only then may `file` be handed out.

        Raises:
            LogUnavailable, Overloaded: it cannot be logged, or was not in time.
        """
        event = open_event(one.judged)
        leaf = LeafDraft.of(
            build_leaf(
                OPEN,
                block=one.block,
                judged=one.judged,
                event=event,
                custody=one.provider.custody,
                entry=one.fact.entry,
                version=one.fact.version,
                rows=rows,
                answer=sm3(file),
            )
        )
        # Nobody can ask for it again under the same event: the file is not kept.
        draft = Draft(
            log=one.log, event=event, text=event, authorisation=0, counted=False, leaf=leaf
        )
        return self._submit(draft).result()
