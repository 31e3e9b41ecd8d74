"""Every verdict a node gave is the verdict the verifier finds in the bundle.

One node's service over a real chain and a real log, in the seconds around the two ends of an
authorisation and in every state that refuses, by a clock that is right, 20 s slow and 20 s fast.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ledger_sync.grants import Grants
from node.client.http import SignedHttp
from node.crypto import SoftwareUnwrapper
from node.errors import LedgerError
from node.log import LogWriter
from node.protocol.evidence import verify_evidence
from node.protocol.forms import BEIJING, version_codes
from node.protocol.ledger.enums import DepartmentStatus
from node.protocol.ledger.judge import LEDGER_CODES
from node.protocol.wire import ids, signedcall
from node.protocol.wire.receipt import Receipt
from node.service.needs import Page
from node.service.seals import Seals
from node.service.serve import Provider, Service
from node.storage.engines import open_engine
from tests.common.chain import deployed_on, running_chain
from tests.common.evidence import (
    AUTHORITY,
    ENTRY_CODE,
    City,
    day,
)
from tests.common.papers import CENTRE, EDUCATION, POLICE
from tests.unit.node.service.common import Item, Terms, Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.crypto import Sm2PublicKey
    from node.protocol.wire.leaf import Leaf

pytestmark = pytest.mark.chain

SHORT = {"validFrom": day(1), "validUntil": day(2)}
ENTRY = ids.entry_id(ids.department_id(POLICE), ENTRY_CODE)
DRIFTS = (-20, 0, 20)
MAIN, UNANSWERED, BATCH, NOWHERE = 1, 2, 3, 99


def beginning(text: str, days: int = 0) -> int:
    """Return the second at which a day of Beijing begins."""
    begun = datetime.combine(date.fromisoformat(text), datetime.min.time(), BEIJING)
    return int(begun.timestamp()) + 86_400 * days


@dataclass
class Papers:
    """The service's port `Documents`: what the version says, and where answers are sealed to."""

    codes: tuple[str, ...]
    unwrapper: SoftwareUnwrapper

    def check(self, _digest: bytes, _name: str) -> None:
        """Find nothing wrong."""

    def version(self, _digest: bytes, _name: str) -> Version:
        return Version(tuple(map(Item, self.codes)), ENTRY_CODE)

    def terms(self, _digest: bytes, _name: str) -> Terms:
        return Terms()

    def encryption_key(self, _digest: bytes, _at: int) -> tuple[bytes, Sm2PublicKey]:
        return self.unwrapper.public_key.key_id, self.unwrapper.public_key


class Rows:
    """A source with one row."""

    def fetch(self, query: Any) -> Page:
        return Page([dict.fromkeys(query.items, "张三")], None)


