"""A node belongs to one system, the one it was met in; what it says of another is refused."""

from __future__ import annotations

import stat

import pytest

from node.client.pinning import REGISTRY, Pins, folder
from node.crypto import SoftwareSigner
from node.errors import ConfigInvalid, VerificationError
from node.protocol.evm.decision import Domain
from node.protocol.wire.trustfile import Head, Trust

REGISTRY_AT, OTHER_AT = Domain(88001, b"\xc1" * 20), Domain(88001, b"\xc2" * 20)
TRUST = Trust(
    88001, b"\1" * 32, b"\xc1" * 20, SoftwareSigner.generate().public_key, Head(9, b"\2" * 32)
)


@pytest.fixture
def told():
    return []


@pytest.fixture
def pins(tmp_path, told):
    def make(authority="Node.gov.cn:8101", trust=None):
        return Pins(authority, trust, tell=lambda *each: told.append(each), place=tmp_path / "a")

    return make


class TestANode:
    def test_is_remembered_once_and_told_of_once(self, pins, told):
        pins().require(REGISTRY, REGISTRY_AT)
        pins().require(REGISTRY, REGISTRY_AT)
        assert told == [(REGISTRY, REGISTRY_AT, pins().path)]
        assert pins().path.name == "node.gov.cn-8101.json"
        assert stat.S_IMODE(pins().path.stat().st_mode) == 0o600
        assert [each.name for each in pins().path.parent.iterdir()] == [pins().path.name]

    @pytest.mark.parametrize("elsewhere", [Domain(88001, b"\xc3" * 20), Domain(1, b"\xc1" * 20)])
    def test_that_names_another_system_later_is_refused(self, pins, told, elsewhere):
        pins().require(REGISTRY, REGISTRY_AT)
        with pytest.raises(VerificationError):
            pins().require(REGISTRY, elsewhere)
        with pytest.raises(VerificationError):
            pins().require("AccessAnchors", Domain(1, b"\xc4" * 20))
        assert len(told) == 1

    def test_has_each_contract_in_a_place_of_its_own(self, pins):
        pins().require(REGISTRY, REGISTRY_AT)
        pins().require("ShareAuthorisations", OTHER_AT)
        with pytest.raises(VerificationError):
            pins().require("AccessAnchors", REGISTRY_AT)

    def test_is_held_against_a_trust_file_the_first_time_too(self, pins, told):
        with pytest.raises(VerificationError):
            pins(trust=TRUST).require(REGISTRY, OTHER_AT)
        with pytest.raises(VerificationError):
            pins(trust=TRUST).require("AccessAnchors", Domain(1, b"\xc4" * 20))
        assert told == []
        assert not pins().path.exists()
        pins(trust=TRUST).require(REGISTRY, REGISTRY_AT)

    def test_is_another_node_at_another_address(self, pins):
        pins().require(REGISTRY, REGISTRY_AT)
        pins("other:1").require(REGISTRY, Domain(1, b"\xc9" * 20))


class TestTheFile:
    @pytest.mark.parametrize(
        "content",
        [b"", b"[]", b"{}", b'{"chainId":"0","contracts":{}}', b'{"chainId":"1","contracts":[]}',
         b'{"chainId":"1","contracts":{"Other":"' + b"c1" * 20 + b'"}}',
         b'{"chainId":"1","contracts":{"AccessAnchors":"C1"}}', b"[" * 70_000],
    )  # fmt: skip
    def test_that_is_damaged_is_said_to_be_and_kept(self, pins, content):
        pins().path.parent.mkdir()
        pins().path.write_bytes(content)
        with pytest.raises(ConfigInvalid, match="已损坏"):
            pins().require(REGISTRY, REGISTRY_AT)
        assert pins().path.read_bytes() == content

    def test_that_cannot_be_written_is_said_to_be(self, tmp_path):
        (tmp_path / "a").write_bytes(b"")
        pins = Pins("n:1", tell=lambda *_: None, place=tmp_path / "a")
        with pytest.raises(ConfigInvalid):
            pins.require(REGISTRY, REGISTRY_AT)

    def test_stands_where_the_user_keeps_his_settings(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert folder() == tmp_path / "shareledger"
        monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert folder() == tmp_path / ".config" / "shareledger"
