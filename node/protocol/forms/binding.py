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


class _Single(NamedTuple):
    """A decision that binds one document: to what, and whom it concerns, by its event's fields."""

    kind: str
    object: str
    """Its name; fields in braces, bytes as hex. Orders are told apart by the event's number: the
    same one can be given twice, for other reasons."""
    concerned: str = "department"
    field: str = "department"
    """The field that says which department, entry or key."""
    digest: str = "digest"

    def read(self, event: Event) -> Iterator[Binding]:
        name = self.object.format_map(
            {key: each.hex() if isinstance(each, bytes) else each for key, each in event.items()}
        )
        concerned = Concerned(self.concerned, event[self.field])
        yield Binding(name, event[self.digest], self.kind, event, concerned)


_SINGLE = {
    "EnrolDepartment": _Single("department", "department:{department}"),
    "UpdateDepartment": _Single("department", "department:{department}"),
    "SetDepartmentStatus": _Single("department-status", "status:{seq}"),
    "RecoverKey": _Single("recovery", "key:{headKey}"),
    "RevokeKey": _Single("revocation", "revocation:{key}", "key", "key"),
    "GrantRoles": _Single("roles", "roles:{department}:{key}"),
    "RegisterApplication": _Single("application-object", "application:{application}"),
    "ReviewVersions": _Single("review", "review:{seq}", field="competent"),
    "SetStandingReply": _Single("terms", "standing:{entry}", "entry", "entry", "terms"),
    "SubmitWithdrawal": _Single("withdrawal", "withdrawal:{seq}"),
    "ReviewWithdrawal": _Single("withdrawal-review", "withdrawal-review:{seq}", field="competent"),
    "FreezeEntry": _Single("freeze-order", "order:{seq}", "entry", "entry"),
    "UnfreezeEntry": _Single("unfreeze-order", "order:{seq}", "entry", "entry"),
    "SupersedeLog": _Single("log-succession", "log-succession:{seq}"),
}


def bindings_of(decision: str, event: Event) -> list[Binding]:
    """Return what a mined decision binds; a zero digest binds nothing.

    `decision` is the struct's name; `event` its event's arguments, derived ones included.
    """
    single = _SINGLE.get(decision)
    read = _READERS.get(decision) if single is None else single.read
    found = () if read is None else read(event)
    return [each for each in found if each.digest != ids.ZERO]


def digests_of(decision: str, event: Event) -> list[bytes]:
    """Return the digests of the documents that a mined decision binds, as `bindings_of` does."""
    single = _SINGLE.get(decision)
    if single is None:
        return [each.digest for each in bindings_of(decision, event)]
    digest = event[single.digest]
    return [] if digest == ids.ZERO else [digest]


def department_object(identifier: bytes) -> str:
    """Name a department: its enrolment, and every update of it."""
    return f"department:{identifier.hex()}"


def key_object(identifier: bytes) -> str:
    """Name a registered key."""
    return f"key:{identifier.hex()}"


def version_object(entry: bytes, number: int) -> str:
    """Name a version of a catalogue entry."""
    return f"entry:{entry.hex()}:{number}"


def authorisation_object(number: int) -> str:
    """Name a share authorisation."""
    return f"authorisation:{number}"


def _add_key(event: Event) -> Iterator[Binding]:
    kind = "officer-key" if event["kind"] == KeyKind.OFFICER else "key"
    holder = "application" if event["kind"] == KeyKind.APPLICATION else "department"
    name, concerned = key_object(event["addedKey"]), Concerned(holder, event["holder"])
    yield Binding(name, event["digest"], kind, event, concerned)


def _submit_versions(event: Event) -> Iterator[Binding]:
    for entry, each in zip(event["entries"], event["versions"], strict=True):
        struct = {**each, "department": event["department"], "entry": entry}
        name, concerned = version_object(entry, each["version"]), Concerned("entry", entry)
        yield Binding(name, each["digest"], "catalogue-version", struct, concerned)


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
    "AddKey": _add_key,
    "SubmitVersions": _submit_versions,
    "ApplyFor": _apply_for,
    "Reply": _reply,
    "Step": _step,
    "Change": _change,
}
