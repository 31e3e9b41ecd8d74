"""Statements and row readers that several query modules share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from node.protocol.evm.blocks import BlockRef
from node.protocol.ledger.facts import AuthorisationFact, EntryFact

from .tables import (
    AUTHORISATION,
    BLOCK,
    DEPARTMENT,
    ENTRY,
    ENTRY_VERSION,
    KEY,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SELECT_KEY = select(KEY)
SELECT_DEPARTMENT = select(DEPARTMENT)
SELECT_AUTHORISATION = select(AUTHORISATION)
SELECT_BLOCK = select(BLOCK.c.number, BLOCK.c.hash, BLOCK.c.timestamp)
SELECT_ENTRY = select(ENTRY_VERSION, ENTRY.c.provider, ENTRY.c.frozen).join(
    ENTRY, ENTRY.c.entry == ENTRY_VERSION.c.entry
)


def authorisation_fact(row: Mapping[str, Any]) -> AuthorisationFact:
    """Read a row of `authorisation`, or of `authorisation_step`: as it stood after that step."""
    return AuthorisationFact(*[row[name] for name in AuthorisationFact._fields])


def entry_fact(row: Mapping[str, Any]) -> EntryFact:
    """Read a row of SELECT_ENTRY."""
    return EntryFact(*[row[name] for name in EntryFact._fields])


def block_ref(row: Mapping[str, Any]) -> BlockRef:
    """Read a row of SELECT_BLOCK."""
    return BlockRef(row["number"], row["hash"], row["timestamp"])
