"""What officers of one department try at the office of a node that serves others, too."""

from __future__ import annotations

from socket import create_connection
from typing import Any

import httpx
import pytest

from api.routes.office import decisions
from node.crypto import SoftwareSigner
from node.errors import DocumentUnknown
from node.office import Act, authorising, cataloguing, departments
from node.office.act import new_paper
from node.office.authorising import Request
from node.protocol import forms as documents
from node.protocol.wire import ids
from tests.common import papers
from tests.common.nodes import ENTRY_CODE, QUOTA, until
from tests.common.officials import OFFICE, prepare, signed, signed_in

pytestmark = pytest.mark.chain

POLICE, EDUCATION, CENTRE = papers.POLICE, papers.EDUCATION, papers.CENTRE
SECRET = "钱学礼"  # noqa: S105 - a name
"""Of an officer of the police: in a paper for his own department and its competent one."""
PAGE = {"accept": "text/html"}


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    with moulds.served(tmp_path_factory.mktemp("node")) as town:
        yield town


@pytest.fixture(scope="module")
def secret(town):
    """The digest of a paper the education department may not read: public, like every digest."""
    signer = SoftwareSigner.generate()
    body = papers.officer_key(
        **papers.ALWAYS,
        name=SECRET,
        person=papers.person_of(signer),
        publicKey=signer.public_key.raw.hex(),
    )
    act = departments.add_officer_key(body)
    town.decide(act, town.keys.heads[POLICE], signer)
    digest = documents.digest_of(act.documents[0])
    until(lambda: any(each.holds for each in town.node.bindings.of(digest)))
    with pytest.raises(DocumentUnknown):
        town.node.access.read(digest, town.keys.heads[EDUCATION].public_key.key_id)
    return digest


@pytest.fixture(scope="module")
def people(town):
    """Clients of those who are signed in, by what they are."""
    keys = town.keys
    signers = {
        "head": keys.heads[EDUCATION],
        "office": keys.office[EDUCATION],
        "police": keys.office[POLICE],
        "reviewer": keys.reviewer,
    }
    managers = {name: signed_in(town.url, signer) for name, signer in signers.items()}
    yield {name: manager.__enter__() for name, manager in managers.items()}
    for manager in managers.values():
        manager.__exit__(None, None, None)


def without_papers(act: Act, digest: bytes) -> Act:
    """Return an act that names another's document in the place of its own."""
    own = documents.digest_of(act.documents[-1])

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: named(each) for name, each in value.items()}
        if isinstance(value, list):
            return [named(each) for each in value]
        return digest if value == own else value

    return Act(act.kind, named(act.message), [])


class TestAnothersDigest:
    """Anybody can name another's paper in a decision of his own; it opens nothing."""

    def test_what_is_drafted_tells_nothing_of_it_not_even_that_it_is_here(self, people, secret):
        said = {"competent": EDUCATION, "reviewer": "刘洋", "opinion": "同意", "refused": {}}
        known, unknown = (
            people["head"].post(
                f"{OFFICE}/decisions/prepare",
                json={"kind": "ReviewWithdrawal", "fields": {**said, "withdrawal": digest}},
            )
            for digest in (secret.hex(), "00" * 32)
        )
        assert known.status_code == unknown.status_code == 503
        assert known.text.replace(secret.hex(), "00" * 32) == unknown.text

    def test_a_version_that_names_it_shows_nobody_anything_and_stops_no_review(
        self, town, people, secret
    ):
        filed = cataloguing.submit_versions(
            [papers.catalogue_version(department=EDUCATION, providerCode=EDUCATION, code="9/1")]
        )
        town.decide(without_papers(filed, secret), town.keys.heads[EDUCATION])
        more = cataloguing.submit_versions([papers.catalogue_version(code="30300101/06002")])
        town.decide(more, town.keys.heads[POLICE])
        entry = ids.entry_id(ids.department_id(EDUCATION), "9/1")
        for name, where in (
            ("head", f"{OFFICE}/filings/{EDUCATION}"),
            ("head", "/desk/entries"),
            ("head", f"/catalogue/{entry.hex()}"),
            ("reviewer", "/desk"),
            ("reviewer", "/review"),
            ("reviewer", f"{OFFICE}/pending/{CENTRE}"),
        ):
            answer = people[name].get(where, headers=PAGE)
            assert answer.status_code == 200, (where, answer.text)
            assert SECRET not in answer.text
        assert "30300101/06002" in people["reviewer"].get("/review").text

    def test_a_key_that_names_it_is_not_called_by_its_words(self, town, people, secret):
        signer = SoftwareSigner.generate()
        body = papers.officer_key(
            **papers.ALWAYS,
            department=EDUCATION,
            person=papers.person_of(signer),
            publicKey=signer.public_key.raw.hex(),
        )
        act = without_papers(departments.add_officer_key(body), secret)
        town.decide(act, town.keys.heads[EDUCATION], signer)
        page = people["head"].get("/desk/key", headers=PAGE)
        assert page.status_code == 200
        assert signer.public_key.key_id.hex()[:8] in page.text
        assert SECRET not in page.text

    def test_before_its_decision_is_read_a_paper_is_seen_by_those_it_names(self, town):
        # Kept before the decision is sent; a page that is opened right after it asks for it.
        paper = new_paper("officer-key", papers.officer_key(**papers.ALWAYS))
        town.node.store.keep([paper])
        police, education = (
            town.keys.heads[each].public_key.key_id for each in (POLICE, EDUCATION)
        )
        access = town.node.access
        assert access.shelf_of(police).find(paper.digest) == paper.data
        assert access.shelf_of(education).find(paper.digest) is None
        with pytest.raises(DocumentUnknown):
            access.read(paper.digest, police)

    def test_an_auditor_of_another_department_is_not_told_who_an_officer_is(
        self, town, people, secret
    ):
        # Each department names its own auditors, and an officer by every key on the ledger.
        key = town.node.bindings.of(secret)[0].struct["addedKey"]
        both = papers.roles(
            **papers.ALWAYS,
            department=EDUCATION,
            key=town.keys.office[EDUCATION].public_key.key_id.hex(),
            roles=["工作机构负责人", "审计员"],
        )
        town.decide(departments.grant_roles(both), town.keys.heads[EDUCATION])
        page = people["office"].get(f"/audit/key/{key.hex()}", headers=PAGE)
        assert page.status_code == 200
        assert SECRET not in page.text
        with signed_in(town.url, town.keys.auditor) as centre:
            assert SECRET in centre.get(f"/audit/key/{key.hex()}", headers=PAGE).text

    def test_an_application_that_names_it_shows_no_party_what_it_says(self, town, people, secret):
        form = papers.application(**papers.ALWAYS, **QUOTA, items=["XM"])
        act = authorising.apply_for([Request(form, town.version_paper)])
        decided = town.decide(without_papers(act, secret), town.keys.office[EDUCATION])
        number = decided.event["first"]
        page = people["office"].get(f"/desk/authorisations/{number}", headers=PAGE)
        assert SECRET not in page.text
        assert page.status_code == 503
        # Who may read the paper is told that it is no application, and his lists go on.
        page = people["police"].get(f"/desk/authorisations/{number}", headers=PAGE)
        assert page.status_code == 403
        reply = {"authorisation": number, "answer": "同意", "refusals": [], "opinion": "同意",
                 "handler": {"name": "赵敏", "phone": "1"}}  # fmt: skip
        prepared = people["police"].post(
            f"{OFFICE}/decisions/prepare", json={"kind": "Reply", "fields": reply}
        )
        assert (prepared.status_code, prepared.json()["code"]) == (403, "contradictory")
        for where in ("/desk", "/desk/authorisations?side=provider", "/desk/uses"):
            assert people["police"].get(where, headers=PAGE).status_code == 200
        listed = people["police"].get(f"{OFFICE}/authorisations", params={"limit": 1000})
        assert [each["code"] for each in listed.json()][-1] == ENTRY_CODE


