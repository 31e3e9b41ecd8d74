"""A logged call judged again from the read model, by the rules of the offline verifier."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.errors import AuthorisationUnknown, VerificationError
from node.protocol.ledger.judge import Standing, stand, verify_permission
from node.protocol.wire.callbase import parse_base

from ..projector.objects import ObjectKind, authorisation_ref

if TYPE_CHECKING:
    from node.protocol.evm.blocks import BlockRef
    from node.protocol.ledger.facts import KeyFact
    from node.protocol.wire.leaf import Leaf

    from ..queries import Queries


def check_outcome(queries: Queries, leaf: Leaf) -> None:
    """Check that the ledger, as it stood after the leaf's block, gives the leaf's outcome.

    Raises:
        EvidenceInvalid: it does not.
        VerificationError: the leaf names a block that is not on the chain.
    """
    block = queries.get_block(leaf.block_number)
    if block.hash != leaf.block_hash:
        raise VerificationError(f"the leaf names another block {block.number} than the chain's")
    one = queries.authorisation_at(leaf.authorisation, block.number)
    if one is None:
        raise AuthorisationUnknown(f"no authorisation {leaf.authorisation} at block {block.number}")
    verify_permission(leaf, _standing(queries, leaf, block), one.provider)


def check_stability(queries: Queries, leaf: Leaf, last: BlockRef) -> None:
    """Check that nothing the call was judged by changed up to the block that anchors it.

    What changed and changed back counts, too: every block that decided on it is looked at.

    Raises:
        VerificationError: it did: whether the call came before cannot be proven.
    """
    first = queries.get_block(leaf.block_number)
    standing = _standing(queries, leaf, first)
    for block in [*_deciding_blocks(queries, leaf, first, last), last]:
        if _standing(queries, leaf, block) != standing:
            raise VerificationError(
                f"changed between block {first.number} and block {last.number}: undetermined",
                text="期间发生变化，结论为「不能确定」",
            )


def _deciding_blocks(
    queries: Queries, leaf: Leaf, first: BlockRef, last: BlockRef
) -> list[BlockRef]:
    """Return the blocks after `first` and before `last` that decide on the authorisation."""
    decided = queries.decisions_of(*authorisation_ref(leaf.authorisation))
    return [fact.block for fact in decided if first.number < fact.block.number < last.number]


def _standing(queries: Queries, leaf: Leaf, block: BlockRef) -> Standing:
    key = queries.find_key(parse_base(leaf.base).key_id)
    if key is not None and key.revoked_at is not None and not _was_revoked(queries, key, block):
        key = replace(key, revoked_at=None)
    one = queries.authorisation_at(leaf.authorisation, block.number)
    if one is None:
        return stand(key, None, None, None, None)
    return stand(
        key,
        one,
        queries.get_entry(one.entry, one.version),
        queries.find_department(one.provider),
        queries.find_department(one.consumer),
    )


def _was_revoked(queries: Queries, key: KeyFact, block: BlockRef) -> bool:
    """Say whether a key was revoked up to a block: blocks of one second are told apart."""
    return key.revoked_at is not None and any(
        fact.name == "RevokeKey" and fact.block.number <= block.number
        for fact in queries.decisions_of(ObjectKind.KEY, key.key)
    )
