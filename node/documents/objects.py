"""The objects of the ledger that documents stand behind, and which decision binds which.

An object is named by a short text, the same on every node, so that it can be a key in a table and
a word in a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..protocol.wire import ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .ports import DecisionFact


def department(identifier: bytes) -> str:
    """Name an enrolled department."""
    return f"department:{identifier.hex()}"


def key(identifier: bytes) -> str:
    """Name a registered key."""
    return f"key:{identifier.hex()}"


def revocation(identifier: bytes) -> str:
    """Name the withdrawal of a key."""
    return f"revocation:{identifier.hex()}"


def roles(department_id: bytes, key_id: bytes) -> str:
    """Name the roles a department gave a key."""
    return f"roles:{department_id.hex()}:{key_id.hex()}"


def application(identifier: bytes) -> str:
    """Name an application system."""
    return f"application:{identifier.hex()}"


def version(entry: bytes, number: int) -> str:
    """Name a version of a catalogue entry."""
    return f"entry:{entry.hex()}:{number}"


def review(sequence: int) -> str:
    """Name a review by its number among the catalogue's events."""
    return f"review:{sequence}"


def standing_reply(entry: bytes) -> str:
    """Name an entry's standing reply."""
    return f"standing:{entry.hex()}"


def authorisation(number: int) -> str:
    """Name a share authorisation."""
    return f"authorisation:{number}"


@dataclass(frozen=True, slots=True)
class Binding:
    """One document that one decision binds to one object."""

    object: str
    digest: bytes
    kind: str
    """What kind the document has to be."""
    struct: Mapping[str, Any]
    """The decision's fields that speak of the object."""


def bindings_of(fact: DecisionFact) -> list[Binding]:
    """Return what `fact` binds; a zero digest binds nothing."""
    read = _READERS.get(fact.kind)
    found = [] if read is None else read(fact.event)
    return [each for each in found if each.digest != ids.ZERO]


def _enrol_department(event: Mapping[str, Any]) -> Iterator[Binding]:
    yield Binding(department(event["department"]), event["digest"], "department", event)


def _add_key(event: Mapping[str, Any]) -> Iterator[Binding]:
    yield Binding(key(event["addedKey"]), event["digest"], "key", event)


def _revoke_key(event: Mapping[str, Any]) -> Iterator[Binding]:
    yield Binding(revocation(event["key"]), event["digest"], "revocation", event)


def _grant_roles(event: Mapping[str, Any]) -> Iterator[Binding]:
    yield Binding(roles(event["department"], event["key"]), event["digest"], "roles", event)


def _register_application(event: Mapping[str, Any]) -> Iterator[Binding]:
    name = application(event["application"])
    yield Binding(name, event["digest"], "application-object", event)


def _submit_versions(event: Mapping[str, Any]) -> Iterator[Binding]:
    for entry, each in zip(event["entries"], event["versions"], strict=True):
        struct = {**each, "department": event["department"], "entry": entry}
        yield Binding(version(entry, each["version"]), each["digest"], "catalogue-version", struct)


def _review_versions(event: Mapping[str, Any]) -> Iterator[Binding]:
    yield Binding(review(event["seq"]), event["digest"], "review", event)


def _set_standing_reply(event: Mapping[str, Any]) -> Iterator[Binding]:
    yield Binding(standing_reply(event["entry"]), event["terms"], "terms", event)


def _apply_for(event: Mapping[str, Any]) -> Iterator[Binding]:
    for number, each in enumerate(event["applications"], event["first"]):
        struct = {**each, "department": event["department"]}
        yield Binding(authorisation(number), each["digest"], "application", struct)
        yield Binding(authorisation(number), each["terms"], "terms", struct)


def _reply(event: Mapping[str, Any]) -> Iterator[Binding]:
    name = authorisation(event["authorisation"])
    yield Binding(name, event["digest"], "reply", event)
    yield Binding(name, event["terms"], "terms", event)


def _step(event: Mapping[str, Any]) -> Iterator[Binding]:
    yield Binding(authorisation(event["authorisation"]), event["digest"], "step", event)


_READERS: dict[str, Callable[[Mapping[str, Any]], Iterator[Binding]]] = {
    "EnrolDepartment": _enrol_department,
    "AddKey": _add_key,
    "RevokeKey": _revoke_key,
    "GrantRoles": _grant_roles,
    "RegisterApplication": _register_application,
    "SubmitVersions": _submit_versions,
    "ReviewVersions": _review_versions,
    "SetStandingReply": _set_standing_reply,
    "ApplyFor": _apply_for,
    "Reply": _reply,
    "Step": _step,
}
