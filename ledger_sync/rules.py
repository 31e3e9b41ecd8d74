"""The contracts' rules, checked again before an event changes a row: who may, and to what effect.

A decision's signature says who signed, not that he may; states and other derived fields are under
no signature at all. Whoever runs the chain or the endpoint could otherwise put a consumer's own
"reply" in front of us. The rules are the offline verifier's (`node.protocol.evidence`), over the
rows an event builds on. What they change there is thrown away: writing is the projectors' part.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, NoReturn, TypeVar

from node.crypto import Sm2PublicKey
from node.errors import ChainInconsistent, EvidenceInvalid
from node.protocol.ledger.anchors import Anchors, Log
from node.protocol.ledger.authorisations import Authorisation, Authorisations
from node.protocol.ledger.catalogue import (
    Catalogue,
    Entry,
    StandingReply,
    Version,
)
from node.protocol.ledger.enums import AuthorisationState
from node.protocol.ledger.registry import (
    Department,
    Grant,
    Key,
    Registry,
)
from node.protocol.ledger.steps import Side
from node.protocol.ledger.world import check_time

from .projector.objects import ZERO
from .tables import (
    APPLICATION,
    AUTHORISATION,
    DEPARTMENT,
    ENTRY,
    ENTRY_VERSION,
    KEY,
    LOG,
    ROLE,
    STANDING_REPLY,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from node.protocol.evm.abi import ChainEvent

    from .identity import Identity
    from .rows import Rows

K = TypeVar("K")
V = TypeVar("V")


def check_rules(rows: Rows, identity: Identity, event: ChainEvent) -> None:
    """Check that the contract can have emitted this event on top of the rows.

    Raises:
        ChainInconsistent: its signer may not decide this, it comes too early or too late, or it
            leads elsewhere than the event says.
    """
    if event.name == "Anchored":
        _check_anchor(rows, event)  # by far the most frequent, and of one row only
        return
    try:
        check_time(event)
        _apply(rows, identity, event)
    except EvidenceInvalid as err:
        raise ChainInconsistent(
            f"{event.name} {event.seq} of {event.contract} breaks a rule: {err.message}",
            contract=event.contract,
            seq=event.seq,
            block=event.block_number,
        ) from err


def _apply(rows: Rows, identity: Identity, event: ChainEvent) -> None:
    registry = Registry(
        identity.root_key,
        _first_department(rows, event),
        _View(rows, _department),
        _View(rows, _key),
        _View(rows, _grant),
        _View(rows, _owner),
    )
    match event.contract:
        case "DepartmentRegistry":
            registry.apply(event)
        case "CatalogueRegistry":
            Catalogue(registry, _View(rows, _entry)).apply(event)
        case "ShareAuthorisations":
            catalogue = Catalogue(registry, _View(rows, _entry))
            Authorisations(registry, catalogue, _View(rows, _authorisation)).apply(event)
        case _:
            logs = _View(rows, _registered_log)
            Anchors(registry, identity.chain_id, identity.registry, logs).apply(event)


def _check_anchor(rows: Rows, event: ChainEvent) -> None:
    size: int = rows.get(LOG, event.args["log"])["size"]
    if not event.args["oldSize"] == size < event.args["size"]:
        raise ChainInconsistent(
            f"Anchored {event.seq}: {event.args['oldSize']} to {event.args['size']} does not "
            f"follow the {size} anchored before",
            contract=event.contract,
            seq=event.seq,
            block=event.block_number,
        )


class _View(MutableMapping[K, V]):
    """Rows as the rules want them, read when asked for; what is set lives as long as the view."""

    def __init__(self, rows: Rows, read: Callable[[Rows, K], V | None]) -> None:
        self._rows = rows
        self._read = read
        self._seen: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        if key not in self._seen:
            found = self._read(self._rows, key)
            if found is None:
                raise KeyError(key)
            self._seen[key] = found
        return self._seen[key]

    def __setitem__(self, key: K, value: V) -> None:
        self._seen[key] = value

    def __delitem__(self, key: K) -> NoReturn:
        raise TypeError("the ledger forgets nothing")

    def __iter__(self) -> Iterator[K]:
        raise TypeError("rows are asked for one by one")

    def __len__(self) -> int:
        raise TypeError("rows are asked for one by one")


def _first_department(rows: Rows, event: ChainEvent) -> bytes | None:
    """Return the department enrolled first, above all others; None before it is."""
    if event.name != "ContractListed":
        # Elsewhere only whether there is one matters.
        return None if event.name == "DepartmentEnrolled" and event.seq == 1 else ZERO
    at: bytes = rows.get(KEY, event.args["signingKey"])["holder"]
    while (parent := rows.get(DEPARTMENT, at)["parent"]) != at:
        at = parent
    return at


def _department(rows: Rows, department: bytes) -> Department | None:
    row = rows.find(DEPARTMENT, department)
    return Department(row["competent"], row["screening"]) if row else None


def _key(rows: Rows, key: bytes) -> Key | None:
    row = rows.find(KEY, key)
    if row is None:
        return None
    return Key(
        Sm2PublicKey.from_coordinates(row["qx"], row["qy"]),
        row["holder"],
        row["kind"],
        row["valid_from"],
        row["valid_until"],
        row["digest"],
        # Of no consequence here in which block it was.
        revoked_block=None if row["revoked_at"] is None else 0,
    )


def _grant(rows: Rows, named: tuple[bytes, bytes]) -> Grant | None:
    row = rows.find(ROLE, *named)
    return Grant(row["roles"], row["valid_from"], row["valid_until"]) if row else None


def _owner(rows: Rows, application: bytes) -> bytes | None:
    row = rows.find(APPLICATION, application)
    return row["department"] if row else None


def _entry(rows: Rows, entry: bytes) -> Entry | None:
    row = rows.find(ENTRY, entry)
    if row is None:
        return None
    standing = rows.find(STANDING_REPLY, entry)
    return Entry(
        row["provider"],
        _View(rows, lambda rows, version: _version(rows, entry, version)),
        latest=row["newest"],
        current=row["published"],
        standing=StandingReply(
            standing["calls_per_day"], standing["rows_per_day"], standing["terms"]
        )
        if standing and standing["standing"]
        else None,
    )


def _version(rows: Rows, entry: bytes, version: int) -> Version | None:
    row = rows.find(ENTRY_VERSION, entry, version)
    if row is None:
        return None
    return Version(
        row["state"], row["share_type"], row["item_count"], row["digest"], row["submitter"]
    )


def _authorisation(rows: Rows, number: int) -> Authorisation | None:
    row = rows.find(AUTHORISATION, number)
    if row is None:
        return None
    version = rows.get(ENTRY_VERSION, row["entry"], row["version"])
    return Authorisation(
        consumer=row["consumer"],
        provider=row["provider"],
        entry=row["entry"],
        version=row["version"],
        share_type=version["share_type"],
        items=row["items"],
        purpose=row["purpose"],
        application=row["application"],
        mode=row["mode"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        calls_per_day=row["calls_per_day"],
        rows_per_day=row["rows_per_day"],
        terms=row["terms"],
        subject=row["subject"],
        state=AuthorisationState(row["state"]),
        revision=row["revision"],
        prior=AuthorisationState(row["prior_state"]) if row["prior_state"] else None,
        suspended_by=_suspender(row),
    )


def _suspender(row: Mapping[str, Any]) -> Side | None:
    if row["suspended_by"] == ZERO:
        return None
    return Side.PROVIDER if row["suspended_by"] == row["provider"] else Side.COMPETENT


def _registered_log(rows: Rows, log: bytes) -> Log | None:
    row = rows.find(LOG, log)
    return Log(row["department"], row["origin"]) if row else None
