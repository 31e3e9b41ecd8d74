"""The `openssl` command line as an oracle.

Without it the tests that ask it are skipped by name; under CI=true its absence is an error.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = "distid:1234567812345678"


@pytest.fixture(name="openssl")
def openssl_fixture(tmp_path: Path) -> OpenSsl:
    """A folder to work in and the command to work with."""
    command = shutil.which("openssl")
    if command is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI=true, but there is no openssl command")
        pytest.skip("there is no openssl command")
    return OpenSsl(command, tmp_path)


class OpenSsl:
    """Runs the command in a temporary folder; files are named by their content's role."""

    def __init__(self, command: str, folder: Path) -> None:
        self._command = command
        self.folder = folder

    def write(self, name: str, content: bytes) -> str:
        """Put a file into the folder; return its path."""
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def run(self, *arguments: str) -> bytes:
        """Return the output; raises CalledProcessError when the command fails."""
        result = self._call(*arguments)
        result.check_returncode()
        return result.stdout

    def run_line(self, line: str) -> bytes:
        """Run `openssl …` as a document prints it, in the folder."""
        name, *arguments = shlex.split(line)
        assert name == "openssl"
        return self.run(*arguments)

    def holds(self, *arguments: str) -> bool:
        """Tell whether the command succeeds."""
        return self._call(*arguments).returncode == 0

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [self._command, *arguments]
        return subprocess.run(command, check=False, capture_output=True, cwd=self.folder)  # noqa: S603
