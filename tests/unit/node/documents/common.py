"""A ledger that says what a test lets it say, and nodes that talk through a dictionary."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.documents.ports import DecisionFact, Reader
from node.protocol import forms as documents
from node.protocol.ledger.enums import KeyKind
from node.protocol.wire import ids
from tests.common import papers
from tests.common.codes import department_code
from tests.common.document_nodes import Network, Node

if TYPE_CHECKING:
    from pathlib import Path

    from node.documents.bindings import Bindings

CENTRE, POLICE, EDUCATION = (
    ids.department_id(code) for code in (papers.CENTRE, papers.POLICE, papers.EDUCATION)
)
STRANGER = ids.department_id(department_code("stranger"))
URLS = {CENTRE: "http://centre", POLICE: "http://police", EDUCATION: "http://education"}
ENTRY = ids.entry_id(POLICE, "30300101/06001")


def key_of(department: bytes) -> bytes:
    return b"key " + department[:28]


class Clock:
    def __init__(self, now: float = 1_770_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeLedger:
    facts: list[DecisionFact] = field(default_factory=list)
    readers: dict[bytes, Reader] = field(default_factory=dict)
    blocks: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def decisions_after(self, position, limit):
        return [fact for fact in self.facts if fact.position > position][:limit]

    def find_reader(self, key):
        return self.readers.get(key)

    def register(self, department, kind=KeyKind.DEPARTMENT, auditor_for=()):
        key = key_of(department) if not auditor_for else b"auditor " + department[:24]
        self.readers[key] = Reader(key, kind, department, frozenset(auditor_for))
        return key

    def mine(self, kind: str, acting: bytes, parties=(), /, **event: Any) -> DecisionFact:
        block = next(self.blocks)
        event = {"seq": block, "department": acting, "competent": CENTRE, **event}
        bound = documents.bindings_of(kind, event)
        entitled = {each.object: frozenset(parties) for each in bound}
        fact = DecisionFact((block, 0), kind, event, acting, entitled)
        self.facts.append(fact)
        return fact


@dataclass
class City:
    ledger: FakeLedger
    network: Network
    clock: Clock
    centre: Node
    police: Node
    education: Node

    @property
    def nodes(self):
        return (self.centre, self.police, self.education)

    def settle(self) -> None:
        """Let every node hear of every decision, then fetch what it lacks."""
        for _ in range(3):
            for node in self.nodes:
                node.settle()
            self.clock.now += 1

    def enrol_all(self) -> None:
        for code in (papers.CENTRE, papers.POLICE, papers.EDUCATION):
            data = documents.new_document("department", papers.department(code=code))
            self.centre.store.put(data, CENTRE)
            self.mine(self.centre, "EnrolDepartment", CENTRE, data)
        self.settle()

    def mine(self, node: Node, kind: str, acting: bytes, data: bytes, parties=(), /, **more: Any):
        """Put a document at its author's node and mine the decision that binds it."""
        digest = node.store.put(data, acting)
        fields = documents.derive(documents.parse(data))
        return self.ledger.mine(kind, acting, parties, **{**fields, "digest": digest, **more})

    def submit(self, data: bytes, **more: Any) -> bytes:
        """Submit one catalogue version as the police's; return its digest."""
        digest = self.police.store.put(data, POLICE)
        fields = documents.derive(documents.parse(data))
        each = {**fields, "digest": digest, **more}
        department = each.pop("department")
        entry = ids.entry_id(department, documents.parse(data).body.code)
        self.ledger.mine(
            "SubmitVersions",
            POLICE,
            [POLICE, CENTRE],
            department=department,
            versions=[each],
            entries=[entry],
        )
        return digest

    def publish(self, entry: bytes, version: int, subject: bytes) -> None:
        """Publish a version as the centre's reviewer, without a paper of its own."""
        each = {"entry": entry, "version": version, "publish": True, "subject": subject}
        self.ledger.mine(
            "ReviewVersions", CENTRE, [POLICE, CENTRE], reviews=[each], digest=bytes(32), seq=1
        )

    def apply(self, data: bytes, number: int = 1, **more: Any) -> bytes:
        """Apply as the education bureau; return the application's digest."""
        digest = self.education.store.put(data, EDUCATION)
        fields = documents.derive(documents.parse(data))
        department = fields.pop("department")
        self.ledger.mine(
            "ApplyFor",
            EDUCATION,
            [POLICE, EDUCATION, CENTRE],
            department=department,
            first=number,
            states=[1],
            applications=[{**fields, "items": 0b11, "digest": digest, **more}],
        )
        return digest


def build_city(folder: Path) -> City:
    """Three nodes, their keys registered."""
    ledger, network, clock = FakeLedger(), Network(), Clock()
    for department in (CENTRE, POLICE, EDUCATION):
        ledger.register(department)
    nodes = [
        Node(
            folder,
            department,
            key_of(department),
            ledger,
            network=network,
            clock=clock,
            url=URLS[department],
            peers=URLS,
        )
        for department in (CENTRE, POLICE, EDUCATION)
    ]
    return City(ledger, network, clock, *nodes)


def is_contradictory(bindings: Bindings, name: str) -> bool:
    """Tell whether a document behind the object says something else than the chain."""
    return any(each.contradiction is not None for each in bindings.of_object(name))
