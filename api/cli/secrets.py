"""Key files and their passwords, as the command line finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.errors import ConfigInvalid

if TYPE_CHECKING:
    from pathlib import Path


def read_password(path: Path) -> bytes:
    """Read the first line of a password file.

    Raises:
        ConfigInvalid: it is missing or its first line is empty; nothing of it is repeated.
    """
    try:
        password = path.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        raise ConfigInvalid(f"口令文件 {path} 读不出 / cannot be read: {error.strerror}") from error
    if not password:
        raise ConfigInvalid(f"口令文件 {path} 是空的 / is empty")
    return password
