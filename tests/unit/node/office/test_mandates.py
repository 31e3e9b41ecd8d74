"""Whether a key may decide for a department, as the read model knows it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from node.errors import DecisionRefused, NotFound
from node.office.mandates import require_signer, require_somebody
from node.protocol.ledger.enums import DepartmentStatus, KeyKind, Role
from node.protocol.ledger.facts import RoleFact
from node.protocol.wire import ids
from tests.common import papers

NOW = 1_800_000_000
KEY = b"k" * 32
OWNER = ids.department_id(papers.POLICE)
HEAD = Role.DEPARTMENT_HEAD


@dataclass
class Department:
    status: int = DepartmentStatus.ACTIVE


@dataclass
class Key:
    kind: int = KeyKind.OFFICER
    valid_from: int = NOW
    valid_until: int = NOW + 1
    revoked_at: int | None = None


@dataclass
class Registry:
    """A department with one key in one role."""

    department: Department | None = field(default_factory=Department)
    key: Key | None = field(default_factory=Key)
    roles: int = HEAD
    until: int = NOW + 1

    def find_department(self, department):
        return self.department if department == OWNER else None

    def find_key(self, key):
        return self.key if key == KEY else None

    def roles_of(self, key):
        return self.roles_in(OWNER) if key == KEY else []

    def roles_in(self, department):
        return [RoleFact(department, KEY, self.roles, NOW, self.until, bytes(32))]


def test_a_head_may_sign_and_there_is_somebody():
    require_signer(Registry(), papers.POLICE, HEAD, KEY, NOW)
    require_somebody(Registry(), papers.POLICE, HEAD, NOW)


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        (Registry(Department(DepartmentStatus.SUSPENDED)), "DepartmentNotActive"),
        (Registry(key=None), "KeyUnknown"),
        (Registry(key=Key(KeyKind.DEPARTMENT)), "KeyNotOfficer"),
        (Registry(key=Key(revoked_at=NOW)), "KeyAlreadyRevoked"),
        (Registry(key=Key(valid_until=NOW)), "KeyNotValid"),
        (Registry(key=Key(valid_from=NOW + 1)), "KeyNotValid"),
        (Registry(roles=Role.OFFICE_HEAD), "RoleMissing"),
        (Registry(until=NOW), "RoleMissing"),
    ],
)
def test_whoever_may_not_sign_is_told_as_the_contract_would(registry, name):
    with pytest.raises(DecisionRefused) as refused:
        require_signer(registry, papers.POLICE, HEAD, KEY, NOW)
    assert refused.value.facts["name"] == name


@pytest.mark.parametrize(
    "registry",
    [
        Registry(key=Key(revoked_at=NOW)),
        Registry(key=Key(valid_until=NOW)),
        Registry(roles=Role.OFFICE_HEAD),
        Registry(until=NOW),
        Registry(department=None),
    ],
)
def test_a_department_nobody_may_sign_for_is_told_so(registry):
    with pytest.raises(NotFound):
        require_somebody(registry, papers.POLICE, HEAD, NOW)
