"""Every decision can be asked for in one form, and what is drafted is what its paper says."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from node.errors import InvalidInput, MalformedDocument
from node.office import cataloguing, departments
from node.office.intents import INTENTS, Workshop, draft, members_of
from node.office.repeats import intention_of
from node.protocol.evm.decision import DECISIONS, Domain, hash_decision
from node.protocol.forms.readout import LABELS, read_decision
from node.protocol.wire.prepared import (
    Entitled,
    Prepared,
    Warned,
    parse_message,
    parse_prepared,
    render_message,
    render_prepared,
)
from tests.common import papers

RELAY = b"\x11" * 20
CONTRACT = SimpleNamespace(address=b"\x22" * 20, code_hash=b"\x33" * 32)
WORKSHOP = Workshop(
    drafter=None,  # type: ignore[arg-type]  # what is drafted from the ledger is tested on a town
    deployment=SimpleNamespace(contracts={"CatalogueRegistry": CONTRACT}),  # type: ignore[arg-type]
    relay=lambda: RELAY,
)
POLICE = papers.POLICE
CODE = "30300101/06001"
ALONE = {
    "EnrolDepartment": (papers.department(), departments.enrol_department(papers.department())),
    "SetDepartmentStatus": (
        papers.department_status(),
        departments.set_department_status(papers.department_status()),
    ),
    "RecoverKey": (papers.recovery(), departments.recover_key(papers.recovery())),
    "AddKey": (papers.officer_key(), departments.add_officer_key(papers.officer_key())),
    "RevokeKey": (papers.revocation(), departments.revoke_key(papers.revocation())),
    "GrantRoles": (papers.roles(), departments.grant_roles(papers.roles())),
    "RegisterApplication": (
        papers.application_object(),
        departments.register_application(papers.application_object()),
    ),
    "ListContract": (
        {"name": "CatalogueRegistry"},
        departments.list_contract("CatalogueRegistry", CONTRACT.address, CONTRACT.code_hash),
    ),
    "SubmitVersions": (
        {"versions": [papers.catalogue_version()]},
        cataloguing.submit_versions([papers.catalogue_version()]),
    ),
    "ReviewVersions": (papers.review(), cataloguing.review_versions(papers.review())),
    "SetStandingReply": (
        {
            "department": POLICE,
            "code": CODE,
            "standing": True,
            "callsPerDay": 5,
            "rowsPerDay": 6,
            "terms": papers.terms(),
        },
        cataloguing.set_standing_reply(
            POLICE, CODE, standing=True, calls_per_day=5, rows_per_day=6, terms=papers.terms()
        ),
    ),
    "FreezeEntry": (papers.freeze_order(), cataloguing.freeze_entry(papers.freeze_order())),
    "UnfreezeEntry": (papers.freeze_order(), cataloguing.unfreeze_entry(papers.freeze_order())),
    "RegisterLog": ({"department": POLICE}, departments.register_log(POLICE, RELAY)),
    "SupersedeLog": (
        {"department": POLICE, "reason": "磁盘损坏"},
        departments.supersede_log(
            {"department": POLICE, "reason": "磁盘损坏", "relay": RELAY.hex()}
        ),
    ),
}
"""Decisions that nothing on the ledger completes: what is asked, and the act the office builds."""


def test_every_decision_of_the_contracts_can_be_asked_for():
    assert set(INTENTS) == set(DECISIONS)


@pytest.mark.parametrize("kind", ALONE)
def test_what_is_drafted_is_what_the_office_builds(kind):
    asked, built = ALONE[kind]
    act, context = draft(WORKSHOP, kind, asked)
    assert (act.kind, context) == (kind, b"")
    assert intention_of(act) == intention_of(built)


@pytest.mark.parametrize("kind", ALONE)
def test_it_goes_over_the_wire_and_comes_back_whole(kind):
    act, _ = draft(WORKSHOP, kind, ALONE[kind][0])
    message = {**act.message, "nonce": 2**64 - 1, "notAfter": 1_900_000_000}
    message = {name: message[name] for name in DECISIONS[kind].fields}
    prepared = Prepared(
        kind=kind,
        documents=tuple(act.documents),
        message=message,
        domain=Domain(20_241, b"\x44" * 20),
        signers=(Entitled(POLICE, "office-head"),),
        reading=read_decision(kind, message, act.documents),
        effects=(("一", "one"),),
        warnings=(Warned("RoleMissing", ("缺", "none")),),
        context=b"\x01" * 32,
        references=tuple(act.documents),
    )
    said = json.loads(json.dumps(render_prepared(prepared)))
    assert parse_prepared(said) == prepared
    assert said["hash"] == hash_decision(DECISIONS[kind], message, prepared.domain).hex()
    for member in ("hash", "text"):
        with pytest.raises(InvalidInput):
            parse_prepared({**said, member: "0" * 64})


@pytest.mark.parametrize("kind", ALONE)
def test_its_reading_says_every_member_of_paper_and_struct(kind):
    act, _ = draft(WORKSHOP, kind, ALONE[kind][0])
    message = {**act.message, "nonce": 7, "notAfter": 1_900_000_000}
    lines = read_decision(kind, message, act.documents)
    said = " ".join(f"{line.label[0]} {line.value[0]}" for line in lines)
    for paper in act.documents:
        for text in texts({**json.loads(paper), "salt": None, "type": None}):
            assert text in said
    assert {line.part for line in lines} >= {"decision", "chain"}
    assert "2030-03-18 01:46:40" in said  # until when the signature is good


def texts(value):
    """Yield every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def test_every_member_that_is_asked_for_has_a_name_in_chinese():
    kinds = ("department", "officer-key", "key", "catalogue-version", "reply", "step", "terms")
    asked = {
        alias for kind in kinds for alias in members_of(kind).model_json_schema()["properties"]
    }
    assert asked <= set(LABELS)


