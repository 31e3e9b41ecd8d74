"""Workers of pytest-xdist that begin where collecting ends: `pytest -p tests.common.hatchery`.

Each worker would import the product, the libraries and all tests by itself: four of the five and a
half seconds of processor time it takes to collect. One process does so and then forks for each,
which collects again what is there already. The processes of the command line that the tests start
(`zygote`) are forks of one zygote, too, which this process starts for all workers.

Where collecting fails, workers are started as always and say what is wrong.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from tests.common.zygote import READY, begin, client, fork_for_clients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pytest

ROOT = Path(__file__).parents[2]


def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[Any]) -> None:
    """Have each worker be a fork; one that is replaced later is started as always."""
    folder = tempfile.TemporaryDirectory(prefix="hatchery-")
    config.add_cleanup(folder.cleanup)
    path = str(Path(folder.name) / "socket")
    hatchery = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", __name__, path, *config.invocation_params.args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is the controller's, who ends the workers
    )

    def end() -> None:
        hatchery.communicate("")

    config.add_cleanup(end)
    assert hatchery.stdout is not None
    if hatchery.stdout.readline().strip() == READY:
        for spec in specs:
            spec.python = shlex.join(client(path))


def _be_hatchery(path: str, arguments: Sequence[str]) -> None:
    import pytest

    is_warm = begin()  # beside the collecting
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        found = pytest.main([*arguments, "--collect-only", "-qq", "--numprocesses=0"])
    if found is not pytest.ExitCode.OK:
        return
    is_warm()
    if fork_for_clients(path) is not None:
        # What execnet has an interpreter do that it starts.
        exec(eval(sys.stdin.readline()), {"__name__": "__main__"})  # noqa: S102, S307


if __name__ == "__main__":
    _be_hatchery(sys.argv[1], sys.argv[2:])
