"""Decisions: prepared to the last bit, signed elsewhere, submitted, and where one stands.

Nothing is kept between the two. The private key never comes here; who signs has made the digests,
the struct's hash and the reading again from what he was handed (`node.client.deciding`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from node.crypto import normalise_signature
from node.errors import (
    AlreadyExists,
    AuthorisationUnknown,
    ChainUnavailable,
    Conflict,
    DecisionRefused,
    Forbidden,
    InvalidInput,
    LedgerBehind,
    MalformedDocument,
    NotEntitled,
    NotFound,
    Overloaded,
    PeerUnavailable,
    SignatureInvalid,
    TransactionRefused,
)
from node.office.intents import INTENTS
from node.office.submitting import Submitted
from node.protocol.forms.outcomes import outcomes_of
from node.protocol.wire import encoding
from node.protocol.wire.prepared import parse_documents, parse_message, render_prepared

from ...http.callers import NodeDep
from ...http.described import HEX32, HEX64, HexPath, refusals
from ...http.officers import OfficerDep, officer_with_body
from ...http.verbs import Readable

if TYPE_CHECKING:
    from node.office.submitting import Answered

    from ...http.officers import Officer
    from ...parts import Node

router = APIRouter(route_class=Readable)
AT_ONCE = 16
"""Decisions under way at once: each waits for its block in a thread."""
MOST_WAITING = 64
"""Decisions that wait for one of these, each held in memory whole."""
_under_way = CapacityLimiter(AT_ONCE)
_KINDS = sorted(INTENTS)
ANY_OFFICER: dict[str, Any] = {"security": [{"gdsl-1": []}, {"session": []}]}
"""What `openapi_extra` of a route for officers says."""
_HEX = "^(?:[0-9a-f]{2})*$"
REFUSED = (SignatureInvalid, Forbidden, NotEntitled, LedgerBehind, InvalidInput, Overloaded)
"""How any route of the office refuses."""


class Asked(BaseModel):
    """What comes in: strict, nothing that is not known."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
    )


class PrepareBody(Asked):
    """A decision as it is meant."""

    kind: Annotated[str, Field(json_schema_extra={"enum": _KINDS})]
    """Name of its struct (protocol.md section 3)."""
    fields: dict[str, Any]
    """What is said of it, by kind: `GET /office/kinds` has the schemas."""


class SubmitBody(Asked):
    """A prepared decision, signed."""

    kind: Annotated[str, Field(json_schema_extra={"enum": _KINDS})]
    documents: list[str]
    """As prepared: canonical JSON texts."""
    message: dict[str, Any]
    """As prepared."""
    key: Annotated[str, Field(pattern=HEX32)]
    """Id of the key that signed."""
    signature: Annotated[str, Field(pattern=HEX64)]
    """SM2 signature of `text`, r‖s."""
    possession: Annotated[str, Field(pattern=HEX64)] | None = None
    """The new key's own signature of the same text, where one is registered."""
    again: bool = False
    """Take it even if the same was decided before."""
    context: Annotated[str, Field(pattern=_HEX, max_length=128)] = ""
    """As prepared."""


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True, frozen=True
    )


class SaidShape(Answer):
    """One text in two languages."""

    zh: str
    en: str


class LineShape(Answer):
    """One line of what a decision says."""

    part: Literal["decision", "document", "chain"]
    label: SaidShape
    value: SaidShape


class WarningShape(SaidShape):
    """Something to know before signing."""

    code: str


class EntitledShape(Answer):
    """Who may sign."""

    department: str
    role: str


class DomainShape(Answer):
    """Where the decision counts."""

    chain_id: str
    contract: str


class PreparedShape(Answer):
    """A decision to the last bit, but for its signature."""

    kind: str
    documents: list[str]
    message: dict[str, Any]
    """The struct: bytes as hex, integers as decimal text."""
    domain: DomainShape
    hash: str
    """EIP-712."""
    text: str
    """What is signed: 85 bytes of ASCII."""
    signer: EntitledShape | None
    signers: list[EntitledShape]
    possession: bool
    """Whether a new key signs the text as well."""
    reading: list[LineShape]
    effects: list[SaidShape]
    warnings: list[WarningShape]
    context: str
    references: list[str]
    """Papers it rests on and does not carry, for who checks it."""


class DecidedShape(Answer):
    """A decision that is on the chain."""

    hash: str
    transaction: str
    block: int
    gas_used: int
    event: dict[str, Any]
    """Its event's arguments: bytes as hex, integers as decimal text."""
    outcomes: list[SaidShape]
    """What is there now that was not before."""
    finished: bool
    """It was enqueued before; this brought it to its end."""
    followed: bool
    """This node's read model has its block."""


