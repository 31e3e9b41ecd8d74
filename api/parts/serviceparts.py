"""Who serves calls, downloads and previews, each provider with its log and its sources."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from node.anchoring.succession import PresentLog
from node.protocol.wire import ids

from .officeparts import OfficeParts

if TYPE_CHECKING:
    import threading

    from node.log import LogIdentity
    from node.service.opendata import OpenData
    from node.service.previews import Previews
    from node.service.seals import Seals
    from node.service.serve import Provider, Service
    from node.service.sources import SqlSource

    from ..loops import OnFatal
    from ..operating.metrics import Watch
    from ..operating.supplying import Bound
    from ..settings import DepartmentSettings, Settings, SourceSettings


class ServiceParts(OfficeParts):
    """What callers are answered by."""

    def __init__(self, settings: Settings, *, on_fatal: OnFatal | None = None) -> None:
        super().__init__(settings, on_fatal=on_fatal)
        self._bound: list[Bound] = []

    @cached_property
    def watch(self) -> Watch:
        """What is counted as it happens."""
        from ..operating.metrics import Watch

        return Watch()

    @cached_property
    def seals(self) -> Seals:
        from node.service.seals import Seals

        return Seals.load(self.settings.data_dir / "node.secret")

    @cached_property
    def providers(self) -> list[Provider]:
        """The departments served, each with its log and sources."""
        departments = zip(self.settings.departments, self.identities, strict=True)
        return [self._provider(department, identity) for department, identity in departments]

    def _provider(self, department: DepartmentSettings, identity: LogIdentity) -> Provider:
        from node.service.serve import Provider

        present = PresentLog(self.queries, self.reader, self.node_engine, identity)
        self._present_logs.append(present)
        return Provider(
            department=identity.department,
            custody=department.custody,
            find_log=present.find,
            sources={
                ids.entry_id(identity.department, source.entry): self._source(department, source)
                for source in department.sources
            },
        )

    def _source(self, department: DepartmentSettings, source: SourceSettings) -> SqlSource:
        from ..operating.supplying import open_source

        opened = open_source(source)
        self._closing.append(opened.close)
        self._bound.append((department.code, source, opened))
        return opened

    @cached_property
    def open_data(self) -> OpenData:
        from node.service.opendata import OpenData

        return OpenData(
            ledger=self.grants,
            entries=self.queries,
            documents=self.facts,
            providers=self.providers,
            submit=self.writer.submit,
        )

    @cached_property
    def previews(self) -> Previews:
        from node.service.previews import Previews

        return Previews(
            ledger=self.grants,
            documents=self.facts,
            providers=self.providers,
            is_due=self.queries.is_reply_due,
            submit=self.writer.submit,
        )

    @cached_property
    def service(self) -> Service:
        from node.service.serve import Service

        limits = self.settings.limits
        return Service(
            ledger=self.grants,
            documents=self.facts,
            submit_all=self.writer.submit_all,
            find_stored=self.reader.resend,
            providers=self.providers,
            seals=self.seals,
            page_rows=limits.page_rows,
            workers=limits.workers,
            waiting=limits.waiting,
            on_handled=self.watch.handled,
        )

    def _tell_sources(self, stop: threading.Event) -> None:
        from ..operating.supplying import items_of, tell

        tell(self._bound, partial(items_of, self.queries, self.store), stop)
