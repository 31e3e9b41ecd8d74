"""A town of three departments on a real chain: signers, desks, nodes' documents, one read model."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ledger_sync.follower import Follower
from ledger_sync.queries import Queries
from ledger_sync.readers import Papers
from node.chain.gateway import Gateway
from node.chain.outbox import Outbox
from node.chain.relay import RelayAccount
from node.office import Desk
from node.office.founder import Founder, Surroundings
from node.protocol.wire import ids
from node.storage.engines import open_engine
from tests.common import founding, papers
from tests.common.chain import LedgerChain, deployed_on, running_chain
from tests.common.document_nodes import Network, Node
from tests.common.founding import TownKeys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.crypto import SoftwareSigner
    from node.office import Act, Decided
    from node.office.founder import Step

ALWAYS = papers.ALWAYS


@dataclass
class Department:
    """One department: its keys, its desk, its node's documents."""

    code: str
    head: SoftwareSigner
    office: SoftwareSigner
    """Its office head's."""
    node_key: SoftwareSigner
    desk: Desk
    node: Node

    @property
    def id(self) -> bytes:
        return ids.department_id(self.code)


@dataclass
class Town:
    """Everything the thread needs; `follow` brings the read model and the documents up to date."""

    chain: LedgerChain
    follower: Follower
    queries: Queries
    network: Network
    departments: dict[str, Department]
    keys: TownKeys
    decided: list[Decided] = field(default_factory=list)

    @property
    def reviewer(self) -> SoftwareSigner:
        return self.keys.reviewer

    @property
    def centre(self) -> Department:
        return self.departments[papers.CENTRE]

    @property
    def police(self) -> Department:
        return self.departments[papers.POLICE]

    @property
    def education(self) -> Department:
        return self.departments[papers.EDUCATION]

    def decide(self, department: Department, act: Act, *signers: SoftwareSigner) -> Decided:
        decided = department.desk.decide(*act, *signers)
        self.decided.append(decided)
        return decided

    def follow(self) -> None:
        while self.follower.run_once():
            pass
        for _ in range(2):
            for department in self.departments.values():
                department.node.settle()
            # A node that asked before the other had heard of the decision asks again.
            self.chain.running.clock.advance(1)

    def add_officer(self, department: Department, signer: SoftwareSigner, role: str) -> None:
        """Register an officer's key and give it a role in its department."""
        added, granted = founding.officer(department.code, signer, role)
        self.decide(department, added, department.head, signer)
        self.decide(department, granted, department.head)

    def found(self) -> None:
        """Enrol all three with their officers, keys and the application systems."""
        self.follow()
        urls = {code: f"http://{code.lower()}" for code in self.departments}
        # Contracts are not listed and logs not opened: that is for the tests.
        Founder(
            founding.town(), self.keys, self.queries, self._find_paper, Surroundings(urls, {}, {})
        ).take(self._take)
        self.follow()

    def _take(self, step: Step, *signers: SoftwareSigner) -> None:
        self.decide(self.departments[step.department], step.act, *signers)
        if step.act.kind == "EnrolDepartment":  # its papers name the node others hand theirs to
            self.follow()
        while self.follower.run_once():
            pass

    def _find_paper(self, digest: bytes) -> bytes | None:
        return self.centre.node.store.find(digest)

    def close(self) -> None:
        self.follower.close()
        for department in self.departments.values():
            department.node.engine.dispose()


def build_town(folder: Path, chain: LedgerChain, keys: TownKeys | None = None) -> Iterator[Town]:
    """Yield a town nobody has decided anything in, or what its folder holds; close it after."""
    clock = chain.running.clock
    engine = open_engine(folder / "ledger.db")
    follower = Follower(engine, chain.gateway, chain.deployment, clock=clock)
    ledger = Papers(engine, clock)
    network = Network()
    built: dict[str, Department] = {}
    peers = {ids.department_id(papers.CENTRE): f"http://{papers.CENTRE.lower()}"}
    keys = keys or TownKeys()
    keys.root = chain.root
    for code, node_key in keys.nodes.items():
        node = Node(
            folder,
            ids.department_id(code),
            node_key.public_key.key_id,
            ledger,
            network=network,
            clock=clock,
            url=f"http://{code.lower()}",
            peers=peers,
        )
        outbox = Outbox(node.engine, chain.gateway, RelayAccount.generate())
        built[code] = Department(
            code,
            keys.heads[code],
            keys.office[code],
            node_key,
            Desk(
                chain.deployment,
                chain.gateway,
                outbox,
                node.store,
                node.exchange.hand_over_all,
                clock=clock,
            ),
            node,
        )
    town = Town(chain, follower, Queries(engine), network, built, keys)
    yield town
    town.close()
    engine.dispose()


@dataclass(frozen=True, slots=True)
class Mould:
    """A founded town at rest, from which each test casts its own: 20 decisions are taken once.

    The folder holds the chain's blocks, which a chain that starts on a copy replays to the same
    hashes, and the databases of ledger and nodes.
    """

    folder: Path
    chain: LedgerChain
    """Its contracts and root key; what it ran on has ended."""
    keys: TownKeys

    @classmethod
    def found(cls, folder: Path) -> Mould:
        with running_chain(folder / "chain") as running, deployed_on(running) as chain:
            (folder / "town").mkdir()
            for town in build_town(folder / "town", chain):
                town.found()
        return cls(folder, chain, town.keys)

    @contextmanager
    def cast(self, folder: Path) -> Iterator[Town]:
        """Start a town of its own on a copy."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        with running_chain(folder / "chain") as running:
            # Founding went ahead of the clock, and a block is never older than its parent.
            running.clock.advance(self.chain.running.clock.ahead_seconds)
            gateway = Gateway(running.url)
            chain = replace(self.chain, running=running, gateway=gateway)
            try:
                yield from build_town(folder / "town", chain, self.keys)
            finally:
                gateway.close()
