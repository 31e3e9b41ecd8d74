"""What officials decide, over HTTP: prepared by a node, signed here, submitted; a real chain."""

from __future__ import annotations

from contextlib import ExitStack
from socket import create_connection
from typing import Any

import httpx
import pytest

from api.http import officers
from api.http.connection import OFFICE_BYTES
from api.http.officers import LARGE_AT_ONCE
from api.routes.office import looking
from node.crypto import SoftwareSigner
from node.errors import NotEntitled
from node.protocol.wire import canonical, ids
from node.protocol.wire.prepared import parse_prepared
from tests.common import papers
from tests.common.nodes import ENTRY_CODE, QUOTA, until
from tests.common.officials import OFFICE, decide, prepare, sign_in, signed, signed_in

pytestmark = pytest.mark.chain

POLICE, EDUCATION, CENTRE = papers.POLICE, papers.EDUCATION, papers.CENTRE
HANDLER = {"name": "赵敏", "phone": "0317-0000003"}


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    with moulds.founded(tmp_path_factory.mktemp("node")) as town:
        yield town


@pytest.fixture(scope="module")
def heads(town):
    """Clients of those who are signed in: the police's head and office head, and so on."""
    people = {
        "police": town.keys.heads[POLICE],
        "police-office": town.keys.office[POLICE],
        "education-office": town.keys.office[EDUCATION],
        "centre": town.keys.heads[CENTRE],
        "reviewer": town.keys.reviewer,
    }
    clients: dict[str, Any] = {}
    managers = []
    for name, signer in people.items():
        manager = signed_in(town.url, signer)
        clients[name] = (manager.__enter__(), signer)
        managers.append(manager)
    yield clients
    for manager in managers:
        manager.__exit__(None, None, None)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    return answer.status_code, answer.json()["code"]


def refused(client: httpx.Client, kind: str, fields: dict[str, Any]) -> tuple[int, str]:
    return problem(
        client.post(f"{OFFICE}/decisions/prepare", json={"kind": kind, "fields": fields})
    )


