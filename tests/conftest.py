"""Fixtures shared by all tests; each lives in the module of tests/common that names its part."""

from __future__ import annotations

import gc
from functools import cache
from unittest.mock import patch

import httpx
from hypothesis import settings

from node.chain.ethereum import importing
from tests.common.statements import share_compiled

with importing():  # as the product does, in the place of a second of pairings in each worker
    import eth_account  # noqa: F401

pytest_plugins = [
    "tests.common.pgstores",
    "tests.common.browser",
    "tests.common.chain",
    "tests.common.furnished",
    "tests.common.moulds",
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
