"""The check before a node serves: head >= published >= chain, each a prefix of the next.

A smaller head is a disk that was rolled back, a differing root one that was changed. Serving on
would sign a second history, so the process must not start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.errors import LogRolledBack, NotFound
from node.log.published import last_published

from .anchorer import read_chain_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from .ports import Chain, Logs


def check_logs(
    engine: Engine, logs: Logs, ids: Sequence[bytes], *, chain: Chain, contract: bytes
) -> None:
    """Compare each log with what was published of it and with what the chain knows.

    Raises:
        LogRolledBack: a log is behind, or has another history than was published or anchored.
        ChainUnavailable: no endpoint answers; nothing is known then.
    """
    for log in ids:
        size = _size(logs, log)
        last = last_published(engine, log)
        published_size = last.size if last else 0
        if last:
            _check_prefix(logs, log, size, (last.size, last.root), "published")
        head = read_chain_head(chain, contract, log)
        if head.size > published_size:
            raise LogRolledBack(
                f"the chain has size {head.size} of log {log.hex()}, published was "
                f"{published_size}: node.db is not the newest",
                log=log.hex(),
                size=published_size,
                expected=head.size,
            )
        if head.size:
            _check_prefix(logs, log, size, (head.size, head.root), "anchored")


def _size(logs: Logs, log: bytes) -> int:
    try:
        return logs.head(log).size
    except NotFound:
        return 0


def _check_prefix(logs: Logs, log: bytes, size: int, known: tuple[int, bytes], how: str) -> None:
    known_size, known_root = known
    if size < known_size:
        raise LogRolledBack(
            f"log {log.hex()} has {size} entries, but {known_size} were {how}",
            log=log.hex(),
            size=size,
            expected=known_size,
        )
    if known_size and logs.root_at(log, known_size) != known_root:
        raise LogRolledBack(
            f"log {log.hex()} has another history than was {how} at size {known_size}",
            log=log.hex(),
            size=size,
            expected=known_size,
        )
