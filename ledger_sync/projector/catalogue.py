"""Projection of CatalogueRegistry: entries, their versions, standing replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.protocol.ledger.enums import EntryState, ShareType

from ..tables import ENTRY, ENTRY_VERSION, STANDING_REPLY
from .objects import (
    Concern,
    department_ref,
    document_refs,
    entry_ref,
    version_ref,
)

if TYPE_CHECKING:
    from node.protocol.evm.abi import ChainEvent

    from ..rows import Rows
    from .objects import ObjectRef


def versions_submitted(rows: Rows, event: ChainEvent) -> Concern:
    """File new versions of entries; the first version of an entry makes the entry."""
    args = event.args
    objects: list[ObjectRef] = [department_ref(args["department"])]
    for entry, version in zip(args["entries"], args["versions"], strict=True):
        known = rows.find(ENTRY, entry)
        rows.put(
            ENTRY,
            {
                "entry": entry,
                "provider": args["department"],
                "code_hash": version["codeHash"],
                "newest": version["version"],
                "published": known["published"] if known else 0,
                "frozen": known["frozen"] if known else False,
            },
        )
        rows.insert(
            ENTRY_VERSION,
            {
                "entry": entry,
                "version": version["version"],
                "state": int(EntryState.SUBMITTED),
                "share_type": version["shareType"],
                "item_count": version["itemCount"],
                "digest": version["digest"],
                "submitter": args["signingKey"],
                "submitted_block": event.block_number,
                "reviewed_block": None,
                "review_digest": None,
            },
        )
        objects += [
            entry_ref(entry),
            version_ref(entry, version["version"]),
            *document_refs(version["digest"]),
        ]
    return Concern(args["department"], tuple(objects))


def versions_reviewed(rows: Rows, event: ChainEvent) -> Concern:
    """Publish or return submitted versions.

    A version published before stays Published: authorisations are pinned to it.
    """
    args = event.args
    objects: list[ObjectRef] = [
        department_ref(args["competent"]),
        *document_refs(args["digest"]),
    ]
    for review in args["reviews"]:
        entry, version = review["entry"], review["version"]
        rows.change(
            ENTRY_VERSION,
            entry,
            version,
            state=int(EntryState.PUBLISHED if review["publish"] else EntryState.RETURNED),
            reviewed_block=event.block_number,
            review_digest=args["digest"],
        )
        if review["publish"]:
            rows.change(ENTRY, entry, published=version)
            _end_standing_reply(rows, entry, version)
        objects += [
            entry_ref(entry),
            version_ref(entry, version),
            *document_refs(review["subject"]),
        ]
    return Concern(args["competent"], tuple(objects))


def standing_reply_set(rows: Rows, event: ChainEvent) -> Concern:
    """Set or withdraw the provider's answer in advance for an unconditional entry."""
    args = event.args
    rows.put(
        STANDING_REPLY,
        {
            "entry": args["entry"],
            "standing": args["standing"],
            "calls_per_day": args["callsPerDay"],
            "rows_per_day": args["rowsPerDay"],
            "terms": args["terms"],
        },
    )
    provider = rows.get(ENTRY, args["entry"])["provider"]
    return Concern(provider, (entry_ref(args["entry"]), *document_refs(args["terms"])))


def _end_standing_reply(rows: Rows, entry: bytes, version: int) -> None:
    """End it with a version that is not unconditional; a later one does not bring it back."""
    if rows.get(ENTRY_VERSION, entry, version)["share_type"] == ShareType.UNCONDITIONAL:
        return
    if rows.find(STANDING_REPLY, entry):
        rows.change(STANDING_REPLY, entry, standing=False)


HANDLERS = {
    "VersionsSubmitted": versions_submitted,
    "VersionsReviewed": versions_reviewed,
    "StandingReplySet": standing_reply_set,
}
