"""Fixtures shared by all tests; each lives in the module of tests/common that names its part."""

from __future__ import annotations

import gc
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import httpx
import pytest
from hypothesis import is_hypothesis_test, settings

from node.chain.ethereum import importing
from tests.common.statements import share_compiled

with importing():  # as the product does, in the place of a second of pairings in each worker
    import eth_account  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Generator

SYSTEM = Path(__file__).parent / "system"

pytest_plugins = [
    "tests.common.pgstores",
    "tests.common.browser",
    "tests.common.chain",
    "tests.common.furnished",
]

# Machines that run other things at the same time must not fail a law for being slow.
settings.register_profile("shareledger", deadline=None)
settings.load_profile("shareledger")


share_compiled()
# Every `httpx.get` of a test makes a client, and each would read the authorities for 0.045 s.
patch("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context)).start()


def pytest_collection_finish() -> None:
    """Leave what stays to the end of a worker out of each of its collections."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None]:
    """Run without tracing what repeats a hundredfold, or from outside, what others cover once.

    These are property tests, tests of whole processes and what is marked `untraced`; traced they
    take up to three times as long. pytest-cov's `no_cover` does not do it: an xdist worker starts
    two collectors, and the second's pause resumes the first. Threads take their tracer from
    `threading`, so that the servers that a test starts here go untraced with it.
    """
    if not _is_untraced(item):
        return (yield)
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)


def _is_untraced(item: pytest.Item) -> bool:
    return (
        SYSTEM in item.path.parents
        or item.get_closest_marker("untraced") is not None
        or (isinstance(item, pytest.Function) and is_hypothesis_test(item.function))
    )
