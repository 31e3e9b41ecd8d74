"""The account that sends transactions: a secp256k1 key without rights of its own.

A decision counts by its SM2 signature; losing this key loses nothing but the nonce sequence (and
the right to anchor a log that names its address). Key file: Web3 Secret Storage version 3,
PBKDF2-HMAC-SHA256, written once with mode 0600.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import orjson

from ..crypto.keyfile import save_key_file
from ..errors import MalformedKey, reason
from .ethereum import importing

if TYPE_CHECKING:
    from pathlib import Path

    from eth_account.signers.local import LocalAccount
    from eth_account.types import TransactionDictType

PBKDF2_ROUNDS = 600_000
_LARGEST_FILE = 16_384
_ADDRESS = re.compile(r"(?:0x)?([0-9A-Fa-f]{40})")
_NO_KEY = "不是中继账户的密钥文件，或口令不对 / no relay key file, or another password"


class RelayAccount:
    """One sending account; its private key never leaves this object but into `save`."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self.address = bytes.fromhex(account.address[2:])
        """20 bytes."""

    def __repr__(self) -> str:
        return f"RelayAccount(0x{self.address.hex()})"

    @classmethod
    def generate(cls) -> Self:
        with importing():  # half a second: only commands that use a relay pay it
            from eth_account import Account

        return cls(Account.create())

    @classmethod
    def load(cls, path: Path, password: bytes) -> Self:
        """Read an account from its key file.

        Raises:
            MalformedKey: no such file, not a relay's key file, or another password.
        """
        with importing():
            from eth_account import Account

        content = _read(path)
        try:
            # The password goes in as bytes, which eth-account takes and does not declare.
            return cls(Account.from_key(Account.decrypt(content, password)))  # type: ignore[arg-type]
        # What the library raises on a malformed file is not declared and not of one kind.
        except Exception as error:
            raise MalformedKey(f"{path} {_NO_KEY}") from error

    def save(self, path: Path, password: bytes) -> None:
        """Create a key file.

        Raises:
            AlreadyExists: there is such a file.
        """
        content = self._account.encrypt(
            password,  # type: ignore[arg-type] # as above
            kdf="pbkdf2",
            iterations=PBKDF2_ROUNDS,
        )
        save_key_file(path, orjson.dumps(content))

    def sign_legacy(self, to: bytes, data: bytes, nonce: int, gas: int, chain_id: int) -> bytes:
        """Sign a transaction without price or value; an empty `to` creates a contract."""
        fields: TransactionDictType = {
            "to": to, "data": data, "nonce": nonce, "gas": gas, "chainId": chain_id,
            "gasPrice": 0, "value": 0,
        }  # fmt: skip
        return bytes(self._account.sign_transaction(fields).raw_transaction)


class RelayFile:
    """The account of a key file that is opened when it first signs; the file names its address.

    For a process that rarely signs, beside one that has opened the file: that takes 10 MiB.
    """

    def __init__(self, path: Path, password: bytes) -> None:
        """Read the address; a file that does not name it is opened at once.

        Raises:
            MalformedKey: no such file, or not a relay's key file.
        """
        self._path, self._password = path, password
        named = _read(path).get("address")
        known = isinstance(named, str) and _ADDRESS.fullmatch(named)
        self.address = bytes.fromhex(known[1]) if known else self._account.address
        """20 bytes."""

    @cached_property
    def _account(self) -> RelayAccount:
        return RelayAccount.load(self._path, self._password)

    def sign_legacy(self, to: bytes, data: bytes, nonce: int, gas: int, chain_id: int) -> bytes:
        """Sign a transaction as `RelayAccount` does.

        Raises:
            MalformedKey: the file has changed, or is another's than it says.
        """
        if self._account.address != self.address:
            raise MalformedKey(f"{self._path} {_NO_KEY}")
        return self._account.sign_legacy(to, data, nonce, gas, chain_id)


def _read(path: Path) -> dict[str, Any]:
    """Return what stands in a key file; raises MalformedKey if it is none."""
    try:
        with path.open("rb") as file:
            content = orjson.loads(file.read(_LARGEST_FILE))
    except OSError as error:
        raise MalformedKey(f"密钥文件 {path} 读不出：{reason(error)} / cannot read") from error
    except orjson.JSONDecodeError as error:
        raise MalformedKey(f"{path} {_NO_KEY}") from error
    if not isinstance(content, dict):
        raise MalformedKey(f"{path} {_NO_KEY}")
    return content
