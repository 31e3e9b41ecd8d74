"""What one demo claims of the machine: a folder and ports, all given back with its processes.

A lock in the folder says that the demo, or a server of it, still runs: the servers inherit it. What
a killed demo left behind is removed by the next one, once the lock is free.

A server listens only a while after its port was chosen. Until then the choice is known to other
demos by an abstract unix socket (unix(7)), which the kernel takes back with the process.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import stat
import tempfile
from contextlib import closing
from pathlib import Path

from node.errors import Unavailable

PREFIX = "shareledger-demo-"
_LOCK = "lock"
TRIED_PORTS = 1000
_CLAIM = "\0shareledger-demo-port-{}"


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

    def leave(self) -> None:
        """Leave it to its user: without a lock no later demo takes it for abandoned."""
        (self.path / _LOCK).unlink()
        self._release()

    def remove(self) -> None:
        """Remove it with all it holds; right also when it was never made."""
        if self.path.exists():
            shutil.rmtree(self.path)
        self._release()

    def _release(self) -> None:
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


class Ports:
    """The ports one demo has chosen."""

    def __init__(self) -> None:
        self._claims: list[socket.socket] = []

    def choose(self, wanted: int) -> int:
        """Return `wanted`, or the next port on loopback that nobody has.

        Raises:
            Unavailable: none of the next thousand is free.
        """
        for port in range(wanted, wanted + TRIED_PORTS):
            if _is_free(port) and self._claim(port):
                return port
        raise Unavailable(
            f"{wanted} 起的 {TRIED_PORTS} 个端口都被占用 / no free port from {wanted} on"
        )

    def close(self) -> None:
        """Give all of them back."""
        for claim in self._claims:
            claim.close()
        self._claims.clear()

    def _claim(self, port: int) -> bool:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(_CLAIM.format(port))
        except OSError:
            claim.close()
            return False
        self._claims.append(claim)
        return True


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        # As the servers will: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
