"""What the read model keeps of a decision: its event as it is, and the objects it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from node.protocol.evm.abi import decode_words
from node.protocol.forms import digests_of
from node.protocol.ledger.facts import ApplicationFact, AuthorisationFact, KeyFact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.protocol.evm.abi import ChainEvent
    from node.protocol.ledger.signed import Act
    from node.protocol.ledger.surroundings import Store


def dump_event(event: ChainEvent) -> bytes:
    """Render an event: how many topics, the topics, the data."""
    return bytes([event.topic_count]) + event.words


def load_arguments(contract: str, event: bytes) -> dict[str, Any]:
    """Return the arguments of an event that `dump_event` rendered."""
    return decode_words(contract, event[1:], event[0])[1]


ObjectRef: TypeAlias = tuple[str, bytes]
"""Kind and id of one object."""


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


def version_ref(entry: bytes, version: int) -> ObjectRef:
    """Name one version of an entry: 36 bytes entry ‖ uint32."""
    return ObjectKind.VERSION, entry + version.to_bytes(4, "big")


def authorisation_ref(authorisation: int) -> ObjectRef:
    """Name an authorisation: its number in 8 bytes, big-endian."""
    return ObjectKind.AUTHORISATION, authorisation.to_bytes(8, "big")


def objects_of(act: Act) -> list[ObjectRef]:
    """List what an accepted decision is about, each object once; bound documents are among it."""
    found = list(_ABOUT[act.name](act.message, act.store))
    found += [(ObjectKind.DOCUMENT, digest) for digest in digests_of(act.name, act.message)]
    return list(dict.fromkeys(found))


def _members(*members: tuple[str, str]) -> Callable[[Any, Store], Iterator[ObjectRef]]:
    def read(args: Any, _: Store) -> Iterator[ObjectRef]:  # noqa: ANN401 - an event's arguments
        for kind, member in members:
            yield kind, args[member]

    return read


def _holder(store: Store, holder: bytes) -> Iterator[ObjectRef]:
    application = store.find(ApplicationFact, holder)
    if application is not None:
        yield ObjectKind.APPLICATION, holder
    yield ObjectKind.DEPARTMENT, application.department if application else holder


def _added(args: Any, store: Store) -> Iterator[ObjectRef]:  # noqa: ANN401 - an event's arguments
    yield ObjectKind.KEY, args["addedKey"]
    yield from _holder(store, args["holder"])


def _revoked(args: Any, store: Store) -> Iterator[ObjectRef]:  # noqa: ANN401 - an event's arguments
    yield ObjectKind.KEY, args["key"]
    key = store.find(KeyFact, args["key"])
    yield from _holder(store, key.holder if key else b"")


def _versions(
    whose: str, member: str, *, entries: str | None = None
) -> Callable[[Any, Store], Iterator[ObjectRef]]:
    def read(args: Any, _: Store) -> Iterator[ObjectRef]:  # noqa: ANN401 - an event's arguments
        yield ObjectKind.DEPARTMENT, args[whose]
        named = args[entries] if entries else [each["entry"] for each in args[member]]
        for entry, each in zip(named, args[member], strict=True):
            yield ObjectKind.ENTRY, entry
            yield version_ref(entry, each["version"])

    return read


def _applied(args: Any, _: Store) -> Iterator[ObjectRef]:  # noqa: ANN401 - an event's arguments
    yield ObjectKind.DEPARTMENT, args["department"]
    for number, each in enumerate(args["applications"], args["first"]):
        yield authorisation_ref(number)
        yield ObjectKind.ENTRY, each["entry"]
        yield version_ref(each["entry"], each["version"])
        yield ObjectKind.APPLICATION, each["application"]


def _authorised(args: Any, store: Store) -> Iterator[ObjectRef]:  # noqa: ANN401 - an event's arguments
    yield authorisation_ref(args["authorisation"])
    one = store.find(AuthorisationFact, args["authorisation"])
    if one is not None:
        yield ObjectKind.ENTRY, one.entry
        yield version_ref(one.entry, one.version)


_DEPARTMENT = (ObjectKind.DEPARTMENT, "department")
_HEADED = _members(_DEPARTMENT, (ObjectKind.KEY, "headKey"))
_ORDERED = _members((ObjectKind.ENTRY, "entry"), (ObjectKind.DEPARTMENT, "competent"))
_ABOUT: dict[str, Callable[[Any, Store], Iterator[ObjectRef]]] = {
    "EnrolDepartment": _HEADED,
    "RecoverKey": _HEADED,
    "UpdateDepartment": _members(_DEPARTMENT),
    "SetDepartmentStatus": _members(_DEPARTMENT),
    "AddKey": _added,
    "RevokeKey": _revoked,
    "GrantRoles": _members(_DEPARTMENT, (ObjectKind.KEY, "key")),
    "RegisterApplication": _members((ObjectKind.APPLICATION, "application"), _DEPARTMENT),
    "ListContract": _members((ObjectKind.CONTRACT, "name")),
    "SubmitVersions": _versions("department", "versions", entries="entries"),
    "ReviewVersions": _versions("competent", "reviews"),
    "SetStandingReply": _members((ObjectKind.ENTRY, "entry")),
    "SubmitWithdrawal": _versions("department", "withdrawals"),
    "ReviewWithdrawal": _versions("competent", "reviews"),
    "FreezeEntry": _ORDERED,
    "UnfreezeEntry": _ORDERED,
    "ApplyFor": _applied,
    "Reply": _authorised,
    "Step": _authorised,
    "Change": _authorised,
    "RegisterLog": _members(_DEPARTMENT, (ObjectKind.LOG, "log")),
    "SupersedeLog": _members(_DEPARTMENT, (ObjectKind.LOG, "old"), (ObjectKind.LOG, "log")),
}
"""By the name of the struct; every kind of decision is here."""
