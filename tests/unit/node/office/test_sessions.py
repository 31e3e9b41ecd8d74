"""Sign-ins and sessions: bounded, single-use, ending; and dead with the key."""

from __future__ import annotations

import stat
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from node.crypto import SoftwareSigner, sign_login
from node.errors import (
    ClockSkew,
    InvalidInput,
    KeyNotInForce,
    KeyRevoked,
    Overloaded,
    SignatureInvalid,
)
from node.office.sessionrows import IDLE_SECONDS, LONGEST_SECONDS, MOST_SESSIONS
from node.office.sessions import (
    CHALLENGE_SECONDS,
    DAY_SECONDS,
    MOST_A_DAY,
    MOST_SIGN_INS,
    Sessions,
)
from node.office.tables import METADATA, OfficeSession, UsedChallenge
from node.protocol.ledger.enums import KeyKind, Role
from node.protocol.ledger.facts import KeyFact, RoleFact
from node.storage.engines import open_engine
from node.storage.migrations import upgrade

NOW = 1_800_000_000
ORIGIN = "https://node.example:8443"
SIGNER = SoftwareSigner.generate()
OTHER = SoftwareSigner.generate()
KEY = SIGNER.public_key.key_id
DEPARTMENT = b"D" * 32


class Registry:
    """One officer's key, and what becomes of it."""

    def __init__(self):
        x, y = SIGNER.public_key.x, SIGNER.public_key.y
        until = NOW + 100_000
        self.key = KeyFact(KEY, DEPARTMENT, KeyKind.OFFICER, x, y, 0, until, None, b"")
        self.roles = int(Role.OFFICE_HEAD)

    def find_key(self, key):
        return self.key if key == KEY else None

    def roles_of(self, key):
        return self.roles_in(DEPARTMENT) if key == KEY else []

    def roles_in(self, department):
        return [RoleFact(department, KEY, self.roles, 0, NOW + 100_000, bytes(32))]

    def find_department(self, department):
        raise AssertionError(department)


class Clock:
    def __init__(self):
        self.now = float(NOW)

    def __call__(self):
        return self.now


@pytest.fixture
def office(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    upgrade(engine, "office", METADATA.sorted_tables)
    clock, registry = Clock(), Registry()
    sessions = Sessions(engine, registry, clock=clock)
    yield SimpleNamespace(
        sessions=sessions, clock=clock, registry=registry, engine=engine, folder=tmp_path
    )
    engine.dispose()


def sign_in(office, signer=SIGNER, text=None, key=KEY):
    text = text or office.sessions.challenge(ORIGIN).text
    return office.sessions.sign_in(text, key, sign_login(signer, text.encode()))


def count(office, table):
    with office.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table))


