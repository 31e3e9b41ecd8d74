// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AddKey,
    EnrolDepartment,
    GrantRoles,
    ListContract,
    Possession,
    RegisterApplication,
    RevokeKey,
    Signature
} from "../types/Decisions.sol";
import {ApplicationId, DepartmentId, KeyId} from "../types/Ids.sol";
import {Department, Grant, Key} from "../types/Records.sol";
import {ISignedDecision} from "./ISignedDecision.sol";
import {ISm2Verifier} from "./ISm2Verifier.sol";

/// @title Departments, their keys, the roles they grant, their applications, and the contracts in force.
/// @notice The other contracts ask here who may decide. A key acts for a department because that department granted it a role,
/// never because of whose key it is.
interface IDepartmentRegistry is ISignedDecision {
    /// @notice Emitted when a department is enrolled; its first head key is registered and made department head.
    /// @param department Enrolled.
    /// @param parent Department above it.
    /// @param competent Competent department, which reviews and supervises it.
    /// @param kind Of DepartmentKinds.
    /// @param level Of Levels.
    /// @param screening Whether it screens, as a competent department, the applications to departments under it.
    /// @param headX Coordinate of the first head key.
    /// @param headY Coordinate of the first head key.
    /// @param digest SM3 of the department document.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param headKey Id of the first head key.
    /// @param possessionR First half of the new key's own signature over the same text.
    /// @param possessionS Second half of the new key's own signature over the same text.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event DepartmentEnrolled(
        DepartmentId indexed department,
        DepartmentId parent,
        DepartmentId indexed competent,
        uint8 kind,
        uint8 level,
        bool screening,
        uint256 headX,
        uint256 headY,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        KeyId headKey,
        uint256 possessionR,
        uint256 possessionS,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when a key is registered.
    /// @param holder Department, or for an application's key the application.
    /// @param kind Of KeyKinds.
    /// @param qx Coordinate of the public key.
    /// @param qy Coordinate of the public key.
    /// @param validFrom First second of validity.
    /// @param validUntil Second after the last of validity.
    /// @param digest SM3 of the key document.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param addedKey Id of the key.
    /// @param possessionR First half of the new key's own signature over the same text.
    /// @param possessionS Second half of the new key's own signature over the same text.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event KeyAdded(
        bytes32 indexed holder,
        uint8 kind,
        uint256 qx,
        uint256 qy,
        uint64 validFrom,
        uint64 validUntil,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        KeyId indexed addedKey,
        uint256 possessionR,
        uint256 possessionS,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when a key is revoked, from this block on and for good.
    /// @param key Revoked.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event KeyRevoked(
        KeyId indexed key,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when a department grants roles to a key; they replace those it granted to it before.
    /// @param department In which the key may act.
    /// @param key That may act; its holder may be another department.
    /// @param roles Bits of Roles; 0 takes all of them away.
    /// @param validFrom First second of validity.
    /// @param validUntil Second after the last of validity.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event RolesGranted(
        DepartmentId indexed department,
        KeyId indexed key,
        uint32 roles,
        uint64 validFrom,
        uint64 validUntil,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when a department registers an application.
    /// @param department Whose it is.
    /// @param codeHash keccak256 of the application's code.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param application Id of the application.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event ApplicationRegistered(
        DepartmentId indexed department,
        bytes32 codeHash,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        ApplicationId indexed application,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when a contract comes into force under a name.
    /// @param name ASCII, left-aligned, zero-padded.
    /// @param contractAddress In force from now on.
    /// @param codeHash keccak256 of its code.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event ContractListed(
        bytes32 indexed name,
        address indexed contractAddress,
        bytes32 codeHash,
        uint64 nonce,
        uint64 notAfter,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Thrown when a department is not enrolled.
    /// @param department Named.
    error DepartmentUnknown(DepartmentId department);

    /// @notice Thrown when a department is enrolled again.
    /// @param department Named.
    error DepartmentAlreadyEnrolled(DepartmentId department);

    /// @notice Thrown when a department's id is not 18 digits and capital letters, then zeros.
    /// @param department Named.
    error DepartmentCodeMalformed(DepartmentId department);

    /// @notice Thrown when a kind is none of DepartmentKinds.
    /// @param kind Named.
    error DepartmentKindInvalid(uint8 kind);

    /// @notice Thrown when a level is none of Levels.
    /// @param level Named.
    error LevelInvalid(uint8 level);

    /// @notice Thrown when the first department names another as its parent or competent department.
    /// @param department Enrolled.
    /// @param parent Named.
    /// @param competent Named.
    error RootNotItsOwn(DepartmentId department, DepartmentId parent, DepartmentId competent);

    /// @notice Thrown when the first decision is signed by another key than the one pinned at deployment.
    /// @param expected The pinned key.
    /// @param actual That signed.
    error RootKeyRequired(KeyId expected, KeyId actual);

