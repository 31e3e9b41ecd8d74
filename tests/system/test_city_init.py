"""`shareledger city init` goes on wherever it was killed, and leaves alone what is there."""

from __future__ import annotations

import re
import shutil
import signal
import tomllib
from typing import TYPE_CHECKING

import httpx
import pytest
import tomli_w

from api.city import plan as plans
from api.city.processes import Child
from api.cli.console import EXIT_UNAVAILABLE
from api.demo.claims import Ports
from api.parts import Node
from api.settings import load_settings
from node.protocol.wire import ids
from tests.common.demos import running_demo
from tests.common.nodes import until
from tests.common.quick_command import COMMAND
from tests.common.shell import Shell
from tests.common.zygote import servers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.chain

INIT = (*COMMAND, "city", "init")
CENTRE, POLICE, EDUCATION = "11130900MB0000001M", "11130900MB0000004Y", "11130900MB00000052"
MOMENTS = (
    "生成 keys/data-head.key\n",
    "写 data/node.toml\n",
    "部门入账：沧州市公安局",
    "授予职责：",
)
"""What it has said when it is killed: among the keys, before the contracts, among the decisions."""
TWO = (MOMENTS[0], MOMENTS[3])
DECISION = re.compile(r"^(?:部门入账|登记|授予职责|合约生效)", re.MULTILINE)


def small(ports, *codes):
    """Return the example with these departments only, each on the one node."""
    values = tomllib.loads(plans.example())
    values["chain"]["port"] = ports[0]
    values["nodes"] = [{"name": "data", "port": ports[1], "departments": list(codes)}]
    values["departments"] = [each for each in values["departments"] if each["code"] in codes]
    return values


