"""Which chain and which contracts a read model is filled from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.crypto import Sm2PublicKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.chain.deployment import Deployment

REGISTRY = "DepartmentRegistry"
PROJECTED = ("DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors")
"""Contracts whose events make the read model."""


@dataclass(frozen=True)
class Identity:
    """A deployment as the follower needs it."""

    chain_id: int
    genesis_hash: bytes
    root_key: Sm2PublicKey
    """Signs the first enrolment and nothing else."""
    addresses: Mapping[str, bytes]
    """Of the projected contracts, by name."""
    deployed: Mapping[str, tuple[bytes, bytes]]
    """Address and code hash of every contract deployed, by name."""
    first_block: int
    """The first block that can hold an event of ours."""

    @classmethod
    def of(cls, deployment: Deployment) -> Identity:
        """Read the identity out of a deployment file's content."""
        contracts = {name: deployment.contracts[name] for name in PROJECTED}
        return cls(
            chain_id=deployment.chain_id,
            genesis_hash=deployment.genesis_hash,
            root_key=Sm2PublicKey.from_raw(deployment.root_key),
            addresses={name: contract.address for name, contract in contracts.items()},
            deployed={
                name: (contract.address, contract.code_hash)
                for name, contract in deployment.contracts.items()
            },
            first_block=min(contract.block for contract in contracts.values()),
        )

    @property
    def registry(self) -> bytes:
        """Address of the DepartmentRegistry: with chain id and genesis it names this system."""
        return self.addresses[REGISTRY]

    @property
    def names(self) -> dict[bytes, str]:
        """Contract names by address."""
        return {address: name for name, address in self.addresses.items()}
