"""PBES2: what is sealed opens, and what costs too much is refused first."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import der, pbes2
from node.crypto.pbes2 import open_dek, open_pkcs8, seal_pkcs8
from node.errors import MalformedKey

SECRET = bytes(range(100))
PEM = seal_pkcs8(SECRET, b"password")
DER = base64.b64decode(b"".join(PEM.splitlines()[1:-1]))
HUGE = 2**62


def test_opens_with_the_password_only() -> None:
    assert open_pkcs8(DER, b"password") == SECRET
    # One wrong password in 256 leaves valid padding; then what comes out is no key.
    with contextlib.suppress(MalformedKey):
        assert open_pkcs8(DER, b"Password") != SECRET


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_no_key_file(data: bytes) -> None:
    with pytest.raises(MalformedKey):
        open_pkcs8(data, b"password")


def scheme(kdf: str, *parameters: bytes) -> bytes:
    """Return an EncryptedPrivateKeyInfo with these parameters of its key derivation."""
    derivation = der.wrap_object(kdf) + der.wrap_tlv(der.SEQUENCE, b"".join(parameters))
    cipher = der.wrap_object(pbes2._AES_256_CBC) + der.wrap_tlv(der.OCTETS, bytes(16))
    schemes = b"".join(der.wrap_tlv(der.SEQUENCE, each) for each in (derivation, cipher))
    top = der.wrap_object(pbes2._PBES2) + der.wrap_tlv(der.SEQUENCE, schemes)
    sealed = der.wrap_tlv(der.OCTETS, bytes(32))
    return der.wrap_tlv(der.SEQUENCE, der.wrap_tlv(der.SEQUENCE, top) + sealed)


SALT = der.wrap_tlv(der.OCTETS, bytes(16))


@pytest.mark.parametrize(
    ("kdf", "numbers", "said"),
    [
        (pbes2._PBKDF2, (0,), "iterations"),
        (pbes2._PBKDF2, (10_000_001,), "iterations"),
        (pbes2._PBKDF2, (HUGE,), "iterations"),
        (pbes2._SCRYPT, (2**20, 8, 1), "scrypt memory"),
        (pbes2._SCRYPT, (2, HUGE, 1), "scrypt memory"),
        (pbes2._SCRYPT, (1024, 8, 17), "scrypt parallelism"),
        (pbes2._SCRYPT, (1025, 8, 1), "power of two"),
        (pbes2._SCRYPT, (1, 8, 1), "power of two"),
    ],
)
def test_what_costs_too_much_is_refused_before_it_costs_anything(kdf, numbers, said) -> None:
    with pytest.raises(MalformedKey, match=said):
        open_pkcs8(scheme(kdf, SALT, *map(der.wrap_integer, numbers)), b"password")


def test_a_scheme_we_do_not_read_is_named() -> None:
    for oid in ("1.2.840.113549.1.5.3", "2.999.1"):
        with pytest.raises(MalformedKey, match=oid) as refused:
            open_pkcs8(scheme(oid, SALT), b"password")
        assert refused.value.facts["scheme"] == oid


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(1, 255))
def test_a_changed_structure_raises_nothing_but_our_error(position: int, flip: int) -> None:
    cheap = scheme(pbes2._PBKDF2, SALT, der.wrap_integer(3))
    changed = bytearray(cheap)
    changed[position % len(changed)] ^= flip
    with contextlib.suppress(MalformedKey):
        open_pkcs8(bytes(changed), b"password")


@pytest.mark.parametrize("info", ["", "DES-EDE3-CBC,00", "AES-128-CBC,xx", "AES-128-CBC,00", ","])
def test_another_header_than_we_read_is_refused(info: str) -> None:
    with pytest.raises(MalformedKey):
        open_dek(info, bytes(32), b"password")
