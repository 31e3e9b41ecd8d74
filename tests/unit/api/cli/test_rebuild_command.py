"""`sync rebuild` leaves the process it ran in as it was."""

import gc
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from api.cli import single_commands as command
from node.errors import ChainUnavailable
from node.storage.stores import Stores


@pytest.mark.parametrize("fails", [False, True])
def test_the_collector_s_thresholds_are_put_back(tmp_path, monkeypatch, fails):
    before, meanwhile = gc.get_threshold(), []
    settings = SimpleNamespace(stores=Stores(tmp_path))

    @contextmanager
    def opened(_config):
        yield SimpleNamespace(settings=settings, gateway=None, deployment=None)

    def fill_again(*_):
        meanwhile.append(gc.get_threshold()[0])
        if fails:
            raise ChainUnavailable("no answer")
        return SimpleNamespace(next_block=1)

    monkeypatch.setattr(command, "open_node", opened)
    monkeypatch.setattr("ledger_sync.follower.rebuild", fill_again)
    if fails:
        with pytest.raises(ChainUnavailable):
            command.rebuild(tmp_path)
    else:
        command.rebuild(tmp_path)
    assert meanwhile == [command.GARBAGE]
    assert gc.get_threshold() == before
