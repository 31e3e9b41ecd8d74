"""The demo's way in: a page that lists its people, and at a click has a tab hold one's key file.

Only a demo's nodes have it: `main` runs a node as `shareledger node run` does and adds these routes
to it; no route of the product knows a key file, and nothing but the demo imports this module. What
a tab is given is the file, sealed under the demo's PIN: the node's own sign-in page opens it in the
browser, as it does any other. Each person has a host name of his own under `localhost` (RFC 6761)
at each node, so that cookies, which know no ports, let everybody be signed in at once.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, Response

from api.cli.console import say
from api.cli.refusals import fail
from api.console.frames import DOORS, SIGN_IN
from api.console.pages import compiled, render, with_values
from api.http.officers import find_officer
from api.http.verbs import Readable
from api.settings import load_settings
from node.crypto.keyfile import save_key_file
from node.errors import LedgerError, NotFound
from node.protocol.forms import ROLES
from node.protocol.ledger.enums import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI

    from api.console.frames import Door, Words

PATH = "/demo"
HERE = Path(__file__).parent
PUBLIC: tuple[tuple[str, Words], ...] = (
    ("/", ("公开目录", "Public catalogue")),
    ("/evidence", ("核验证据", "Verify evidence")),
)
WORK: dict[str, Words] = {
    "/desk": (
        "报送目录，申请和答复共享，看谁在用本部门的数据，管密钥和人员",
        "files entries, applies and replies, sees who uses the data, keeps keys and people",
    ),
    "/review": ("审核各部门报送的目录，发布或退回", "publishes or returns what departments file"),
    "/audit": (
        "查任何一次调用、授权、目录、密钥，逐项核对，导出证据",
        "looks up any call, authorisation, entry or key, with every check, and exports evidence",
    ),
    "/operation": ("看节点运行状况和配置", "sees how the node fares and its settings"),
    "/board": ("看大屏：部门之间的数据流向", "watches the board: data flowing between departments"),
}
"""What is done behind each door."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node at which somebody has something to see."""

    of: str
    """The department it belongs to."""
    origin: str
    """Of its pages, for him: his own host name."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo."""

    id: str
    """Of his key: letters, digits and hyphens."""
    name: str
    department: str
    post: str
    roles: tuple[str, ...]
    """As papers call them."""
    file: str
    """His key file."""
    places: tuple[Place, ...]
    """His own department's node first."""

    @property
    def doors(self) -> list[Door]:
        bits = reduce(or_, (ROLES[each] for each in self.roles), Role(0))
        return [door for door in DOORS if door.roles & bits]


@dataclass(frozen=True, slots=True)
class Company:
    """Everybody, and the one PIN of their key files."""

    pin: str
    people: tuple[Person, ...]

    def save(self, path: Path) -> None:
        """Write it for the nodes, 0600.

        Raises:
            AlreadyExists, ConfigInvalid: as `save_key_file`.
        """
        save_key_file(path, orjson.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Company:
        """Read what `save` wrote."""
        said = orjson.loads(path.read_bytes())
        people = [
            {
                **each,
                "roles": tuple(each["roles"]),
                "places": tuple(Place(**place) for place in each["places"]),
            }
            for each in said["people"]
        ]
        return cls(said["pin"], tuple(Person(**each) for each in people))

    def get(self, name: str) -> Person:
        """Return somebody by the id of his key.

        Raises:
            NotFound: there is nobody of that id.
        """
        found = next((each for each in self.people if each.id == name), None)
        if found is None:
            raise NotFound(f"演示里没有 {name} / nobody of the demo has that id")
        return found


Addresses: TypeAlias = "Sequence[tuple[str, str]]"
"""The nodes: whose each is, and its URL."""


def origin_of(person: str, node: str, url: str) -> str:
    """Return where somebody opens a node's pages: `http://ID.NODE.localhost:PORT`."""
    return f"http://{person}.{node}.localhost:{url.rpartition(':')[2]}"


def routes_of(company: Company) -> APIRouter:
    """Return the pages, for a node of the demo."""
    router = APIRouter(
        prefix=PATH,
        route_class=Readable,
        include_in_schema=False,
        dependencies=[Depends(find_officer)],
    )

    @router.get("")
    def people(request: Request) -> Response:
        return render(
            request,
            compiled(request, HERE / "people.html"),
            title=("您想以谁的身份看看？", "Who would you like to be?"),
            here=PATH,
            company=company,
            work=WORK,
            public=PUBLIC,
        )

    @router.get("/keys/{name}")
    def key_file(name: str) -> Response:
        file = Path(company.get(name).file)
        headers = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}
        return FileResponse(
            file, media_type="application/octet-stream", filename=file.name, headers=headers
        )

    @router.get("/acting.js")
    def script() -> Response:
        return FileResponse(HERE / "acting.js", media_type="text/javascript")

    @router.get("/{name}")
    def person(request: Request, name: str) -> Response:
        found = company.get(name)
        first = found.doors[0].href
        # At this host name nobody else signs in.
        inside = getattr(request.state, "officer", None) is not None
        return render(
            request,
            compiled(request, HERE / "person.html"),
            title=(f"以{found.name}的身份", f"As {found.name}"),
            here=PATH,
            person_of=found,
            file=Path(found.file).name,
            pin=company.pin,
            then=first if inside else with_values(SIGN_IN, back=first),
        )

    return router


def main() -> NoReturn:
    """Run a node of the demo: its settings, the people; until a signal."""
    config, people = map(Path, sys.argv[1:])
    try:
        settings = load_settings(config)
        from api.app import serve  # seconds, which wrong settings need not wait for

        company = Company.load(people)

        def extend(app: FastAPI) -> None:
            app.include_router(routes_of(company))

        serve(
            settings,
            announce=lambda url: say(f"节点在 {url}", f"the node answers at {url}"),
            extend=extend,
        )
    except LedgerError as error:
        fail(error)
    sys.exit(0)
