"""Departments, keys, roles, applications and contracts, replayed from the registry's events.

The rules are those of `contracts/DepartmentRegistry.sol`, checked again: a chain whose operator
changed the contract's code could emit an event that the contract would have refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...crypto import Sm2PublicKey, keccak256
from ...errors import InvalidInput
from ..wire import ids
from .enums import (
    DepartmentKind,
    KeyKind,
    Level,
    Role,
)
from .report import checking, refuse

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..evm.abi import ChainEvent

NO_END = 2**64 - 1
_ALL_ROLES = sum(Role)


def place(event: ChainEvent) -> str:
    """Name an event's place on the chain."""
    return (
        f"block {event.block_number}, transaction {event.tx_index}, log {event.log_index} "
        f"({event.name})"
    )


def require(holds: object, event: ChainEvent, text: str, english: str) -> None:
    """Refuse the event unless the rule `holds`.

    Raises:
        EvidenceInvalid: it does not.
    """
    if not holds:
        refuse(place(event), text, english)


@dataclass(slots=True)
class Key:
    """A registered key as it stands at one moment of the replay."""

    public: Sm2PublicKey
    holder: bytes
    kind: int
    valid_from: int
    valid_until: int
    digest: bytes
    revoked_block: int | None = None

    @property
    def revoked(self) -> bool:
        """Whether it was revoked."""
        return self.revoked_block is not None

    def is_live(self, at: int) -> bool:
        """Say whether the key may sign at chain second `at`."""
        return not self.revoked and self.valid_from <= at < self.valid_until


@dataclass(frozen=True, slots=True)
class Grant:
    """Roles that a department gave to a key."""

    roles: int
    valid_from: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Department:
    """An enrolled department."""

    competent: bytes
    screening: bool
    """Of applications to the departments it is competent for."""


