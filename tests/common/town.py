"""A town of three departments on a real chain: signers, desks, nodes' documents, one read model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger_sync.follower import Follower
from ledger_sync.queries import Queries
from ledger_sync.readers import Papers
from node.chain.outbox import Outbox
from node.chain.relay import RelayAccount
from node.crypto import Ed25519Signer, SoftwareSigner, SoftwareUnwrapper
from node.office import Desk, departments
from node.protocol.wire import ids
from node.storage.engines import open_engine
from tests.common import founding, papers
from tests.common.document_nodes import Network, Node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.office import Act, Decided
    from tests.common.chain import LedgerChain

ALWAYS = papers.ALWAYS
NAMES = {papers.CENTRE: "市数据局", papers.POLICE: "市公安局", papers.EDUCATION: "市教育局"}


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
    decided: list[Decided] = field(default_factory=list)
    application_key: SoftwareSigner = field(default_factory=SoftwareSigner.generate)
    encryption_key: SoftwareUnwrapper = field(default_factory=SoftwareUnwrapper.generate)
    reviewer: SoftwareSigner = field(default_factory=SoftwareSigner.generate)

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

    def enrol(self, department: Department, by: Department, signer: SoftwareSigner) -> None:
        act = founding.enrolment(
            department.code,
            department.head,
            f"http://{department.code.lower()}",
            NAMES[department.code],
        )
        self.decide(by, act, signer, department.head)
        self.follow()

    def add_officer(self, department: Department, signer: SoftwareSigner, role: str) -> None:
        """Register an officer's key and give it a role in its department."""
        added, granted = founding.officer(department.code, signer, role)
        self.decide(department, added, department.head, signer)
        self.decide(department, granted, department.head)

    def add_node_key(self, department: Department) -> None:
        """Register the department's own key: what its node signs with."""
        ed25519, name = Ed25519Signer.generate().public, NAMES[department.code]
        act = founding.own_key(department.code, department.node_key, ed25519, name)
        self.decide(department, act, department.head, department.node_key)

    def found(self) -> None:
        """Enrol all three with their officers, keys and the application system."""
        self.follow()
        self.enrol(self.centre, self.centre, self.chain.root)
        for department in (self.police, self.education):
            self.enrol(department, self.centre, self.centre.head)
        for department in self.departments.values():
            self.add_node_key(department)
            self.add_officer(department, department.office, "工作机构负责人")
        self.add_officer(self.centre, self.reviewer, "审核员")
        self.follow()
        system = departments.register_application(papers.application_object())
        self.decide(self.education, system, self.education.office)
        key = founding.application_key("ZHSX", self.application_key, self.encryption_key)
        self.decide(self.education, key, self.education.head, self.application_key)
        self.follow()

    def close(self) -> None:
        self.follower.close()
        for department in self.departments.values():
            department.node.engine.dispose()


def build_town(folder: Path, chain: LedgerChain) -> Iterator[Town]:
    """Yield a town nobody has decided anything in; close it afterwards."""
    clock = chain.running.clock
    engine = open_engine(folder / "ledger.db")
    follower = Follower(engine, chain.gateway, chain.deployment, clock=clock)
    ledger = Papers(engine, clock)
    network = Network()
    built: dict[str, Department] = {}
    peers = {ids.department_id(papers.CENTRE): f"http://{papers.CENTRE.lower()}"}
    for code in NAMES:
        node_key = SoftwareSigner.generate()
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
            SoftwareSigner.generate(),
            SoftwareSigner.generate(),
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
    town = Town(chain, follower, Queries(engine), network, built)
    yield town
    town.close()
    engine.dispose()
