"""A PostgreSQL server of the demo's own: Debian's binaries, a folder, a socket and no port.

Who may enter the demo's folder may connect, and nobody else: there is no password. PostgreSQL does
not run as root; for root it is Debian's user `postgres`, whose group may then pass through the
demo's folder. The process that is started becomes the server: the kernel ends it with the demo.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from api.city.processes import START_SECONDS, Child
from api.cli.console import t
from node.errors import ConfigInvalid, Unavailable
from node.storage.stores import driver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.storage.postgresql import Address

HOMES = Path("/usr/lib/postgresql")
USER = "shareledger"
"""Of the databases."""
OWNER = "postgres"
"""Whose process it is where the demo is root's."""
READY = "ready to accept connections"
MOST_PATH_BYTES = 107 - len("/.s.PGSQL.5432")
"""Of the folder a Unix socket lies in (unix(7))."""
CONNECTIONS = 300
_PR_SET_PDEATHSIG = 1


class DatabaseServer:
    """The server, and the databases of the city's nodes on it."""

    def __init__(self, base: Path, names: Iterable[str], inherited: tuple[int, ...] = ()) -> None:
        """Look for its binaries; nothing is begun. There is a database for each of `names`.

        Raises:
            ConfigInvalid: it is not installed, or the folder's path is too long for a socket.
        """
        self.base, self.folder = base, base / "postgresql"
        self._names, self._binaries = tuple(names), _find_binaries()
        driver()
        if len(os.fsencode(self.folder)) > MOST_PATH_BYTES:
            raise ConfigInvalid(
                f"{self.folder}：路径太长，放不下套接字，请设 TMPDIR=/tmp"
                " / the path is too long for a socket",
                path=str(self.folder),
            )
        self.child = Child(
            t("数据库服务器", "the database server"),
            [str(self._binaries), str(self.folder)],
            base / "postgresql.log",
            READY,
            inherited,
            program=__name__,
        )

    def url(self, name: str) -> str:
        """Return a database's URL as settings have it."""
        return f"postgresql://{USER}@/{name}?host={quote(str(self.folder), safe='/')}"

    def start(self) -> None:
        """Start it where it does not run; make it, and its databases, where they are missing.

        Raises:
            Unavailable: it does not start; the end of what it said is told.
        """
        if self.child.alive:
            return
        fresh = not self.folder.exists()
        if fresh:
            self._make()
        self.child.start()
        for name in self._names if fresh else ():
            self.create(name)

    def create(self, name: str, *, template: str = "template0") -> Address:
        """Make a database, a copy of `template`, to which nobody is connected."""
        driver().create_database((self.url("postgres"), None), name, template=template)
        return self.url(name), None

    def _make(self) -> None:
        self.folder.mkdir(mode=0o700)
        owner = _owner()
        if owner is not None:
            # What is in the demo's folder stays closed to it, by the modes of each.
            os.chown(self.base, -1, owner.pw_gid)
            self.base.chmod(0o710)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        options = ["-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-instructions"]
        done = subprocess.run(  # noqa: S603 - Debian's own program
            [str(self._binaries / "initdb"), "-D", str(self.folder), *options],
            capture_output=True,
            check=False,
            cwd="/",
            timeout=START_SECONDS,
            **_become(owner),
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise Unavailable(
                f"PostgreSQL 建不起数据目录 {self.folder}；以 root 演示时，TMPDIR 须是用户 {OWNER} "
                f"能进入的目录 / initdb failed:\n{said}",
                path=str(self.folder),
            )


def main() -> None:
    """Become the server (argv: its binaries, its folder), ended by the kernel with the parent."""
    parent = os.getppid()
    binaries, folder = sys.argv[1:]
    owner = _owner()
    if owner is not None:
        os.setgroups([])
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
    # The launcher's was forgotten with root's rights. SIGINT: it does not wait for its clients.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the demo has gone")
    os.chdir("/")
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": folder,
        "max_connections": str(CONNECTIONS),
    }
    given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = str(Path(binaries, "postgres"))
    os.execv(server, [server, "-D", folder, *given])  # noqa: S606 - Debian's own program


def _find_binaries() -> Path:
    """Return the folder of the newest PostgreSQL that is installed.

    Raises:
        ConfigInvalid: none is.
    """
    homes = [path for path in HOMES.glob("*/bin") if path.parent.name.isdigit()]
    if homes:
        return max(homes, key=lambda path: int(path.parent.name))
    found = shutil.which("postgres")
    if found is None:
        raise ConfigInvalid(
            "没有安装 PostgreSQL 服务器，请执行 sudo apt-get install postgresql（或 make servers）"
            " / PostgreSQL is not installed"
        )
    return Path(found).parent


def _owner() -> pwd.struct_passwd | None:
    """Return whose process the server is to be, where it must not be ours.

    Raises:
        ConfigInvalid: we are root, and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(OWNER)
    except KeyError as error:
        raise ConfigInvalid(
            f"PostgreSQL 不能以 root 运行，本机又没有用户 {OWNER}：请以普通用户执行"
            " / PostgreSQL does not run as root"
        ) from error


def _become(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the arguments of a subprocess that runs as `owner`."""
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
