"""What `shareledger log check` says of a log: what holds, was not verified, or was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .console import say

if TYPE_CHECKING:
    from node.errors import LogTampered
    from node.log.check import CheckedLog


def say_found(origin: str, checked: CheckedLog, anchors: int, back: int | None) -> bool:
    """Say what was found of a log in which nothing is wrong; return whether its head is proven."""
    if checked.unverified:
        say(
            f"？ {origin}：{checked.unverified} 个检查点的 Ed25519 签名未核实："
            "签名密钥的文书不在本节点",
            f"? {origin}: the Ed25519 signatures of {checked.unverified} checkpoints were not "
            "verified: the document of the key is not here",
        )
    if checked.is_head_proven:
        say(
            f"✓ {origin}：{checked.size} 条，根 {checked.root.hex()}，"
            f"已锚定 {anchors} 次，全部相符",
            f"✓ {origin}: {checked.size} entries, {anchors} anchors, all match",
        )
    else:
        say(
            f"？ {origin}：{checked.size} 条与日志头相符，但日志头未核实：锚定未及于此，"
            "签名用的密钥又已注销，或其文书不在本节点。启动节点，锚定后再核对",
            f"? {origin}: {checked.size} entries match the head, which was not verified: no "
            "anchor has reached it, and the key that signed it was revoked, or its document is "
            "not here. Start the node and check again once it has anchored",
        )
    if back is not None:
        say(
            f"✓ {origin}：归档的 {back} 条逐块读回，全部相符",
            f"✓ {origin}: {back} archived entries read back, all match",
        )
    return checked.is_head_proven


_SAID = {
    "leaf": ("第 {index} 条（从 0 数起）与其默克尔树不符", "entry {index}"),
    "tile": ("第 {index} 条（从 0 数起）在默克尔树中的散列被改", "the hash of entry {index}"),
    "root": ("第 {index} 条（从 0 数起）及其后与日志头的根不符", "entry {index} or a later one"),
    "anchor": ("第 {index} 条（从 0 数起）及其后与已锚定的根不符", "entry {index} or a later one"),
    "size": ("日志头被删，其条目仍在", "the head over its entries, which is gone,"),
    "counter": ("授权 {authorisation} 的计数与其调用不符", "the counter of grant {authorisation}"),
    "index": ("第 {index} 条（从 0 数起）的索引被改", "the index of entry {index}"),
    "answer": ("为第 {index} 条（从 0 数起）保留的答复被改", "the answer kept for entry {index}"),
    "batch": (
        "为第 {index} 条（从 0 数起）及其后保留的重发内容被改",
        "what is kept for resends of entry {index}",
    ),
    "head": ("日志头被改", "the head"),
    "checkpoint": ("日志头的检查点不成立", "the head's checkpoint"),
    "stored": ("归档中的 {tile} 与默克尔树不符", "{tile} in the tile store"),
    "file": ("日志文件已损坏，或有不是日志写入的内容", "the file itself"),
}
"""By what was found: where, in Chinese and in English."""
_SAID_WITHOUT_INDEX = {
    "tile": ("默克尔树的内部节点被改", "an inner node of the tree"),
    "index": ("索引中有多余或缺少的行", "the rows of an index"),
}


def said(error: LogTampered) -> tuple[str, str]:
    """Say what of a log was changed, in Chinese and in English."""
    facts, what = error.facts, str(error.facts["what"])
    table = _SAID if "index" in facts or what not in _SAID_WITHOUT_INDEX else _SAID_WITHOUT_INDEX
    chinese, english = table[what]
    return chinese.format(**facts), english.format(**facts)
