"""The OpenAPI document is whole, the same each time, and the committed one."""

import re
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.app import build, openapi_document
from api.http.described import B64U, SALT
from api.http.problems import status_of
from node import errors
from node.crypto import SoftwareSigner
from node.protocol.wire import encoding, signedcall

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"
DOCUMENT = orjson.loads(COMMITTED.read_bytes())
OPERATIONS = [
    (f"{method} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
OFFICERS = re.compile(
    r"/office/(decisions|standing|pending|withdrawals|authorisations|filings|departments|inbox|logs|contracts)"
    r"|^(get|delete) .*/office/session$"
)
SIGNED = re.compile(r"query$|documents|events|entries|^get /api/v1/authorisations/|/office/trace/")


def tree(kind=errors.LedgerError):
    yield kind
    for narrower in kind.__subclasses__():
        yield from tree(narrower)


KINDS = {kind.code: kind for kind in tree()}


def _is_b64u(text):
    try:
        encoding.unb64u(text)
    except errors.InvalidInput:
        return False
    return True


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
        signed = bool(SIGNED.search(name) or OFFICERS.search(name))
        assert ("security" in operation) is signed
        refused = {status: each for status, each in operation["responses"].items() if status > "3"}
        assert refused.keys() >= ({"400", "401", "500", "503"} if signed else {"500"})
        assert "422" not in refused
        for status, each in refused.items():
            members = each["content"]["application/problem+json"]["schema"]["properties"]
            assert members["status"]["const"] == int(status)
            assert {status_of(KINDS[code]) for code in members["code"]["enum"]} == {int(status)}

    @pytest.mark.parametrize(
        ("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS]
    )
    def test_names_the_headers_a_signed_operation_needs(self, name, operation):
        named = [each.get("$ref", "") for each in operation.get("parameters", [])]
        headers = {each.rpartition("/")[2] for each in named if each}
        needed = (
            {"content-digest", "signature-input", "signature"} if SIGNED.search(name) else set()
        )
        assert {each.lower() for each in headers} == needed

    def test_patterns_of_the_headers_take_what_a_client_signs(self):
        signer = SoftwareSigner.generate()
        parts = ("POST", "a.example", "/p", "", "text/plain", b"x", 1_790_000_000, "A" * 22)
        headers = signedcall.build(*parts, signer.public_key.key_id, signer)
        for name, parameter in DOCUMENT["components"]["parameters"].items():
            assert re.search(parameter["schema"]["pattern"], headers[name.lower()])

    @given(st.binary(max_size=200))
    def test_patterns_of_bytes_take_the_one_spelling(self, data):
        """... and nothing else: unused bits, padding and stray characters are refused."""
        text = encoding.b64u(data)
        assert re.search(B64U, text)
        if len(text) <= 200:
            assert bool(re.search(SALT, text)) is (len(data) >= 16)

    @given(st.text("ABCQgwEI_-09=+", max_size=30))
    def test_patterns_of_bytes_take_nothing_a_reader_refuses(self, text):
        assert bool(re.fullmatch(B64U[1:-1], text)) is _is_b64u(text)

    def test_gives_an_example_of_a_query(self):
        assert DOCUMENT["components"]["schemas"]["QueryBody"]["examples"]

    def test_is_served(self):
        assert build(None).openapi() == DOCUMENT
