"""The claim itself: this call, signed by this application, judged so, and logged there.

From the leaf upwards: the caller's signature over the text, the event id it gives, the ledger's
permission, the leaf's place in the log's tree, both signatures on the checkpoint, the tree's place
in the anchored one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from ...crypto import sm3, verify_sm2
from ...errors import CheckpointInvalid
from ..forms import key_object, version_codes
from ..ledger.enums import KeyKind
from ..ledger.facts import KeyFact, LogFact
from ..ledger.report import checking, refuse
from ..wire import (
    ids,
    items,
    merkle,
    signedcall,
)
from ..wire.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    checkpoint_hash,
    verify_note,
)
from ..wire.leaf import (
    CALL,
    SERVED,
    Leaf,
    parse_leaf,
)
from ..wire.signedcall import NEWEST_SECONDS, OLDEST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evm.blocks import Header
    from ..forms import Document
    from ..ledger.surroundings import Memory, Store
    from .bundle import Bundle
    from .replay import Anchor, Papers, Replayed

CLOCK_TOLERANCE_SECONDS = 300
"""How far a node's clock may be ahead of the chain's."""
SIGNATURE_LINES = 2
_PATH = re.compile(r"/api/v1/authorisations/([1-9][0-9]{0,15})/query")


@dataclass(frozen=True, slots=True)
class Claim:
    """A bundle's own part, parsed."""

    leaf: Leaf
    call: signedcall.CallBase
    signed: SignedCheckpoint

    @property
    def at(self) -> int:
        """Seconds at which the call was logged."""
        return self.leaf.at // 1000

    @property
    def log(self) -> bytes:
        """Id of the log its checkpoint speaks of."""
        return ids.log_id(self.signed.checkpoint.origin)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the claim stands in the anchored log."""

    log: LogFact
    key: KeyFact
    """The department's key that signed the checkpoint."""
    anchor: Anchor
    """The first anchor whose tree holds the leaf."""


def parse_claim(bundle: Bundle) -> Claim:
    """Read leaf, signed text and checkpoint.

    Raises:
        EvidenceInvalid: one of them is malformed.
    """
    with checking("leaf", "日志条目格式不合规范", "not a leaf"):
        leaf = parse_leaf(bundle.leaf)
    with checking("leaf.base", "调用的签名文本不合规范", "not the text of a signed call"):
        call = signedcall.parse_base(leaf.base)
    with checking("checkpoint", "检查点格式不合规范", "not a signed checkpoint"):
        signed = SignedCheckpoint.parse(bundle.checkpoint)
    if len(signed.signatures) != SIGNATURE_LINES:
        # A line by an unknown key proves nothing and would be a place to hide a change.
        refuse("checkpoint", "检查点必须恰有两行签名", "a checkpoint here has exactly two lines")
    return Claim(leaf, call, signed)


def verify_call(bundle: Bundle, claim: Claim, headers: Sequence[Header], store: Store) -> None:
    """Check that the leaf is the claimed event and was signed by a registered application's key.

    Raises:
        EvidenceInvalid: with the member of the leaf that does not hold.
    """
    leaf, call = claim.leaf, claim.call
    if leaf.kind != CALL:
        refuse("leaf", "日志条目不是调用", f"a leaf of kind {leaf.kind}, not of a call")
    if call.event != leaf.event:
        refuse("leaf.event", "事件编号与签名文本不符", "not the event id of the signed text")
    if call.event != bundle.event:
        refuse("claim.event", "所主张的事件不是这一条目", "the leaf is of another event")
    path = _PATH.fullmatch(call.path)
    if path is None or int(path[1]) != leaf.authorisation:
        refuse("leaf.authorisation", "授权编号与签名文本不符", "not the signed authorisation")
    if leaf.block_number >= len(headers) or headers[leaf.block_number].hash != leaf.block_hash:
        refuse("leaf.block", "条目所依据的区块不在链上", "judged by a block not on the chain")
    with checking("leaf.judged", "判定时间与区块或记录时间不符", "judged at another time"):
        leaf.verify_times(block=headers[leaf.block_number].timestamp)
    age = leaf.judged - call.created
    if not -NEWEST_SECONDS <= age <= OLDEST_SECONDS:
        refuse("leaf.judged", "判定时间与调用签名时间不符", f"judged {age} s after it was signed")
    key = store.find(KeyFact, call.key_id)
    if key is None or key.kind != KeyKind.APPLICATION:
        refuse("leaf.base", "调用密钥未登记为应用密钥", "signed by no registered application's key")
    with checking("leaf.signature", "调用的 SM2 签名不成立", "the caller's signature fails"):
        verify_sm2(key.public, leaf.base, leaf.signature)


def verify_request(
    bundle: Bundle, claim: Claim, judged_purpose: bytes, version: Document | None
) -> None:
    """Check the call's body, if it is there: its digest, its purpose and its items.

    Raises:
        EvidenceInvalid: not the body that was signed, or it asks for something else.
    """
    if bundle.request is None:
        return
    if sm3(bundle.request) != claim.call.content_digest:
        refuse("request", "请求正文与签名的摘要不符", "not the body that was signed")
    if claim.leaf.outcome != SERVED:
        return
    purpose, named = _read_body(bundle.request)
    if ids.purpose_id(purpose) != judged_purpose:
        refuse("request", "请求的用途不是授权的用途", "another purpose than the one granted")
    if version is not None:
        with checking("request", "请求了目录中没有的数据项", "items the version does not have"):
            asked = items.bitmap(version_codes(version.body), named)
        if asked != claim.leaf.items:
            refuse("request", "请求的数据项与条目不符", "other items than the leaf says")


