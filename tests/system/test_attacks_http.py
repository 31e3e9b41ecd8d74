"""Requests no honest client sends: each is refused by its code, and the node goes on serving."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import AuthorisationUnknown
from node.protocol.wire import encoding
from node.protocol.wire.receipt import Receipt
from tests.common.nodes import QUERY
from tests.common.wire import exchange, render, sign

pytestmark = pytest.mark.chain


def body(**changes: Any) -> bytes:
    salt = encoding.b64u(secrets.token_bytes(16))
    return json.dumps({**QUERY, "salt": salt, **changes}).encode()


def ask(city, data, *, path=None, query="", **options):
    """Send a query of the application, signed as it is sent."""
    path = path or f"/api/v1/authorisations/{city.town.first}/query"
    headers = sign(city.town.keys.application, city.authority, path, data, query=query, **options)
    target = f"{path}?{query}" if query else path
    return exchange(city.authority, render("POST", target, headers.items(), data))


class TestAddress:
    @pytest.mark.parametrize(
        "spelling", ["0{}", "%3{}", "+{}", "%20{}", "{}.0", "{}%20", "{}_", "00000000{}"]
    )
    def test_of_a_query_has_one_spelling(self, city, spelling):
        number = spelling.format(city.town.first)
        refused = ask(city, body(), path=f"/api/v1/authorisations/{number}/query")
        assert (refused.status, refused.problem["code"]) == (400, "malformed-request")

    @pytest.mark.parametrize("query", ["a=b", "x" * 4000])
    def test_of_a_query_has_no_query_string(self, city, query):
        refused = ask(city, body(), query=query)
        assert (refused.status, refused.problem["code"]) == (400, "malformed-request")

    def test_with_a_slash_at_the_end_is_another(self, city):
        # A redirect would go wherever the request's own Host says.
        request = render("GET", "/api/v1/status/", [("host", "elsewhere.example")])
        refused = exchange(city.authority, request)
        assert (refused.status, refused.problem["code"]) == (404, "not-found")

    @pytest.mark.parametrize("number", ["0", "-1", str(2**53), str(2**64), "9" * 1900])
    def test_of_no_possible_authorisation_is_malformed(self, city, number):
        refused = ask(city, body(), path=f"/api/v1/authorisations/{number}/query")
        assert (refused.status, refused.problem["code"]) == (400, "malformed-request")

    @pytest.mark.parametrize("order", [1, -1])
    def test_is_not_served_under_a_second_host(self, city, order):
        data = body()
        path = f"/api/v1/authorisations/{city.town.first}/query"
        headers = sign(city.town.keys.application, city.authority, path, data)
        pairs = [("host", headers.pop("host")), ("host", "elsewhere.example")][::order]
        refused = exchange(city.authority, render("POST", path, [*pairs, *headers.items()], data))
        assert (refused.status, refused.problem["code"]) == (400, "malformed-request")


class TestHeaders:
    """What is signed arrives once: of two, this node would take one and a proxy the other."""

    @pytest.mark.parametrize("order", [1, -1])
    @pytest.mark.parametrize("other", ["the same", "another call's", "in capitals"])
    @pytest.mark.parametrize(
        "name", ["content-type", "content-digest", "signature-input", "signature"]
    )
    def test_given_twice_are_refused_without_a_leaf(self, city, name, other, order):
        path, data = f"/api/v1/authorisations/{city.town.first}/query", body()
        headers = sign(city.town.keys.application, city.authority, path, data)
        value = headers[name]
        if other == "another call's":
            value = sign(city.town.keys.application, city.authority, path, body())[name]
        again = (name.upper() if other == "in capitals" else name, value)
        pairs = [*headers.items(), again][::order]
        refused = exchange(city.authority, render("POST", path, pairs, data))
        assert (refused.status, refused.problem["code"]) == (400, "malformed-request")
        assert "receipt" not in refused.problem


class TestBody:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"purpose": "\ud800"}, "malformed-request"),
            ({"operator": "\udfff"}, "malformed-request"),
            ({"\ud800": 1}, "malformed-request"),
            ({"where": {"\ud800": {"eq": "1"}}}, "malformed-request"),
            ({"where": []}, "malformed-filter"),
            ({"where": False}, "malformed-filter"),
            ({"where": {"GMSFHM": {"eq": "1\0"}}}, "malformed-filter"),
            ({"where": {"GMSFHM": {"in": ["1"] * 101}}}, "malformed-filter"),
            ({"where": {"GMSFHM": {"ge": "1"}}}, "filter-not-granted"),
            ({"where": {'XM" = "XM" or "1': {"eq": "1"}}}, "filter-not-granted"),
            ({"items": ['XM" from person --']}, "item-not-granted"),
            ({"purpose": "e\u0301"}, "purpose-not-granted"),
            ({"page": {"after": "AAAA"}}, "malformed-request"),
        ],
    )
    def test_is_refused_by_its_code_with_a_receipt(self, city, changes, code):
        problem = ask(city, body(**changes)).problem
        assert problem["code"] == code
        assert Receipt.parse(problem["receipt"]).parsed_leaf.outcome == code

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"[" * 60_000,
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
            b'{"purpose":"a","purpose":"b"}',
            b"{" + b",".join([b'"":1'] * 13_000) + b"}",
            b'{"purpose":NaN}',
            b'{"purpose":1e400}',
            b'{"purpose":1' + b"0" * 5_000 + b"}",
            b'\xef\xbb\xbf{"purpose":"a"}',
            b'{"purpose":"\xed\xa0\x80"}',
            '{"purpose":"a"}'.encode("utf-16"),
        ],
    )
    def test_is_refused_as_malformed_with_a_receipt(self, city, data):
        refused = ask(city, data)
        assert (refused.status, refused.problem["code"]) == (400, "malformed-request")
        assert "receipt" in refused.problem

    @settings(max_examples=60)
    @given(
        st.dictionaries(
            st.sampled_from([*QUERY, "page", "salt"]) | st.text(st.characters(codec=None)),
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers(-(10**30), 10**30)
                | st.floats()
                | st.text(st.characters(codec=None)),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["GMSFHM", "XM", "eq", "in", "prefix", "size", "after"])
                        | st.text(st.characters(codec=None)),
                        inner,
                        max_size=3,
                    )
                ),
                max_leaves=8,
            ),
            max_size=4,
        )
    )
    def test_of_any_shape_is_served_or_refused_with_a_receipt(self, city, changes):
        answer = ask(city, body(**changes))
        assert answer.status in {200, 400, 403}, answer
        assert "receipt" in json.loads(answer.body)


class TestCaches:
    def test_keep_nothing_that_a_signed_request_is_answered_with(self, city):
        assert ask(city, body()).headers["cache-control"] == "no-store"
        assert ask(city, b"{").headers["cache-control"] == "no-store"
        path = f"/api/v1/authorisations/{city.town.first}"
        for signer in (city.town.keys.application, city.outsider):
            headers = sign(signer, city.authority, path, b"", method="GET")
            answer = exchange(city.authority, render("GET", path, headers.items()))
            assert answer.headers["cache-control"] == "no-store"
        public = exchange(city.authority, render("GET", "/api/v1/status", [("host", "x")]))
        assert "cache-control" not in public.headers


class TestOracle:
    def test_no_code_tells_an_authorisation_that_is_another_s_from_none(self, city):
        refusals = []
        for number in (city.town.first, city.town.first + 999):
            url = f"{city.town.url}/api/v1/authorisations/{number}"
            with pytest.raises(AuthorisationUnknown) as refused:
                city.town.http(city.outsider).request("GET", url)
            refusals.append((refused.value.message, refused.value.facts))
        assert refusals[0] == refusals[1]
