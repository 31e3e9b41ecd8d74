"""What a node seals for itself opens there and nowhere else."""

import pytest

from node.errors import ConfigInvalid, InvalidInput, MalformedEnvelope
from node.service.seals import Seals

EVENT = b"\x05" * 32


@pytest.fixture
def seals(tmp_path):
    return Seals.load(tmp_path / "data" / "node.secret")


class TestLoad:
    def test_makes_a_secret_once_for_its_owner_alone(self, tmp_path):
        path = tmp_path / "node.secret"
        cursor = Seals.load(path).seal_cursor("last", 12)
        assert path.stat().st_mode & 0o777 == 0o600
        assert Seals.load(path).open_cursor(cursor, 12) == "last"
        assert [each.name for each in tmp_path.iterdir()] == ["node.secret"]

    def test_refuses_what_is_no_secret(self, tmp_path):
        path = tmp_path / "node.secret"
        path.write_bytes(b"short")
        with pytest.raises(ConfigInvalid, match="32 bytes"):
            Seals.load(path)


class TestCursor:
    @pytest.mark.parametrize("last", ["130902200001010003", 7, ""])
    def test_hides_the_key_and_gives_it_back(self, seals, last):
        cursor = seals.seal_cursor(last, 12)
        assert seals.open_cursor(cursor, 12) == last
        assert cursor != seals.seal_cursor(last, 12)

    @pytest.mark.parametrize("cursor", ["", "AAAA", "not base64url!", "A" * 40])
    def test_refuses_what_it_did_not_make(self, seals, cursor):
        with pytest.raises(InvalidInput, match="start again"):
            seals.open_cursor(cursor, 12)

    def test_belongs_to_one_authorisation(self, seals):
        with pytest.raises(InvalidInput):
            seals.open_cursor(seals.seal_cursor("last", 12), 13)


class TestRequest:
    def test_opens_for_its_event_alone(self, seals):
        sealed = seals.seal_request(EVENT, b"body")
        assert seals.open_request(EVENT, sealed) == b"body"
        with pytest.raises(MalformedEnvelope):
            seals.open_request(bytes(32), sealed)


class TestSalt:
    def test_is_the_same_whenever_it_is_asked_for(self, seals):
        assert seals.salt(EVENT, "operator") == seals.salt(EVENT, "operator")
        assert len({seals.salt(EVENT, "operator"), seals.salt(EVENT, "matter")}) == 2
        assert len(seals.salt(EVENT, "operator")) == 16
