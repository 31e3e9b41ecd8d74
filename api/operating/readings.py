"""How a node fares, read when somebody asks: the figures of metrics, alarms and the status."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from node.errors import LedgerBehind, NotFound
from node.log import find_archived, last_published

if TYPE_CHECKING:
    from node.log import LogIdentity
    from node.protocol.ledger.facts import LogFact

    from ..parts import Node

MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class LogReading:
    """One department's log; None where there is nothing yet to be so old."""

    department: str
    entries: int
    published: int
    anchored: int
    checkpoint_age_seconds: float | None
    anchor_age_seconds: float | None
    is_open: bool
    """Whether the chain takes anchors of it."""
    archived: int | None = None
    """Leaves that the tile store has; None: the settings name none."""


class Progress(NamedTuple):
    """How far the read model is; None where there is nothing yet."""

    applied: int | None
    """Last block applied."""
    head: int | None
    """Last block seen."""
    behind_since: float | None
    """Unix seconds since when a block above the cursor has been known; None when caught up."""
    contact_at: float | None
    """Unix seconds at which the chain last answered."""
    filling: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One node at one moment."""

    logs: tuple[LogReading, ...]
    calls_in_hand: int
    cursor: int
    """Last block applied; 0 before the first."""
    head: int
    """Last block seen."""
    behind_seconds: float
    """How long a block above the cursor has been known; 0 when caught up."""
    contact_age_seconds: float
    """Since the chain last answered; 0 before it ever has."""
    keeper_failures: int
    outbox_pending: int
    documents_missing: int
    disk_free_bytes: int
    peers: int
    peers_silent: int
    tile_failures: int = 0
    tile_error: str | None = None


def read(node: Node, now: float | None = None) -> Reading:
    """Read how the node fares; `now` are Unix seconds.

    Raises:
        SQLAlchemyError: a database of the node cannot be read.
    """
    at = time.time() if now is None else now
    progress = read_progress(node)
    notices = node.notices()
    return Reading(
        logs=tuple(
            read_log(node, department.code, identity, at)
            for department, identity in zip(node.settings.departments, node.identities, strict=True)
        ),
        calls_in_hand=sum(each.in_hand for each in notices),
        cursor=progress.applied or 0,
        head=max(progress.applied or 0, progress.head or 0),
        behind_seconds=_age(progress.behind_since, at) or 0.0,
        contact_age_seconds=_age(progress.contact_at, at) or 0.0,
        keeper_failures=max(each.failures for each in notices),
        outbox_pending=node.outbox.pending(),
        documents_missing=node.bindings.missing(),
        disk_free_bytes=shutil.disk_usage(node.settings.data_dir).free,
        peers=len(node.directory.known()),
        peers_silent=max(each.silent for each in notices),
        tile_failures=max(each.tile_failures for each in notices),
        tile_error=next((each.tile_error for each in notices if each.tile_error), None),
    )


def read_progress(node: Node) -> Progress:
    """Read how far the read model is, also while it is being filled."""
    cursor, contact = node.queries.cursor(), node.queries.contact()
    behind = contact.behind_since_ms if contact else None
    return Progress(
        applied=cursor.block.number if cursor.block else None,
        head=contact.seen_head if contact else None,
        behind_since=None if behind is None else behind / MILLISECONDS,
        contact_at=contact.contact_at_ms / MILLISECONDS if contact else None,
        filling=cursor.filling,
    )


def _age(since: float | None, at: float) -> float | None:
    return None if since is None else max(0.0, at - since)


def read_log(node: Node, code: str, identity: LogIdentity, at: float) -> LogReading:
    """Read how one department's log stands at a second, also while the model is being filled."""
    fact = _fact(node, identity.log)
    published = last_published(node.node_engine, identity.log)
    anchored = fact.size if fact else 0
    anchor = node.queries.find_anchor(identity.log, anchored - 1) if anchored else None
    try:
        entries = node.reader.head(identity.log).size
    except NotFound:
        entries = 0
    return LogReading(
        department=code,
        entries=entries,
        published=published.size if published else 0,
        anchored=anchored,
        checkpoint_age_seconds=_age(published.at / MILLISECONDS if published else None, at),
        anchor_age_seconds=_age(anchor.block.timestamp if anchor else None, at),
        is_open=fact is not None and fact.is_open,
        archived=read_archived(node, identity.log),
    )


def read_archived(node: Node, log: bytes) -> int | None:
    """Return how many leaves of a log the tile store has; None: the settings name none."""
    store = node.settings.tiles.url
    if store is None:
        return None
    found = find_archived(node.node_engine, store).get(log)
    return found.size if found is not None else 0


def _fact(node: Node, log: bytes) -> LogFact | None:
    try:
        return node.queries.find_log(log)
    except LedgerBehind:  # while the model is filled the other figures still count
        return None
