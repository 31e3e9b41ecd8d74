"""Which document a decision binds to which object: the one table for nodes and verifiers.

An object is named by a short text, the same on every node, so that it can be a key in a table and
a word in a message. What a binding does not say of its own object, it says of nothing: anybody can
name another's digest in a decision of his own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..ledger.enums import KeyKind
from ..wire import ids
from .parties import OfficerKeyPaper
from .sharing import (
    PROTECTIVE_STEPS,
    ApplicationPaper,
    ChangePaper,
    ReplyPaper,
    StepPaper,
    TermsPaper,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .document import Document

    Event = Mapping[str, Any]


def departments_named(document: Document) -> tuple[bytes, ...]:
    """Return the ids of the departments entitled to a restricted document by its own words.

    Public documents name none: every department is entitled to them.
    """
    return tuple(ids.department_id(code) for code in dict.fromkeys(_codes(document.body)))


def _codes(body: object) -> tuple[str, ...]:
    if isinstance(body, ApplicationPaper):
        return (body.entry.department, body.department)
    if isinstance(body, ReplyPaper | StepPaper | ChangePaper):
        return (body.parties.consumer, body.parties.provider)
    if isinstance(body, TermsPaper):
        return (body.provider,) if body.consumer is None else (body.consumer, body.provider)
    return (body.department,) if isinstance(body, OfficerKeyPaper) else ()


class Concerned(NamedTuple):
    """What a document speaks of: who stands behind it may read a restricted one."""

    kind: str
    """`department`, `application`, `entry` or `authorisation`."""
    id: bytes | int


@dataclass(frozen=True, slots=True)
class Binding:
    """One document that one decision binds to one object."""

    object: str
    digest: bytes
    kind: str
    """What kind the document has to be."""
    struct: Mapping[str, Any]
    """The decision's fields that speak of the object."""
    concerned: Concerned


def bindings_of(decision: str, event: Event) -> list[Binding]:
    """Return what a mined decision binds; a zero digest binds nothing.

    `decision` is the struct's name; `event` its event's arguments, derived ones included.
    """
    read = _READERS.get(decision)
    found = () if read is None else read(event)
    return [each for each in found if each.digest != ids.ZERO]


def department_object(identifier: bytes) -> str:
    """Name a department: its enrolment, and every update of it."""
    return f"department:{identifier.hex()}"


def key_object(identifier: bytes) -> str:
    """Name a registered key."""
    return f"key:{identifier.hex()}"


def version_object(entry: bytes, number: int) -> str:
    """Name a version of a catalogue entry."""
    return f"entry:{entry.hex()}:{number}"


def standing_object(entry: bytes) -> str:
    """Name an entry's standing reply."""
    return f"standing:{entry.hex()}"


def authorisation_object(number: int) -> str:
    """Name a share authorisation."""
    return f"authorisation:{number}"


def _department(event: Event) -> Concerned:
    return Concerned("department", event["department"])


def _enrol_department(event: Event) -> Iterator[Binding]:
    name = department_object(event["department"])
    yield Binding(name, event["digest"], "department", event, _department(event))


def _of_department(kind: str, prefix: str) -> Callable[[Event], Iterator[Binding]]:
    def read(event: Event) -> Iterator[Binding]:
        # By the event's number: the same order can be given twice, for other reasons.
        name = f"{prefix}:{event['seq']}"
        yield Binding(name, event["digest"], kind, event, _department(event))

    return read


def _recover_key(event: Event) -> Iterator[Binding]:
    name = key_object(event["headKey"])
    yield Binding(name, event["digest"], "recovery", event, _department(event))


def _add_key(event: Event) -> Iterator[Binding]:
    kind = "officer-key" if event["kind"] == KeyKind.OFFICER else "key"
    holder = "application" if event["kind"] == KeyKind.APPLICATION else "department"
    name, concerned = key_object(event["addedKey"]), Concerned(holder, event["holder"])
    yield Binding(name, event["digest"], kind, event, concerned)


