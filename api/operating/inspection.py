"""What `node check` opens of a node: each part once, only for reading, nothing made or changed.

It stands beside `api/parts`, whose parts make what is missing. A part that cannot be opened is not
tried again: what made it fail is raised each time it is asked for.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ledger_sync.queries import Queries
from node.chain.deployment import Deployment
from node.chain.gateway import Gateway
from node.chain.relay import RelayAccount
from node.crypto import Ed25519Signer, SoftwareSigner
from node.documents.exchange import Directory
from node.documents.store import DocumentStore
from node.errors import DecisionRefused, LedgerError
from node.log import LogReader, TileStore
from node.protocol.evm import abi
from node.protocol.wire import ids

from .reasons import naming, storing

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from node.storage.stores import Stores

    from ..settings import DepartmentSettings, Settings

T = TypeVar("T")
CHAIN_SECONDS = 5.0
NOT_OPENED = "密钥打不开：口令不对、文件损坏，或是别种密钥（请与 password_file 核对）"


class part(Generic[T]):  # noqa: N801 - reads as the decorator it is
    """A part of an inspection, made once (`Inspection.once`)."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__

    @overload
    def __get__(self, at: None, _owner: object) -> part[T]: ...
    @overload
    def __get__(self, at: Inspection, _owner: object) -> T: ...
    def __get__(self, at: Inspection | None, _owner: object) -> T | part[T]:
        if at is None:
            return self
        return at.once(self._name, lambda: self._make(at))


class Inspection:
    """One node as its settings describe it, looked at from outside."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self.said: set[str] = set()
        """What has been said to be wrong already."""
        self._made: dict[str, tuple[Any, LedgerError | None]] = {}
        self._closing = ExitStack()

    def close(self) -> None:
        self._closing.close()

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` makes at the first call; what it raises is raised each time."""
        if name not in self._made:
            try:
                self._made[name] = make(), None
            except LedgerError as error:
                self._made[name] = None, error
        value, failure = self._made[name]
        if failure is not None:
            raise failure
        return value  # type: ignore[no-any-return]

    @part
    def password(self) -> bytes:
        return self.settings.password

    @part
    def deployment(self) -> Deployment:
        path = self.settings.deployment
        with naming("deployment", path, "应为 chain deploy 写出的 deployment.json"):
            return Deployment.load(path)

    @part
    def chain(self) -> Gateway:
        """The chain's endpoint, once it has answered."""
        gateway = Gateway(self.settings.chain_url, timeout_seconds=CHAIN_SECONDS)
        self._closing.callback(gateway.close)
        gateway.chain_id()
        return gateway

    @part
    def relay(self) -> RelayAccount:
        path = self.settings.relay_key
        with naming("relay_key", path, NOT_OPENED):
            return RelayAccount.load(path, self.password)

    def signer(self, one: DepartmentSettings) -> SoftwareSigner:
        return self.once(f"sign {one.code}", lambda: self._signer(one))

    def log_key(self, one: DepartmentSettings) -> Ed25519Signer:
        return self.once(f"log {one.code}", lambda: self._log_key(one))

    def log_of(self, one: DepartmentSettings) -> bytes:
        """Return the id of the log the settings name."""
        deployment = self.deployment
        origin = ids.log_origin(deployment.chain_id, deployment.registry, one.code, one.generation)
        return ids.log_id(origin)

    def find(self, contract: str, function: str, **arguments: object) -> dict[str, Any] | None:
        """Return what a view of a contract on the chain answers; None for what it does not know."""
        data = abi.encode_call(contract, function, arguments)
        try:
            answer = self.chain.call(self.deployment.contracts[contract].address, data)
        except DecisionRefused as error:
            if str(error.facts.get("name", "")).endswith("Unknown"):
                return None
            raise
        found = abi.decode_result(contract, function, answer)
        only = next(iter(found.values()))
        return only if isinstance(only, dict) else {**found, "only": only}

    @part
    def stores(self) -> Stores:
        return self.settings.stores

    @part
    def queries(self) -> Queries | None:
        """The read model; None before the node has run."""
        engine = self._open("ledger.db")
        return None if engine is None else Queries(engine)

    @part
    def node_engine(self) -> Engine | None:
        return self._open("node.db")

    @part
    def store(self) -> DocumentStore | None:
        engine = self.node_engine
        return None if engine is None else DocumentStore(engine, create=False)

    @part
    def directory(self) -> Directory | None:
        overrides = {ids.department_id(code): url for code, url in self.settings.peers.items()}
        return None if self.store is None else Directory(self.store, overrides)

    @part
    def reader(self) -> LogReader | None:
        """The logs; None before the node has run."""
        engine = self._open("log.db")
        return None if engine is None else LogReader(engine, store=self.tile_store)

    @part
    def tile_store(self) -> TileStore | None:
        """Where full tiles are besides the tables; None: nowhere."""
        place = self.settings.tile_place
        return None if place is None else TileStore(place)

    def paper(self, digest: bytes) -> Any:  # noqa: ANN401 - a paper of any kind
        """Return what a document that is here says, or None."""
        from node.protocol.forms import parse

        data = None if self.store is None else self.store.find(digest)
        return None if data is None else parse(data).body

    def _open(self, name: str) -> Engine | None:
        with storing(self.settings.data_dir):
            engine = self.stores.open_unchanged(name.removesuffix(".db"))
            if engine is None:
                return None
            self._closing.callback(engine.dispose)
            with engine.connect():  # here what it is not, is found
                return engine

    def _signer(self, one: DepartmentSettings) -> SoftwareSigner:
        with naming(f"{one.code} 的 department_key", one.department_key, NOT_OPENED):
            return SoftwareSigner.load(one.department_key, self.password)

    def _log_key(self, one: DepartmentSettings) -> Ed25519Signer:
        with naming(f"{one.code} 的 log_key", one.log_key, NOT_OPENED):
            return Ed25519Signer.load(one.log_key, self.password)
