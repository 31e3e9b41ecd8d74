"""A request for a proof: what is written is read again, and nothing else is."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import SoftwareSigner
from node.crypto.der import signature_to_der
from node.crypto.neighbours import NEIGHBOURS
from node.errors import InvalidInput, LedgerError, MalformedKey, SignatureInvalid
from node.office import departments
from node.office.possession import (
    LIFE_SECONDS,
    parse_request,
    prove_possession,
    read_proof,
    render_request,
    request_possession,
)
from node.protocol.evm.decision import Domain
from tests.common import papers

HOLDER = SoftwareSigner.generate()
DOMAIN = Domain(31337, b"\7" * 20)
ACT = departments.add_key(papers.key(publicKey=HOLDER.public_key.raw.hex()))
REQUEST = request_possession(ACT, DOMAIN, 1_790_000_000.5)
FILE = render_request(REQUEST)
PROOF = prove_possession(REQUEST, HOLDER)


def test_what_is_written_is_read_again() -> None:
    assert parse_request(FILE) == REQUEST
    assert REQUEST.public == HOLDER.public_key
    assert REQUEST.act.message["notAfter"] == 1_790_000_000 + LIFE_SECONDS
    assert json.loads(FILE)["text"].encode() == REQUEST.text
    assert len(REQUEST.text) == 85


def test_every_request_has_a_nonce_of_its_own() -> None:
    again = request_possession(ACT, DOMAIN, 1_790_000_000.5)
    assert again.hash != REQUEST.hash


@pytest.mark.parametrize("name", json.loads(FILE))
def test_a_change_of_any_member_is_refused(name: str) -> None:
    said = json.loads(FILE)
    value = said[name]
    other = {"decision": "RecoverKey", "nonce": "1", "text": "x", "publicKey": "00" * 64}
    if name == "paper":
        said[name] = {**value, "name": "别的名称"}
    else:
        said[name] = other.get(name, value + 1 if isinstance(value, int) else "08" * 20)
    with pytest.raises(LedgerError):
        parse_request(json.dumps(said).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "x"},
        {"nonce": -1},
        {"notAfter": None},
        {"notAfter": 2**80},
        {"chainId": "1"},
        {"contract": "zz"},
        {"contract": 1},
        {"decision": "ListContract"},
        {"decision": ["AddKey"]},
        {"paper": []},
        {"paper": None},
        {"more": 1},
    ],
)
def test_nonsense_is_refused_with_our_error(changes: dict[str, object]) -> None:
    with pytest.raises(LedgerError):
        parse_request(json.dumps({**json.loads(FILE), **changes}).encode())


@given(st.binary(max_size=200))
def test_random_bytes_are_no_request_and_no_proof(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_request(data)
    with pytest.raises(SignatureInvalid):
        read_proof(data, REQUEST)


def test_an_act_that_registers_no_key_asks_for_no_proof() -> None:
    act = departments.register_log(papers.POLICE, bytes(20))
    with pytest.raises(InvalidInput, match="registers no key"):
        request_possession(act, DOMAIN, 0.0)


def test_another_key_does_not_prove_it() -> None:
    with pytest.raises(MalformedKey, match="another key"):
        prove_possession(REQUEST, SoftwareSigner.generate())


SPELT = signature_to_der(PROOF)


@pytest.mark.parametrize(
    "data",
    [
        PROOF,
        SPELT,
        PROOF.hex().encode() + b"\n",
        SPELT.hex().upper().encode(),
        base64.b64encode(PROOF) + b"\n",
        base64.encodebytes(SPELT),
    ],
    # Named by form: the key is another in each worker, and all of them must list the same tests.
    ids=["r‖s", "DER", "hex", "DER in hex", "base64", "DER in base64"],
)
def test_a_proof_is_read_in_every_usual_form(data: bytes) -> None:
    assert read_proof(data, REQUEST) == PROOF


@pytest.mark.parametrize("way", NEIGHBOURS, ids=lambda way: way.english[:40])
def test_a_proof_of_a_neighbouring_library_names_the_setting(way) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        read_proof(HOLDER.sign_e(way.e(HOLDER.public_key, REQUEST.text)), REQUEST)
    assert refused.value.message == f"{way.chinese} / {way.english}"


@given(st.integers(0, 1500), st.integers(1, 255))
def test_a_changed_file_raises_nothing_but_our_errors(position: int, flip: int) -> None:
    changed = bytearray(FILE)
    changed[position % len(changed)] ^= flip
    with contextlib.suppress(LedgerError):
        assert parse_request(bytes(changed)).hash == REQUEST.hash
