"""What a client believes about providers, and where it has that from: never the provider itself.

`NodeTrust` asks the consumer's own node, which has checked every decision on the chain; a caller
with other means hands in its own `Trust`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ..crypto import Sm2PublicKey
from ..errors import InvalidInput, NotFound
from ..protocol.wire import encoding
from ..protocol.wire.receipt import PLACE
from .http import read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .http import SignedHttp

FRESH_SECONDS = 60
MOST_KEPT = 1024
"""Answers; receipts of many seconds ask as many questions."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """One of a department's logs and the keys that may sign its checkpoints."""

    department: str
    """Unified social credit code."""
    origin: str
    pairs: tuple[tuple[Sm2PublicKey, bytes], ...]
    """(department key, Ed25519 key of its document, 32 bytes), the newest first."""


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorisation of the client's application."""

    authorisation: int
    provider: str
    """Unified social credit code."""
    entry: bytes
    version: int
    item_codes: tuple[str, ...]
    """All items of the pinned version, in its order."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the chain holds of a log at one size."""

    root: bytes
    place: Mapping[str, object] = field(default_factory=dict)
    """Where it stands, as far as that was told: members of a receipt's `anchored`, as there."""


class Trust(Protocol):
    """What receipts are held against; every method raises NotFound for what it does not know."""

    def log_keys(
        self, department: str, generation: int | None = None, at: int | None = None
    ) -> LogKeys:
        """Return a department's present log, or that of a generation, and the keys in force now.

        With `at`, a receipt's second: those in force then or since.
        """
        ...

    def grant(self, authorisation: int) -> Grant: ...

    def anchored_size(self, department: str, generation: int) -> int:
        """Return how many leaves of a department's log of a generation the chain holds."""
        ...

    def anchor(self, department: str, generation: int, size: int) -> Anchor:
        """Return what the chain holds of a department's log of a generation at `size`."""
        ...


class NodeTrust:
    """Trust in one's own node, asked over HTTP; what it says is kept for a minute.

    Every method raises NotFound for what the node does not know or the caller may not, InvalidInput
    when its answer is not of the documented form.
    """

    def __init__(
        self, http: SignedHttp, base_url: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask the node at `base_url`, signed as the caller."""
        self._http = http
        self._base = base_url.rstrip("/") + "/api/v1"
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def log_keys(
        self, department: str, generation: int | None = None, at: int | None = None
    ) -> LogKeys:
        found = self._get(f"/departments/{department}/log", generation=generation, at=at)
        try:
            pairs = tuple(
                (Sm2PublicKey.from_raw(bytes.fromhex(key["sm2"])), encoding.hex32(key["ed25519"]))
                for key in found["keys"]
            )
        except (KeyError, TypeError, ValueError, InvalidInput) as error:
            raise InvalidInput(f"the node describes no log of {department}") from error
        origin = found.get("origin")
        if not isinstance(origin, str):
            raise InvalidInput(f"the node names no origin of the log of {department}")
        return LogKeys(department, origin, pairs)

    def grant(self, authorisation: int) -> Grant:
        found = self._get(f"/authorisations/{authorisation}")
        provider, version, codes = (
            found.get(name) for name in ("provider", "version", "itemCodes")
        )
        if not (
            isinstance(provider, str)
            and isinstance(version, int)
            and isinstance(codes, list)
            and all(isinstance(code, str) for code in codes)
        ):
            raise InvalidInput(f"the node describes no authorisation {authorisation}")
        entry = encoding.hex32(found.get("entry"))
        return Grant(authorisation, provider, entry, version, tuple(codes))

    def anchored_size(self, department: str, generation: int) -> int:
        found = self._get(f"/departments/{department}/log", generation=generation)
        size = found.get("size")
        if not isinstance(size, int):
            raise InvalidInput(f"the node does not say how far the log of {department} is anchored")
        return size

    def anchor(self, department: str, generation: int, size: int) -> Anchor:
        path = f"/departments/{department}/log/anchors/{size}"
        found = self._get(path, generation=generation)
        if found.get("size") != size:
            raise NotFound(f"no anchor of {department} has size {size}")
        place = {name: found[name] for name in PLACE if name in found}
        return Anchor(encoding.hex32(found.get("root")), place)

    def _get(self, path: str, **query: int | None) -> dict[str, Any]:
        asked = "&".join(f"{name}={each}" for name, each in query.items() if each is not None)
        url = self._base + (f"{path}?{asked}" if asked else path)
        kept = self._kept.get(url)
        if kept is not None and self._clock() - kept[0] < FRESH_SECONDS:
            return kept[1]
        found = read_object(self._http.request("GET", url))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[url] = (self._clock(), found)
        return found
