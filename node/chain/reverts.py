"""What an engine's error response means: a contract's refusal, a refused transaction, or neither.

Contract errors are decoded by the ABIs (`node.protocol.evm.abi`), so that a refusal carries the
Solidity error's name and values. Engines word the rest differently; the words are kept here.
"""

from __future__ import annotations

from typing import Any, Final

from ..errors import (
    ChainUnavailable,
    DecisionRefused,
    LedgerError,
    TransactionRefused,
)
from ..protocol.evm import abi

REVERTED: Final = 3
"""JSON-RPC error code of a revert (geth, anvil; Besu uses -32000 with the same data)."""
UNAVAILABLE: Final = -32002

_REFUSALS: Final = (
    ("known", ("already known", "already imported", "known transaction")),
    ("nonce-low", ("nonce too low", "nonce below", "nonce is below", "nonce_too_low")),
    ("nonce-gap", ("nonce too high", "nonce too distant", "nonce is too distant", "nonce gap")),
)
_PASSING: Final = ("pool", "full", "busy", "timeout", "timed out", "underpriced", "internal error")
"""Words of a state that passes; "underpriced": another transaction of this nonce waits there."""


def revert_data(error: dict[str, Any]) -> bytes | None:
    """Find the revert data in an error response; None if it is not a revert."""
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return b""
    message = str(error.get("message", "")).lower()
    return b"" if error.get("code") == REVERTED or "revert" in message else None


def refusal_of(data: bytes) -> DecisionRefused:
    """Turn revert data into a typed error; its facts are `name`, `args` and `contract`."""
    decoded = abi.decode_error(data) if data else None
    if decoded is None:
        shown = f"0x{data[:68].hex()}" if data else "no data"
        return DecisionRefused(
            f"the contract refused without a known error: {shown}", name="", args={}
        )
    contract, name, args = decoded
    values = ", ".join(f"{key}={_shown(value)}" for key, value in args.items())
    return DecisionRefused(f"{contract}: {name}({values})", name=name, args=args, contract=contract)


def error_of(method: str, error: dict[str, Any]) -> LedgerError:
    """Name what is wrong with a request that has no result."""
    if method == "eth_call":
        return call_error(error)
    return send_error(error) if method == "eth_sendRawTransaction" else unavailable(error, method)


def call_error(error: dict[str, Any]) -> LedgerError:
    """Name what is wrong with a call that has no result."""
    data = revert_data(error)
    if data is not None:
        return refusal_of(data)
    if "outofgas" in str(error.get("message", "")).lower().replace(" ", ""):
        return DecisionRefused("the call ran out of gas", name="OutOfGas", args={})
    return unavailable(error, "eth_call")


def send_error(error: dict[str, Any]) -> LedgerError:
    """Name what is wrong with a transaction that was not taken."""
    message = str(error.get("message", ""))
    words = message.lower()
    for reason, phrases in _REFUSALS:
        if any(phrase in words for phrase in phrases):
            return TransactionRefused(message, reason=reason)
    if error.get("code") == UNAVAILABLE or any(word in words for word in _PASSING):
        return unavailable(error, "eth_sendRawTransaction")
    return TransactionRefused(message, reason="invalid")


def unavailable(error: dict[str, Any], what: str) -> ChainUnavailable:
    """Wrap an error response that says nothing about the caller's input."""
    return ChainUnavailable(f"{what}: {error.get('message')} (code {error.get('code')})")


def _shown(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
