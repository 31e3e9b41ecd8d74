"""Build hook: the wheel `shareledger_client` is made of the product's own sources, renamed.

`node`'s lower half imports relatively and needs no server, database or chain library, so its files
serve under another name without a copy in this repository: `pip wheel clients/python`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "shareledger_client"
SOURCES = ("client", "crypto", "protocol")
PATTERNS = ("*.py", "*.json")


class SourcesHook(BuildHookInterface):  # type: ignore[type-arg] # it is generic over its config
    """Names the files of the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add every source of the lower half of `node`, and the file that makes it one package."""
        del version
        here = Path(self.root)
        node = here.parents[1] / "node"
        found = [node / "errors.py", node / "sentences.py", node / "sentences.json"]
        for folder in SOURCES:
            for pattern in PATTERNS:
                found += sorted((node / folder).rglob(pattern))
        files = {str(path): f"{PACKAGE}/{path.relative_to(node)}" for path in found}
        files[str(here / "shareledger_client.py")] = f"{PACKAGE}/__init__.py"
        files[str(here / "py.typed")] = f"{PACKAGE}/py.typed"
        build_data["force_include"].update(files)
