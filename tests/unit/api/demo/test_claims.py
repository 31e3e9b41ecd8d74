"""What a demo claims: a folder that goes with it or the next demo, ports that others pass over."""

import os
import socket

import pytest

from api.demo import claims
from api.demo.claims import (
    PREFIX,
    DemoFolder,
    Ports,
    remove_abandoned,
)
from node.errors import Unavailable


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def folder():
    made = DemoFolder()
    made.make()
    yield made
    made.remove()


class TestDemoFolder:
    def test_is_its_owners_alone(self, folder):
        assert folder.path.stat().st_mode & 0o777 == 0o700

    def test_is_gone_when_it_is_removed(self, folder, temporary):
        (folder.path / "keys").mkdir()
        folder.remove()
        assert list(temporary.iterdir()) == []

    def test_may_be_removed_before_it_was_made_and_twice(self, folder):
        DemoFolder().remove()
        folder.remove()
        folder.remove()


class TestRemoveAbandoned:
    def test_leaves_one_whose_lock_is_held(self, folder):
        assert remove_abandoned() == []
        assert folder.path.exists()

    def test_leaves_one_whose_lock_a_server_still_holds(self, folder):
        inherited = os.dup(folder.lock)
        os.close(folder.lock)
        folder._descriptor = None
        assert remove_abandoned() == []
        os.close(inherited)
        assert remove_abandoned() == [folder.path]

    def test_leaves_one_that_was_left_to_its_user(self):
        left = DemoFolder()
        left.make()
        (left.path / "call.json").touch()
        left.leave()
        assert remove_abandoned() == []
        assert [each.name for each in left.path.iterdir()] == ["call.json"]

    def test_removes_one_nobody_holds(self, folder):
        os.close(folder.lock)
        folder._descriptor = None
        assert remove_abandoned() == [folder.path]
        assert not folder.path.exists()

    def test_leaves_one_that_is_being_made(self, temporary):
        (temporary / f"{PREFIX}new").mkdir()
        assert remove_abandoned() == []

    def test_follows_no_link(self, temporary, folder):
        target = temporary / "elsewhere"
        folder.path.rename(target)
        (temporary / f"{PREFIX}link").symlink_to(target)
        assert remove_abandoned() == []
        target.rename(folder.path)


@pytest.fixture
def chosen():
    found = Ports()
    yield found
    found.close()


@pytest.fixture
def busy():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class TestPorts:
    def test_gives_the_one_that_is_wanted(self, chosen, busy):
        wanted = chosen.choose(busy + 1)
        chosen.close()
        assert chosen.choose(wanted) == wanted

    def test_passes_over_one_that_somebody_listens_on(self, chosen, busy):
        assert chosen.choose(busy) > busy

    def test_passes_over_one_that_another_demo_has_chosen(self, chosen, busy):
        first = chosen.choose(busy + 1)
        other = Ports()
        assert other.choose(first) > first
        other.close()

    def test_says_when_there_is_none(self, chosen, busy, monkeypatch):
        monkeypatch.setattr(claims, "TRIED_PORTS", 1)
        with pytest.raises(Unavailable, match=str(busy)):
            chosen.choose(busy)
