"""A decision on its way to who signs it, and back: what the office prepares, as JSON.

The same shape for a page, a command line, an agent and an office-automation system. Bytes are lower
case hex, integers decimal text (words of 256 bits are no JSON numbers), documents their canonical
text. A struct is read by the ABI: its members and their types are not the sender's to choose.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ...crypto import decision_text
from ...errors import InvalidInput
from ..evm.abi import load_abi
from ..evm.decision import DECISIONS, Domain, hash_decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..evm.decision import DecisionType

Said: TypeAlias = tuple[str, str]
"""One text in Chinese and in English."""
MOST_DOCUMENTS = 2_000
_INTEGER = re.compile(r"0|[1-9][0-9]{0,77}")
_HEX = re.compile(r"(?:[0-9a-f]{2}){0,64}")


class Line(NamedTuple):
    """One line of what a decision says."""

    part: str
    """`decision`: which it is; `document`: what a paper says; `chain`: what goes on the chain."""
    label: Said
    value: Said


class Entitled(NamedTuple):
    """Who may sign."""

    department: str
    """Its code."""
    role: str
    """As `office-head`."""


class Warned(NamedTuple):
    """Something to know before signing."""

    code: str
    """Stable: an error's code, or the name of the contract's error."""
    text: Said


@dataclass(frozen=True, slots=True)
class Prepared:
    """A decision to the last bit, but for its signature."""

    kind: str
    """Name of its struct, as `ApplyFor`."""
    documents: tuple[bytes, ...]
    """The papers behind it, in the order of the struct that names their digests."""
    message: Mapping[str, Any]
    """The struct: members under their ABI names, nonce and notAfter among them."""
    domain: Domain
    signers: tuple[Entitled, ...]
    """Who may sign, the one that is asked first."""
    reading: tuple[Line, ...]
    """As `forms.readout.read_decision` has it; who signs derives it again."""
    effects: tuple[Said, ...] = ()
    warnings: tuple[Warned, ...] = ()
    context: bytes = b""
    """What it is meant against where it does not say so itself (`office.repeats`)."""
    references: tuple[bytes, ...] = ()
    """Papers it rests on and does not carry: the pinned version, the application answered."""

    @property
    def hash(self) -> bytes:
        """EIP-712 hash, 32 bytes."""
        return hash_decision(DECISIONS[self.kind], dict(self.message), self.domain)

    @property
    def possession(self) -> bool:
        """Whether a new key signs as well."""
        return DECISIONS[self.kind].possession


def render_prepared(prepared: Prepared) -> dict[str, Any]:
    """Return a prepared decision as JSON has it; ABI order is kept in `message`."""
    digest = prepared.hash
    signers = [each._asdict() for each in prepared.signers]
    return {
        "kind": prepared.kind,
        "documents": [paper.decode() for paper in prepared.documents],
        "message": render_message(prepared.kind, prepared.message),
        "domain": {
            "chainId": str(prepared.domain.chain_id),
            "contract": prepared.domain.contract.hex(),
        },
        "hash": digest.hex(),
        "text": decision_text(digest).decode("ascii"),
        "signer": signers[0] if signers else None,
        "signers": signers,
        "possession": prepared.possession,
        "reading": [
            {"part": each.part, "label": _both(each.label), "value": _both(each.value)}
            for each in prepared.reading
        ],
        "effects": [_both(each) for each in prepared.effects],
        "warnings": [{"code": each.code, **_both(each.text)} for each in prepared.warnings],
        "context": prepared.context.hex(),
        "references": [paper.decode() for paper in prepared.references],
    }


def parse_prepared(said: object) -> Prepared:
    """Read a prepared decision; nothing in it is believed for being there.

    `hash`, `text` and `possession` follow from the rest and must be what follows.

    Raises:
        InvalidInput: it is none, or says two things at once.
    """
    try:
        members = _object(said)
        kind, domain = declared_kind(members["kind"]).name, _object(members["domain"])
        prepared = Prepared(
            kind=kind,
            documents=parse_documents(members["documents"]),
            message=parse_message(kind, members["message"]),
            domain=Domain(_integer(domain["chainId"]), _bytes(domain["contract"], 20)),
            signers=tuple(
                Entitled(str(each["department"]), str(each["role"])) for each in members["signers"]
            ),
            reading=tuple(
                Line(str(each["part"]), _said(each["label"]), _said(each["value"]))
                for each in members["reading"]
            ),
            effects=tuple(_said(each) for each in members["effects"]),
            warnings=tuple(Warned(str(each["code"]), _said(each)) for each in members["warnings"]),
            context=_bytes(members["context"]),
            references=parse_documents(members["references"]),
        )
        follows = (prepared.hash.hex(), prepared.possession)
        said_of_it = (members["hash"], members["possession"])
        text = decision_text(prepared.hash).decode("ascii")
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"不是待签署的决定 / no prepared decision: {error}") from error
    if follows != said_of_it or text != members.get("text"):
        raise InvalidInput(
            "待签署的决定前后不符：hash、text、possession 不是由其余各项得出的"
            " / its hash, text or possession does not follow from the rest",
            hash=prepared.hash.hex(),
        )
    return prepared


def render_message(kind: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a struct as JSON has it, in the ABI's order.

    Raises:
        InvalidInput: it has not the struct's members.
    """
    return _render(_members_of(kind), message)


