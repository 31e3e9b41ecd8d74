"""Acts about logs of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import CheckpointInvalid
from ..protocol.evm.abi import encode_call
from ..protocol.wire import ids
from ..protocol.wire.checkpoint import find_sm2
from .act import Act, of_paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..crypto import Sm2PublicKey
    from ..protocol.wire.checkpoint import SignedCheckpoint


def register_log(department: str, relay: bytes) -> Act:
    """Open the log of the department with this code; `relay` is the account that anchors it.

    Signed by the department's head. The contract builds the log's origin.
    """
    message = {"department": ids.department_id(department), "relay": relay}
    return Act("RegisterLog", message, [])


def supersede_log(body: Mapping[str, Any]) -> Act:
    """End a department's log and begin the next as a `log-succession` body says.

    Signed by the department's head. The old log gets no anchor any more.
    """
    return of_paper("SupersedeLog", "log-succession", body)


def freeze_log(
    first: SignedCheckpoint, second: SignedCheckpoint, keys: Iterable[Sm2PublicKey]
) -> bytes:
    """Return the calldata that shows the chain two roots of one size of one log, both signed.

    No decision: anybody may send it. `keys` are all the department has had, old ones too.

    Raises:
        CheckpointInvalid: the two do not contradict each other, or one is signed by no such key.
    """
    one, other = first.checkpoint, second.checkpoint
    if (one.origin, one.size) != (other.origin, other.size) or one.root == other.root:
        raise CheckpointInvalid("两个检查点不矛盾：应同一日志、同一大小、不同的根 / no split")
    known = list(keys)
    arguments: dict[str, Any] = {
        "department": ids.department_id(ids.parse_origin(one.origin)[2]),
        "log": ids.log_id(one.origin),
        "size": one.size,
    }
    for name, signed in (("first", first), ("second", second)):
        key, signature = find_sm2(signed, known)
        halves = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        root = {"root": signed.checkpoint.root, "key": key.key_id}
        arguments[name] = {**root, **dict(zip(("r", "s"), halves, strict=True))}
    return encode_call("AccessAnchors", "freeze", arguments)
