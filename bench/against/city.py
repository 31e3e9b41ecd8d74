"""A small city, founded by a build's own command line, and what is asked of it.

Two departments on one node: 市数据局 is the competent one and the consumer, 市公安局 provides.
Keys and source are made once and used by both builds. When everything is decided, the chain's
folder is copied: what is followed later begins with the same decisions (`history`).
"""

from __future__ import annotations

import shutil
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import orjson

from node.chain.relay import RelayAccount
from node.client.http import SignedHttp
from node.crypto import Ed25519Signer, SoftwareSigner, SoftwareUnwrapper
from node.documents.importing.template import write_template
from node.protocol.wire import encoding
from tests.common import t2
from tests.common.calls import fill_source
from tests.common.keyfiles import soften

from ..signing import PEOPLE, Caller
from .builds import (
    PATIENCE_SECONDS,
    POLL_SECONDS,
    Build,
    CommandFailed,
    Running,
)
from .generations import Generation, filled, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from ..load import Server

# Their check digits hold (GB 32100).
CENTRE = "11130900MB0000001M"
POLICE = "11130900MB0000004Y"
ROWS = ({**t2.ROW, "资源提供方代码": POLICE}, t2.SECOND_ITEM)
"""A table of one entry: a row an item."""
ENTRY = t2.ROW["信息资源代码"]
PASSWORD = b"a password of the bench"
UNTIL = ("--until", "2099-12-31")
CONTACT = ("--contact-name", "值班室", "--contact-phone", "0317-0000000")
QUOTA = "1000000"
FRONTS = 2
UNAVAILABLE = 503
SOFTWARE = ("root", "centre-head", "police-head", "police-office", "centre-node", "police-node")


@dataclass(frozen=True)
class Keys:
    """Everybody's private keys, and the files they are in."""

    folder: Path
    signers: dict[str, SoftwareSigner]
    caller: SoftwareSigner
    relay: RelayAccount
    """Of the node."""
    teller: RelayAccount
    """Sends what `history` tells; the centre's log is anchored by it."""

    @classmethod
    def make(cls, folder: Path) -> Keys:
        """Make all of them, in files that open quickly: their opening is not what is measured."""
        folder.mkdir()
        signers = {name: SoftwareSigner.generate() for name in SOFTWARE}
        caller, relay = SoftwareSigner.generate(), RelayAccount.generate()
        logs = {f"{name}-log": Ed25519Signer.generate() for name in ("centre", "police")}
        files: dict[str, SoftwareSigner | Ed25519Signer | SoftwareUnwrapper | RelayAccount] = {
            **signers,
            **logs,
            "system": caller,
            "system-unwrap": SoftwareUnwrapper.generate(),
            "relay": relay,
        }
        for name, key in files.items():
            path = folder / f"{name}.key"
            key.save(path, PASSWORD)
            soften(path, PASSWORD)
        return cls(folder, signers, caller, relay, RelayAccount.generate())

    def copy_to(self, folder: Path) -> None:
        """Put the files and their password into a city's folder."""
        for path in self.folder.iterdir():
            shutil.copy2(path, folder)
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_bytes(PASSWORD + b"\n")


