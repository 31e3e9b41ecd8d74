"""Ports of the demo: taken ones are passed over, chosen ones are known to other demos."""

import socket

import pytest

from api.demo import ports
from api.demo.ports import Ports
from node.errors import Unavailable


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
        monkeypatch.setattr(ports, "TRIED_PORTS", 1)
        with pytest.raises(Unavailable, match=str(busy)):
            chosen.choose(busy)
