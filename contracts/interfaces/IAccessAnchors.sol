// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RegisterLog, Signature} from "../types/Decisions.sol";
import {DepartmentId, KeyId, LogId} from "../types/Ids.sol";

interface IAccessAnchors {
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
    event Anchored(
        LogId indexed log, uint64 indexed size, bytes32 root, bytes32 indexed checkpointHash, uint64 oldSize, uint64 seq
    );

    function registerLog(RegisterLog calldata decision, Signature calldata signature) external;

    function anchor(
        LogId log,
        uint64 oldSize,
        uint64 newSize,
        bytes32 root,
        bytes32 checkpointHash,
        bytes32[] calldata proof
    ) external;

    function head(LogId log) external view returns (address relay, uint64 size, bytes32 root);

    function verifyInclusion(LogId log, uint64 index, bytes32 leafHash, bytes32[] calldata proof)
        external
        view
        returns (bool);

    function verifyConsistency(LogId log, uint64 newSize, bytes32 newRoot, bytes32[] calldata proof)
        external
        view
        returns (bool);
}
