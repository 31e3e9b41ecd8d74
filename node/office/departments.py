"""Acts about who takes part: departments, keys, roles, application systems, logs, contracts.

Most say what one paper says: `act(body)`, with the paper's members, raises MalformedDocument.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointInvalid
from ..protocol.evm.abi import encode_call
from ..protocol.ledger.enums import DepartmentStatus
from ..protocol.wire import ids
from ..protocol.wire.checkpoint import find_sm2
from .act import Act, of_paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..crypto import Sm2PublicKey
    from ..protocol.wire.checkpoint import SignedCheckpoint

LISTED = ("CatalogueRegistry", "ShareAuthorisations", "AccessAnchors")
"""Contracts that come into force by being listed; the registry itself is where they are."""

enrol_department = partial(of_paper, "EnrolDepartment", "department")
"""Signed by the competent department's head (the first one of all by the root key) and, as
possession, by the head key the body names."""
set_department_status = partial(of_paper, "SetDepartmentStatus", "department-status")
"""Suspend, resume or close, as ordered. Signed by the competent department's head."""
recover_key = partial(of_paper, "RecoverKey", "recovery")
"""Give a department a head key, good after seven days. Signed by the competent department's head
and, as possession, by the new key. The old head cancels it meanwhile by revoking the new key."""
add_key = partial(of_paper, "AddKey", "key")
"""Register a department's or an application's key. Signed by the department's head and, as
possession, by the new key."""
add_officer_key = partial(of_paper, "AddKey", "officer-key")
"""Signed as `add_key`."""
revoke_key = partial(of_paper, "RevokeKey", "revocation")
"""Withdraw a key; the new key of a recovery before it is good: the recovery is cancelled. Signed by
the department's head."""
grant_roles = partial(of_paper, "GrantRoles", "roles")
"""Signed by the department's head."""
register_application = partial(of_paper, "RegisterApplication", "application-object")
"""Signed by the office head."""
supersede_log = partial(of_paper, "SupersedeLog", "log-succession")
"""End a department's log, which gets no anchor any more, and begin the next. Signed by the
department's head."""


def update_department(body: Mapping[str, Any]) -> Act:
    """Put the paper of a `department` body in the place of the one that is in force.

    Signed by the department's own head where competent department, screening and the right to
    enrol stay as they are; else by the head of the present competent department.
    """
    return of_paper("UpdateDepartment", "department", {**body, "head": None})


def suspend_department(department: str) -> Act:
    """Suspend a department at once, the order to follow: it must not wait for a paper."""
    message = {
        "department": ids.department_id(department),
        "status": int(DepartmentStatus.SUSPENDED),
        "digest": ids.ZERO,
    }
    return Act("SetDepartmentStatus", message, [])


def new_person() -> str:
    """Return the handle of an officer who has none yet: 32 random bytes as hex."""
    return secrets.token_hex(32)


def list_contract(name: str, address: bytes, code_hash: bytes) -> Act:
    """Put a contract in force: its 20-byte address and the hash of its code there.

    Signed by the head of the root department.
    """
    message = {
        "name": ids.contract_name_id(name),
        "contractAddress": address,
        "codeHash": code_hash,
    }
    return Act("ListContract", message, [])


def register_log(department: str, relay: bytes) -> Act:
    """Open the log of the department with this code; `relay` is the account that anchors it.

    Signed by the department's head. The contract builds the log's origin.
    """
    message = {"department": ids.department_id(department), "relay": relay}
    return Act("RegisterLog", message, [])


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
