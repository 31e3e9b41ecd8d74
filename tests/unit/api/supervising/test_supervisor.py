"""Whom the supervisor begins when, and what it does about those who end; nobody is forked here."""

from __future__ import annotations

import signal
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from api.loops import FATAL_EXIT
from api.operating.notices import FOLDER
from api.supervising import supervisor
from api.supervising.offspring import Offspring
from api.supervising.supervisor import FIRST_PAUSE_SECONDS
from node.errors import ConfigInvalid
from tests.common.logs import new_identity
from tests.unit.api.operating.test_health import SETTINGS

module: Any = supervisor
"""Parts of it are replaced here, and its inside is looked at."""


@pytest.fixture
def told(monkeypatch):
    """What the operational log is told."""
    lines = []
    monkeypatch.setattr(module.journal, "event", lambda name, **facts: lines.append((name, facts)))
    return lines


@pytest.fixture
def begun(monkeypatch):
    """Names of those who were begun, in their order; each has a pid of its own."""
    names = []

    def fork(name, _duty, **_):
        names.append(name)
        return Offspring(name, 10_000 + len(names), -1)

    monkeypatch.setattr(module, "fork", fork)
    return names


@pytest.fixture
def watching(tmp_path, begun, told, monkeypatch):
    assert (begun, told) == ([], [])
    monkeypatch.setattr(module, "url_of", lambda *_: "http://here")
    (tmp_path / FOLDER).mkdir()
    settings = SETTINGS.model_copy(update={"workers": 2, "data_dir": tmp_path})
    mould = SimpleNamespace(node=SimpleNamespace(settings=settings, identities=[]), bells=None)
    announced: list[str] = []
    sockets = socket.socket(), socket.socket()
    watching = module._Supervisor(mould, lambda: settings, None, announced.append, *sockets)
    watching.to_begin += ["writer", "keeper", *watching.fronts]
    watching.heard = announced
    yield watching
    for each in sockets:
        each.close()


def all_ready(watching):
    """Have everybody begun and ready."""
    while not watching.announced:
        watching._step()
        for child in watching.children.values():
            child.ready = True


def end(watching, name, code):
    """Have a child end by itself."""
    child = next(each for each in watching.children.values() if each.name == name)
    del watching.children[child.pid]
    watching._lost(child, code)
    return child


class TestBeginning:
    def test_each_waits_until_the_one_before_it_is_ready(self, watching, begun):
        watching._step()
        watching._step()
        assert begun == ["writer"]
        all_ready(watching)
        assert begun == ["writer", "keeper", "front-1", "front-2"]
        assert watching.heard == ["http://here"]

    def test_one_that_cannot_begin_ends_all_with_its_code(self, watching, begun):
        watching._step()
        end(watching, "writer", 3)
        assert (watching.code, begun) == (3, ["writer"])


class TestEnded:
    def test_a_front_is_begun_again_whatever_it_ended_by(self, watching, begun, told):
        all_ready(watching)
        for code in (-signal.SIGKILL, 70):
            end(watching, "front-1", code)
            assert watching.code is None
            watching.deaths["front-1"].due = 0
            watching._step()
            assert begun.pop() == "front-1"
            all_ready(watching)
        assert [facts.get("signal") for name, facts in told if name == "ended"] == ["SIGKILL", None]

    @pytest.mark.parametrize("name", ["writer", "keeper"])
    def test_what_a_signal_ended_is_begun_again(self, watching, begun, name):
        all_ready(watching)
        end(watching, name, -signal.SIGKILL)
        assert watching.code is None
        watching.deaths[name].due = 0
        watching._step()
        assert begun[-1] == name

    @pytest.mark.parametrize("name", ["writer", "keeper"])
    @pytest.mark.parametrize(("code", "ends"), [(FATAL_EXIT, FATAL_EXIT), (1, 1), (0, FATAL_EXIT)])
    def test_what_ended_by_itself_ends_all(self, watching, name, code, ends):
        all_ready(watching)
        end(watching, name, code)
        assert watching.code == ends

    def test_who_goes_on_dying_waits_longer_each_time(self, watching):
        all_ready(watching)
        pauses = []
        for _ in range(12):
            end(watching, "front-2", 70)
            pauses.append(watching.deaths["front-2"].pause_seconds)
            watching.deaths["front-2"].due = 0
            watching._step()
        assert pauses[:3] == [FIRST_PAUSE_SECONDS * each for each in (1, 2, 4)]
        assert pauses[-1] == module.LONGEST_PAUSE_SECONDS
        child = next(each for each in watching.children.values() if each.name == "front-2")
        child.since -= module.SOUND_SECONDS
        end(watching, "front-2", 70)
        assert watching.deaths["front-2"].pause_seconds == FIRST_PAUSE_SECONDS


