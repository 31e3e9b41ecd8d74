"""The city of three nodes."""

from __future__ import annotations

import pytest

from .common import build_city


@pytest.fixture
def city(tmp_path):
    built = build_city(tmp_path)
    yield built
    for node in built.nodes:
        node.engine.dispose()
