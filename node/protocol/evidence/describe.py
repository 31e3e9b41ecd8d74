"""The lines of a verified bundle, for people: who decided, what was called, where it stands."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ..forms import BEIJING, department_object
from ..forms.words import decision_words
from ..ledger.facts import ApplicationFact, DepartmentFact, KeyFact
from ..ledger.report import Check
from ..wire.leaf import SERVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evm.abi import ChainEvent
    from ..evm.blocks import Header
    from .bundle import Bundle
    from .claim import Claim, Place
    from .replay import Papers, Replayed

KEY_DIGITS = 8
_STEPS = {"Replied": "Reply", "Advanced": "Step", "Changed": "Change"}


class Describer:
    """Writes lines about a ledger whose every event holds."""

    def __init__(self, replayed: Replayed, events: Sequence[ChainEvent], papers: Papers) -> None:
        self._replayed = replayed
        self._records = replayed.records
        self._events = events
        self._papers = papers

    def decisions(self) -> Check:
        count = len(self._replayed.acted)
        return Check(
            "decisions",
            f"{count} 个决定的散列、SM2 签名、职责、有效期、随机数逐一重验，密钥自根密钥起可追",
            f"{count} decisions verified again: hash, SM2 signature, role, validity, nonce, from "
            "the root key on",
            where="receipts",
        )

    def documents(self) -> Check:
        count = len({digest for _, digest in self._papers})
        return Check(
            "documents",
            f"{count} 份文书的 SM3 摘要在链上，内容与链上字段一致",
            f"{count} documents: bound by SM3 on chain, and saying what the chain says",
            where="documents",
        )

    def versions(self, entry: bytes, version: int) -> list[Check]:
        lines = []
        for event in self._events:
            for one, submitted in _submitted(event):
                if (one, submitted["version"]) == (entry, version):
                    lines.append(self._version_submitted(event, submitted))
            for review in event.args["reviews"] if event.name == "VersionsReviewed" else ():
                if (review["entry"], review["version"]) == (entry, version):
                    verb = ("发布", "published") if review["publish"] else ("退回", "returned")
                    lines.append(
                        self._decision(
                            "version",
                            event,
                            f"审核{verb[0]}目录第 {version} 版",
                            f"version {version} {verb[1]}",
                        )
                    )
        return lines

    def authorisation(self, authorisation: int) -> list[Check]:
        lines = []
        for event in self._events:
            args = event.args
            if event.name == "Applied":
                if 0 <= authorisation - args["first"] < len(args["applications"]):
                    text = f"申请授权 {authorisation}"
                    english = f"applied for authorisation {authorisation}"
                    lines.append(self._decision("authorisation", event, text, english))
            elif event.name in _STEPS and args["authorisation"] == authorisation:
                text, english = decision_words(_STEPS[event.name], args)
                lines.append(self._decision("authorisation", event, text, english))
        return lines

    def call(self, claim: Claim, bundle: Bundle) -> Check:
        when = datetime.fromtimestamp(claim.call.created, BEIJING).isoformat()
        key = self._records.find(KeyFact, claim.call.key_id)
        owner = self._name(self._owner(key) if key else b"")
        body = bundle.request is not None
        return Check(
            "call",
            f"调用 {claim.leaf.event.hex()} 由{owner}的应用密钥 "
            f"{claim.call.key_id.hex()[:KEY_DIGITS]}… 于 {when} 签名，事件编号重算一致"
            + (
                "，请求正文与摘要、用途、数据项一致"
                if body
                else "（请求正文未随附，其中用途不可查）"
            ),
            f"call {claim.leaf.event.hex()} signed by an application of {owner} at {when}; event "
            "id recomputed"
            + ("; body checked" if body else "; the body is not attached, nor is its purpose"),
            where="leaf.base",
        )

    def leaf(self, bundle: Bundle, claim: Claim) -> Check:
        size = claim.signed.checkpoint.size
        outcome = "已提供" if claim.leaf.outcome == SERVED else f"已拒绝：{claim.leaf.outcome}"
        return Check(
            "inclusion",
            f"该调用（{outcome}）是日志第 {bundle.index} 条，含于 {size} 条的树中",
            f"the call ({claim.leaf.outcome}) is entry {bundle.index} of the tree of {size}",
            where="proof",
        )

    def checkpoint(self, claim: Claim, place: Place) -> Check:
        name, size = self._name(place.log.department), claim.signed.checkpoint.size
        return Check(
            "checkpoint",
            f"检查点（大小 {size}）有{name}部门密钥的 SM2 与 Ed25519 两行签名",
            f"the checkpoint of size {size} carries both signatures of {name}",
            where="checkpoint",
        )

    def anchor(self, claim: Claim, place: Place, headers: Sequence[Header]) -> Check:
        anchor = place.anchor
        when = datetime.fromtimestamp(anchor.timestamp, BEIJING).isoformat()
        block = headers[anchor.block_number].hash.hex()
        return Check(
            "anchor",
            f"与第 {anchor.block_number} 块（{block[:16]}…，{when}）锚定的大小 {anchor.size} 一致",
            f"consistent from size {claim.signed.checkpoint.size} with size {anchor.size} anchored "
            f"in block {anchor.block_number} ({block}) at {when}",
            where="consistency",
        )

    def _version_submitted(self, event: ChainEvent, submitted: dict[str, int]) -> Check:
        version = submitted["version"]
        return self._decision(
            "version", event, f"报送目录第 {version} 版", f"version {version} submitted"
        )

    def _decision(self, check: str, event: ChainEvent, text: str, english: str) -> Check:
        key_id = event.args["signingKey"]
        key = self._records.find(KeyFact, key_id)
        signer = self._name(key.holder) if key else "根密钥"
        return Check(
            check,
            f"{signer}（密钥 {key_id.hex()[:KEY_DIGITS]}…）{text}，第 {event.block_number} 块",
            f"{signer} (key {key_id.hex()[:KEY_DIGITS]}…): {english}, block {event.block_number}",
            where=f"receipts[block {event.block_number}][{event.tx_index}]",
        )

    def _name(self, department: bytes) -> str:
        code = department.rstrip(b"\0").decode("ascii", "replace")
        fact = self._records.find(DepartmentFact, department)
        paper = self._papers.get((department_object(department), fact.digest)) if fact else None
        return f"{paper.body.name}（{code}）" if paper else code

    def _owner(self, key: KeyFact) -> bytes:
        application = self._records.find(ApplicationFact, key.holder)
        return application.department if application else key.holder


def _submitted(event: ChainEvent) -> list[tuple[bytes, dict[str, int]]]:
    if event.name != "VersionsSubmitted":
        return []
    return list(zip(event.args["entries"], event.args["versions"], strict=True))
