"""Which of the contracts' views show a record of the core, and what they have to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.protocol.ledger import facts

if TYPE_CHECKING:
    from collections.abc import Callable

REGISTRY, CATALOGUE, SHARES, LOGS = (
    "DepartmentRegistry",
    "CatalogueRegistry",
    "ShareAuthorisations",
    "AccessAnchors",
)
View = tuple[str, str, tuple[Any, ...], Any]
"""Contract, function, arguments, answer; of an answer by name only the members named count."""

DEPARTMENT = "parent competent kind level status screening may_enrol dependants"
KEY = "holder kind valid_from valid_until qx qy person"
ENTRY = (
    "provider latest state current current_state latest_share_type latest_item_count share_type "
    "item_count standing frozen calls_per_day rows_per_day standing_terms withdrawal_digest"
)
AUTHORISATION = (
    "entry items purpose application terms subject state prior mode share_type suspended_by marks "
    "version revision calls_per_day rows_per_day valid_from valid_until"
)


def views_of(record: Any) -> list[View]:
    """Every view that shows something of a record; KeyError for a kind that none shows."""
    return _VIEWS[type(record)](record)


def _named(record: Any, names: str, **more: Any) -> dict[str, Any]:
    return {_camel(name): getattr(record, name) for name in names.split()} | more


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _contract(one: facts.ContractFact) -> list[View]:
    odd = one.name.startswith("0x")
    name = bytes.fromhex(one.name[2:]) if odd else one.name.encode().ljust(32, b"\0")
    return [(REGISTRY, "contractNamed", (name,), one.address)]


def _entry(one: facts.CatalogueFact) -> list[View]:
    submitter = one.submitter.ljust(8, b"\0")
    return [(CATALOGUE, "entryOf", (one.entry,), _named(one, ENTRY, submitter=submitter))]


def _authorisation(one: facts.AuthorisationFact) -> list[View]:
    number = (one.authorisation,)
    parties = {"consumer": one.consumer, "provider": one.provider}
    members = _named(one, AUTHORISATION, lastItem=one.item_count - 1)
    return [
        (SHARES, "authorisationOf", number, members),
        (SHARES, "changeOf", number, one.proposed),
        (SHARES, "partiesOf", number, parties),
    ]


_VIEWS: dict[type[Any], Callable[[Any], list[View]]] = {
    facts.LedgerFact: lambda one: [
        (REGISTRY, "rootDepartment", (), one.root),
        (SHARES, "count", (), one.authorisations),
    ],
    facts.SequenceFact: lambda one: [(one.contract, "sequence", (), one.seq)],
    facts.NonceFact: lambda one: [(one.contract, "isSpent", (one.key, one.nonce), True)],
    facts.DepartmentFact: lambda one: [
        (REGISTRY, "departmentOf", (one.department,), _named(one, DEPARTMENT))
    ],
    facts.KeyFact: lambda one: [
        (REGISTRY, "keyOf", (one.key,), _named(one, KEY, revokedAt=one.revoked_at or 0))
    ],
    facts.RoleFact: lambda one: [
        (
            REGISTRY,
            "grantOf",
            (one.department, one.key),
            _named(one, "roles valid_from valid_until"),
        )
    ],
    facts.PersonFact: lambda one: [(REGISTRY, "departmentOfPerson", (one.person,), one.department)],
    facts.ApplicationFact: lambda one: [
        (REGISTRY, "applicationOf", (one.application,), one.department)
    ],
    facts.ContractFact: _contract,
    facts.CatalogueFact: _entry,
    facts.VersionFact: lambda one: [(CATALOGUE, "digestOf", (one.entry, one.version), one.digest)],
    facts.AuthorisationFact: _authorisation,
    facts.StandingGrantFact: lambda one: [
        (SHARES, "standingOf", (one.entry, one.consumer), one.authorisation)
    ],
    facts.LogFact: lambda one: [
        (LOGS, "head", (one.log,), _named(one, "relay size root")),
        (LOGS, "stateOf", (one.log,), _named(one, "generation frozen superseded")),
    ],
    facts.PresentLogFact: lambda one: [
        (LOGS, "logOf", (one.department,), one.log),
        (LOGS, "generationOf", (one.department,), one.generation),
    ],
}
