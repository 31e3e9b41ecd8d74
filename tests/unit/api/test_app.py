"""The OpenAPI document is whole, the same each time, and the committed one."""

import re
from pathlib import Path

import orjson
import pytest

from api.app import build, openapi_document

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"
DOCUMENT = orjson.loads(openapi_document())
OPERATIONS = [
    (f"{method} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
SIGNED = re.compile(r"query$|documents|events|^get /api/v1/authorisations/")


class TestOpenapi:
    def test_is_the_committed_one(self):
        assert COMMITTED.read_bytes() == openapi_document()

    def test_names_no_schema_that_is_missing(self):
        named = set(re.findall(rb"#/components/schemas/(\w+)", openapi_document()))
        assert {name.decode() for name in named} <= DOCUMENT["components"]["schemas"].keys()

    @pytest.mark.parametrize(
        ("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS]
    )
    def test_tells_of_every_operation_how_it_fails_and_whether_it_is_signed(self, name, operation):
        assert not operation["summary"].isascii()
        assert "422" not in operation["responses"]
        assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
        assert ("security" in operation) == bool(SIGNED.search(name))

    def test_gives_an_example_of_a_query(self):
        assert DOCUMENT["components"]["schemas"]["QueryBody"]["examples"]

    def test_is_served(self):
        assert build(None).openapi() == DOCUMENT
