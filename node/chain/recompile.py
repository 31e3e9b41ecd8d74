"""The published source compiled again, and compared with the code on the chain.

The source is `artifacts/standard-input.json`: one compiler input, from which everybody gets the
same bytes. What stands on the chain differs from them in the immutables, which the constructor
fills in, and may differ in the metadata behind the code, a hash of the sources as text; both are
taken apart. The immutables must be what this very constructor gives with the deployment's
arguments, which a call without a transaction tells.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import ConfigInvalid, DecisionRefused
from ..protocol.evm.eip712 import domain_separator
from .deployment import arguments_of, creation_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .deployment import Deployment
    from .gateway import Gateway

_WORD = 32
_LENGTH_BYTES = 2
_PRAGMA = re.compile(r"^pragma solidity (\d+\.\d+\.\d+);$", re.MULTILINE)
_OUTPUTS = ("bytecode.object", "deployedBytecode.object", "deployedBytecode.immutableReferences")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the code of one contract on the chain has in common with the published source."""

    name: str
    code: bool
    """The code is the source's, immutables and metadata left out."""
    immutables: bool
    """They are what the constructor gives with the deployment's arguments."""
    metadata: bool
    """The sources are the same as text, comments and names of files included."""

    @property
    def holds(self) -> bool:
        """Whether the contract does what the source says."""
        return self.code and self.immutables


@dataclass(frozen=True, slots=True)
class Code:
    """Code with its immutables and metadata taken apart."""

    body: bytes
    """Zero where an immutable stands."""
    immutables: dict[str, frozenset[bytes]]
    """Words by the compiler's number for the variable; each has one, wherever it stands."""
    metadata: bytes

    @classmethod
    def split(cls, code: bytes, references: dict[str, list[dict[str, int]]]) -> Code:
        """Take code apart; the last two bytes tell the metadata's length (Solidity manual)."""
        size = int.from_bytes(code[-_LENGTH_BYTES:], "big") + _LENGTH_BYTES
        body, immutables = bytearray(code[:-size]), {}
        for number, places in references.items():
            spans = [slice(each["start"], each["start"] + each["length"]) for each in places]
            immutables[number] = frozenset(bytes(code[span]) for span in spans)
            for span in spans:
                body[span] = bytes(_WORD)
        return cls(bytes(body), immutables, code[-size:])


def published_input() -> Any:  # noqa: ANN401 - JSON
    """Return the compiler input the contracts are published as."""
    file = resources.files(__package__) / "artifacts" / "standard-input.json"
    return orjson.loads(file.read_bytes())


def find_compiler(solc: Path | None) -> Path:
    """Return the compiler to use: `solc`, or one py-solc-x has installed.

    Raises:
        ConfigInvalid: there is none of the version the source asks for.
    """
    from solcx.exceptions import SolcError, SolcNotInstalled
    from solcx.install import get_executable
    from solcx.wrapper import get_solc_version

    wanted = next(
        found[1]
        for source in published_input()["sources"].values()
        if (found := _PRAGMA.search(source["content"]))
    )
    try:
        path = get_executable(wanted) if solc is None else solc
        version = str(get_solc_version(path))
    except SolcNotInstalled as error:
        raise ConfigInvalid(
            f"没有 solc {wanted}：用 --solc 指明，或联网装一次 / no solc {wanted} here: "
            "name one with --solc, or install it once with "
            f"python -c 'import solcx; solcx.install_solc(\"{wanted}\")'"
        ) from error
    except (OSError, SolcError, subprocess.SubprocessError, UnicodeDecodeError) as error:
        raise ConfigInvalid(
            f"{solc or 'solc'} is no Solidity compiler that runs: {error}"
        ) from error
    if version != wanted:
        raise ConfigInvalid(f"{path} is solc {version}; the contracts are written for {wanted}")
    return path


def compile_published(compiler: Path, names: list[str]) -> dict[str, Any]:
    """Compile the published source; return the `evm` output of each contract named.

    Raises:
        ConfigInvalid: the compiler fails.
    """
    from solcx import compile_standard
    from solcx.exceptions import SolcError

    source = published_input()
    files = {name: f"project/contracts/{name}.sol" for name in names}
    selection = {files[name]: {name: [f"evm.{each}" for each in _OUTPUTS]} for name in names}
    source["settings"]["outputSelection"] = selection
    try:
        output = compile_standard(source, solc_binary=compiler)
        return {name: output["contracts"][files[name]][name]["evm"] for name in names}
    except (OSError, SolcError, subprocess.SubprocessError, KeyError, ValueError) as error:
        words = getattr(error, "message", None) or repr(error)
        raise ConfigInvalid(f"{compiler} does not compile the published source: {words}") from error


def compare(gateway: Gateway, deployment: Deployment, compiler: Path) -> Iterator[Comparison]:
    """Compile the published source and compare it with each contract on the chain.

    Raises:
        ConfigInvalid: the compiler fails.
        ChainUnavailable: the endpoint does not answer.
    """
    compiled = compile_published(compiler, list(deployment.contracts))
    for name, contract in deployment.contracts.items():
        creation, runtime = compiled[name]["bytecode"], compiled[name]["deployedBytecode"]
        references = runtime.get("immutableReferences") or {}
        built = Code.split(bytes.fromhex(runtime["object"]), references)
        there = Code.split(gateway.code(contract.address), references)
        arguments = arguments_of(name, deployment)
        try:
            made = gateway.try_creation(creation_code(gateway, name, arguments, creation["object"]))
        except DecisionRefused:  # then these arguments can have made no contract at all
            expected = None
        else:
            given = Code.split(made, references).immutables
            expected = _moved(given, deployment.chain_id, contract.address)
        yield Comparison(
            name,
            code=there.body == built.body,
            immutables=there.immutables == expected,
            metadata=there.metadata == built.metadata,
        )


def _moved(
    immutables: dict[str, frozenset[bytes]], chain_id: int, address: bytes
) -> dict[str, frozenset[bytes]]:
    """Return what the immutables are at `address`: a call creates the contract at another one.

    Two of them tell the address: OpenZeppelin's EIP712 keeps its own and the separator made of it.
    """
    words = frozenset().union(*immutables.values())
    moved: dict[bytes, bytes] = {}
    for word in words:
        elsewhere = domain_separator(chain_id, word[-len(address) :])
        if elsewhere in words:
            moved = {
                word: address.rjust(_WORD, b"\0"),
                elsewhere: domain_separator(chain_id, address),
            }
    return {
        number: frozenset(moved.get(word, word) for word in values)
        for number, values in immutables.items()
    }