class TestReplacing:
    @pytest.fixture
    def signals(self, monkeypatch):
        sent = []
        monkeypatch.setattr(Offspring, "end", lambda one, number: sent.append((one.pid, number)))
        return sent

    def reload(self, watching, monkeypatch, *identities):
        monkeypatch.setattr(
            module.Mould,
            "of",
            lambda settings, bells: SimpleNamespace(
                node=SimpleNamespace(settings=settings, identities=[*identities]), bells=bells
            ),
        )
        watching._reload()

    def hear_of(self, watching, name, monkeypatch):
        """Have the newest child of a name say that it is ready."""
        monkeypatch.setattr(module.os, "read", lambda *_: b".")
        child = [each for each in watching.children.values() if each.name == name][-1]
        watching._hear_of(child)

    def test_one_front_after_the_other_and_the_old_one_last(
        self, watching, begun, signals, monkeypatch
    ):
        all_ready(watching)
        old = {each.name: each.pid for each in watching.children.values()}
        self.reload(watching, monkeypatch)
        watching._step()
        watching._step()
        assert (begun[4:], signals) == (["front-1"], [])
        self.hear_of(watching, "front-1", monkeypatch)
        assert signals == [(old["front-1"], signal.SIGHUP)]
        watching._step()
        self.hear_of(watching, "front-2", monkeypatch)
        assert begun[4:] == ["front-1", "front-2"]
        assert signals[1:] == [(old["front-2"], signal.SIGHUP)]
        watching._step()
        assert len(begun) == 6

    def test_a_new_one_that_cannot_begin_leaves_the_old_ones(
        self, watching, begun, signals, monkeypatch
    ):
        all_ready(watching)
        self.reload(watching, monkeypatch)
        watching._step()
        new = list(watching.children.values())[-1]
        del watching.children[new.pid]
        watching._lost(new, 1)
        watching._step()
        assert (signals, watching.code, len(begun), watching.deaths) == ([], None, 5, {})

    def test_settings_that_will_not_do_change_nothing(self, watching, begun, told):
        def refuse():
            raise ConfigInvalid("nonsense = 1")

        all_ready(watching)
        mould, watching.reload = watching.mould, refuse
        watching._reload()
        watching._step()
        assert (watching.mould, len(begun)) == (mould, 4)
        assert told[-1] == ("settings-refused", {"why": "nonsense = 1"})

    def test_where_it_listens_and_keeps_its_data_stays(self, watching, monkeypatch):
        all_ready(watching)
        new = watching.settings.model_copy(
            update={"port": 1, "workers": 5, "storage": None, "chain_url": "http://x"}
        )
        watching.reload = lambda: new
        port, storage = watching.settings.port, watching.settings.storage
        self.reload(watching, monkeypatch)
        settings = watching.settings
        assert (settings.port, settings.workers, settings.chain_url) == (port, 2, "http://x")
        assert settings.storage is storage

    def test_fronts_that_would_write_to_another_log_are_not_begun(
        self, watching, begun, told, monkeypatch
    ):
        all_ready(watching)
        mould = watching.mould
        self.reload(watching, monkeypatch, new_identity())
        watching._step()
        assert (watching.mould, len(begun)) == (mould, 4)
        assert told[-1][0] == "settings-refused"
        assert "请停止节点再启动" in told[-1][1]["why"]
