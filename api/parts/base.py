"""What every part of a node stands on: its settings, loops, keys, stores, the chain's endpoint."""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from node.chain.deployment import Deployment
from node.chain.gateway import Gateway
from node.chain.relay import RelayAccount
from node.crypto import SoftwareSigner
from node.storage.engines import private_folder
from node.storage.migrations import upgrade

from ..loops import FarBell, Loops
from ..operating.kept import tables_of
from ..operating.reasons import naming

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from node.storage.stores import Stores

    from ..loops import OnFatal
    from ..operating.journal import Bounded
    from ..settings import Settings

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


class Base:
    """Settings opened: keys and stores by name, each once."""

    def __init__(self, settings: Settings, *, on_fatal: OnFatal | None = None) -> None:
        """Open nothing yet; `on_fatal` replaces what ends the process (loops.py)."""
        self.settings = settings
        self.part, self.process = Part.WHOLE, "node"
        self.is_looking = False
        """Whether what is kept is only read, as it lies there."""
        self.loops = Loops(on_fatal)
        self.bounded: Bounded | None = None
        """What the operational log leaves out, once it is configured."""
        self._closing: list[Callable[[], None]] = []
        with naming("data_dir", settings.data_dir, "文件夹建不成或进不去，请核对路径、属主和权限"):
            private_folder(settings.data_dir)

    def become(self, part: Part, process: str, bells: Bells) -> None:
        """Be one part of a node, in a process of that name, before `start`."""
        self.part, self.process = part, process
        if part is Part.FRONT:
            self.loops.documents = bells.documents
        if part is Part.KEEPER:
            bells.documents.ring_here(self.loops.documents)
            bells.growth.ring_here(self.loops.growth)

    @cached_property
    def deployment(self) -> Deployment:
        path = self.settings.deployment
        with naming("deployment", path, "应为 chain deploy 写出的 deployment.json"):
            return Deployment.load(path)

    @cached_property
    def gateway(self) -> Gateway:
        return Gateway(self.settings.chain_url)

    @cached_property
    def relay(self) -> RelayAccount:
        path, password = self.settings.relay_key, self.settings.password
        with naming("relay_key", path, NOT_OPENED):
            return RelayAccount.load(path, password)

    @property
    def is_several(self) -> bool:
        """Whether this process is one of several that are the node."""
        return self.part is not Part.WHOLE

    @cached_property
    def node_engine(self) -> Engine:
        """node.db: documents, outbox, published checkpoints."""
        return self._open_kept("node")

    def _open(self, name: str, *, readonly: bool = False) -> Engine:
        engine = self._stores.open(name.removesuffix(".db"), readonly=readonly)
        self._closing.append(engine.dispose)
        return engine

    def _open_kept(self, name: str) -> Engine:
        """Open a store that follows from nothing else, at its newest revision unless looking."""
        engine = self._open(f"{name}.db", readonly=self.is_looking)
        if not self.is_looking:
            upgrade(engine, name, tables_of(name))
        return engine

    @cached_property
    def _stores(self) -> Stores:
        stores = self.settings.stores
        stores.prepare()
        return stores

    @cached_property
    def _signers(self) -> dict[str, SoftwareSigner]:
        password = self.settings.password
        found = {}
        for department in self.settings.departments:
            path = department.department_key
            with naming(f"{department.code} 的 department_key", path, NOT_OPENED):
                found[department.code] = SoftwareSigner.load(path, password)
        return found
