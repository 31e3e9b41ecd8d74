"""A process that writes a log from several threads and says what was acknowledged.

`python -m tests.common.log_child PATH`: prints one line `index number leaf-hash` for every call
whose future resolved, until it is killed. Calls go round over three authorisations.
"""

from __future__ import annotations

import os
import sys
import time
from queue import SimpleQueue
from threading import Thread

from node.log import Committed, LogReader, LogWriter
from node.protocol.wire.merkle import leaf_hash
from node.storage.engines import open_engine
from tests.common.logs import new_draft, new_identity

THREADS = 4
AHEAD = 40
"""Calls each thread has waiting."""


def main(path: str) -> None:
    identity = new_identity()
    writer = LogWriter(open_engine(path), [identity], on_fatal=lambda _: os._exit(3))
    writer.start()
    first = LogReader(open_engine(path, readonly=True)).head(identity.log).size
    numbers: SimpleQueue[int] = SimpleQueue()

    def call(thread: int) -> None:
        waiting = []
        number = first * 10 + thread
        while True:
            number += THREADS
            judged = int(time.time())
            draft = new_draft(identity, number, authorisation=number % 3, judged=judged)
            waiting.append(writer.submit(draft))
            if len(waiting) == AHEAD:
                acknowledge(waiting.pop(0).result())

    def acknowledge(done: Committed) -> None:
        line = f"{done.index} {done.number} {leaf_hash(done.leaf).hex()}\n"
        os.write(1, line.encode())

    for thread in range(THREADS):
        Thread(target=call, args=(thread,), daemon=True).start()
    numbers.get()


if __name__ == "__main__":
    main(sys.argv[1])
