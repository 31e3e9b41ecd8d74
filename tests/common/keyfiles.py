"""Password files, and key files that open quickly: processes of tests open them dozens of times."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from node.chain import relay
from node.chain.relay import RelayAccount
from node.crypto import pbes2
from node.crypto.pbes2 import seal_pkcs8
from node.crypto.privatekey import open_private_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEW_ROUNDS = 2_000


def write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody but its owner may read, as password files are."""
    path.touch(mode=0o600)
    path.write_bytes(content)


@contextmanager
def quick_files() -> Iterator[None]:
    """Let key files be sealed with few rounds."""
    with (
        patch.object(relay, "PBKDF2_ROUNDS", FEW_ROUNDS),
        patch.object(pbes2, "PBKDF2_ITERATIONS", FEW_ROUNDS),
    ):
        yield


def soften(path: Path, password: bytes) -> None:
    """Seal a key file again with few rounds: its opening is not what is tested."""
    content = path.read_bytes()
    if content.startswith(b"{"):
        account = RelayAccount.load(path, password)
        path.unlink()
        with quick_files():
            account.save(path, password)
        return
    purpose, _, _ = content.partition(b"-----BEGIN ")
    key = open_private_key(content, password)
    with quick_files():
        path.write_bytes(purpose + seal_pkcs8(key, password))
