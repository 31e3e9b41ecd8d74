"""The contract's `permits` and the service's verdict say the same of the same state."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_sync.follower import Follower
from ledger_sync.grants import Grants
from node import errors
from node.protocol.evm.abi import decode_result, encode_call
from node.protocol.ledger.enums import (
    AuthorisationState,
    KeyKind,
    Permit,
    Step,
)
from node.protocol.ledger.judge import find_refusal, key_is_live, standing_of
from node.protocol.wire import ids
from node.service.authorise import permit, refusal
from node.service.request import Query
from node.storage.engines import open_engine
from tests.common.chain import deployed_on
from tests.common.story import (
    EDUCATION,
    POLICE,
    ZERO,
    RealStory,
    digest,
    tell_city,
)
from tests.unit.node.service.common import Item, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.crypto import SoftwareSigner
    from tests.common.chain import LedgerChain, RunningChain

pytestmark = pytest.mark.chain

PURPOSE, OTHER_PURPOSE = "入学资格审核", "发放补贴"
VERSION = Version(tuple(Item(f"I{position}") for position in range(12)))
CODES = [f"I{position}" for position in range(16)]
"""The version's twelve items, and four it does not have."""
REASONS = {
    errors.SignatureInvalid: Permit.UNKNOWN,
    errors.AuthorisationUnknown: Permit.UNKNOWN,
    errors.AuthorisationNotAgreed: Permit.NOT_AGREED,
    errors.AuthorisationNotStarted: Permit.NOT_STARTED,
    errors.AuthorisationExpired: Permit.EXPIRED,
    errors.AuthorisationSuspended: Permit.SUSPENDED,
    errors.AuthorisationTerminated: Permit.TERMINATED,
    errors.PurposeNotGranted: Permit.PURPOSE_NOT_GRANTED,
    errors.ItemNotGranted: Permit.ITEM_NOT_GRANTED,
}


@dataclass
class Ledger:
    """A city's contracts, and the read model filled from them."""

    real: LedgerChain
    grants: Grants
    keys: list[bytes]
    begin: int
    """Second after the last block."""
    moments: list[int]
    """Seconds at which a key or an authorisation begins or ends."""

    def view(self, function: str, *args: object) -> dict[str, Any]:
        address = self.real.deployment.contracts["ShareAuthorisations"].address
        data = self.real.gateway.call(address, encode_call("ShareAuthorisations", function, args))
        return decode_result("ShareAuthorisations", function, data)

    def on_chain(self, key: bytes, authorisation: int, items: int, purpose: str, now: int) -> int:
        clock = self.real.running.clock
        before = clock.ahead_seconds
        # In the middle of the second, so that none passes on the way there.
        clock.ahead_seconds = now + 0.3 - time.time()
        try:
            found = self.view("permits", authorisation, key, items, ids.purpose_id(purpose))
        finally:
            clock.ahead_seconds = before
        return int(str(found["reason"]))

    def in_service(
        self, key: bytes, authorisation: int, items: list[str], purpose: str, now: int
    ) -> int:
        snapshot = self.grants.snapshot(key, authorisation)
        query = Query(purpose, tuple(items), (), 100, None, "张三", "A-1")
        try:
            standing = standing_of(snapshot)
            if not key_is_live(standing, now):
                return Permit.UNKNOWN
            code = find_refusal(standing, standing.provider, now)
            if code is not None:
                raise refusal(code, standing, snapshot)
            permit(standing, now, query, VERSION, None)
        except tuple(REASONS) as refused:
            return REASONS[type(refused)]
        return Permit.PERMITTED


def applied(story: RealStory, application: bytes, entry: bytes, **changes: int) -> None:
    wanted = {
        "entry": entry,
        "version": 1,
        "items": 0b1111,
        "purpose": ids.purpose_id(PURPOSE),
        "application": application,
        "mode": 1,
        "validFrom": story.start,
        "validUntil": story.year,
        "callsPerDay": 100,
        "rowsPerDay": 1000,
        "terms": ZERO,
        "digest": digest("another application"),
        **changes,
    }
    message = {"department": EDUCATION, "applications": [wanted]}
    story.decide("ApplyFor", message, story.heads[EDUCATION])


def agreed(story: RealStory, number: int, **changes: int) -> None:
    """Have the provider agree to an application on unconditional data, as it must."""
    message = {
        "authorisation": number,
        "answer": 1,
        "items": 0b1111,
        "mode": 1,
        "validFrom": story.start,
        "validUntil": story.year,
        "callsPerDay": 100,
        "rowsPerDay": 1000,
        "terms": ZERO,
        "subject": digest("another application"),
        "digest": digest("another application"),
        **changes,
    }
    state = int(AuthorisationState.AGREED)
    story.decide("Reply", message, story.heads[POLICE], state=state)


