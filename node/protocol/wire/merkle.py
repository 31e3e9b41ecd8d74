"""Merkle tree hashing and proofs over SHA-256 (RFC 6962 section 2.1, RFC 9162 section 2.1.3-4).

Pure functions. A proof's length is checked against the sizes before anything is hashed, and no
verifier raises anything but the two errors of its name.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ...errors import ConsistencyInvalid, InclusionInvalid, VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962 section 2.1)."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf's bytes."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


def pair_hash(pair: bytes) -> bytes:
    """Return the hash of an inner node by its two hashes in one."""
    return sha256(b"\1" + pair).digest()


def inclusion_length(index: int, size: int) -> int:
    """Return how many hashes the proof of leaf `index` in a tree of `size` has."""
    inner = (index ^ (size - 1)).bit_length()
    return inner + (index >> inner).bit_count()


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that the leaf hash and its proof lead to (RFC 9162 section 2.1.3.2).

    Raises:
        InclusionInvalid: the index is outside the tree or the proof has another length.
    """
    if not 0 <= index < size:
        raise InclusionInvalid(f"leaf {index} is not in a tree of {size}")
    if len(proof) != inclusion_length(index, size):
        raise InclusionInvalid(
            f"the proof of leaf {index} in {size} has {inclusion_length(index, size)} hashes, "
            f"not {len(proof)}"
        )
    _check_hashes((leaf, *proof), InclusionInvalid)
    position, last, current = index, size - 1, leaf
    for sibling in proof:
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    return current


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf with hash `leaf` is entry `index` of the tree of `size` under `root`.

    Raises:
        InclusionInvalid: the proof does not lead to the root.
    """
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise InclusionInvalid(f"the proof of leaf {index} does not lead to the root of {size}")


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `size` begins with the tree of `old_size` (RFC 9162 2.1.4.2).

    Raises:
        ConsistencyInvalid: the proof does not connect the two roots.
    """
    if not 0 <= old_size <= size:
        raise ConsistencyInvalid(f"a tree of {size} does not continue one of {old_size}")
    if old_size in (0, size):
        expected = EMPTY_ROOT if old_size == 0 else root
        if proof or old_root != expected:
            raise ConsistencyInvalid(f"{old_size} to {size} needs no proof and equal roots")
        return
    _check_hashes((old_root, *proof), ConsistencyInvalid)
    if (old_size & (old_size - 1)) == 0:
        # A perfect old tree is itself the first node, and left out of the proof.
        proof = (old_root, *proof)
    _follow(old_size, old_root, size, root, proof)


def _follow(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    if not proof:
        raise ConsistencyInvalid("the consistency proof is empty")
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = proof[0]
    for node in proof[1:]:
        if not last:
            raise ConsistencyInvalid("the consistency proof is too long")
        if position & 1 or position == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, node)
        position, last = position >> 1, last >> 1
    if last or old != old_root or new != root:
        raise ConsistencyInvalid(f"the tree of {size} does not continue that of {old_size}")


def _check_hashes(hashes: Sequence[bytes], error: type[VerificationError]) -> None:
    if any(len(item) != HASH_SIZE for item in hashes):
        raise error("a hash does not have 32 bytes")
