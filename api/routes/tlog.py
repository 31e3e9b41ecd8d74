"""A department's log as C2SP tlog-tiles: what its tree is made of, for anybody's own tools.

https://c2sp.org/tlog-tiles. The prefix of a log is `/logs/` and what its origin ends with: the
department's code, and of a later log its generation (`…:2`), so that a path names one log for ever
and may be kept for ever. The tree goes as far as the newest published checkpoint.

Tiles are public: hashes of salted leaves. Entries are the leaves themselves, for those who may
read all of a log: its department, that one's competent department, and the auditors of either.
An auditor's look at them is a leaf of kind `audit`, for they show every call of the log at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Response

from node.crypto import sm3
from node.errors import (
    CallReplayed,
    InvalidInput,
    LedgerBehind,
    LogIncomplete,
    LogTampered,
    LogUnavailable,
    NotEntitled,
    NotFound,
    Overloaded,
)
from node.log import last_published
from node.log.fartiles import render_bundle
from node.log.tree import HEIGHT, WIDTH

from ..http.callers import CallerDep, NodeDep
from ..http.described import SIGNED, refusals, signed_refusals
from ..http.verbs import Readable
from .logs import LogPath, find_log, log_look, reads_all

if TYPE_CHECKING:
    from ..parts import Node

router = APIRouter(tags=["log"], route_class=Readable)

OCTETS = "application/octet-stream"
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_PART = "(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_BEGUN = "x(?:[1-9][0-9]{2}|0[1-9][0-9]|00[1-9])/"
PLACE = rf"^(?:{_BEGUN}(?:x[0-9]{{3}}/){{0,3}})?[0-9]{{3}}(?:\.p/{_PART})?$"
"""`<N>[.p/<W>]`: three digits at a time, all but the last behind an x, each number in one way."""
LEVEL = "^(?:[0-9]|[1-5][0-9]|6[0-3])$"

PlacePath = Annotated[
    str,
    Path(
        pattern=PLACE,
        description="`<N>[.p/<W>]` of C2SP tlog-tiles; its slashes are part of the path.",
    ),
]
LevelPath = Annotated[str, Path(pattern=LEVEL)]


def parse_place(place: str) -> tuple[int, int]:
    """Return a tile's number and its width.

    Raises:
        InvalidInput: not `<N>[.p/<W>]`.
    """
    if not re.fullmatch(PLACE, place):
        raise InvalidInput(f"{place!r} is no tile's place; write one like x001/x234/067 or 005.p/9")
    number, _, width = place.partition(".p/")
    return int(re.sub("[x/]", "", number)), int(width or WIDTH)


def _content(description: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "binary"}
    return {"description": description, "content": {OCTETS: {"schema": schema}}}


# Before the tiles: `entries` is no level.
@router.get(
    "/logs/{department}/tile/entries/{place:path}",
    summary="日志条目 / A bundle of entries",
    response_class=Response,
    responses={
        200: _content("Leaves, each behind its length in two bytes."),
        **signed_refusals(
            NotFound,
            NotEntitled,
            LogIncomplete,
            LogTampered,
            LogUnavailable,
            Overloaded,
            CallReplayed,
        ),
    },
    openapi_extra=SIGNED,
)
def get_entries(
    department: LogPath, place: PlacePath, caller: CallerDep, node: NodeDep
) -> Response:
    """Return up to 256 leaves of a log to who may read all of it (C2SP tlog-tiles).

    For keys of its department and of that one's competent department, and for their auditors,
    whose look is a leaf of its own (`audit`).
    """
    identity, log = find_log(node, department, newest=False)
    entitled, auditor = reads_all(node, identity, caller.key)
    if not entitled:
        raise NotEntitled(
            f"the entries of {department} are for the node's keys of that department and of its "
            "competent one, and for officers' keys of their auditors; a single call's receipt is "
            "at events/{event}"
        )
    number, width = parse_place(place)
    _require(node, log, 0, number, width)
    leaves = node.reader.entries(log, number * WIDTH, width)
    bundle = render_bundle(leaves)
    if auditor:
        # Log first, then answer. The bundle is not kept: the same question finds the same again.
        question = f"entries {log.hex()} {number * WIDTH} {width}"
        log_look(node, identity, caller, question, bundle, sm3(bundle))
    return Response(bundle, media_type=OCTETS)


@router.get(
    "/logs/{department}/tile/{level}/{place:path}",
    summary="哈希块 / A tile of the tree",
    response_class=Response,
    responses={
        200: _content("1 to 256 hashes of 32 bytes each."),
        **refusals(
            InvalidInput, NotFound, LedgerBehind, LogIncomplete, LogTampered, LogUnavailable
        ),
    },
)
def get_tile(department: LogPath, level: LevelPath, place: PlacePath, node: NodeDep) -> Response:
    """Return hashes of a log's tree, immutable (C2SP tlog-tiles)."""
    _, log = find_log(node, department, newest=False)
    number, width = parse_place(place)
    _require(node, log, int(level), number, width)
    hashes = node.reader.tile(log, int(level), number, width)
    return Response(hashes, media_type=OCTETS, headers=FOR_EVER)


def _require(node: Node, log: bytes, level: int, number: int, width: int) -> None:
    """Refuse what lies beyond the newest published checkpoint: it may be there a second later."""
    found = last_published(node.node_engine, log)
    size = found.size if found is not None else 0
    if number * WIDTH + width > size >> HEIGHT * level:
        raise NotFound(
            f"tile {number} of level {level} does not have {width} hashes in the tree of {size} "
            "leaves, the newest that is published; its size is the second line of checkpoint"
        )
