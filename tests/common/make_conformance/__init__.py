"""The conformance file of clients, made anew by `python -m tests.common.make_conformance`.

`actors`: the keys, the logs and what a client's own node says of them; `ciphering`: ciphers,
canonical JSON, trees; `requesting`: signed requests; `responding`: answers and refusals, as a node
gives them and as one that lies does; `keeping`: receipts of earlier and their anchors; `bundling`:
evidence. Keys and calls are those of `make_vectors`; the standards' vectors are `tests/vectors`.
"""

from __future__ import annotations

from typing import Any

from ..make_vectors.town import nothing_random
from . import bundling, ciphering, keeping, requesting, responding
from .actors import Actors

__all__ = ["make_conformance"]


def make_conformance() -> dict[str, Any]:
    """Return the content of the file."""
    with nothing_random():
        actors = Actors()
        cases = [
            *ciphering.make_cases(actors),
            *requesting.make_cases(actors),
            *responding.make_cases(actors),
            *keeping.make_cases(actors),
            *bundling.make_cases(),
        ]
        return {
            "format": "shareledger-conformance",
            "v": 1,
            "note": "docs/conformance/README.md. Every private key here is published: never use it",
            "keys": actors.keys(),
            "calls": actors.calls(),
            "nodes": actors.nodes,
            "bundles": bundling.make_bundles(),
            "cases": cases,
        }
