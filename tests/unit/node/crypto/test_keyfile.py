from pathlib import Path

import pytest

from node.crypto.keyfile import label, load_key_file, save_key_file
from node.errors import AlreadyExists, ConfigInvalid, MalformedKey
from tests.common.keyfiles import write_private


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
    write_private(path, bytes(20_000))
    with pytest.raises(MalformedKey, match="too large"):
        load_key_file(path, "sm2-signing")


def test_a_file_without_a_label_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_private(path, b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert load_key_file(path, "sm2-signing") == path.read_bytes()


def test_the_label_says_the_purpose(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    save_key_file(path, label("sm2-signing") + b"-----BEGIN X-----\n")
    load_key_file(path, "sm2-signing")
    with pytest.raises(MalformedKey, match="not a key for ed25519-signing"):
        load_key_file(path, "ed25519-signing")
