"""The relay account's key file: whole or not there, and never in words."""

import stat

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.chain.relay import PBKDF2_ROUNDS, RelayAccount, RelayFile
from node.chain.transactions import parse_transaction
from node.errors import AlreadyExists, MalformedKey

PASSWORD = b"correct horse battery staple"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("relay") / "relay.json"
    account = RelayAccount.generate()
    account.save(path, PASSWORD)
    return path, account


class TestKeyFile:
    def test_gives_the_same_account_back(self, saved):
        path, account = saved
        loaded = RelayAccount.load(path, PASSWORD)
        assert loaded.address == account.address
        raw = [each.sign_legacy(b"\2" * 20, b"", 0, 21_000, 7) for each in (loaded, account)]
        assert raw[0] == raw[1]

    def test_is_readable_by_its_owner_alone(self, saved):
        assert stat.S_IMODE(saved[0].stat().st_mode) == 0o600

    def test_costs_whoever_guesses_600_000_rounds(self, saved):
        kdf = orjson.loads(saved[0].read_bytes())["crypto"]
        assert (kdf["kdf"], kdf["kdfparams"]["c"]) == ("pbkdf2", PBKDF2_ROUNDS)
        assert PBKDF2_ROUNDS >= 600_000

    def test_does_not_open_with_another_password(self, saved):
        with pytest.raises(MalformedKey, match="password") as refused:
            RelayAccount.load(saved[0], b"wrong")
        assert "wrong," not in str(refused.value)

    def test_is_never_written_over(self, saved):
        path, account = saved
        before = path.read_bytes()
        with pytest.raises(AlreadyExists):
            account.save(path, PASSWORD)
        assert path.read_bytes() == before

    def test_that_is_missing_is_named(self, tmp_path):
        with pytest.raises(MalformedKey, match=r"no\.json"):
            RelayAccount.load(tmp_path / "no.json", PASSWORD)

    @given(
        st.binary(max_size=200)
        | st.sampled_from([b"{}", b"[]", b'{"version": 3}', b'{"version": 3, "crypto": {}}', b"7"])
    )
    def test_of_anything_else_is_refused(self, tmp_path_factory, content):
        path = tmp_path_factory.getbasetemp() / "relay-garbage.json"
        path.write_bytes(content)
        for kind in (RelayAccount.load, RelayFile):
            with pytest.raises(MalformedKey):
                kind(path, PASSWORD)


class TestFile:
    def test_names_its_account_before_it_is_opened(self, saved):
        path, account = saved
        named = RelayFile(path, b"not looked at yet")
        assert named.address == account.address
        with pytest.raises(MalformedKey, match="password"):
            named.sign_legacy(b"\2" * 20, b"", 0, 21_000, 7)

    def test_signs_as_the_account_does(self, saved):
        path, account = saved
        raw = RelayFile(path, PASSWORD).sign_legacy(b"\2" * 20, b"", 0, 21_000, 7)
        assert raw == account.sign_legacy(b"\2" * 20, b"", 0, 21_000, 7)

    def test_that_names_nobody_is_opened_at_once(self, saved, tmp_path):
        path, account = saved
        content = orjson.loads(path.read_bytes())
        del content["address"]
        (tmp_path / "relay.json").write_bytes(orjson.dumps(content))
        assert RelayFile(tmp_path / "relay.json", PASSWORD).address == account.address

    def test_that_names_another_signs_nothing(self, saved, tmp_path):
        content = {**orjson.loads(saved[0].read_bytes()), "address": "00" * 20}
        (tmp_path / "relay.json").write_bytes(orjson.dumps(content))
        named = RelayFile(tmp_path / "relay.json", PASSWORD)
        with pytest.raises(MalformedKey):
            named.sign_legacy(b"\2" * 20, b"", 0, 21_000, 7)


class TestAccount:
    def test_says_nothing_but_its_address(self):
        account = RelayAccount.generate()
        assert repr(account) == f"RelayAccount(0x{account.address.hex()})"
        assert account._account.key.hex() not in repr(vars(account))

    def test_signs_transactions_that_name_it(self):
        account = RelayAccount.generate()
        raw = account.sign_legacy(b"\2" * 20, b"data", 9, 21_000, 20_260_101)
        parsed = parse_transaction(raw)
        assert (parsed.sender, parsed.nonce, parsed.price) == (account.address, 9, 0)
