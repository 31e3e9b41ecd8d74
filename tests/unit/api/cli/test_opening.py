"""An officer has one handle: drawn once, kept beside his first key, given to the next."""

from __future__ import annotations

import pytest

from api.cli.opening import SUFFIX, handle_of
from node.errors import AlreadyExists, ConfigInvalid


@pytest.fixture
def key(tmp_path):
    return tmp_path / "officer.key"


def test_a_first_key_gets_a_new_one_which_stays_its_own(key):
    handle = handle_of(key, None, keep=True)
    assert len(bytes.fromhex(handle)) == 32
    assert handle_of(key, None, keep=True) == handle


def test_a_later_key_is_given_the_earlier_ones(key, tmp_path):
    handle, later = handle_of(key, None, keep=True), tmp_path / "later.key"
    assert handle_of(later, str(key), keep=True) == handle
    assert handle_of(tmp_path / "third", str(later) + SUFFIX, keep=False) == handle
    assert handle_of(tmp_path / "fourth", handle, keep=False) == handle


def test_nothing_is_written_where_nothing_is_decided(key, tmp_path):
    assert handle_of(key, None, keep=False) != handle_of(key, None, keep=False)
    assert list(tmp_path.iterdir()) == []


def test_a_key_keeps_one_person(key):
    handle_of(key, "ab" * 32, keep=True)
    with pytest.raises(AlreadyExists):
        handle_of(key, "cd" * 32, keep=True)


@pytest.mark.parametrize("content", [b"", b"00" * 32, b"zz" * 32, b"ab" * 31, b"\xff" * 64])
def test_a_file_that_holds_no_handle_is_refused(key, content):
    key.with_name(key.name + SUFFIX).write_bytes(content)
    with pytest.raises(ConfigInvalid):
        handle_of(key, None, keep=True)


def test_a_file_that_is_not_there_is_refused(key, tmp_path):
    with pytest.raises(ConfigInvalid):
        handle_of(key, str(tmp_path / "none.key"), keep=True)
