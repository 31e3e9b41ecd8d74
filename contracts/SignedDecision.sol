// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IDepartmentRegistry} from "./interfaces/IDepartmentRegistry.sol";
import {ISignedDecision} from "./interfaces/ISignedDecision.sol";
import {ISm2Verifier} from "./interfaces/ISm2Verifier.sol";
import {Hex} from "./libraries/Hex.sol";
import {Signature} from "./types/Decisions.sol";
import {DepartmentStatuses, KeyKinds} from "./types/Enumerations.sol";
import {DepartmentId, KeyId} from "./types/Ids.sol";
import {Key} from "./types/Records.sol";

/// A department that may decide, through a key that holds any of these roles in it.
struct Mandate {
    DepartmentId department;
    uint32 roles; // bits of Roles; 0: it may not
    bool evenInactive; // also while the department is suspended or closed
}

/// @title The one way an official's decision becomes effective.
/// @notice In this order: it is meant for now, for this contract on this chain, and not used before; its key is an
/// officer's, live, and holds a role in a department that may decide and is active; the SM2 signature holds. Every
/// contract asks this before it looks at what the decision is to change: so a decision that comes a second time always
/// meets `NonceSpent`. The account that sends the transaction has no part in it.
abstract contract SignedDecision is ISignedDecision, EIP712 {
    /// Longest time a signature stays usable, in seconds.
    uint256 internal constant _LONGEST_LIFE = 7 days;

    IDepartmentRegistry internal immutable _REGISTRY;
    ISm2Verifier internal immutable _VERIFIER;

    /// One bit a nonce, 256 nonces a word. A bit once set is never cleared: that is what makes a signature work once.
    mapping(KeyId key => mapping(uint64 word => uint256 bits)) private _spent;
    /// Number of the last event.
    uint64 private _sequence;

    /// @notice Fix for good whom this contract asks about keys and roles, and who computes SM2 for it.
    /// @param registry Who holds which key and which role; may be this contract itself.
    /// @param sm2Verifier Who computes SM2.
    constructor(IDepartmentRegistry registry, ISm2Verifier sm2Verifier) EIP712("ShareLedger", "1") {
        _REGISTRY = registry;
        _VERIFIER = sm2Verifier;
    }

    /// @inheritdoc ISignedDecision
    function sequence() external view returns (uint64) {
        return _sequence;
    }

    /// @inheritdoc ISignedDecision
    function isSpent(KeyId key, uint64 nonce) external view returns (bool) {
        return _spent[key][nonce >> 8] >> (nonce & 0xff) & 1 == 1;
    }

    /// @notice Accept a decision that one department may take, or revert.
    /// @param structHash EIP-712 hashStruct of the decision.
    /// @param nonce Of the decision.
    /// @param notAfter Of the decision.
    /// @param signature Key and SM2 signature.
    /// @param department That may take it.
    /// @param roles Bits of Roles, any of which may sign for it.
    /// @return decision EIP-712 hash, as it was signed.
    /// @return person Handle of the officer who signed.
    function _accept(
        bytes32 structHash,
        uint64 nonce,
        uint64 notAfter,
        Signature calldata signature,
        DepartmentId department,
        uint32 roles
    ) internal returns (bytes32 decision, bytes32 person) {
        Mandate[] memory mandates = new Mandate[](1);
        mandates[0] = Mandate(department, roles, false);
        (decision,, person) = _accept(structHash, nonce, notAfter, signature, mandates);
    }

    /// @notice Accept a decision that any of several departments may take, or revert.
    /// @param structHash EIP-712 hashStruct of the decision.
    /// @param nonce Of the decision.
    /// @param notAfter Of the decision.
    /// @param signature Key and SM2 signature.
    /// @param mandates Who may take it, in order of precedence.
    /// @return decision EIP-712 hash, as it was signed.
    /// @return mandate Index of the first that covers the key.
    /// @return person Handle of the officer who signed.
    function _accept(
        bytes32 structHash,
        uint64 nonce,
        uint64 notAfter,
        Signature calldata signature,
        Mandate[] memory mandates
    ) internal returns (bytes32 decision, uint256 mandate, bytes32 person) {
        decision = _spend(structHash, nonce, notAfter, signature.key);
        Key memory key = _liveOfficer(signature.key);
        mandate = _mandateOf(signature.key, mandates);
        _requireSignature(decision, signature, key);
        person = key.person;
    }

    /// @notice Accept a decision of a key that is pinned rather than registered, or revert.
    /// @param structHash EIP-712 hashStruct of the decision.
    /// @param nonce Of the decision.
    /// @param notAfter Of the decision.
    /// @param signature Key and SM2 signature; the caller has checked that the key is the pinned one.
    /// @param pinned The key's coordinates and identity hash.
    /// @return decision EIP-712 hash, as it was signed.
    function _acceptPinned(
        bytes32 structHash,
        uint64 nonce,
        uint64 notAfter,
        Signature calldata signature,
        Key memory pinned
    ) internal returns (bytes32 decision) {
        decision = _spend(structHash, nonce, notAfter, signature.key);
        _requireSignature(decision, signature, pinned);
    }

    /// @notice Number the next event.
    /// @return One more than the last.
    function _nextSequence() internal returns (uint64) {
        // A billion events a second would not use 64 bits up in 500 years.
        unchecked {
            return ++_sequence;
        }
    }

    /// @notice Look up a key that may be trusted with a role now, or revert.
    /// @param id Of the key.
    /// @return key As registered.
    function _liveOfficer(KeyId id) internal view returns (Key memory key) {
        key = _REGISTRY.keyOf(id);
        if (key.kind != KeyKinds.OFFICER) revert KeyNotOfficer(id, key.kind);
        if (key.revokedAt != 0) revert KeyAlreadyRevoked(id, key.revokedAt);
        if (block.timestamp < key.validFrom || block.timestamp >= key.validUntil) {
            revert KeyNotValid(id, key.validFrom, key.validUntil, block.timestamp);
        }
    }

    /// @notice Check that a department takes part, or revert.
    /// @param department Any id.
    function _requireActive(DepartmentId department) internal view {
        uint8 status = _REGISTRY.statusOf(department);
        if (status != DepartmentStatuses.ACTIVE) revert DepartmentNotActive(department, status);
    }

    /// @notice Whether (r, s) is the key's SM2 signature over the text of a decision.
    /// @param decision EIP-712 hash.
    /// @param r First half of the signature.
    /// @param s Second half of the signature.
    /// @param key Coordinates and identity hash.
    /// @return Whether it is.
    function _isSigned(bytes32 decision, uint256 r, uint256 s, Key memory key) internal view returns (bool) {
        // A text and not the hash itself, because certified key tokens sign strings.
        bytes memory text = bytes.concat("ShareLedger-decision:", Hex.encode(decision));
        return _VERIFIER.verify(key.za, text, r, s, key.qx, key.qy);
    }

    /// @notice Check that a decision is meant for now and was not used before, and mark its nonce.
    /// @param structHash EIP-712 hashStruct of the decision.
    /// @param nonce Of the decision.
    /// @param notAfter Of the decision.
    /// @param key That is said to have signed; whether it has is checked afterwards, and a failure undoes the mark.
    /// @return decision EIP-712 hash: bound to this contract and this chain.
    function _spend(bytes32 structHash, uint64 nonce, uint64 notAfter, KeyId key) private returns (bytes32 decision) {
        if (block.timestamp > notAfter) revert DecisionExpired(notAfter, block.timestamp);
        uint256 latest = block.timestamp + _LONGEST_LIFE;
        if (notAfter > latest) revert DecisionTooLongLived(notAfter, latest);
        uint256 bit = 1 << (nonce & 0xff);
        uint256 word = _spent[key][nonce >> 8];
        if (word & bit != 0) revert NonceSpent(key, nonce);
        _spent[key][nonce >> 8] = word | bit;
        decision = _hashTypedDataV4(structHash);
    }

    /// @notice Find the first department that may decide and whose role the key holds now, or revert.
    /// @param key That signed.
    /// @param mandates Who may.
    /// @return Index among them.
    function _mandateOf(KeyId key, Mandate[] memory mandates) private view returns (uint256) {
        for (uint256 i = 0; i < mandates.length; ++i) {
            Mandate memory mandate = mandates[i];
            if (mandate.roles == 0 || _REGISTRY.rolesOf(mandate.department, key) & mandate.roles == 0) continue;
            // Not passed over for a later one: who signs for a suspended department is told so.
            if (!mandate.evenInactive) _requireActive(mandate.department);
            return i;
        }
        // Say what is missing where it is asked for first; a list without any is a mistake of ours and names nobody.
        for (uint256 i = 0; i < mandates.length; ++i) {
            DepartmentId department = mandates[i].department;
            if (mandates[i].roles != 0) {
                revert RoleMissing(department, key, mandates[i].roles, _REGISTRY.rolesOf(department, key));
            }
        }
        revert RoleMissing(DepartmentId.wrap(0), key, 0, 0);
    }

    /// @notice Check the signature of a decision, or revert.
    /// @param decision EIP-712 hash.
    /// @param signature To check.
    /// @param key Coordinates and identity hash.
    function _requireSignature(bytes32 decision, Signature calldata signature, Key memory key) private view {
        if (!_isSigned(decision, signature.r, signature.s, key)) {
            revert SignatureRefused(signature.key, decision, signature.r, signature.s);
        }
    }
}
