"""The command line as a user has it: `shareledger` in a process of its own, and what it said.

The process is a fork of one that has imported already (`zygote`).
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from api.cli import main
from api.cli.console import EXIT_UNAVAILABLE
from tests.common.quick_command import COMMAND
from tests.common.zygote import LANGUAGE, warmed

if TYPE_CHECKING:
    from pathlib import Path

COMMAND_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said and how it ended."""

    code: int
    output: str
    errors: str

    def found(self, label: str) -> str:
        """Return the word that follows a label in the output."""
        match = re.search(rf"{re.escape(label)} ?(\S+)", self.output)
        assert match, f"no {label!r} in {self.output!r}"
        return match[1].rstrip("，（：")


def invoke(*arguments: object) -> Done:
    """Run `shareledger ARGUMENTS` in this process, for what needs no process of its own."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        pytest.raises(SystemExit) as ended,
    ):
        main([str(argument) for argument in arguments])
    return Done(int(ended.value.code or 0), output.getvalue(), errors.getvalue())


@dataclass
class Shell:
    """A terminal in a folder."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: object) -> Done:
        """Run `shareledger ARGUMENTS` in the folder."""
        english = self.environment.get(LANGUAGE, "zh").startswith("en")
        command = COMMAND if english else warmed()
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [*command, *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: object) -> Done:
        """Run a command that must succeed."""
        done = self.run(*arguments)
        assert done.code == 0, f"{arguments}: {done}"
        return done

    def run_once_available(self, *arguments: object) -> Done | None:
        """Run a command; None while it says that something is not there yet (exit code 2)."""
        done = self.run(*arguments)
        return None if done.code == EXIT_UNAVAILABLE else done
