"""Password files: one line, readable by their owner only."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from ..errors import ConfigInvalid, reason

if TYPE_CHECKING:
    from pathlib import Path


def read_password(path: Path) -> bytes:
    """Read the first line of a password file.

    Raises:
        ConfigInvalid: it cannot be read, others may read it, or its first line is empty; nothing of
            it is repeated.
    """
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigInvalid(
                f"口令文件 {path} 他人可读，请先 chmod 600 / others can read it: chmod 600",
                path=str(path),
            )
        password = path.read_bytes().partition(b"\n")[0].rstrip(b"\r")
    except OSError as error:
        raise ConfigInvalid(f"口令文件 {path} 读不出：{reason(error)} / cannot be read") from error
    if not password:
        raise ConfigInvalid(f"口令文件 {path} 是空的 / is empty")
    return password
