"""The code on a chain beside the published source: what is the same, and what cannot pass for it.

What the compiler gives is taken from the committed artifacts here; `test_recompilation` holds
them to the compiler itself.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.chain import recompile
from node.chain.recompile import compare, find_compiler
from node.crypto import SoftwareSigner
from node.errors import ConfigInvalid
from tests.common.shell import invoke

pytestmark = pytest.mark.chain

ARTIFACTS = Path(recompile.__file__).parent / "artifacts"
WANTED = "0.8.37"
METADATA_BYTES = 53
"""The compiler writes so many behind the code, their length included."""


def artifact(name: str) -> Any:
    return json.loads((ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))


def compiled(bytecode):
    """The compiler's output as the artifacts have it, changed by `bytecode`."""

    def compile_published(_compiler: Path, names: list[str]) -> dict[str, Any]:
        return {
            name: {
                "bytecode": {"object": bytecode(artifact(name)["bytecode"][2:])},
                "deployedBytecode": {
                    "object": bytecode(artifact(name)["deployedBytecode"][2:]),
                    "immutableReferences": artifact(name)["immutableReferences"],
                },
            }
            for name in names
        }

    return compile_published


@pytest.fixture
def found(ledger_chain, monkeypatch):
    """Compare a deployment with the artifacts; `bytecode` changes what was compiled."""

    def run(deployment=ledger_chain.deployment, bytecode=lambda code: code):
        monkeypatch.setattr(recompile, "compile_published", compiled(bytecode))
        compared = compare(ledger_chain.gateway, deployment, Path("solc"))
        return {each.name: each for each in compared}

    return run


class TestComparison:
    def test_holds_for_what_was_deployed(self, found, ledger_chain):
        comparisons = found()
        assert list(comparisons) == list(ledger_chain.deployment.contracts)
        assert all(each.holds and each.metadata for each in comparisons.values())

    def test_tells_a_contract_with_another_root_key(self, found, ledger_chain):
        other = SoftwareSigner.generate().public_key.raw
        comparisons = found(replace(ledger_chain.deployment, root_key=other))
        wrong = comparisons.pop("DepartmentRegistry")
        assert wrong.code
        assert not wrong.immutables
        assert not wrong.holds
        assert all(each.holds for each in comparisons.values())

    def test_tells_a_contract_that_trusts_another_registry(self, found, ledger_chain):
        contracts = ledger_chain.deployment.contracts
        twin = replace(contracts["Sm2Verifier"], address=contracts["AccessAnchors"].address)
        # The registry asks the verifier it was given: the deployment names another.
        comparisons = found(
            replace(ledger_chain.deployment, contracts={**contracts, "Sm2Verifier": twin})
        )
        assert not comparisons["Sm2Verifier"].code
        assert not comparisons["DepartmentRegistry"].immutables

    def test_tells_one_contract_in_anothers_place(self, found, ledger_chain):
        contracts = ledger_chain.deployment.contracts
        wrong = replace(contracts["AccessAnchors"], address=contracts["CatalogueRegistry"].address)
        comparisons = found(
            replace(ledger_chain.deployment, contracts={**contracts, "AccessAnchors": wrong})
        )
        assert not comparisons["AccessAnchors"].code
        assert comparisons["CatalogueRegistry"].holds

    def test_tells_sources_that_differ_as_text_only(self, found):
        changed = found(bytecode=lambda code: flipped(code, METADATA_BYTES - 10))
        assert all(each.holds and not each.metadata for each in changed.values())

    def test_tells_code_of_another_source(self, found):
        changed = found(bytecode=lambda code: flipped(code, METADATA_BYTES + 1))
        assert not any(each.code for each in changed.values())
        assert all(each.metadata for each in changed.values())


class TestCommand:
    @pytest.fixture
    def arguments(self, ledger_chain, tmp_path):
        def of(deployment):
            deployment.save(tmp_path / "deployment.json")
            file = tmp_path / "deployment.json"
            return ("chain", "check", "--url", ledger_chain.running.url, "--deployment", file)

        return of

    def test_shows_what_was_found_as_named(self, ledger_chain, arguments):
        done = invoke(*arguments(ledger_chain.deployment))
        assert done.code == 0
        assert f"✓ 链 {ledger_chain.deployment.chain_id}" in done.output
        for name, contract in ledger_chain.deployment.contracts.items():
            assert f"✓ {name}：链上代码的哈希 {contract.code_hash.hex()}" in done.output

    def test_ends_with_1_on_another_chain(self, ledger_chain, arguments):
        done = invoke(*arguments(replace(ledger_chain.deployment, chain_id=1)))
        assert done.code == 1
        assert "[wrong-chain]" in done.errors

    def test_marks_the_contract_that_is_not_the_sources(
        self, ledger_chain, arguments, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(recompile, "compile_published", compiled(lambda code: code))
        solc = script(tmp_path / "solc", f"echo Version: {WANTED}+commit.6a0f3b1c")
        other = replace(ledger_chain.deployment, root_key=SoftwareSigner.generate().public_key.raw)
        done = invoke(*arguments(other), "--recompile", "--solc", solc)
        assert done.code == 1
        assert "✗ DepartmentRegistry：代码一致，不可变量不同" in done.output
        assert "✓ AccessAnchors：代码一致，不可变量一致" in done.output
        assert "DepartmentRegistry" in done.errors


def flipped(code, place):
    """The code with one byte changed, counted from its end."""
    octets = bytearray.fromhex(code)
    octets[-place] ^= 1
    return octets.hex()


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


class TestCompiler:
    @pytest.fixture(autouse=True)
    def nothing_installed(self, tmp_path, monkeypatch):
        monkeypatch.setenv("SOLCX_BINARY_PATH", str(tmp_path))

    def test_that_is_nowhere_is_told_how_to_get(self):
        with pytest.raises(ConfigInvalid, match=rf"no solc {WANTED}.*--solc.*install_solc"):
            find_compiler(None)

    def test_that_py_solc_x_has_installed_is_used(self, tmp_path):
        installed = script(tmp_path / f"solc-v{WANTED}", f"echo Version: {WANTED}+commit.6a0f3b1c")
        assert find_compiler(None) == installed

    def test_of_another_version_is_refused(self, tmp_path):
        old = script(tmp_path / "solc", "echo Version: 0.8.20+commit.a1b79de6")
        with pytest.raises(ConfigInvalid, match=rf"solc is solc 0\.8\.20.*{WANTED}"):
            find_compiler(old)

    @pytest.mark.parametrize("text", ["echo hello", "exit 3", "printf '\\377'"])
    def test_that_is_none_is_refused(self, tmp_path, text):
        with pytest.raises(ConfigInvalid, match="no Solidity compiler"):
            find_compiler(script(tmp_path / "solc", text))

    def test_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(ConfigInvalid, match="nowhere"):
            find_compiler(tmp_path / "nowhere")

    @pytest.mark.parametrize("text", ["exit 3", "echo no JSON", "echo '{}'"])
    def test_that_fails_is_told(self, tmp_path, text):
        with pytest.raises(ConfigInvalid, match="does not compile"):
            recompile.compile_published(script(tmp_path / "solc", text), ["Sm2Verifier"])