def submitted(client: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    return client.post(f"{OFFICE}/decisions/submit", json=body, timeout=60)


class TestThread:
    """One authorisation from the catalogue to its end, each decision over HTTP."""

    def test_runs_from_the_catalogue_to_the_end(self, heads):
        head, office, consumer, reviewer = (
            heads[name] for name in ("police", "police-office", "education-office", "reviewer")
        )
        version = papers.catalogue_version()
        filed = decide(head[0], "SubmitVersions", {"versions": [version]}, head[1])
        assert filed["outcomes"] == [{"zh": "报送 1 个目录", "en": "1 entries submitted"}]
        assert filed["followed"]
        (waiting,) = reviewer[0].get(f"{OFFICE}/pending/{CENTRE}").json()
        assert waiting["code"] == ENTRY_CODE
        verdict = {"department": POLICE, "code": ENTRY_CODE, "version": 1, "publish": True}
        review = {
            "competent": CENTRE,
            "reviewer": "孙丽",
            "opinion": "符合要求",
            "reviews": [{**verdict, "subject": waiting["digest"], "reason": None}],
        }
        decide(reviewer[0], "ReviewVersions", review, reviewer[1])
        form = papers.application(**papers.ALWAYS, **QUOTA, items=["XM", "GMSFHM"])
        form["entry"] = {"department": POLICE, "code": ENTRY_CODE}
        prepared = prepare(consumer[0], "ApplyFor", {"applications": [form]})
        assert prepared["signer"] == {"department": EDUCATION, "role": "office-head"}
        assert [each["zh"] for each in prepared["effects"]] == ["授权 1：已申请"]
        assert prepared["warnings"] == []
        assert canonical.loads(prepared["references"][0].encode())["code"] == ENTRY_CODE
        assert parse_prepared(prepared).hash.hex() == prepared["hash"]
        answer = submitted(consumer[0], signed(prepared, consumer[1]))
        number = int(answer.json()["event"]["first"])
        reply = {
            "authorisation": number,
            "answer": "部分同意",
            "refusals": [papers.refusal("GMSFHM")],
            "opinion": "同意",
            "handler": HANDLER,
            "callsPerDay": 5,
        }
        agreed = decide(office[0], "Reply", reply, office[1])
        assert agreed["outcomes"][0]["zh"] == f"授权 {number}：已同意"
        steps = (
            ("Step", office, {"step": "交付", "reason": "接口已开通"}),
            ("Step", consumer, {"step": "确认", "reason": "可以使用"}),
            ("Change", consumer, {"step": "提出变更", "callsPerDay": 9, "handler": HANDLER}),
            ("Change", office, {"step": "同意变更", "handler": HANDLER}),
            ("Step", office, {"step": "暂停"}),  # at once, without a paper
            ("Step", office, {"step": "恢复", "reason": "已查明"}),
            ("Step", consumer, {"step": "停止使用", "reason": "用途已达成"}),
        )
        for kind, (client, signer), said in steps:
            fields = {"authorisation": number, "reason": "需要", **said}
            if "reason" not in said and kind == "Step":
                del fields["reason"]
            decide(client, kind, fields, signer)
        shown = consumer[0].get(f"{OFFICE}/authorisations/{number}").json()
        assert (shown["state"], shown["items"], shown["callsPerDay"]) == ("terminated", ["XM"], 9)
        assert len(shown["steps"]) == 9
        assert shown["application"]["scenario"] == form["scenario"]

    def test_registers_a_key_with_its_own_signature(self, heads):
        head, new = heads["police"], SoftwareSigner.generate()
        officer = papers.officer_key(
            **papers.ALWAYS,
            person=papers.person_of(new),
            publicKey=new.public_key.raw.hex(),
        )
        prepared = prepare(head[0], "AddKey", officer)
        assert prepared["possession"]
        body = signed(prepared, head[1], SoftwareSigner.generate())
        assert problem(submitted(head[0], body)) == (401, "signature-invalid")
        assert problem(submitted(head[0], signed(prepared, head[1]))) == (400, "malformed-request")
        answer = submitted(head[0], signed(prepared, head[1], new)).json()
        assert answer["event"]["addedKey"] == new.public_key.key_id.hex()
        granted = papers.roles(
            **papers.ALWAYS, key=new.public_key.key_id.hex(), roles=["数据专管员"]
        )
        decide(head[0], "GrantRoles", granted, head[1])


class TestPrepare:
    def test_what_an_assistant_prepares_is_for_the_head_to_sign(self, heads):
        office, head = heads["police-office"], heads["police"]
        system = papers.application_object(department=POLICE, code="BANSHI")
        prepared = prepare(head[0], "RegisterApplication", system)
        assert prepared["signer"] == {"department": POLICE, "role": "office-head"}
        # Weighed as if by whom it is for: nothing else is wrong with it.
        assert prepared["warnings"] == []
        body = signed(prepared, head[1])
        assert problem(submitted(head[0], body)) == (409, "decision-refused")
        answer = submitted(head[0], signed(prepared, office[1]))
        assert answer.status_code == 200

    def test_what_the_chain_would_refuse_is_a_warning(self, heads):
        office = heads["police-office"][0]
        system = papers.application_object(department=POLICE, code="BANSHI")
        (warned, again) = prepare(office, "RegisterApplication", system)["warnings"]
        assert warned["code"] == "ApplicationAlreadyRegistered"
        assert "已登记" in warned["zh"]
        assert again["code"] == "already-exists"

    def test_nobody_prepares_for_a_department_he_is_not_in(self, heads):
        consumer = heads["education-office"][0]
        version = papers.catalogue_version(code="30300101/06009")
        assert refused(consumer, "SubmitVersions", {"versions": [version]}) == (403, "not-entitled")

    @pytest.mark.parametrize(
        ("kind", "fields", "expected"),
        [
            ("Nothing", {}, (400, "malformed-request")),
            ("RegisterLog", {}, (400, "malformed-document")),
            ("Step", {"authorisation": 99, "step": "交付", "reason": "x"}, (404, None)),
        ],
    )
    def test_says_what_is_wrong(self, heads, kind, fields, expected):
        status, code = refused(heads["police"][0], kind, fields)
        assert status == expected[0]
        assert expected[1] in {None, code}


class TestSubmit:
    def test_the_same_signed_decision_again_is_answered_the_same(self, town, heads):
        client, signer = heads["police"]
        key = town.keys.office[POLICE].public_key.key_id.hex()
        granted = papers.roles(**papers.ALWAYS, key=key, roles=["工作机构负责人"])
        body = signed(prepare(client, "GrantRoles", granted), signer)
        first, second = submitted(client, body).json(), submitted(client, body).json()
        assert {**first, "finished": True} == second
        assert not first["finished"]
        stands = client.get(f"{OFFICE}/standing/{first['hash']}").json()
        assert (stands["state"], stands["block"]) == ("mined", first["block"])
        # Meant once more it is another decision, and has to be asked for.
        again = signed(prepare(client, "GrantRoles", granted), signer)
        assert problem(submitted(client, again)) == (409, "already-exists")
        assert submitted(client, {**again, "again": True}).status_code == 200
        # Whoever carried the first one: it is found by its nonce, not by this node's outbox.
        spent = town.node.queries.find_spent(
            "DepartmentRegistry", signer.public_key.key_id, int(body["message"]["nonce"])
        )
        assert spent.hex() == first["hash"]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"signature": "11" * 64}, (401, "signature-invalid")),
            ({"key": "22" * 32}, (409, "decision-refused")),
            ({"documents": []}, (400, "malformed-request")),
            ({"kind": "FreezeEntry"}, (400, "malformed-request")),
            ({"message": {}}, (400, "malformed-request")),
            ({"possession": "33" * 64}, (400, "malformed-request")),
            ({"more": 1}, (400, "malformed-request")),
            ({"context": "xyz"}, (400, "malformed-request")),
        ],
    )
    def test_what_was_changed_on_the_way_is_refused(self, heads, change, expected):
        client, signer = heads["police"]
        body = signed(prepare(client, "GrantRoles", papers.roles(**papers.ALWAYS)), signer)
        if change == {"documents": []}:  # the paper is another's: the struct does not name it
            change = {"documents": [body["documents"][0].replace("任命", "免职")]}
        assert problem(submitted(client, {**body, **change})) == expected

    def test_what_the_chain_refuses_leaves_nothing_in_the_outbox(self, town, heads):
        client, signer = heads["police"]
        prepared = prepare(client, "GrantRoles", papers.roles(**papers.ALWAYS))
        assert [each["code"] for each in prepared["warnings"]] == ["KeyUnknown"]
        body = signed(prepared, signer)
        assert problem(submitted(client, body)) == (409, "decision-refused")
        assert town.node.outbox.pending() == 0
        digest = "44" * 32
        assert problem(client.get(f"{OFFICE}/standing/{digest}")) == (404, "not-found")


