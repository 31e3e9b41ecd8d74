"""The folder a demo lives in: everything of it is there, and nothing of it stays.

A lock says that the demo, or a server of it, still runs: the servers inherit it. What a demo that
was killed left behind is removed by the next one, once the lock is free.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

PREFIX = "shareledger-demo-"
_LOCK = "lock"


class DemoFolder:
    """One demo's folder, readable by its owner alone."""

    def __init__(self) -> None:
        """Choose the name; nothing is made yet."""
        self.path = Path(tempfile.gettempdir()) / f"{PREFIX}{secrets.token_hex(6)}"
        self._descriptor: int | None = None

    @property
    def lock(self) -> int:
        """Descriptor of the lock, for processes that are to hold it too."""
        if self._descriptor is None:
            raise RuntimeError("the folder has not been made")
        return self._descriptor

    def make(self) -> None:
        """Make it, locked from the moment the lock can be seen."""
        self.path.mkdir(mode=0o700)
        unseen = self.path / f".{_LOCK}"
        self._descriptor = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        unseen.rename(self.path / _LOCK)

    def remove(self) -> None:
        """Remove it with all it holds; right also when it was never made."""
        if self.path.exists():
            shutil.rmtree(self.path)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def remove_abandoned() -> list[Path]:
    """Remove the folders of demos of ours of which no process runs any more; return them."""
    folders = sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))
    return [path for path in folders if _remove_if_abandoned(path)]


def _remove_if_abandoned(path: Path) -> bool:
    """Remove a folder if it is our user's and its lock is there and free."""
    try:
        folder = path.lstat()
        if not stat.S_ISDIR(folder.st_mode) or folder.st_uid != os.getuid():
            return False
        descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False  # being made, or being removed
    try:
        # Held until the folder is gone: another demo that looks now leaves it to us.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
