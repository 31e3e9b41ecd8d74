"""The demo's city: the example of `shareledger city init`, in the demo's folder, on free ports."""

from __future__ import annotations

import secrets
import time
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from api.city.builder import City
from api.city.plan import example, parse_plan
from node.crypto.keyfile import save_key_file
from node.errors import LedgerError
from node.office.founder import HEAD
from node.office.founding import ROOT, OfficerPlan

from .cast import Cast
from .claims import Ports
from .dbserver import DatabaseServer
from .entries import LATEST
from .impersonating import PATH, Company, Person, Place, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from api.city.plan import Plan
    from api.city.processes import Child
    from api.parts import Node
    from node.office.drafting import Drafter
    from node.office.founding import DepartmentPlan, HeadPlan

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

    def __init__(
        self,
        home: DemoFolder,
        stages: Stages,
        sources: dict[str, Path],
        *,
        on_server: bool = False,
    ) -> None:
        """Choose the ports; `on_server`: the nodes' tables are on a PostgreSQL server of its own.

        Raises:
            ConfigInvalid: there is none on this machine.
        """
        self.claims, self.stages, self.folder = Ports(), stages, home.path
        values = tomllib.loads(example())
        values["chain"]["port"] = self.claims.choose(CHAIN_PORT)
        wanted = FIRST_NODE_PORT
        for node in values["nodes"]:
            node |= {
                "port": self.claims.choose(wanted),
                "anchoring": {"anchor_seconds": ANCHOR_SECONDS},
            }
            wanted = node["port"] + 1
        names = [node["name"] for node in values["nodes"]]
        self.database = DatabaseServer(home.path, names, (home.lock,)) if on_server else None
        for each in values["departments"]:
            each["sources"] = _sources(each["id"], sources)
        places = _places(parse_plan(values, "city.toml"))
        for node in values["nodes"]:
            # Loopback only, without TLS: people sign in all the same, each at his own host name.
            origins = [
                place.origin
                for found in places.values()
                for place in found
                if place.origin.endswith(f":{node['port']}")
            ]
            if self.database is not None:
                node["storage"] = {"url": self.database.url(node["name"])}
            node["console"] = {"insecure_cookies": True, "origins": origins}
        self.values = values
        """What its city.toml would say."""
        super().__init__(parse_plan(values, "city.toml"), home.path, inherited=(home.lock,))
        self.cast = Cast(self.plan, self.keys)
        self.company_file = self.base / "people.json"
        for node in self.plan.nodes:
            server = self.servers[node.name]
            server.program = "api.demo.impersonating"
            server.arguments = [str(self.settings_file(node)), str(self.company_file)]

    @property
    def started(self) -> list[Child]:
        """Servers that were started here."""
        database = [] if self.database is None else [self.database.child]
        return [*(each for each in database if each.process), *super().started]

    def start_nodes(self) -> None:
        """Start the nodes, and before them what their tables are on."""
        if self.database is not None:
            self.database.start()
        super().start_nodes()

    def stop(self) -> None:
        """Stop every server: what the nodes' tables are on comes last."""
        super().stop()
        if self.database is not None:
            self.database.child.stop()

    @property
    def front(self) -> str:
        """Where the page of the people is; every node of the demo has it."""
        return f"{self.plan.nodes[0].url}{PATH}"

    def write_files(self) -> None:
        """Make what is missing, and tell the nodes who the people are."""
        # Six digits, for people type them; the folder is this user's alone, and goes with the demo.
        pin = f"{secrets.randbelow(10**6):06}"
        password = self.keys.places[ROOT].password_file
        password.parent.mkdir(mode=0o700)
        save_key_file(password, f"{pin}\n".encode())
        super().write_files()
        Company(pin, tuple(self._people())).save(self.company_file)

    def _people(self) -> Iterator[Person]:
        places = _places(self.plan)
        for department, which, official in _officials(self.plan):
            key = department.key(which)
            head = (HEAD,) if which == "head" else ()
            yield Person(
                id=key,
                name=official.name,
                department=department.name,
                post=official.post,
                roles=tuple(dict.fromkeys((*head, *official.roles))),
                file=str(self.keys.places[key].file),
                places=places[key],
            )

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


def _officials(plan: Plan) -> Iterator[tuple[DepartmentPlan, str, HeadPlan | OfficerPlan]]:
    """Yield everybody who has an officer's key: his department, and which key of it is his."""
    for each in plan.founding.departments:
        yield each, "head", each.head
        for officer in each.officers:
            yield each, officer.id, officer


def _places(plan: Plan) -> dict[str, tuple[Place, ...]]:
    """Return at which nodes each official has something to see, by the name of his key."""
    found = {}
    for department, which, official in _officials(plan):
        granted = official.granted_by if isinstance(official, OfficerPlan) else ()
        nodes = dict.fromkeys(plan.node_of(code).name for code in (department.code, *granted))
        owners = {node.name: plan.served_by(node)[0].name for node in plan.nodes}
        urls = {node.name: node.url for node in plan.nodes}
        key = department.key(which)
        found[key] = tuple(Place(owners[node], origin_of(key, node, urls[node])) for node in nodes)
    return found


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
