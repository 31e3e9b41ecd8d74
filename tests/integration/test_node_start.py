"""A node that can know no other says so when it starts."""

from __future__ import annotations

import pytest

from api.parts import Node
from api.settings import load_settings
from tests.common import papers
from tests.common.founding import TownKeys
from tests.common.nodes import write_settings

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("peers", [{}, {papers.CENTRE: "http://127.0.0.1:9"}])
def test_empty_disks_without_peers_are_warned_about_in_chinese_first(
    tmp_path, ledger_chain, caplog, peers
):
    settings = load_settings(write_settings(tmp_path, ledger_chain, TownKeys(), 8601, ()))
    node = Node(settings.model_copy(update={"peers": peers}))
    try:
        node.start()
    finally:
        node.stop()
    warned = [record.getMessage() for record in caplog.records if "[peers]" in record.getMessage()]
    assert len(warned) == (0 if peers else 1)
    assert all(text.startswith("本节点没有任何文书") and "/" in text for text in warned)
