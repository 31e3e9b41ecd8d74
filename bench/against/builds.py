"""A build: a checkout with an environment of its own, its commands and its servers.

Another revision is checked out into a temporary folder and set up there by its own `make setup`.
Whatever is begun is first written down to be ended, on the caller's stack, which no signal
interrupts; servers are ended by the kernel if this process is killed.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..load import Server

if TYPE_CHECKING:
    from contextlib import ExitStack

PREFIX = "shareledger-against-"
"""Of the temporary folders."""
UNAVAILABLE = 2
"""The exit code of a command that may be given again."""
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.02
TAIL_CHARACTERS = 2_000
_ANY_ADDRESS = r"http://127\.0\.0\.1:\d+"
# What a `make` around us, or an activated environment, would tell a build about another one.
_FOREIGN = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VIRTUAL_ENV", "PYTHONPATH")
_OWN = "SHARELEDGER_"
"""How settings in the environment begin: none of them is meant for a measurement."""

# argv: our pid, then the command. The kernel's signal stays asked for when the process becomes
# another program; a parent that died before it was asked for has sent none.
_LAUNCHER = """
import ctypes, os, signal, sys
if ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0):
    sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
if os.getppid() != int(sys.argv[1]):
    sys.exit("the bench has gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class CommandFailed(RuntimeError):
    """A command of a build ended with another code than it should."""


@dataclass(frozen=True, slots=True)
class Build:
    """A checkout whose `make setup` is done."""

    folder: Path
    revision: str
    """Commit, with a plus sign if files differ from it."""

    @property
    def python(self) -> Path:
        """Return the interpreter of its environment."""
        return self.folder / ".venv" / "bin" / "python"

    @property
    def command(self) -> Path:
        """Return its `shareledger`."""
        return self.folder / ".venv" / "bin" / "shareledger"

    def has(self, path: str) -> bool:
        """Tell whether the checkout has such a file or folder."""
        return (self.folder / path).exists()

    def run(self, folder: Path, *arguments: object) -> str:
        """Run `shareledger ARGUMENTS` in a folder; return what it printed.

        A command that says that something is not there yet is given again for a while.

        Raises:
            CommandFailed: it ended with an error.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            done = subprocess.run(  # noqa: S603 - a build of ours
                [self.command, *map(str, arguments)],
                cwd=folder,
                env=_environment(),
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode == 0:
                return done.stdout
            if done.returncode != UNAVAILABLE or time.monotonic() > deadline:
                said = f"{done.stdout}{done.stderr}"[-TAIL_CHARACTERS:]
                raise CommandFailed(
                    f"{self.revision}: shareledger {' '.join(map(str, arguments))}: "
                    f"exit code {done.returncode}: {said}"
                )

    def seconds(self, folder: Path, *arguments: object) -> float:
        """Run a command and return how long it took, start of the process included."""
        started = time.perf_counter()
        self.run(folder, *arguments)
        return time.perf_counter() - started

    def script(self, text: str, *arguments: object) -> str:
        """Run a script with this build's own interpreter and packages; return what it printed."""
        done = subprocess.run(  # noqa: S603 - our text, a build of ours
            [self.python, "-c", text, *map(str, arguments)],
            cwd=self.folder,
            env=_environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CommandFailed(f"{self.revision}: {done.stderr[-TAIL_CHARACTERS:]}")
        return done.stdout

    def make(self, target: str) -> float:
        """Run a target of its Makefile; return the seconds it took.

        Raises:
            CommandFailed: it failed.
        """
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - a target of ours
            ["make", target],  # noqa: S607 - whichever make runs us
            cwd=self.folder,
            env=_environment(),
            start_new_session=True,
        )
        try:
            code = process.wait()
        except BaseException:
            # pip, npm and pytest are its children's children: the whole group is told.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
        if code:
            raise CommandFailed(f"{self.revision}: make {target}: exit code {code}")
        return time.perf_counter() - started


@dataclass
class Running:
    """A server of a build: `chain run` or `node run`."""

    build: Build
    arguments: list[str]
    log: Path
    address: str = ""
    """What it announces; any address if that is not known before."""
    server: Server = field(init=False)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    def start(self) -> None:
        """Spawn it and wait until it announces its address.

        Raises:
            CommandFailed: it ended, or was silent for too long.
        """
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - a build of ours
                [
                    *(sys.executable, "-S", "-c", _LAUNCHER, str(os.getpid())),
                    *(str(self.build.command), *self.arguments),
                ],
                cwd=self.log.parent,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # A node's log may name the chain before the node itself.
        announced = re.compile(rf"{re.escape(self.address) or _ANY_ADDRESS}\b")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := announced.search(self._said())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(
                    f"{self.build.revision}: {' '.join(self.arguments)} did not start: "
                    f"{self._said()[-TAIL_CHARACTERS:]}"
                )
            time.sleep(POLL_SECONDS)
        self.server = Server(found[0], self._process.pid)

    def stop(self) -> None:
        """End it and wait until it has ended; right also when it never ran."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def working_tree() -> Build:
    """Return the build of the checkout this module belongs to."""
    folder = Path(__file__).resolve().parents[2]
    return Build(folder, _revision_of(folder))


def other(revision: str, here: Path, stack: ExitStack) -> Build:
    """Build another revision of the repository `here`; it goes away when the stack is unwound.

    `revision` may also be a folder: a checkout that is set up already, which is left as it is.

    Raises:
        CommandFailed: no such revision, or its `make setup` fails.
    """
    if Path(revision).is_dir():
        folder = Path(revision).resolve()
        return Build(folder, _revision_of(folder))
    commit = _git(here, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    parent = Path(tempfile.mkdtemp(prefix=PREFIX))
    # Unwound from below: once the folder is gone, git forgets its worktree.
    stack.callback(_git, here, "worktree", "prune")
    stack.callback(shutil.rmtree, parent)
    build = Build(parent / "build", _short(commit))
    _git(here, "worktree", "add", "--detach", str(build.folder), commit)
    build.make("setup")
    return build


def _revision_of(folder: Path) -> str:
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return _short(_git(folder, "rev-parse", "HEAD")) + ("+" if changed else "")


def _short(commit: str) -> str:
    return commit[:12]


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - git, our arguments
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CommandFailed(
            f"git {' '.join(arguments)}: {done.stderr.strip() or 'no such revision'}"
        )
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _FOREIGN and not name.startswith(_OWN)
    }
    return {**kept, "SHARELEDGER_LANG": "en", "SHARELEDGER_PASSWORD_FILE": "password"}
