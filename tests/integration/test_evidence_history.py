"""A bundle after a history that holds every kind of decision: proven, and no byte may differ."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ledger_sync.trace import Tracer
from node.crypto import SoftwareSigner
from node.errors import EvidenceInvalid
from node.protocol import forms
from node.protocol.evidence import parse_bundle, render_bundle, verify_evidence
from node.protocol.wire import ids
from tests.common import papers
from tests.common.chain import deployed_on
from tests.common.evidence import ENTRY_CODE, PERIOD, City
from tests.common.papers import CENTRE, EDUCATION, POLICE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.chain

FLIPS = 150


def change(city: City, step: str, signer: SoftwareSigner, **changes: Any) -> None:
    """Propose or accept that the quota of authorisation 1 grows."""
    body = {"step": step, "subject": city.answered.digest.hex(), "items": ["XM"], **PERIOD}
    document, _ = city.keep("change", **body, **changes)
    fields = forms.derive(document, version=city.version.body)
    city.decide("Change", {**fields, "digest": document.digest}, signer)
    city.answered = document


def parsed(document: forms.Document) -> Any:
    return document.body


def make_history(city: City) -> None:
    """Decide everything the first thread did not know, leaving authorisation 1 in force."""
    centre, police = city.heads[CENTRE], city.heads[POLICE]
    terms = parsed(city.answered).grant.terms
    change(city, "提出变更", city.officers[EDUCATION], callsPerDay=77, terms=terms)
    change(city, "同意变更", city.officers[POLICE], callsPerDay=77, terms=terms)
    _, fields = city.keep("step", revision=2)
    city.decide("Step", fields, city.officers[POLICE])
    _, fields = city.keep("step", step="接管暂停", revision=2, subject=None)
    city.decide("Step", fields, centre)
    document, fields = city.keep(
        "step", step="恢复", revision=2, subject=city.answered.digest.hex()
    )
    city.decide("Step", fields, centre)
    city.answered = document
    # The paper, then everything else of a department.
    for changes, signer in (({"url": "http://127.0.0.1:9"}, police), ({"screening": True}, centre)):
        body = {"name": "市公安局", **changes, "head": None}
        _, fields = city.keep("department", **body)
        fields.pop("headX")
        city.decide("UpdateDepartment", fields, signer)
    for order in ("停用", "恢复"):
        _, fields = city.keep("department-status", order=order)
        city.decide("SetDepartmentStatus", fields, centre)
    recovered = SoftwareSigner.generate()
    _, fields = city.keep("recovery", head=papers.head(recovered))
    city.decide("RecoverKey", fields, centre, recovered)
    _, fields = city.keep(
        "revocation", department=POLICE, key=recovered.public_key.key_id.hex(), since=None
    )
    city.decide("RevokeKey", fields, police)
    for accept in (False, True):
        asked, fields = city.keep("withdrawal")
        city.decide("SubmitWithdrawal", fields, police)
        review = {
            "department": POLICE,
            "code": ENTRY_CODE,
            "version": 1,
            "accept": accept,
            "reason": None if accept else "仍有部门使用",
            "subject": asked.digest.hex(),
        }
        _, fields = city.keep("withdrawal-review", reviews=[review])
        city.decide("ReviewWithdrawal", fields, city.reviewer)
    for kind, decision in (("freeze-order", "FreezeEntry"), ("unfreeze-order", "UnfreezeEntry")):
        _, fields = city.keep(kind)
        city.decide(decision, fields, centre)
    centre_log = {"department": ids.department_id(CENTRE), "relay": b"\x07" * 20}
    city.decide("RegisterLog", centre_log, centre)
    _, fields = city.keep("log-succession", department=CENTRE)
    city.decide("SupersedeLog", fields, centre)


@pytest.fixture(scope="module")
def city(own_chain, tmp_path_factory) -> Iterator[City]:
    with deployed_on(own_chain) as chain:
        city = City(chain, tmp_path_factory.mktemp("history"))
        try:
            city.build()
            make_history(city)
            yield city
        finally:
            city.close()


@pytest.fixture(scope="module")
def collected(city):
    event = city.call(revision=2)
    city.anchor()
    return city.collect(event)


def test_a_call_served_after_it_is_proven(collected):
    evidence = verify_evidence(collected.data, collected.trust)
    assert (evidence.verdict, evidence.outcome) == ("proven", "served")


def test_holds_the_changes_papers(collected):
    kinds = [forms.parse(data).kind for data in parse_bundle(collected.data).documents.values()]
    assert kinds.count("change") == 2
    assert kinds.count("step") >= 2


def test_no_byte_of_it_may_differ(collected):
    chosen = random.Random(11)  # noqa: S311 - which bytes
    for _ in range(FLIPS):
        at, bits = chosen.randrange(len(collected.data)), 1 << chosen.randrange(8)
        data = bytearray(collected.data)
        data[at] ^= bits
        with pytest.raises(EvidenceInvalid):
            verify_evidence(bytes(data), collected.trust)


def test_every_kept_paper_of_it_agrees_with_its_decision(city, collected):
    """All papers of the history, also those the call does not rest on, may be in the bundle."""
    bundle = parse_bundle(collected.data)
    data = render_bundle(replace(bundle, documents=city.kept))
    assert verify_evidence(data, collected.trust).verdict == "proven"


def rows(path: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(path) as database:
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "contact" and not name.startswith("sqlite_")
        ]
        return {
            name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"')))  # noqa: S608
            for name in names
        }


def test_the_read_model_filled_again_is_the_same(city, collected, tmp_path):
    assert collected
    city.follow()
    first, folder = rows(city.folder / "ledger.db"), city.folder
    city.folder = tmp_path
    try:
        city.follow()
    finally:
        city.folder = folder
    again = rows(tmp_path / "ledger.db")
    assert first.keys() == again.keys()
    for name, before in first.items():
        assert before == again[name], name


def test_the_trace_holds_in_every_line(city, collected):
    tracer = Tracer(city.follow(), city.logs, city, city.chain.deployment)
    found = tracer.trace_call(parse_bundle(collected.data).event)
    assert found.holds, [each for each in found.walk() if not each.ok]
    found = tracer.trace_authorisation(1)
    assert found.holds, [each for each in found.walk() if not each.ok]
    for receipt in city.receipts:
        found = tracer.trace_block(receipt.block_number)
        assert found.holds, [each for each in found.walk() if not each.ok]


def test_a_consumer_s_false_paper_makes_no_call_unprovable(city):
    """Who is served and then binds a paper that contradicts its decision still was served."""
    event = city.call(revision=2)
    city.anchor()
    _, fields = city.keep("step", step="停止使用", revision=2, subject=city.answered.digest.hex())
    false, _ = city.keep("step", step="确认", revision=2, subject=city.answered.digest.hex())
    city.decide("Step", {**fields, "digest": false.digest}, city.officers[EDUCATION])
    collected = city.collect(event)
    evidence = verify_evidence(collected.data, collected.trust)
    assert (evidence.verdict, evidence.outcome) == ("proven", "served")
    assert false.digest not in parse_bundle(collected.data).documents
