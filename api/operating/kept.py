"""A node's tables that follow from nothing else: kept by revisions, copied when the node moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.chain.outbox_rows import outbox
from node.documents import coverage
from node.documents import tables as documents
from node.log import archiving, published
from node.log import tables as log
from node.office import repeats
from node.office import tables as office

if TYPE_CHECKING:
    from sqlalchemy import Table

DERIVED = frozenset(documents.LISTED)
"""Follows from the documents beside it: the search makes it, and makes it again."""
KEPT = {
    "node": (
        documents.metadata,
        coverage.metadata,
        repeats.metadata,
        published.metadata,
        archiving.metadata,
        outbox.metadata,
    ),
    "office": (office.METADATA,),
    "log": (log.metadata,),
}
"""What each store's tables are declared in; in the order they are copied."""


def tables_of(store: str) -> list[Table]:
    """Return a store's tables, none before what it refers to."""
    return [
        table
        for metadata in KEPT[store]
        for table in metadata.sorted_tables
        if table not in DERIVED
    ]
