"""The same decision on the chain already: a refusal that means success.

Two relays may carry one signed decision; the later transaction is refused because its nonce is
used. It is a success exactly when the chain holds an event with the same EIP-712 struct by the
same key (protocol.md section 3); any other use of the nonce is a refusal like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import MalformedEvent
from ..protocol.evm import abi
from ..protocol.evm.decision import DECISIONS, from_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .gateway import Gateway, RawLog

NONCE_SPENT = "NonceSpent"
"""The error of `SignedDecision` for a nonce that was used before."""


def find_same_decision(gateway: Gateway, to: bytes, data: bytes, revert: bytes) -> bytes | None:
    """Return the hash of the transaction that carried the decision in `data` before, or None.

    `data` is calldata that contract `to` refused with `revert`.

    Raises:
        ChainUnavailable: the endpoint does not answer.
    """
    error = abi.decode_error(revert) if revert else None
    return find_carried(gateway, to, data) if error and error[1] == NONCE_SPENT else None


def find_carried(gateway: Gateway, to: bytes, data: bytes) -> bytes | None:
    """Return the hash of the transaction that put the decision in `data` on chain, or None.

    Raises:
        ChainUnavailable: the endpoint does not answer.
    """
    for contract, function, args in _readings(data):
        kind = next(
            (k for k in DECISIONS.values() if (k.contract, k.function) == (contract, function)),
            None,
        )
        if kind is None:
            continue
        topic = next(
            t for t, (c, n) in abi.event_topics().items() if (c, n) == (contract, kind.event)
        )
        for log in gateway.logs(0, gateway.head(), [to], topics=[topic]):
            if _carries(contract, log, args):
                return log.tx_hash
    return None


def _readings(data: bytes) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Read calldata as each contract would: its address does not say which one it is."""
    for contract in abi.CONTRACTS:
        try:
            yield contract, *abi.decode_call(contract, data)
        except MalformedEvent:
            continue


def _carries(contract: str, log: RawLog, args: dict[str, Any]) -> bool:
    name, values = abi.decode_log(contract, log.topics, log.data)
    _, message = from_event(name, values)
    return bool(message == args["decision"] and values["signingKey"] == args["signature"]["key"])
