"""What the answers look like, for the OpenAPI document; hex is lower case without 0x.

Names are camelCase on the wire. The query's own answer is bytes the log has sealed the digest of,
so it is described here and never built from here.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from node.documents.tables import Listing
from node.service.request import (
    DEFAULT_PAGE_SIZE,
    MAX_CHOICES,
    MAX_FILTERED_ITEMS,
    MAX_INTEGER,
    MAX_ITEMS,
    MAX_REFERENCE,
    MAX_TEXT,
)

from ..http.described import SALT, Address, Bytes, Code, Hex32, Hex64


class Shape(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True, frozen=True
    )


class Problem(BaseModel):
    """RFC 9457 problem; more members by code, `receipt` among them where the caller is known."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    type: Annotated[str, Field(pattern="^urn:shareledger:problem:[a-z-]+$")]
    """`urn:shareledger:problem:` and the code."""
    title: str
    """What the code means, in Chinese."""
    titleEn: str  # noqa: N815 - the wire's name
    """The same in English."""
    status: int
    detail: str
    """The offending value, and what to do, in Chinese."""
    detailEn: str | None = None  # noqa: N815 - the wire's name
    """The same in English; left out where `detail` says both, or Chinese alone."""
    code: Annotated[str, Field(pattern="^[a-z-]+$")]
    """Stable; never renamed."""


_VALUE: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "maxLength": MAX_TEXT},
        {"type": "integer", "exclusiveMinimum": -MAX_INTEGER, "exclusiveMaximum": MAX_INTEGER},
        {"type": "boolean"},
    ]
}


class Comparison(BaseModel):
    """What a filtered item must satisfy; all comparisons given must hold."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "minProperties": 1,
            "properties": {
                "eq": _VALUE,
                "in": {"type": "array", "minItems": 1, "maxItems": MAX_CHOICES, "items": _VALUE},
                "ge": _VALUE,
                "le": _VALUE,
                "prefix": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
            },
        },
    )


class PageWanted(BaseModel):
    """Which page of the rows."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    size: int = Field(default=DEFAULT_PAGE_SIZE, ge=1, le=1000)
    """At most what the node is set to, 1000 unless it says otherwise."""
    after: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    """`next` of the page before."""


Reference = Annotated[str, Field(min_length=1, max_length=MAX_REFERENCE)]


class QueryBody(BaseModel):
    """A query; unknown members are refused (protocol.md section 4)."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "purpose": "RXHY",
                    "items": ["XM", "CSRQ"],
                    "where": {"GMSFHM": {"eq": "130902201809010012"}},
                    "page": {"size": 100, "after": None},
                    "operator": "李老师",
                    "matter": "2026-0001",
                    "salt": "AAECAwQFBgcICQoLDA0ODw",
                }
            ]
        },
    )

    purpose: Reference
    """Code of the purpose granted: the application's own (protocol.md section 4.4)."""
    items: Annotated[
        list[Reference],
        Field(min_length=1, max_length=MAX_ITEMS, json_schema_extra={"uniqueItems": True}),
    ]
    """Codes of granted items."""
    where: Annotated[dict[str, Comparison], Field(max_length=MAX_FILTERED_ITEMS)] = {}
    page: PageWanted = PageWanted()
    operator: Reference
    """Who asks; only a salted commitment of it is kept in the log."""
    matter: Reference
    """The case it is asked for (办件号); kept the same way."""
    salt: Annotated[str, Field(pattern=SALT)]
    """At least 16 random bytes, base64url."""


class Recipient(Shape):
    """One key an envelope is sealed to."""

    keyid: Hex32
    """Id of the encryption key."""
    wrapped: Bytes
    """GM/T 0009 DER of the 16-byte SM4 key, base64url."""


class Envelope(Shape):
    """A sealed answer (protocol.md section 5); the AAD is the event id."""

    alg: str
    """`SM4-GCM`."""
    iv: Bytes
    sealed: Bytes
    """Ciphertext and tag, base64url."""
    recipients: list[Recipient]


class Anchored(Shape):
    """Where the chain took note of a log."""

    chain_id: int
    contract: Address
    tx: Hex32
    block: int
    block_hash: Hex32
    size: int
    consistency: list[Bytes]
    """From the receipt's tree to the anchored one, base64url."""


