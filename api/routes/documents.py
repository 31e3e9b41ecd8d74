"""Documents between nodes (protocol.md section 2): left before a decision, fetched after one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response, status

from node.protocol.wire import encoding

from ..http.signed import SIGNED, CallerDep, NodeDep

router = APIRouter(tags=["documents"])


def parse_digest(digest: str) -> bytes:
    """Read the digest in the path; raises InvalidInput for anything but 64 hex digits."""
    return encoding.hex32(digest)


DigestDep = Annotated[bytes, Depends(parse_digest)]


@router.put(
    "/documents/{digest}",
    summary="存放文书 / Leave a document",
    status_code=status.HTTP_204_NO_CONTENT,
    openapi_extra=SIGNED,
)
def put_document(digest: DigestDep, caller: CallerDep, node: NodeDep) -> None:
    """Keep a document under its SM3; again changes nothing.

    Taken from registered department keys. Until a decision binds it, only its author may read
    it; after eight days without one it is dropped.
    """
    node.access.accept(digest, caller.body, caller.key.key)


@router.get(
    "/documents/{digest}",
    summary="读取文书 / Read a document",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "The document's bytes."}},
    openapi_extra=SIGNED,
)
def get_document(digest: DigestDep, caller: CallerDep, node: NodeDep) -> Response:
    """Return a document to those entitled to it; unknown and not-yours read the same."""
    data = node.access.read(digest, caller.key.key)
    return Response(data, media_type="application/json")