def test_a_spent_nonce_of_anybodys_leaves_no_paper_at_a_node(town, people):
    """Keys and nonces stand on the chain: whoever names a pair of them has signed nothing."""
    client, signer = people["office"], town.keys.office[EDUCATION]
    system = papers.application_object(department=EDUCATION, code="XUEJI")
    spent = signed(prepare(client, "RegisterApplication", system), signer)
    assert client.post(f"{OFFICE}/decisions/submit", json=spent, timeout=60).status_code == 200
    other = prepare(client, "RegisterApplication", {**system, "code": "BIEDE"})
    message = {**other["message"], "nonce": spent["message"]["nonce"]}
    forged = {**spent, "documents": other["documents"], "message": message}
    answer = client.post(f"{OFFICE}/decisions/submit", json=forged, timeout=60)
    assert answer.status_code in {401, 409}
    assert town.node.store.find(documents.digest_of(other["documents"][0].encode())) is None


def test_nothing_that_is_answered_within_a_session_is_kept_on_the_way(town, people):
    for where in ("authorisations", f"authorisations/{town.first}", f"pending/{CENTRE}"):
        answer = people["police"].get(f"{OFFICE}/{where}")
        assert answer.headers.get_list("cache-control") == ["no-store"]
    assert "cache-control" not in people["police"].get("/api/v1/departments").headers


def test_a_length_written_with_thousands_of_zeros_is_no_fault_of_the_node(town):
    head = f"POST {OFFICE}/decisions/prepare HTTP/1.1\r\nHost: {town.url[7:]}\r\n"
    length = f"Connection: close\r\nContent-Length: {'2'.zfill(5000)}\r\n\r\n{{}}"
    with create_connection(("127.0.0.1", int(town.url.rpartition(":")[2]))) as connection:
        connection.sendall((head + length).encode())
        assert connection.makefile("rb").readline() == b"HTTP/1.1 401 Unauthorized\r\n"


def test_so_many_decisions_wait_for_the_chain_and_no_more(town, people, monkeypatch):
    grant = papers.roles(**papers.ALWAYS, department=EDUCATION)
    body = signed(prepare(people["head"], "GrantRoles", grant), town.keys.heads[EDUCATION])
    monkeypatch.setattr(decisions, "MOST_WAITING", 0)
    answer = people["head"].post(f"{OFFICE}/decisions/submit", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")


def test_no_page_leads_to_a_host_that_its_address_names(town):
    page = httpx.get(f"{town.url}//elsewhere.example/catalogue", headers=PAGE)
    assert page.status_code == 404
    assert '="//' not in page.text
    assert "Location" not in page.headers


def test_who_was_named_auditor_by_a_suspended_department_audits_nothing(town, people):
    assert people["office"].get("/audit", headers=PAGE).status_code == 200
    town.decide(departments.suspend_department(EDUCATION), town.keys.heads[CENTRE])
    assert people["office"].get("/audit", headers=PAGE).status_code == 403
