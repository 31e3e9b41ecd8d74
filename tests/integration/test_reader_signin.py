"""People who only read, signed in by a real OpenID Connect provider at a running node."""

from __future__ import annotations

import logging
import re
import time
from contextlib import ExitStack
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest

from api.app import build
from api.settings import load_settings
from node.errors import ConfigInvalid
from node.office import departments
from node.office.sessionrows import SessionRows
from tests.common import papers
from tests.common.keyfiles import write_private
from tests.common.officials import OFFICE, signed_in
from tests.common.oidc_provider import CLIENT, SECRET, provider

pytestmark = pytest.mark.chain
POLICE, EDUCATION = papers.POLICE, papers.EDUCATION
COOKIE = "shareledger-session"
SIGNING_OUT = ("DELETE", f"{OFFICE}/session")
SEEN = ("/desk", "/desk/entries", "/desk/authorisations", "/desk/uses")
ASKED = ("/desk/receipts/authorisations", "/desk/receipts/anchors")
"""What a page that verifies receipts asks; here without a question, so that nothing is told."""
BOARD = ("/board", "/board/now", "/board/events")


@pytest.fixture(scope="module")
def identity():
    with provider() as made:
        yield made


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds, identity):
    folder = tmp_path_factory.mktemp("node")
    write_private(folder / "oidc.secret", SECRET.encode() + b"\n")
    oidc = {
        "issuer": identity.url,
        "client_id": CLIENT,
        "client_secret_file": "oidc.secret",
        "readers": [
            {"value": "监管", "department": POLICE, "seats": ["desk"]},
            {"value": "运维", "department": EDUCATION, "seats": ["operation"]},
        ],
    }
    with moulds.served(folder, oidc=oidc) as town:
        yield town


@pytest.fixture(autouse=True)
def honest(identity):
    yield
    identity.person = {"sub": "u-1", "name": "王芳", "groups": ["监管"]}
    identity.forge = lambda claims: claims
    identity.algorithm = "ES256"


def browser(town):
    return httpx.Client(base_url=town.url, headers={"Accept": "text/html"})


def come_back(client, *, back="/desk", **changes):
    """Go to the provider and come back, with some parameters changed."""
    left = client.get("/sign-in/provider", params={"back": back})
    assert left.status_code == 303, left.text
    sent = httpx.get(left.headers["Location"]).headers["Location"]
    parts = urlsplit(sent)
    query = dict(parse_qsl(parts.query)) | changes
    return client.get(urlunsplit(parts._replace(query=urlencode(query))))


def sign_in(client, **options):
    answer = come_back(client, **options)
    assert answer.status_code == 200, answer.text
    token = answer.text.partition('name="csrf-token" content="')[2].partition('"')[0]
    client.headers["X-CSRF-Token"] = token
    return answer


