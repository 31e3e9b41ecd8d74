"""What each check of a trace means to its reader, in one sentence; nothing is checked here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lines import TraceLine

Words = tuple[str, str]

KINDS: dict[str, Words] = {
    "call": ("调用", "Call"),
    "authorisation": ("授权", "Authorisation"),
    "version": ("目录版本", "Catalogue version"),
    "decision": ("决定", "Decision"),
    "checkpoint": ("检查点", "Checkpoint"),
    "anchor": ("锚定", "Anchor"),
    "stability": ("先后", "Order"),
    "block": ("区块", "Block"),
    "": ("未找到", "Missing"),
}
"""What the kinds of lines are called."""

_MEANINGS: dict[str, tuple[Words, Words]] = {
    "call": (
        ("使用方用自己的密钥签发了这次请求，事后不能否认。",
         "The consumer signed this very request with its own key and cannot deny it."),
        ("不能证明这次请求出自所登记的应用系统。",
         "Nothing proves that the registered application sent this request."),
    ),
    "authorisation": (
        ("按当时的账本重新判定，结论与日志所记一致。",
         "Judged again by the ledger of that moment, the outcome is the one that was logged."),
        ("按当时的账本重新判定，结论与日志所记不一致。",
         "Judged again by the ledger of that moment, the outcome is not the one that was logged."),
    ),
    "version": (
        ("手上的目录文书就是链上所载的那一版，一字未改。",
         "The document at hand is the version named on the chain, to the letter."),
        ("手上没有这一版的文书，或其内容与链上摘要不符。",
         "The document of this version is not here, or is not the one named on the chain."),
    ),
    "decision": (
        ("由所列人员的密钥签名，内容与链上相符，签名成立。",
         "Signed with the key of the officer named; content and signature hold."),
        ("签名或内容与链上所载不符，此决定不可采信。",
         "Signature or content is not what the chain says: not to be relied on."),
    ),
    "checkpoint": (
        ("这次调用确在提供方已签名的日志之中，不能事后抽换。",
         "The call is in the log the provider has signed; it cannot be exchanged afterwards."),
        ("不能证明这次调用在提供方签名的日志之中。",
         "Nothing proves that the call is in the log the provider signed."),
    ),
    "anchor": (
        ("日志到此为止已写入链上，此前的内容不能再改。",
         "Up to here the log is on the chain; nothing before can be changed any more."),
        ("日志尚未写到链上，或与链上所载不一致。",
         "The log is not on the chain yet, or is not the one the chain has."),
    ),
    "stability": (
        ("调用前后授权没有变化，先后无争议。",
         "Nothing changed around the call, so the order is beyond dispute."),
        ("调用前后授权有变化，先后不能确定。",
         "Something changed around the call: the order cannot be told."),
    ),
    "block": (
        ("区块在本节点逐块核对过的链上。",
         "The block stands in the chain this node has followed link by link."),
        ("同一高度是另一个区块：链前后不一致，请立即通报。",
         "Another block stands at this height: the chain contradicts itself; report it."),
    ),
    "": (
        ("没有可核对的内容。", "There is nothing to check."),
        ("账本上没有，无从核对。", "It is not on the ledger and cannot be checked."),
    ),
}  # fmt: skip
LISTED: Words = (
    "链上现在的状态；点开可逐项核验。",
    "How it stands on the chain now; open it to check each part.",
)
"""Of an authorisation that is only listed, without a call to judge."""


def meaning_of(line: TraceLine, *, judged: bool = True) -> Words:
    """Return what a line's check means; `judged` is false where none was made for it."""
    if line.kind == "authorisation" and line.ok and not judged:
        return LISTED
    good, bad = _MEANINGS[line.kind]
    return good if line.ok else bad
