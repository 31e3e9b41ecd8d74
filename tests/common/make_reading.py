"""Write what a page needs to read a decision out: `python -m tests.common.make_reading`.

The tables are Python's (`node.protocol.forms.readout.tables`); the page follows the same rules.
"""

from __future__ import annotations

import json
from pathlib import Path

from node.protocol.forms.readout import tables

PATH = Path(__file__).parents[2] / "api/console/assets/src/office/reading.json"


def render() -> str:
    """Return the file's text."""
    return json.dumps(tables(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(render(), "utf-8")
