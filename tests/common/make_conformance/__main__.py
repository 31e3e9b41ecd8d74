"""Writes the conformance file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from . import make_conformance

FILE = Path(__file__).parents[3] / "docs" / "conformance" / "conformance.json"


def render(content: dict[str, Any]) -> str:
    """Return the file's text: one case a line, so that a change is seen where it is."""
    cases = ",\n".join(json.dumps(each, ensure_ascii=False) for each in content["cases"])
    rest = json.dumps({**content, "cases": []}, ensure_ascii=False, indent=1)
    head, empty, end = rest.rpartition('"cases": []')
    assert empty
    return f'{head}"cases": [\n{cases}\n]{end}\n'


def main() -> None:
    """Write the file."""
    content = make_conformance()
    text = render(content)
    FILE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{FILE.name}: {len(content['cases'])} cases, {len(text.encode())} bytes\n")


if __name__ == "__main__":
    main()
