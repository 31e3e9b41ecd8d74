"""Projection of DepartmentRegistry: departments, keys, roles, applications, contracts in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.protocol.ledger.enums import DepartmentStatus, KeyKind, Role

from ..tables import (
    APPLICATION,
    CONTRACT,
    DEPARTMENT,
    KEY,
    ROLE,
)
from .objects import (
    ZERO,
    Concern,
    ObjectKind,
    department_ref,
    document_refs,
    key_ref,
)

if TYPE_CHECKING:
    from node.protocol.evm.abi import ChainEvent

    from ..rows import Rows

FOREVER = 2**64 - 1


def text(value: bytes) -> str:
    """Read a zero-padded bytes32 as text; what is not ASCII is shown escaped, never refused.

    A chain whose contract let it pass must still be followed.
    """
    return value.rstrip(b"\0").decode("ascii", "backslashreplace")[:64]


def enrolled(rows: Rows, event: ChainEvent) -> Concern:
    """Enrol a department with its first head key, which heads it without an end."""
    args = event.args
    department, key = args["department"], args["headKey"]
    columns = ("parent", "competent", "kind", "level", "screening", "digest")
    rows.insert(
        DEPARTMENT,
        {
            "department": department,
            "code": text(department),
            **{column: args[column] for column in columns},
            "status": int(DepartmentStatus.ACTIVE),
        },
    )
    rows.insert(
        KEY,
        {
            "key": key,
            "holder": department,
            "kind": int(KeyKind.OFFICER),
            "qx": args["headX"],
            "qy": args["headY"],
            "valid_from": 0,
            "valid_until": FOREVER,
            "revoked_at": None,
            "digest": args["digest"],
        },
    )
    rows.put(
        ROLE,
        {
            "department": department,
            "key": key,
            "roles": int(Role.DEPARTMENT_HEAD),
            "valid_from": 0,
            "valid_until": FOREVER,
            "digest": args["digest"],
        },
    )
    objects = (department_ref(department), key_ref(key), *document_refs(args["digest"]))
    return Concern(args["competent"], objects)


def key_added(rows: Rows, event: ChainEvent) -> Concern:
    """Register a key of a department or an application."""
    args = event.args
    rows.insert(
        KEY,
        {
            "key": args["addedKey"],
            "holder": args["holder"],
            "kind": args["kind"],
            "qx": args["qx"],
            "qy": args["qy"],
            "valid_from": args["validFrom"],
            "valid_until": args["validUntil"],
            "revoked_at": None,
            "digest": args["digest"],
        },
    )
    return _about_key(rows, args["addedKey"], args["holder"], args["digest"])


def key_revoked(rows: Rows, event: ChainEvent) -> Concern:
    """End a key at the time of the block."""
    args = event.args
    row = rows.change(KEY, args["key"], revoked_at=event.timestamp)
    return _about_key(rows, args["key"], row["holder"], args["digest"])


def roles_granted(rows: Rows, event: ChainEvent) -> Concern:
    """Set the roles a key holds in a department, in place of those it held there before."""
    args = event.args
    rows.put(
        ROLE,
        {
            "department": args["department"],
            "key": args["key"],
            "roles": args["roles"],
            "valid_from": args["validFrom"],
            "valid_until": args["validUntil"],
            "digest": args["digest"],
        },
    )
    department = args["department"]
    objects = (department_ref(department), key_ref(args["key"]), *document_refs(args["digest"]))
    return Concern(department, objects)


def application_registered(rows: Rows, event: ChainEvent) -> Concern:
    """Register an application of a department."""
    args = event.args
    rows.insert(
        APPLICATION,
        {
            "application": args["application"],
            "department": args["department"],
            "code_hash": args["codeHash"],
            "digest": args["digest"],
        },
    )
    return Concern(
        args["department"],
        (
            (ObjectKind.APPLICATION, args["application"]),
            department_ref(args["department"]),
            *document_refs(args["digest"]),
        ),
    )


def contract_listed(rows: Rows, event: ChainEvent) -> Concern:
    """Put a contract in force under its name."""
    args = event.args
    rows.put(
        CONTRACT,
        {
            "name": text(args["name"]),
            "address": args["contractAddress"],
            "code_hash": args["codeHash"],
            "block": event.block_number,
        },
    )
    signer = rows.find(KEY, args["signingKey"])
    return Concern(signer["holder"] if signer else ZERO, ((ObjectKind.CONTRACT, args["name"]),))


def _about_key(rows: Rows, key: bytes, holder: bytes, digest: bytes) -> Concern:
    application = rows.find(APPLICATION, holder)
    if application is None:
        objects = (key_ref(key), department_ref(holder), *document_refs(digest))
        return Concern(holder, objects)
    department = application["department"]
    holders = (ObjectKind.APPLICATION, holder), department_ref(department)
    return Concern(department, (key_ref(key), *holders, *document_refs(digest)))


HANDLERS = {
    "DepartmentEnrolled": enrolled,
    "KeyAdded": key_added,
    "KeyRevoked": key_revoked,
    "RolesGranted": roles_granted,
    "ApplicationRegistered": application_registered,
    "ContractListed": contract_listed,
}
