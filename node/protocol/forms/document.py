"""Documents: canonical JSON with a random salt, bound to a decision by SM3 (protocol.md section 2).

The bytes are the document; the parsed body is a view of them. `parse` accepts exactly what
`new_document` can produce, and raises nothing but MalformedDocument.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from pydantic import ValidationError

from ...crypto import sm3
from ...errors import MalformedDocument
from ..wire import canonical
from ..wire.encoding import b64u
from . import parties, sharing, versions
from .fields import SAID_OF, Paper, Part, Problem
from .words import called_member

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

P = TypeVar("P", bound=Part)
SIZE_LIMIT_BYTES = 262_144
SALT_BYTES = 16
VERSION = 1
PUBLIC: dict[str, type[Paper]] = {
    "department": parties.DepartmentPaper,
    "department-status": parties.DepartmentStatusPaper,
    "recovery": parties.RecoveryPaper,
    "key": parties.KeyPaper,
    "revocation": parties.RevocationPaper,
    "roles": parties.RolesPaper,
    "application-object": parties.ApplicationObjectPaper,
    "catalogue-version": versions.CatalogueVersionPaper,
    "review": versions.ReviewPaper,
    "withdrawal": versions.WithdrawalPaper,
    "withdrawal-review": versions.WithdrawalReviewPaper,
    "freeze-order": versions.FreezeOrderPaper,
    "unfreeze-order": versions.UnfreezeOrderPaper,
    "log-succession": parties.LogSuccessionPaper,
}
"""Kinds that every node fetches and keeps."""
RESTRICTED: dict[str, type[Paper]] = {
    "officer-key": parties.OfficerKeyPaper,
    "application": sharing.ApplicationPaper,
    "reply": sharing.ReplyPaper,
    "step": sharing.StepPaper,
    "change": sharing.ChangePaper,
    "terms": sharing.TermsPaper,
}
"""Kinds for the departments they concern, those' competent departments and auditors."""
KINDS = PUBLIC | RESTRICTED
REASONS = {
    "missing": "缺少此项",
    "extra_forbidden": "没有这一项",
    "string_type": "应为文字",
    "string_too_short": "不得为空",
    "string_too_long": "不得多于 {max_length} 个字",
    "literal_error": "只能填：{expected}",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "bool_type": "应为 true 或 false",
    "tuple_type": "应为列表",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "too_long": "不得多于 {max_length} 项",
    "too_short": "不得少于 {min_length} 项",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
}
"""What is wrong with a member by pydantic's error type; names in braces are in its context."""
_HELD: WeakValueDictionary[bytes, Document] = WeakValueDictionary()
"""Documents by digest for as long as somebody holds them: what is filed passes four readers."""
PROBLEMS_SAID = 5
VALUE_SHOWN = 80


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Document:
    """A document that was found to be well formed."""

    kind: str
    digest: bytes
    """SM3 of `data`: what the decision carries."""
    data: bytes
    body: Any = field(repr=False)
    """The model of its kind (`KINDS[kind]`); members in snake_case."""

    @property
    def public(self) -> bool:
        """Whether every node may have it."""
        return self.kind in PUBLIC


def digest_of(data: bytes) -> bytes:
    """Return the digest of a document's bytes."""
    return sm3(data)


def new_document(kind: str, body: Mapping[str, Any], *, salt: bytes | None = None) -> bytes:
    """Return a new document's bytes; as `make_document`."""
    return make_document(kind, body, salt=salt).data


def make_document(kind: str, body: Mapping[str, Any], *, salt: bytes | None = None) -> Document:
    """Return a new document; `body` holds its members under their JSON names.

    `salt`, 16 bytes, is drawn at random unless a vector needs a fixed one. Dates may be given as
    `datetime.date`; text is brought into NFC.

    Raises:
        MalformedDocument: `facts["problems"]` lists every (path, reason, value).
    """
    drawn = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    value = {
        "attachments": [],
        **_plain(dict(body)),
        "type": kind,
        "v": VERSION,
        "salt": b64u(drawn),
    }
    return _judged(canonical.dumps(value, error=MalformedDocument), kind)


def parse(data: bytes) -> Document:
    """Read a document of any kind; one that somebody here still holds is not read again.

    Raises:
        MalformedDocument: not canonical JSON, too large, of no known kind, or against a rule;
            `facts["problems"]` lists every (path, reason, value) found.
    """
    if len(data) <= SIZE_LIMIT_BYTES:
        held = _HELD.get(digest_of(data))
        if held is not None and held.data == data:
            return held
    value = canonical.loads(data, limit=SIZE_LIMIT_BYTES, error=MalformedDocument)
    return _judged(data, value.get("type") if isinstance(value, dict) else None)


def _judged(data: bytes, kind: object) -> Document:
    """Judge canonical JSON by the model of its kind."""
    if len(data) > SIZE_LIMIT_BYTES:
        raise MalformedDocument(f"{len(data)} bytes are more than the {SIZE_LIMIT_BYTES} allowed")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise _malformed("document", [Problem(("type",), "没有这种文件", kind)])
    body = read_part(model, data, str(kind))
    document = Document(str(kind), digest_of(data), bytes(data), body)
    _HELD[document.digest] = document
    return document


def read_part(model: type[P], data: bytes, called: str) -> P:
    """Read JSON as a document, or as a part of one, is read; `called` is what it is said to be.

    Raises:
        MalformedDocument: `facts["problems"]` lists every (path, reason, value).
    """
    try:
        body = model.model_validate_json(data)
    except ValidationError as error:
        found = [
            Problem(tuple(each["loc"]), _reason_of(each), each["input"])
            for each in _without_echoes(error.errors())
        ]
        raise _malformed(called, found) from error
    problems = list(body.problems())
    if problems:
        raise _malformed(called, problems)
    return body


def _malformed(kind: str, problems: list[Problem]) -> MalformedDocument:
    said = "; ".join(_say(problem) for problem in problems[:PROBLEMS_SAID])
    more = len(problems) - PROBLEMS_SAID
    message = f"{kind}: {said}" + (f"; 另有 {more} 处" if more > 0 else "")
    return MalformedDocument(message, problems=[tuple(problem) for problem in problems])


def _say(problem: Problem) -> str:
    place = called_member(*problem.path, first=0)
    if problem.value is None:
        return f"{place}：{problem.reason}"
    shown = repr(problem.value)
    if len(shown) > VALUE_SHOWN:
        shown = shown[:VALUE_SHOWN] + "…"
    return f"{place}：{problem.reason}（{shown}）"


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON values
    if type(value) is str and value.isascii():
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value.isoformat() if isinstance(value, date) else value


def problems_of(error: MalformedDocument) -> Iterable[Problem]:
    """Yield the problems a refusal lists."""
    listed = error.facts.get("problems")
    if isinstance(listed, list):
        yield from (Problem(*each) for each in listed)


def _reason_of(error: ErrorDetails) -> str:
    """Return the reason for one of pydantic's errors."""
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if error["type"] == "string_pattern_mismatch":
        return SAID_OF[context["pattern"]]
    template = REASONS.get(error["type"], "写法不对")
    said = template.format(**context)
    return said.replace("' or '", "'、'").replace("', '", "'、'").replace("'", "")


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Drop "too few" where it only echoes that some of a list's elements are malformed."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(
            place != error["loc"] and place[: len(error["loc"])] == error["loc"] for place in places
        )
    ]
