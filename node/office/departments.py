"""Acts about who takes part: departments, keys, roles, application systems, contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def add_key(body: Mapping[str, Any]) -> Act:
    """Register the key of a `key` body.

    Signed by the department's head and, as possession, by the new key.
    """
    return of_paper("AddKey", "key", body)


def revoke_key(body: Mapping[str, Any]) -> Act:
    """Withdraw the key of a `revocation` body. Signed by the department's head."""
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
