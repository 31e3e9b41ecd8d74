"""Acts about who takes part: departments, keys, roles, application systems, contracts."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from ..protocol.ledger.enums import DepartmentStatus
from ..protocol.wire import ids
from .act import Act, of_paper

if TYPE_CHECKING:
    from collections.abc import Mapping

LISTED = ("CatalogueRegistry", "ShareAuthorisations", "AccessAnchors")
"""Contracts that come into force by being listed; the registry itself is where they are."""


def enrol_department(body: Mapping[str, Any]) -> Act:
    """Enrol the department of a `department` body, with its first head key.

    Signed by the competent department's head (the first one of all by the root key) and, as
    possession, by the head key the body names.
    """
    return of_paper("EnrolDepartment", "department", body)


def update_department(body: Mapping[str, Any]) -> Act:
    """Put the paper of a `department` body in the place of the one that is in force.

    Signed by the department's own head where competent department, screening and the right to
    enrol stay as they are; else by the head of the present competent department.
    """
    return of_paper("UpdateDepartment", "department", {**body, "head": None})


def set_department_status(body: Mapping[str, Any]) -> Act:
    """Suspend, resume or close as a `department-status` body orders. Signed by the competent."""
    return of_paper("SetDepartmentStatus", "department-status", body)


def suspend_department(department: str) -> Act:
    """Suspend a department at once, the order to follow: it must not wait for a paper."""
    message = {
        "department": ids.department_id(department),
        "status": int(DepartmentStatus.SUSPENDED),
        "digest": ids.ZERO,
    }
    return Act("SetDepartmentStatus", message, [])


def recover_key(body: Mapping[str, Any]) -> Act:
    """Give a department the head key of a `recovery` body, good after seven days.

    Signed by the competent department's head and, as possession, by the new key. The old head
    cancels it meanwhile by revoking the new key.
    """
    return of_paper("RecoverKey", "recovery", body)


def new_person() -> str:
    """Return the handle of an officer who has none yet: 32 random bytes as hex."""
    return secrets.token_hex(32)


def add_key(body: Mapping[str, Any]) -> Act:
    """Register the key of a `key` body, a department's or an application's.

    Signed by the department's head and, as possession, by the new key.
    """
    return of_paper("AddKey", "key", body)


def add_officer_key(body: Mapping[str, Any]) -> Act:
    """Register the key of an `officer-key` body; signed as `add_key`."""
    return of_paper("AddKey", "officer-key", body)


def revoke_key(body: Mapping[str, Any]) -> Act:
    """Withdraw the key of a `revocation` body. Signed by the department's head.

    Of the new key of a recovery, before it is good: the recovery is cancelled.
    """
    return of_paper("RevokeKey", "revocation", body)


def grant_roles(body: Mapping[str, Any]) -> Act:
    """Give the key of a `roles` body its roles in the department. Signed by its head."""
    return of_paper("GrantRoles", "roles", body)


def register_application(body: Mapping[str, Any]) -> Act:
    """Register the system of an `application-object` body. Signed by the office head."""
    return of_paper("RegisterApplication", "application-object", body)


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
