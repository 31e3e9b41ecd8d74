"""Towns that were founded once, and of which each file of tests starts its own copy: `moulds`.

A town takes two dozen decisions to be founded, three seconds of processor time; a copy of its
chain and of its node's folder goes on where it ended, in half a second. The departments' papers
name their node's port, so all copies of a worker serve there, one after the other, and its moulds
are its own. What is founded as the subject of a test, or on a database server, is founded anew.
"""

from __future__ import annotations

import shutil
import socket
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from api.parts import Node
from api.settings import load_settings
from node.chain.gateway import Gateway
from tests.common import pgstores
from tests.common.chain import deployed_on, running_chain
from tests.common.nodes import running_town, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.common.chain import LedgerChain
    from tests.common.nodes import NodeTown


@dataclass(frozen=True, slots=True)
class Mould:
    """A town at rest: its node's folder, with the chain's beside it, and what was known of it."""

    folder: Path
    town: NodeTown
    """Its contracts, keys, numbers and papers; what ran has ended."""

    @contextmanager
    def copied(self, folder: Path) -> Iterator[LedgerChain]:
        """Copy it, and run its chain."""
        shutil.copytree(chain_of(self.folder), chain_of(folder))
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        with (
            running_chain(chain_of(folder)) as running,
            closing(Gateway(running.url)) as gateway,
        ):
            yield replace(self.town.chain, running=running, gateway=gateway)

    @contextmanager
    def cast(self, folder: Path, **options: Any) -> Iterator[NodeTown]:
        """Start a chain and a node on copies."""
        keys, kept = self.town.keys.copy(), self.town
        with (
            self.copied(folder) as chain,
            running_town(folder, chain, keys=keys, **options) as town,
        ):
            town.first = kept.first
            town.application_paper = kept.application_paper
            town.version_paper = kept.version_paper
            yield town


def chain_of(folder: Path) -> Path:
    """Return where the chain is of the node that has this folder."""
    return folder.with_name(f"{folder.name}-chain")


@contextmanager
def empty_town(folder: Path, **options: Any) -> Iterator[NodeTown]:
    """Start a town in which nobody has decided anything."""
    with (
        running_chain(chain_of(folder)) as running,
        deployed_on(running) as chain,
        running_town(folder, chain, **options) as town,
    ):
        yield town


@dataclass
class Moulds:
    """A worker's moulds, each made when it is first asked for."""

    folder: Path
    port: int
    """Where all copies serve."""

    @contextmanager
    def founded(self, folder: Path, **options: Any) -> Iterator[NodeTown]:
        """Start a town that was founded; `options` are those of `running_town`."""
        if is_on_server(options):
            with empty_town(folder, **options) as town:
                town.found()
                yield town
            return
        with self._founded.cast(folder, port=self.port, **options) as town:
            yield town

    @contextmanager
    def served(self, folder: Path, **options: Any) -> Iterator[NodeTown]:
        """Start a town whose application was agreed to, and whose calls are served."""
        if is_on_server(options):
            with self.founded(folder, **options) as town:
                town.serve()
                yield town
            return
        with self._served.cast(folder, port=self.port, **options) as town:
            yield town

    @contextmanager
    def ended(self, folder: Path, *, database: str = "") -> Iterator[NodeTown]:
        """Yield a served town whose chain runs and whose node does not.

        Its parts are opened beside the node's processes, as a command line would.
        """
        if is_on_server({"database": database}):
            with running_chain(chain_of(folder)) as running, deployed_on(running) as chain:
                with running_town(folder, chain, database=database) as town:
                    town.serve()
                town.https.clear()
                yield from _beside(folder, town)
            return
        with self._served.copied(folder) as chain:
            kept = self._served.town
            keys = kept.keys.copy()
            write_settings(folder, chain, keys, self.port)
            yield from _beside(folder, replace(kept, chain=chain, keys=keys, https={}))

    @cached_property
    def _founded(self) -> Mould:
        with empty_town(self._new("founded"), port=self.port) as town:
            town.found()
        return self._rested(town)

    @cached_property
    def _served(self) -> Mould:
        with self.founded(self._new("served")) as town:
            town.serve()
        return self._rested(town)

    def _new(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return self.folder / name

    def _rested(self, town: NodeTown) -> Mould:
        town.https.clear()
        return Mould(town.node.settings.data_dir.parent, town)


def _beside(folder: Path, town: NodeTown) -> Iterator[NodeTown]:
    town.node = Node(load_settings(folder / "node.toml"))
    try:
        yield town
    finally:
        for http in town.https.values():
            http.close()
        town.node.stop()


def is_on_server(options: dict[str, Any]) -> bool:
    """Tell whether a town's tables are on a database server: a copied folder has none."""
    return pgstores.ON_SERVER or bool(options.get("database"))


@pytest.fixture(scope="session")
def moulds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moulds]:
    """The moulds of this worker, on a port that nobody else is given.

    A socket that is bound and never listens keeps it; a server may listen there all the same.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield Moulds(tmp_path_factory.mktemp("moulds"), held.getsockname()[1])
