"""Who acted in a decision, and the objects it is about, as the read model links them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

ObjectRef: TypeAlias = tuple[str, bytes]
"""Kind and id of one object."""

ZERO = bytes(32)


class ObjectKind:
    """Kinds of objects a decision can concern."""

    DEPARTMENT = "department"
    KEY = "key"
    APPLICATION = "application"
    CONTRACT = "contract"
    ENTRY = "entry"
    VERSION = "version"
    AUTHORISATION = "authorisation"
    LOG = "log"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Concern:
    """What a decision leaves behind beside the rows it changed."""

    acting: bytes
    """Department that acted: by its role, whoever's key signed."""
    objects: tuple[ObjectRef, ...]


def department_ref(department: bytes) -> ObjectRef:
    """Name a department."""
    return ObjectKind.DEPARTMENT, department


def key_ref(key: bytes) -> ObjectRef:
    """Name a key."""
    return ObjectKind.KEY, key


def entry_ref(entry: bytes) -> ObjectRef:
    """Name an entry."""
    return ObjectKind.ENTRY, entry


def version_ref(entry: bytes, version: int) -> ObjectRef:
    """Name one version of an entry: 36 bytes entry ‖ uint32."""
    return ObjectKind.VERSION, entry + version.to_bytes(4, "big")


def authorisation_ref(authorisation: int) -> ObjectRef:
    """Name an authorisation: its number in 8 bytes, big-endian."""
    return ObjectKind.AUTHORISATION, authorisation.to_bytes(8, "big")


def document_refs(*digests: bytes) -> tuple[ObjectRef, ...]:
    """Name the documents a decision binds; 32 zero bytes stand for none."""
    return tuple((ObjectKind.DOCUMENT, digest) for digest in digests if digest != ZERO)
