"""The standards' vectors in tests/vectors, each file naming its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "vectors"


def load_vectors(name: str) -> Any:
    """Return the parsed file `name`.json."""
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def raw(value: Any) -> Any:
    """Return a vector's value in our types: 0x… is bytes, digits are numbers."""
    if isinstance(value, dict):
        return {name: raw(member) for name, member in value.items()}
    if isinstance(value, list):
        return [raw(element) for element in value]
    if isinstance(value, str):
        return bytes.fromhex(value[2:]) if value.startswith("0x") else int(value)
    return value
