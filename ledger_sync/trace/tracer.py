"""Trace: from a call, an authorisation, a catalogue version or a block to the other three.

Each line carries the check that was made for it and whether it holds; nothing is shown as good for
standing in the read model. The log and the documents are reached through ports, so a trace works
on a node's own log as on another's over HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.crypto import sm3
from node.errors import NotFound, ReceiptInvalid
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import AuthorisationState
from node.protocol.wire import ids
from node.protocol.wire.leaf import CALL, KINDS, SERVED, parse_leaf

from .collecting import find_event, list_decisions, list_version_decisions
from .judging import (
    SignerNames,
    check_anchor,
    check_call,
    check_checkpoint,
    check_decision,
    check_outcome,
    check_stability,
)
from .lines import (
    TraceLine,
    beijing,
    line,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.chain.deployment import Deployment
    from node.protocol.evm.blocks import BlockRef
    from node.protocol.ledger.facts import AuthorisationFact, LogFact
    from node.protocol.wire.leaf import Leaf
    from node.protocol.wire.receipt import Receipt

    from ..decided import AnchorFact, DecisionFact
    from ..queries import Queries
    from .collecting import Documents, LogReader

PAGE = 20


class Tracer:
    """Traces over one read model, one set of logs, one store of documents.

    A trace is read in one transaction: all its lines are of one state of the read model.
    """

    def __init__(
        self,
        queries: Queries,
        logs: LogReader,
        documents: Documents,
        deployment: Deployment,
        names: SignerNames | None = None,
        *,
        called: Callable[[str], str] = str,
    ) -> None:
        """Take what to trace in; the deployment gives the decisions' EIP-712 domains.

        `names` are who else names things for the same answer has read already; `called` says in
        Chinese what the code of a refusal means.
        """
        self._called = called
        self._queries = queries
        self._logs = logs
        self._documents = documents
        self._deployment = deployment
        self._names = names or SignerNames(queries, documents)

    def trace_call(self, event: bytes) -> TraceLine:
        """Trace a logged call down to its authorisation and up to the block that anchors it.

        Raises:
            EventUnknown: no log at hand has the event.
        """
        with self._queries.holding():
            return self._call(event, *find_event(self._queries, self._logs, event))

    def _call(self, event: bytes, log: bytes, index: int) -> TraceLine:
        receipt = self._logs.receipt(log, index)
        leaf = receipt.parsed_leaf
        return line(
            f"调用 {event.hex()}（{self._outcome(leaf)}，{beijing(leaf.at // 1000)}）",
            f"call {event.hex()} ({leaf.outcome}, {beijing(leaf.at // 1000)})",
            "事件编号重算、调用方 SM2 签名",
            "event id recomputed, the caller's SM2 signature",
            lambda: check_call(self._queries, leaf, event),
            self._authorisation(leaf.authorisation, receipt),
            self._checkpoint(self._queries.find_log(log), receipt),
            about=("call", event.hex()),
        )

    def trace_authorisation(self, authorisation: int, *, calls: int = PAGE) -> TraceLine:
        """Trace an authorisation: its decisions, its version, its first `calls` calls at hand.

        Raises:
            AuthorisationUnknown: there is none.
        """
        with self._queries.holding():
            one = self._queries.get_authorisation(authorisation)
            found = self._authorisation(authorisation)
            return found.with_children(*found.children, *self._calls(one, calls))

    def trace_version(self, entry: bytes, version: int) -> TraceLine:
        """Trace a catalogue version: its decisions and the authorisations that pin it.

        Raises:
            NotFound: there is no such version.
        """
        with self._queries.holding():
            found = self._version(entry, version)
            pinning = [
                self._authorisation_head(one)
                for one in self._queries.list_authorisations(entry=entry, limit=1000)
                if one.version == version
            ]
            return found.with_children(*found.children, *pinning)

    def trace_block(self, number: int) -> TraceLine:
        """Trace a block: the decisions and anchors in it, and the calls these cover.

        Raises:
            NotFound: the read model has no such block.
        """
        with self._queries.holding():
            decisions = self._queries.decisions_in(number)
            self._names.know_signers(decisions)
            return self._block(
                self._queries.get_block(number),
                *(self._decision(one) for one in decisions),
                *(self._anchored_range(one) for one in self._queries.anchors_in(number)),
            )

    def _authorisation(self, authorisation: int, receipt: Receipt | None = None) -> TraceLine:
        steps = self._queries.steps(authorisation)
        if not steps:
            return line(
                f"授权 {authorisation}",
                f"authorisation {authorisation}",
                "链上没有该授权",
                "not on the chain",
                None if receipt and receipt.parsed_leaf.outcome != SERVED else _missing,
                about=("authorisation", ""),
            )
        one = self._queries.get_authorisation(authorisation)
        decisions = list_decisions(self._queries, one)
        self._names.know_signers(decisions, one.consumer, one.provider)
        lines = [self._decision(each) for each in decisions]
        return self._authorisation_head(
            one, *lines, self._version(one.entry, one.version), receipt=receipt
        )

    def _authorisation_head(
        self, one: AuthorisationFact, *children: TraceLine, receipt: Receipt | None = None
    ) -> TraceLine:
        parties = f"{self._name(one.consumer)} ← {self._name(one.provider)}"
        state, english = words_of(AuthorisationState(one.state))
        if receipt is None:
            checked = ("取自本节点已核对的账本", "from the ledger as this node has checked it")
        else:
            block = receipt.parsed_leaf.block_number
            checked = (
                f"按第 {block} 块的状态重新判定该调用",
                f"the call judged again as of block {block}",
            )
        return line(
            f"授权 {one.authorisation}（{parties}，修订 {one.revision}，现状态 {state}）",
            f"authorisation {one.authorisation} ({parties}, revision {one.revision}, "
            f"now {english})",
            *checked,
            (lambda: check_outcome(self._queries, receipt.parsed_leaf)) if receipt else None,
            *children,
            about=("authorisation", str(one.authorisation)),
        )

    def _version(self, entry: bytes, version: int) -> TraceLine:
        fact = self._queries.get_entry(entry, version)
        decisions = list_version_decisions(self._queries, entry, version)
        self._names.know_signers(decisions, fact.provider)
        name, provider = self._names.entry(fact.digest), self._name(fact.provider)
        return line(
            f"目录「{name or short(entry)}」第 {version} 版（{provider}）",
            f"catalogue entry {name or short(entry)} version {version} ({provider})",
            f"文书 SM3 {short(fact.digest)} 与链上摘要",
            f"document with SM3 {short(fact.digest)} against the chain",
            lambda: self._check_document(fact.digest),
            *map(self._decision, decisions),
            about=("version", f"{entry.hex()}:{version}"),
        )

    def _check_document(self, digest: bytes) -> None:
        data = self._documents.find(digest)
        if data is None:
            raise NotFound("the document is not here")
        if sm3(data) != digest:
            raise ReceiptInvalid("the document does not hash to its digest")

    def _decision(self, fact: DecisionFact) -> TraceLine:
        (signer, by), when = self._names.describe(fact), beijing(fact.block.timestamp)
        text, english = fact.words
        return line(
            f"决定「{text}」：{signer}，第 {fact.block.number} 块（{when}）",
            f"decision {english}: {by}, block {fact.block.number} ({when})",
            f"EIP-712 散列 {short(fact.hash)} 与 SM2 签名重验",
            f"EIP-712 hash {short(fact.hash)} and SM2 signature again",
            lambda: check_decision(self._queries, fact, self._deployment),
            about=("decision", str(fact.block.number)),
        )

    def _checkpoint(self, log: LogFact | None, receipt: Receipt) -> TraceLine:
        size = receipt.size
        if log is None:
            about = ("checkpoint", "")
            return line(
                "日志", "log", "未在链上登记", "not registered on chain", _missing, about=about
            )
        return line(
            f"检查点：{self._name(log.department)}日志第 {receipt.index} 条，共 {size} 条",
            f"checkpoint: entry {receipt.index} of {size} in the log of "
            f"{self._name(log.department)}",
            "包含证明、SM2 与 Ed25519 两行签名",
            "inclusion proof, both signature lines",
            lambda: check_checkpoint(self._queries, self._names, log, receipt),
            self._anchor(log, receipt),
            about=("checkpoint", ids.department_code(log.department)),
        )

    def _anchor(self, log: LogFact, receipt: Receipt) -> TraceLine:
        anchor = self._queries.find_anchor(log.log, receipt.index)
        if anchor is None:
            return line(
                "锚定：尚未上链",
                "anchor: not on chain yet",
                "等待下一次锚定",
                "waits for the next anchor",
                _missing,
                about=("anchor", ""),
            )
        return line(
            f"锚定：大小 {anchor.size}，根 {short(anchor.root)}，交易 {short(anchor.tx)}",
            f"anchor: size {anchor.size}, root {short(anchor.root)}, transaction "
            f"{short(anchor.tx)}",
            "一致性证明、检查点散列",
            "consistency proof, checkpoint hash",
            lambda: check_anchor(self._logs, log, receipt, anchor),
            self._stability(receipt, anchor),
            self._block(anchor.block),
            about=("anchor", str(anchor.block.number)),
        )

    def _stability(self, receipt: Receipt, anchor: AnchorFact) -> TraceLine:
        leaf, last = receipt.parsed_leaf, anchor.block.number
        return line(
            f"第 {leaf.block_number} 块至第 {last} 块之间的授权状态",
            f"the authorisation from block {leaf.block_number} to {last}",
            "没有变化：调用先于或后于变化无须证明",
            "unchanged, so the order of call and change need not be proven",
            lambda: check_stability(self._queries, leaf, anchor.block),
            about=("stability", ""),
        )

    def _outcome(self, leaf: Leaf) -> str:
        """Say in Chinese how a call ended."""
        return "已提供" if leaf.outcome == SERVED else f"已拒绝：{self._called(leaf.outcome)}"

    def _block(self, block: BlockRef, *children: TraceLine) -> TraceLine:
        return line(
            f"区块 {block.number}（{block.hash.hex()}，{beijing(block.timestamp)}）",
            f"block {block.number} ({block.hash.hex()}, {beijing(block.timestamp)})",
            "父散列逐块相连，已由本节点同步核对",
            "joined by parent hashes, as this node has followed them",
            lambda: self._check_block(block),
            *children,
            about=("block", str(block.number)),
        )

    def _check_block(self, block: BlockRef) -> None:
        if self._queries.get_block(block.number) != block:
            raise ReceiptInvalid("another block stands at this height")

    def _anchored_range(self, anchor: AnchorFact) -> TraceLine:
        log = self._queries.find_log(anchor.log)
        name = self._name(log.department) if log else short(anchor.log)
        indexes = range(anchor.old_size, min(anchor.size, anchor.old_size + PAGE))
        calls = self._call_heads(anchor.log, indexes) if self._is_at_hand(anchor.log) else ()
        return line(
            f"锚定：{name}日志第 {anchor.old_size} 至 {anchor.size - 1} 条",
            f"anchor: entries {anchor.old_size} to {anchor.size - 1} of the log of {name}",
            "一致性由合约验证",
            "consistency checked by the contract",
            None,
            *calls,
            about=("anchor", str(anchor.block.number)),
        )

    def _calls(self, one: AuthorisationFact, limit: int) -> list[TraceLine]:
        """Return the first calls, those in logs that were superseded before those after them."""
        found: list[TraceLine] = []
        for fact in self._queries.logs_of(one.provider):
            left = limit - len(found)
            if left and self._is_at_hand(fact.log):
                calls = self._logs.calls(fact.log, one.authorisation, limit=left)
                found += self._call_heads(fact.log, [index for _, index in calls])
        return found

    def _call_heads(self, log: bytes, indexes: Sequence[int]) -> list[TraceLine]:
        """Return a line for each call among these entries: its leaf, whose proofs are elsewhere.

        They stand in the trace of the call itself; a log holds other leaves, too.
        """
        leaves = (parse_leaf(data, KINDS) for data in self._logs.leaves(log, indexes))
        return [self._call_head(leaf) for leaf in leaves if leaf.kind == CALL]

    def _call_head(self, leaf: Leaf) -> TraceLine:
        return line(
            f"调用 {leaf.event.hex()}（授权 {leaf.authorisation}，{self._outcome(leaf)}）",
            f"call {leaf.event.hex()} (authorisation {leaf.authorisation}, {leaf.outcome})",
            "事件编号重算、调用方 SM2 签名",
            "event id recomputed, the caller's SM2 signature",
            lambda: check_call(self._queries, leaf, leaf.event),
            about=("call", leaf.event.hex()),
        )

    def _is_at_hand(self, log: bytes) -> bool:
        try:
            self._logs.find_event(log, bytes(32))
        except NotFound:
            return False
        return True

    def _name(self, department: bytes) -> str:
        return self._names.department(department)


def _missing() -> None:
    raise NotFound("there is none")
