"""Requests are signed once over what goes over the wire, and sent again as they are."""

import httpx
import pytest

from node import errors
from node.client.http import (
    SignedHttp,
    raise_problem,
)
from node.crypto import SoftwareSigner
from node.errors import (
    ClockSkew,
    InvalidInput,
    LedgerError,
    PeerUnavailable,
)
from node.protocol.wire import signedcall

SIGNER = SoftwareSigner.generate()
NOW = 1_790_000_000


def response(status, **options):
    return httpx.Response(status, request=httpx.Request("GET", "http://node/x"), **options)


class Server:
    """Answers as told and remembers what came."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(server, **options):
    return SignedHttp(SIGNER, clock=lambda: NOW, transport=httpx.MockTransport(server), **options)


def verify(request):
    """Verify a request as a server does."""
    path, _, query = request.url.raw_path.partition(b"?")
    call = signedcall.parse(
        request.method,
        request.headers["host"],
        path,
        query,
        [(name.lower(), value) for name, value in request.headers.raw],
        request.content,
    )
    signedcall.verify(call, SIGNER.public_key, NOW)
    return call


class TestSignedHttp:
    @pytest.mark.parametrize(
        "url",
        [
            "http://node.example/api/v1/status",
            "http://Node.Example:8601/a/b?x=1&y=%20z",
            "http://node.example/目录?q=户籍",
            "http://[::1]:8601/",
        ],
    )
    def test_sends_what_a_server_verifies(self, url):
        server = Server(httpx.Response(200))
        with client(server) as http:
            http.request("POST", url, b"{}", "application/json")
        assert verify(server.requests[0]).key_id == SIGNER.public_key.key_id

    def test_signs_for_the_authority_it_is_told(self):
        server = Server(httpx.Response(200))
        with client(server, authority="Registered.Example:443") as http:
            http.request("GET", "http://127.0.0.1:8601/")
        assert verify(server.requests[0]).authority == "registered.example:443"

    def test_sends_the_same_bytes_when_the_network_fails(self):
        server = Server(
            httpx.ConnectError("refused"), httpx.ReadTimeout("late"), httpx.Response(200)
        )
        with client(server) as http:
            assert http.request("PUT", "http://node/", b"x").status_code == 200
        first, *others = [(sent.headers.raw, sent.content) for sent in server.requests]
        assert others == [first, first]

    def test_gives_up_after_its_attempts(self):
        server = Server(*[httpx.ConnectError("refused")] * 3)
        with client(server) as http, pytest.raises(PeerUnavailable, match="node"):
            http.request("GET", "http://node:1/")
        assert server.answers == []

    def test_does_not_repeat_what_was_refused(self):
        problem = {"code": "clock-skew", "detail": "late", "now": NOW}
        server = Server(httpx.Response(401, json=problem))
        with client(server) as http, pytest.raises(ClockSkew) as refused:
            http.request("GET", "http://node/")
        assert refused.value.facts == {"now": NOW}

    @pytest.mark.parametrize(
        "url", ["http://", "http://[", "http://[zz]", "http://:80", "http://a:b", "node/x", "ftp:x"]
    )
    def test_signs_for_no_url_that_is_none(self, url):
        with client(Server()) as http, pytest.raises(InvalidInput, match="signed for"):
            http.request("GET", url)

    @pytest.mark.parametrize("host", ["a..b", ".", "a" * 64, "xn--a"])
    def test_reaches_no_host_that_has_no_name(self, host):
        with SignedHttp(SIGNER, attempts=1) as http, pytest.raises(LedgerError):
            http.request("GET", f"http://{host}/")

    def test_gives_every_request_its_own_nonce(self):
        with client(Server()) as http:
            nonces = {http.sign("GET", "http://node/").headers["signature-input"] for _ in "abc"}
        assert len(nonces) == 3


class TestHostileServer:
    """What a server answers is bounded, and whatever is wrong with it is its own affair."""

    def test_is_read_no_further_than_the_limit(self):
        def endless():
            while True:
                taken.append(1)
                yield b"x" * 1000

        taken: list[int] = []
        server = Server(httpx.Response(200, stream=Endless(endless())))
        http = client(server, attempts=1, answer_bytes=10_000)
        with http, pytest.raises(PeerUnavailable, match="more than 10000 bytes"):
            http.request("GET", "http://node/")
        assert len(taken) == 11

    def test_is_waited_for_no_longer_than_the_limit(self):
        def trickle():
            while True:
                yield b"x"

        server = Server(httpx.Response(200, stream=Endless(trickle())))
        http = client(server, attempts=1, answer_seconds=0.0)
        with http, pytest.raises(PeerUnavailable, match="not whole"):
            http.request("GET", "http://node/")

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
    def test_has_nothing_decompressed(self, encoding):
        headers = {"Content-Encoding": encoding}
        server = Server(httpx.Response(200, headers=headers, stream=Endless(iter([b"rubbish"]))))
        with client(server, attempts=1) as http, pytest.raises(PeerUnavailable, match="encoding"):
            http.request("GET", "http://node/")
        assert server.requests[0].headers["accept-encoding"] == "identity"

    def test_sends_nobody_elsewhere(self):
        server = Server(httpx.Response(302, headers={"Location": "http://169.254.169.254/"}))
        with client(server, attempts=1) as http, pytest.raises(LedgerError):
            http.request("GET", "http://node/")
        assert len(server.requests) == 1


class TestRaiseProblem:
    def test_passes_what_succeeded(self):
        raise_problem(response(204))

    def test_raises_what_did_not(self):
        with pytest.raises(errors.Overloaded):
            raise_problem(response(503, json={"code": "overloaded"}))


class Endless(httpx.SyncByteStream):
    """A body that comes piece by piece."""

    def __init__(self, pieces):
        self.pieces = pieces

    def __iter__(self):
        return self.pieces