def parse_message(kind: str, said: object) -> dict[str, Any]:
    """Read a struct by the ABI of its kind.

    Raises:
        InvalidInput: other members, or values of other types.
    """
    return _parse(_members_of(declared_kind(kind).name), said, kind)


def parse_documents(said: object) -> tuple[bytes, ...]:
    """Read documents that are given as their canonical text; they are not judged here.

    Raises:
        InvalidInput: no list of texts, or too many.
    """
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        raise InvalidInput("documents 应为文书原文的列表 / documents are a list of texts")
    if len(said) > MOST_DOCUMENTS:
        raise InvalidInput(
            f"一次最多 {MOST_DOCUMENTS} 份文书，现有 {len(said)} 份 / too many documents"
        )
    return tuple(_encoded(each) for each in said)


def declared_kind(name: object) -> DecisionType:
    """Return what is declared of a kind of decision.

    Raises:
        InvalidInput: there is no such kind.
    """
    declared = DECISIONS.get(name) if isinstance(name, str) else None
    if declared is None:
        raise InvalidInput(f"没有这种决定：{name!r} / there is no such decision")
    return declared


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"文书不是 UTF-8 / a document is not UTF-8: {error.reason}") from error


@cache
def _members_of(kind: str) -> tuple[dict[str, Any], ...]:
    """Return the struct's members as the ABI declares them."""
    declared = DECISIONS[kind]
    function = next(
        item
        for item in load_abi(declared.contract)
        if item["type"] == "function" and item["name"] == declared.function
    )
    return tuple(function["inputs"][0]["components"])


def _render(members: tuple[dict[str, Any], ...], struct: Mapping[str, Any]) -> dict[str, Any]:
    names = [member["name"] for member in members]
    if set(struct) != set(names):
        raise InvalidInput(f"the members are {', '.join(names)}, not {', '.join(sorted(struct))}")
    return {member["name"]: _shown(member, struct[member["name"]]) for member in members}


def _shown(member: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - a member's
    if member["type"] == "tuple[]":
        return [_render(tuple(member["components"]), each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, bool) else str(int(value))


def _parse(members: tuple[dict[str, Any], ...], said: object, where: str) -> dict[str, Any]:
    names = [member["name"] for member in members]
    if not isinstance(said, dict) or set(said) != set(names):
        raise InvalidInput(f"{where} 的各项应为 {'、'.join(names)} / its members are others")
    return {
        member["name"]: _value(member, said[member["name"]], f"{where}.{member['name']}")
        for member in members
    }


def _value(member: Mapping[str, Any], said: object, where: str) -> Any:  # noqa: ANN401 - a member's
    kind = str(member["type"])
    if kind == "tuple[]":
        if not isinstance(said, list) or len(said) > MOST_DOCUMENTS:
            raise InvalidInput(f"{where} 应为至多 {MOST_DOCUMENTS} 项的列表 / is no such list")
        inner = tuple(member["components"])
        return [_parse(inner, each, f"{where}[{index}]") for index, each in enumerate(said)]
    if kind == "bool":
        if not isinstance(said, bool):
            raise InvalidInput(f"{where} 应为 true 或 false / is no boolean")
        return said
    try:
        if kind.startswith("uint"):
            return _unsigned(said, int(kind[4:]))
        return _bytes(said, 20 if kind == "address" else int(kind[5:]))
    except InvalidInput as error:
        raise InvalidInput(f"{where}：{error.message}") from None


def _unsigned(said: object, bits: int) -> int:
    number = _integer(said)
    if number.bit_length() > bits:
        raise InvalidInput(f"超出 {bits} 位 / has more than {bits} bits")
    return number


def _integer(said: object) -> int:
    if not isinstance(said, str) or not _INTEGER.fullmatch(said):
        raise InvalidInput(f"应为十进制整数的文字 / no decimal integer: {_short(said)}")
    return int(said)


def _bytes(said: object, size: int | None = None) -> bytes:
    if not isinstance(said, str) or not _HEX.fullmatch(said):
        raise InvalidInput(f"应为小写十六进制 / no lower-case hex: {_short(said)}")
    value = bytes.fromhex(said)
    if size is not None and len(value) != size:
        raise InvalidInput(f"应为 {size} 字节，现为 {len(value)} / should have {size} bytes")
    return value


def _short(said: object) -> str:
    return json.dumps(said, default=str)[:80]


def _object(said: object) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise InvalidInput("应为 JSON 对象 / no JSON object")
    return said


def _both(text: Said) -> dict[str, str]:
    return {"zh": text[0], "en": text[1]}


def _said(members: Mapping[str, Any]) -> Said:
    return str(members["zh"]), str(members["en"])
