"""Makes the test vectors of docs/evidence.md anew: `python -m tests.common.make_evidence`.

`evidence`: a city on a chain of its own, three calls, one anchored bundle with the body of its
call. `evidence-told`: calls of another such city whose authorisation is suspended between them, and
what its provider logs falsely; real decisions, real anchors, every signature good.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from node.protocol.wire.trustfile import render_trust

from .chain import deployed_on, running_chain
from .evidence import City

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS = Path(__file__).parents[1] / "vectors"
SUSPENDED = "authorisation-suspended"


@contextmanager
def _city() -> Iterator[City]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_chain(folder / "chain") as running, deployed_on(running) as chain:
            city = City(chain, folder)
            try:
                city.build()
                yield city
            finally:
                city.close()


def _make_evidence() -> None:
    with _city() as city:
        events = [city.call() for _ in range(3)]
        city.anchor()
        index = city.reader.find_event(city.log, events[1])
        assert index is not None
        request = city.reader.request(city.log, index)
        collected = city.collect(events[1], request=request)
    (VECTORS / "evidence.json").write_bytes(collected.data)
    (VECTORS / "evidence-trust.json").write_bytes(render_trust(collected.trust))


def _make_told() -> None:
    with _city() as city:
        events = {
            "an item that was not granted": city.call(items=0b111),
            "a provider whose key document says it runs its own node": city.call(custody="hosted"),
            "another revision": city.call(revision=2),
            "a refusal whose ground the ledger does not give": city.call(outcome=SUSPENDED),
            "a refusal whose ground is the node's alone": city.call(outcome="source-unavailable"),
        }
        city.anchor()
        events["a suspension between the call and its anchor"] = city.call()
        city.advance(1, "暂停")
        events["served although suspended"] = city.call()
        events["refused because suspended"] = city.call(outcome=SUSPENDED)
        city.anchor()
        # A provider that lies exports without the check of its own.
        with patch("ledger_sync.trace.collecting.verify_evidence"):
            found = {name: city.collect(event) for name, event in events.items()}
    bundles: dict[str, dict[str, Any]] = {name: json.loads(one.data) for name, one in found.items()}
    first = next(iter(bundles.values()))
    shared = {
        member: value
        for member, value in first.items()
        if all(each.get(member) == value for each in bundles.values())
    }
    content = {
        "standard": "docs/evidence.md; a bundle is what it has of its own and what all share",
        "trust": json.loads(render_trust(next(iter(found.values())).trust)),
        "shared": shared,
        "bundles": {
            name: {member: each[member] for member in each.keys() - shared.keys()}
            for name, each in bundles.items()
        },
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (VECTORS / "evidence-told.json").write_text(text, encoding="utf-8")


MAKERS = {"evidence": _make_evidence, "evidence-told": _make_told}


def main() -> None:
    """Write the files that are named, or all."""
    for name in sys.argv[1:] or MAKERS:
        MAKERS[name]()
        sys.stdout.write(f"{name}.json\n")


if __name__ == "__main__":
    main()
