"""The offices of the demo: each official decides at the desk of the node that serves him.

They begin by founding the town: departments enrolled, keys proven, roles granted, logs open.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from api.cli.console import t
from api.parts import Node
from api.settings import load_settings
from node.errors import LedgerError, Unavailable
from node.office import departments
from node.protocol.forms.words import decision_words

from . import papers

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.crypto import Signer
    from node.office import Act
    from node.office.desk import Decided
    from node.office.drafting import Drafter

    from .cast import Official, Player, System
    from .city import City
    from .stages import Stages

WAIT_SECONDS = 20.0
POLL_SECONDS = 0.01
RETRY_SECONDS = 0.1
Result = TypeVar("Result")


@dataclass
class Offices:
    """Desks of all nodes, opened beside the servers on the same databases."""

    city: City
    stages: Stages
    nodes: dict[str, Node] = field(default_factory=dict)
    gas: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    """By decision: its Chinese and its English."""
    seconds: list[float] = field(default_factory=list)
    """How long each decision took, from signing to mined."""

    def node(self, player: Player) -> Node:
        """Return the parts of the node that serves a department."""
        if player.host not in self.nodes:
            self.nodes[player.host] = Node(load_settings(self.city.settings_file(player)))
        return self.nodes[player.host]

    def at_every_node(self, ask: Callable[[Node], Result]) -> list[Result]:
        """Return what each node answers."""
        return [ask(self.node(host)) for host in self.city.cast.hosts]

    def decide(
        self, player: Player, act: Act, signer: Signer, possession: Signer | None = None
    ) -> Decided:
        """Take one decision and wait until every node's read model has it."""
        begun = time.perf_counter()
        decided = self.node(player).desk.decide(*act, signer, possession)
        self.seconds.append(time.perf_counter() - begun)
        chinese, english = decision_words(act.kind, act.message)
        if len(act.documents) > 1:  # one signature over several papers
            chinese += f"（{len(act.documents)} 份文书）"
            english += f" ({len(act.documents)} papers)"
        self.gas[chinese, english].append(decided.gas_used)
        for host in self.city.cast.hosts:
            queries = self.node(host).queries
            wait_until(
                lambda queries=queries: queries.cursor().next_block > decided.block,  # type: ignore[misc]
                t(
                    f"{host.name}的节点没有同步到第 {decided.block} 块",
                    f"{host.name} lacks block {decided.block}",
                ),
            )
        return decided

    def draft(self, player: Player, make: Callable[[Drafter], Result]) -> Result:
        """Draft at a department's desk, once the papers that takes have arrived at its node."""
        return self.patiently(lambda: make(self.node(player).drafter))

    def patiently(self, call: Callable[[], Result]) -> Result:
        """Call again while a node says that it lacks something for now (503, Retry-After)."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return call()
            except LedgerError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise
                self.stages.wait(error.message)
                time.sleep(RETRY_SECONDS)

    def close(self) -> None:
        for node in self.nodes.values():
            node.stop()
        self.nodes.clear()

    # Founding

    def found(self) -> None:
        """Take every decision a town begins with, the competent department's enrolment first."""
        cast = self.city.cast
        centre, owner = cast.data, cast.education
        for player in cast.players:
            self.enrol(player, cast.root if player is centre else centre.head.signer)
            key = departments.add_key(papers.department_key(cast, player))
            self.decide(player, key, player.head.signer, player.department_key)
        contracts = self.node(centre).deployment.contracts
        for name in departments.LISTED:
            act = departments.list_contract(
                name, contracts[name].address, contracts[name].code_hash
            )
            self.decide(centre, act, centre.head.signer)
        for player in cast.players:
            for official in player.officials:
                key = departments.add_officer_key(papers.officer_key(player, official))
                self.decide(player, key, player.head.signer, official.signer)
                self._grant(player, official)
        for player in (centre, cast.land, cast.police, owner):
            self._grant(player, cast.audit.official("审计员"))
        for system in (cast.admission, cast.other):
            self._register(owner, system)
        for player in cast.players:
            relay = self.node(player).relay.address
            self.decide(player, departments.register_log(player.code, relay), player.head.signer)

    def enrol(self, player: Player, signer: Signer) -> None:
        """Enrol one department with its head's key."""
        cast = self.city.cast
        act = departments.enrol_department(papers.department(cast, player, self.city.url(player)))
        self.decide(cast.data, act, signer, player.head.signer)

    def _grant(self, player: Player, official: Official) -> None:
        act = departments.grant_roles(papers.roles(player, official))
        self.decide(player, act, player.head.signer)

    def _register(self, owner: Player, system: System) -> None:
        act = departments.register_application(papers.application_object(owner, system))
        self.decide(owner, act, owner.office_head)
        key = departments.add_key(papers.application_key(owner, system))
        self.decide(owner, key, owner.head.signer, system.signer)


def wait_until(holds: Callable[[], Any], what: str) -> None:
    """Wait for a condition.

    Raises:
        Unavailable: it did not come about within 20 seconds.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise Unavailable(what)
        time.sleep(POLL_SECONDS)
