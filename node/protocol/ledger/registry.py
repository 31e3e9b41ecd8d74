"""Rules of `contracts/DepartmentRegistry.sol`: departments, keys, roles, applications, contracts.

Each function judges one kind of decision, keeps what follows from it, and returns the members that
the contract derives for its event. The order of the checks is the contract's: it decides which
error a refusal carries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...crypto import keccak256
from ...errors import InvalidInput
from ..wire import ids
from .competence import (
    acting,
    get_department,
    get_root,
    require_may_enrol,
    require_under_root,
)
from .enums import (
    DepartmentKind,
    DepartmentStatus,
    KeyKind,
    Level,
    Role,
)
from .facts import (
    ApplicationFact,
    ContractFact,
    DepartmentFact,
    KeyFact,
    LedgerFact,
    PersonFact,
    RoleFact,
)
from .signed import (
    NO_END,
    Act,
    Mandate,
    accept,
    live_officer,
    refuse,
    refuse_signature,
    require_digest,
    require_period,
    spend,
)

if TYPE_CHECKING:
    from .surroundings import Store

    Derived = dict[str, Any]

RECOVERY_SECONDS = 7 * 24 * 3600
"""Time in which a department's old head can cancel a recovery."""
_ALL_ROLES = sum(Role)


def enrol(act: Act, root: tuple[int, int]) -> Derived:
    """Enrol a department with its first head key; `root` signs for the first of all."""
    department, competent, parent = act["department"], act["competent"], act["parent"]
    ledger = act.store.find(LedgerFact, 1)
    if ledger is None:
        _accept_first(act, root)
        act.store.put(LedgerFact(1, department, 0))
    else:
        accept(act, Mandate(competent, Role.DEPARTMENT_HEAD))
        require_may_enrol(act.store, competent)
    _require_enrollable(act, above_it=ledger.root if ledger else None)
    act.store.put(
        DepartmentFact(
            department,
            ids.department_code(department),
            parent,
            competent,
            act["kind"],
            act["level"],
            act["screening"],
            int(DepartmentStatus.ACTIVE),
            act["digest"],
            act["mayEnrol"],
            0,
        )
    )
    if competent != department:
        _count_dependants(act.store, competent, 1)
    return {"headKey": _register_head(act, department, 0)}


def update(act: Act) -> Derived:
    """Change a department: its own head its paper, who acts as the competent one all else."""
    department = act["department"]
    found = get_department(act.store, department)
    competent, above = act["competent"], acting(act.store, found.competent)
    wanted = (competent, act["screening"], act["mayEnrol"])
    paper_only = wanted == (found.competent, found.screening, found.may_enrol)
    accept(act, Mandate(department if paper_only else above, Role.DEPARTMENT_HEAD))
    require_digest(act, act["digest"])
    _require_not_closed(found)
    root = get_root(act.store)
    if department == root:
        if competent != found.competent or not act["mayEnrol"]:
            refuse("RootUnalterable", department)
    else:
        if act["mayEnrol"] and not found.may_enrol:
            require_may_enrol(act.store, above)
        if competent != found.competent:
            get_department(act.store, competent)
            require_may_enrol(act.store, competent)
            require_under_root(act.store, root, department, competent)
            _count_dependants(act.store, found.competent, -1)
            _count_dependants(act.store, competent, 1)
    act.store.put(
        get_department(act.store, department)._replace(
            competent=competent,
            screening=act["screening"],
            may_enrol=act["mayEnrol"],
            digest=act["digest"],
        )
    )
    return {}


def set_status(act: Act) -> Derived:
    """Suspend, resume or close a department."""
    found = get_department(act.store, act["department"])
    above, status = acting(act.store, found.competent), act["status"]
    accept(act, Mandate(above, Role.DEPARTMENT_HEAD))
    if not DepartmentStatus.ACTIVE <= status <= DepartmentStatus.CLOSED:
        refuse("DepartmentStatusInvalid", status)
    if status != DepartmentStatus.SUSPENDED:
        require_digest(act, act["digest"])
    if found.department == get_root(act.store):
        refuse("RootUnalterable", found.department)
    if found.status in {status, DepartmentStatus.CLOSED}:
        refuse("StatusUnsuitable", found.department, found.status)
    if status == DepartmentStatus.CLOSED:
        if found.dependants:
            refuse("DepartmentHasDependants", found.department, found.dependants)
        _count_dependants(act.store, found.competent, -1)
    act.store.put(found._replace(status=status))
    return {"competent": above}


