"""Collection of an evidence bundle: everything that proves one call, from where it lies.

Headers and receipts come from the chain, documents and the leaf from a node, what is concerned from
the read model. Whatever is collected is verified as a stranger would before it is handed out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from node.crypto import Sm2PublicKey
from node.errors import ChainInconsistent, EventUnknown, EvidenceInvalid, NotFound
from node.protocol.evidence import Bundle, render_bundle, verify_evidence
from node.protocol.evm import blocks
from node.protocol.wire.trust import Head, Trust

from ..objects import ObjectKind
from .concerned import list_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.chain.deployment import Deployment
    from node.chain.gateway import Gateway
    from node.protocol.evm.blocks import BlockRef
    from node.protocol.wire.receipt import Receipt

    from ..queries import Queries
    from .ports import Documents, LogReader

HEADERS_AT_ONCE = 500
REGISTRY = "DepartmentRegistry"


@dataclass(frozen=True, slots=True)
class Collected:
    """A bundle and what it verifies against."""

    data: bytes
    """The file."""
    trust: Trust
    """Its head is the last block in the bundle. A copy for the exporter's own check: a verifier
    has the trust file from somebody else."""


def collect_bundle(
    event: bytes,
    *,
    queries: Queries,
    logs: LogReader,
    documents: Documents,
    gateway: Gateway,
    deployment: Deployment,
    head: int | None = None,
    request: bytes | None = None,
) -> Collected:
    """Collect what proves the call `event` up to block `head`, by default the last one applied.

    `request` is the call's body, where the receiver of the bundle may read it.

    Raises:
        EventUnknown: no log at hand has the event.
        NotFound: not anchored at or before the head yet.
        ChainInconsistent: the endpoint's headers or receipts are not those of the read model.
        EvidenceInvalid: what was collected does not verify.
    """
    log, index = find_event(queries, logs, event)
    receipt = logs.receipt(log, index)
    last = _head(queries, head)
    anchor = queries.find_anchor(log, index)
    if anchor is None or anchor.block.number > last.number:
        raise NotFound(f"the call is not anchored at block {last.number} yet", event=event.hex())
    old, new = sorted((receipt.size, anchor.size))
    headers = list(_headers(gateway, last))
    bundle = Bundle(
        event=event,
        headers=headers,
        receipts=dict(_receipts(gateway, headers, _contracts(queries, deployment, last))),
        documents=_documents(queries, documents, log, receipt, last.number),
        leaf=receipt.leaf,
        index=receipt.index,
        proof=tuple(receipt.proof),
        checkpoint=receipt.checkpoint,
        consistency=tuple(logs.consistency(log, old, new)),
        request=request,
    )
    trust = trust_at(deployment, last)
    collected = Collected(render_bundle(bundle), trust)
    try:
        verify_evidence(collected.data, trust)
    except EvidenceInvalid as err:
        # A party that binds a false paper, later even, must not make what it took unprovable.
        named: Any = err.facts.get("false", ())
        false = {bytes.fromhex(each) for each in named}
        if not false:
            raise
        kept = {one: data for one, data in bundle.documents.items() if one not in false}
        collected = Collected(render_bundle(replace(bundle, documents=kept)), trust)
        verify_evidence(collected.data, trust)
    return collected


def find_event(queries: Queries, logs: LogReader, event: bytes) -> tuple[bytes, int]:
    """Return (log, index) of a call in whichever registered log at hand has it.

    Raises:
        EventUnknown: none has.
    """
    for fact in queries.logs():
        try:
            index = logs.find_event(fact.log, event)
        except NotFound:  # a log of another node
            continue
        if index is not None:
            return fact.log, index
    raise EventUnknown("no log at hand has this event", event=event.hex())


def trust_at(deployment: Deployment, head: BlockRef) -> Trust:
    """Return the trust file's content for a head this node has followed the chain to."""
    return Trust(
        chain_id=deployment.chain_id,
        genesis_hash=deployment.genesis_hash,
        registry=deployment.contracts[REGISTRY].address,
        root_key=Sm2PublicKey.from_raw(deployment.root_key),
        head=Head(head.number, head.hash),
    )


def _head(queries: Queries, head: int | None) -> BlockRef:
    if head is not None:
        return queries.get_block(head)
    block = queries.cursor().block
    if block is None:
        raise NotFound("the read model has not applied a block yet")
    return block


def _headers(gateway: Gateway, head: BlockRef) -> Iterator[bytes]:
    """Yield the encoded headers from genesis to `head`, each hashing to what the chain says."""
    for first in range(0, head.number + 1, HEADERS_AT_ONCE):
        last = min(first + HEADERS_AT_ONCE - 1, head.number)
        for header in gateway.headers(first, last):
            encoded = blocks.encode_header(header.raw)
            if blocks.header_hash(encoded) != header.hash:
                raise ChainInconsistent(
                    f"block {header.number} does not hash to its hash", block=header.number
                )
            if header.number == head.number and header.hash != head.hash:
                raise ChainInconsistent(
                    f"block {head.number} is not the one this node has applied", block=head.number
                )
            yield encoded


def _contracts(queries: Queries, deployment: Deployment, head: BlockRef) -> set[bytes]:
    """Return the addresses whose events a verifier will ask for: the registry and all it lists."""
    listed = {fact.address for fact in queries.contracts() if fact.block <= head.number}
    return listed | {deployment.contracts[REGISTRY].address}


def _receipts(
    gateway: Gateway, headers: list[bytes], contracts: set[bytes]
) -> Iterator[tuple[int, list[bytes]]]:
    for header in map(blocks.parse_header, headers):
        if not any(blocks.bloom_names(header.logs_bloom, address) for address in contracts):
            continue
        receipts = [blocks.encode_receipt(raw) for raw in gateway.block_receipts(header.number)]
        if blocks.receipts_root(receipts) != header.receipts_root:
            raise ChainInconsistent(
                f"the receipts of block {header.number} do not hash to its root",
                block=header.number,
            )
        yield header.number, receipts


def _documents(
    queries: Queries, documents: Documents, log: bytes, receipt: Receipt, head: int
) -> dict[bytes, bytes]:
    """Return the documents concerned, bound up to `head`, that this node has and may read."""
    found = {}
    for digest in list_documents(queries, log, receipt.parsed_leaf):
        binding = queries.decisions_of(ObjectKind.DOCUMENT, digest)
        data = documents.find(digest)
        if data is not None and any(one.block.number <= head for one in binding):
            found[digest] = data
    return found
