"""What officials decide, over HTTP: prepared by a node, signed here, submitted; a real chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from node.crypto import SoftwareSigner
from node.protocol.wire import canonical
from node.protocol.wire.prepared import parse_prepared
from tests.common import papers
from tests.common.chain import deployed_on
from tests.common.nodes import ENTRY_CODE, QUOTA, running_town
from tests.common.officials import OFFICE, decide, prepare, signed, signed_in

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.chain

POLICE, EDUCATION, CENTRE = papers.POLICE, papers.EDUCATION, papers.CENTRE
HANDLER = {"name": "赵敏", "phone": "0317-0000003"}


@pytest.fixture(scope="module")
def town(tmp_path_factory, embedded_chain):
    with (
        deployed_on(embedded_chain) as chain,
        running_town(tmp_path_factory.mktemp("node"), chain) as town,
    ):
        town.found()
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
