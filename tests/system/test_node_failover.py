"""A node whose database server dies under load: it ends, and no entry is lost to who goes on."""

from __future__ import annotations

import pytest

from api.loops import FATAL_EXIT
from api.parts import Node
from api.settings import load_settings
from node.protocol.wire import ids
from tests.common import papers
from tests.common.chain import deployed_on
from tests.common.nodes import running_town
from tests.common.replicas import replicated
from tests.system.test_node_processes import Callers, Processes, assert_exact

pytestmark = [pytest.mark.chain, pytest.mark.long]


def test_no_answer_is_lost_where_a_standby_has_it(tmp_path, embedded_chain, monkeypatch):
    """Two fronts, synchronous replication, the primary killed, the standby promoted."""
    with replicated() as pair, deployed_on(embedded_chain) as chain:
        with running_town(tmp_path, chain, database=pair.new_database()[0]) as town:
            town.serve()
        town.https.clear()
        town.node = Node(load_settings(tmp_path / "node.toml"))
        [log] = [
            identity.log
            for identity in town.node.identities
            if identity.department == ids.department_id(papers.POLICE)
        ]
        monkeypatch.setenv("SHARELEDGER_WORKERS", "2")
        processes = Processes(town)
        callers = Callers(town)
        try:
            processes.start()

            def kill():
                callers.wait_for(40)
                pair.primary.kill()
                assert processes.wait() == FATAL_EXIT

            callers.run(kill)
            assert not callers.lost.empty()
            pair.promote()
            processes.start()  # as its service manager does
            callers.run(lambda: callers.wait_for(10))
            callers.send_lost()
            assert_exact(town, log, callers)
        finally:
            callers.close()
            processes.end()
            town.node.stop()
            for http in town.https.values():
                http.close()
