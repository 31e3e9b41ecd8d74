"""The standards' vectors in tests/vectors, each file naming its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "vectors"


def load_vectors(name: str) -> Any:
    """Return the parsed file `name`.json."""
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