class Town:
    """The folder of a small city, and the ports it has."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.folder, self.ports = folder, ports
        self.planned = self.said = ""
        """What a dry run had announced; what the last run of the making said."""
        self.file = folder / "city.toml"
        self.shell = Shell(folder, {"SHARELEDGER_LANG": "zh"})

    def write(self, values):
        self.file.write_text(tomli_w.dumps(values), "utf-8")

    def init(self, *options):
        return self.shell.ok("city", "init", self.file, *options).output

    def counts(self):
        """Return how many departments there are, and how many decisions were mined."""
        node = Node(load_settings(self.folder / "data" / "node.toml"))
        try:
            queries = node.queries
            blocks = range(queries.cursor().next_block)
            mined = [each for block in blocks for each in queries.decisions_in(block)]
            return len(queries.departments()), len(mined)
        finally:
            node.stop()

    def keys(self):
        return {path: path.read_bytes() for path in self.folder.glob("*/*.key")}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(TWO, id="twice"),
        pytest.param(MOMENTS, marks=pytest.mark.long, id="four times"),
    ],
)
def town(request, tmp_path_factory):
    """A city whose making was killed twice or four times, then went through."""
    claims = Ports()
    ports = [claims.choose(18745), claims.choose(18761)]
    folder = tmp_path_factory.mktemp("city")
    town = Town(folder, ports)
    town.write(small(ports, CENTRE, POLICE))
    try:
        town.planned = town.init("--dry-run")
        assert [path.name for path in folder.iterdir()] == ["city.toml"]
        for moment in request.param:
            with running_demo(folder / "tmp", str(town.file), command=INIT) as killed:
                killed.reaches(moment)
                killed.process.kill()
                assert killed.wait() == -signal.SIGKILL
                # Its servers end with it: the kernel tells them.
                until(lambda demo=killed: not demo.processes())  # type: ignore[misc]
        town.said = town.init()
        yield town
    finally:
        claims.close()


class TestKilled:
    def test_takes_every_decision_once(self, town):
        assert town.counts() == (2, len(DECISION.findall(town.planned)))

    def test_goes_on_where_it_was(self, town):
        done = len(DECISION.findall(town.said))
        assert 0 < done < len(DECISION.findall(town.planned))
        assert "生成" not in town.said
        assert "部署" not in town.said
        assert f"已办 {done} 项" in town.said


class TestAgain:
    def test_says_that_there_is_nothing_to_do_though_the_officers_took_their_keys(self, town):
        kept = [*town.folder.glob("keys/*.key")]
        for path in kept:
            path.rename(path.with_suffix(".away"))
        assert town.init() == "没有要办的：城市与文件一致\n"
        for path in kept:
            path.with_suffix(".away").rename(path)

    def test_adds_a_department_and_leaves_the_rest(self, town):
        before = town.keys()
        _, decisions = town.counts()
        values = small(town.ports, CENTRE, POLICE, EDUCATION)
        town.write(values)
        looked = town.init("--dry-run")
        assert town.counts() == (2, decisions)
        said = town.init()
        assert DECISION.findall(looked) == DECISION.findall(said)
        assert "沧州市公安局" not in said
        departments, after = town.counts()
        assert (departments, after - decisions) == (3, len(DECISION.findall(said)))
        assert before.items() <= town.keys().items()

    def test_refuses_what_the_ledger_contradicts(self, town):
        values = small(town.ports, CENTRE, POLICE, EDUCATION)
        values["departments"][1]["name"] = "沧州市警察局"
        town.write(values)
        _, decisions = town.counts()
        refused = town.shell.run("city", "init", town.file)
        assert refused.code == 1
        assert refused.errors.startswith("[conflict] ")
        assert "name（名称）在账上是 沧州市公安局，文件写的是 沧州市警察局" in refused.errors
        assert town.counts()[1] == decisions

    def test_the_city_is_that_of_the_file(self, town):
        node = Node(load_settings(town.folder / "data" / "node.toml"))
        try:
            (system, other) = node.queries.applications_of(ids.department_id(EDUCATION))
            calling = [
                key for each in (system, other) for key in node.queries.keys_of(each.application)
            ]
            assert len(calling) == 2
            assert len(node.queries.logs()) == 3
            assert [each.name for each in node.queries.contracts()] == [
                "AccessAnchors",
                "CatalogueRegistry",
                "ShareAuthorisations",
            ]
        finally:
            node.stop()


class TestElsewhere:
    """A node on another machine (`remote`): its folder is copied there and started there."""

    def test_is_waited_for_then_founded_and_known_when_its_folder_has_gone(self, tmp_path):
        claims = Ports()
        ports = [claims.choose(18775), claims.choose(18781), claims.choose(18791)]
        town, there = Town(tmp_path / "here", ports), tmp_path / "there"
        town.folder.mkdir()
        values = small(ports, CENTRE, POLICE)
        values["chain"] = {"url": f"http://127.0.0.1:{ports[0]}"}
        values["nodes"][0]["departments"] = [CENTRE]
        values["nodes"] += [
            {"name": "police", "port": ports[2], "departments": [POLICE], "remote": True}
        ]
        town.write(values)
        assert town.shell.run("city", "init", town.file).code == EXIT_UNAVAILABLE  # no chain yet
        deployer = (town.folder / "data" / "relay.key.pub").read_text("ascii").strip()
        chain = Child(
            "", ["chain", "run", "--data", str(tmp_path / "chain"), "--port", str(ports[0]),
                 "--deployer", deployer], tmp_path / "chain.log", values["chain"]["url"],
        )  # fmt: skip
        police = Child(
            "", ["node", "run", "--config", str(there / "node.toml")], tmp_path / "police.log",
            f"http://127.0.0.1:{ports[2]}",
        )  # fmt: skip
        try:
            with servers():
                chain.start()
            asked = town.shell.run("city", "init", town.file)
            assert asked.code == EXIT_UNAVAILABLE
            assert f"请把目录 {town.folder / 'police'} 复制到它的机器上" in asked.errors
            shutil.copytree(town.folder / "police", there)
            with servers():
                police.start()
            assert "部门入账：沧州市公安局" in town.init()
            shutil.rmtree(town.folder / "police")
            assert DECISION.findall(town.init()) == []
            assert [*town.folder.glob("police/*.key")] == []
            served = httpx.get(f"{police.address}/api/v1/status", trust_env=False).json()
            assert served["departments"][0]["registered"]
        finally:
            police.stop()
            chain.stop()
            claims.close()
