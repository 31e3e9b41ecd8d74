"""Keys are made once, never overwritten, and known by their public halves when they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from api.city.halves import SM2_SIZE, read_public
from api.city.keyring import KeyRing, Place
from node.crypto import Ed25519Signer, SoftwareSigner, pbes2
from node.errors import MalformedKey
from tests.common.keyfiles import FEW_ROUNDS

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {"head": "sign", "open": "unwrap", "log": "log"}


def ring(folder, made=None, **options):
    places = {
        name: Place(kind, folder / f"{name}.key", folder / "password")
        for name, kind in KINDS.items()
    }
    return KeyRing(places, made=([] if made is None else made).append, **options)


@pytest.fixture(autouse=True)
def _quick():
    with patch.object(pbes2, "PBKDF2_ITERATIONS", FEW_ROUNDS):
        yield


class TestFiles:
    def test_are_made_with_their_password_for_the_owner_alone(self, tmp_path):
        made: list[Path] = []
        ring(tmp_path / "keys", made).prepare()
        files = sorted((tmp_path / "keys").iterdir())
        assert len(files) == 2 * len(KINDS) + 1
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        assert len(made) == len(KINDS) + 1

    def test_that_are_there_are_kept(self, tmp_path):
        first = ring(tmp_path)
        first.prepare()
        before = {file: file.read_bytes() for file in tmp_path.iterdir()}
        made: list[Path] = []
        again = ring(tmp_path, made)
        again.prepare()
        assert made == []
        assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
        assert again.signer("head").public_key == first.public("head") == again.public("head")
        assert again.ed25519("log") == again.log("log").public

    def test_cut_short_before_the_public_half_are_gone_on_with(self, tmp_path):
        ring(tmp_path).prepare()
        (tmp_path / "head.key.pub").unlink()
        made: list[Path] = []
        again = ring(tmp_path, made)
        again.prepare()
        assert made == []
        assert read_public(tmp_path / "head.key", SM2_SIZE) == again.signer("head").public_key.raw

    def test_with_the_public_half_of_another_are_refused(self, tmp_path):
        ring(tmp_path).prepare()
        (tmp_path / "open.key.pub").rename(tmp_path / "head.key.pub")
        with pytest.raises(MalformedKey, match=r"head\.key 与其 \.pub 不是一对"):
            ring(tmp_path).signer("head")

    def test_of_which_only_the_public_half_is_left_cannot_sign(self, tmp_path):
        made = ring(tmp_path)
        made.prepare()
        (tmp_path / "head.key").unlink()
        again = ring(tmp_path)
        again.prepare()
        assert again.public("head") == made.public("head")
        with pytest.raises(MalformedKey, match="请持有人放入"):
            again.signer("head")
        assert not (tmp_path / "head.key").exists()


class TestMadeElsewhere:
    def test_a_half_is_enough_until_its_holder_must_sign(self, tmp_path):
        """Whoever made a key hands in its public half: officer, log, relay."""
        head, log, relay = SoftwareSigner.generate(), Ed25519Signer.generate(), "ab" * 20
        places = {
            name: Place(kind, tmp_path / f"{name}.key", tmp_path / "password", whose=whose)
            for name, kind, whose in (
                ("head", "sign", "市公安局 局长 陈立"),
                ("log", "log", "市公安局的日志"),
                ("relay", "relay", "节点 police 的中继"),
            )
        }
        halves = {"head": head.public_key.raw.hex(), "log": log.public.hex(), "relay": relay}
        for name, half in halves.items():
            (tmp_path / f"{name}.key.pub").write_text(half)
        made: list[Path] = []
        keys = KeyRing(places, made=made.append)
        keys.prepare()
        assert made == []
        assert keys.public("head") == head.public_key
        assert keys.ed25519("log") == log.public
        assert keys.address("relay").hex() == relay
        for name, ask in (("head", keys.signer), ("log", keys.log), ("relay", keys.relay)):
            with pytest.raises(MalformedKey, match=places[name].whose):
                ask(name)
        (tmp_path / "log.key.pub").write_text(halves["head"])
        with pytest.raises(MalformedKey, match=r"log\.key\.pub 应为Ed25519"):
            KeyRing(places).prepare()


class TestDry:
    def test_writes_nothing_and_says_what_is_missing(self, tmp_path):
        made: list[Path] = []
        looked = ring(tmp_path / "keys", made, dry=True)
        looked.prepare()
        assert looked.person("head") == looked.person("head")
        assert looked.public("head") == looked.signer("head").public_key
        assert not (tmp_path / "keys").exists()
        assert len(made) == len(KINDS) + 1


class TestInMemory:
    def test_a_key_without_a_place_stays_the_same(self):
        keys = KeyRing()
        assert keys.public("anybody") == keys.signer("anybody").public_key
        assert keys.person("anybody") == keys.person("anybody")
        with pytest.raises(MalformedKey):
            keys.log("anybody")