def verify_place(
    bundle: Bundle, claim: Claim, replayed: Replayed, papers: Papers, headers: Sequence[Header]
) -> Place:
    """Check inclusion, checkpoint, consistency and anchor.

    Raises:
        EvidenceInvalid: with the step that does not hold.
    """
    log = replayed.records.find(LogFact, claim.log)
    if log is None:
        refuse("checkpoint", "检查点的日志未在链上登记", "a checkpoint of no registered log")
    checkpoint = claim.signed.checkpoint
    with checking("proof", "包含证明不成立", "the inclusion proof fails"):
        merkle.verify_inclusion(
            merkle.leaf_hash(bundle.leaf),
            bundle.index,
            checkpoint.size,
            bundle.proof,
            checkpoint.root,
        )
    anchors = replayed.anchors.get(claim.log, [])
    anchor = next((one for one in anchors if one.size > bundle.index), None)
    if anchor is None:
        refuse(
            "headers", "截至信任链头，该条目尚未锚定", "not anchored at or before the trusted head"
        )
    _verify_consistency(bundle, checkpoint, anchor)
    note = Checkpoint(checkpoint.origin, anchor.size, anchor.root)
    if checkpoint_hash(note.text) != anchor.checkpoint_hash:
        refuse(
            f"block {anchor.block_number}",
            "锚定的检查点散列与其大小、根不符",
            "the anchored checkpointHash is not of the anchored size and root",
        )
    if anchor.block_number < claim.leaf.block_number:
        refuse("leaf.block", "条目所依据的区块晚于锚定", "judged by a block after its anchor")
    if claim.at > anchor.timestamp + CLOCK_TOLERANCE_SECONDS:
        refuse("leaf.at", "条目时间晚于锚定区块", "logged after the block that anchors it")
    covering = next((one for one in anchors if one.size >= checkpoint.size), None)
    last = headers[-1]
    until = covering.block_number if covering else last.number
    at = covering.timestamp if covering else last.timestamp
    key = _verify_note(claim, replayed.records, papers, log, until=until, at=at)
    return Place(log, key, anchor)


def _verify_consistency(bundle: Bundle, checkpoint: Checkpoint, anchor: Anchor) -> None:
    trees = [(checkpoint.size, checkpoint.root), (anchor.size, anchor.root)]
    (old_size, old_root), (size, root) = sorted(trees, key=lambda tree: tree[0])
    with checking(
        "consistency", "检查点与锚定的日志不一致", "the checkpoint and the anchored tree differ"
    ):
        merkle.verify_consistency(old_size, old_root, size, root, bundle.consistency)


def _verify_note(
    claim: Claim, records: Memory, papers: Papers, log: LogFact, *, until: int, at: int
) -> KeyFact:
    """Find the department's key whose two signatures the checkpoint carries.

    A signature counts after its key's revocation only if its tree was anchored before.
    """
    candidates = [
        key
        for key in records.all(KeyFact)
        if key.holder == log.department
        and key.kind == KeyKind.DEPARTMENT
        and (key.revoked_block is None or key.revoked_block > until)
        and key.valid_from <= at
        and key.valid_until > claim.at
    ]
    found_papers = [(key, papers.get((key_object(key.key), key.digest))) for key in candidates]
    with_papers = [(key, paper) for key, paper in found_papers if paper is not None]
    if not with_papers:
        refuse(
            "documents",
            "缺少签署检查点的部门密钥文书，或该部门没有有效的部门密钥",
            "the document of a live department key of the log is missing",
        )
    found: CheckpointInvalid | None = None
    for key, document in with_papers:
        try:
            verify_note(claim.signed, sm2=key.public, ed25519=_ed25519(document))
        except CheckpointInvalid as err:
            found = err
        else:
            _require_custody(claim, document)
            return key
    with checking("checkpoint", "检查点签名不成立", "a signature on the checkpoint fails"):
        raise found or CheckpointInvalid("no key of the log")


def _require_custody(claim: Claim, document: Document) -> None:
    """Check that the leaf says of who runs the provider's node what its key's document says."""
    if claim.leaf.custody != getattr(document.body, "custody", None):
        refuse(
            "leaf.custody",
            "托管情况与签署检查点的部门密钥文书不符",
            "another custody than the document of the key that signed the checkpoint",
        )


def _ed25519(document: Document) -> bytes:
    """Return the second key of a department key's document; empty, which signs nothing, if none."""
    return bytes.fromhex(getattr(document.body, "ed25519", None) or "")


def _read_body(data: bytes) -> tuple[str, list[str]]:
    """Return the purpose and the items a call's body names."""
    try:
        # Not json: how deep that follows a body is a setting of the process, not ours.
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        refuse("request", "请求正文不是 JSON", "the body is not JSON")
    if not isinstance(body, dict):
        refuse("request", "请求正文不是对象", "the body is no object")
    purpose, named = body.get("purpose"), body.get("items")
    texts = [purpose, *named] if isinstance(named, list) else []
    if not texts or not all(isinstance(one, str) for one in texts):
        refuse("request", "请求正文没有用途或数据项", "the body names no purpose or no items")
    return str(purpose), list(map(str, named or ()))