@dataclass
class City:
    """One build's city: its chain, its node, its files."""

    build: Build
    keys: Keys
    folder: Path
    generation: Generation = field(init=False)
    chain: Running = field(init=False)
    node: Running = field(init=False)
    fronts: Running = field(init=False)
    """The same node as several processes, where the build has that; one of both runs."""
    port: int = field(init=False)
    authorisation: int = 1

    def __post_init__(self) -> None:
        """Lay out the folder; nothing runs yet."""
        self.folder.mkdir()
        self.keys.copy_to(self.folder)
        fill_source(self.folder / "people.db", rows=PEOPLE).close()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.generation = recognise(
            self.blank("department"),
            self.run("chain", "run", "--help"),
            self.run("department", "grant", "--help"),
            fronts=self.build.has("api/supervising"),
        )
        self.chain = self.chain_on("chain")
        arguments = ["node", "run", "--config", "node.toml"]
        self.node = Running(self.build, arguments, self.folder / "node.log", self.url)
        arguments = ["node", "run", "--config", "fronts.toml"]
        self.fronts = Running(self.build, arguments, self.folder / "fronts.log", self.url)

    @contextmanager
    def of_fronts(self) -> Iterator[Server]:
        """Have the node be two fronts for a while; where the build knows no such, itself anew."""
        fronts = FRONTS if self.generation.fronts else 1
        self.write_settings("fronts", self.chain.server.url, data="node", fronts=fronts)
        self.node.stop()
        self.fronts.start()
        self.await_calls()
        yield self.fronts.server
        self.fronts.stop()
        self.node.start()
        self.await_calls()

    @property
    def url(self) -> str:
        """Return the node's base URL."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: object) -> str:
        """Run a command in the city's folder; return what it printed."""
        return self.build.run(self.folder, *arguments)

    def blank(self, form: str) -> str:
        """Return a blank form of the build's."""
        path = self.folder / f"blank-{form}.toml"
        if not path.exists():
            self.run("paper", "template", form, "-o", path.name)
        return path.read_text(encoding="utf-8")

    def decide(self, signer: str, *arguments: object) -> str:
        """Take a decision at the node's desk."""
        return self.run(*arguments, "--config", "node.toml", "--key", f"{signer}.key")

    def chain_on(self, name: str) -> Running:
        """Return a chain of the build's on a folder of the city's."""
        options = self.generation.chain_options(self.keys.relay.address)
        arguments = ["chain", "run", "--data", name, "--port", "0", *options]
        return Running(self.build, arguments, self.folder / f"{name}.log")

    @property
    def data_dir(self) -> Path:
        """Return where the node has its tables."""
        return self.folder / "node-data"

    def write_settings(self, name: str, chain_url: str, *, data: str = "", fronts: int = 1) -> None:
        """Write settings NAME.toml, of a node whose data are in NAME-data or DATA-data."""
        lines = [
            *([f"workers = {fronts}"] if fronts > 1 else []),
            f'chain_url = "{chain_url}"',
            'deployment = "deployment.json"',
            f'data_dir = "{data or name}-data"',
            'host = "127.0.0.1"',
            f"port = {self.port}",
            f'public_url = "{self.url}"',
            f'authorities = ["127.0.0.1:{self.port}"]',
            'relay_key = "relay.key"',
            'password_file = "password"',
            "[anchoring]",
            "anchor_seconds = 0.5",
        ]
        for each, code in (("centre", CENTRE), ("police", POLICE)):
            lines += [
                "[[departments]]",
                f'code = "{code}"',
                'custody = "own"',
                f'department_key = "{each}-node.key"',
                f'log_key = "{each}-log.key"',
            ]
        lines += [
            "[[departments.sources]]",
            f'entry = "{ENTRY}"',
            f'url = "sqlite:///{self.folder / "people.db"}"',
            'table = "person"',
            'key = "id"',
            'columns = { XM = "name", GMSFHM = "id" }',
        ]
        text = "\n".join(lines) + "\n"
        (self.folder / f"{name}.toml").write_text(text, encoding="utf-8")

    def found(self) -> None:
        """Decide everything a call needs, command by command."""
        root = self.keys.signers["root"].public_key.raw.hex()
        self.run(
            *("chain", "deploy", "--url", self.chain.server.url, "--root", root),
            *("--relay", "relay.key", "-o", "deployment.json"),
        )
        self.write_settings("node", self.chain.server.url)
        self.node.start()
        self._enrol("centre", CENTRE, "root", may_enrol=True)
        self.decide("centre-head", "chain", "list-contract")
        self._enrol("police", POLICE, "centre-head", may_enrol=False)
        for name, code in (("centre", CENTRE), ("police", POLICE)):
            self._add_key(name, code, "department", f"{name}-node", "--log-key", f"{name}-log.key")
        teller = ("--relay", self.keys.teller.address.hex())
        self.decide("centre-head", "log", "register", CENTRE, *teller)
        self.decide("police-head", "log", "register", POLICE)
        self._grant("centre", CENTRE, "centre-head", "department-head", "office-head", "reviewer")
        self._add_key("police", POLICE, "officer", "police-office", "--post", "主任")
        self._grant("police", POLICE, "police-office", "office-head")
        self._share()

    def _enrol(self, name: str, code: str, signer: str, *, may_enrol: bool) -> None:
        members = {"code": code, "parent": CENTRE, "competent": CENTRE, "url": self.url}
        quoted = {member: f'"{value}"' for member, value in members.items()}
        form = self.folder / f"{name}-form.toml"
        text = self.generation.enrolment(self.blank("department"), may_enrol=may_enrol, **quoted)
        form.write_text(text, encoding="utf-8")
        head = ("--head-key", f"{name}-head.key")
        self.decide(signer, "department", "enrol", form.name, *head)

    def _add_key(self, name: str, code: str, kind: str, key: str, *more: str) -> None:
        named = ("--name", key, "--new-key", f"{key}.key", *UNTIL)
        self.decide(f"{name}-head", "department", "add-key", code, kind, *named, *more)

    def _grant(self, name: str, code: str, key: str, *roles: str) -> None:
        key_id = self.keys.signers[key].public_key.key_id.hex()
        holder = self.generation.holder_options("张伟")
        why = (*holder, "--post", "处长", "--reason", "任命", *UNTIL)
        wanted = [part for role in roles for part in ("--role", role)]
        self.decide(f"{name}-head", "department", "grant", code, key_id, *why, *wanted)

    def _share(self) -> None:
        """Publish one entry; register the application, apply for the entry, agree."""
        write_template(self.folder / "first.xlsx", ROWS)
        self.decide("police-head", "catalogue", "import", "first.xlsx", POLICE)
        review = ("--all", "--reviewer", "沈知行", "--opinion", "已审核")
        self.decide("centre-head", "catalogue", "review", CENTRE, *review)
        self.decide(
            "centre-head",
            *("application", "register", CENTRE, "ZHSX", "--name", "智慧升学", *CONTACT),
            *("--description", "入学资格核验", "--protection-level", 3),
        )
        unwrap = ("--application", "ZHSX", "--unwrap-key", "system-unwrap.key")
        self._add_key("centre", CENTRE, "application", "system", *unwrap)
        (self.folder / "application.toml").write_text(self._application(), encoding="utf-8")
        self.decide("centre-head", "authorisation", "apply", "application.toml")
        reply = ("authorisation", "reply", self.authorisation, "agree", "--opinion", "同意")
        self.decide("police-office", *reply, *CONTACT)

    def _application(self) -> str:
        """Return the form of an application, filled in."""
        form, mark, rest = self.blank("application").partition("[entry]")
        period = {"validFrom": "2020-01-01", "validUntil": "2099-12-31"}
        quota = dict.fromkeys(("callsPerDay", "rowsPerDay"), QUOTA)
        items = '["XM", "GMSFHM"]'
        form = filled(form, department=f'"{CENTRE}"', items=items, **period, **quota)
        entry, purpose, rest = rest.partition("[purpose]")
        entry = filled(entry, department=f'"{POLICE}"', code=f'"{ENTRY}"')
        rest = filled(rest, code='"ZHSX"', name='"智慧升学"')
        return f"{form}{mark}{entry}{purpose}{rest}"

    def calls(self, numbers: range) -> list[bytes]:
        """Return signed calls, raw, each of a matter of its own."""
        with SignedHttp(self.keys.caller) as http:
            caller = Caller(http, self.url, self.authorisation, "ZHSX", ("XM", "GMSFHM"))
            return caller.sign(numbers)

    def await_calls(self) -> str:
        """Wait until a call is served; return its event, 64 hex.

        Raises:
            CommandFailed: it was refused, or not served for too long.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        url = f"{self.url}/api/v1/authorisations/{self.authorisation}/query"
        while True:
            (call,) = self.calls(range(1))
            head, _, body = call.partition(b"\r\n\r\n")
            lines = head.decode("ascii").split("\r\n")[1:]
            headers = dict(line.split(": ", 1) for line in lines)
            answer = httpx.post(url, content=body, headers=headers, trust_env=False)
            if answer.status_code == httpx.codes.OK:
                leaf = encoding.unb64u(answer.json()["receipt"]["leaf"])
                return str(orjson.loads(leaf)["event"])
            if answer.status_code != UNAVAILABLE or time.monotonic() > deadline:
                raise CommandFailed(f"{self.build.revision}: a call: {answer.text}")
            time.sleep(POLL_SECONDS)

    def await_quiet(self) -> None:
        """Wait until the read model is at the chain's head.

        Raises:
            CommandFailed: it is not for too long.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while httpx.get(f"{self.url}/api/v1/status", trust_env=False).json()["lag"] != 0:
            if time.monotonic() > deadline:
                raise CommandFailed(f"{self.build.revision}: the node does not reach the head")
            time.sleep(POLL_SECONDS)


def founded(
    build: Build, keys: Keys, folder: Path, copies: Iterable[str], stack: ExitStack
) -> City:
    """Found a city that runs until the stack is unwound; copy its chain to folders so named."""
    city = City(build, keys, folder)
    for running in (city.chain, city.node, city.fronts):
        stack.callback(running.stop)
    city.chain.start()
    city.found()
    city.node.stop()
    city.chain.stop()
    for name in copies:
        shutil.copytree(folder / "chain", folder / name)
    city.chain.start()
    city.write_settings("node", city.chain.server.url)
    city.node.start()
    return city
