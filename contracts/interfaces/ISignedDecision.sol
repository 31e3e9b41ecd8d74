// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepartmentId, KeyId} from "../types/Ids.sol";

/// @title What every contract that takes decisions has in common: how one is refused, and what has been used up.
/// @notice These errors come from every contract that takes decisions, and are declared here once.
interface ISignedDecision {
    /// @notice Thrown when a decision comes after its last moment.
    /// @param notAfter Last second at which it may take effect.
    /// @param time Of the block.
    error DecisionExpired(uint64 notAfter, uint256 time);

    /// @notice Thrown when a decision would stay usable for longer than 7 days.
    /// @param notAfter Last second at which it may take effect.
    /// @param latest The latest that may be.
    error DecisionTooLongLived(uint64 notAfter, uint256 latest);

    /// @notice Thrown when a key has used a nonce in this contract before.
    /// @param key That signed.
    /// @param nonce Used before.
    error NonceSpent(KeyId key, uint64 nonce);

    /// @notice Thrown when a key is not registered.
    /// @param key Named.
    error KeyUnknown(KeyId key);

    /// @notice Thrown when a key that is not an officer's signs a decision, or is to be given roles.
    /// @param key Named.
    /// @param kind Of KeyKinds.
    error KeyNotOfficer(KeyId key, uint8 kind);

    /// @notice Thrown when a key has been revoked.
    /// @param key Named.
    /// @param revokedAt Time of the block that revoked it.
    error KeyAlreadyRevoked(KeyId key, uint64 revokedAt);

    /// @notice Thrown when a key is not valid yet, or no more.
    /// @param key Named.
    /// @param validFrom First second of its validity.
    /// @param validUntil Second after its validity.
    /// @param time Of the block.
    error KeyNotValid(KeyId key, uint64 validFrom, uint64 validUntil, uint256 time);

    /// @notice Thrown when no department that may decide has granted the key a role that may.
    /// @param department The first that may decide.
    /// @param key That signed.
    /// @param required Bits of Roles, any of which would do.
    /// @param held Bits of Roles the key holds there now.
    error RoleMissing(DepartmentId department, KeyId key, uint32 required, uint32 held);

    /// @notice Thrown when a department that is suspended, closed or unknown decides, or is to provide data.
    /// @param department Named.
    /// @param status Of DepartmentStatuses; 0: not enrolled.
    error DepartmentNotActive(DepartmentId department, uint8 status);

    /// @notice Thrown when the SM2 signature of a decision does not hold.
    /// @param key That is said to have signed.
    /// @param decision EIP-712 hash it should have signed.
    /// @param r First half of the signature.
    /// @param s Second half of the signature.
    error SignatureRefused(KeyId key, bytes32 decision, uint256 r, uint256 s);

    /// @notice Thrown when a decision answers another document than the latest.
    /// @param expected Digest of the latest document; zero where the step is protective.
    /// @param actual Digest named.
    error SubjectMismatch(bytes32 expected, bytes32 actual);

    /// @notice Thrown when a decision that others will answer names no document.
    /// @param key That signed.
    /// @param nonce Of the decision.
    error DigestMissing(KeyId key, uint64 nonce);

    /// @notice Thrown when a period ends before it begins, has ended already, or ends later than the contract can keep.
    /// @param validFrom First second.
    /// @param validUntil Second after the last.
    error PeriodInvalid(uint64 validFrom, uint64 validUntil);

    /// @notice Number of the last event; the next carries the one after, without gaps.
    /// @return From 1; 0 before the first event.
    function sequence() external view returns (uint64);

    /// @notice Whether a key has used a nonce in this contract.
    /// @param key Any key.
    /// @param nonce Any nonce.
    /// @return Whether a decision with it has taken effect.
    function isSpent(KeyId key, uint64 nonce) external view returns (bool);
}