@pytest.mark.parametrize(
    ("kind", "fields", "path"),
    [
        ("RevokeKey", {"department": POLICE, "reason": "遗失"}, ("key",)),
        ("RevokeKey", {**papers.revocation(), "more": 1}, ("more",)),
        ("RegisterLog", {"department": "x"}, ("department",)),
        ("Step", {"authorisation": 1, "step": "不存在"}, ("step",)),
        ("SubmitVersions", {"versions": []}, ("versions",)),
        ("ApplyFor", {}, ("applications",)),
    ],
)
def test_what_is_asked_wrongly_is_told_member_by_member(kind, fields, path):
    with pytest.raises(MalformedDocument) as refused:
        draft(WORKSHOP, kind, fields)
    assert path in [problem[0] for problem in refused.value.facts["problems"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("Nothing", {}),
        ("ListContract", {"name": "Unknown"}),
        ("SetDepartmentStatus", {"department": POLICE, "order": "关闭"}),
        ("RegisterLog", {"department": b"x"}),
    ],
)
def test_what_cannot_be_asked_is_refused(kind, fields):
    with pytest.raises(InvalidInput):
        draft(WORKSHOP, kind, fields)


def test_a_department_is_suspended_at_once_without_a_paper():
    act, _ = draft(WORKSHOP, "SetDepartmentStatus", {"department": POLICE, "order": "停用"})
    assert act == departments.suspend_department(POLICE)


def test_a_struct_is_read_by_its_declaration_and_nothing_else():
    act, _ = draft(WORKSHOP, "RegisterLog", {"department": POLICE})
    said = render_message("RegisterLog", {**act.message, "nonce": 1, "notAfter": 2})
    assert parse_message("RegisterLog", said)["relay"] == RELAY
    for changed in (
        {"nonce": 1},
        {"nonce": str(2**64)},
        {"nonce": "01"},
        {"relay": RELAY.hex().upper() + "AA"},
        {"relay": "11"},
        {"department": None},
        {"more": "1"},
    ):
        with pytest.raises(InvalidInput):
            parse_message("RegisterLog", {**said, **changed})
    with pytest.raises(InvalidInput):
        parse_message("RegisterLog", [])
