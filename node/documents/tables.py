"""Tables of the documents in `node.db`.

A document row never changes except for `bound_at`; a binding row only ever goes from awaited
(`judged_at` null) to judged. Both can be lost without harm: bindings are read again from the
chain, bound documents fetched again from the parties.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

document = Table(
    "document",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("author", LargeBinary(32), nullable=False),  # department that handed it in
    Column("received_at", Integer, nullable=False),  # seconds, this node's clock
    Column("bound_at", Integer),  # seconds; null: no decision names it yet
    sqlite_with_rowid=False,
)
Index("document_unbound", document.c.author, sqlite_where=document.c.bound_at.is_(None))

binding = Table(
    "binding",
    metadata,
    Column("object", Text, primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("struct", Text, nullable=False),  # the decision's fields, JSON, bytes as hex
    Column("acting", LargeBinary(32), nullable=False),
    Column("parties", LargeBinary, nullable=False),  # department ids, one after another
    Column("block", Integer, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("judged_at", Integer),  # seconds; null: the document is not here yet
    Column("contradiction", Text),  # fields that differ; null: none
    sqlite_with_rowid=False,
)
Index("binding_digest", binding.c.digest)

wanted = Table(
    "wanted",
    metadata,
    Column("object", Text, primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("next_try", Integer, nullable=False),  # milliseconds, this node's clock
    sqlite_with_rowid=False,
)
Index("wanted_due", wanted.c.next_try)

position = Table(
    "document_position",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("block", Integer, nullable=False),
    Column("log_index", Integer, nullable=False),
)

publication = Table(
    "publication",
    metadata,
    Column("entry", LargeBinary(32), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("object", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("listed", Boolean, nullable=False),  # whether `listing` is up to date with this row
    sqlite_with_rowid=False,
)
Index("publication_unlisted", publication.c.entry, sqlite_where=publication.c.listed.is_(False))

listing = Table(
    "listing",
    metadata,
    Column("id", Integer, primary_key=True),  # row of the full-text index
    Column("entry", LargeBinary(32), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("department", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("share_type", Text, nullable=False),
)
Index("listing_code", listing.c.department, listing.c.code)
