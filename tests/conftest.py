"""Fixtures shared by all tests; each lives in the module of tests/common that names its part."""

pytest_plugins = ["tests.common.chain"]
