"""Tables of the documents in `node.db`.

A document row never changes except for `bound_at`; a binding row only ever goes from awaited
(`judged_at` null) to judged. Both can be lost without harm: bindings are read again from the
chain, bound documents fetched again from the parties.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, PlainSerializer
from sqlalchemy import JSON, Index, LargeBinary
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from ..storage.dialects import only, widen

Digest = Annotated[bytes, PlainSerializer(bytes.hex, return_type=str)]
"""32 bytes; hexadecimal where it is shown."""


class _Table(SQLModel, registry=registry()):
    """A table of documents; the registry of its own keeps other databases' tables out."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}


def _hash(*, primary_key: bool = False, unique: bool = False) -> bytes:
    column: bytes = Field(sa_type=LargeBinary(32), primary_key=primary_key, unique=unique)
    return column


class Document(_Table, table=True):
    """A document this node has."""

    digest: bytes = _hash(primary_key=True)
    kind: str
    data: bytes
    author: bytes = _hash()
    """Department that handed it in."""
    received_at: int
    """Seconds, this node's clock."""
    bound_at: int | None = None
    """Seconds; None: no decision names it yet."""


class Binding(_Table, table=True):
    """That a mined decision names a document behind an object."""

    object: str = Field(primary_key=True)
    digest: bytes = _hash(primary_key=True)
    kind: str
    struct: str
    """The decision's fields, JSON, bytes as hex."""
    acting: bytes = _hash()
    parties: bytes
    """Department ids, one after another."""
    block: int
    log_index: int
    judged_at: int | None = None
    """Seconds; None: the document is not here yet."""
    contradiction: str | None = None
    """Fields that differ; None: none."""


class Wanted(_Table, table=True):
    """A document to be judged or fetched."""

    object: str = Field(primary_key=True)
    digest: bytes = _hash(primary_key=True)
    tries: int
    next_try: int
    """Milliseconds, this node's clock."""


class DocumentPosition(_Table, table=True):
    """The last decision that was recorded; one row."""

    __tablename__ = "document_position"
    __table_args__: ClassVar[Any] = {}

    one: int = Field(primary_key=True)
    block: int
    log_index: int


class Publication(_Table, table=True):
    """The version of an entry that a review published last."""

    entry: bytes = _hash(primary_key=True)
    version: int
    object: str
    digest: bytes = _hash()
    listed: bool
    """Whether `listing` is up to date with this row."""


class Listing(_Table, table=True):
    """A published entry as a search finds it."""

    model_config: ClassVar[Any] = ConfigDict(use_attribute_docstrings=True)
    __table_args__: ClassVar[Any] = (Index("listing_code", "department", "code", "facets"),)

    id: int | None = Field(default=None, primary_key=True, exclude=True)
    """Row of the full-text index."""
    entry: Digest = _hash(unique=True)
    version: int
    digest: Digest = _hash()
    """SM3 of the catalogue-version document."""
    department: str
    """Code of the department that filed it."""
    code: str
    """分类码/顺序码."""
    name: str
    provider: str
    abstract: str
    share_type: str = Field(serialization_alias="shareType")
    grade: str
    update_cycle: str = Field(serialization_alias="updateCycle")
    classification: list[str] = Field(sa_type=JSON)
    """类、项、目、细目."""
    facets: str = Field(exclude=True)
    """What it is filtered by, as the full-text index has it."""


class ListingKind(_Table, table=True):
    """What published entries are counted by, once for all that have the same, and how many have."""

    __tablename__ = "listing_kind"
    __table_args__: ClassVar[Any] = (
        Index(
            "listing_kind_facets",
            "share_type",
            "grade",
            "update_cycle",
            "department",
            unique=True,
        ),
    )

    kind: int | None = Field(default=None, primary_key=True)
    share_type: str
    grade: str
    update_cycle: str
    department: str
    entries: int


class ListingMember(_Table, table=True):
    """Of which kind an entry is, and how new: narrow, for thousands of hits are counted at once."""

    __tablename__ = "listing_member"
    __table_args__: ClassVar[Any] = (Index("listing_newest", "block", "id"),)

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """As in `listing`."""
    kind: int
    block: int
    """Of the decision that filed this version."""


class ListingIndex(_Table, table=True):
    """How `listing` and its full-text index were made; one row."""

    __tablename__ = "listing_index"

    version: str = Field(primary_key=True)
    """Entries indexed under another one are indexed again."""
    unmerged: int = 0
    """Entries listed since the pieces of the full-text index were made one."""


metadata = _Table.metadata
widen(metadata)
(
    document,
    binding,
    wanted,
    position,
    publication,
    listing,
    listing_kind,
    listing_member,
    listing_index,
) = (
    metadata.tables[name]
    for name in (
        "document",
        "binding",
        "wanted",
        "document_position",
        "publication",
        "listing",
        "listing_kind",
        "listing_member",
        "listing_index",
    )
)
Index("document_unbound", document.c.author, **only(document.c.bound_at.is_(None)))
Index("binding_digest", binding.c.digest)
Index("wanted_due", wanted.c.next_try)
Index("publication_unlisted", publication.c.entry, **only(publication.c.listed.is_(False)))
LISTED = (listing, listing_kind, listing_member, listing_index)
"""What follows from the documents, and is made again from them."""
