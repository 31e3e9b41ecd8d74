import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import (
    SoftwareSigner,
    decision_text,
    sign_call,
    sign_checkpoint,
    sign_decision,
    sign_login,
    verify_decision,
    verify_login,
    verify_sm2,
)
from node.errors import SignatureInvalid
from tests.common.vectors import load_vectors

SIGNER = SoftwareSigner.generate()
HASH = bytes(range(32))
BASE = load_vectors("calls")["calls"][0]["base"].encode()
KEY_ID = BASE.partition(b'keyid="')[2][:64]
NOTE = (
    b"shareledger:31337:" + b"0a" * 20 + b":11130900MB1234567X\n5\n"
    b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
)


def test_a_decisions_text_has_85_ascii_bytes() -> None:
    text = decision_text(HASH)
    assert text == b"ShareLedger-decision:" + HASH.hex().encode()
    assert len(text) == 85


def test_a_decision_is_signed_over_its_text() -> None:
    signature = sign_decision(SIGNER, HASH)
    verify_decision(SIGNER.public_key, HASH, signature)
    verify_sm2(SIGNER.public_key, decision_text(HASH), signature)
    with pytest.raises(SignatureInvalid):
        verify_decision(SIGNER.public_key, bytes(32), signature)


def test_a_hash_of_another_size_is_no_decision() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sign_decision(SIGNER, HASH[:31])


def test_a_call_is_signed() -> None:
    verify_sm2(SIGNER.public_key, BASE, sign_call(SIGNER, BASE))


@pytest.mark.parametrize("generation", [b"", b":2", b":13"])
def test_a_checkpoint_is_signed(generation: bytes) -> None:
    note = NOTE.replace(b"1234567X", b"1234567X" + generation)
    verify_sm2(SIGNER.public_key, note, sign_checkpoint(SIGNER, note))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        NOTE,
        decision_text(HASH),
        BASE + b"\n",
        BASE.replace(b"POST", b"post"),
        BASE.replace(b'"@query": ?', b'"@query": '),
        BASE.replace(b"gdsl-1", b"gdsl-2"),
        BASE.replace(b"ledger.police", b"Ledger.police"),
        BASE.replace(b'"@path": /api', b'"@path": /a\n"@path": /api'),
        BASE.replace(KEY_ID, KEY_ID.upper()),
    ],
)
def test_no_other_text_is_signed_as_a_call(text: bytes) -> None:
    with pytest.raises(ValueError, match="not the signature base"):
        sign_call(SIGNER, text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        BASE,
        decision_text(HASH),
        NOTE[:-1],
        NOTE + b"\n",
        NOTE.replace(b"\n5\n", b"\n05\n"),
        NOTE.replace(b"\n5\n", b"\n-5\n"),
        NOTE.replace(b"shareledger:", b"Shareledger:"),
        NOTE.replace(b"0a0a", b"0A0A", 1),
        NOTE.replace(b"1234567X", b"1234567X:1"),
        NOTE.replace(b"1234567X", b"1234567X:02"),
    ],
)
def test_no_other_text_is_signed_as_a_checkpoint(text: bytes) -> None:
    with pytest.raises(ValueError, match="not the text of a checkpoint"):
        sign_checkpoint(SIGNER, text)


@given(st.binary(max_size=200))
def test_random_bytes_are_never_signed(text: bytes) -> None:
    for sign in (sign_call, sign_checkpoint, sign_login):
        with pytest.raises(ValueError, match="this is not"):
            sign(SIGNER, text)


LOGIN = f"ShareLedger-login:https://node.example:8443 {'ab' * 32} 2026-11-28T05:00:00Z".encode()


def test_a_sign_in_is_signed() -> None:
    verify_login(SIGNER.public_key, LOGIN, sign_login(SIGNER, LOGIN))
    other = LOGIN.replace(b"node", b"evil")
    with pytest.raises(SignatureInvalid):
        verify_login(SIGNER.public_key, other, sign_login(SIGNER, LOGIN))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        LOGIN + b"\n",
        LOGIN.replace(b"https:", b"ftp:"),
        LOGIN.replace(b"https://node.example", b"https://Node.example"),
        LOGIN.replace(b"ab", b"AB"),
        LOGIN.replace(b"Z", b"+08:00"),
        decision_text(bytes(32)),
        BASE,
    ],
)
def test_no_other_text_is_signed_as_a_sign_in(text: bytes) -> None:
    with pytest.raises(ValueError, match="sign-in"):
        sign_login(SIGNER, text)
