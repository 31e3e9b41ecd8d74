"""Password files, and key files that open quickly: processes of tests open them dozens of times."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from node.chain import relay
from node.crypto import pbes2

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
