"""Which contracts on which chain: the file every party starts from, and the check against a chain.

Canonical JSON (RFC 8785). Nothing in it needs trust beyond the file itself: chain id, genesis
hash and code hashes are compared with the chain before anything is believed.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from ..crypto import Sm2PublicKey, keccak256
from ..errors import (
    ChainUnavailable,
    ConfigInvalid,
    InvalidInput,
    MalformedKey,
    WrongChain,
    reason,
)
from ..protocol.evm import abi
from ..protocol.wire import canonical, encoding

if TYPE_CHECKING:
    from pathlib import Path

    from .gateway import Gateway
    from .relay import RelayAccount

CREATION_GAS = 20_000_000
MINED_SECONDS = 30.0

_ADDRESS_BYTES = 20
_Arguments = Callable[[dict[str, bytes], Sm2PublicKey], list[Any]]
_CONSTRUCTORS: dict[str, _Arguments] = {
    "Sm2Verifier": lambda _, __: [],
    "DepartmentRegistry": lambda at, root: [at["Sm2Verifier"], root.x, root.y],
    "CatalogueRegistry": lambda at, _: [at["DepartmentRegistry"]],
    "ShareAuthorisations": lambda at, _: [at["DepartmentRegistry"], at["CatalogueRegistry"]],
    "AccessAnchors": lambda at, _: [at["DepartmentRegistry"]],
}
"""Contracts in the order of their creation, with what their constructors are given."""


@dataclass(frozen=True, slots=True)
class DeployedContract:
    """One contract in force."""

    address: bytes
    code_hash: bytes
    """Keccak-256 of its code on the chain."""
    block: int
    """The block it was created in: none before holds an event of it."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One system: a chain and its contracts."""

    chain_id: int
    genesis_hash: bytes
    root_key: bytes
    """The key that signs the first enrolment; x‖y, 64 bytes."""
    contracts: dict[str, DeployedContract]

    @property
    def registry(self) -> bytes:
        """Address of the DepartmentRegistry: with chain id and genesis it names this system."""
        return self.contracts["DepartmentRegistry"].address

    @property
    def anchors(self) -> bytes:
        return self.contracts["AccessAnchors"].address

    @property
    def names(self) -> dict[bytes, str]:
        return {contract.address: name for name, contract in self.contracts.items()}

    def render(self) -> bytes:
        contracts = {
            name: {
                "address": contract.address.hex(),
                "block": contract.block,
                "codeHash": contract.code_hash.hex(),
            }
            for name, contract in self.contracts.items()
        }
        return canonical.dumps(
            {
                "chainId": self.chain_id,
                "contracts": contracts,
                "genesisHash": self.genesis_hash.hex(),
                "rootKey": self.root_key.hex(),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Deployment:
        """Read a file's content.

        Raises:
            ConfigInvalid: not a deployment file.
        """
        try:
            members = canonical.loads(data)
            contracts = {name: _contract(members["contracts"][name]) for name in _CONSTRUCTORS}
            return cls(
                chain_id=int(members["chainId"]),
                genesis_hash=encoding.hex32(members["genesisHash"]),
                root_key=Sm2PublicKey.from_raw(bytes.fromhex(members["rootKey"])).raw,
                contracts=contracts,
            )
        except (InvalidInput, MalformedKey, KeyError, TypeError, ValueError) as error:
            raise ConfigInvalid(f"不是 deployment.json / not a deployment file: {error}") from error

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a deployment file.

        Raises:
            ConfigInvalid: no such file, or not a deployment file.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigInvalid(f"{path} 读不出：{reason(error)} / cannot read") from error
        return cls.parse(data)

    def save(self, path: Path) -> None:
        """Write the file as a whole or not at all."""
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with temporary.open("wb") as file:
            file.write(self.render())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def deploy(gateway: Gateway, relay: RelayAccount, root_public_key: Sm2PublicKey) -> Deployment:
    """Create all contracts on a chain and return where they are.

    Stopped half-way it leaves contracts that no deployment names and nobody listens to.

    Raises:
        ChainUnavailable: a creation was not mined, or failed.
        TransactionRefused: the chain does not take a creation.
    """
    chain_id, genesis = gateway.chain_id(), gateway.block(0)
    contracts: dict[str, DeployedContract] = {}
    for name, arguments in _CONSTRUCTORS.items():
        addresses = {known: contract.address for known, contract in contracts.items()}
        code = creation_code(gateway, name, arguments(addresses, root_public_key))
        nonce = gateway.transaction_count(relay.address)
        raw = relay.sign_legacy(b"", code, nonce, CREATION_GAS, chain_id)
        receipt = gateway.deliver(raw, MINED_SECONDS)
        if not receipt.succeeded or receipt.contract_address is None:
            raise ChainUnavailable(f"the creation of {name} failed on the chain")
        contracts[name] = DeployedContract(
            address=receipt.contract_address,
            code_hash=keccak256(gateway.code(receipt.contract_address)),
            block=receipt.block_number,
        )
    return Deployment(chain_id, genesis.hash, root_public_key.raw, contracts)


def check(gateway: Gateway, deployment: Deployment) -> None:
    """Check that the endpoint's chain is the deployment's and holds its contracts.

    Raises:
        WrongChain: chain id, genesis hash or a contract's code is another.
        ChainUnavailable: the endpoint does not answer.
    """
    chain_id, genesis = gateway.chain_id(), gateway.block(0)
    if chain_id != deployment.chain_id:
        raise WrongChain(f"the endpoint's chain is {chain_id}, not {deployment.chain_id}")
    if genesis.hash != deployment.genesis_hash:
        raise WrongChain(
            f"the chain's genesis is {genesis.hash.hex()}, not {deployment.genesis_hash.hex()}"
        )
    for name, contract in deployment.contracts.items():
        code, at = gateway.code(contract.address), f"0x{contract.address.hex()}"
        if not code:
            raise WrongChain(f"there is no contract at {at}, where {name} should be")
        if keccak256(code) != contract.code_hash:
            raise WrongChain(
                f"the code of {name} at {at} has the hash {keccak256(code).hex()}, "
                f"not {contract.code_hash.hex()}"
            )


def arguments_of(name: str, deployment: Deployment) -> list[Any]:
    """Return what the constructor of a contract was given."""
    addresses = {known: contract.address for known, contract in deployment.contracts.items()}
    return _CONSTRUCTORS[name](addresses, Sm2PublicKey.from_raw(deployment.root_key))


def creation_code(
    gateway: Gateway, name: str, arguments: list[Any], bytecode: str | None = None
) -> bytes:
    """Return what a creation transaction of a contract carries: `bytecode`, else the artifact's.

    Raises:
        ConfigInvalid: the contract's artifact is missing.
    """
    if bytecode is None:
        file = resources.files(__package__) / "artifacts" / f"{name}.json"
        try:
            bytecode = orjson.loads(file.read_bytes())["bytecode"]
        except FileNotFoundError as error:
            raise ConfigInvalid(f"no artifact of {name}: run `make abi`") from error
    factory = gateway.web3.eth.contract(abi=abi.load_abi(name), bytecode=bytecode)
    return bytes.fromhex(factory.constructor(*arguments).data_in_transaction[2:])


def _contract(members: dict[str, Any]) -> DeployedContract:
    address = bytes.fromhex(members["address"])
    if len(address) != _ADDRESS_BYTES:
        raise ValueError(f"not an address: {members['address']}")
    return DeployedContract(address, encoding.hex32(members["codeHash"]), int(members["block"]))
