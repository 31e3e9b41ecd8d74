"""The offices of the demo: each official decides at the desk of the node that serves him."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api.cli.console import t
from api.parts import Node
from api.settings import load_settings
from node.errors import Unavailable
from node.protocol.forms.words import decision_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.crypto import Signer
    from node.office.act import Act
    from node.office.desk import Decided

    from .cast import Player
    from .city import City

WAIT_SECONDS = 20.0
POLL_SECONDS = 0.01


@dataclass
class Offices:
    """Desks of all nodes, opened beside the servers on the same databases."""

    city: City
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
        self.follow(decided.block)
        return decided

    def follow(self, block: int) -> None:
        """Wait until the read model of every node has applied this block."""
        for host in self.city.cast.hosts:
            queries = self.node(host).queries
            wait_until(
                lambda queries=queries: queries.cursor().next_block > block,  # type: ignore[misc]
                t(f"{host.name}的节点没有同步到第 {block} 块", f"{host.name} lacks block {block}"),
            )

    def close(self) -> None:
        """Close every desk."""
        for node in self.nodes.values():
            node.stop()
        self.nodes.clear()


def wait_until(holds: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait for a condition, with a bound.

    Raises:
        Unavailable: it did not come about in time.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Unavailable(what)
        time.sleep(POLL_SECONDS)
