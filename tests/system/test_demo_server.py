"""The whole demo with its nodes' tables on PostgreSQL: it ends as it does on files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.common.demos import assert_nothing_is_left, running_demo

pytestmark = [pytest.mark.chain, pytest.mark.long]


def test_it_ends_as_the_one_on_files():
    with tempfile.TemporaryDirectory(prefix="demos-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's user passes through where this is root's
        with running_demo(
            Path(folder), "--exit", "--rows", "1000", "--store", "postgresql"
        ) as demo:
            for stage in (2, 5, 8, 10):
                demo.reaches(f"━━ {stage}.")
            demo.reaches("━━ 总表")
            assert demo.wait() == 0, demo.output
            assert "各节点的表：PostgreSQL" in demo.output
            assert "✗ 日志被改动" in demo.output
            assert_nothing_is_left(demo)
