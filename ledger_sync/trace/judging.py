"""A logged call judged again from the read model, by the rules of the offline verifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.errors import AuthorisationUnknown, VerificationError
from node.protocol.ledger.enums import DepartmentStatus
from node.protocol.ledger.judge import Standing, stand, verify_permission
from node.protocol.wire.signedcall import parse_base

from ..objects import ObjectKind, authorisation_ref

if TYPE_CHECKING:
    from node.protocol.evm.blocks import BlockRef
    from node.protocol.ledger.facts import DepartmentFact
    from node.protocol.wire.leaf import Leaf

    from ..facts import DecisionFact
    from ..objects import ObjectRef
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
    """Return the blocks after `first` and before `last` that decide on what the call rests on."""
    about = [authorisation_ref(leaf.authorisation)]
    one = queries.find_authorisation(leaf.authorisation)
    if one is not None:
        about.append((ObjectKind.ENTRY, one.entry))
        about += [(ObjectKind.DEPARTMENT, party) for party in (one.provider, one.consumer)]
    blocks = {fact.block for each in about for fact in queries.decisions_of(*each)}
    between = [block for block in blocks if first.number < block.number < last.number]
    return sorted(between, key=lambda block: block.number)


def _standing(queries: Queries, leaf: Leaf, block: BlockRef) -> Standing:
    """Return how the call stood after a block, by what was decided up to there."""
    key = queries.find_key(parse_base(leaf.base).key_id)
    if key is not None and (key.revoked_block or 0) > block.number:
        key = key._replace(revoked_at=None)
    one = queries.authorisation_at(leaf.authorisation, block.number)
    if one is None:
        return stand(key, None, None, None, None)
    orders = _last(queries, (ObjectKind.ENTRY, one.entry), block, "FreezeEntry", "UnfreezeEntry")
    frozen = orders is not None and orders.name == "FreezeEntry"
    return stand(
        key,
        one,
        queries.get_entry(one.entry, one.version)._replace(frozen=frozen),
        _department(queries, one.provider, block),
        _department(queries, one.consumer, block),
    )


def _department(queries: Queries, department: bytes, block: BlockRef) -> DepartmentFact | None:
    fact = queries.find_department(department)
    last = _last(queries, (ObjectKind.DEPARTMENT, department), block, "SetDepartmentStatus")
    status = int(str(last.args["status"])) if last else int(DepartmentStatus.ACTIVE)
    return fact._replace(status=status) if fact else None


def _last(queries: Queries, about: ObjectRef, block: BlockRef, *names: str) -> DecisionFact | None:
    """Return the last decision of these names on an object, up to a block."""
    found = queries.decisions_of(*about)
    named = [one for one in found if one.name in names and one.block.number <= block.number]
    return named[-1] if named else None
