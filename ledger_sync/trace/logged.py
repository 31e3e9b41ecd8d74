"""A logged call's own proofs, checked with what the read model knows of keys, logs and anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.crypto import Sm2PublicKey, verify_sm2
from node.errors import LedgerError, NotFound, ReceiptInvalid
from node.protocol.ledger.enums import KeyKind
from node.protocol.wire import merkle
from node.protocol.wire.checkpoint import Checkpoint, checkpoint_hash, verify_note
from node.protocol.wire.signedcall import parse_base

if TYPE_CHECKING:
    from node.protocol.ledger.facts import KeyFact, LogFact
    from node.protocol.wire.receipt import Receipt

    from ..facts import AnchorFact
    from ..queries import Queries
    from .ports import LogReader
    from .signing import SignerNames


def check_call(queries: Queries, receipt: Receipt, event: bytes) -> None:
    """Check that the leaf is the event and was signed by a registered application's key.

    Raises:
        ReceiptInvalid: another event, or a key that is no application's.
        SignatureInvalid: the signature does not hold.
        NotFound: the key is not registered.
    """
    leaf = receipt.parsed_leaf
    call = parse_base(leaf.base)
    if not call.event == leaf.event == event:
        raise ReceiptInvalid("the event id is not that of the signed text")
    key = queries.get_key(call.key_id)
    if key.kind != KeyKind.APPLICATION:
        raise ReceiptInvalid("signed by no application's key")
    verify_sm2(_public(key), leaf.base, leaf.signature)


def check_checkpoint(queries: Queries, names: SignerNames, log: LogFact, receipt: Receipt) -> None:
    """Check the leaf's inclusion and both signatures on its checkpoint.

    Raises:
        ReceiptInvalid: the checkpoint is of another log or size.
        InclusionInvalid: the proof does not lead to its root.
        CheckpointInvalid: no department key of the log has signed it.
        NotFound: the document of such a key is not here.
    """
    checkpoint = receipt.signed_checkpoint.checkpoint
    if (checkpoint.origin, checkpoint.size) != (log.origin, receipt.size):
        raise ReceiptInvalid("the checkpoint is of another log or size")
    merkle.verify_inclusion(
        merkle.leaf_hash(receipt.leaf), receipt.index, receipt.size, receipt.proof, checkpoint.root
    )
    found: LedgerError = NotFound("no document of a department key of this log is here")
    for key in queries.keys_of(log.department):
        second = names.ed25519_of(key)
        if key.kind == KeyKind.DEPARTMENT and second is not None:
            try:
                verify_note(receipt.signed_checkpoint, sm2=_public(key), ed25519=second)
            except LedgerError as err:
                found = err
            else:
                return
    raise found


def check_anchor(logs: LogReader, log: LogFact, receipt: Receipt, anchor: AnchorFact) -> None:
    """Check that the receipt's tree and the anchored one are of one log.

    Raises:
        ConsistencyInvalid: they are not.
        ReceiptInvalid: the anchor names another checkpoint than its size and root give.
    """
    root = receipt.signed_checkpoint.checkpoint.root
    old, new = sorted([(receipt.size, root), (anchor.size, anchor.root)])
    merkle.verify_consistency(*old, *new, logs.consistency(log.log, old[0], new[0]))
    text = Checkpoint(log.origin, anchor.size, anchor.root).text
    if checkpoint_hash(text) != anchor.checkpoint_hash:
        raise ReceiptInvalid("the anchored checkpoint hash is not of this size and root")


def _public(key: KeyFact) -> Sm2PublicKey:
    return Sm2PublicKey.from_coordinates(key.qx, key.qy)