class TestWhoAsks:
    def test_by_a_signed_request_no_session_is_needed(self, town):
        http = town.http(town.keys.auditor)
        found = http.request("GET", f"{town.url}{OFFICE}/session").json()
        assert (found["via"], found["csrf"]) == ("signature", None)
        assert found["roles"] == {CENTRE: ["auditor"]}

    def test_a_stranger_is_told_to_sign_in(self, town):
        for path in ("session", "withdrawals", f"pending/{CENTRE}", "authorisations"):
            answer = httpx.get(f"{town.url}{OFFICE}/{path}")
            assert problem(answer) == (401, "signature-invalid")
            assert "请先登录" in answer.json()["detail"]
        body = {"kind": "RegisterLog", "fields": {}}
        answer = httpx.post(f"{town.url}{OFFICE}/decisions/prepare", json=body)
        assert problem(answer) == (401, "signature-invalid")

    def test_a_department_s_or_an_application_s_key_is_no_officer_s(self, town):
        for signer in (town.keys.application, town.keys.nodes[POLICE]):
            with pytest.raises(NotEntitled):
                town.http(signer).request("GET", f"{town.url}{OFFICE}/session")

    @pytest.mark.parametrize("header", [{"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}])
    def test_what_changes_something_repeats_the_sessions_token(self, heads, header):
        client = heads["police"][0]
        for answer in (
            client.post(f"{OFFICE}/decisions/prepare", json={}, headers=header),
            client.delete(f"{OFFICE}/session", headers=header),
        ):
            assert problem(answer) == (403, "forbidden")
        assert client.get(f"{OFFICE}/session").status_code == 200

    def test_another_site_cannot_use_the_session(self, heads):
        client = heads["police"][0]
        other = {"Origin": "https://evil.example"}
        answer = client.post(f"{OFFICE}/decisions/prepare", json={}, headers=other)
        assert problem(answer) == (403, "forbidden")

    def test_a_session_is_signed_out_of(self, town):
        with signed_in(town.url, town.keys.reviewer) as client:
            assert client.get(f"{OFFICE}/session").json()["via"] == "session"
            cookie = client.cookies.get("shareledger-session")
            assert client.delete(f"{OFFICE}/session").status_code == 204
            assert client.cookies.get("shareledger-session") is None
            old = {"Cookie": f"shareledger-session={cookie}"}
            assert problem(httpx.get(f"{town.url}{OFFICE}/session", headers=old))[0] == 401

    def test_the_cookie_is_kept_from_scripts_and_other_sites(self, town):
        with httpx.Client(base_url=town.url) as client:
            said = sign_in(client, town.keys.reviewer).headers["set-cookie"]
        assert "HttpOnly" in said
        assert "samesite=strict" in said.lower()

    def test_a_challenge_for_another_origin_is_not_given_nor_taken(self, town):
        with httpx.Client(base_url=town.url) as client:
            asked = {"origin": "https://evil.example"}
            answer = client.post(f"{OFFICE}/session/challenge", json=asked)
            assert problem(answer) == (403, "forbidden")
            client.headers["Origin"] = "https://evil.example"
            assert problem(sign_in(client, town.keys.reviewer)) == (403, "forbidden")

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"signature": "55" * 64}, (401, "signature-invalid")),
            ({"key": "66" * 32}, (401, "signature-invalid")),
            ({"challenge": "ShareLedger-login:x"}, (403, "forbidden")),
            ({"signature": "55"}, (400, "malformed-request")),
        ],
    )
    def test_only_a_signed_challenge_signs_in(self, town, changes, expected):
        with httpx.Client(base_url=town.url) as client:
            assert problem(sign_in(client, town.keys.reviewer, **changes)) == expected

    def test_a_session_dies_with_its_key_in_the_midst_of_its_work(self, town, heads):
        head, signer = heads["police"]
        new = SoftwareSigner.generate()
        body = papers.officer_key(
            **papers.ALWAYS, person=papers.person_of(new), publicKey=new.public_key.raw.hex()
        )
        decide(head, "AddKey", body, signer, new)
        key = new.public_key.key_id.hex()
        granted = papers.roles(**papers.ALWAYS, key=key, roles=["数据专管员"])
        decide(head, "GrantRoles", granted, signer)
        with signed_in(town.url, new) as client:
            assert client.get(f"{OFFICE}/session").json()["roles"] == {POLICE: ["data-officer"]}
            system = papers.application_object(department=POLICE, code="YIJU")
            prepare(client, "RegisterApplication", system)
            decide(head, "RevokeKey", papers.revocation(department=POLICE, key=key), signer)
            asked = {"kind": "RegisterApplication", "fields": system}
            answer = client.post(f"{OFFICE}/decisions/prepare", json=asked)
            assert problem(answer) == (401, "signature-invalid")
            assert problem(sign_in(client, new)) == (401, "key-revoked")


