"""An endpoint over real sockets: an answer is whole, or it is ChainUnavailable."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.chain.jsonrpc import Endpoint, is_response
from node.errors import ChainUnavailable, ConfigInvalid
from tests.common.endpoints import (
    CLOSE,
    HANG,
    KEEP,
    RESET,
    Reply,
    http_reply,
    json_reply,
    raw_server,
    result,
    scripted_endpoint,
)
from tests.common.nodes import until

GOOD = http_reply(b'{"jsonrpc":"2.0","id":1,"result":"0x1"}')
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def ask(reply, **options):
    """Call one method of a server that answers everything with `reply`."""
    with raw_server(lambda _body: reply) as server, Endpoint(server.url, **options) as endpoint:
        return endpoint.call("eth_chainId")


class TestAnswer:
    def test_is_returned_whole(self):
        assert ask(GOOD)["result"] == "0x1"

    def test_may_come_in_chunks(self):
        whole = b'8\r\n{"id":1,\r\nf\r\n"result":"0x1"}\r\n0\r\n\r\n'
        assert ask(Reply(CHUNKED + whole))["result"] == "0x1"

    def test_may_end_with_the_connection(self):
        assert ask(Reply(b'HTTP/1.1 200 OK\r\n\r\n{"id":1,"result":2}'))["result"] == 2

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(),
            Reply(then=RESET),
            Reply(b"HTTP/1.1 200 OK\r\nContent-Le"),
            Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", then=RESET),
            Reply(b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"id":1,"result":"0x1"}'),
            Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999999\r\n\r\n{}"),
            Reply(CHUNKED + b'99\r\n{"id":1,"result":"0x1"}'),
            Reply(CHUNKED + b'zz\r\n{"id":1,"result":"0x1"}'),
            Reply(b"SSH-2.0-OpenSSH_9.6\r\n"),
            Reply(b"HTTP/1.1 OK\r\n\r\n"),
            Reply(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200 + b"\r\n"),
            Reply(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n"),
            http_reply(b"Bad Gateway", "502 Bad Gateway"),
            http_reply(b"", "301 Moved\r\nLocation: http://127.0.0.1:1/"),
            http_reply(b'{"id":1,"result":"0x1"}', "500 Internal Server Error"),
            http_reply(b""),
            http_reply(b"<html>not here</html>"),
            http_reply(b'{"id":1,"result":"0x'),
            http_reply(b"\xff\xfe{}"),
            http_reply(b"[" * 100_000),
            json_reply([]),
            json_reply([{"id": 1, "result": "0x1"}]),
            json_reply(7),
            json_reply(None),
            json_reply({}),
            json_reply({"id": 1}),
            json_reply({"id": 1, "error": None}),
            json_reply({"id": 1, "error": "no"}),
            json_reply({"id": 2, "result": "0x1"}),
            json_reply({"id": True, "result": "0x1"}),
            json_reply({"id": "1", "result": "0x1"}),
            json_reply({"result": "0x1"}),
            json_reply({"id": 2, "error": {"code": 1, "message": "another's"}}),
        ],
    )
    def test_that_is_cut_garbled_or_anothers_is_no_answer(self, reply):
        with pytest.raises(ChainUnavailable, match=r"127\.0\.0\.1"):
            ask(reply)

    def test_that_never_comes_is_given_up(self):
        begun = time.monotonic()
        with pytest.raises(ChainUnavailable, match="timed out"):
            ask(Reply(then=HANG), timeout_seconds=0.1)
        assert time.monotonic() - begun < 5

    def test_that_stops_half_way_is_given_up(self):
        half = Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", then=HANG)
        with pytest.raises(ChainUnavailable, match="timed out"):
            ask(half, timeout_seconds=0.1)

    def test_over_the_limit_is_not_read_to_its_end(self):
        with pytest.raises(ChainUnavailable, match="over 1000 bytes"):
            ask(http_reply(b" " * 5_000_000), answer_bytes=1000)

    def test_of_nobody_is_none(self):
        with raw_server(lambda _body: GOOD) as server:
            url = server.url
        with pytest.raises(ChainUnavailable), Endpoint(url) as endpoint:
            endpoint.call("eth_chainId")

    def test_with_an_error_is_returned_as_it_is(self):
        refused = {"jsonrpc": "2.0", "id": 1, "error": {"code": 3, "message": "reverted"}}
        assert ask(json_reply(refused)) == refused

    def test_may_carry_an_error_without_the_id(self):
        assert "error" in ask(json_reply({"id": None, "error": {"code": -32700, "message": "?"}}))

    def test_with_a_null_error_beside_its_result_is_no_error(self):
        assert "error" not in ask(json_reply({"id": 1, "result": "0x1", "error": None}))

    @settings(max_examples=150)
    @given(st.binary(max_size=300), st.booleans())
    def test_of_random_bytes_raises_nothing_else(self, data, with_status):
        status = b"HTTP/1.1 200 OK\r\n" if with_status else b""
        with pytest.raises(ChainUnavailable):
            ask(Reply(status + data), timeout_seconds=5)


def echo(request):
    return result(request, request["id"])


class TestConnections:
    def test_are_used_again(self):
        with scripted_endpoint(echo) as server, Endpoint(server.url) as endpoint:
            assert [endpoint.call("eth_chainId")["result"] for _ in range(5)] == [1, 2, 3, 4, 5]
            assert len(server.connections) == 1

    def test_that_the_server_closed_meanwhile_are_replaced(self):
        def closing(request):
            return Reply(json_reply(echo(request)).data, then=CLOSE)

        with scripted_endpoint(closing) as server, Endpoint(server.url) as endpoint:
            for number in (1, 2, 3):
                assert endpoint.call("eth_chainId")["result"] == number
                until(lambda: len(server.ended) == len(server.requests))

    def test_are_not_used_again_once_the_server_may_be_closing_them(self, monkeypatch):
        monkeypatch.setattr("node.chain.jsonrpc.IDLE_SECONDS", 0.0)
        with scripted_endpoint(echo) as server, Endpoint(server.url) as endpoint:
            assert [endpoint.call("eth_chainId")["result"] for _ in range(3)] == [1, 2, 3]
            assert len(server.connections) == 3

    def test_with_bytes_nobody_asked_for_are_dropped(self):
        # More than one read takes: the rest still waits when the connection is wanted again.
        stray = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b" " * 99_999

        def talking(request):
            return Reply(json_reply(echo(request)).data + stray, then=KEEP)

        with scripted_endpoint(talking) as server, Endpoint(server.url) as endpoint:
            assert [endpoint.call("eth_chainId")["result"] for _ in range(3)] == [1, 2, 3]
            assert len(server.connections) == 3

    def test_that_give_the_answer_before_last_are_out_of_step(self):
        with scripted_endpoint(lambda _: {"id": 1, "result": 1}) as server:
            endpoint = Endpoint(server.url)
            assert endpoint.call("eth_chainId")["result"] == 1
            with pytest.raises(ChainUnavailable, match="something else"):
                endpoint.call("eth_chainId")
            endpoint.close()

    def test_in_doubt_are_not_used_again(self):
        replies = iter([http_reply(b"", "500 No"), {"id": 2, "result": 0}])
        with scripted_endpoint(lambda _: next(replies)) as server, Endpoint(server.url) as endpoint:
            with pytest.raises(ChainUnavailable):
                endpoint.call("eth_chainId")
            endpoint.call("eth_chainId")
            assert len(server.connections) == 2

    def test_send_a_request_once(self):
        with (
            raw_server(lambda _body: Reply()) as server,
            Endpoint(server.url) as endpoint,
            pytest.raises(ChainUnavailable),
        ):
            endpoint.post(b"{}")
        assert server.requests == [b"{}"]


class TestAddress:
    @pytest.mark.parametrize(
        "url", ["", "127.0.0.1:8545", "ftp://host/", "http://", "http://[::1", "http://h:99999"]
    )
    def test_that_is_none_is_a_fault_of_the_settings(self, url):
        with pytest.raises(ConfigInvalid, match="chain endpoint"):
            Endpoint(url)

    def test_may_have_a_path_and_a_query(self):
        with (
            raw_server(lambda _body: GOOD) as server,
            Endpoint(f"{server.url}/rpc?key=1") as endpoint,
        ):
            endpoint.call("eth_chainId")
        assert server.heads[0].startswith(b"POST /rpc?key=1 HTTP/1.1\r\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


class TestIsResponse:
    @given(
        JSON | st.fixed_dictionaries({}, optional={"id": JSON, "result": JSON, "error": JSON}),
    )
    def test_leaves_a_result_or_an_error_object(self, answer):
        if is_response(answer, 1):
            error = answer.get("error", {})
            assert isinstance(error, dict)
            assert "error" in answer or "result" in answer