class StandingShape(Answer):
    """Where a decision of this node's stands."""

    hash: str
    state: Literal["waiting", "mined"]
    transaction: str | None
    block: int | None
    gas_used: int | None


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a body that the route reads itself."""
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.get(
    "/kinds",
    summary="可办的决定 / What can be decided",
    response_model=dict[str, list[Any]],
    responses=refusals(),
)
def list_kinds() -> dict[str, list[Any]]:
    """Return the JSON Schemas of `fields`, by kind of decision; of several the one that fits."""
    return {
        kind: [model.model_json_schema() for model in intent.fields()]
        for kind, intent in INTENTS.items()
    }


@router.post(
    "/decisions/prepare",
    summary="准备决定 / Prepare a decision",
    response_model=PreparedShape,
    responses=refusals(
        *REFUSED, MalformedDocument, NotFound, AuthorisationUnknown, DecisionRefused
    ),
    openapi_extra=ANY_OFFICER | body_of(PrepareBody),
)
async def prepare(request: Request, node: NodeDep) -> Response:
    """Draft a decision, weigh it by the contracts' rules, and read it out.

    For officers of a department that may take it, whatever their role: an assistant prepares what
    the head signs. The same again is another decision: nonce and salts are drawn anew.
    """
    officer, data = await officer_with_body(request, node)
    asked = read_asked(PrepareBody, data)
    prepared = await to_thread.run_sync(_prepare, node, officer, asked)
    return Response(orjson.dumps(prepared), media_type="application/json")


@router.post(
    "/decisions/submit",
    summary="提交已签署的决定 / Submit a signed decision",
    response_model=DecidedShape,
    responses=refusals(
        *REFUSED,
        MalformedDocument,
        AlreadyExists,
        Conflict,
        DecisionRefused,
        TransactionRefused,
        PeerUnavailable,
        ChainUnavailable,
    ),
    openapi_extra=ANY_OFFICER | body_of(SubmitBody),
)
async def submit(request: Request, node: NodeDep) -> Response:
    """Store the papers here and elsewhere, relay the decision, and answer when it is mined.

    The same signed decision again is answered the same. After a 503 it may still be mined: submit
    it again, or ask where it stands. The relay has no rights: the signature decides.
    """
    # While the chain stands still none gets on, and whoever submits again waits beside himself.
    if _under_way.statistics().tasks_waiting >= MOST_WAITING:
        raise Overloaded("正在办理的决定太多，请稍后再试 / too many decisions are under way")
    _officer, data = await officer_with_body(request, node)
    asked = read_asked(SubmitBody, data)
    answered = await to_thread.run_sync(_submit, node, asked, limiter=_under_way)
    return Response(orjson.dumps(_answer(answered)), media_type="application/json")


@router.get(
    "/standing/{digest}",
    summary="决定办到哪一步 / Where a decision stands",
    responses=refusals(*REFUSED, NotFound, DecisionRefused, TransactionRefused, ChainUnavailable),
    openapi_extra=ANY_OFFICER,
)
def get_standing(
    digest: Annotated[HexPath, Path(description="EIP-712 hash")], node: NodeDep, _who: OfficerDep
) -> StandingShape:
    """Tell what became of a decision that was submitted here; one that failed is told as such."""
    row = node.outbox.find(encoding.hex32(digest).hex())
    if row is None:
        raise NotFound(f"本节点没有报送过决定 {digest} / was not submitted here")
    receipt = node.outbox.result(row)
    if receipt is None:
        return StandingShape(
            hash=digest, state="waiting", transaction=None, block=None, gas_used=None
        )
    return StandingShape(
        hash=digest,
        state="mined",
        transaction=receipt.tx_hash.hex(),
        block=receipt.block_number,
        gas_used=receipt.gas_used,
    )


def read_asked(model: type[Any], data: bytes) -> Any:  # noqa: ANN401 - an instance of `model`
    """Read a body.

    Raises:
        InvalidInput: it is not of that shape; `facts["members"]` name what is wrong.
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        wrong = [".".join(str(part) for part in each["loc"]) for each in error.errors()]
        said = "; ".join(
            f"{place}: {each['msg']}" for place, each in zip(wrong, error.errors(), strict=True)
        )
        raise InvalidInput(f"请求不合格式 / malformed: {said[:1000]}", members=wrong) from None


def _prepare(node: Node, officer: Officer, asked: PrepareBody) -> dict[str, Any]:
    key = officer.key.key
    found = node.preparer.prepare(
        asked.kind,
        asked.fields,
        key=key,
        departments=officer.departments,
        papers=node.access.shelf_of(key),
    )
    return render_prepared(found)


def _submit(node: Node, asked: SubmitBody) -> Answered:
    possession = asked.possession
    given = Submitted(
        kind=asked.kind,
        documents=parse_documents(asked.documents),
        message=parse_message(asked.kind, asked.message),
        key=encoding.hex32(asked.key),
        signature=normalise_signature(bytes.fromhex(asked.signature)),
        possession=None if possession is None else normalise_signature(bytes.fromhex(possession)),
        again=asked.again,
        context=bytes.fromhex(asked.context),
    )
    return node.submitter.submit(given)


def _answer(answered: Answered) -> dict[str, Any]:
    decided = answered.decided
    made = outcomes_of(decided.kind, decided.event)
    return {
        "hash": decided.hash.hex(),
        "transaction": decided.transaction.hex(),
        "block": decided.block,
        "gasUsed": decided.gas_used,
        "event": rendered(decided.event),
        "outcomes": [{"zh": chinese, "en": english} for chinese, english in made],
        "finished": answered.finished,
        "followed": answered.followed,
    }


def rendered(value: Any) -> Any:  # noqa: ANN401 - as the ABI has it
    """Return an event's arguments as JSON: bytes as hex, integers as decimal text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: rendered(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rendered(each) for each in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
