"""The demo's city: the example of `shareledger city init`, in the demo's folder, on free ports."""

from __future__ import annotations

import time
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from api.city.builder import City
from api.city.plan import example, parse_plan
from node.errors import LedgerError

from .cast import Cast
from .claims import Ports
from .entries import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from api.parts import Node
    from node.office.drafting import Drafter

    from .cast import Player
    from .claims import DemoFolder
    from .stages import Stages

CHAIN_PORT = 8545
FIRST_NODE_PORT = 8601
ANCHOR_SECONDS = 3.0
WAIT_SECONDS = 20.0
RETRY_SECONDS = 0.1
Result = TypeVar("Result")


class DemoCity(City):
    """One machine's worth of departments, and the desks they decide at."""

    def __init__(self, home: DemoFolder, stages: Stages, sources: dict[str, Path]) -> None:
        """Choose the ports."""
        self.claims, self.stages, self.folder = Ports(), stages, home.path
        values = tomllib.loads(example())
        values["chain"]["port"] = self.claims.choose(CHAIN_PORT)
        wanted = FIRST_NODE_PORT
        for node in values["nodes"]:
            node |= {
                "port": self.claims.choose(wanted),
                "anchoring": {"anchor_seconds": ANCHOR_SECONDS},
                # Loopback only, without TLS: people sign in all the same.
                "console": {"insecure_cookies": True},
            }
            wanted = node["port"] + 1
        for each in values["departments"]:
            each["sources"] = _sources(each["id"], sources)
        self.values = values
        """What its city.toml would say."""
        super().__init__(parse_plan(values, "city.toml"), home.path, inherited=(home.lock,))
        self.cast = Cast(self.plan, self.keys)

    def url(self, player: Player) -> str:
        """Return the base URL of the department's node; an outsider's is the first."""
        codes = {code: node for node in self.plan.nodes for code in node.departments}
        return codes.get(player.code, self.plan.nodes[0]).url

    def authority(self, player: Player) -> str:
        """Return the Host a request to the department's node names."""
        return self.url(player).removeprefix("http://")

    def at_every_node(self, ask: Callable[[Node], Result]) -> list[Result]:
        """Return what each node answers."""
        return [ask(node) for node in self.nodes()]

    def draft(self, player: Player, make: Callable[[Drafter], Result]) -> Result:
        """Draft at a department's desk, once the papers that takes have arrived at its node."""
        return self.patiently(lambda: make(self.node(player.code).drafter))

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


def _sources(owner: str, files: dict[str, Path]) -> list[dict[str, Any]]:
    """Return the settings of the data behind a department's entries."""
    return [
        {
            "entry": form.code,
            "url": f"sqlite:///{files[owner]}",
            "table": form.table,
            "key": form.key,
            "columns": {item[0]: item[-1] for item in form.items},
        }
        for form in LATEST.get(owner, ())
    ]
