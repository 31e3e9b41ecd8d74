"""What Prometheus may ask of a node: calls counted as they end, all else read when it is asked.

Names follow Prometheus' conventions; docs/operations.md lists them. Labels have few values: codes
of errors, departments served here, names of alarms; never a key, an authorisation or an address.
"""

from __future__ import annotations

import http.server
import threading
from collections import Counter as Tally
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from sqlalchemy.exc import SQLAlchemyError

from node.errors import LedgerError

from .journal import event
from .monitor import ALARMS
from .notices import summed
from .readings import read

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from node.service.serve import Handled

    from ..parts import Node

disable_created_metrics()  # type: ignore[no-untyped-call] # series that nobody asks for
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
REQUEST_SECONDS = 5.0
POLL_SECONDS = 0.2
_READABLE = "1 while the node's own databases can be read; without it there is nothing else."
_REFUSED = 400
_BROKEN = 500


class Watch:
    """Hears of every call and every answer of one node; safe to use from many threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "shareledger_calls", "Calls by outcome: served, or the code of the refusal.",
            ["outcome"], registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "shareledger_call_seconds", "Time from a call's arrival to its answer.",
            registry=self.registry, buckets=BUCKETS,
        )  # fmt: skip
        self._responses = Counter(
            "shareledger_http_responses", "Answers of the API by HTTP status.",
            ["status"], registry=self.registry,
        )  # fmt: skip
        # Their values are few, and to find a series again costs more than to count in it.
        self._by_outcome = cache(self._calls.labels)
        self._by_status = cache(self._responses.labels)
        self._lock = threading.Lock()
        self._refused: Tally[str] = Tally()

    def handled(self, call: Handled) -> None:
        """Count a call and write its line; one that left no leaf is only counted."""
        self._by_outcome(call.outcome).inc()
        self._seconds.observe(call.seconds)
        if call.is_logged:
            event(
                "call",
                outcome=call.outcome,
                authorisation=call.authorisation,
                ms=round(call.seconds * 1_000, 1),
                id=call.event.hex(),
            )
        else:
            self._refuse(call.outcome)

    def answered(self, status: int) -> None:
        """Count an answer; refusals outside of calls are told with the others."""
        self._by_status(str(status)).inc()
        if _REFUSED <= status < _BROKEN:
            self._refuse(f"http-{status}")

    def take_refused(self) -> dict[str, int]:
        """Return how many were refused without a leaf since this was asked last."""
        with self._lock:
            refused, self._refused = self._refused, Tally()
        return dict(sorted(refused.items()))

    def _refuse(self, kind: str) -> None:
        with self._lock:
            self._refused[kind] += 1


class Counted:
    """ASGI middleware: every answer is counted by its status."""

    def __init__(self, app: ASGIApp, watch: Watch) -> None:
        """Stand before `app`."""
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and look at the status of its answer."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._watch.answered(message["status"])
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)


class Gauges(Collector):
    """How the node fares, read when Prometheus asks."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every gauge; where the node's databases cannot be read, only that."""
        try:
            now = read(self._node)
        except (SQLAlchemyError, LedgerError, OSError):
            yield GaugeMetricFamily("shareledger_readable", _READABLE, value=0.0)
            return
        yield GaugeMetricFamily("shareledger_readable", _READABLE, value=1.0)
        settings = self._node.settings
        for name, (text, value) in {
            "calls_in_hand": ("Calls being served now.", now.calls_in_hand),
            "calls_limit": ("Calls in hand beyond which new ones are refused.",
                            settings.limits.waiting * settings.workers),
            "cursor_block": ("Last block applied to the read model.", now.cursor),
            "chain_head_block": ("Last block seen of the chain.", now.head),
            "follower_lag_blocks": ("Blocks seen and not applied.", now.head - now.cursor),
            "follower_behind_seconds": ("How long the read model is behind.", now.behind_seconds),
            "chain_contact_age_seconds": ("Since the chain last answered.",
                                          now.contact_age_seconds),
            "keeper_failures": ("Failed rounds of publishing and anchoring in a row.",
                                now.keeper_failures),
            "outbox_pending": ("Transactions not settled yet.", now.outbox_pending),
            "documents_missing": ("Documents this node should have and has not.",
                                  now.documents_missing),
            "disk_free_bytes": ("Room left where the data are.", now.disk_free_bytes),
            "tile_failures": ("Failed rounds of archiving tiles in a row.", now.tile_failures),
            "peers": ("Other nodes known.", now.peers),
            "peers_silent": ("Of them, left alone for a while: slow to fail.", now.peers_silent),
        }.items():  # fmt: skip
            yield GaugeMetricFamily(f"shareledger_{name}", text, value=float(value))
        families = {
            "entries": "Leaves of the log.",
            "published": "Leaves under the last checkpoint published.",
            "anchored": "Leaves under the last anchor on the chain.",
            "archived": "Leaves that the tile store has.",
            "checkpoint_age_seconds": "Since the last checkpoint was published.",
            "anchor_age_seconds": "Since the block of the last anchor.",
            "is_open": "1 while the chain takes anchors of it.",
        }
        for name, text in families.items():
            family = GaugeMetricFamily(f"shareledger_log_{name}", text, labels=["department"])
            for log in now.logs:
                value = getattr(log, name)
                if value is not None:
                    family.add_metric([log.department], float(value))
            yield family
        alarms = GaugeMetricFamily("shareledger_alarm", "1 while it lasts.", labels=["alarm"])
        for name in ALARMS:
            alarms.add_metric([name], float(name in self._node.monitor.active))
        yield alarms
        about = {"version": version("shareledger"), "chain": str(self._node.deployment.chain_id)}
        yield InfoMetricFamily("shareledger_node", "What runs.", value=about)


class Totals(Collector):
    """What all processes of a node have counted, those that have ended as well."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family of this process's own, with the sums of all."""
        sums = summed(each.counted for each in self._node.notices())
        for family in self._node.watch.registry.collect():
            family.samples = [
                Sample(name, dict(labels), value)
                for name, labels, value in sums
                if name.removeprefix(family.name) in {"_total", "_bucket", "_count", "_sum"}
            ]
            yield family


def registry_of(node: Node) -> CollectorRegistry:
    """Return what Prometheus is shown of a node: its gauges and what was counted."""
    registry = node.watch.registry
    if node.is_several:
        registry = CollectorRegistry()
        registry.register(Totals(node))
    registry.register(Gauges(node))
    return registry


class Exposition:
    """Answers `/metrics` on a socket of its own, one request after the other, each in bounds."""

    def __init__(self, registry: CollectorRegistry, listener: socket.socket) -> None:
        """Take a socket that listens; it is closed at the end of `run`."""

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = REQUEST_SECONDS

            def do_GET(self) -> None:
                if self.path.partition("?")[0] != "/metrics":
                    self.send_error(404)
                    return
                body = generate_latest(registry)
                self.send_response(200)
                self.send_header("Content-Type", CONTENT_TYPE_LATEST)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Write nothing: whoever may ask may not fill the log."""

        self._server = http.server.HTTPServer(
            listener.getsockname()[:2], Handler, bind_and_activate=False
        )
        self._server.socket.close()
        self._server.socket = listener
        self._server.timeout = POLL_SECONDS
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # it has gone

    def run(self, stop: threading.Event) -> None:
        """Answer until `stop` is set."""
        with self._server:
            while not stop.is_set():
                self._server.handle_request()
