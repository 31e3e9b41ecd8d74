// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {SignedDecision} from "./SignedDecision.sol";
import {IAccessAnchors} from "./interfaces/IAccessAnchors.sol";
import {IDepartmentRegistry} from "./interfaces/IDepartmentRegistry.sol";
import {DecisionHashes} from "./libraries/DecisionHashes.sol";
import {Hex} from "./libraries/Hex.sol";
import {Rfc6962} from "./libraries/Rfc6962.sol";
import {RegisterLog, Signature, SplitRoot, SupersedeLog} from "./types/Decisions.sol";
import {KeyKinds, Roles} from "./types/Enumerations.sol";
import {DepartmentId, LogId} from "./types/Ids.sol";
import {Head, Key} from "./types/Records.sol";

/// @title Anchors: what each log has committed itself to, once and for all.
/// @notice A head is only ever replaced by one whose tree provably holds the same leaves first.
contract AccessAnchors is IAccessAnchors, SignedDecision {
    mapping(LogId log => Head) private _heads;
    /// How often a department's log was superseded.
    mapping(DepartmentId department => uint16 times) private _supersessions;

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
        _open(log, decision.relay, 1);
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
    function supersedeLog(SupersedeLog calldata decision, Signature calldata signature) external {
        if (decision.relay == address(0)) revert RelayMissing(decision.department);
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            decision.department,
            Roles.DEPARTMENT_HEAD
        );
        if (decision.digest == 0) revert DigestMissing(signature.key, decision.nonce);
        LogId old = logOf(decision.department);
        if (_heads[old].relay == address(0)) revert LogUnknown(old);
        _heads[old].superseded = true;
        uint16 generation = ++_supersessions[decision.department] + 1;
        LogId log = logOf(decision.department);
        _open(log, decision.relay, generation);
        emit LogSuperseded(
            decision.department,
            decision.relay,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            old,
            log,
            generation,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IAccessAnchors
    function freeze(
        DepartmentId department,
        LogId log,
        uint64 size,
        SplitRoot calldata first,
        SplitRoot calldata second
    ) external {
        Head storage last = _heads[log];
        if (last.relay == address(0)) revert LogUnknown(log);
        string memory origin = _origin(department, last.generation);
        if (_logOf(origin) != log) revert LogNotOfDepartment(log, department);
        if (last.frozen) revert LogIsFrozen(log);
        // Two roots of one size: whatever else is true, the department has shown two histories.
        if (first.root == second.root) revert SplitNotShown(log, size);
        _requireCheckpoint(department, log, size, origin, first);
        _requireCheckpoint(department, log, size, origin, second);
        last.frozen = true;
        emit LogFrozen(
            log,
            size,
            first.root,
            first.key,
            first.r,
            first.s,
            second.root,
            second.key,
            second.r,
            second.s,
            _nextSequence()
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
        if (last.superseded) revert LogIsSuperseded(log);
        if (last.frozen) revert LogIsFrozen(log);
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
    function stateOf(LogId log) external view returns (uint32 generation, bool frozen, bool superseded) {
        Head storage last = _heads[log];
        return (last.generation, last.frozen, last.superseded);
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
    function originOf(DepartmentId department) external view returns (string memory) {
        return _origin(department, generationOf(department));
    }

    /// @inheritdoc IAccessAnchors
    function logOf(DepartmentId department) public view returns (LogId) {
        return _logOf(_origin(department, generationOf(department)));
    }

    /// @inheritdoc IAccessAnchors
    function generationOf(DepartmentId department) public view returns (uint32) {
        return uint32(_supersessions[department]) + 1;
    }

    /// @notice Begin a log, empty.
    /// @param log Its id.
    /// @param relay The only account that may anchor it.
    /// @param generation Of the department's logs.
    function _open(LogId log, address relay, uint16 generation) private {
        _heads[log] = Head({
            relay: relay,
            size: 0,
            generation: generation,
            frozen: false,
            superseded: false,
            root: Rfc6962.EMPTY_ROOT
        });
    }

    /// @notice Check that a key of the department has signed a checkpoint with this size and root, or revert.
    /// @param department Whose log it is.
    /// @param log Its id.
    /// @param size Of the checkpoint.
    /// @param origin Of the log.
    /// @param signed Root, key and signature.
    function _requireCheckpoint(
        DepartmentId department,
        LogId log,
        uint64 size,
        string memory origin,
        SplitRoot calldata signed
    ) private view {
        Key memory key = _REGISTRY.keyOf(signed.key);
        // The note text of docs/protocol.md 6.3. Whether the key was revoked since, or is out of its time, does not
        // matter: it is the department's word either way.
        bytes memory text = bytes.concat(
            bytes(origin),
            "\n",
            bytes(Strings.toString(size)),
            "\n",
            bytes(Base64.encode(bytes.concat(signed.root))),
            "\n"
        );
        if (
            key.kind != KeyKinds.DEPARTMENT || key.holder != DepartmentId.unwrap(department)
                || !_VERIFIER.verify(key.za, text, signed.r, signed.s, key.qx, key.qy)
        ) revert CheckpointRefused(log, size, signed.root, signed.key);
    }

    /// @notice Origin of a department's log.
    /// @param department Whose log it is.
    /// @param generation From 1; the first is not written.
    /// @return First line of its checkpoints.
    function _origin(DepartmentId department, uint32 generation) private view returns (string memory) {
        bytes18 code = bytes18(DepartmentId.unwrap(department));
        bytes memory later = generation == 1 ? bytes("") : bytes.concat(":", bytes(Strings.toString(generation)));
        return string(
            bytes.concat(
                "shareledger:",
                bytes(Strings.toString(block.chainid)),
                ":",
                Hex.encode(address(_REGISTRY)),
                ":",
                code,
                later
            )
        );
    }

    /// @notice Id of a log.
    /// @param origin Its origin.
    /// @return keccak256 of it.
    function _logOf(string memory origin) private pure returns (LogId) {
        return LogId.wrap(keccak256(bytes(origin)));
    }
}
