"""One node whole: what is seen of it, how it starts and how it ends."""

from __future__ import annotations

import contextlib
import logging
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING

from node.anchoring.publisher import check_logs
from node.chain import deployment as deployments
from node.crypto import run_self_test
from node.log import Tallier

from ..operating.notices import (
    FOLDER,
    keep_noticed,
    notice_of,
    read_notices,
)
from ..operating.reasons import listen, naming
from .base import Part
from .serviceparts import ServiceParts

if TYPE_CHECKING:
    from ..console.board.streaming import Board
    from ..operating.monitor import Monitor
    from ..operating.notices import Notice

logger = logging.getLogger(__name__)

METRICS = ("[metrics] host", "[metrics] port")


class Node(ServiceParts):
    """One node as its settings describe it; `start` runs it, `stop` ends it."""

    def load(self) -> None:
        """Read what all parts of a node of several processes need: before they are forked.

        Files are read, keys opened, ciphers tested; no database is opened and no thread begun.

        Raises:
            Fatal: one of them is not what it must be.
        """
        run_self_test()
        _ = self.deployment, self.relay, self.identities, self.watch
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

    @cached_property
    def board(self) -> Board:
        """The wall's state and stream, shared by all who look."""
        from ..console.board.streaming import Board
        from ..console.board.watching import Watcher

        return Board(Watcher(self).see)

    @cached_property
    def monitor(self) -> Monitor:
        """What is looked at every few seconds."""
        from ..operating.monitor import Monitor

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
            from ..operating.metrics import Exposition, registry_of

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
