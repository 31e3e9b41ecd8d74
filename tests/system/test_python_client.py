"""The wheel `shareledger-client`, alone: what is in it, what it needs, and its page as printed.

The product's own packages are kept out of its way here; with `long` it is installed as the page
says, in an environment of its own, and does the same again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from node.client.callfile import load_call
from node.client.receiptfolder import ReceiptFolder
from tests.common.keyfiles import quick_files, write_private
from tests.common.make_conformance.__main__ import FILE
from tests.common.nodes import PASSWORD, until
from tests.system.test_wheel import UNREACHABLE

if TYPE_CHECKING:
    from tests.system.conftest import City

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "clients" / "python"
PAGE = (ROOT / "docs" / "client-python.zh-CN.md").read_text(encoding="utf-8")
BLOCKS: dict[str, list[str]] = {
    kind: re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for kind in ("json", "sh", "python")
}
RUNNER = ROOT / "tests" / "common" / "conformance.py"
NEEDS = {
    "cryptography", "gmssl", "httpx", "orjson", "pycryptodomex", "pydantic", "python-stdnum",
    "rfc8785", "tenacity",
}  # fmt: skip
KEPT_OUT = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"node", "api", "ledger_sync", "tests", "fastapi", "starlette",
                                      "uvicorn", "sqlalchemy", "sqlmodel", "web3", "eth_account",
                                      "eth_hash", "Crypto", "solcx"}:
            raise ImportError(f"{name} is not there where the wheel is installed")
sys.meta_path.insert(0, Wall())
sys.argv = sys.argv[1:]
exec(compile(open(sys.argv[0], encoding="utf-8").read(), sys.argv[0], "exec"),
     {"__name__": "__main__"})
"""


def run(*command: object, cwd: Path, path: Path | None = None) -> str:
    """Return what a command that must succeed prints."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(  # noqa: S603 - our own tools
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip("no package registry is reachable")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a registry."""
    folder = tmp_path_factory.mktemp("client-wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", folder, SOURCE, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    """The folder that holds the wheel's package, and nothing else."""
    folder = wheel.parent / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def alone(script: Path, *arguments: object, cwd: Path, path: Path) -> str:
    """Run a script with the unpacked package, the product and its libraries kept out."""
    return run(sys.executable, "-P", "-c", KEPT_OUT, script, *arguments, cwd=cwd, path=path)


class TestTheWheel:
    def test_holds_one_package_of_its_own_name(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            tops = {name.partition("/")[0] for name in archive.namelist()}
        assert tops == {"shareledger_client", "shareledger_client-0.1.0.dist-info"}

    def test_holds_every_source_of_its_half_once(self, unpacked: Path) -> None:
        node, package = ROOT / "node", unpacked / "shareledger_client"
        for folder in ("client", "crypto", "protocol"):
            for path in (node / folder).rglob("*.py"):
                assert (package / path.relative_to(node)).read_bytes() == path.read_bytes()

    def test_needs_no_server_database_or_chain_library(self, unpacked: Path) -> None:
        (metadata,) = unpacked.glob("*.dist-info/METADATA")
        said = Parser().parsestr(metadata.read_text(encoding="utf-8")).get_all("Requires-Dist", [])
        needed = {re.split(r"[<>=;\[ ]", each)[0] for each in said if "extra ==" not in each}
        assert needed == NEEDS

    def test_yields_what_the_conformance_file_says(self, unpacked: Path, tmp_path: Path) -> None:
        said = alone(RUNNER, "shareledger_client", FILE, cwd=tmp_path, path=unpacked)
        assert said.endswith(" 0 failed\n")


@pytest.fixture
def desk(city: City, tmp_path: Path) -> Path:
    """The folder of a contractor: the page's `call.json` for the city, and the key files."""
    town = city.town
    with quick_files():
        town.keys.application.save(tmp_path / "application.key", PASSWORD)
        town.keys.encryption.save(tmp_path / "opening.key", PASSWORD)
    write_private(tmp_path / "password", PASSWORD + b"\n")
    (printed,) = BLOCKS["json"]
    here = {"provider": town.url, "own": town.url, "authorisation": town.first}
    call = {**json.loads(printed), **here}
    (tmp_path / "call.json").write_text(json.dumps(call, ensure_ascii=False), encoding="utf-8")
    return tmp_path


def page_run(desk: Path, perform: Any) -> None:
    """Run the page's programs in their order and look at what they leave."""
    said = []
    for number, program in enumerate(BLOCKS["python"]):
        script = desk / f"program{number}.py"
        script.write_text(program, encoding="utf-8")
        said.append(perform(script))
    call, resend, many, upgrade, by_hand = said
    row = "[{'GMSFHM': '130902********0003', 'XM': '张三3'}]"
    assert row in call
    assert "已上链，区块：" in call
    assert resend == "True True\n"
    assert many.count(row) == 5
    assert many.splitlines()[5:] == ["20", "20", "10"]
    assert upgrade.startswith("升级 ")
    assert row in by_hand
    folder = ReceiptFolder(Path(load_call(desk / "call.json").receipts))
    receipts = [folder.load(path) for path in folder.list_files()]
    assert len(receipts) == 1 + 1 + 5 + 3 + 1
    assert receipts[0].anchored is not None
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.list_files())


@pytest.mark.chain
class TestThePage:
    def test_its_programs_run_as_printed(self, unpacked: Path, desk: Path) -> None:
        page_run(desk, lambda script: alone(script, cwd=desk, path=unpacked))

    def test_what_is_kept_is_upgraded_by_its_program(self, unpacked: Path, desk: Path) -> None:
        def program(number: int) -> str:
            script = desk / "program.py"
            script.write_text(BLOCKS["python"][number], encoding="utf-8")
            return alone(script, cwd=desk, path=unpacked)

        program(1)
        until(lambda: "等待 0" in program(3))
        folder = ReceiptFolder(desk / "receipts")
        assert all(folder.load(path).anchored for path in folder.list_files())

    def test_its_table_names_every_member_of_the_file(self) -> None:
        (printed,) = BLOCKS["json"]
        told = set(re.findall(r"`(\w+)`", PAGE.split("| 成员 | |", 1)[1].split("## 2.", 1)[0]))
        assert set(json.loads(printed)) <= told

    @pytest.mark.long
    def test_installed_as_it_says_it_does_the_same(self, desk: Path) -> None:
        (commands,) = BLOCKS["sh"]
        (desk / "clients").symlink_to(ROOT / "clients")
        for command in commands.splitlines():
            run("sh", "-c", command, cwd=desk)
        python = desk / "build" / "app" / "bin" / "python"
        where = "import shareledger_client; print(shareledger_client.__file__)"
        assert run(python, "-c", where, cwd=desk).startswith(str(desk))
        missing = "import importlib.util as u; print(*map(u.find_spec, ('node', 'api', 'fastapi')))"
        assert run(python, "-c", missing, cwd=desk) == "None None None\n"
        said = run(python, RUNNER, "shareledger_client", FILE, cwd=desk)
        assert said.endswith(" 0 failed\n")
        page_run(desk, lambda script: run(python, script, cwd=desk))
