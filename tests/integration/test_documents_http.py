"""Documents between nodes as signed HTTP: what one node's client sends, another's store takes."""

from __future__ import annotations

import time

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from node.client.http import SignedHttp
from node.crypto import SoftwareSigner
from node.documents.exchange import Exchange, Identity
from node.documents.ports import Reader
from node.errors import DocumentUnknown, LedgerError, SignatureInvalid
from node.protocol import forms as documents
from node.protocol.ledger.enums import KeyKind
from node.protocol.wire import signedcall
from tests.common import papers
from tests.common.chain import serving
from tests.unit.node.documents.common import CENTRE, POLICE, build_city


def app_of(access, keys):
    """The two document routes over one node's access, signatures verified."""
    app = FastAPI()

    def answer(request, digest, body):
        call = signedcall.parse(
            request.method,
            request.headers["host"],
            request.scope["raw_path"],
            request.scope["query_string"],
            request.headers.raw,
            body,
        )
        if call.key_id not in keys:
            raise SignatureInvalid("unknown key")
        signedcall.verify(call, keys[call.key_id], int(time.time()))
        if request.method == "POST":
            access.accept_all(body, call.key_id)
            return Response(status_code=204)
        if request.method == "PUT":
            access.accept(digest, body, call.key_id)
            return Response(status_code=204)
        return Response(access.read(digest, call.key_id), media_type="application/json")

    @app.post("/api/v1/documents")
    @app.api_route("/api/v1/documents/{digest}", methods=["GET", "PUT"])
    async def document(request: Request, digest: str = "") -> Response:
        body = await request.body()
        try:
            return await run_in_threadpool(answer, request, bytes.fromhex(digest), body)
        except LedgerError as error:
            problem = {"code": error.code, "detail": error.message}
            return JSONResponse(problem, 400, media_type="application/problem+json")

    return app


@pytest.fixture
def city(tmp_path):
    """The police's documents, and the centre's behind real HTTP."""
    city = build_city(tmp_path)
    signers = {CENTRE: SoftwareSigner.generate(), POLICE: SoftwareSigner.generate()}
    keys = {signer.public_key.key_id: signer.public_key for signer in signers.values()}
    for department, signer in signers.items():
        key = signer.public_key.key_id
        city.ledger.readers[key] = Reader(key, KeyKind.DEPARTMENT, department, frozenset())
    app = app_of(city.centre.access, keys)
    with serving(app) as url, SignedHttp(signers[POLICE], attempts=1) as http:
        identity = Identity(POLICE, signers[POLICE].public_key.key_id, http)
        directory = city.police.exchange._directory
        directory._overrides = {CENTRE: url}
        exchange = Exchange([identity], directory, city.ledger)
        city.police.fetcher._exchange = city.police.exchange = exchange
        yield city
    for node in city.nodes:
        node.engine.dispose()


def test_a_document_is_left_with_another_node(city):
    data = documents.new_document("catalogue-version", papers.catalogue_version())
    assert city.police.exchange.hand_over(data).startswith("http://127.0.0.1")
    assert city.centre.store.get(documents.digest_of(data)) == data
    assert (
        city.centre.store.find_authors([documents.digest_of(data)])[documents.digest_of(data)]
        == POLICE
    )


def test_several_documents_are_left_with_another_node_at_once(city):
    made = [
        documents.parse(documents.new_document("catalogue-version", papers.catalogue_version()))
        for _ in range(5)
    ]
    assert len({*city.police.exchange.hand_over_all(made)}) == 1
    assert all(city.centre.store.get(each.digest) == each.data for each in made)


def test_a_document_is_fetched_once_a_decision_names_it(city):
    data = documents.new_document("roles", papers.roles(department=papers.CENTRE))
    fact = city.mine(city.centre, "GrantRoles", CENTRE, data)
    city.centre.settle()
    city.police.settle()
    assert city.police.store.get(fact.event["digest"]) == data
    assert not city.police.bindings.due(2**60, 10)


def test_a_restricted_document_is_not_given_to_a_stranger(city):
    data = documents.new_document("terms", papers.terms())
    digest = city.centre.store.put(data, CENTRE)
    city.ledger.mine("SetStandingReply", CENTRE, [CENTRE], entry=b"e" * 32, terms=digest)
    city.centre.settle()
    identity = city.police.exchange._identities[0]
    (url,) = city.police.exchange._urls([CENTRE])
    with pytest.raises(DocumentUnknown):
        identity.http.request("GET", f"{url}/api/v1/documents/{digest.hex()}")