class TestSignIn:
    def test_opens_a_session_that_is_found_again(self, office):
        token, session = sign_in(office)
        found = office.sessions.find(token)
        assert found is not None
        assert (found.key.key, found.origin, found.csrf) == (KEY, ORIGIN, session.csrf)
        assert found.ends == NOW + IDLE_SECONDS

    def test_keeps_no_token(self, office):
        token, session = sign_in(office)
        said = b"".join(path.read_bytes() for path in office.folder.glob("office.db*"))
        assert token.encode() not in said
        assert session.csrf.encode() not in said
        mode = (office.folder / "office.db").stat().st_mode
        assert not mode & (stat.S_IRWXG | stat.S_IRWXO)

    def test_asking_leaves_nothing_behind(self, office):
        for _ in range(50):
            office.sessions.challenge(ORIGIN)
        assert count(office, UsedChallenge) == 0

    def test_a_challenge_works_once(self, office):
        text = office.sessions.challenge(ORIGIN).text
        sign_in(office, text=text)
        with pytest.raises(SignatureInvalid, match="用过"):
            sign_in(office, text=text)

    def test_another_process_of_the_node_knows_the_challenge_and_the_session(self, office):
        text = office.sessions.challenge(ORIGIN).text
        front = Sessions(office.engine, office.registry, clock=office.clock)
        token, _ = front.sign_in(text, KEY, sign_login(SIGNER, text.encode()))
        assert office.sessions.find(token) is not None

    def test_a_challenge_is_over_after_two_minutes(self, office):
        text = office.sessions.challenge(ORIGIN).text
        office.clock.now += CHALLENGE_SECONDS
        with pytest.raises(ClockSkew):
            sign_in(office, text=text)

    @pytest.mark.parametrize("change", ["origin", "nonce", "time", "form"])
    def test_a_challenge_of_somebody_elses_making_is_none(self, office, change):
        text = office.sessions.challenge(ORIGIN).text
        origin, nonce, moment = text.removeprefix("ShareLedger-login:").split(" ")
        changed = {
            "origin": f"ShareLedger-login:https://evil.example {nonce} {moment}",
            "nonce": f"ShareLedger-login:{origin} {'0' * 64} {moment}",
            "time": f"ShareLedger-login:{origin} {nonce} 2027-01-15T08:00:01Z",
            "form": text + " ",
        }[change]
        signature = b"\1" * 64 if change == "form" else sign_login(SIGNER, changed.encode())
        with pytest.raises(InvalidInput, match="登录口令"):
            office.sessions.sign_in(changed, KEY, signature)

    def test_only_the_keys_own_signature_counts(self, office):
        with pytest.raises(SignatureInvalid):
            sign_in(office, signer=OTHER)
        with pytest.raises(SignatureInvalid):
            sign_in(office, signer=OTHER, key=OTHER.public_key.key_id)
        assert count(office, UsedChallenge) == 0

    def test_a_key_of_another_kind_is_no_officers(self, office):
        office.registry.key = office.registry.key._replace(kind=int(KeyKind.DEPARTMENT))
        with pytest.raises(SignatureInvalid):
            sign_in(office)

    def test_a_key_that_does_not_count_opens_nothing(self, office):
        key = office.registry.key
        office.registry.key = key._replace(revoked_at=NOW)
        with pytest.raises(KeyRevoked):
            sign_in(office)
        office.registry.key = key._replace(valid_until=NOW)
        with pytest.raises(KeyNotInForce):
            sign_in(office)
        office.registry.key, office.registry.roles = key, 0
        with pytest.raises(KeyNotInForce, match="角色"):
            sign_in(office)

    def test_a_key_signs_in_so_often_and_has_so_many_sessions(self, office):
        tokens = []
        for _ in range(MOST_SIGN_INS):
            tokens.append(sign_in(office)[0])
            office.clock.now += 1
        with pytest.raises(Overloaded):
            sign_in(office)
        office.clock.now += CHALLENGE_SECONDS
        tokens.append(sign_in(office)[0])
        assert count(office, OfficeSession) == MOST_SESSIONS
        assert office.sessions.find(tokens[0]) is None
        assert office.sessions.find(tokens[-1]) is not None
        # Not for a day on end: under each an auditor may have a log filled.
        while count(office, UsedChallenge) < MOST_A_DAY:
            office.clock.now += CHALLENGE_SECONDS
            sign_in(office)
        office.clock.now += CHALLENGE_SECONDS
        with pytest.raises(Overloaded):
            sign_in(office)
        office.clock.now += DAY_SECONDS
        sign_in(office)
        assert count(office, UsedChallenge) == 1  # what is over is swept away


class TestSession:
    def test_ends_when_it_is_not_used_for_half_an_hour(self, office):
        token, _ = sign_in(office)
        for _ in range(3):
            office.clock.now += IDLE_SECONDS - 1
            assert office.sessions.find(token) is not None
        office.clock.now += IDLE_SECONDS
        assert office.sessions.find(token) is None

    def test_is_not_used_by_what_a_page_asks_by_itself(self, office):
        token, _ = sign_in(office)
        office.clock.now += IDLE_SECONDS - 1
        assert office.sessions.find(token, used=False) is not None
        office.clock.now += 1
        assert office.sessions.find(token, used=False) is None

    def test_ends_after_eight_hours_however_it_is_used(self, office):
        token, _ = sign_in(office)
        ends = NOW + LONGEST_SECONDS
        while office.clock.now + 600 < ends:
            office.clock.now += 600
            found = office.sessions.find(token)
            assert found is not None
            assert found.ends <= ends
        office.clock.now = ends
        assert office.sessions.find(token) is None

    @pytest.mark.parametrize("change", ["revoked", "over", "no role"])
    def test_dies_with_the_key_and_does_not_come_back(self, office, change):
        token, _ = sign_in(office)
        key, roles = office.registry.key, office.registry.roles
        if change == "no role":
            office.registry.roles = 0
        else:
            members = {"revoked": {"revoked_at": NOW}, "over": {"valid_until": NOW}}[change]
            office.registry.key = key._replace(**members)
        assert office.sessions.find(token) is None
        office.registry.key, office.registry.roles = key, roles
        assert office.sessions.find(token) is None

    def test_is_ended_by_whoever_has_it(self, office):
        token, _ = sign_in(office)
        office.sessions.end(token)
        office.sessions.end(token)
        assert office.sessions.find(token) is None

    @pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 4000, "令牌"])
    def test_is_not_found_by_what_is_no_token(self, office, token):
        assert office.sessions.find(token) is None
        office.sessions.end(token)


@pytest.mark.parametrize("origin", ["", "node", "ftp://x", "https://a b", "https://A", "x" * 9999])
def test_a_challenge_is_for_an_origin(office, origin):
    with pytest.raises(InvalidInput):
        office.sessions.challenge(origin)