def tell_more(story: RealStory, named: dict[str, Any]) -> list[SoftwareSigner]:
    """Bring authorisations into every state of the table, and keys into every state of theirs.

    4 to 6 are agreed to by the provider, for 2 is the one that its standing reply agreed to:
    starting later, suspended, terminated. 7 is withdrawn, 8 delivered, 9 active, 10 rectified,
    11 not answered.
    """
    state, provider, consumer = AuthorisationState, story.heads[POLICE], story.heads[EDUCATION]
    application, streets = named["application"], named["streets"]
    late, short = {"validFrom": story.start + 86400}, {"validUntil": story.start + 3 * 86400}
    for number, changes in ((4, late), (5, short), (6, short)):
        applied(story, application, streets, **changes)
        agreed(story, number, **changes)
    applied(story, application, named["households"])
    for number in (8, 9, 10):
        applied(story, application, streets)
        agreed(story, number)
    applied(story, application, named["households"])
    answered = {"subject": digest("another application")}
    for number in (5, 6, 10):
        story.step(number, Step.SUSPEND, state.SUSPENDED, provider)
    story.step(6, Step.TERMINATE_FOR_CAUSE, state.TERMINATED, provider)
    story.step(7, Step.WITHDRAW, state.WITHDRAWN, consumer, **answered)
    for number in (8, 9):
        story.step(number, Step.DELIVER, state.DELIVERED, provider, **answered)
    story.step(9, Step.CONFIRM, state.ACTIVE, consumer, **answered)
    story.step(10, Step.RECTIFY, state.RECTIFIED, consumer, **answered)

    other = story.register_application(EDUCATION, "OTHER")
    kind = KeyKind.APPLICATION
    keys = [
        named["call_key"],
        story.add_key(application, kind, consumer, valid_from=story.start + 2 * 86400),
        story.add_key(application, kind, consumer, valid_until=story.start + 2 * 86400),
        story.add_key(application, kind, consumer),
        story.add_key(other, kind, consumer),
        consumer,
    ]
    story.revoke(keys[3].public_key.key_id, consumer)
    return keys


@pytest.fixture(scope="module")
def ledger(
    embedded_chain: RunningChain, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    with deployed_on(embedded_chain) as real:
        story = RealStory.on(real)
        keys = tell_more(story, tell_city(story))
        engine = open_engine(tmp_path_factory.mktemp("permits") / "ledger.db")
        follower = Follower(engine, real.gateway, real.deployment, clock=real.running.clock)
        while follower.run_once():
            pass
        last = real.gateway.block(real.gateway.head()).timestamp
        day = story.start
        yield Ledger(
            real,
            Grants(engine, clock=lambda: last),
            [key.public_key.key_id for key in keys] + [bytes(32)],
            last + 1,
            [day + 86400, day + 2 * 86400, day + 3 * 86400, story.year - 86400, story.year],
        )
        follower.close()
        engine.dispose()


def test_every_state_that_can_be_reached_is_there(ledger):
    states = {ledger.view("authorisationOf", number)["0"]["state"] for number in range(1, 12)}
    state = AuthorisationState
    # A city without screening passes nothing on, and supplements are not in the table yet.
    absent = {state.FORWARDED, state.RETURNED, state.SUPPLEMENTING, state.DISPOSED, state.CLOSED}
    assert states == set(state) - absent


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_contract_and_service_give_the_same_verdict(ledger, data):
    key = ledger.keys[data.draw(st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4, 5, 6]), "key")]
    number = data.draw(st.integers(0, 12), "authorisation")
    items = data.draw(st.lists(st.sampled_from(CODES), min_size=1, unique=True), "items")
    purpose = data.draw(st.sampled_from([PURPOSE, PURPOSE, OTHER_PURPOSE]), "purpose")
    offset = data.draw(st.sampled_from([-1, 0, 1]), "offset")
    now = data.draw(st.sampled_from([ledger.begin, ledger.begin, *ledger.moments]), "now") + offset
    bits = sum(1 << CODES.index(code) for code in items)
    there = ledger.on_chain(key, number, bits, purpose, now)
    assert ledger.in_service(key, number, items, purpose, now) == there


def test_both_permit_what_is_granted(ledger):
    for number, items in ((1, ["I0", "I2"]), (2, ["I3"]), (8, ["I0"]), (9, ["I1"])):
        bits = sum(1 << CODES.index(code) for code in items)
        arguments = ledger.keys[0], number
        there = ledger.on_chain(*arguments, bits, PURPOSE, ledger.begin)
        here = ledger.in_service(*arguments, items, PURPOSE, ledger.begin)
        assert there == here == Permit.PERMITTED


def test_an_authorisation_that_was_resumed_is_not_marked_as_suspended(ledger):
    resumed, suspended = (ledger.view("authorisationOf", number)["0"] for number in (1, 5))
    assert (resumed["prior"], resumed["suspendedBy"]) == (0, 0)
    assert suspended["suspendedBy"] == 2  # the provider


def test_a_reply_cannot_agree_to_a_period_that_is_over(ledger_chain):
    story = RealStory.on(ledger_chain)
    named = tell_city(story)
    applied(story, named["application"], named["households"], validFrom=story.start - 86400)
    message = {
        "authorisation": 4,
        "answer": 1,
        "items": 0b1111,
        "mode": 1,
        "validFrom": story.start - 86400,
        "validUntil": story.start - 3600,
        "callsPerDay": 100,
        "rowsPerDay": 1000,
        "terms": ZERO,
        "subject": digest("another application"),
        "digest": digest("reply 4"),
    }
    with pytest.raises(errors.DecisionRefused) as refused:
        story.decide("Reply", message, story.heads[POLICE])
    assert refused.value.facts["name"] == "PeriodInvalid"
