"""Receipts and answers held against the call they are for (protocol.md section 6).

The order is the protocol's: the leaf is the call, the answer is the leaf's, the leaf is in the
tree, the log's registered keys signed the tree; only then is anything opened. What does not hold
is raised, never returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..crypto import sm3
from ..errors import (
    AuthorisationUnknown,
    CallReplayed,
    CheckpointInvalid,
    Forbidden,
    InvalidInput,
    LedgerError,
    MalformedReceipt,
    NotFound,
    QuotaCalls,
    QuotaRows,
    ReceiptInvalid,
)
from ..protocol.wire import (
    canonical,
    encoding,
    ids,
    items,
)
from ..protocol.wire.envelope import envelope_bytes, open_envelope
from ..protocol.wire.leaf import SERVED, commitment
from ..protocol.wire.receipt import PLACE, Receipt, verify_receipt
from ..protocol.wire.signedcall import NEWEST_SECONDS, OLDEST_SECONDS

if TYPE_CHECKING:
    from ..crypto import Unwrapper
    from ..protocol.wire.leaf import Leaf
    from ..protocol.wire.signedcall import SignedCall
    from .trust import Anchor, Grant, Trust

PLAINTEXT_LIMIT = 64 * 1024 * 1024
MUST_BE_PROVEN = (Forbidden, QuotaCalls, QuotaRows, AuthorisationUnknown, CallReplayed)
"""Refusals of a caller who is known: a server that gives them without a receipt hides them.

`quota-refusals` has no leaf: it is what comes after a day's refusals that no authorisation counts.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as its client knows it."""

    call: SignedCall
    authorisation: int
    items: tuple[str, ...]
    operator: str
    matter: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A checked and opened answer."""

    rows: list[dict[str, Any]]
    next: str | None
    masked: list[str]
    as_of: str
    receipt: Receipt


def check_answer(
    asked: Asked, answer: dict[str, Any], trust: Trust, unwrapper: Unwrapper
) -> Opened:
    """Check an answer and open it.

    Raises:
        ReceiptInvalid: leaf, answer and call do not belong together.
        InclusionInvalid, CheckpointInvalid: the log does not vouch for the leaf.
        MalformedReceipt, MalformedEnvelope: it is not an answer.
    """
    receipt = Receipt.parse(answer.get("receipt"))
    leaf = receipt.parsed_leaf
    _same_call(asked, leaf)
    grant = _granted(asked, leaf, trust)
    asked_items = items.bitmap(grant.item_codes, asked.items)
    _require(leaf.items == asked_items, "the leaf names other items")
    _require(leaf.outcome == SERVED, f"the leaf says {leaf.outcome}, the answer is one")
    sealed = answer.get("sealed")
    if not isinstance(sealed, dict):
        raise MalformedReceipt("the answer has no envelope")
    _require(leaf.answer == sm3(envelope_bytes(sealed)), "the leaf is of another answer")
    verify_log(receipt, trust, grant.provider)
    plain = open_envelope(sealed, unwrapper, asked.call.event)
    _require(leaf.plain == sm3(plain), "the envelope holds another plaintext than the leaf says")
    return _read(asked, plain, receipt)


def check_refusal(asked: Asked, error: LedgerError, trust: Trust) -> Receipt | None:
    """Check the receipt of a refusal; None when the code is one that leaves none.

    Raises:
        ReceiptInvalid: the receipt is missing or of something else.
        InclusionInvalid, CheckpointInvalid: the log does not vouch for the leaf.
        MalformedReceipt: it is no receipt.
    """
    if "receipt" not in error.facts:
        _require(
            not isinstance(error, MUST_BE_PROVEN), f"{error.code} was answered without a receipt"
        )
        return None
    receipt = Receipt.parse(error.facts["receipt"])
    leaf = receipt.parsed_leaf
    if isinstance(error, CallReplayed):
        # The first call's receipt: another text, or this one long ago.
        _require(leaf.event == asked.call.event, "the receipt is of another event")
        verify_kept(receipt, trust)
    else:
        _same_call(asked, leaf)
        _require(leaf.outcome == error.code, f"the leaf says {leaf.outcome}, not {error.code}")
        if isinstance(error, AuthorisationUnknown):
            # The node's first department logs what it knows no provider of.
            verify_log(receipt, trust, log_of(receipt)[0])
        else:
            verify_log(receipt, trust, _granted(asked, leaf, trust).provider)
    return receipt


def log_of(receipt: Receipt) -> tuple[str, int]:
    """Return of whose log a receipt says it is, and of which generation."""
    return ids.parse_origin(receipt.signed_checkpoint.checkpoint.origin)[2:]


def verify_log(receipt: Receipt, trust: Trust, department: str) -> None:
    """Check a new receipt by the keys in force for a department's present log.

    Raises:
        ReceiptInvalid: it is of another log than the department's present one.
        InclusionInvalid: the leaf is not in the tree.
        CheckpointInvalid: no pair of registered keys signed it.
    """
    _verify_log(receipt, trust, department)


def verify_kept(receipt: Receipt, trust: Trust) -> None:
    """Check a receipt of earlier by the log it is of and the keys in force at its leaf's time.

    That the log was superseded or its key replaced since takes nothing back. A leaf's time is its
    provider's word, though: whoever stole a key that was revoked can date a leaf back, so only
    the chain's anchor makes such a receipt final. Raises as `verify_log`.
    """
    _verify_log(receipt, trust, *log_of(receipt), receipt.parsed_leaf.at // 1000)


def verify_place(receipt: Receipt, anchor: Anchor) -> None:
    """Check that the receipt's anchor stands where the chain has it, as far as that is told.

    Raises:
        ReceiptInvalid: it does not; `facts["anchor"]` is the member that differs.
    """
    named = receipt.render()["anchored"]
    for member in PLACE:
        if member in anchor.place and anchor.place[member] != named[member]:
            said = f"the chain has another {member} for that anchor"
            raise ReceiptInvalid(said, anchor=member)


def _verify_log(
    receipt: Receipt,
    trust: Trust,
    department: str,
    generation: int | None = None,
    at: int | None = None,
) -> None:
    try:
        known = trust.log_keys(department, generation, at)
    except NotFound as error:
        raise ReceiptInvalid(f"department {department} has no registered log") from error
    refusal = CheckpointInvalid(f"department {department} has no keys that sign checkpoints")
    for sm2, ed25519 in known.pairs:
        try:
            verify_receipt(receipt, sm2=sm2, ed25519=ed25519, origin=known.origin)
        except CheckpointInvalid as error:
            refusal = error
        else:
            return
    raise refusal


def _same_call(asked: Asked, leaf: Leaf) -> None:
    _require(leaf.event == asked.call.event, "the leaf is of another event")
    leaf.verify_times()
    age = leaf.judged - asked.call.created
    _require(
        -NEWEST_SECONDS <= age <= OLDEST_SECONDS, f"the leaf says it was judged {age} s after it"
    )
    _require(leaf.base == asked.call.base, "the leaf has another signed text")
    _require(leaf.signature == asked.call.signature, "the leaf has another signature")
    _require(leaf.authorisation == asked.authorisation, "the leaf names another authorisation")


def _granted(asked: Asked, leaf: Leaf, trust: Trust) -> Grant:
    """Return what the client's own node says of the authorisation, which the leaf must say too."""
    grant = trust.grant(asked.authorisation)
    _require(leaf.entry == grant.entry, "the leaf names another entry")
    _require(leaf.version == grant.version, "the leaf names another version")
    return grant


