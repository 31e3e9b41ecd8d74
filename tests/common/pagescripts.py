"""The console's scripts, run outside a page: bundled as for a browser, then by Node.

`#platform` is the page's, `Buffer` is npm's: what is tested is what a page runs, without a page.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from .browser import ASSETS, NODE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ESBUILD = ASSETS / "node_modules" / "esbuild" / "bin" / "esbuild"
RUN_SECONDS = 120


def bundle(folder: Path, script: str) -> Path:
    """Return a built file of `script`, whose imports are relative to `assets/src`."""
    if not ESBUILD.exists():
        pytest.fail("the console's packages are not there: make setup")
    source, built = ASSETS / "src" / f"test-{folder.name}.mjs", folder / "built.mjs"
    flags = ("--bundle", "--format=esm", "--platform=browser", "--conditions=browser")
    # Read from stdin: nothing is written beside the sources.
    subprocess.run(  # noqa: S603 - our own tools
        [
            *(NODE, ESBUILD, *flags, "--loader:.txt=text", "--log-level=warning"),
            *(
                "--external:node:fs",
                f"--inject:{ASSETS / 'src/parts/buffer.js'}",
                f"--outfile={built}",
            ),
            f"--sourcefile={source}",
        ],
        input=script,
        text=True,
        check=True,
        cwd=ASSETS / "src",
        env={"NODE_PATH": str(ASSETS / "node_modules")},
        timeout=RUN_SECONDS,
    )
    return built


def run(built: Path, given: object) -> Any:
    """Return the JSON a built script prints for the JSON it is given."""
    done = subprocess.run(  # noqa: S603 - our own tools
        [NODE, built],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def script_of(imports: Sequence[str], body: str) -> str:
    """Return a script that reads JSON as `given` and prints what `body` makes `answer`."""
    reading = 'const given = JSON.parse(readFileSync(0, "utf8"));'
    lines = ['import { readFileSync } from "node:fs";', *imports, reading, body]
    return "\n".join([*lines, "console.log(JSON.stringify(answer));"])
