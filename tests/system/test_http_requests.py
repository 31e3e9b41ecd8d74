"""HTTP as clients of all kinds speak it to a node: upgrades, chunks, HEAD, OPTIONS, Java."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from node.crypto import SoftwareSigner
from node.errors import KeyRevoked
from node.office import departments
from node.protocol.wire import encoding
from node.protocol.wire.receipt import Receipt
from tests.common import founding, papers
from tests.common.nodes import QUERY
from tests.common.wire import Answer, described_paths, exchange, render, sign

pytestmark = pytest.mark.chain

CLIENT = Path(__file__).parents[1] / "clients" / "java" / "Post.java"
QUICKLY = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Programs of a second: a second compiler and several collectors cost more than they save."""
UPGRADE = {
    "connection": "Upgrade, HTTP2-Settings",
    "upgrade": "h2c",
    "http2-settings": "AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
}
"""What Java's HttpClient sends unless it is told to speak HTTP/1.1."""
PATHS = sorted(described_paths().items())


def query() -> bytes:
    return json.dumps({**QUERY, "salt": encoding.b64u(secrets.token_bytes(16))}).encode()


def signed(city, body: bytes) -> tuple[str, dict[str, str]]:
    path = f"/api/v1/authorisations/{city.town.first}/query"
    return path, sign(city.town.keys.application, city.authority, path, body)


def served(answer: Answer) -> bool:
    assert answer.status == 200, answer
    leaf = Receipt.parse(json.loads(answer.body)["receipt"]).parsed_leaf
    return leaf.outcome == "served"


class TestQuery:
    def test_that_offers_an_upgrade_is_served(self, city):
        body = query()
        path, headers = signed(city, body)
        request = render("POST", path, {**headers, **UPGRADE}.items(), body)
        # The first of two fields of one name is the one that names the upgrade.
        assert served(exchange(city.authority, request.replace(b"connection: close\r\n", b"", 1)))

    @pytest.mark.parametrize("more", [{}, UPGRADE], ids=["plain", "upgrade"])
    def test_in_chunks_is_served(self, city, more):
        body = query()
        path, headers = signed(city, body)
        lines = {**headers, **more, "transfer-encoding": "chunked"}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
        request = f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + chunks + b"0\r\n\r\n"
        assert served(one_answer(city, request))

    def test_that_waits_for_a_continue_is_served(self, city):
        body = query()
        path, headers = signed(city, body)
        request = render("POST", path, {**headers, "expect": "100-continue"}.items(), body)
        with connect(city) as connection:
            connection.sendall(request.removesuffix(body))
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(body)
            assert served(read_answer(connection))

    def test_is_served_with_others_in_one_piece(self, city):
        requests = b""
        for more in ({}, UPGRADE, {}, UPGRADE):
            body = query()
            path, headers = signed(city, body)
            whole = render("POST", path, {**headers, **more}.items(), body)
            requests += whole.replace(b"connection: close\r\n", b"", 1)
        with connect(city) as connection:
            connection.sendall(requests)
            assert all(served(read_answer(connection)) for _ in range(4))


@pytest.fixture(scope="module")
def posting(tmp_path_factory):
    """The folder of Java's client, compiled once."""
    folder = tmp_path_factory.mktemp("java")
    command = [java("javac"), *(f"-J{each}" for each in QUICKLY), "-d", folder, CLIENT]
    subprocess.run(command, check=True, timeout=120)  # noqa: S603 - a test's own program
    return folder


