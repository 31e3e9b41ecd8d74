"""Whether the ledger would let a key decide for a department, asked before anybody signs.

The contract asks again and is right; this says the same in advance, from this node's read model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..errors import NotFound
from ..protocol.ledger.enums import DepartmentStatus, Role
from ..protocol.ledger.signed import refuse, require_officer
from ..protocol.wire import ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..protocol.ledger.facts import DepartmentFact, KeyFact, RoleFact


FILERS = Role.DATA_OFFICER | Role.OFFICE_HEAD | Role.DEPARTMENT_HEAD
"""Who prepares what a department files."""


class Registry(Protocol):
    """What is asked of the read model."""

    def find_department(self, department: bytes) -> DepartmentFact | None: ...
    def find_key(self, key: bytes) -> KeyFact | None: ...
    def roles_of(self, key: bytes) -> Sequence[RoleFact]: ...
    def roles_in(self, department: bytes) -> Sequence[RoleFact]: ...


def require_department(registry: Registry, code: str) -> bytes:
    """Return the id of a department that takes part.

    Raises:
        NotFound: it is not enrolled.
        DecisionRefused: it is suspended or closed.
    """
    department = ids.department_id(code)
    found = registry.find_department(department)
    if found is None:
        raise NotFound(f"部门 {code} 未登记 / the department is not enrolled")
    if found.status != DepartmentStatus.ACTIVE:
        refuse("DepartmentNotActive", department, found.status)
    return department


def require_signer(registry: Registry, code: str, role: Role, key: bytes, now: int) -> None:
    """Check that a key may decide in a role of a department; `now` is chain time in seconds.

    Raises:
        NotFound, DecisionRefused: as `require_department`; or the key may not.
    """
    department = require_department(registry, code)
    require_officer(registry.find_key(key), key, now)
    held = held_roles(registry, key, now).get(department, 0)
    if not held & role:
        refuse("RoleMissing", department, key, int(role), held)


def held_roles(registry: Registry, key: bytes, now: int) -> dict[bytes, int]:
    """Return the roles a key holds at a second of chain time, bits of `Role` by department."""
    return {
        each.department: each.roles
        for each in registry.roles_of(key)
        if each.valid_from <= now < each.valid_until
    }


def require_somebody(registry: Registry, code: str, role: Role, now: int) -> None:
    """Check that somebody's key may decide in a role of a department.

    Raises:
        NotFound, DecisionRefused: as `require_department`; or nobody may.
    """
    department = require_department(registry, code)
    for each in registry.roles_in(department):
        if each.roles & role and each.valid_from <= now < each.valid_until:
            key = registry.find_key(each.key)
            if key and key.revoked_at is None and key.valid_from <= now < key.valid_until:
                return
    raise NotFound(
        f"部门 {code} 没有一把有效的密钥具有这项职责，没有人能签署"
        " / no valid key of the department holds the role"
    )