def add_key(act: Act) -> Derived:
    """Register a key of a department or an application."""
    kind, holder = act["kind"], act["holder"]
    if not KeyKind.OFFICER <= kind <= KeyKind.APPLICATION:
        refuse("KeyKindInvalid", kind)
    accept(act, Mandate(_department_of(act.store, kind, holder), Role.DEPARTMENT_HEAD))
    require_period(act, act["validFrom"], act["validUntil"])
    point, period = (act["qx"], act["qy"]), (act["validFrom"], act["validUntil"])
    return {"addedKey": _register(act, holder, kind, point, period)}


def recover_key(act: Act) -> Derived:
    """Register a new head key that counts from seven days on, unless it is revoked before."""
    department = act["department"]
    found = get_department(act.store, department)
    accept(act, Mandate(acting(act.store, found.competent), Role.DEPARTMENT_HEAD))
    require_digest(act, act["digest"])
    _require_not_closed(found)
    valid_from = act.time + RECOVERY_SECONDS
    return {"headKey": _register_head(act, department, valid_from), "validFrom": valid_from}


def revoke_key(act: Act) -> Derived:
    """End a key at the time of the block."""
    key = act.store.find(KeyFact, act["key"])
    if key is None:
        refuse("KeyUnknown", act["key"])
    owner = _department_of(act.store, key.kind, key.holder)
    accept(act, Mandate(owner, Role.DEPARTMENT_HEAD, even_inactive=True))
    if key.revoked_at is not None:
        refuse("KeyAlreadyRevoked", key.key, key.revoked_at)
    act.store.put(key._replace(revoked_at=act.time, revoked_block=act.block))
    return {}


def grant_roles(act: Act) -> Derived:
    """Set the roles a key holds in a department, in place of those it held there before."""
    department, key, roles = act["department"], act["key"], act["roles"]
    accept(act, Mandate(department, Role.DEPARTMENT_HEAD))
    if roles & ~_ALL_ROLES:
        refuse("RolesUnknown", roles)
    if roles:  # taken away they may be from any key
        live_officer(act, key)
        require_period(act, act["validFrom"], act["validUntil"])
    act.store.put(
        RoleFact(department, key, roles, act["validFrom"], act["validUntil"], act["digest"])
    )
    return {}


def register_application(act: Act) -> Derived:
    """Register an application of a department."""
    department, code_hash = act["department"], act["codeHash"]
    accept(act, Mandate(department, Role.OFFICE_HEAD))
    application = keccak256(department + code_hash)
    if act.store.find(ApplicationFact, application) is not None:
        refuse("ApplicationAlreadyRegistered", application)
    act.store.put(ApplicationFact(application, department, code_hash, act["digest"]))
    return {"application": application}


def list_contract(act: Act) -> Derived:
    """Put a contract in force under its name, for good."""
    accept(act, Mandate(get_root(act.store), Role.DEPARTMENT_HEAD))
    name, address, expected = act["name"], act["contractAddress"], act["codeHash"]
    key = contract_key(name)
    listed = act.store.find(ContractFact, key)
    if listed is not None:
        refuse("ContractAlreadyListed", name, listed.address)
    actual = act.outside.code_hash(address)
    if actual is not None and (not actual or actual != expected):
        refuse("ContractCodeMismatch", address, expected, actual or ids.ZERO)
    act.store.put(ContractFact(key, address, expected, act.block))
    return {}


def contract_key(name: bytes) -> str:
    """Read a zero-padded bytes32 as text; what is no contract's name is shown as hexadecimal."""
    text = name.rstrip(b"\0")
    return text.decode("ascii") if text.isalnum() else f"0x{name.hex()}"


