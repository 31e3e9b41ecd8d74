import base64
import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import keyfile
from node.crypto.keyfile import label, load_key_file, save_key_file
from node.errors import AlreadyExists, ConfigInvalid, MalformedKey

SECRET = bytes(range(100))
PEM = keyfile.seal_pkcs8(SECRET, b"password")


def test_a_file_is_never_overwritten_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    save_key_file(path, b"first")
    with pytest.raises(AlreadyExists):
        save_key_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid):
        save_key_file(tmp_path / "nowhere" / "key.pem", b"x")


def test_a_missing_file_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(MalformedKey, match="cannot read"):
        load_key_file(tmp_path / "nowhere.pem", "sm2-signing")


def test_a_huge_file_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(bytes(20_000))
    with pytest.raises(MalformedKey, match="too large"):
        load_key_file(path, "sm2-signing")


def test_a_file_without_a_label_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert load_key_file(path, "sm2-signing") == path.read_bytes()


def test_the_label_says_the_purpose(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    save_key_file(path, label("sm2-signing") + b"-----BEGIN X-----\n")
    load_key_file(path, "sm2-signing")
    with pytest.raises(MalformedKey, match="not a key for ed25519-signing"):
        load_key_file(path, "ed25519-signing")


def test_opens_with_the_password_only() -> None:
    assert keyfile.open_pkcs8(PEM, b"password") == SECRET
    assert keyfile.open_pkcs8(b"some text before\n" + PEM, b"password") == SECRET
    # One wrong password in 256 leaves valid padding; then what comes out is no key.
    with contextlib.suppress(MalformedKey):
        assert keyfile.open_pkcs8(PEM, b"Password") != SECRET


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_no_key_file(data: bytes) -> None:
    with pytest.raises(MalformedKey):
        keyfile.open_pkcs8(data, b"password")
    wrapped = keyfile._BEGIN + data.replace(b"-", b"") + b"\n" + keyfile._END
    with pytest.raises(MalformedKey):
        keyfile.open_pkcs8(wrapped, b"password")


@given(st.integers(0, 300), st.integers(1, 255))
def test_a_changed_structure_raises_nothing_but_our_error(position: int, flip: int) -> None:
    der = bytearray(keyfile._body(PEM))
    der[position % len(der)] ^= flip
    with contextlib.suppress(MalformedKey):
        keyfile._parse(bytes(der))


def test_absurd_iteration_counts_are_refused_before_they_cost_anything() -> None:
    der = bytes(keyfile._body(PEM)).replace(
        bytes.fromhex("0203 0927c0"), bytes.fromhex("0203 7fffff")
    )
    der_huge = base64.b64encode(der)
    keyfile._MOST_ITERATIONS, saved = 1_000_000, keyfile._MOST_ITERATIONS
    try:
        with pytest.raises(MalformedKey, match="out of range"):
            keyfile.open_pkcs8(keyfile._BEGIN + der_huge + b"\n" + keyfile._END, b"password")
    finally:
        keyfile._MOST_ITERATIONS = saved
