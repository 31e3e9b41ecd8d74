"""Makes the test vector of docs/evidence.md anew: `python -m tests.common.make_evidence`.

A city on a chain of its own, three calls, one anchored bundle with the body of its call.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from node.protocol.wire.trustfile import render_trust

from .chain import deployed_on, running_chain
from .evidence import City

VECTORS = Path(__file__).parents[1] / "vectors"


def main() -> None:
    """Write `evidence.json` and `evidence-trust.json`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_chain(folder / "chain") as running, deployed_on(running) as chain:
            city = City(chain, folder)
            try:
                city.build()
                events = [city.call() for _ in range(3)]
                city.anchor()
                index = city.reader.find_event(city.log, events[1])
                assert index is not None
                request = city.reader.request(city.log, index)
                collected = city.collect(events[1], request=request)
            finally:
                city.close()
    (VECTORS / "evidence.json").write_bytes(collected.data)
    (VECTORS / "evidence-trust.json").write_bytes(render_trust(collected.trust))
    sys.stdout.write(f"{len(collected.data)} bytes\n")


if __name__ == "__main__":
    main()