class ReceiptShape(Shape):
    """A leaf, its inclusion proof and the signed checkpoint (protocol.md section 6)."""

    v: int
    leaf: Bytes
    """Canonical JSON of the leaf, base64url."""
    index: int
    size: int
    proof: list[Bytes]
    checkpoint: str
    """C2SP signed note with an Ed25519 and an SM2 line."""
    anchored: Anchored | None = None


class Remaining(Shape):
    """What the Beijing day still allows; advisory."""

    calls: int
    rows: int


class AnswerShape(Shape):
    """An answer and its proof."""

    sealed: Envelope
    receipt: ReceiptShape
    remaining: Remaining


class EventShape(Shape):
    """A logged call."""

    receipt: ReceiptShape
    request: Envelope | None = None
    """For auditors that gave an encryption key: the request's body and the openings of its
    commitments, `{"body": base64url, "opening": {"operator", "matter"}}`, AAD the event id."""
    audit: ReceiptShape | None = None
    """With `request`: the receipt of the auditor's own look, a leaf of kind `audit`."""


class ConsistencyShape(Shape):
    """A proof that one tree of a log begins with another."""

    old: int
    new: int
    proof: list[Bytes]
    """Hashes, base64url (RFC 6962)."""


class ListingsShape(Shape):
    """One page of a search."""

    entries: list[Listing]
    next: int | None
    """What `after` takes for the next page."""


class VersionShape(Shape):
    """One version of an entry."""

    version: int
    state: str
    digest: Hex32
    submitted_block: int
    reviewed_block: int | None


class EntryShape(Shape):
    """An entry as the chain knows it, and the document of its version in force."""

    entry: Hex32
    provider: Code
    version: int
    state: str
    frozen: bool
    share_type: str
    item_count: int
    digest: Hex32
    versions: list[VersionShape]
    document: dict[str, Any] | None
    """The catalogue-version document, when it is here."""


class DepartmentShape(Shape):
    """An enrolled department."""

    code: Code
    name: str | None
    """From its document, when it is here."""
    url: str | None
    parent: Code
    competent: Code
    status: str
    digest: Hex32


class LogKeyShape(Shape):
    """A pair of keys that sign a log's checkpoints."""

    key: Hex32
    sm2: Hex64
    """x and y, 128 hex digits."""
    ed25519: Hex32
    custody: str
    valid_from: int
    valid_until: int
    revoked_at: int | None


class LogShape(Shape):
    """One of a department's logs and the keys that sign it, the newest first."""

    department: Code
    log: Hex32
    origin: str
    generation: int
    """1 for its first; of the present one how many it has had."""
    frozen: bool
    """Two roots of one size were shown."""
    superseded: bool
    """The next generation has begun: this one grows no more."""
    size: int
    """Leaves anchored on the chain."""
    root: Hex32
    keys: list[LogKeyShape]


class AnchorShape(Shape):
    """A size of a log that the chain has checked and kept."""

    size: int
    root: Hex32
    checkpoint_hash: Hex32
    chain_id: int
    contract: Address
    """AccessAnchors."""
    tx: Hex32
    block: int
    block_hash: Hex32


class AuthorisationShape(Shape):
    """A share authorisation as it stands."""

    authorisation: int
    provider: Code
    consumer: Code
    entry: Hex32
    entry_code: str
    version: int
    state: str
    revision: int
    mode: str
    items: list[str]
    """Codes of the granted items."""
    item_codes: list[str]
    """Codes of all items of the pinned version, in its order: what bitmaps count."""
    purpose: Hex32
    application: Hex32
    valid_from: int
    valid_until: int
    """Chain seconds, exclusive."""
    calls_per_day: int
    rows_per_day: int
    terms: Hex32
    subject: Hex32


class ServedShape(Shape):
    """A department this node serves."""

    code: Code
    custody: str
    log: Hex32
    registered: bool
    """Whether the chain takes anchors of the log; where it does not, calls are refused."""
    size: int
    """Leaves committed."""
    published: int
    anchored: int


class StatusShape(Shape):
    """How the node is."""

    version: str
    chain_id: int
    registry: Address
    ciphers: str
    departments: list[ServedShape]
    cursor: int | None
    """Last block applied to the read model."""
    head: int | None
    """Last block seen of the chain."""
    lag: int | None
    """Blocks between the two."""
    filling: bool
    """Whether the read model is being filled for the first time."""
    behind_since: str | None
    keeper_failures: int
    """Rounds of publishing and anchoring that failed in a row."""
    keeper_error: str | None
    in_hand: int
    """Calls being served now."""
