"""What somebody asked for, found again word for word in what a node prepared.

What is given has to stand where it belongs; what is not given may be filled in by the node only
where the node knows better (which version is published, who the parties are), and is named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import orjson

from ..errors import VerificationError
from ..protocol.forms.sharing import STEPS
from ..protocol.wire import ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..protocol.forms import Document

Fields = Mapping[str, Any]
Added = Iterator[tuple[str, Any]]
GIVEN = frozenset({"type", "v", "salt"})
"""Members a document is given when it is made."""
LISTED = ("attachments", "points", "refusals")
"""Of which a document is given an empty list where none is named."""
NARROWED = ("validFrom", "validUntil", "callsPerDay", "rowsPerDay", "terms")
_EMPTY_TERMS: dict[str, Any] = {"filterOnly": [], "rowScope": {}, "masks": {}}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a node was asked to prepare."""

    kind: str
    """Name of the decision's struct."""
    fields: Fields
    """As `node.office.intents` has them for this kind."""


class Written(NamedTuple):
    """Where what was asked has to stand."""

    papers: Sequence[Document]
    references: Sequence[Document]
    message: Mapping[str, Any]


def compare(asked: Asked, written: Written) -> Added:
    """Yield (place, value) of what the node added to what was asked.

    Raises:
        VerificationError: something that was asked stands there differently, or not at all; or the
            node added what is not its to add.
    """
    rule = _RULES.get(asked.kind, _whole)
    allowed = _ADDED.get(asked.kind)
    for place, value in rule(asked.fields, written):
        if allowed is None or not allowed.fullmatch(place):
            _refuse(place, None, value)
        yield place, value


def _whole(fields: Fields, written: Written) -> Added:
    """The fields are the members of the decision's one paper."""
    if not written.papers:
        return _at_once(fields, written)
    return _held(fields, _members(written.papers[-1]))


def _at_once(fields: Fields, written: Written) -> Added:
    """A protective decision without a paper says only what is done to which object."""
    message = written.message
    for name in sorted(set(fields) - {"order", "department", "authorisation", "step"}):
        if fields[name] not in (None, [], ()):
            _refuse(name, fields[name], None)
    if "order" in fields:
        return _held(
            {"order": fields["order"], "department": fields["department"]},
            {"order": "停用", "department": ids.department_code(message["department"])},
        )
    return _held(
        {name: fields[name] for name in ("authorisation", "step")},
        {
            "authorisation": message["authorisation"],
            "step": next((word for word, step in STEPS.items() if step == message["step"]), None),
            "revision": message["revision"],
        },
    )


def _update(fields: Fields, written: Written) -> Added:
    said = {"code" if name == "department" else name: each for name, each in fields.items()}
    return _held(said, _members(written.papers[-1]))


def _versions(fields: Fields, written: Written) -> Added:
    return _held(fields["versions"], [_members(paper) for paper in written.papers], "versions")


def _applications(fields: Fields, written: Written) -> Added:
    papers = [_members(paper) for paper in written.papers if paper.kind == "application"]
    terms, digest = _asked_terms(fields)
    wanted = [{**form, "terms": digest} for form in fields["applications"]]
    yield from _held(wanted, papers, "applications")
    yield from _terms([terms] * len(papers) if terms else [], written)


def _asked_terms(fields: Fields) -> tuple[dict[str, Any] | None, str | None]:
    """Return (members of new terms, digest of terms that are there); None each if not asked."""
    wanted = fields.get("terms")
    if isinstance(wanted, Mapping):
        return {**_EMPTY_TERMS, **wanted}, None
    return None, wanted


def _terms(wanted: Sequence[Any], written: Written) -> Added:
    """Yield what new terms say besides; none stand there unless they were asked for."""
    terms = [_members(paper) for paper in written.papers if paper.kind == "terms"]
    return _held(wanted, terms, "terms")


def _reply(fields: Fields, written: Written) -> Added:
    members = _members(written.papers[-1])
    terms, digest = _asked_terms(fields)
    said = {name: each for name, each in fields.items() if name not in NARROWED}
    if members.get("grant") is not None:
        said["grant"] = {name: fields.get(name) for name in NARROWED} | {"terms": digest}
    yield from _held(said, members)
    yield from _terms([terms] if terms else [], written)


def _change(fields: Fields, written: Written) -> Added:
    terms, digest = _asked_terms(fields)
    yield from _held({**fields, "terms": digest}, _members(written.papers[-1]))
    yield from _terms([terms] if terms else [], written)


def _withdrawal(fields: Fields, written: Written) -> Added:
    said = {
        "department": fields["department"],
        "withdrawals": [
            {"code": code, "reason": reason} for code, reason in fields["reasons"].items()
        ],
    }
    return _held(said, _members(written.papers[-1]))


