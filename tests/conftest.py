"""Fixtures shared by all tests; each lives in the module of tests/common that names its part."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.common.chain"]

# Machines that run other things at the same time must not fail a law for being slow.
settings.register_profile("shareledger", deadline=None)
settings.load_profile("shareledger")