@pytest.mark.parametrize(
    "client", [("HTTP_2", "whole"), ("HTTP_2", "chunked"), ("HTTP_1_1", "whole")], ids="-".join
)
def test_javas_own_client_is_served(city, client, posting):
    """java.net.http.HttpClient, which offers HTTP/2 by an upgrade unless told otherwise."""
    body = query()
    path, headers = signed(city, body)
    del headers["host"]  # HttpClient writes it itself
    pairs = [part for pair in headers.items() for part in pair]
    done = subprocess.run(  # noqa: S603 - a test's own program
        [java("java"), *QUICKLY, "-cp", posting, "Post", *client, city.town.url + path, *pairs],
        input=body,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    status, _, answer = done.stdout.partition(b"\n")
    assert status == b"200"
    assert Receipt.parse(json.loads(answer)["receipt"]).parsed_leaf.outcome == "served"


def java(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true, but there is no {tool} command")
        pytest.skip(f"there is no {tool} command")
    return found


class TestRevokedKey:
    def test_of_an_application_is_told_so_and_when(self, city):
        town, signer = city.town, SoftwareSigner.generate()
        act = founding.application_key("OTHER", signer, town.keys.encryption)
        head = town.keys.heads[papers.EDUCATION]
        town.decide(act, head, signer)
        key = signer.public_key.key_id.hex()
        decided = town.decide(departments.revoke_key(papers.revocation(key=key)), head)
        stamp = town.node.gateway.block(decided.block).timestamp
        url = f"{town.url}/api/v1/authorisations/{town.first}"
        for method, where, body in (("GET", url, b""), ("POST", f"{url}/query", query())):
            with pytest.raises(KeyRevoked) as refused:
                town.http(signer).request(method, where, body, "application/json")
            assert refused.value.facts == {"key": key, "revokedAt": stamp}
            assert f"revoked on the chain at {encoding.rfc3339(stamp)}" in refused.value.message


class TestMethods:
    def addresses(self, city) -> list[tuple[str, set[str]]]:
        """An address of every path of the document, with the methods it says there are."""
        town = city.town
        first = papers.POLICE
        names: dict[str, Any] = {
            "authorisation": town.first,
            "digest": "ab" * 32,
            "entry": "ab" * 32,
            "number": 1,
            "event": "ab" * 32,
            "code": first,
            "department": first,
            "size": 1,
            "level": 0,
            "place": "000.p/1",
        }
        return [
            (path.format(**names), {method.upper() for method in methods})
            for path, methods in PATHS
        ] + [("/openapi.json", {"GET"})]

    def test_are_all_named_where_one_does_not_fit(self, city):
        for address, methods in self.addresses(city):
            reads = {"HEAD"} if "GET" in methods else set()
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} - methods - reads:
                refused = ask(city, method, address)
                assert refused.status == 405, (method, address)
                assert set(refused.headers["allow"].split(", ")) == methods | reads | {"OPTIONS"}
                if method != "HEAD":
                    assert refused.headers["allow"] in refused.problem["detail"]

    def test_are_what_options_tells(self, city):
        for address, methods in self.addresses(city):
            told = ask(city, "OPTIONS", address)
            reads = {"HEAD"} if "GET" in methods else set()
            assert (told.status, told.body) == (204, b"")
            assert set(told.headers["allow"].split(", ")) == methods | reads | {"OPTIONS"}
        assert ask(city, "OPTIONS", "/nowhere").status == 404

    def test_head_is_answered_as_get_is_without_the_content(self, city):
        for address, methods in self.addresses(city):
            if "GET" not in methods:
                continue
            answers = []
            for method in ("GET", "HEAD"):
                signature = sign(
                    city.town.keys.nodes[papers.POLICE],
                    city.authority,
                    address,
                    b"",
                    method=method,
                )
                request = render(method, address, signature.items())
                answers.append(exchange(city.authority, request))
            get, head = answers
            assert (head.status, head.body) == (get.status, b""), address
            assert head.headers["content-type"] == get.headers["content-type"]
            if get.status == 200 and not address.endswith("status"):
                assert int(head.headers["content-length"]) == len(get.body)


class TestNotFound:
    @pytest.mark.parametrize(
        "address", ["/api", "/docs", "/api/v1", "/api/v1/status/", "/api/v2/x"]
    )
    def test_names_an_address_that_exists(self, city, address):
        """A 404's `what to do` is followed, as its reader would."""
        assert_points_somewhere(city.town.url, address)

    def test_of_the_embedded_chain_does_too(self, city):
        assert_points_somewhere(city.town.chain.running.url, "/docs")

    def test_of_a_log_names_where_those_that_exist_are_listed(self, city):
        assert_points_somewhere(city.town.url, f"/api/v1/logs/{'0' * 18}/checkpoint")


def assert_points_somewhere(url: str, address: str) -> None:
    refused = httpx.get(url + address)
    assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    named = re.findall(r"GET (/[!-~]*[a-z])", refused.json()["detail"])
    assert named
    for each in named:
        assert httpx.get(url + each).status_code == 200


def ask(city, method: str, address: str) -> Answer:
    return exchange(city.authority, render(method, address, [("host", city.authority)]))


def connect(city) -> socket.socket:
    host, _, port = city.authority.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def one_answer(city, request: bytes) -> Answer:
    with connect(city) as connection:
        connection.sendall(request)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer of a connection that stays open, by the length it states."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += take(connection, 1)
    first, *lines = received.decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = take(connection, int(headers["content-length"]))
    return Answer(int(first.split()[1]), headers, body)


def take(connection: socket.socket, count: int) -> bytes:
    taken = b""
    while len(taken) < count:
        piece = connection.recv(count - len(taken))
        assert piece, taken
        taken += piece
    return taken
