"""What is said of a server that does not come up."""

from __future__ import annotations

import pytest

from api.city.processes import Child
from node.errors import Unavailable


def test_one_that_is_killed_while_it_starts_says_how_it_ended(tmp_path):
    child = Child("节点 x ", ["node", "run"], tmp_path / "node.log", "http://127.0.0.1:1")
    child.spawn()
    assert child.process is not None
    child.process.kill()
    with pytest.raises(Unavailable, match=r"节点 x 没有启动（被信号 SIGKILL 结束") as refused:
        child.wait_ready()
    assert "node.log 是空的" in refused.value.message


def test_one_that_ends_by_itself_says_its_last_words_and_exit_code(tmp_path):
    child = Child("节点 x ", ["node", "run"], tmp_path / "node.log", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match=r"退出码 1）：\n.*--config") as refused:
        child.start()
    assert "没有启动" in refused.value.message