class TestSigningIn:
    def test_a_reader_comes_back_to_the_page_he_wanted(self, town, identity):
        for algorithm in ("RS256", "ES256"):
            identity.algorithm = algorithm
            with browser(town) as client:
                answer = sign_in(client, back="/desk/entries")
                assert 'content="0; url=/desk/entries"' in answer.text
                assert "王芳" in answer.text
                assert "SameSite=strict" in answer.headers["Set-Cookie"]
                assert client.get("/desk/entries").status_code == 200

    def test_another_browser_cannot_come_back_in_his_place(self, town):
        with browser(town) as one, browser(town) as other:
            left = one.get("/sign-in/provider")
            sent = httpx.get(left.headers["Location"]).headers["Location"]
            assert other.get(sent).status_code == 403
            other.get("/sign-in/provider")  # has begun one of his own
            assert other.get(sent).status_code == 403
            assert COOKIE not in other.cookies
            assert one.get(sent).status_code == 200
            one.cookies.clear()
            assert one.get(sent).status_code == 403  # and again

    @pytest.mark.parametrize(
        ("changes", "status"),
        [({"state": "x"}, 403), ({"code": "x"}, 401), ({"code": ""}, 401), ({"iss": "x"}, 403)],
    )
    def test_what_was_changed_on_the_way_is_refused(self, town, changes, status):
        with browser(town) as client:
            assert come_back(client, **changes).status_code == status
            assert COOKIE not in client.cookies

    @pytest.mark.parametrize(
        "lie",
        [
            lambda claims: claims | {"iss": "https://elsewhere.example"},
            lambda claims: claims | {"aud": "another"},
            lambda claims: claims | {"aud": [CLIENT, "another"], "azp": "another"},
            lambda claims: claims | {"exp": int(time.time()) - 61},
            lambda claims: claims | {"iat": int(time.time()) + 3_600},
            lambda claims: claims | {"nonce": "another"},
            lambda claims: {name: each for name, each in claims.items() if name != "nonce"},
            lambda claims: {name: each for name, each in claims.items() if name != "exp"},
            lambda claims: claims | {"sub": 7},
            lambda _claims: "no.token.at all",
        ],
    )
    def test_an_id_token_that_does_not_hold_opens_nothing(self, town, identity, lie):
        identity.forge = lie
        with browser(town) as client:
            assert come_back(client).status_code == 401
            assert COOKIE not in client.cookies

    def test_the_algorithm_is_the_settings(self, town, identity):
        for forged in (identity.unsigned, identity.hmac_by_public_key):
            identity.forge = forged
            with browser(town) as client:
                assert come_back(client).status_code == 401

    def test_a_changed_signature_is_refused(self, town, identity):
        def turned(claims):
            head, body, signature = identity.signed(claims).split(".")
            return f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"

        identity.forge = turned
        with browser(town) as client:
            assert come_back(client).status_code == 401

    def test_whom_nothing_is_mapped_to_is_not_let_in(self, town, identity):
        identity.person = {"sub": "u-2", "groups": ["别的"]}
        with browser(town) as client:
            answer = come_back(client)
            assert answer.status_code == 403
            assert "没有给您查看的权限" in answer.text

    def test_the_secret_stands_in_no_log_and_no_answer(self, town, caplog):
        caplog.set_level(logging.DEBUG)
        with browser(town) as client:
            sign_in(client)
        assert "s3cret" not in caplog.text


class TestReading:
    def test_a_reader_of_the_desk_sees_his_departments_affairs(self, town):
        with browser(town) as client:
            sign_in(client)
            for page in (*SEEN, f"/desk/authorisations/{town.first}"):
                assert client.get(page).status_code == 200, page
            shown = client.get(f"/desk/authorisations/{town.first}").text
            assert "data-asks" not in shown
            assert "/desk/filings" not in shown
            assert client.get("/operation").status_code == 403
            elsewhere = {"department": EDUCATION}
            assert client.get("/desk/uses", params=elsewhere).status_code == 403

    def test_a_reader_of_operation_sees_how_the_node_fares(self, town, identity):
        identity.person = {"sub": "u-3", "groups": "运维"}
        with browser(town) as client:
            assert 'url=/operation"' in sign_in(client, back="/").text
            assert client.get("/operation").status_code == 200
            assert 'href="/board"' in client.get("/operation").text
            assert client.get("/board/now").json()["enrolled"] >= 3
            assert client.get("/desk").status_code == 403
            assert "s3cret" not in client.get("/operation/settings").text

    def test_no_route_lets_him_do_more_than_look(self, town):
        """Every route there is, with his cookie and his token, beside a stranger."""
        with browser(town) as client, httpx.Client(base_url=town.url) as stranger:
            sign_in(client)
            opened, asked = set(), 0
            for method, path in routes(town):
                # The board's stream has no end: what is answered shows in the answer's head.
                with client.stream(method, path) as answer:
                    pass
                other = stranger.request(method, path, headers={"Accept": "text/html"})
                if answer.status_code not in {401, 403} and other.status_code in {401, 403}:
                    opened.add((method, path))
                if (method, path) == SIGNING_OUT:
                    sign_in(client)
                asked += 1
        assert asked > 80
        assert opened == {
            *(("GET", page) for page in (*SEEN, *BOARD, *ASKED, "/desk/authorisations/1")),
            SIGNING_OUT,
        }

    def test_he_prepares_and_submits_nothing(self, town):
        with browser(town) as client:
            sign_in(client)
            for path in ("prepare", "submit"):
                answer = client.post(f"{OFFICE}/decisions/{path}", json={})
                assert answer.json()["code"] == "not-entitled", answer.text
            assert client.get("/audit").status_code == 403
            assert client.get(f"{OFFICE}/authorisations").status_code == 403


