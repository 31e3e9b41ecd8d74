"""What proves one call, collected into an evidence bundle from where it lies.

Headers and receipts come from the chain, documents and the leaf from a node (the two ports), what
is concerned from the read model. What is collected is verified as a stranger would before it is
handed out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from node.chain.links import read_headers
from node.crypto import Sm2PublicKey
from node.errors import (
    ChainInconsistent,
    EventUnknown,
    EvidenceInvalid,
    NotFound,
)
from node.protocol.evidence import Bundle, render_bundle, verify_evidence
from node.protocol.evm import blocks
from node.protocol.ledger.enums import KeyKind
from node.protocol.wire.ids import ZERO
from node.protocol.wire.signedcall import parse_base
from node.protocol.wire.trustfile import Head, Trust

from ..objects import ObjectKind, authorisation_ref, version_ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from node.chain.deployment import Deployment
    from node.chain.gateway import Gateway
    from node.protocol.evm.blocks import BlockRef
    from node.protocol.ledger.facts import AuthorisationFact
    from node.protocol.wire.leaf import Leaf
    from node.protocol.wire.receipt import Receipt

    from ..decided import DecisionFact
    from ..queries import Queries


class LogReader(Protocol):
    """A department's log: `node.log.LogReader`, or `api.cli.remote.RemoteLogs` for another node's.

    All ids are 32 bytes.
    """

    def find_event(self, log: bytes, event: bytes) -> int | None:
        """Return the index of a call, or None; raises NotFound for a log that is not at hand."""
        ...

    def receipt(self, log: bytes, index: int) -> Receipt:
        """Return the entry with its proof under some signed checkpoint of the log."""
        ...

    def entry(self, log: bytes, index: int) -> bytes: ...

    def leaves(self, log: bytes, indexes: Sequence[int]) -> list[bytes]:
        """Return the leaves of some entries, in that order."""
        ...

    def consistency(self, log: bytes, old: int, new: int) -> Sequence[bytes]:
        """Return the proof that the tree of `new` leaves begins with the tree of `old`."""
        ...

    def calls(
        self, log: bytes, authorisation: int, *, after: int = 0, limit: int = 100
    ) -> Sequence[tuple[int, int]]:
        """List (number, index) of an authorisation's calls after the one numbered `after`."""
        ...


class Documents(Protocol):
    """The documents this node has (`node.documents.store.DocumentStore`)."""

    def find(self, digest: bytes) -> bytes | None: ...
    def find_all(self, digests: Iterable[bytes]) -> dict[bytes, bytes]: ...


def list_decisions(queries: Queries, one: AuthorisationFact) -> list[DecisionFact]:
    """Return the decisions on an authorisation, in chain order."""
    return queries.decisions_of(*authorisation_ref(one.authorisation))


def list_version_decisions(queries: Queries, entry: bytes, version: int) -> list[DecisionFact]:
    """Return the decisions on one version of an entry: submitted, reviewed; in chain order.

    Decisions on an authorisation for that version are not among them.
    """
    found = queries.decisions_of(*version_ref(entry, version))
    return [one for one in found if one.contract == "CatalogueRegistry"]


def list_documents(queries: Queries, log: bytes, leaf: Leaf) -> list[bytes]:
    """Return the digests of all documents a call rests on, each once, in a fixed order."""
    found = {*_of_keys(queries, log, leaf), *_of_authorisation(queries, leaf.authorisation)}
    return sorted(found - {ZERO})


def _of_keys(queries: Queries, log: bytes, leaf: Leaf) -> Iterator[bytes]:
    """Yield the documents of the log's keys and department, and of the caller's key."""
    registered = queries.find_log(log)
    if registered is not None:
        yield from _papers_of_department(queries, registered.department)
        for key in queries.keys_of(registered.department):
            if key.kind == KeyKind.DEPARTMENT:
                yield key.digest
    caller = queries.find_key(parse_base(leaf.base).key_id)
    if caller is not None:
        yield caller.digest
        yield from _of_application(queries, caller.holder)


def _of_authorisation(queries: Queries, authorisation: int) -> Iterator[bytes]:
    steps = queries.steps(authorisation)
    if not steps:
        return
    one = steps[0].after
    for step in steps:
        yield step.digest
        yield step.after.terms
    for version in queries.versions(one.entry):
        if version.version == one.version:
            yield version.digest
            yield version.review_digest or ZERO
    yield from _of_application(queries, one.application)
    for department in (one.provider, one.consumer):
        yield from _papers_of_department(queries, department)
    decisions = list_decisions(queries, one)
    decisions += list_version_decisions(queries, one.entry, one.version)
    for decision in decisions:
        yield from _of_signer(queries, decision)


def _of_application(queries: Queries, application: bytes) -> Iterator[bytes]:
    fact = queries.get_application(application)
    yield fact.digest
    yield from _papers_of_department(queries, fact.department)


def _papers_of_department(queries: Queries, department: bytes) -> Iterator[bytes]:
    fact = queries.find_department(department)
    if fact is not None:
        yield fact.digest
        if fact.competent != department:
            yield from _papers_of_department(queries, fact.competent)


def _of_signer(queries: Queries, decision: DecisionFact) -> Iterator[bytes]:
    """Yield the papers of who signed: the key's, and those of its roles where it acted."""
    key = queries.find_key(decision.signing_key)
    if key is not None:
        yield key.digest
    for role in queries.roles_of(decision.signing_key):
        if role.department == decision.acting:
            yield role.digest


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
        said = f"到区块 {last.number} 这次调用尚未锚定 / the call is not anchored yet"
        raise NotFound(said, event=event.hex())
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
    raise EventUnknown(
        "手边的日志里没有这次调用；审计员用 --as 查询其他节点 / no log at hand has this event",
        event=event.hex(),
    )


def trust_at(deployment: Deployment, head: BlockRef) -> Trust:
    """Return the trust file's content for a head this node has followed the chain to."""
    return Trust(
        chain_id=deployment.chain_id,
        genesis_hash=deployment.genesis_hash,
        registry=deployment.registry,
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
    for number, (found, encoded) in enumerate(read_headers(gateway, head.number)):
        if number == head.number and found != head.hash:
            raise ChainInconsistent(
                f"block {number} is not the one this node has applied", block=number
            )
        yield encoded


def _contracts(queries: Queries, deployment: Deployment, head: BlockRef) -> set[bytes]:
    """Return the addresses whose events a verifier will ask for: the registry and all it lists."""
    listed = {fact.address for fact in queries.contracts() if fact.block <= head.number}
    return listed | {deployment.registry}


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
