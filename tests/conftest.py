"""Fixtures shared by all tests; each lives in the module of tests/common that names its part."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import is_hypothesis_test, settings

if TYPE_CHECKING:
    from collections.abc import Generator

pytest_plugins = ["tests.common.chain"]

# Machines that run other things at the same time must not fail a law for being slow.
settings.register_profile("shareledger", deadline=None)
settings.load_profile("shareledger")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Run property tests untraced.

    They repeat a hundredfold what the facts beside them cover once, and are two to three times
    slower traced. pytest-cov's `no_cover` does not do it: an xdist worker starts two collectors,
    and the second's pause resumes the first.
    """
    if not (isinstance(item, pytest.Function) and is_hypothesis_test(item.function)):
        return (yield)
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
