"""Build hook: `node/crypto/native` is compiled where there is a C compiler, and left out elsewhere.

`pip install`, `make setup` and the making of a wheel come through here. Without it the product
works as well and verifies SM2 by libcrypto alone. `make wheels` names another compiler (CC) and
what its code runs on (WHEEL_PLATFORM, a platform tag of PyPI).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path("node/crypto/native")
LIBRARY = NATIVE / "libsm2verify.so"
STATIC = Path("api/console/static")
FLAGS = ("-O3", "-std=c11", "-Wall", "-Wextra", "-shared", "-fPIC")


class NativeHook(BuildHookInterface):  # type: ignore[type-arg] # it is generic over its config
    """Compiles before the files of a wheel are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; a wheel that holds machine code says for which machine."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        if version == "editable":
            compile_native(root / NATIVE, root / LIBRARY)
            return
        if not STATIC.is_dir():
            print(  # noqa: T201
                f"{STATIC} is not built (make setup): this wheel's pages have no styles or scripts",
                file=sys.stderr,
            )
        # Never in the tree: it may be for another machine than the one this checkout runs on.
        self._folder = tempfile.TemporaryDirectory()
        made = Path(self._folder.name) / LIBRARY.name
        platform = os.environ.get("WHEEL_PLATFORM")
        if compile_native(root / NATIVE, made):
            build_data["force_include"][str(made)] = str(LIBRARY)
            build_data["pure_python"] = False
            own = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{platform or own}"
        elif platform:
            raise SystemExit(f"no wheel for {platform}: its part in C was not compiled")

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Remove what was compiled: the wheel holds it now."""
        if self.target_name == "wheel" and version != "editable":
            self._folder.cleanup()


def compile_native(folder: Path, target: Path) -> bool:
    """Compile what is in a folder; tell whether the target is there now."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    target.unlink(missing_ok=True)  # what an older source made is not used
    if compiler is None:
        print("no C compiler: libcrypto and Cryptodome do its work", file=sys.stderr)  # noqa: T201
        return False
    half = target.with_suffix(".half")
    sources = map(str, sorted(folder.glob("*.c")))
    command = [*compiler.split(), *FLAGS, "-o", str(half), *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        print(f"{' '.join(command)}: {done.stderr}", file=sys.stderr)  # noqa: T201
        return False
    half.replace(target)
    return True
