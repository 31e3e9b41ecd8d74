"""Writes every file of the vectors."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import make_all

FOLDER = Path(__file__).parents[2] / "vectors"


def main() -> None:
    """Write all files."""
    for name, content in make_all().items():
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}.json\n")


if __name__ == "__main__":
    main()
