"""The parts of one node, joined: every port gets its implementation here and nowhere else.

A part is made when it is first asked for, so that a command line that sends one decision opens
no more than it needs; what only a running node has, or who asks others, is imported then as well
(httpx alone takes 0.2 s). The thread that opens a node asks for the parts its other threads share.
"""

from __future__ import annotations

import contextlib
import logging
from enum import Enum
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING

from ledger_sync.follower import HEARTBEAT_SECONDS, Follower
from ledger_sync.grants import Grants
from ledger_sync.queries import Queries
from ledger_sync.readers import Papers
from ledger_sync.usage import CallLists
from ledger_sync.weighing import Weigher
from node.anchoring.anchorer import Anchorer
from node.anchoring.keeper import Keeper
from node.anchoring.publisher import Publisher, check_logs
from node.anchoring.succession import PresentLog
from node.chain import deployment as deployments
from node.chain.gateway import Gateway
from node.chain.outbox import Outbox
from node.chain.relay import RelayAccount, RelayFile
from node.crypto import Ed25519Signer, SoftwareSigner, run_self_test
from node.crypto.passwords import read_password
from node.documents.access import DocumentAccess
from node.documents.bindings import Bindings
from node.documents.exchange import Directory, Exchange, Identity
from node.documents.fetcher import Fetcher
from node.documents.search import CatalogueSearch
from node.documents.store import DocumentStore
from node.documents.terms import DocumentFacts
from node.log import (
    Archivist,
    FarWriter,
    LogIdentity,
    LogReader,
    LogWriter,
    Marks,
    Strips,
    Tallier,
    Tallies,
    TileStore,
)
from node.office.desk import Desk
from node.office.drafting import Drafter
from node.office.repeats import Repeats
from node.protocol.forms import SIZE_LIMIT_BYTES
from node.protocol.wire import ids
from node.storage.engines import private_folder
from node.storage.migrations import upgrade

from .loops import FarBell, Loops
from .operating.kept import tables_of
from .operating.notices import (
    FOLDER,
    keep_noticed,
    notice_of,
    read_notices,
)
from .operating.reasons import listen, naming

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from ledger_sync.model import Cursor
    from node.chain.deployment import Deployment
    from node.office.comparisons import Comparisons
    from node.office.drafts import Drafts
    from node.office.intents import Workshop
    from node.office.preparing import Preparer
    from node.office.readersessions import Readers
    from node.office.sessions import Sessions
    from node.office.submitting import Submitter
    from node.office.turnstile import Turnstile
    from node.service.opendata import OpenData
    from node.service.previews import Previews
    from node.service.seals import Seals
    from node.service.serve import Provider, Service
    from node.service.sources import SqlSource
    from node.storage.stores import Stores

    from .console.board.streaming import Board
    from .http.identity import IdentityProvider
    from .loops import OnFatal
    from .operating.journal import Bounded
    from .operating.metrics import Watch
    from .operating.monitor import Monitor
    from .operating.notices import Notice
    from .operating.supplying import Bound
    from .settings import DepartmentSettings, Settings, SourceSettings

logger = logging.getLogger(__name__)

PEER_SECONDS = 10.0
"""How long another node may take over one document."""
METRICS = ("[metrics] host", "[metrics] port")
NOT_OPENED = "密钥打不开：口令不对、文件损坏，或是别种密钥（请与 password_file 核对）"


class Part(Enum):
    """Which part of a node a process is."""

    WHOLE = "node"
    FRONT = "front"
    """Answers over HTTP; submits to the writer, and rings the keeper's bell."""
    KEEPER = "keeper"
    """Follows the chain, fetches documents, publishes, anchors, watches."""
    WRITER = "writer"
    """Writes the log alone, and opens nothing else."""


class Bells:
    """What a node's processes ring each other by; made before they are."""

    def __init__(self) -> None:
        self.documents, self.growth = FarBell(), FarBell()


