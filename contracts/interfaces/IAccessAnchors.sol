// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RegisterLog, Signature, SplitRoot, SupersedeLog} from "../types/Decisions.sol";
import {DepartmentId, KeyId, LogId} from "../types/Ids.sol";
import {ISignedDecision} from "./ISignedDecision.sol";

/// @title Anchors of the departments' transparency logs (RFC 6962 trees over SHA-256).
/// @notice A log only grows: every new root comes with a proof that it contains the last one. A department has one log at
/// a time; one that is broken or was split is superseded by the next generation, and keeps what it has anchored.
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

    /// @notice Emitted when a department opens its next log; the one before it is anchored no more.
    /// @param department Whose log it is.
    /// @param relay The only account that may anchor the new log.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param old keccak256 of the old log's origin.
    /// @param log keccak256 of the new log's origin.
    /// @param generation Of the new log, from 2.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event LogSuperseded(
        DepartmentId indexed department,
        address relay,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        LogId old,
        LogId indexed log,
        uint32 generation,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when two roots that a department has signed for one size of its log are shown; it is anchored no more.
    /// @param log That was split.
    /// @param size Number of leaves of both trees.
    /// @param firstRoot Of one tree.
    /// @param firstKey That signed it.
    /// @param firstR First half of the SM2 signature of the first.
    /// @param firstS Second half of the SM2 signature of the first.
    /// @param secondRoot Of the other tree.
    /// @param secondKey That signed it.
    /// @param secondR First half of the SM2 signature of the second.
    /// @param secondS Second half of the SM2 signature of the second.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    event LogFrozen(
        LogId indexed log,
        uint64 size,
        bytes32 firstRoot,
        KeyId indexed firstKey,
        uint256 firstR,
        uint256 firstS,
        bytes32 secondRoot,
        KeyId indexed secondKey,
        uint256 secondR,
        uint256 secondS,
        uint64 seq
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

    /// @notice Thrown when a log that is superseded is anchored.
    /// @param log Named.
    error LogIsSuperseded(LogId log);

    /// @notice Thrown when a log that is frozen is anchored, or is to be frozen again.
    /// @param log Named.
    error LogIsFrozen(LogId log);

    /// @notice Thrown when a log is none of a department's.
    /// @param log Named.
    /// @param department Named.
    error LogNotOfDepartment(LogId log, DepartmentId department);

    /// @notice Thrown when the two roots that are shown are one.
    /// @param log Named.
    /// @param size Named.
    error SplitNotShown(LogId log, uint64 size);

    /// @notice Thrown when a key is not one with which the department signs checkpoints, or has not signed this one.
    /// @param log Named.
    /// @param size Of the checkpoint.
    /// @param root Of the checkpoint.
    /// @param key Said to have signed.
    error CheckpointRefused(LogId log, uint64 size, bytes32 root, KeyId key);

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

    /// @notice Open a department's next log, which begins empty; signed by a head of the department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function supersedeLog(SupersedeLog calldata decision, Signature calldata signature) external;

    /// @notice Freeze a log by showing two roots that the department has signed for one size. Anybody may: it is proof.
    /// @param department Whose log it is.
    /// @param log Of any generation.
    /// @param size Of both checkpoints.
    /// @param first One root, with the department's key and signature over the checkpoint's note text.
    /// @param second The other.
    function freeze(
        DepartmentId department,
        LogId log,
        uint64 size,
        SplitRoot calldata first,
        SplitRoot calldata second
    ) external;

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

    /// @notice Whether a log is anchored any more.
    /// @param log Any id.
    /// @return generation Of the department's logs, from 1; 0: no such log.
    /// @return frozen Whether two roots of one size were shown.
    /// @return superseded Whether the department has opened the next.
    function stateOf(LogId log) external view returns (uint32 generation, bool frozen, bool superseded);

    /// @notice Which of its logs a department's present one is, registered or not.
    /// @param department Whose log it is.
    /// @return From 1.
    function generationOf(DepartmentId department) external view returns (uint32);

    /// @notice Id of a department's present log, registered or not.
    /// @param department Whose log it is.
    /// @return keccak256 of its origin.
    function logOf(DepartmentId department) external view returns (LogId);

    /// @notice Origin of a department's present log, registered or not: the first line of its checkpoints.
    /// @param department Whose log it is.
    /// @return shareledger:<chain id>:<registry address>:<department code>, from the second on with :<generation> behind.
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
