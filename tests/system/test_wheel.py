"""The wheel in an environment of its own: nothing of `[dev]`, nothing of this checkout."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.common.chain import LedgerChain

pytestmark = [pytest.mark.chain, pytest.mark.long]

ROOT = Path(__file__).parents[2]
UNREACHABLE = re.compile(r"NewConnectionError|ConnectTimeoutError|ProxyError|name resolution")
"""What pip says when no registry answers; any other failure is the wheel's."""


def run(*command: object, cwd: Path) -> str:
    """Output of a command that must succeed, without this process's Python in its way."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(  # noqa: S603 - our own tools
        [str(word) for word in command],
        cwd=cwd,
        env={**environment, "SHARELEDGER_LANG": "en"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip("no package registry is reachable")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the programs of an environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    programs = folder / "venv" / "bin"
    (wheel,) = folder.glob("*.whl")
    constraints = ("--constraint", ROOT / "constraints.txt")
    run(programs / "pip", "install", "--quiet", *constraints, wheel, cwd=folder)
    return programs


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    where = (
        "import node, ledger_sync, api; print(node.__file__, ledger_sync.__file__, api.__file__)"
    )
    for path in run(installed / "python", "-c", where, cwd=tmp_path).split():
        assert path.startswith(str(installed.parent))


def test_every_dependency_is_one_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    run(installed / "pip", "check", cwd=tmp_path)
    modules = "api.app, api.parts, node.chain.provider, node.chain.recompile, solcx, gmssl"
    run(installed / "python", "-W", "error", "-c", f"import {modules}", cwd=tmp_path)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_the_native_verification_is_in_it(installed: Path, tmp_path: Path) -> None:
    asked = "from node.crypto import backend_version; print(backend_version())"
    assert "native" in run(installed / "python", "-c", asked, cwd=tmp_path)


def test_its_pages_are_in_it_as_they_are_built_here(installed: Path, tmp_path: Path) -> None:
    where = "import api.console, pathlib; print(pathlib.Path(api.console.__file__).parent)"
    folder = Path(run(installed / "python", "-c", where, cwd=tmp_path).strip())
    here = ROOT / "api" / "console"
    for part in ("static", "layout", "public"):
        files = {each.name for each in (here / part).iterdir() if each.suffix != ".pyc"}
        assert files - {"__pycache__"} <= {each.name for each in (folder / part).iterdir()}
    assert not (folder / "assets").exists()


def test_the_commands_work(installed: Path, tmp_path: Path, ledger_chain: LedgerChain) -> None:
    shareledger = installed / "shareledger"
    (tmp_path / "password").write_text("a password of some length\n", encoding="utf-8")
    (tmp_path / "password").chmod(0o600)
    assert "chain" in run(shareledger, "--help", cwd=tmp_path)
    password = ("--password-file", "password")
    for kind in ("sign", "relay"):
        made = run(
            shareledger, "key", "generate", kind, "-o", f"{kind}.key", *password, cwd=tmp_path
        )
        shown = run(shareledger, "key", "show", kind, f"{kind}.key", *password, cwd=tmp_path)
        assert shown.strip() in made
    ledger_chain.deployment.save(tmp_path / "deployment.json")
    where = ("--url", ledger_chain.running.url, "--deployment", "deployment.json")
    assert run(shareledger, "chain", "check", *where, cwd=tmp_path).count("✓") == 6


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the wheels that are made for other machines too."""
    folder = tmp_path_factory.mktemp("wheels")
    run("make", "wheels", f"WHEEL_DIR={folder}", cwd=ROOT)
    return folder


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 62), ("aarch64", 183)])
def test_a_wheel_made_elsewhere_holds_machine_code_for_its_own(
    wheels: Path, machine: str, number: int
) -> None:
    (wheel,) = wheels.glob(f"shareledger-*-py3-none-manylinux_2_17_{machine}.whl")
    with zipfile.ZipFile(wheel) as files:
        code = files.read("node/crypto/native/libsm2verify.so")
    assert code[:4] == b"\x7fELF"
    # e_machine of the ELF header; what it asks of the C library is old enough for the tag.
    assert int.from_bytes(code[18:20], "little") == number
    versions = [tuple(map(int, each)) for each in re.findall(rb"GLIBC_(\d+)\.(\d+)", code)]
    assert all(each <= (2, 17) for each in versions)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="made for another machine than this")
def test_a_wheel_made_elsewhere_verifies_natively(wheels: Path, tmp_path: Path) -> None:
    (wheel,) = wheels.glob("*_x86_64.whl")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(tmp_path)
    asked = "import node.crypto as c; c.run_self_test(); print(c.__file__, c.backend_version())"
    # The packages of this environment, the product of the wheel.
    said = run(sys.executable, "-c", f"import sys; sys.path.insert(0, '.'); {asked}", cwd=tmp_path)
    assert said.startswith(str(tmp_path))
    assert "native" in said