def _read(asked: Asked, plain: bytes, receipt: Receipt) -> Opened:
    """Read the plaintext, and hold its opening against the leaf's commitments."""
    members = canonical.loads(plain, limit=PLAINTEXT_LIMIT, error=MalformedReceipt)
    leaf = receipt.parsed_leaf
    try:
        opening = members["opening"]
        for name, value, committed in (
            ("operator", asked.operator, leaf.operator),
            ("matter", asked.matter, leaf.matter),
        ):
            _require(
                commitment(encoding.unb64u(opening[name]), value) == committed,
                f"the leaf commits to another {name}",
            )
        rows, after, masked, as_of = (members[name] for name in ("rows", "next", "masked", "asOf"))
    except (KeyError, TypeError, InvalidInput) as error:
        raise MalformedReceipt("the plaintext does not have the members of an answer") from error
    if not (
        _are(dict, rows)
        and _are(str, masked)
        and isinstance(as_of, str)
        and isinstance(after, str | None)
    ):
        raise MalformedReceipt("a member of the plaintext is of another type than an answer's")
    _require(leaf.rows == len(rows), "the leaf counts other rows")
    return Opened(rows=rows, next=after, masked=masked, as_of=as_of, receipt=receipt)


def _are(kind: type, values: object) -> bool:
    return isinstance(values, list) and all(isinstance(each, kind) for each in values)


def _require(holds: bool, problem: str) -> None:  # noqa: FBT001 - the fact itself
    if not holds:
        raise ReceiptInvalid(problem)