class Desk:
    """A node of the police, and the calls it judged."""

    def __init__(self, city: City, folder: Path) -> None:
        self.city = city
        self.second = 0
        self.drift = 0
        self.judged: list[tuple[bytes, str, Leaf]] = []
        """(event, code given, leaf)."""
        city.follow()
        city.writer.stop()
        city.writer = LogWriter(
            city.log_db, [city.identity], clock=lambda: int(self.clock()) * 1_000_000_000
        )
        city.writer.start()
        codes = tuple(version_codes(city.version.body))
        self.service = Service(
            ledger=Grants(open_engine(folder / "ledger.db", readonly=True)),
            documents=Papers(codes, SoftwareUnwrapper.generate()),
            submit_all=city.writer.submit_all,
            find_stored=city.reader.resend,
            providers=[
                Provider(ids.department_id(POLICE), "own", lambda: city.log, {ENTRY: Rows()})
            ],
            seals=Seals(bytes(32)),
            clock=self.clock,
        )

    def clock(self) -> float:
        return float(self.second + self.drift)

    def call(self, authorisation: int = MAIN, **changes: Any) -> str:
        """Have the service judge one call at `second`; return the code it gave."""
        body = {
            "purpose": "RXHY",
            "items": ["XM"],
            "operator": "李老师",
            "matter": "2026-0001",
            "salt": secrets.token_urlsafe(16),
            **changes,
        }
        data = json.dumps(body).encode()
        http = SignedHttp(self.city.application_key, clock=lambda: float(self.second))
        url = f"http://{AUTHORITY}/api/v1/authorisations/{authorisation}/query"
        request = http.sign("POST", url, data, "application/json")
        http.close()
        call = signedcall.parse("POST", AUTHORITY, request.url.raw_path, b"", request.headers, data)
        code = "served"
        try:
            answer = json.loads(asyncio.run(self.service.handle(call, authorisation, data)))
            receipt = Receipt.parse(answer["receipt"])
        except LedgerError as error:
            code, receipt = error.code, Receipt.parse(error.facts["receipt"])
        self.judged.append((call.event, code, receipt.parsed_leaf))
        return code

    def go_to(self, second: int) -> None:
        """Anchor what was judged in a block of about `second`, and judge by it from now on."""
        self.second = second
        clock = self.city.chain.running.clock
        clock.ahead_seconds = max(clock.ahead_seconds, second + 0.1 - time.time())
        self.settle()

    def settle(self) -> None:
        """Anchor what was judged, and follow."""
        self.city.anchor()
        self.city.follow()


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("verdicts")
    # A chain of its own: its time is moved on by days.
    with running_chain(folder / "chain") as running, deployed_on(running) as chain:
        city = City(chain, folder)
        try:
            city.found()
            city.publish()
            city.reply(MAIN, city.apply_for(**SHORT), **SHORT)
            city.apply_for()
            city.reply(BATCH, city.apply_for(mode="批量交换"), mode="批量交换")
            yield city
        finally:
            city.close()


@pytest.fixture(scope="module")
def desk(city: City) -> Iterator[Desk]:
    desk = Desk(city, city.folder)
    yield desk
    desk.service.close()


def around(desk: Desk, boundary: int) -> None:
    for offset in (-21, -20, -1, 0, 1):
        desk.go_to(boundary + offset)
        for desk.drift in DRIFTS:
            desk.call()
    desk.drift = 0


@pytest.fixture(scope="module")
def judged(desk: Desk) -> list[tuple[bytes, str, Leaf]]:
    """Every call of the story, anchored before what it was judged by changed."""
    city, head = desk.city, desk.city.heads[CENTRE]
    around(desk, beginning(SHORT["validFrom"]))
    for authorisation in (UNANSWERED, BATCH, NOWHERE):
        desk.call(authorisation)
    desk.call(items=["GMSFHM"])
    desk.call(purpose="CUISHOU")
    around(desk, beginning(SHORT["validUntil"], 1))
    desk.settle()
    for step in ("暂停", "因违规终止"):
        city.advance(MAIN, step)
        city.follow()
        desk.call()
        desk.settle()
    city.decide("FreezeEntry", {"entry": ENTRY, "digest": bytes(32)}, head)
    city.follow()
    desk.call()
    desk.settle()
    status = {"department": ids.department_id(EDUCATION), "status": DepartmentStatus.SUSPENDED}
    city.decide("SetDepartmentStatus", {**status, "digest": bytes(32)}, head)
    city.follow()
    desk.call()
    desk.settle()
    return desk.judged


def test_every_code_that_the_ledger_gives_was_given(judged):
    own = {"served", "item-not-granted", "purpose-not-granted"}
    assert {code for _, code, _ in judged} == LEDGER_CODES | own


def test_dates_were_judged_at_the_second_in_the_leaf(judged):
    start, end = beginning(SHORT["validFrom"]), beginning(SHORT["validUntil"], 1)
    dated = {"served", "authorisation-not-started", "authorisation-expired"}
    seen = set()
    for _, code, leaf in judged:
        if leaf.authorisation == MAIN and code in dated:
            late = "authorisation-expired" if leaf.judged >= end else "served"
            assert code == ("authorisation-not-started" if leaf.judged < start else late)
            seen.add(leaf.judged)
    assert min(seen) < start <= max(seen)


def test_the_verifier_finds_the_verdict_the_node_gave(city, judged):
    for event, code, leaf in judged:
        assert leaf.outcome == code
        found = city.collect(event)
        evidence = verify_evidence(found.data, found.trust)
        assert evidence.verdict == "proven", (code, evidence)
