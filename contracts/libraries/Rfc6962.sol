// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs of Merkle trees over SHA-256 (RFC 6962 section 2.1; the verifiers of RFC 9162 section 2.1).
/// @notice Leaves come in hashed (SHA-256 of 0x00 and the leaf's bytes); nodes are SHA-256 of 0x01, left, right.
library Rfc6962 {
    /// SHA-256 of nothing: the root of the tree without leaves.
    bytes32 internal constant EMPTY_ROOT = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855;

    /// @notice Whether `proof` leads from leaf `index` to the root of a tree of `size` leaves (RFC 9162, 2.1.3.2).
    /// @param index Position of the leaf, from 0.
    /// @param size Number of leaves.
    /// @param leafHash Hash of the leaf.
    /// @param proof Siblings, from the bottom.
    /// @param root Root of the tree.
    /// @return Whether it does, with no hash missing and none left over.
    function verifyInclusion(uint256 index, uint256 size, bytes32 leafHash, bytes32[] calldata proof, bytes32 root)
        internal
        view
        returns (bool)
    {
        if (index >= size) return false;
        uint256 last = size - 1;
        bytes32 hash = leafHash;
        for (uint256 i = 0; i < proof.length; ++i) {
            if (last == 0) return false;
            if (index & 1 == 1 || index == last) {
                hash = _node(proof[i], hash);
                while (index & 1 == 0 && index != 0) {
                    index >>= 1;
                    last >>= 1;
                }
            } else {
                hash = _node(hash, proof[i]);
            }
            index >>= 1;
            last >>= 1;
        }
        return last == 0 && hash == root;
    }

    /// @notice Whether the tree of `size` leaves is the older tree with leaves added (RFC 9162, 2.1.4.2).
    /// @param oldSize Leaves of the older tree.
    /// @param oldRoot Root of the older tree.
    /// @param size Leaves of the newer tree.
    /// @param root Root of the newer tree.
    /// @param proof As of RFC 6962, 2.1.2; empty where the sizes are equal or the older tree has no leaf.
    /// @return Whether it is, with no hash missing and none left over.
    function verifyConsistency(
        uint256 oldSize,
        bytes32 oldRoot,
        uint256 size,
        bytes32 root,
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (oldSize > size) return false;
        if (oldSize == size) return proof.length == 0 && oldRoot == root;
        if (oldSize == 0) return proof.length == 0 && oldRoot == EMPTY_ROOT;
        if (proof.length == 0) return false;

        // Both sizes are at least 1 here, and `i` stays below the proof's length.
        unchecked {
            uint256 old = oldSize - 1;
            uint256 last = size - 1;
            while (old & 1 == 1) {
                old >>= 1;
                last >>= 1;
            }
            // A whole older tree is a node of the newer one: the walk begins at its root, which is not in the proof.
            uint256 i = oldSize & (oldSize - 1) == 0 ? 0 : 1;
            bytes32 oldHash = i == 0 ? oldRoot : proof[0];
            bytes32 hash = oldHash;
            for (; i < proof.length; ++i) {
                if (last == 0) return false;
                bytes32 sibling = _at(proof, i);
                if (old & 1 == 1 || old == last) {
                    (oldHash, hash) = _nodes(sibling, oldHash, hash);
                    while (old & 1 == 0 && old != 0) {
                        old >>= 1;
                        last >>= 1;
                    }
                } else {
                    hash = _node(hash, sibling);
                }
                old >>= 1;
                last >>= 1;
            }
            return last == 0 && oldHash == oldRoot && hash == root;
        }
    }

    /// @notice Hash of an inner node.
    /// @param left Hash of the left child.
    /// @param right Hash of the right child.
    /// @return hash SHA-256 of 0x01, `left`, `right`.
    function _node(bytes32 left, bytes32 right) private view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let text := mload(0x40)
            mstore8(text, 1)
            mstore(add(text, 1), left)
            mstore(add(text, 33), right)
            // The precompile fails only when gas runs out, and then so do we.
            if iszero(staticcall(gas(), 2, text, 65, 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    /// @notice Hashes of two inner nodes with the same left child.
    /// @param left Hash of the left child.
    /// @param a Hash of the right child of the first.
    /// @param b Hash of the right child of the second.
    /// @return first SHA-256 of 0x01, `left`, `a`.
    /// @return second SHA-256 of 0x01, `left`, `b`.
    function _nodes(bytes32 left, bytes32 a, bytes32 b) private view returns (bytes32 first, bytes32 second) {
        assembly ("memory-safe") {
            let text := mload(0x40)
            mstore8(text, 1)
            mstore(add(text, 1), left)
            mstore(add(text, 33), a)
            if iszero(staticcall(gas(), 2, text, 65, 0, 32)) { revert(0, 0) }
            first := mload(0)
            mstore(add(text, 33), b)
            if iszero(staticcall(gas(), 2, text, 65, 0, 32)) { revert(0, 0) }
            second := mload(0)
        }
    }

    /// @notice A hash of a proof.
    /// @param proof The proof.
    /// @param i Less than its length; the caller vouches that it is.
    /// @return hash At that place.
    function _at(bytes32[] calldata proof, uint256 i) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := calldataload(add(proof.offset, shl(5, i)))
        }
    }
}
