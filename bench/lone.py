"""A node as `node run` runs it, in a process that has nothing of the bench in its memory."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from api.app import serve
from api.cli.refusals import fail
from api.settings import load_settings
from api.supervising.offspring import end_with
from api.supervising.supervisor import supervise


def main(path: Path, parent: int) -> int:
    """Run it until a signal, its address to the parent's pipe; return the exit code."""
    # A bench that is killed ends nothing itself: its node would go on for ever. It says who it is,
    # for if it had gone already, whoever is the parent now is somebody else.
    if not end_with(parent):
        return os.EX_OSERR
    settings = load_settings(path)

    def announce(url: str) -> None:
        print(url, flush=True)  # noqa: T201 - to the parent

    if settings.workers == 1:
        serve(settings, announce=announce)
        return 0
    return supervise(settings, partial(load_settings, path), fail=fail, announce=announce)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