class TestBounds:
    def test_a_strangers_large_body_is_not_read(self, town):
        large = b" " * (OFFICE_BYTES + 1)
        for headers in ({}, {"Cookie": "shareledger-session=" + "A" * 43}):
            answer = httpx.post(
                f"{town.url}{OFFICE}/decisions/submit", content=large[:1_000_000], headers=headers
            )
            assert problem(answer) == (401, "signature-invalid")

    def test_an_officers_body_has_its_limit(self, heads):
        client = heads["police"][0]
        large = b" " * (OFFICE_BYTES + 1)
        answer = client.post(f"{OFFICE}/decisions/prepare", content=large)
        assert problem(answer) == (400, "malformed-request")

    def test_large_bodies_that_do_not_come_to_an_end_hold_up_no_small_one(self, town, heads):
        client, signer = heads["police"]
        named = f'sig=();keyid="{signer.public_key.key_id.hex()}"'
        head = (
            f"POST {OFFICE}/decisions/submit HTTP/1.1\r\nHost: {town.url[7:]}\r\n"
            f"Signature: x\r\nSignature-Input: {named}\r\nContent-Length: 1000000\r\n\r\n"
        ).encode()
        address = ("127.0.0.1", int(town.url.rpartition(":")[2]))
        with ExitStack() as stack:
            slow = [stack.enter_context(create_connection(address)) for _ in range(LARGE_AT_ONCE)]
            for connection in slow:
                connection.sendall(head)
            # Without a length it may be a large one.
            path = f"{OFFICE}/decisions/submit"
            until(lambda: officers._large.available_tokens == 0)
            assert client.post(path, content=iter([b"{}"])).status_code == 503
            prepare(client, "GrantRoles", papers.roles(**papers.ALWAYS))

    def test_a_whole_table_goes_with_one_signature(self, town, heads, monkeypatch):
        client, signer = heads["police"]
        versions = [
            papers.catalogue_version(code=f"30300101/{number:05}") for number in range(100, 400)
        ]
        prepared = prepare(client, "SubmitVersions", {"versions": versions})
        assert len(prepared["documents"]) == len(versions)
        answer = submitted(client, signed(prepared, signer))
        assert answer.json()["outcomes"][0]["zh"] == "报送 300 个目录"
        # All of them are told of, each once, in pages of so many entries or so many bytes.
        newest = town.node.queries.newest_versions(ids.department_id(POLICE))
        path, wanted = f"{OFFICE}/filings/{POLICE}", sorted(each.hex() for each in newest)
        monkeypatch.setattr(looking, "FILINGS_PAGE", 100)
        for limit, length in ((looking.FILINGS_BYTES, 100), (1, looking.FILINGS_READ)):
            monkeypatch.setattr(looking, "FILINGS_BYTES", limit)
            told: list[str] = []
            after: str | None = ""
            while after is not None:
                page = client.get(path, params={"after": after}).json()
                entries, after = page["entries"], page["next"]
                assert all(each["document"] for each in entries)
                assert len(entries) == length or after is None
                told += [each["entry"] for each in entries]
            assert told == wanted

    def test_what_a_table_covers_is_kept_for_its_next_edition(self, heads):
        client = heads["police"][0]
        path, space = f"{OFFICE}/filings/{POLICE}/edition", "77" * 32
        codes = [f"30300101/{number:05}" for number in range(100, 110)]
        assert client.put(path, json={"space": space, "codes": codes}).status_code == 204
        found = client.post(path, json={"space": space, "codes": codes[1:]}).json()
        assert (found["kept"], found["gone"]) == (9, [codes[0]])
        other = heads["education-office"][0]
        answer = other.put(path, json={"space": space, "codes": codes})
        assert problem(answer) == (403, "not-entitled")


def test_the_deployment_and_the_kinds_are_told_to_anybody(town):
    found = httpx.get(f"{town.url}{OFFICE}/deployment").json()
    assert found["contracts"]["CatalogueRegistry"] == (
        town.node.deployment.contracts["CatalogueRegistry"].address.hex()
    )
    kinds = httpx.get(f"{town.url}{OFFICE}/kinds").json()
    assert kinds["Step"][0]["properties"]["authorisation"]["minimum"] == 1
    assert {each["title"] for each in kinds["AddKey"]} == {"OfficerKeyFields", "KeyFields"}
