// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RegisterLog, Signature} from "../types/Decisions.sol";
import {DepartmentId, KeyId, LogId} from "../types/Ids.sol";
import {ISignedDecision} from "./ISignedDecision.sol";

/// @title Anchors of the departments' transparency logs (RFC 6962 trees over SHA-256).
/// @notice A log only grows: every new root comes with a proof that it contains the last one.
interface IAccessAnchors is ISignedDecision {
    /// @notice Emitted when a department opens its log.
    /// @param department Whose log it is.
    /// @param relay The only account that may anchor it.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param log keccak256 of the origin.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event LogRegistered(
        DepartmentId indexed department,
        address relay,
        uint64 nonce,
        uint64 notAfter,
        LogId indexed log,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when a log's next size and root are anchored.
    /// @param log That grew.
    /// @param size Number of leaves.
    /// @param root Of the tree.
    /// @param checkpointHash SHA-256 of the checkpoint's note text.
    /// @param oldSize Number of leaves anchored before.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    event Anchored(
        LogId indexed log,
        uint64 indexed size,
        bytes32 root,
        bytes32 indexed checkpointHash,
        uint64 oldSize,
        uint64 seq
    );

    /// @notice Thrown when a log is not registered.
    /// @param log Named.
    error LogUnknown(LogId log);

    /// @notice Thrown when a department that has a log opens another.
    /// @param department That decided.
    /// @param log Its log.
    error LogAlreadyRegistered(DepartmentId department, LogId log);

    /// @notice Thrown when a log is to be anchored by nobody.
    /// @param department That decided.
    error RelayMissing(DepartmentId department);

    /// @notice Thrown when another account than the log's relay anchors.
    /// @param log Named.
    /// @param expected The log's relay.
    /// @param actual That sent.
    error RelayMismatch(LogId log, address expected, address actual);

    /// @notice Thrown when an anchor builds on another size than the one anchored last.
    /// @param log Named.
    /// @param size Anchored last.
    /// @param oldSize Built on.
    error HeadMoved(LogId log, uint64 size, uint64 oldSize);

    /// @notice Thrown when a log would shrink, or change at the size it has.
    /// @param log Named.
    /// @param size Anchored last.
    /// @param newSize To be anchored.
    error LogNotGrowing(LogId log, uint64 size, uint64 newSize);

    /// @notice Thrown when a proof does not show that the new tree contains the old one.
    /// @param log Named.
    /// @param oldSize Anchored last.
    /// @param newSize To be anchored.
    /// @param root To be anchored.
    error ConsistencyRefused(LogId log, uint64 oldSize, uint64 newSize, bytes32 root);

    /// @notice Open a department's log; signed by a head of the department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function registerLog(RegisterLog calldata decision, Signature calldata signature) external;

    /// @notice Anchor a log's new size and root; the same again succeeds and changes nothing.
    /// @param log That grew.
    /// @param oldSize Number of leaves anchored last.
    /// @param newSize Number of leaves now.
    /// @param root Of the tree now.
    /// @param checkpointHash SHA-256 of the checkpoint's note text.
    /// @param proof Consistency proof from the old size to the new; empty where the old size is 0.
    function anchor(
        LogId log,
        uint64 oldSize,
        uint64 newSize,
        bytes32 root,
        bytes32 checkpointHash,
        bytes32[] calldata proof
    ) external;

    /// @notice What a log has anchored last.
    /// @param log Any id.
    /// @return relay The only account that may anchor it; zero: no such log.
    /// @return size Number of leaves.
    /// @return root Of the tree; of the empty tree where the size is 0.
    function head(LogId log) external view returns (address relay, uint64 size, bytes32 root);

    /// @notice Id of a department's log, registered or not.
    /// @param department Whose log it is.
    /// @return keccak256 of its origin.
    function logOf(DepartmentId department) external view returns (LogId);

    /// @notice Origin of a department's log, registered or not: the first line of its checkpoints.
    /// @param department Whose log it is.
    /// @return shareledger:<chain id>:<registry address>:<department code>.
    function originOf(DepartmentId department) external view returns (string memory);

    /// @notice Whether a leaf is in the tree anchored last.
    /// @param log Any id.
    /// @param index Position of the leaf, from 0.
    /// @param leafHash SHA-256 of 0x00 and the leaf.
    /// @param proof Siblings, from the bottom.
    /// @return Whether the proof leads to the anchored root.
    function verifyInclusion(LogId log, uint64 index, bytes32 leafHash, bytes32[] calldata proof)
        external
        view
        returns (bool);

    /// @notice Whether a tree contains the one anchored last.
    /// @param log Any id.
    /// @param newSize Number of its leaves.
    /// @param newRoot Of it.
    /// @param proof Consistency proof from the anchored size to it.
    /// @return Whether the proof connects them.
    function verifyConsistency(LogId log, uint64 newSize, bytes32 newRoot, bytes32[] calldata proof)
        external
        view
        returns (bool);
}
