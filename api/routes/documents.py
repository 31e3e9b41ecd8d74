"""Documents between nodes (protocol.md section 2), and the catalogue that the published ones make.

A document is left before a decision and fetched after one; the catalogue is searched by words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Response, status

from node.documents.finding import Filters
from node.documents.search import PAGE_LIMIT, QUERY_LIMIT
from node.errors import (
    DocumentUnknown,
    InvalidInput,
    LedgerBehind,
    MalformedDocument,
    NotEntitled,
    NotFound,
    Overloaded,
)
from node.protocol.forms import KINDS, Grade, ShareTypeName, UpdateCycle, version_object
from node.protocol.ledger.enums import EntryState, ShareType
from node.protocol.wire import canonical, encoding, ids

from ..http.callers import CallerDep, NodeDep
from ..http.described import SIGNED, HexPath, refusals, signed_refusals
from ..http.verbs import Readable
from .shapes import EntryShape, ListingsShape, VersionShape

if TYPE_CHECKING:
    from ..parts import Node

router = APIRouter(route_class=Readable)


def parse_digest(digest: HexPath) -> bytes:
    """Read the digest in the path; anything but 64 hex digits is malformed."""
    return encoding.hex32(digest)


DigestDep = Annotated[bytes, Depends(parse_digest)]
DOCUMENT: dict[str, Any] = {
    "required": True,
    "description": "A document's canonical JSON (protocol.md section 2); its SM3 is in the path.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["salt", "type", "v"],
                "properties": {
                    "type": {"enum": sorted(KINDS)},
                    "v": {"const": 1},
                    "salt": {"type": "string", "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$"},
                },
            }
        }
    },
}
DOCUMENTS: dict[str, Any] = {
    "required": True,
    "description": "Documents' canonical JSON, a line feed between them.",
    "content": {"application/jsonl": {"schema": {"type": "string", "minLength": 1}}},
}


@router.put(
    "/documents/{digest}",
    tags=["documents"],
    summary="存放文书 / Leave a document",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=signed_refusals(NotEntitled, MalformedDocument, Overloaded),
    openapi_extra=SIGNED | {"requestBody": DOCUMENT},
)
def put_document(digest: DigestDep, caller: CallerDep, node: NodeDep) -> None:
    """Keep a document under its SM3; again changes nothing.

    Taken from registered department keys. Until a decision binds it, only its author may read
    it; after eight days without one it is dropped.
    """
    node.access.accept(digest, caller.body, caller.key.key)
    node.loops.documents.set()


@router.post(
    "/documents",
    tags=["documents"],
    summary="存放多份文书 / Leave several documents",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=signed_refusals(NotEntitled, MalformedDocument, Overloaded),
    openapi_extra=SIGNED | {"requestBody": DOCUMENTS},
)
def post_documents(caller: CallerDep, node: NodeDep) -> None:
    """Keep documents, one a line, each under its SM3: all of them or none; again changes nothing.

    Otherwise as leaving one.
    """
    node.access.accept_all(caller.body, caller.key.key)
    node.loops.documents.set()


@router.get(
    "/documents/{digest}",
    tags=["documents"],
    summary="读取文书 / Read a document",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {}}, "description": "The document's bytes."},
        **signed_refusals(DocumentUnknown),
    },
    openapi_extra=SIGNED,
)
def get_document(digest: DigestDep, caller: CallerDep, node: NodeDep) -> Response:
    """Return a document to those entitled to it; unknown and not-yours read the same."""
    data = node.access.read(digest, caller.key.key)
    return Response(data, media_type="application/json")


@router.get(
    "/catalogue",
    tags=["catalogue"],
    summary="检索目录 / Search the catalogue",
    responses=refusals(InvalidInput),
)
def search_catalogue(
    *,
    node: NodeDep,
    q: Annotated[str, Query(max_length=QUERY_LIMIT)] = "",
    department: Annotated[
        str | None,
        Query(
            max_length=200,
            description="提供部门的代码或全称 / the provider's code or whole name",
        ),
    ] = None,
    share_type: Annotated[
        ShareTypeName | None, Query(alias="shareType", description="共享类型 / share type")
    ] = None,
    grade: Annotated[Grade | None, Query(description="数据级别 / grade")] = None,
    update_cycle: Annotated[
        UpdateCycle | None, Query(alias="updateCycle", description="更新周期 / update cycle")
    ] = None,
    theme: Annotated[
        str | None,
        Query(
            max_length=200,
            description="主题：分类的任一级，写全 / one level of the classification, whole",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 20,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ListingsShape:
    """Return published entries that hold every word of `q`, the best first.

    Simplified and traditional characters, full width and capitals are one. Where few entries hold
    every word, those that hold most follow. Without `q` all are listed, by department and code;
    a `q` without a letter, digit or character finds nothing. Filters are joined by and.
    """
    filters = Filters(department, share_type, grade, update_cycle, theme)
    found = node.search.search(q, filters, limit=limit + 1, after=after)
    return ListingsShape(entries=found[:limit], next=after + limit if len(found) > limit else None)


@router.get(
    "/catalogue/{entry}",
    tags=["catalogue"],
    summary="目录条目 / One entry",
    responses=refusals(InvalidInput, NotFound, LedgerBehind),
)
def get_entry(entry: HexPath, node: NodeDep) -> EntryShape:
    """Return an entry: its version in force (else the newest), its history, its document."""
    wanted = encoding.hex32(entry)
    fact = node.queries.get_entry(wanted)
    return EntryShape(
        entry=entry,
        provider=ids.department_code(fact.provider),
        version=fact.version,
        state=EntryState(fact.state).name.lower(),
        frozen=fact.frozen,
        share_type=ShareType(fact.share_type).name.lower(),
        item_count=fact.item_count,
        digest=fact.digest.hex(),
        versions=[
            VersionShape(
                version=each.version,
                state=EntryState(each.state).name.lower(),
                digest=each.digest.hex(),
                submitted_block=each.submitted_block,
                reviewed_block=each.reviewed_block,
            )
            for each in node.queries.versions(wanted)
        ],
        document=_document(node, version_object(wanted, fact.version), fact.digest),
    )


def _document(node: Node, version: str, digest: bytes) -> dict[str, Any] | None:
    # Anybody's version can name the digest of anybody's paper: only what this very version binds,
    # and was found to say the same, is the world's to read.
    data = node.bindings.find_held(version, digest)
    if data is None:
        return None
    document: dict[str, Any] = canonical.loads(data)
    return document
