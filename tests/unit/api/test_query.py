"""The query over HTTP: what is handed to the service, and what is refused before it is asked."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from api.app import build
from api.operating.metrics import Watch
from api.routes.query import MAX_NUMBER
from api.settings import ConsoleSettings
from node.client.http import SignedHttp
from node.crypto import SoftwareSigner
from node.errors import AuthorisationSuspended, Overloaded, QuotaExceeded
from node.protocol.wire import canonical

AUTHORITY = "provider.example:8601"
BODY_BYTES = 2_000
ANSWER = b'{"receipt":{}}'


class Service:
    """Stands for the service: tells what it was asked, or refuses."""

    def __init__(self):
        self.asked = []
        self.refusal = None

    async def handle(self, call, authorisation, body):
        self.asked.append((call.event, authorisation, body))
        if self.refusal is not None:
            raise self.refusal
        return ANSWER


@pytest.fixture
def service():
    return Service()


def build_app(service):
    limits = SimpleNamespace(body_bytes=BODY_BYTES)
    settings = SimpleNamespace(limits=limits, authorities=[AUTHORITY], console=ConsoleSettings())
    node: Any = SimpleNamespace(service=service, settings=settings, watch=Watch())
    return build(node)


@pytest.fixture
def app(service):
    return build_app(service)


@pytest.fixture(scope="module")
def http():
    signed = SignedHttp(SoftwareSigner.generate())
    yield signed
    signed.close()


def send(app, request, content=None, **headers):
    async def post():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(
                request.method,
                request.url,
                content=request.body if content is None else content,
                headers={**request.headers, **headers},
            )

    return asyncio.run(post())


def sign(http, number="12", authority=AUTHORITY, size=10):
    url = f"http://{authority}/api/v1/authorisations/{number}/query"
    return http.sign("POST", url, canonical.dumps({"a": "x" * size}), "application/json")


class TestQuery:
    def test_give_the_services_answer(self, app, service, http):
        request = sign(http)
        answer = send(app, request)
        assert (answer.status_code, answer.content) == (200, ANSWER)
        assert answer.headers["content-type"] == "application/json"
        [(_, authorisation, body)] = service.asked
        assert (authorisation, body) == (12, request.body)

    @pytest.mark.parametrize(
        ("refusal", "status"),
        [
            (AuthorisationSuspended("suspended", receipt={"v": 1}), 403),
            (Overloaded("512 calls are in hand"), 503),
            (QuotaExceeded("used up", reset="2026-01-01T16:00:00Z"), 429),
        ],
    )
    def test_give_its_refusal_as_a_problem(self, app, service, http, refusal, status):
        service.refusal = refusal
        answer = send(app, sign(http))
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == refusal.code
        assert ("retry-after" in answer.headers) == (status in {429, 503})

    @pytest.mark.parametrize(
        ("changes", "refused"),
        [
            ({"content": b"{}"}, (400, "digest-mismatch")),
            ({"signature": "sig=:AAAA:"}, (401, "signature-invalid")),
            ({"signature-input": "sig=()"}, (400, "malformed-request")),
            ({"x-padding": "x" * 17_000}, (400, "malformed-request")),
        ],
    )
    def test_refuse_before_the_service_is_asked(self, app, service, http, changes, refused):
        answer = send(app, sign(http), **changes)
        assert (answer.status_code, answer.json()["code"]) == refused
        assert service.asked == []

    def test_read_no_body_beyond_the_limit(self, app, service, http):
        answer = send(app, sign(http, size=BODY_BYTES))
        assert answer.json()["code"] == "malformed-request"
        assert str(BODY_BYTES) in answer.json()["detail"]
        assert service.asked == []

    def test_serve_only_the_names_of_the_node(self, app, service, http):
        answer = send(app, sign(http, authority="other.example"))
        assert answer.json()["authorities"] == [AUTHORITY]
        assert service.asked == []

    def test_tell_of_a_bug_no_more_than_that_there_is_one(self, app, service, http):
        service.refusal = ZeroDivisionError("secret")
        answer = send(app, sign(http))
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "secret" not in answer.text

    @pytest.mark.parametrize("number", ["0", "-1", "1.5", "abc", "007", "%31", str(MAX_NUMBER + 1)])
    def test_refuse_what_is_no_authorisation(self, app, service, http, number):
        answer = send(app, sign(http, number=number))
        assert answer.json()["code"] == "malformed-request"
        assert service.asked == []

    @pytest.mark.parametrize("number", ["1", "999999999999999", str(MAX_NUMBER)])
    def test_take_every_number_that_is_one(self, app, service, http, number):
        assert send(app, sign(http, number=number)).status_code == 200
        assert service.asked[0][1] == int(number)

    def test_read_no_query_string(self, app, service, http):
        url = f"http://{AUTHORITY}/api/v1/authorisations/12/query?a=1"
        request = http.sign("POST", url, b"{}", "application/json")
        assert send(app, request).json()["code"] == "malformed-request"
        assert service.asked == []

    def test_answer_no_other_method(self, app, service, http):
        request = http.sign("GET", str(sign(http).url), b"", "application/json")
        assert send(app, request).status_code == 405
        assert service.asked == []

    @pytest.mark.parametrize("tail", ["/query/", "", "/query/more"])
    def test_answer_at_no_other_address(self, app, service, http, tail):
        url = f"http://{AUTHORITY}/api/v1/authorisations/12{tail}"
        request = http.sign("POST", url, b"{}", "application/json")
        assert send(app, request).status_code in {404, 405}
        assert service.asked == []

    def test_answer_nobody_whose_sender_has_gone(self, app, service, caplog):
        sent = []

        async def receive():
            return {"type": "http.disconnect"}

        async def keep(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "root_path": "",
            "path": "/api/v1/authorisations/12/query",
            "raw_path": b"/api/v1/authorisations/12/query",
            "query_string": b"",
            "headers": [(b"host", AUTHORITY.encode())],
        }
        asyncio.run(app(scope, receive, keep))
        assert [message.get("body", b"") for message in sent] == [b"", b""]
        assert service.asked == []
        assert caplog.records == []
