"""The chain as a bundle carries it: headers joined by hash, receipts joined by root.

Headers are proven from the trusted head backwards, so the first one that does not hash to what its
successor names is the one that was changed. Completeness is proven by the blooms: every block
whose bloom names the registry or a contract listed in it must be there with all its receipts, so
no revocation can be left out of a bundle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import MalformedEvent
from ..evm import abi, blocks
from ..ledger.report import Check, checking, refuse
from ..wire import ids
from ..wire.trustfile import Head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..wire.trustfile import Trust
    from .bundle import Bundle

REGISTRY = "DepartmentRegistry"
CONTRACTS = (REGISTRY, "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors")
"""Contracts whose events this verifier replays; any other listed one must only be complete."""

LATEST_TIMESTAMP = 2**37
"""Chain seconds in the year 6325: no block is later, and dates can be written up to there."""


def find_end(bundle: Bundle, trust: Trust) -> tuple[Head, Check | None]:
    """Return the block the bundle ends at; with the line to say where the trust file lacks it.

    A bundle that goes on from the trusted head must have that very head among its headers.

    Raises:
        EvidenceInvalid: it has none, or another block there: it is of another chain.
    """
    last, head = len(bundle.headers) - 1, trust.head
    if last < 0:
        refuse("headers", "没有区块头", "there is no header")
    known = trust.find(last)
    if known is not None:
        return known, None
    end = Head(last, blocks.header_hash(bundle.headers[last]))
    if last < head.number:
        text = f"证据包止于第 {last} 块，信任文件只有第 {head.number} 块，没有列出之前各块的散列"
        english = f"the bundle ends at block {last}, which the trust file does not list"
    else:
        if blocks.header_hash(bundle.headers[head.number]) != head.hash:
            refuse(
                f"headers[{head.number}]",
                f"第 {head.number} 块与信任文件的链头不符：不是同一条链",
                f"block {head.number} is not the trusted head: another chain",
            )
        text = (
            f"证据包接着信任文件的链头（第 {head.number} 块）止于第 {last} 块，信任文件没有这一块"
        )
        english = f"the bundle goes on from the trusted head {head.number} to block {last}"
    return end, Check("end", text, english, ok=False, where="headers")


def verify_headers(bundle: Bundle, trust: Trust) -> list[blocks.Header]:
    """Check the chain of headers from genesis to the trusted head and return it.

    Raises:
        EvidenceInvalid: a header is missing, changed or not on the trusted chain.
    """
    if len(bundle.headers) != trust.head.number + 1:
        refuse(
            "headers",
            f"区块头共 {len(bundle.headers)} 个，信任文件的链头是第 {trust.head.number} 块",
            f"{len(bundle.headers)} headers, but the trusted head is block {trust.head.number}",
        )
    expected, latest = trust.head.hash, LATEST_TIMESTAMP
    headers: list[blocks.Header] = []
    for number in range(trust.head.number, -1, -1):
        where = f"headers[{number}]"
        # Hashed before it is read: only what the chain made is taken apart.
        if blocks.header_hash(bundle.headers[number]) != expected:
            refuse(where, "区块头与链上散列不符", "the header does not hash to the chain's hash")
        with checking(where, "区块头无法解析", "not a header"):
            header = blocks.parse_header(bundle.headers[number])
        if header.timestamp > latest:
            refuse(where, "区块时间晚于其后的区块", "a block's time is after that of the next")
        latest = header.timestamp
        if header.number != number:
            refuse(where, "区块号不连续", f"the header says block {header.number}")
        expected = header.parent_hash
        headers.append(header)
    if headers[-1].hash != trust.genesis_hash:
        refuse("headers[0]", "创世块与信任文件不符", "not the trusted genesis block")
    return headers[::-1]


def verify_receipts(bundle: Bundle, headers: Sequence[blocks.Header]) -> None:
    """Check that the receipts of each block hash to the root its header carries.

    Raises:
        EvidenceInvalid: a receipt was changed, added or left out.
    """
    for number, receipts in bundle.receipts.items():
        if number >= len(headers):
            refuse(f"receipts[block {number}]", "没有这一区块", "no such block")
        if blocks.receipts_root(receipts) != headers[number].receipts_root:
            refuse(
                f"receipts[block {number}]",
                f"第 {number} 块的收据与区块头的收据根不符",
                "the receipts do not hash to the header's receiptsRoot",
            )


def verify_completeness(
    bundle: Bundle, headers: Sequence[blocks.Header], contracts: Mapping[bytes, str]
) -> None:
    """Check that exactly the blocks whose bloom names one of `contracts` have receipts here.

    Raises:
        EvidenceInvalid: a block is missing, or one is there that names none of them.
    """
    bits = [(blocks.bloom_bits(address), name) for address, name in contracts.items()]
    for header in headers:
        bloom = int.from_bytes(header.logs_bloom, "big")
        named = next((name for mask, name in bits if bloom & mask == mask), None)
        where = f"receipts[block {header.number}]"
        if named and header.number not in bundle.receipts:
            refuse(
                where,
                f"第 {header.number} 块可能有合约 {named} 的事件，但缺少收据",
                f"the bloom names {named}, but the block's receipts are missing",
            )
        if not named and header.number in bundle.receipts:
            refuse(
                where,
                f"第 {header.number} 块的收据与本案合约无关",
                "receipts of a block that names none of the contracts",
            )


def read_events(
    bundle: Bundle, headers: Sequence[blocks.Header], contracts: Mapping[bytes, str]
) -> list[abi.ChainEvent]:
    """Decode the events of `contracts` in chain order; `tx_hash` is empty, receipts do not bind it.

    Raises:
        EvidenceInvalid: a receipt or one of our events does not decode.
    """
    events = []
    for number in sorted(bundle.receipts):
        logs = 0
        for tx_index, receipt in enumerate(bundle.receipts[number]):
            where = f"receipts[block {number}][{tx_index}]"
            with checking(where, "收据或事件无法解析", "a receipt or event that does not decode"):
                for log_index, log in enumerate(blocks.parse_receipt(receipt), logs):
                    logs = log_index + 1
                    if contracts.get(log.address) in CONTRACTS:
                        contract = contracts[log.address]
                        place = headers[number], tx_index, log_index
                        events.append(_decode(contract, log, *place))
    return events


def _decode(
    contract: str, log: blocks.Log, header: blocks.Header, tx_index: int, log_index: int
) -> abi.ChainEvent:
    name, args = abi.decode_log(contract, log.topics, log.data)
    if "seq" not in args:
        raise MalformedEvent(f"{name} is no event our contracts emit")
    return abi.ChainEvent(
        contract=contract,
        name=name,
        args=args,
        seq=args["seq"],
        block_number=header.number,
        block_hash=header.hash,
        timestamp=header.timestamp,
        tx_hash=b"",
        tx_index=tx_index,
        log_index=log_index,
        address=log.address,
    )


def verify_chain(bundle: Bundle, trust: Trust) -> tuple[list[blocks.Header], list[abi.ChainEvent]]:
    """Check headers and receipts; return the headers and every event of the listed contracts.

    The registry's own events come first: they say which other contracts there are. Whether their
    signatures hold is for the replay to check; a contract listed by nobody only asks for more.

    Raises:
        EvidenceInvalid: with the part that does not hold.
    """
    headers = verify_headers(bundle, trust)
    verify_receipts(bundle, headers)
    contracts = {trust.registry: REGISTRY}
    for event in read_events(bundle, headers, contracts):
        if event.name == "ContractListed":
            address = event.args["contractAddress"]
            # A second name for a contract must not make its events another's, or nobody's.
            if contracts.get(address) not in CONTRACTS:
                contracts[address] = _contract_name(event.args["name"])
    verify_completeness(bundle, headers, contracts)
    return headers, read_events(bundle, headers, contracts)


def describe_chain(
    headers: Sequence[blocks.Header], bundle: Bundle, events: Sequence[abi.ChainEvent]
) -> list[Check]:
    """Return the lines for what `verify_chain` proved."""
    last = headers[-1].number
    return [
        Check(
            "headers",
            f"区块头 0 至 {last} 逐块相连，止于信任文件所列链头",
            f"headers 0 to {last} join by hash and end at the trusted head",
            where="headers",
        ),
        Check(
            "receipts",
            f"{len(bundle.receipts)} 个区块的收据与收据根一致，布隆过滤器所指区块无一缺失，"
            f"共 {len(events)} 个事件",
            f"receipts of {len(bundle.receipts)} blocks hash to their roots, none that a bloom "
            f"names is missing; {len(events)} events",
            where="receipts",
        ),
    ]


def _contract_name(padded: bytes) -> str:
    name = next((name for name in CONTRACTS if ids.contract_name_id(name) == padded), None)
    return name or padded.rstrip(b"\0").decode("ascii", "replace")
