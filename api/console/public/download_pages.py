"""Download of an open entry's rows: judged, read, logged by its digest, then handed out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Path
from starlette.responses import Response

from node.crypto import sm3
from node.errors import Overloaded, SourceUnavailable
from node.log import LogScanner
from node.protocol.wire import encoding
from node.protocol.wire.leaf import OPEN, Leaf, parse_leaf
from node.protocol.wire.signedcall import content_digest
from node.service.opendata import most_rows

from ...http.callers import NodeDep
from ...http.described import HexPath
from ..audit.auditing import attached
from .spreading import FORMATS, MEDIA_TYPES

if TYPE_CHECKING:
    from node.protocol.forms import CatalogueVersionPaper
    from node.protocol.ledger.facts import EntryFact
    from node.service.opendata import OpenEntry, OpenRows

    from ...parts import Node

# Not Readable: a HEAD would read, make and log a file that nobody gets.
router = APIRouter(include_in_schema=False)

SHOWN, LOOKED_THROUGH = 5, 2_000
"""Newest downloads on an entry's page, of the newest leaves of the log."""
_making = threading.BoundedSemaphore(2)
"""Bounds this process's own memory: a file is made whole."""


@router.get("/catalogue/{entry}/data.{kind}")
def download(
    entry: HexPath, kind: Annotated[Literal["csv", "xlsx", "json"], Path()], node: NodeDep
) -> Response:
    """Hand out the rows of an open entry, after the leaf with their digest is on disk.

    Raises:
        LedgerError: it may not be downloaded (`OpenData.judge`), read or logged.
        Overloaded: too many at once, or in this minute.
    """
    wanted, data = encoding.hex32(entry), node.open_data
    if not _making.acquire(blocking=False):
        raise Overloaded("正在生成的文件太多，请稍后再试 / too many files are being made")
    try:
        one = data.judge(wanted)
        node.turnstile.take(wanted)
        found = data.read(one)
        file = _file(kind, one, found)
        # Log first, then answer: no leaf, no data.
        committed = data.log(one, len(found.rows), file)
    finally:
        _making.release()
    part = f"-前{len(found.rows)}行" if found.more else ""
    name = quote(f"{one.paper.name[:60]}-第{one.fact.version}版{part}.{kind}", safe="")
    return Response(
        file,
        media_type=MEDIA_TYPES[kind],
        headers={
            **attached(f"data.{kind}"),
            "Content-Disposition": f"attachment; filename=\"data.{kind}\"; filename*=UTF-8''{name}",
            "Content-Digest": content_digest(file),
            "ShareLedger-SM3": sm3(file).hex(),
            "ShareLedger-Leaf": str(committed.index),
            "ShareLedger-Rows": str(len(found.rows)),
        },
    )


def _file(kind: str, one: OpenEntry, found: OpenRows) -> bytes:
    try:
        return FORMATS[kind](one, found)
    except (UnicodeEncodeError, orjson.JSONEncodeError):
        # Text that is no Unicode, say: the source's fault, and nobody is told what it was.
        raise SourceUnavailable(
            "数据源里有不能共享的值 / the source holds a value that cannot be shared"
        ) from None


def offered(node: Node, fact: EntryFact, paper: CatalogueVersionPaper) -> dict[str, Any] | None:
    """Return what an entry's page says of its downloads; None: it offers none."""
    if not node.open_data.offers(fact, paper):
        return None
    return {
        "formats": tuple(FORMATS),
        "most": most_rows(len(paper.items)),
        "masked": any(item.mask for item in paper.items),
        "newest": _newest(node, fact),
    }


def _newest(node: Node, fact: EntryFact) -> list[tuple[int, Leaf]]:
    """Return (index, leaf) of the newest downloads of an entry; they name nobody."""
    marks = b'"type":"open"', f'"entry":"{fact.entry.hex()}"'.encode()
    log = next(one.log for one in node.identities if one.department == fact.provider)
    scanner = LogScanner(node.reader)
    if not scanner.has(log):
        return []
    found = scanner.scan(
        log,
        lambda leaf: all(mark in leaf for mark in marks),
        limit=SHOWN,
        stretch=LOOKED_THROUGH,
    )
    return [(index, parse_leaf(leaf, (OPEN,))) for index, leaf in found.found]
