"""Decisions as a node prepares them, honest or not: what is asked, and what comes back for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.errors import InvalidInput
from node.office import authorising, cataloguing, departments
from node.office.act import of_paper
from node.protocol import forms
from node.protocol.evm.decision import Domain
from node.protocol.ledger.enums import Step
from node.protocol.wire.prepared import Entitled, Prepared
from tests.common import papers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from node.office import Act

NOW = 1_790_000_000
DOMAIN = Domain(88001, b"\xc1" * 20)
VERSION = forms.new_document("catalogue-version", papers.catalogue_version())
APPLICATION = forms.new_document("application", papers.application())
WITHDRAWAL = forms.make_document("withdrawal", papers.withdrawal())
SUBJECT = WITHDRAWAL.digest.hex()


def prepared_of(act: Act, *references: bytes, domain: Domain = DOMAIN) -> Prepared:
    """Return an act as a node hands it out, every part following from the others."""
    message = {"nonce": 7, "notAfter": NOW + 3600, **act.message}
    return Prepared(
        kind=act.kind,
        documents=tuple(act.documents),
        message=message,
        domain=domain,
        signers=(Entitled(papers.POLICE, "department-head"),),
        reading=(),
        references=references,
    )


@dataclass(frozen=True)
class Case:
    """What is asked for, the body an honest node makes of it, and how it makes the act."""

    kind: str
    fields: Mapping[str, Any]
    body: dict[str, Any]
    build: Callable[[dict[str, Any]], Act]
    references: tuple[bytes, ...] = ()

    def prepare(self, body: dict[str, Any] | None = None) -> Prepared:
        return prepared_of(self.build(self.body if body is None else body), *self.references)


def _same(kind: str, body: dict[str, Any], build: Callable[[Any], Act]) -> Case:
    return Case(kind, body, body, build)


def _without(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: each for name, each in body.items() if name not in names}


def _reply(body: dict[str, Any]) -> Act:
    return authorising.reply(body, application=APPLICATION, version=VERSION)


def _change(body: dict[str, Any]) -> Act:
    return authorising.change(body, version=VERSION)


def _apply(body: dict[str, Any]) -> Act:
    return authorising.apply_for([authorising.Request(body, VERSION)])


def _standing(body: dict[str, Any]) -> Act:
    return cataloguing.set_standing_reply(
        body["department"],
        body["code"],
        standing=body["standing"],
        calls_per_day=body["callsPerDay"],
        rows_per_day=body["rowsPerDay"],
        terms=body["terms"],
    )


_FORM = _without(papers.application(), "terms") | {
    "entry": {"department": papers.POLICE, "code": "30300101/06001"}
}
_LISTED = {"name": "AccessAnchors", "contractAddress": "c7" * 20, "codeHash": "c8" * 32}


def _list(body: dict[str, Any]) -> Act:
    try:
        address, code = bytes.fromhex(body["contractAddress"]), bytes.fromhex(body["codeHash"])
    except ValueError as error:
        raise InvalidInput("no contract") from error
    if (len(address), len(code)) != (20, 32):
        raise InvalidInput("no contract")
    return departments.list_contract(body["name"], address, code)


_STANDING = {
    "department": papers.POLICE,
    "code": "30300101/06001",
    "standing": True,
    "callsPerDay": 100,
    "rowsPerDay": 1000,
    "terms": papers.terms(),
}
_LOG = {"department": papers.POLICE, "relay": "b1" * 20}


def _log(body: dict[str, Any]) -> Act:
    try:
        relay = bytes.fromhex(body["relay"])
    except ValueError as error:
        raise InvalidInput("no relay") from error
    return departments.register_log(body["department"], relay)


_WITHDRAWN = papers.withdrawal_review(
    reviews=[{**papers.withdrawal_review()["reviews"][0], "subject": SUBJECT}]
)
_HANDLER = papers.reply()["handler"]
CASES = {
    "enrol": _same("EnrolDepartment", papers.department(), departments.enrol_department),
    "update": Case(
        "UpdateDepartment",
        {"department": papers.POLICE, "url": "http://10.0.0.7:8101", "name": None},
        papers.department(url="http://10.0.0.7:8101", head=None),
        lambda body: of_paper("UpdateDepartment", "department", body),
    ),
    "order": _same(
        "SetDepartmentStatus", papers.department_status(), departments.set_department_status
    ),
    "suspend at once": Case(
        "SetDepartmentStatus",
        {"department": papers.POLICE, "order": "停用", "reason": None},
        {"department": papers.POLICE},
        lambda body: departments.suspend_department(body["department"]),
    ),
    "recover": _same("RecoverKey", papers.recovery(), departments.recover_key),
    "add key": _same("AddKey", papers.key(), departments.add_key),
    "add officer": _same("AddKey", papers.officer_key(), departments.add_officer_key),
    "revoke": _same("RevokeKey", papers.revocation(), departments.revoke_key),
    "grant": _same("GrantRoles", papers.roles(), departments.grant_roles),
    "register": _same(
        "RegisterApplication", papers.application_object(), departments.register_application
    ),
    "list": Case("ListContract", {"name": "AccessAnchors"}, _LISTED, _list),
    "log": Case(
        "RegisterLog",
        _LOG,
        _LOG,
        _log,
    ),
    "supersede": _same("SupersedeLog", papers.log_succession(), departments.supersede_log),
    "file": Case(
        "SubmitVersions",
        {"versions": [papers.catalogue_version()]},
        papers.catalogue_version(),
        lambda body: cataloguing.submit_versions([body]),
    ),
    "review": _same("ReviewVersions", papers.review(), cataloguing.review_versions),
    "standing": Case("SetStandingReply", _STANDING, _STANDING, _standing),
    "withdraw": Case(
        "SubmitWithdrawal",
        {"department": papers.POLICE, "reasons": {"30300101/06001": "职能已划转"}},
        papers.withdrawal(),
        cataloguing.submit_withdrawal,
    ),
    "review withdrawal": Case(
        "ReviewWithdrawal",
        {**_without(_WITHDRAWN, "reviews"), "withdrawal": SUBJECT, "refused": {}},
        _WITHDRAWN,
        cataloguing.review_withdrawal,
        (WITHDRAWAL.data,),
    ),
    "freeze": _same("FreezeEntry", papers.freeze_order(), cataloguing.freeze_entry),
    "unfreeze": _same("UnfreezeEntry", papers.freeze_order(), cataloguing.unfreeze_entry),
    "apply": Case(
        "ApplyFor",
        {"applications": [_FORM], "terms": None},
        papers.application(),
        _apply,
        (VERSION,),
    ),
    "reply": Case(
        "Reply",
        {
            "authorisation": 1,
            "answer": "部分同意",
            "refusals": [papers.refusal()],
            "callsPerDay": 5000,
            "opinion": "同意提供姓名",
            "handler": _HANDLER,
            "terms": None,
        },
        papers.reply(),
        _reply,
        (VERSION, APPLICATION),
    ),
    "refuse": Case(
        "Reply",
        {
            "authorisation": 1,
            "answer": "不同意",
            "refusals": [papers.refusal(), papers.refusal("XM")],
            "opinion": "不必要",
            "handler": _HANDLER,
        },
        papers.reply(
            answer="不同意",
            grant=None,
            refusals=[papers.refusal(), papers.refusal("XM")],
            opinion="不必要",
        ),
        _reply,
    ),
    "step": Case(
        "Step",
        _without(papers.step(), "parties", "revision", "subject"),
        papers.step(),
        authorising.advance,
    ),
    "protect": Case(
        "Step",
        {"authorisation": 1, "step": "暂停", "reason": None},
        {"authorisation": 1, "step": "暂停", "revision": 1},
        lambda body: authorising.protect(
            body["authorisation"], forms.STEPS.get(body["step"], Step.PASS), body["revision"]
        ),
    ),
    "change": Case(
        "Change",
        {
            "authorisation": 1,
            "step": "提出变更",
            "callsPerDay": 8000,
            "items": None,
            "reason": "秋季招生人数增加",
            "handler": papers.change()["handler"],
            "terms": None,
        },
        papers.change(),
        _change,
        (VERSION,),
    ),
}
"""By a name of ours: every kind of decision, and each sort of it that is checked differently."""
