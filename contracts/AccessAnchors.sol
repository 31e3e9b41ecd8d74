// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {SignedDecision} from "./SignedDecision.sol";
import {IAccessAnchors} from "./interfaces/IAccessAnchors.sol";
import {IDepartmentRegistry} from "./interfaces/IDepartmentRegistry.sol";
import {DecisionHashes} from "./libraries/DecisionHashes.sol";
import {Hex} from "./libraries/Hex.sol";
import {Rfc6962} from "./libraries/Rfc6962.sol";
import {RegisterLog, Signature} from "./types/Decisions.sol";
import {Roles} from "./types/Enumerations.sol";
import {DepartmentId, LogId} from "./types/Ids.sol";
import {Head} from "./types/Records.sol";

/// @title Anchors: what each log has committed itself to, once and for all.
/// @notice A head is only ever replaced by one whose tree provably holds the same leaves first.
contract AccessAnchors is IAccessAnchors, SignedDecision {
    mapping(LogId log => Head) private _heads;

    /// @notice Fix for good whom this contract asks; SM2 is computed by the registry's own verifier.
    /// @param registry Who may decide.
    constructor(IDepartmentRegistry registry) SignedDecision(registry, registry.verifier()) {}

    /// @inheritdoc IAccessAnchors
    function registerLog(RegisterLog calldata decision, Signature calldata signature) external {
        if (decision.relay == address(0)) revert RelayMissing(decision.department);
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            decision.department,
            Roles.DEPARTMENT_HEAD
        );
        LogId log = logOf(decision.department);
        if (_heads[log].relay != address(0)) revert LogAlreadyRegistered(decision.department, log);
        _heads[log] = Head({relay: decision.relay, size: 0, root: Rfc6962.EMPTY_ROOT});
        emit LogRegistered(
            decision.department,
            decision.relay,
            decision.nonce,
            decision.notAfter,
            log,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IAccessAnchors
    function anchor(
        LogId log,
        uint64 oldSize,
        uint64 newSize,
        bytes32 root,
        bytes32 checkpointHash,
        bytes32[] calldata proof
    ) external {
        Head storage last = _heads[log];
        (address relay, uint64 size) = (last.relay, last.size);
        if (relay == address(0)) revert LogUnknown(log);
        if (msg.sender != relay) revert RelayMismatch(log, relay, msg.sender);
        bytes32 oldRoot = last.root;
        // The anchorer sends again what it cannot know to have arrived.
        if (newSize == size && root == oldRoot) return;
        if (newSize <= size) revert LogNotGrowing(log, size, newSize);
        if (oldSize != size) revert HeadMoved(log, size, oldSize);
        if (!Rfc6962.verifyConsistency(size, oldRoot, newSize, root, proof)) {
            revert ConsistencyRefused(log, size, newSize, root);
        }
        last.size = newSize;
        last.root = root;
        emit Anchored(log, newSize, root, checkpointHash, size, _nextSequence());
    }

    /// @inheritdoc IAccessAnchors
    function head(LogId log) external view returns (address relay, uint64 size, bytes32 root) {
        Head storage last = _heads[log];
        return (last.relay, last.size, last.root);
    }

    /// @inheritdoc IAccessAnchors
    function verifyInclusion(LogId log, uint64 index, bytes32 leafHash, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        Head storage last = _heads[log];
        return Rfc6962.verifyInclusion(index, last.size, leafHash, proof, last.root);
    }

    /// @inheritdoc IAccessAnchors
    function verifyConsistency(LogId log, uint64 newSize, bytes32 newRoot, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        Head storage last = _heads[log];
        return last.relay != address(0)
            && Rfc6962.verifyConsistency(last.size, last.root, newSize, newRoot, proof);
    }

    /// @inheritdoc IAccessAnchors
    function logOf(DepartmentId department) public view returns (LogId) {
        return LogId.wrap(keccak256(bytes(originOf(department))));
    }

    /// @inheritdoc IAccessAnchors
    function originOf(DepartmentId department) public view returns (string memory) {
        bytes18 code = bytes18(DepartmentId.unwrap(department));
        return string(
            bytes.concat(
                "shareledger:", bytes(Strings.toString(block.chainid)), ":", Hex.encode(address(_REGISTRY)), ":", code
            )
        );
    }
}
