"""One node, as an operator runs it, over HTTP: real chain, ciphers, databases, documents."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.settings import load_settings
from node.client.checks import verify_log
from node.client.http import SignedHttp
from node.client.trust import Anchor
from node.crypto import SoftwareSigner, SoftwareUnwrapper, sm3
from node.errors import (
    AuthorisationSuspended,
    AuthorisationUnknown,
    ClockSkew,
    ConsistencyInvalid,
    DigestMismatch,
    DocumentUnknown,
    EventUnknown,
    InvalidInput,
    ItemNotGranted,
    MalformedDocument,
    NotEntitled,
    ReceiptInvalid,
    SignatureInvalid,
)
from node.log import list_published
from node.protocol import forms as documents
from node.protocol.wire import (
    canonical,
    encoding,
    envelope,
    ids,
)
from node.protocol.wire.checkpoint import SignedCheckpoint
from node.protocol.wire.leaf import AUDIT, parse_leaf
from node.protocol.wire.merkle import verify_consistency
from node.protocol.wire.receipt import PLACE, Receipt
from tests.common import papers
from tests.common.chain import deployed_on
from tests.common.nodes import (
    ENTRY,
    ENTRY_CODE,
    QUERY,
    running_town,
    until,
)

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def town(tmp_path_factory, embedded_chain):
    with (
        deployed_on(embedded_chain) as chain,
        running_town(tmp_path_factory.mktemp("node"), chain) as town,
    ):
        before = httpx.get(f"{town.url}/api/v1/status").json()
        assert not any(served["registered"] for served in before["departments"])
        town.serve()
        yield town


@pytest.fixture
def client(town):
    with town.client() as client:
        yield client


class TestQuery:
    def test_gives_rows_with_a_receipt_that_holds(self, town, client):
        answer = client.query(town.first, **QUERY)
        assert answer.rows == [{"XM": "张三3", "GMSFHM": "130902********0003"}]
        assert answer.masked == ["GMSFHM"]
        assert answer.receipt.parsed_leaf.event == answer.event

    def test_pages_through_everything(self, town, client):
        query = {**QUERY, "where": {}, "size": 20}
        sizes = [len(page.rows) for page in client.pages(town.first, **query)]
        assert sizes == [20, 20, 10]

    def test_gives_an_identical_resend_the_same_answer(self, town, client):
        answer = client.query(town.first, **QUERY)
        again = client.resend(answer)
        assert (again.rows, again.receipt) == (answer.rows, answer.receipt)

    def test_proves_a_refusal(self, town, client):
        with pytest.raises(ItemNotGranted) as refused:
            client.query(town.first, **{**QUERY, "items": ["XM", "MZ"]})
        receipt: Any = refused.value.facts["receipt"]
        assert isinstance(receipt, Receipt)
        assert receipt.parsed_leaf.outcome == "item-not-granted"

    def test_knows_no_authorisation_of_anothers_application(self, town):
        with town.client(town.keys.stranger) as stranger, pytest.raises(AuthorisationUnknown) as no:
            stranger.query(town.first, **QUERY)
        receipt: Any = no.value.facts["receipt"]
        assert receipt.parsed_leaf.number == 0

    def test_refuses_once_a_suspension_is_followed_and_serves_after_it(self, town, client):
        town.desk.decide(*suspension(town), town.keys.office[papers.POLICE])

        def refused():
            try:
                client.query(town.first, **QUERY)
            except AuthorisationSuspended:
                return True
            return False

        until(refused)
        town.step("恢复")
        until(lambda: town.answers(client))

    def test_upgrades_a_receipt_once_it_is_anchored(self, town, client):
        answer = client.query(town.first, **QUERY)
        anchored = client.wait_anchored(answer.receipt, 20)
        assert anchored.anchored.size >= answer.receipt.size
        assert replace(anchored, anchored=None) == answer.receipt

    def test_believes_no_anchor_of_another_history(self, town, client, monkeypatch):
        answer = client.query(town.first, **QUERY)
        client.wait_anchored(answer.receipt, 20)
        monkeypatch.setattr(client._trust, "anchor", lambda *_: Anchor(secrets.token_bytes(32)))
        with pytest.raises(ConsistencyInvalid):
            client.upgrade(answer.receipt)

    @pytest.mark.parametrize("member", PLACE)
    def test_believes_no_anchor_that_stands_elsewhere(self, town, client, monkeypatch, member):
        answer = client.query(town.first, **QUERY)
        size = client.wait_anchored(answer.receipt, 20).anchored.size
        told = client._trust.anchor(papers.POLICE, 1, size)
        assert set(told.place) == set(PLACE)
        elsewhere = replace(told, place={**told.place, member: "another"})
        monkeypatch.setattr(client._trust, "anchor", lambda *_: elsewhere)
        with pytest.raises(ReceiptInvalid) as found:
            client.upgrade(answer.receipt)
        assert found.value.facts["anchor"] == member


def suspension(town):
    from node.office import authorising
    from node.protocol.ledger.enums import Step

    return authorising.protect(town.first, Step.SUSPEND, 1)


class TestUnauthenticated:
    def test_a_bad_signature_is_told_the_base_and_the_date(self, town):
        http = town.http(SoftwareSigner.generate())
        request = http.sign("POST", f"{town.url}/api/v1/authorisations/1/query", b"{}")
        response = httpx.post(request.url, headers=request.headers, content=b"{}")
        problem = response.json()
        assert (response.status_code, problem["code"]) == (401, "signature-invalid")
        assert problem["base"].startswith('"@method": POST\n"@authority": 127.0.0.1:')
        assert "receipt" not in problem
        assert response.headers["date"]
        assert response.headers["content-type"] == "application/problem+json"

    def test_a_changed_body_is_refused_without_a_receipt(self, town):
        http = town.http(town.keys.application)
        request = http.sign("POST", f"{town.url}/api/v1/authorisations/1/query", b"{}")
        response = httpx.post(request.url, headers=request.headers, content=b"{ }")
        assert (response.status_code, response.json()["code"]) == (400, DigestMismatch.code)
        assert "receipt" not in response.json()

    def test_a_stale_clock_is_refused(self, town):
        late = SignedHttp(town.keys.application, clock=lambda: time.time() - 400)
        with late as http, pytest.raises(ClockSkew):
            http.request("GET", f"{town.url}/api/v1/authorisations/{town.first}")

    def test_another_host_is_refused(self, town):
        lost = SignedHttp(town.keys.application, authority="elsewhere.example")
        with lost as http, pytest.raises(InvalidInput, match="elsewhere"):
            http.request("GET", f"{town.url}/api/v1/authorisations/{town.first}")

    @pytest.mark.parametrize("spelling", ["01", "%31", "+1"])
    def test_an_authorisation_has_one_spelling_in_the_signed_path(self, town, spelling):
        url = f"{town.url}/api/v1/authorisations/{spelling}/query"
        with pytest.raises(InvalidInput, match="/api/v1/authorisations/1/query"):
            town.http(town.keys.application).request("POST", url, b"{}", "application/json")

    def test_too_much_is_not_read(self, town):
        http = town.http(town.keys.application)
        with pytest.raises(InvalidInput, match="65536"):
            http.request("POST", f"{town.url}/api/v1/authorisations/1/query", bytes(70_000))
        request = http.sign("GET", f"{town.url}/api/v1/authorisations/1")
        padded = replace(request, headers={**request.headers, "X-Padding": "x" * 20_000})
        with pytest.raises(InvalidInput, match="headers"):
            http.send(padded)


class TestProblems:
    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/nowhere", 404, "not-found"),
            ("DELETE", "/api/v1/status", 405, "malformed-request"),
            ("GET", "/api/v1/catalogue?limit=many", 400, "malformed-request"),
            ("GET", "/api/v1/catalogue/xyz", 400, "malformed-request"),
            ("GET", f"/api/v1/catalogue/{'00' * 32}", 404, "not-found"),
            ("POST", "/api/v1/authorisations/0/query", 401, "signature-invalid"),
            ("GET", "/api/v1/authorisations/1", 401, "signature-invalid"),
            ("GET", f"/api/v1/departments/{'0' * 18}/log", 404, "not-found"),
            ("GET", f"/api/v1/logs/{'0' * 18}/checkpoint", 404, "not-found"),
            ("GET", f"/api/v1/logs/{papers.POLICE}/consistency?old=9&new=1", 400, "malformed-req"),
            ("GET", f"/api/v1/logs/{papers.POLICE}/consistency?old=1&new=9999999", 400, "malf"),
        ],
    )
    def test_are_problem_json_whatever_is_asked(self, town, method, path, status, code):
        response = httpx.request(method, town.url + path)
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert (response.status_code, problem["status"]) == (status, status)
        assert problem["code"].startswith(code)
        assert {"type", "title", "titleEn", "detail"} <= problem.keys()


class TestDocuments:
    def url(self, town, data):
        return f"{town.url}/api/v1/documents/{documents.digest_of(data).hex()}"

    def test_are_kept_for_their_author_until_a_decision_binds_them(self, town):
        data = documents.new_document("terms", papers.terms())
        police = town.http(town.keys.nodes[papers.POLICE])
        for _ in range(2):
            assert police.request("PUT", self.url(town, data), data).status_code == 204
        assert police.request("GET", self.url(town, data)).content == data
        with pytest.raises(DocumentUnknown):
            town.http(town.keys.nodes[papers.EDUCATION]).request("GET", self.url(town, data))

    def test_one_that_comes_ends_the_fetchers_rest(self, town, monkeypatch):
        rung = []
        monkeypatch.setattr(town.node.loops.documents, "set", lambda: rung.append(True))
        data = documents.new_document("terms", papers.terms())
        town.http(town.keys.nodes[papers.POLICE]).request("PUT", self.url(town, data), data)
        assert rung

    def test_are_read_by_the_parties_and_auditors_alone(self, town):
        data = town.application_paper
        for signer in (town.keys.nodes[papers.EDUCATION], town.keys.auditor):
            assert town.http(signer).request("GET", self.url(town, data)).content == data

    def test_are_taken_from_department_keys_only(self, town):
        data = documents.new_document("terms", papers.terms())
        with pytest.raises(NotEntitled):
            town.http(town.keys.application).request("PUT", self.url(town, data), data)
        with pytest.raises(SignatureInvalid):
            town.http(SoftwareSigner.generate()).request("PUT", self.url(town, data), data)

    def test_are_what_their_digest_says_and_documents(self, town):
        police = town.http(town.keys.nodes[papers.POLICE])
        data = documents.new_document("terms", papers.terms())
        other = documents.new_document("terms", papers.terms())
        with pytest.raises(DigestMismatch):
            police.request("PUT", self.url(town, data), other)
        with pytest.raises(MalformedDocument):
            police.request("PUT", self.url(town, b"{}"), b"{}")
        with pytest.raises(InvalidInput):
            police.request("GET", f"{town.url}/api/v1/documents/abc")


class TestLog:
    def get(self, town, path):
        return httpx.get(f"{town.url}/api/v1/logs/{papers.POLICE}/{path}")

    def test_shows_a_checkpoint_that_both_keys_signed(self, town, client):
        client.wait_anchored(client.query(town.first, **QUERY).receipt, 20)
        shown = SignedCheckpoint.parse(self.get(town, "checkpoint").content)
        assert shown.checkpoint.origin.endswith(papers.POLICE)
        assert len(shown.signatures) == 2

    def test_proves_that_it_only_grows(self, town, client):
        old = client.query(town.first, **QUERY).receipt
        new = client.query(town.first, **QUERY).receipt
        found = self.get(town, f"consistency?old={old.size}&new={new.size}").json()
        verify_consistency(
            old.size,
            old.signed_checkpoint.checkpoint.root,
            new.size,
            new.signed_checkpoint.checkpoint.root,
            [encoding.unb64u(node) for node in found["proof"]],
        )

    def test_gives_a_receipt_to_those_entitled(self, town, client):
        answer = client.query(town.first, **QUERY)
        url = f"{town.url}/api/v1/logs/{papers.POLICE}/events/{answer.event.hex()}"
        keys = town.keys
        for signer in (
            keys.application,
            keys.auditor,
            keys.nodes[papers.EDUCATION],
            keys.nodes[papers.CENTRE],
        ):
            found = town.http(signer).request("GET", url).json()
            assert Receipt.parse(found["receipt"]).leaf == answer.receipt.leaf
            assert "request" not in found
        for signer in (keys.stranger, keys.office[papers.EDUCATION]):
            with pytest.raises(EventUnknown) as mine:
                town.http(signer).request("GET", url)
            with pytest.raises(EventUnknown) as missing:
                town.http(signer).request("GET", url[:-64] + "ab" * 32)
            assert mine.value.message == missing.value.message

    def test_gives_a_stranger_the_receipt_of_its_own_refusal(self, town):
        with town.client(town.keys.stranger) as stranger:
            with pytest.raises(AuthorisationUnknown) as refused:
                stranger.query(town.first, **QUERY)
            receipt: Any = refused.value.facts["receipt"]
            assert stranger.fetch_receipt(receipt).leaf == receipt.leaf

    def test_seals_the_request_to_an_auditor_alone(self, town, client):
        answer = client.query(town.first, **QUERY)
        private = SoftwareUnwrapper.generate()
        url = (
            f"{town.url}/api/v1/logs/{papers.POLICE}/events/{answer.event.hex()}"
            f"?encryptionKey={private.public_key.raw.hex()}"
        )
        found = town.http(town.keys.auditor).request("GET", url).json()
        opened = canonical.loads(envelope.open_envelope(found["request"], private, answer.event))
        assert encoding.unb64u(opened["body"]) == answer.request.body
        assert set(opened["opening"]) == {"operator", "matter"}
        audit = Receipt.parse(found["audit"])
        leaf = parse_leaf(audit.leaf, (AUDIT,))
        assert leaf.question == f"request {answer.event.hex()}"
        assert leaf.authorisation == town.first
        assert f'keyid="{town.keys.auditor.public_key.key_id.hex()}"'.encode() in leaf.base
        assert leaf.answer == sm3(envelope.envelope_bytes(found["request"]))
        verify_log(audit, client._trust, papers.POLICE)
        assert "request" not in town.http(town.keys.application).request("GET", url).json()

    def test_logs_an_auditors_look_once_before_it_answers(self, town, client):
        answer = client.query(town.first, **QUERY)
        log = next(each.log for each in town.node.identities if each.origin.endswith(papers.POLICE))
        key = SoftwareUnwrapper.generate().public_key.raw.hex()
        url = f"{town.url}/api/v1/logs/{papers.POLICE}/events/{answer.event.hex()}"
        auditor = town.http(town.keys.auditor)
        before = town.node.reader.head(log).size
        request = auditor.sign("GET", f"{url}?encryptionKey={key}")
        first, again = auditor.send(request).json(), auditor.send(request).json()
        assert (again["request"], again["audit"]) == (first["request"], first["audit"])
        assert town.node.reader.head(log).size == before + 1
        own = f"{url[:-64]}{parse_leaf(Receipt.parse(first['audit']).leaf, (AUDIT,)).event.hex()}"
        assert "receipt" in auditor.request("GET", own).json()
        assert town.node.reader.head(log).size == before + 1

    def test_shows_what_is_not_anchored_under_the_first_published_checkpoint_over_it(
        self, town, client, monkeypatch
    ):
        monkeypatch.setattr(town.node.queries, "find_anchor", lambda *_: None)
        answer = client.query(town.first, **QUERY)
        log = next(each.log for each in town.node.identities if each.origin.endswith(papers.POLICE))

        def published():
            covering = answer.receipt.index + 1
            return list_published(town.node.node_engine, log, from_size=covering, limit=1)

        (first,) = until(published)
        client.query(town.first, **QUERY)
        receipt = client.fetch_receipt(answer.receipt)
        assert (receipt.size, receipt.checkpoint) == (first.size, first.checkpoint)
        assert receipt.anchored is None


class TestLedger:
    def test_describes_the_authorisation_to_its_parties(self, town):
        url = f"{town.url}/api/v1/authorisations/{town.first}"
        found = town.http(town.keys.application).request("GET", url).json()
        assert (found["provider"], found["entryCode"]) == (papers.POLICE, ENTRY_CODE)
        assert found["items"] == found["itemCodes"] == ["XM", "GMSFHM"]
        with pytest.raises(AuthorisationUnknown):
            town.http(town.keys.application).request("GET", f"{url}999")

    def test_lists_the_departments_with_their_nodes(self, town):
        found = httpx.get(f"{town.url}/api/v1/departments").json()
        assert {each["code"]: each["url"] for each in found} == dict.fromkeys(
            (papers.CENTRE, papers.POLICE, papers.EDUCATION), town.url
        )

    def test_tells_which_keys_sign_a_log(self, town):
        found = httpx.get(f"{town.url}/api/v1/departments/{papers.POLICE}/log").json()
        assert [key["ed25519"] for key in found["keys"]] == [town.keys.ed25519("police-log").hex()]
        assert found["log"] == ids.log_id(found["origin"]).hex()

    def test_knows_anchors_by_their_size_only(self, town, client):
        anchored = client.wait_anchored(client.query(town.first, **QUERY).receipt, 20).anchored
        base = f"{town.url}/api/v1/departments/{papers.POLICE}/log/anchors"
        found = httpx.get(f"{base}/{anchored.size}").json()
        assert (found["tx"], found["block"]) == (anchored.tx.hex(), anchored.block)
        assert httpx.get(f"{base}/{anchored.size + 10_000}").status_code == 404


class TestCatalogue:
    def test_finds_a_published_entry_by_two_characters(self, town):
        found = until(
            lambda: httpx.get(f"{town.url}/api/v1/catalogue", params={"q": "户籍"}).json()[
                "entries"
            ]
        )
        assert [each["entry"] for each in found] == [ENTRY.hex()]

    def test_finds_it_by_the_other_script_under_filters(self, town):
        def found(**asked):
            answer = httpx.get(f"{town.url}/api/v1/catalogue", params=asked)
            assert answer.status_code == 200
            return [each["name"] for each in answer.json()["entries"]]

        name = until(lambda: found(q="常住人口戶籍"))[:1]
        passing = {
            "shareType": "有条件共享",
            "grade": "一般3级",
            "updateCycle": "每日",
            "theme": "人口",
        }
        for asked in (passing, {"department": papers.POLICE}, {"department": "市公安局"}):
            assert found(q="户籍", **asked) == name
            assert name[0] in found(**asked)
        assert found(q="户籍", shareType="不予共享") == found(theme="人") == found(q="，") == []

    def test_refuses_a_filter_no_entry_can_pass(self, town):
        asked = {"shareType": "随便"}
        answer = httpx.get(f"{town.url}/api/v1/catalogue", params=asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
        assert "无条件共享" in answer.json()["detail"]

    def test_shows_an_entry_with_its_document(self, town):
        found = httpx.get(f"{town.url}/api/v1/catalogue/{ENTRY.hex()}").json()
        assert (found["state"], found["shareType"]) == ("published", "conditional")
        assert found["document"]["name"] == "常住人口户籍信息"
        assert [each["version"] for each in found["versions"]] == [1]


class TestStatus:
    def test_tells_how_far_everything_is(self, town, client):
        client.wait_anchored(client.query(town.first, **QUERY).receipt, 20)
        found = httpx.get(f"{town.url}/api/v1/status").json()
        police = next(each for each in found["departments"] if each["code"] == papers.POLICE)
        assert police["registered"]
        assert 0 < police["anchored"] <= police["published"] <= police["size"]
        assert not found["filling"]
        assert found["keeperFailures"] == 0

    def test_is_described_with_everything_else(self, town):
        found = httpx.get(f"{town.url}/openapi.json").json()
        assert "gdsl-1" in found["components"]["securitySchemes"]
        assert "HTTPValidationError" not in found["components"]["schemas"]


class TestSettings:
    def test_are_those_of_the_file(self, town):
        assert load_settings(town.node.settings.data_dir.parent / "node.toml") == town.node.settings
