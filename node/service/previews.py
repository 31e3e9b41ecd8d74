"""What a provider sees of its own rows before it replies: a few, as the consumer would get them.

The rows come the way a call's do: the same judgement of items and terms (`authorise.allow`), the
same source, the same masks. Log first, then show: `Previews.log` commits a leaf `preview` with the
digest of what is shown; what cannot be logged is not shown. A refusal shows nothing of the data and
leaves no leaf.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..crypto import sm3
from ..errors import (
    Conflict,
    DepartmentSuspended,
    EntryFrozen,
    InvalidInput,
    LedgerBehind,
    NotEntitled,
    NotFound,
)
from ..protocol.forms import authorisation_object, version_object
from ..protocol.ledger.enums import DepartmentStatus, Role
from ..protocol.wire.leaf import PREVIEW
from .authorise import allow
from .caller import judged_second
from .masking import dump_rows, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from ..log.logdrafts import Committed, Draft
    from ..protocol.evm.blocks import BlockRef
    from ..protocol.ledger.facts import AuthorisationFact, EntryFact, KeyFact, Snapshot
    from .authorise import Verdict
    from .caller import Look
    from .needs import Ledger, Page, Source, TermsView, VersionView
    from .serve import Provider

ROWS = 5
"""Of one preview: enough to see what a mask leaves, too few to be a use of the data."""
LOOKERS = Role.DATA_OFFICER | Role.OFFICE_HEAD
"""Who prepares a reply, and who signs it."""


class Papers(Protocol):
    """What it needs of `node.documents.terms.DocumentFacts`."""

    def version(self, digest: bytes, name: str) -> VersionView: ...
    def check(self, digest: bytes, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Sight:
    """Rows that somebody may look at, and what that was judged by; nothing is read yet."""

    provider: Provider
    source: Source
    log: bytes
    block: BlockRef
    judged: int
    """Seconds."""
    entry: EntryFact
    version: VersionView
    items: tuple[str, ...]
    verdict: Verdict


class Previews:
    """Previews of the rows of the departments served here."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        documents: Papers,
        providers: Iterable[Provider],
        is_due: Callable[[AuthorisationFact], bool],
        submit: Callable[[Draft], Future[Committed]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Judge by `ledger` and `documents`; `is_due` says whether the provider's reply is.

        `submit` is the log writer's.
        """
        self._ledger, self._documents, self._is_due = ledger, documents, is_due
        self._providers = {each.department: each for each in providers}
        self._submit, self._clock = submit, clock

    def offers(self, fact: AuthorisationFact) -> bool:
        """Tell whether a page should offer a preview; `judge` decides."""
        provider = self._providers.get(fact.provider)
        return provider is not None and fact.entry in provider.sources

    def judge(
        self,
        key: KeyFact,
        held: Mapping[bytes, int],
        authorisation: int,
        items: Sequence[str],
        terms: TermsView | None,
    ) -> Sight:
        """Return what a call for `items` would be answered with, were the application agreed to.

        `key` is the officer's, `held` his roles by department; `terms` are those of the reply that
        is being written, None for none.

        Raises:
            NotEntitled: he is no data officer or office head of the provider itself.
            Conflict: no reply is due.
            NotFound: there is no such application, or the provider is served by another node.
            EntryFrozen, DepartmentSuspended: by order.
            InvalidInput, ItemNotGranted: no item is left; one was not applied for.
            LedgerBehind, Contradictory: ledger or documents cannot say.
            MalformedFilter: the row scope is none.
            SourceUnavailable, LogUnavailable: nothing is bound to the entry; nothing can be logged.
        """
        snapshot = self._ledger.snapshot(key.key, authorisation)
        asked = snapshot.authorisation
        if asked is None:
            raise NotFound(f"没有授权 {authorisation} / no such authorisation")
        # Deputies from elsewhere may sign for the provider; its rows are not theirs to look at.
        if key.holder != asked.provider or not held.get(asked.provider, 0) & LOOKERS:
            raise NotEntitled(
                "只有提供部门自己的数据专管员和共享工作机构负责人可以预览本部门的数据"
                " / the provider's own data officers and office heads alone may look at its rows"
            )
        if not self._is_due(asked):
            raise Conflict("这份申请现在不待答复，不能预览 / no reply is due: nothing to preview")
        provider = self._providers.get(asked.provider)
        if provider is None:
            raise NotFound(
                "提供部门由别的节点服务，请在该节点上预览 / the provider is served by another node"
            )
        entry, version = self._entry(snapshot, asked)
        if not items:
            raise InvalidInput("没有同意的信息项，无可预览 / no item is agreed to")
        source, log = provider.ready(asked.entry)
        return Sight(
            provider,
            source,
            log,
            snapshot.block,
            judged_second(snapshot, self._clock()),
            entry,
            version,
            tuple(items),
            allow(items, (), asked.items, version, terms),
        )

    @staticmethod
    def read(sight: Sight) -> Page:
        """Return the first `ROWS` rows in the order of the source's key, masked.

        Raises:
            SourceUnavailable: the database does not answer, or holds what cannot be shared.
            MalformedFilter: the row scope cannot be compared with its columns.
        """
        version, verdict = sight.version.items, sight.verdict
        page = read_rows(
            sight.source,
            version,
            sight.items,
            verdict.masks,
            conditions=verdict.conditions,
            size=ROWS,
        )
        dump_rows({"rows": page.rows})  # what a call could not carry is not shown either
        return page

    def log(self, sight: Sight, rows: int, look: Look, shown: bytes) -> Committed:
        """Commit the leaf of a look at `shown`, which holds `rows` rows; only then is it shown.

        Raises:
            LogUnavailable, Overloaded: it cannot be logged, or was not in time.
        """
        draft = look.draft(
            PREVIEW,
            sight.log,
            block=sight.block,
            judged=sight.judged,
            custody=sight.provider.custody,
            entry=sight.entry.entry,
            version=sight.entry.version,
            items=sight.verdict.items,
            masked=sight.verdict.masked,
            rows=rows,
            answer=sm3(shown),
        )
        return self._submit(draft).result()

    def _entry(self, snapshot: Snapshot, asked: AuthorisationFact) -> tuple[EntryFact, VersionView]:
        """Return the entry at the version that was applied for, and the version's document."""
        entry, department = snapshot.entry, snapshot.provider
        if entry is None or department is None:
            raise LedgerBehind("the read model does not have the authorisation whole")
        if entry.frozen:
            raise EntryFrozen(
                "目录已依令冻结 / the entry is frozen by order", entry=entry.entry.hex()
            )
        if department.status != DepartmentStatus.ACTIVE:
            raise DepartmentSuspended("提供部门已停用 / the provider is suspended")
        self._documents.check(asked.subject, authorisation_object(asked.authorisation))
        name = version_object(entry.entry, entry.version)
        return entry, self._documents.version(entry.digest, name)
