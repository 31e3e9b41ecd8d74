"""An event's arguments as text: JSON, bytes as hex.

No argument of ours is a string, so every string read back is bytes.
"""

from __future__ import annotations

import json
from typing import Any


def dump_arguments(args: dict[str, Any]) -> str:
    """Render decoded arguments; the same arguments always give the same text."""
    return json.dumps(args, default=bytes.hex, separators=(",", ":"))


def load_arguments(text: str) -> dict[str, Any]:
    """Read what `dump_arguments` rendered."""
    args: dict[str, Any] = _decoded(json.loads(text))
    return args


def _decoded(value: Any) -> Any:  # noqa: ANN401 - JSON
    match value:
        case str():
            return bytes.fromhex(value)
        case list():
            return [_decoded(element) for element in value]
        case dict():
            return {name: _decoded(element) for name, element in value.items()}
    return value
