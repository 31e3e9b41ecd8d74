"""Whatever is sent to a route, signed or not, is answered by a problem or by what was asked."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.common.wire import described_paths, exchange, render, sign

pytestmark = pytest.mark.chain

ROUTES = sorted(
    (method.upper(), path)
    for path, operations in described_paths().items()
    for method in operations
)
SECONDS = 20.0
"""Of all examples of a route together."""
PIECE = st.sampled_from(
    ["0", "1", "-1", "9" * 30, "ab" * 32, "AB" * 32, "00" * 31, "11130900MB0000002Q", "%00", "%2e",
     "%2F", "%E5%B1%80", "%FF", "%ud800", "a" * 300, "+", "~", "null", "%0a", "%E2%80%AE"]
)  # fmt: skip
QUERY = st.lists(
    st.tuples(
        st.sampled_from(["q", "old", "new", "after", "limit", "size", "department", "entry", "x"]),
        PIECE | st.just(""),
    ),
    max_size=3,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
BODY = st.binary(max_size=200) | st.sampled_from([b"{}", b"[]", b"null", b"[" * 5000, b'{"a":1}'])


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=str)
def test_is_answered_by_a_problem_or_by_what_was_asked(city, method, route):
    begun = time.monotonic()
    signers = [city.town.keys.application, city.outsider, *city.town.keys.heads.values()]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        pieces=st.lists(PIECE, min_size=4, max_size=4),
        query=QUERY,
        body=BODY,
        signer=st.none() | st.sampled_from(signers),
        spoilt=st.sampled_from(["", "signature", "signature-input", "content-digest", "host"]),
        noise=st.text("\x20\x7e:;=\"'()\x80\xff", max_size=60),
    )
    def ask(*, pieces, query, body, signer, spoilt, noise):
        if time.monotonic() - begun > SECONDS:
            return
        path, names = route, iter(pieces)
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + next(names) + rest.partition("}")[2]
        headers = {"host": city.authority, "content-type": "application/json"}
        if signer is not None:
            headers = sign(signer, city.authority, path, body, query=query, method=method)
        if spoilt:
            headers[spoilt] = noise.strip() or "x"
        target = f"{path}?{query}" if query else path
        answer = exchange(city.authority, render(method, target, headers.items(), body))
        assert answer.status < 500, (answer, path, query, body, headers)
        if answer.status >= 400:
            assert answer.problem["code"]
        else:
            json.loads(answer.body) if answer.headers.get(
                "content-type"
            ) == "application/json" else 0

    ask()
    assert not city.town.fatal