def _revoke_key(event: Event) -> Iterator[Binding]:
    name = f"revocation:{event['key'].hex()}"
    yield Binding(name, event["digest"], "revocation", event, Concerned("key", event["key"]))


def _grant_roles(event: Event) -> Iterator[Binding]:
    name = f"roles:{event['department'].hex()}:{event['key'].hex()}"
    yield Binding(name, event["digest"], "roles", event, _department(event))


def _register_application(event: Event) -> Iterator[Binding]:
    name = f"application:{event['application'].hex()}"
    yield Binding(name, event["digest"], "application-object", event, _department(event))


def _submit_versions(event: Event) -> Iterator[Binding]:
    for entry, each in zip(event["entries"], event["versions"], strict=True):
        struct = {**each, "department": event["department"], "entry": entry}
        name, concerned = version_object(entry, each["version"]), Concerned("entry", entry)
        yield Binding(name, each["digest"], "catalogue-version", struct, concerned)


def _reviewed(kind: str, prefix: str) -> Callable[[Event], Iterator[Binding]]:
    def read(event: Event) -> Iterator[Binding]:
        concerned = Concerned("department", event["competent"])
        yield Binding(f"{prefix}:{event['seq']}", event["digest"], kind, event, concerned)

    return read


def _ordered(kind: str) -> Callable[[Event], Iterator[Binding]]:
    def read(event: Event) -> Iterator[Binding]:
        name, concerned = f"order:{event['seq']}", Concerned("entry", event["entry"])
        yield Binding(name, event["digest"], kind, event, concerned)

    return read


def _set_standing_reply(event: Event) -> Iterator[Binding]:
    name, concerned = standing_object(event["entry"]), Concerned("entry", event["entry"])
    yield Binding(name, event["terms"], "terms", event, concerned)


def _apply_for(event: Event) -> Iterator[Binding]:
    for number, each in enumerate(event["applications"], event["first"]):
        struct = {**each, "department": event["department"]}
        yield from _of_authorisation("application", number, each["digest"], struct)


def _reply(event: Event) -> Iterator[Binding]:
    yield from _of_authorisation("reply", event["authorisation"], event["digest"], event)


def _change(event: Event) -> Iterator[Binding]:
    yield from _of_authorisation("change", event["authorisation"], event["digest"], event)


def _of_authorisation(kind: str, number: int, digest: bytes, struct: Event) -> Iterator[Binding]:
    name, concerned = authorisation_object(number), Concerned("authorisation", number)
    yield Binding(name, digest, kind, struct, concerned)
    yield Binding(name, struct["terms"], "terms", struct, concerned)


def _step(event: Event) -> Iterator[Binding]:
    number = event["authorisation"]
    name = authorisation_object(number)
    if event["step"] in PROTECTIVE_STEPS:
        # Behind an object of its own: whatever waits for the authorisation's documents must not
        # wait for this one, which may never be shown.
        name = f"protection:{event['seq']}"
    yield Binding(name, event["digest"], "step", event, Concerned("authorisation", number))


_READERS: dict[str, Callable[[Event], Iterator[Binding]]] = {
    "EnrolDepartment": _enrol_department,
    "UpdateDepartment": _enrol_department,
    "SetDepartmentStatus": _of_department("department-status", "status"),
    "RecoverKey": _recover_key,
    "AddKey": _add_key,
    "RevokeKey": _revoke_key,
    "GrantRoles": _grant_roles,
    "RegisterApplication": _register_application,
    "SubmitVersions": _submit_versions,
    "ReviewVersions": _reviewed("review", "review"),
    "SetStandingReply": _set_standing_reply,
    "SubmitWithdrawal": _of_department("withdrawal", "withdrawal"),
    "ReviewWithdrawal": _reviewed("withdrawal-review", "withdrawal-review"),
    "FreezeEntry": _ordered("freeze-order"),
    "UnfreezeEntry": _ordered("unfreeze-order"),
    "ApplyFor": _apply_for,
    "Reply": _reply,
    "Step": _step,
    "Change": _change,
    "SupersedeLog": _of_department("log-succession", "log-succession"),
}
