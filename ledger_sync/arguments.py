"""An event as a decision's row keeps it: its topics and data, as the chain has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.protocol.evm.abi import decode_log

if TYPE_CHECKING:
    from node.protocol.evm.abi import ChainEvent

TOPIC_BYTES = 32


def dump_event(event: ChainEvent) -> bytes:
    """Render an event: how many topics, the topics, the data."""
    return b"".join((bytes([len(event.topics)]), *event.topics, event.data))


def load_arguments(contract: str, event: bytes) -> dict[str, Any]:
    """Return the arguments of an event that `dump_event` rendered."""
    data = 1 + event[0] * TOPIC_BYTES
    topics = [event[at : at + TOPIC_BYTES] for at in range(1, data, TOPIC_BYTES)]
    return decode_log(contract, topics, event[data:])[1]