class TestEnding:
    def test_it_dies_with_signing_out(self, town):
        with browser(town) as client:
            sign_in(client)
            client.headers.pop("X-CSRF-Token")
            assert client.delete(f"{OFFICE}/session").status_code == 403  # another site's page
            sign_in(client)
            assert client.delete(f"{OFFICE}/session").status_code == 204
            assert client.get("/desk").status_code == 401

    def test_a_department_that_is_suspended_shuts_its_readers_out(self, town):
        head = town.keys.heads[papers.CENTRE]
        with browser(town) as client:
            sign_in(client)
            town.decide(order("停用"), head)
            assert client.get("/desk").status_code == 401
            answer = come_back(client)
            assert answer.status_code == 403
            assert "已暂停" in answer.text
            town.decide(order("恢复"), head)
            sign_in(client)
            assert client.get("/desk").status_code == 200

    def test_an_officers_session_stays_an_officers(self, town):
        with signed_in(town.url, town.keys.office[POLICE]) as client:
            assert client.get("/desk/key").status_code == 200

    @pytest.mark.parametrize("role", ["reader", "officer"])
    def test_only_a_pages_own_asking_is_no_use_of_it(self, town, identity, monkeypatch, role):
        """Else a page left open would keep whoever left it signed in for eight hours."""
        touched = []
        monkeypatch.setattr(SessionRows, "touch", lambda _self, row: touched.append(row))
        identity.person = {"sub": "u-5", "groups": "运维"}
        with ExitStack() as stack:
            if role == "reader":
                client = stack.enter_context(browser(town))
                sign_in(client)
            else:
                client = stack.enter_context(signed_in(town.url, town.keys.office[EDUCATION]))
            page = client.get("/operation", headers={"Accept": "text/html"}).text
            assert 'hx-headers=\'{"ShareLedger-Poll": "1"}\'' in page
            touched.clear()
            polled = {"ShareLedger-Poll": "1"}
            answer = client.get("/operation", headers={**polled, "HX-Request": "true"})
            assert (answer.status_code, touched) == (200, [])
            client.get("/operation", headers=polled)
            assert len(touched) == 1
            client.delete(f"{OFFICE}/session", headers={**polled, "HX-Request": "true"})
            assert len(touched) == 2


def order(words):
    return departments.set_department_status(papers.department_status(order=words))


def routes(town):
    """Yield method and path of every route, with something in each of its places."""
    for included in build(town.node).routes:
        for found in getattr(included, "effective_route_contexts", list)():
            path = re.sub(r"{number[^}]*}", "1", found.path)
            path = re.sub(r"{[^}]*}", "0" * 64, path)
            yield from ((method, path) for method in sorted(found.methods - {"HEAD"}))


def test_a_mapping_to_a_department_that_is_not_served_is_refused(town):
    text = (town.node.settings.deployment.parent / "node.toml").read_text(encoding="utf-8")
    changed = text.replace(f'department = "{POLICE}"', 'department = "111111111111111111"')
    assert changed != text
    path = town.node.settings.deployment.parent / "other.toml"
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match="不是本节点所服务的部门"):
        load_settings(path)