class Node:
    """One node as its settings describe it; `start` runs it, `stop` ends it."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_fatal: OnFatal | None = None,
    ) -> None:
        """Open nothing yet; `on_fatal` replaces what ends the process (loops.py)."""
        self.settings = settings
        self.part, self.process = Part.WHOLE, "node"
        self.loops = Loops(on_fatal)
        self.bounded: Bounded | None = None
        """What the operational log leaves out, once it is configured."""
        self._present_logs: list[PresentLog] = []
        self._bound: list[Bound] = []
        self._closing: list[Callable[[], None]] = []
        with naming("data_dir", settings.data_dir, "文件夹建不成或进不去，请核对路径、属主和权限"):
            private_folder(settings.data_dir)

    def load(self) -> None:
        """Read what all parts of a node of several processes need: before they are forked.

        Files are read, keys opened but the relay's, which the keeper opens; ciphers are tested; no
        database is opened and no thread begun.

        Raises:
            Fatal: one of them is not what it must be.
        """
        run_self_test()
        _ = self.deployment, self.identities, self.watch
        for module in ("opendata", "previews", "serve"):
            import_module(f"node.service.{module}")
        for module in ("preparing", "readersessions", "sessions", "submitting", "turnstile"):
            import_module(f"node.office.{module}")
        for module in (
            "api.operating.supplying",
            "api.refusing_words",
            "node.client.http",
        ):
            import_module(module)

    def become(self, part: Part, process: str, bells: Bells) -> None:
        """Be one part of a node, in a process of that name, before `start`."""
        self.part, self.process = part, process
        if part is Part.FRONT:
            self.loops.documents = bells.documents
        if part is Part.KEEPER:
            bells.documents.ring_here(self.loops.documents)
            bells.growth.ring_here(self.loops.growth)

    # The chain

    @cached_property
    def deployment(self) -> Deployment:
        path = self.settings.deployment
        with naming("deployment", path, "应为 chain deploy 写出的 deployment.json"):
            return deployments.Deployment.load(path)

    @cached_property
    def gateway(self) -> Gateway:
        return Gateway(self.settings.chain_url)

    @cached_property
    def relay(self) -> RelayAccount | RelayFile:
        path, password = self.settings.relay_key, self.settings.password
        with naming("relay_key", path, NOT_OPENED):
            if self.part is Part.FRONT:
                # The keeper, which is begun before any front, has opened it.
                return RelayFile(path, password)
            return RelayAccount.load(path, password)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.node_engine, self.gateway, self.relay)

    # The read model

    @cached_property
    def follower(self) -> Follower:
        return Follower(
            self._open("ledger.db"),
            self.gateway,
            self.deployment,
            on_advance=self._advanced,
            heartbeat_seconds=min(HEARTBEAT_SECONDS, self.settings.limits.unseen_seconds / 4),
        )

    @cached_property
    def ledger_engine(self) -> Engine:
        """The read model, for reading."""
        return self._open("ledger.db", readonly=True)

    @cached_property
    def queries(self) -> Queries:
        return Queries(self.ledger_engine)

    @cached_property
    def grants(self) -> Grants:
        return Grants(
            self.ledger_engine,
            max_unseen_seconds=self.settings.limits.unseen_seconds,
            on_advance=self._forget_logs,
        )

    @cached_property
    def papers(self) -> Papers:
        return Papers(self.ledger_engine)

    # Documents

    @cached_property
    def node_engine(self) -> Engine:
        """node.db: documents, outbox, published checkpoints."""
        return self._open_kept("node")

    @cached_property
    def store(self) -> DocumentStore:
        return DocumentStore(self.node_engine)

    @cached_property
    def directory(self) -> Directory:
        overrides = {ids.department_id(code): url for code, url in self.settings.peers.items()}
        return Directory(self.store, overrides)

    @cached_property
    def exchange(self) -> Exchange:
        """Documents to and from other nodes, signed with the departments' keys."""
        served = {ids.department_id(each.code) for each in self.settings.departments}
        return Exchange(self._identities, self.directory, self.papers, serving=served)

    def _identities(self) -> list[Identity]:
        from node.client.http import SignedHttp

        identities = []
        for department in self.settings.departments:
            signer = self._signers[department.code]
            # One try: whoever asks another node asks again by itself.
            http = SignedHttp(
                signer,
                attempts=1,
                timeout_seconds=PEER_SECONDS,
                answer_seconds=PEER_SECONDS,
                answer_bytes=2 * SIZE_LIMIT_BYTES,
            )
            self._closing.append(http.close)
            identities.append(
                Identity(ids.department_id(department.code), signer.public_key.key_id, http)
            )
        return identities

    @cached_property
    def bindings(self) -> Bindings:
        return Bindings(self.store, serves=self.exchange.serves)

    @cached_property
    def search(self) -> CatalogueSearch:
        return CatalogueSearch(self.node_engine)

    @cached_property
    def access(self) -> DocumentAccess:
        return DocumentAccess(self.store, self.bindings, self.papers)

    @cached_property
    def facts(self) -> DocumentFacts:
        return DocumentFacts(self.store, self.bindings)

    @cached_property
    def fetcher(self) -> Fetcher:
        return Fetcher(self.store, self.bindings, self.search, self.exchange, self.papers)

    @cached_property
    def desk(self) -> Desk:
        return Desk(
            self.deployment, self.gateway, self.outbox, self.store, self.exchange.hand_over_all
        )

    @cached_property
    def drafter(self) -> Drafter:
        return Drafter(self.queries, self.store)

    # The office

    @cached_property
    def office_engine(self) -> Engine:
        """office.db: sign-ins, sessions, drafts."""
        return self._open_kept("office")

    @cached_property
    def sessions(self) -> Sessions:
        from node.office.sessions import Sessions

        return Sessions(self.office_engine, self.queries)

    @cached_property
    def readers(self) -> Readers | None:
        """Sessions of people who only read; None: no provider signs them in."""
        from node.office.readersessions import Place, Readers

        oidc = self.settings.console.oidc
        if oidc is None:
            return None
        places = [
            Place(each.value, ids.department_id(each.department), frozenset(each.seats))
            for each in oidc.readers
        ]
        return Readers(self.office_engine, self.queries, places)

    @cached_property
    def identity_provider(self) -> IdentityProvider | None:
        from .http.identity import IdentityProvider

        oidc = self.settings.console.oidc
        if oidc is None:
            return None
        provider = IdentityProvider(oidc, read_password(oidc.client_secret_file))
        self._closing.append(provider.close)
        return provider

    @cached_property
    def turnstile(self) -> Turnstile:
        from node.office.turnstile import Turnstile

        return Turnstile(self.office_engine)

    @cached_property
    def drafts(self) -> Drafts:
        from node.office.drafts import Drafts

        return Drafts(self.office_engine)

    @cached_property
    def comparisons(self) -> Comparisons:
        from node.documents.coverage import Coverage
        from node.office.comparisons import Comparisons
        from node.office.makings import Makings

        makings = Makings(self.office_engine)
        return Comparisons(makings, self.queries, self.store, Coverage(self.node_engine))

    @cached_property
    def repeats(self) -> Repeats:
        return Repeats(self.node_engine)

    @cached_property
    def weigher(self) -> Weigher:
        return Weigher(self.ledger_engine, self.deployment)

    @cached_property
    def workshop(self) -> Workshop:
        from node.office.intents import Workshop

        return Workshop(self.drafter, self.deployment, lambda: self.relay.address)

    @cached_property
    def preparer(self) -> Preparer:
        from node.office.preparing import Preparer

        from .refusing_words import explain

        return Preparer(
            self.workshop,
            self.desk,
            self.weigher,
            self.queries,
            repeats=self.repeats,
            explain=explain,
        )

    @cached_property
    def submitter(self) -> Submitter:
        from node.office.submitting import Submitter

        return Submitter(self.desk, self.repeats, self.weigher, self.queries)

    # The logs

    @cached_property
    def identities(self) -> list[LogIdentity]:
        """The log of each department served, in the order of the settings."""
        registry = self.deployment.registry
        found = []
        for department in self.settings.departments:
            origin = ids.log_origin(
                self.deployment.chain_id, registry, department.code, department.generation
            )
            found.append(
                LogIdentity(
                    log=ids.log_id(origin),
                    origin=origin,
                    department=ids.department_id(department.code),
                    sm2=self._signers[department.code],
                    ed25519=self._log_key(department),
                )
            )
        return found

    @cached_property
    def writer(self) -> LogWriter | FarWriter:
        if self.is_several:
            return FarWriter(self.log_socket)
        return LogWriter(
            self.open_log(),
            self.identities,
            on_fatal=lambda error: self.loops.fail("log writer", error),
            on_commit=self.loops.growth.set,
            strangers_per_day=self.settings.limits.strangers_per_day,
        )

    @property
    def is_several(self) -> bool:
        """Whether this process is one of several that are the node."""
        return self.part is not Part.WHOLE

    def open_log(self) -> Engine:
        """Open log.db for its one writer."""
        return self._open("log.db")

    @property
    def log_socket(self) -> Path:
        """Where the log writer listens that is a process of its own."""
        return self.settings.data_dir / "log.sock"

    @cached_property
    def reader(self) -> LogReader:
        """The logs, for reading; log.db exists once the writer was started."""
        engine = self._open("log.db", readonly=True)
        return LogReader(engine, published=self.node_engine, store=self.tile_store)

    @cached_property
    def tile_store(self) -> TileStore | None:
        """Where full tiles are besides the tables; None: nowhere."""
        place = self.settings.tile_place
        return None if place is None else TileStore(place)

    @cached_property
    def archivist(self) -> Archivist | None:
        """What brings them there."""
        if self.tile_store is None:
            return None
        return Archivist(
            self.open_log(),
            self.node_engine,
            self.reader,
            self.tile_store,
            anchored=self._anchored_size,
            local_entries=self.settings.tiles.local_entries,
        )

    def _anchored_size(self, log: bytes) -> int:
        """Return how many leaves of a log the followed chain knows."""
        fact = self.queries.find_log(log)
        return 0 if fact is None else fact.size

    @cached_property
    def tallies(self) -> Tallies:
        """Calls counted by hour; tally.db exists once a node that shows pages has started."""
        return Tallies(self._open("tally.db", readonly=True))

    @cached_property
    def marks(self) -> Marks:
        """How the hashes of leaves begin."""
        return Marks(self._open("tally.db", readonly=True))

    @cached_property
    def calls(self) -> CallLists:
        """Calls by who and what for, counted or listed."""
        return CallLists(self.ledger_engine, Strips(self._open("tally.db", readonly=True)))

    @cached_property
    def keeper(self) -> Keeper:
        anchoring = self.settings.anchoring
        logs = [identity.log for identity in self.identities]
        publisher = Publisher(
            self.node_engine, self.reader, logs, interval_ms=int(anchoring.publish_seconds * 1000)
        )
        anchorer = Anchorer(
            self.node_engine,
            self.reader,
            logs,
            chain=self.gateway,
            sender=self.outbox,
            contract=self.deployment.anchors,
            relay=self.relay.address,
            interval_seconds=anchoring.anchor_seconds,
            leaves=anchoring.anchor_leaves,
        )
        return Keeper(publisher, anchorer, self.outbox)

    # The service

    @cached_property
    def seals(self) -> Seals:
        from node.service.seals import Seals

        return Seals.load(self.settings.data_dir / "node.secret")

    @cached_property
    def providers(self) -> list[Provider]:
        """The departments served, each with its log and sources."""
        departments = zip(self.settings.departments, self.identities, strict=True)
        return [self._provider(department, identity) for department, identity in departments]

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

    # What people see

    @cached_property
    def board(self) -> Board:
        """The wall's state and stream, shared by all who look."""
        from .console.board.streaming import Board
        from .console.board.watching import Watcher

        return Board(Watcher(self).see)

    @cached_property
    def watch(self) -> Watch:
        """What is counted as it happens."""
        from .operating.metrics import Watch

        return Watch()

    @cached_property
    def monitor(self) -> Monitor:
        """What is looked at every few seconds."""
        from .operating.monitor import Monitor

        return Monitor(self, self.bounded)

    def notices(self) -> list[Notice]:
        """Return how every process of the node fares."""
        if self.part is Part.WHOLE:
            return [notice_of(self)]
        return read_notices(self.settings.data_dir / FOLDER) or [notice_of(self)]

    def start(self) -> None:
        """Check that it is right to serve, then start the loops of this part of the node.

        Raises:
            Fatal: a cipher, the chain, a log or a setting is not what it must be.
            ChainUnavailable: nothing can be checked.
        """
        if self.part is Part.FRONT:
            # `load` has tested the ciphers, the keeper has checked all else.
            self.writer.start()
            self._make_served()
        else:
            self._keep()
        if self.is_several:
            folder = self.settings.data_dir / FOLDER
            self.loops.start("notices", partial(keep_noticed, self, folder))

    def _keep(self) -> None:
        """Check the chain and the logs, then start all that goes on by itself."""
        run_self_test()
        _ = self.relay
        port = self.settings.metrics.port
        listener = None if port is None else listen("127.0.0.1", port, names=METRICS)
        if listener is not None:
            self._closing.append(listener.close)
        deployment, url = self.deployment, self.settings.chain_url
        with naming("chain_url", url, "链端点没有应答，或不是 deployment.json 所写的链"):
            deployments.check(self.gateway, deployment)
        follower = self.follower
        if self.part is Part.WHOLE:
            self.writer.start()
        # Before the keeper signs anything: a disk that was rolled back would anchor a second past.
        check_logs(
            self.node_engine,
            self.reader,
            [identity.log for identity in self.identities],
            chain=self.gateway,
            contract=self.deployment.anchors,
        )
        if self.part is Part.WHOLE:
            self._make_served()
        # The loops' own, and what brings the tables fronts read to their newest form.
        _ = self.providers, self.queries, self.search, self.keeper, self.exchange, self.watch
        _ = self.monitor, self.office_engine, self.archivist
        if not self.directory.known():
            logger.warning(
                "本节点没有任何文书，也没有 [peers]：除非是首个部门的节点，否则不知道向谁取文书，"
                "请在配置里写明一个 / this node has no document and no [peers]: unless it is the "
                "first department's, it knows no other to ask; name one in its settings"
            )
        self.loops.start("follower", follower.run)
        self.loops.start("keeper", partial(self.keeper.run, wake=self.loops.growth))
        self.loops.start("fetcher", partial(self.fetcher.run, wake=self.loops.documents))
        self.loops.start("monitor", self.monitor.run)
        if self.archivist is not None:
            self.loops.start("archivist", self.archivist.run)
        self.loops.start("sources", self._tell_sources)
        if self.settings.console.on:
            self.loops.start("tallier", Tallier(self.reader, self._open("tally.db")).run)
        if listener is not None:
            from .operating.metrics import Exposition, registry_of

            self.loops.start("metrics", Exposition(registry_of(self), listener).run)

    def _make_served(self) -> None:
        """Make what request threads share, before there are any."""
        _ = self.service, self.access, self.queries, self.search, self.exchange
        _ = self.preparer, self.submitter, self.sessions, self.turnstile, self.open_data
        _ = self.previews, self.readers, self.identity_provider, self.calls

    def stop(self) -> None:
        """End what was started: calls first, then the loops, the logs, and what they stand on."""
        with contextlib.ExitStack() as stack:
            for close in self._closing:
                stack.callback(close)
            # A part nobody asked for was never made.
            for name in ("gateway", "writer", "follower"):
                if name in self.__dict__:
                    part = getattr(self, name)
                    stack.callback(part.stop if name == "writer" else part.close)
            stack.callback(self.loops.stop)
            if "service" in self.__dict__:
                stack.callback(self.service.close)

    def _open(self, name: str, *, readonly: bool = False) -> Engine:
        engine = self._stores.open(name.removesuffix(".db"), readonly=readonly)
        self._closing.append(engine.dispose)
        return engine

    def _open_kept(self, name: str) -> Engine:
        """Open a store that follows from nothing else, at its newest revision."""
        engine = self._open(f"{name}.db")
        upgrade(engine, name, tables_of(name))
        return engine

    @cached_property
    def _stores(self) -> Stores:
        stores = self.settings.stores
        stores.prepare()
        return stores

    def _advanced(self, _cursor: Cursor) -> None:
        self.loops.documents.set()

    def _forget_logs(self) -> None:
        for present in self._present_logs:
            present.forget()

    @cached_property
    def _signers(self) -> dict[str, SoftwareSigner]:
        password = self.settings.password
        found = {}
        for department in self.settings.departments:
            path = department.department_key
            with naming(f"{department.code} 的 department_key", path, NOT_OPENED):
                found[department.code] = SoftwareSigner.load(path, password)
        return found

    def _log_key(self, department: DepartmentSettings) -> Ed25519Signer:
        with naming(f"{department.code} 的 log_key", department.log_key, NOT_OPENED):
            return Ed25519Signer.load(department.log_key, self.settings.password)

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
        from .operating.supplying import open_source

        opened = open_source(source)
        self._closing.append(opened.close)
        self._bound.append((department.code, source, opened))
        return opened

    def _tell_sources(self, stop: threading.Event) -> None:
        from .operating.supplying import items_of, tell

        tell(self._bound, partial(items_of, self.queries, self.store), stop)
