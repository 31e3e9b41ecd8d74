"""Which system a node belongs to, remembered from the first time, as ssh remembers hosts.

A decision counts on one chain at one contract. The node that prepares it names both; who signs must
know them from elsewhere. `trust.json` has chain and registry; what it does not have, and
everything where there is none, is taken from the node once, written down, and must never differ.
One small file a node, `~/.config/shareledger/HOST-PORT.json`, mode 0600.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import ConfigInvalid, VerificationError, reason
from ..protocol.evm.abi import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..protocol.evm.decision import Domain
    from ..protocol.wire.trustfile import Trust

REGISTRY = "DepartmentRegistry"
LARGEST_BYTES = 65_536
_ADDRESS = re.compile(r"[0-9a-f]{40}")
_CHAIN = re.compile(r"[1-9][0-9]{0,77}")


def folder() -> Path:
    """Return where what is remembered stands: `$XDG_CONFIG_HOME/shareledger`, or its default."""
    base = os.environ.get("XDG_CONFIG_HOME") or ""
    home = Path(base) if base.startswith("/") else Path.home() / ".config"
    return home / "shareledger"


class Pins:
    """The contracts that decisions prepared by one node may be for."""

    def __init__(
        self,
        authority: str,
        trust: Trust | None = None,
        *,
        tell: Callable[[str, Domain, Path], object],
        place: Path | None = None,
    ) -> None:
        """Remember under the node's `authority` in `place`; hold what is new against `trust`.

        `tell` is called with a contract, where it is and the file, when it is met first.
        """
        name = re.sub(r"[^0-9a-z.-]", "-", authority.lower())
        self.path = (place or folder()) / f"{name}.json"
        self._trust, self._tell = trust, tell

    def require(self, contract: str, domain: Domain) -> None:
        """Return if a contract is where it was from the first; remember it if it is new.

        Raises:
            VerificationError: it is elsewhere, or on another chain than all others.
            ConfigInvalid: the file is damaged or cannot be written.
        """
        known = self._load()
        trust = self._trust
        if trust is not None:
            _same(domain.chain_id, trust.chain_id, "链号", "the trust file's chain")
            if contract == REGISTRY:
                _same(domain.contract.hex(), trust.registry.hex(), contract, "the trust file's")
        if known is not None:
            _same(str(domain.chain_id), known["chainId"], "链号", str(self.path))
            before = known["contracts"].get(contract)
            if before is not None:
                _same(domain.contract.hex(), before, contract, str(self.path))
                return
        contracts = {} if known is None else known["contracts"]
        if domain.contract.hex() in contracts.values():
            _same(contract, "", domain.contract.hex(), "another contract's")
        self._save(
            {
                "chainId": str(domain.chain_id),
                "contracts": {**contracts, contract: domain.contract.hex()},
            }
        )
        self._tell(contract, domain, self.path)

    def _load(self) -> dict[str, Any] | None:
        try:
            with self.path.open("rb") as file:
                known = orjson.loads(file.read(LARGEST_BYTES + 1))
        except FileNotFoundError:
            return None
        except (OSError, orjson.JSONDecodeError) as error:
            raise self._damaged(error) from error
        if (
            not isinstance(known, dict)
            or set(known) != {"chainId", "contracts"}
            or not _is(known["chainId"], _CHAIN)
            or not isinstance(known["contracts"], dict)
            or not set(known["contracts"]) <= set(CONTRACTS)
            or not all(_is(each, _ADDRESS) for each in known["contracts"].values())
        ):
            raise self._damaged(None)
        return known

    def _damaged(self, error: Exception | None) -> ConfigInvalid:
        why = f"：{reason(error)}" if isinstance(error, OSError) else ""
        return ConfigInvalid(
            f"{self.path} 读不出或已损坏{why}；核实后删去它，下次连接会重新记下"
            " / is damaged: look into it, then remove it",
            path=str(self.path),
        )

    def _save(self, known: dict[str, Any]) -> None:
        temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(orjson.dumps(known, option=orjson.OPT_INDENT_2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            # Whole or not at all: half a file would lock its owner out of his node.
            temporary.replace(self.path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise ConfigInvalid(
                f"{self.path} 写不进：{reason(error)} / cannot be written", path=str(self.path)
            ) from error


def _is(value: object, form: re.Pattern[str]) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _same(named: object, known: object, what: str, where: str) -> None:
    if named != known:
        raise VerificationError(
            f"节点说的{what}是 {named}，应为 {known}（{where}）：可能是别的系统，未签署"
            " / the node belongs to another system than before; nothing was signed",
            value=str(named),
        )