def owner_of(store: Store, application: bytes) -> bytes:
    """Return the department of an application.

    Raises:
        DecisionRefused: it is not registered.
    """
    found = store.find(ApplicationFact, application)
    if found is None:
        refuse("ApplicationUnknown", application)
    return found.department


def _accept_first(act: Act, root: tuple[int, int]) -> None:
    department, competent, parent = act["department"], act["competent"], act["parent"]
    if not parent == department == competent:
        refuse("RootNotItsOwn", department, parent, competent)
    if not act["mayEnrol"]:
        refuse("RootMustEnrol", department)
    root_key = key_id(*root)
    if act.key != root_key:
        refuse("RootKeyRequired", root_key, act.key)
    spend(act)
    act.acting = department
    if not act.outside.is_signed(act, *root):
        refuse_signature(act)


def _require_enrollable(act: Act, above_it: bytes | None) -> None:
    department, competent, parent = act["department"], act["competent"], act["parent"]
    try:
        ids.department_code(department)
    except InvalidInput:
        refuse("DepartmentCodeMalformed", department)
    if act.store.find(DepartmentFact, department) is not None:
        refuse("DepartmentAlreadyEnrolled", department)
    if not DepartmentKind.GOVERNMENT <= act["kind"] <= DepartmentKind.OTHER:
        refuse("DepartmentKindInvalid", act["kind"])
    if not Level.STATE <= act["level"] <= Level.TOWNSHIP:
        refuse("LevelInvalid", act["level"])
    if above_it is None:
        return  # the first is its own parent and its own competent department
    if parent != competent:
        named = act.store.find(DepartmentFact, parent)
        if named is None or named.competent != competent:
            refuse("ParentNotUnder", department, parent, competent)
    require_under_root(act.store, above_it, department, competent)


def _require_not_closed(found: DepartmentFact) -> None:
    if found.status == DepartmentStatus.CLOSED:
        refuse("StatusUnsuitable", found.department, found.status)


def _count_dependants(store: Store, department: bytes, change: int) -> None:
    found = get_department(store, department)
    store.put(found._replace(dependants=found.dependants + change))


def _register_head(act: Act, department: bytes, valid_from: int) -> bytes:
    point = act["headX"], act["headY"]
    key = _register(act, department, KeyKind.OFFICER, point, (valid_from, NO_END))
    head = int(Role.DEPARTMENT_HEAD)
    act.store.put(RoleFact(department, key, head, valid_from, NO_END, act["digest"]))
    return key


def _register(
    act: Act, holder: bytes, kind: int, point: tuple[int, int], period: tuple[int, int]
) -> bytes:
    key = key_id(*point)
    if act.store.find(KeyFact, key) is not None:
        refuse("KeyAlreadyRegistered", key)
    if not act.outside.is_on_curve(*point):
        refuse("KeyNotOnCurve", point[0], point[1])
    _bind_person(act, key, kind, holder)
    if not act.outside.is_possessed(act, *point):
        refuse("PossessionRefused", key, act.possession[0], act.possession[1])
    act.store.put(
        KeyFact(key, holder, int(kind), *point, *period, None, act["digest"], act["person"])
    )
    return key


def _bind_person(act: Act, key: bytes, kind: int, holder: bytes) -> None:
    person = act["person"]
    if kind != KeyKind.OFFICER:
        if any(person):
            refuse("PersonNotAllowed", key, person)
        return
    if not any(person):
        refuse("PersonMissing", key)
    owner = act.store.find(PersonFact, person)
    if owner is None:
        act.store.put(PersonFact(person, holder))
    elif owner.department != holder:
        refuse("PersonOfAnother", person, owner.department, holder)


def _department_of(store: Store, kind: int, holder: bytes) -> bytes:
    """Return the department that answers for a key."""
    if kind == KeyKind.APPLICATION:
        return owner_of(store, holder)
    return get_department(store, holder).department


def key_id(x: int, y: int) -> bytes:
    """Return the id of a public key, a point of the curve or not."""
    return keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))