@dataclass(slots=True)
class Registry:
    """State of `DepartmentRegistry`."""

    root: Sm2PublicKey
    first: bytes | None = None
    """The department that the root key enrolled; its head lists contracts."""
    departments: MutableMapping[bytes, Department] = field(default_factory=dict)
    keys: MutableMapping[bytes, Key] = field(default_factory=dict)
    roles: MutableMapping[tuple[bytes, bytes], Grant] = field(default_factory=dict)
    applications: MutableMapping[bytes, bytes] = field(default_factory=dict)
    """Application to its department."""
    contracts: MutableMapping[bytes, bytes] = field(default_factory=dict)
    """Name (padded) to address."""

    def signer(self, event: ChainEvent) -> Sm2PublicKey:
        """Return the key that signed `event`, which must be live in the event's block.

        Raises:
            EvidenceInvalid: unknown, revoked or out of its validity.
        """
        key_id = event.args["signingKey"]
        if not self.departments and key_id == self.root.key_id:
            return self.root
        key = self.keys.get(key_id)
        if key is None:
            refuse(place(event), "签名密钥未登记", f"signed by an unknown key {key_id.hex()}")
        require(
            key.kind == KeyKind.OFFICER and key.is_live(event.timestamp),
            event,
            "签名密钥不是人员密钥,或已撤销、不在有效期",
            f"signed by key {key_id.hex()}, which is no officer's, was revoked or was not valid",
        )
        return key.public

    def signer_has_role(self, event: ChainEvent, department: bytes, roles: int) -> bool:
        """Say whether the event's signer holds one of `roles` in `department` in its block."""
        grant = self.roles.get((department, event.args["signingKey"]))
        return bool(
            grant
            and grant.roles & roles
            and grant.valid_from <= event.timestamp < grant.valid_until
        )

    def require_role(self, event: ChainEvent, department: bytes, roles: int) -> None:
        """Check that the event's signer acts for `department` in one of `roles`.

        Raises:
            EvidenceInvalid: it does not.
        """
        require(
            self.signer_has_role(event, department, roles),
            event,
            "签名人没有所需的职责",
            f"the signer does not hold the role {Role(roles)!r} in {_code(department)}",
        )

    def competent_of(self, department: bytes) -> bytes:
        """Return the competent department of an enrolled one."""
        return self.departments[department].competent

    def apply(self, event: ChainEvent) -> None:
        """Apply one event whose signature holds.

        Raises:
            EvidenceInvalid: the contract's rules do not allow it.
        """
        match event.name:
            case "DepartmentEnrolled":
                self._enrol(event)
            case "KeyAdded":
                self._add_key(event)
            case "KeyRevoked":
                self._revoke(event)
            case "RolesGranted":
                self._grant(event)
            case "ApplicationRegistered":
                self._register_application(event)
            case _:
                self._list_contract(event)

    def _enrol(self, event: ChainEvent) -> None:
        args = event.args
        department, competent = args["department"], args["competent"]
        require(
            _is_code(department)
            and DepartmentKind.GOVERNMENT <= args["kind"] <= DepartmentKind.OTHER
            and Level.STATE <= args["level"] <= Level.TOWNSHIP,
            event,
            "部门的代码、类别或层级无效",
            "a department with a code, kind or level that is none",
        )
        require(department not in self.departments, event, "部门重复登记", "enrolled twice")
        if self.first is None:
            require(
                department == competent == args["parent"],
                event,
                "首个部门必须由根密钥为自身登记",
                "the first department must be its own competent department",
            )
            self.first = department
        else:
            require(args["parent"] in self.departments, event, "上级部门未登记", "unknown parent")
            self.require_role(event, competent, Role.DEPARTMENT_HEAD)
        self.departments[department] = Department(competent, args["screening"])
        head = _point(event, "headX", "headY")
        key = Key(head, department, KeyKind.OFFICER, 0, NO_END, args["digest"])
        self._register(event, args["headKey"], key)
        self.roles[department, args["headKey"]] = Grant(Role.DEPARTMENT_HEAD, 0, NO_END)

    def _add_key(self, event: ChainEvent) -> None:
        args = event.args
        owner = self._owner(event, args["kind"], args["holder"])
        self.require_role(event, owner, Role.DEPARTMENT_HEAD)
        require_period(event, args)
        key = Key(
            _point(event, "qx", "qy"),
            args["holder"],
            args["kind"],
            args["validFrom"],
            args["validUntil"],
            args["digest"],
        )
        self._register(event, args["addedKey"], key)

    def _register(self, event: ChainEvent, key_id: bytes, key: Key) -> None:
        require(key.public.key_id == key_id, event, "密钥编号与公钥不符", "not the key's id")
        require(key_id not in self.keys, event, "密钥重复登记", "a key registered twice")
        self.keys[key_id] = key

    def _revoke(self, event: ChainEvent) -> None:
        key = self.keys.get(event.args["key"])
        if key is None or key.revoked:
            refuse(place(event), "撤销了未登记或已撤销的密钥", "no live key was revoked")
        owner = self._owner(event, key.kind, key.holder)
        self.require_role(event, owner, Role.DEPARTMENT_HEAD)
        key.revoked_block = event.block_number

    def _grant(self, event: ChainEvent) -> None:
        args = event.args
        self.require_role(event, args["department"], Role.DEPARTMENT_HEAD)
        key = self.keys.get(args["key"])
        # Roles may be taken from any key; only a live officer's may be given some.
        may_hold = key and key.kind == KeyKind.OFFICER and key.is_live(event.timestamp)
        require(
            not args["roles"] or may_hold,
            event,
            "职责授予了未登记、非人员或失效的密钥",
            "roles granted to a key that is no live officer's",
        )
        require(not args["roles"] & ~_ALL_ROLES, event, "没有这种职责", "roles that are none")
        if args["roles"]:
            require_period(event, args)
        self.roles[args["department"], args["key"]] = Grant(
            args["roles"], args["validFrom"], args["validUntil"]
        )

    def _register_application(self, event: ChainEvent) -> None:
        args = event.args
        self.require_role(event, args["department"], Role.OFFICE_HEAD)
        require(
            args["application"] == keccak256(args["department"] + args["codeHash"]),
            event,
            "应用编号与其部门、代码不符",
            "the application's id is not derived from its department and code",
        )
        require(
            args["application"] not in self.applications, event, "应用重复登记", "registered twice"
        )
        self.applications[args["application"]] = args["department"]

    def _list_contract(self, event: ChainEvent) -> None:
        args = event.args
        self.require_role(event, self.first or b"", Role.DEPARTMENT_HEAD)
        require(
            self.contracts.setdefault(args["name"], args["contractAddress"])
            == args["contractAddress"],
            event,
            "同名合约换了地址,此版本的证据不支持",
            "a contract was replaced, which evidence of version 1 does not cover",
        )

    def _owner(self, event: ChainEvent, kind: int, holder: bytes) -> bytes:
        """Return the department whose head answers for a key of this kind and holder."""
        owner = self.applications.get(holder) if kind == KeyKind.APPLICATION else holder
        if (
            owner is None
            or owner not in self.departments
            or not KeyKind.OFFICER <= kind <= KeyKind.APPLICATION
        ):
            refuse(place(event), "密钥的持有者未登记", "the key's holder is not registered")
        return owner


def require_period(event: ChainEvent, fields: dict[str, Any]) -> None:
    """Check that what is given lasts, and longer than to the event's block.

    Raises:
        EvidenceInvalid: it does not.
    """
    until = fields["validUntil"]
    require(
        fields["validFrom"] < until > event.timestamp,
        event,
        "有效期为空或已经届满",
        "a period that is empty or over",
    )


def _is_code(department: bytes) -> bool:
    try:
        ids.department_code(department)
    except InvalidInput:
        return False
    return True


def _point(event: ChainEvent, x: str, y: str) -> Sm2PublicKey:
    with checking(place(event), "公钥不在曲线上", "a key that is not on the curve"):
        return Sm2PublicKey.from_coordinates(event.args[x], event.args[y])


def _code(department: bytes) -> str:
    return department.rstrip(b"\0").decode("ascii", "replace")