def _withdrawal_review(fields: Fields, written: Written) -> Added:
    """The verdicts are on the withdrawal that was named: on each of its entries, no other."""
    members = _members(written.papers[-1])
    refused, digest = fields.get("refused") or {}, fields["withdrawal"]
    said = {name: each for name, each in fields.items() if name not in {"refused", "withdrawal"}}
    named = [each for each in written.references if each.digest.hex() == digest]
    if not named:
        _refuse("reviews.subject", digest, [each.digest.hex() for each in written.references])
    asked = named[0].body
    said["reviews"] = [
        {
            "department": asked.department,
            "code": each.code,
            "version": each.version,
            "accept": each.code not in refused,
            "reason": refused.get(each.code),
            "subject": digest,
        }
        for each in asked.withdrawals
    ]
    return _held(said, members)


def _log(fields: Fields, written: Written) -> Added:
    message = written.message
    said = {"department": ids.department_id(fields["department"]).hex()}
    if fields.get("relay") is not None:
        said["relay"] = fields["relay"]
    actual = {name: message[name].hex() for name in ("department", "relay")}
    return _held(said, actual)


def _standing(fields: Fields, written: Written) -> Added:
    message = written.message
    terms, digest = _asked_terms(fields)
    if terms is not None and written.papers:
        digest = written.papers[-1].digest.hex()
    said = {
        "entry": ids.entry_id(ids.department_id(fields["department"]), fields["code"]).hex(),
        "standing": fields["standing"],
        "callsPerDay": fields.get("callsPerDay") or 0,
        "rowsPerDay": fields.get("rowsPerDay") or 0,
        "terms": digest or ids.ZERO.hex(),
    }
    actual = {
        **{name: message[name] for name in ("standing", "callsPerDay", "rowsPerDay")},
        **{name: message[name].hex() for name in ("entry", "terms")},
    }
    yield from _held(said, actual)
    yield from _terms([terms] if terms else [], written)


def _contract(fields: Fields, written: Written) -> Added:
    actual = {name: written.message[name].hex() for name in ("name", "contractAddress", "codeHash")}
    return _held({"name": ids.contract_name_id(fields["name"]).hex()}, actual)


def _members(paper: Document) -> dict[str, Any]:
    members: dict[str, Any] = orjson.loads(paper.data)
    return {name: value for name, value in members.items() if name not in GIVEN}


def _held(said: Any, actual: Any, place: str = "") -> Added:  # noqa: ANN401 - JSON
    """Yield what `actual` has besides `said`; refuse where it says something else."""
    if said is None:
        if actual is not None and not (actual == [] and place.endswith(LISTED)):
            yield place, actual
    elif isinstance(said, Mapping) and isinstance(actual, Mapping):
        for name in {**said, **actual}:
            inner = f"{place}.{name}" if place else name
            yield from _held(said.get(name), actual.get(name), inner)
    elif _is_list(said) and _is_list(actual) and len(said) == len(actual):
        for index, (one, other) in enumerate(zip(said, actual, strict=True)):
            yield from _held(one, other, f"{place}.{index}")
    elif not _same(_plain(said), actual):
        _refuse(place, said, actual)


def _same(said: object, actual: object) -> bool:
    return type(said) is type(actual) and said == actual  # 1 is not true


def _is_list(value: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _plain(value: object) -> object:
    """Return a scalar as documents have it."""
    if isinstance(value, date):
        return value.isoformat()
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _refuse(place: str, said: object, actual: object) -> NoReturn:
    raise VerificationError(
        f"节点准备的决定与所要求的不符，未签署：{place}"
        f" 应为 {said!r:.200}，写的是 {actual!r:.200}"
        " / what the node prepared is not what was asked; nothing was signed",
        place=place,
    )


_RULES: dict[str, Callable[[Fields, Written], Added]] = {
    "UpdateDepartment": _update,
    "SubmitVersions": _versions,
    "ApplyFor": _applications,
    "Reply": _reply,
    "Change": _change,
    "SubmitWithdrawal": _withdrawal,
    "ReviewWithdrawal": _withdrawal_review,
    "RegisterLog": _log,
    "SetStandingReply": _standing,
    "ListContract": _contract,
}
"""How the fields of a kind are found again; of the others they are the paper's members."""
_TERMS = r"validFrom|validUntil|callsPerDay|rowsPerDay|terms|items(\.\d+)?"
_ANSWERED = r"parties(\.\w+)?|subject|revision"
_ADDED = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "UpdateDepartment": r".+",
        "ApplyFor": r"applications\.\d+\.(entry\.(version|name)|terms)",
        "Reply": rf"{_ANSWERED}|grant(\.({_TERMS}|mode))?",
        "Step": _ANSWERED,
        "Change": rf"{_ANSWERED}|{_TERMS}",
        "SubmitWithdrawal": r"withdrawals\.\d+\.version",
        "ListContract": "contractAddress|codeHash",
        "RegisterLog": "relay",
        "SupersedeLog": "relay",
    }.items()
}
"""What the node may fill in where it was not given."""