    /// @notice Thrown when a key is registered again, by whomever.
    /// @param key Named.
    error KeyAlreadyRegistered(KeyId key);

    /// @notice Thrown when a kind is none of KeyKinds.
    /// @param kind Named.
    error KeyKindInvalid(uint8 kind);

    /// @notice Thrown when a public key is no point of the curve.
    /// @param qx Coordinate.
    /// @param qy Coordinate.
    error KeyNotOnCurve(uint256 qx, uint256 qy);

    /// @notice Thrown when the new key's own signature over the decision does not hold.
    /// @param key The new key.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    error PossessionRefused(KeyId key, uint256 r, uint256 s);

    /// @notice Thrown when bits are granted that are none of Roles.
    /// @param roles Asked for.
    error RolesUnknown(uint32 roles);

    /// @notice Thrown when an application is not registered.
    /// @param application Named.
    error ApplicationUnknown(ApplicationId application);

    /// @notice Thrown when an application is registered again.
    /// @param application Named.
    error ApplicationAlreadyRegistered(ApplicationId application);

    /// @notice Thrown when an address holds no code, or other code than the decision says.
    /// @param contractAddress Named.
    /// @param expected Hash in the decision.
    /// @param actual Hash of the code there.
    error ContractCodeMismatch(address contractAddress, bytes32 expected, bytes32 actual);

    /// @notice Thrown when no contract is in force under a name.
    /// @param name Asked for.
    error ContractUnknown(bytes32 name);

    /// @notice Enrol a department with its first head key; signed by a head of its competent department, the first of all by the root key.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    /// @param possession The new key's own signature over the same text.
    function enrolDepartment(
        EnrolDepartment calldata decision,
        Signature calldata signature,
        Possession calldata possession
    ) external;

    /// @notice Register a key; signed by a head of the holder's department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    /// @param possession The new key's own signature over the same text.
    function addKey(AddKey calldata decision, Signature calldata signature, Possession calldata possession) external;

    /// @notice Revoke a key; signed by a head of the holder's department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function revokeKey(RevokeKey calldata decision, Signature calldata signature) external;

    /// @notice Set the roles a key holds in a department; signed by a head of that department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function grantRoles(GrantRoles calldata decision, Signature calldata signature) external;

    /// @notice Register an application; signed by an office head of its department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function registerApplication(RegisterApplication calldata decision, Signature calldata signature) external;

    /// @notice Put a contract in force under a name; signed by a head of the root department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function listContract(ListContract calldata decision, Signature calldata signature) external;

    /// @notice Who computes SM2 for this ledger.
    /// @return The contract.
    function verifier() external view returns (ISm2Verifier);

    /// @notice The key pinned at deployment, which signs the first enrolment and nothing else.
    /// @return qx Coordinate.
    /// @return qy Coordinate.
    function rootKey() external view returns (uint256 qx, uint256 qy);

    /// @notice The department enrolled first.
    /// @return Zero before the first enrolment.
    function rootDepartment() external view returns (DepartmentId);

    /// @notice Get a department, or revert with DepartmentUnknown.
    /// @param department Any id.
    /// @return As enrolled.
    function departmentOf(DepartmentId department) external view returns (Department memory);

    /// @notice Get who supervises a department, or revert with DepartmentUnknown.
    /// @param department Any id.
    /// @return competent Its competent department.
    /// @return screening Whether that one screens applications.
    function competentOf(DepartmentId department) external view returns (DepartmentId competent, bool screening);

    /// @notice Get a key, live or not, or revert with KeyUnknown.
    /// @param key Any id.
    /// @return As registered.
    function keyOf(KeyId key) external view returns (Key memory);

    /// @notice The roles a key holds in a department now; whether the key itself is live is another question.
    /// @param department Any id.
    /// @param key Any id.
    /// @return Bits of Roles.
    function rolesOf(DepartmentId department, KeyId key) external view returns (uint32);

    /// @notice The roles a department granted to a key, with their validity.
    /// @param department Any id.
    /// @param key Any id.
    /// @return The latest; all zero where there is none.
    function grantOf(DepartmentId department, KeyId key) external view returns (Grant memory);

    /// @notice Get the department of an application, or revert with ApplicationUnknown.
    /// @param application Any id.
    /// @return Whose it is.
    function applicationOf(ApplicationId application) external view returns (DepartmentId);

    /// @notice The application that may call with a key now.
    /// @param key Any id.
    /// @return Zero where the key is unknown, not an application's, revoked or out of its validity.
    function applicationOfKey(KeyId key) external view returns (ApplicationId);

    /// @notice Get the contract in force under a name, or revert with ContractUnknown.
    /// @param name ASCII, left-aligned, zero-padded.
    /// @return Listed last.
    function contractNamed(bytes32 name) external view returns (address);
}
