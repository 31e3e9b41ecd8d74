"""The read model of a real chain says what the contracts say."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ledger_sync.follower import POLL_SECONDS, Follower, rebuild
from ledger_sync.grants import Grants
from ledger_sync.queries import Queries
from node.protocol.evm.abi import decode_result, encode_call
from node.protocol.ledger import enums
from node.storage.engines import open_engine
from tests.common.fingerprints import fingerprint
from tests.common.nodes import until
from tests.common.story import (
    CENTRE,
    EDUCATION,
    POLICE,
    ZERO,
    RealStory,
    tell_city,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.common.chain import LedgerChain

pytestmark = [pytest.mark.chain, pytest.mark.untraced]


@dataclass
class City:
    """A city told to the contracts, and the model filled from its chain."""

    story: RealStory
    named: dict[str, Any]
    real: LedgerChain
    engine: Engine
    follower: Follower

    @property
    def queries(self) -> Queries:
        return Queries(self.engine)

    def catch_up(self) -> None:
        while self.follower.run_once():
            pass

    def view(self, contract: str, function: str, *args: object) -> dict[str, Any]:
        address = self.real.deployment.contracts[contract].address
        data = self.real.gateway.call(address, encode_call(contract, function, args))
        result = decode_result(contract, function, data)
        return result["0"] if list(result) == ["0"] and isinstance(result["0"], dict) else result


def _like(there: dict[str, Any], record: Any) -> list[Any]:
    """Return a record's members by the names that a contract's view gives them."""
    return [getattr(record, re.sub("([A-Z])", r"_\1", name).lower()) for name in there]


@pytest.fixture
def city(ledger_chain: LedgerChain, tmp_path: Path) -> Iterator[City]:
    story = RealStory.on(ledger_chain)
    named = tell_city(story)
    engine = open_engine(tmp_path / "ledger.db")
    clock = ledger_chain.running.clock
    follower = Follower(engine, ledger_chain.gateway, ledger_chain.deployment, clock=clock)
    city = City(story, named, ledger_chain, engine, follower)
    city.catch_up()
    yield city
    follower.close()
    engine.dispose()


def test_every_department_key_and_role_is_the_contracts(city):
    for department in city.queries.departments():
        there = city.view("DepartmentRegistry", "departmentOf", department.department)
        assert list(there.values()) == _like(there, department)
        for key in city.queries.keys_of(department.department):
            there = city.view("DepartmentRegistry", "keyOf", key.key)
            assert (there["qx"], there["qy"], there["kind"]) == (key.qx, key.qy, key.kind)
            assert (there["validFrom"], there["validUntil"]) == (key.valid_from, key.valid_until)
            assert there["revokedAt"] == (key.revoked_at or 0)
        for role in city.queries.roles_in(department.department):
            there = city.view("DepartmentRegistry", "grantOf", role.department, role.key)
            assert (there["roles"], there["validUntil"]) == (role.roles, role.valid_until)
    assert [fact.department for fact in city.queries.departments()] == [CENTRE, POLICE, EDUCATION]


def test_every_entry_is_the_contracts(city):
    entries = city.queries.list_entries()
    assert len(entries) == 3
    for entry in entries:
        there = city.view("CatalogueRegistry", "entryOf", entry.entry)
        assert there["provider"] == entry.provider
        assert there["current"] == entry.version
        assert (there["shareType"], there["itemCount"]) == (entry.share_type, entry.item_count)
        newest = city.queries.versions(entry.entry)[-1]
        assert (there["latest"], there["state"]) == (newest.version, newest.state)
        assert there["standing"] == city.queries.find_catalogued(entry.entry).standing


def test_every_authorisation_is_the_contracts(city):
    authorisations = city.queries.list_authorisations()
    assert len(authorisations) == 3
    for fact in authorisations:
        there = city.view("ShareAuthorisations", "authorisationOf", fact.authorisation)
        assert there["state"] == fact.state
        assert there["revision"] == fact.revision
        assert (there["items"], there["version"]) == (fact.items, fact.version)
        assert (there["callsPerDay"], there["rowsPerDay"]) == (
            fact.calls_per_day,
            fact.rows_per_day,
        )
        assert (there["validFrom"], there["validUntil"]) == (fact.valid_from, fact.valid_until)
        assert (there["terms"], there["subject"]) == (fact.terms, fact.subject)
        parties = city.view("ShareAuthorisations", "partiesOf", fact.authorisation)
        assert (parties["provider"], parties["consumer"]) == (fact.provider, fact.consumer)


def test_every_log_is_the_contracts(city):
    (log,) = city.queries.logs()
    there = city.view("AccessAnchors", "head", log.log)
    assert (there["relay"], there["size"], there["root"]) == (log.relay, log.size, log.root)
    assert city.view("AccessAnchors", "originOf", POLICE)["0"] == log.origin


def test_every_transaction_is_a_decision_or_an_anchor(city):
    decisions = sum(
        len(city.queries.decisions_in(number))
        for number in range(1, city.queries.cursor().next_block)
    )
    assert decisions + 2 == city.story.sent


def test_rebuilt_it_is_the_same(city):
    before = fingerprint(city.engine)
    rebuild(city.engine, city.real.gateway, city.real.deployment)
    assert fingerprint(city.engine) == before


def test_a_suspension_shows_at_the_next_look_at_the_chain(city):
    assert POLL_SECONDS < 0.5
    stop = threading.Event()
    thread = threading.Thread(target=city.follower.run, args=(stop,))
    thread.start()
    grants = Grants(city.engine)
    state = enums.AuthorisationState.SUSPENDED
    try:
        city.story.step(1, enums.Step.SUSPEND, state, city.named["duty"])
        until(lambda: _state(grants) == state)
    finally:
        stop.set()
        thread.join()


def _state(grants: Grants) -> int:
    fact = grants.snapshot(ZERO, 1).authorisation
    assert fact
    return fact.state
