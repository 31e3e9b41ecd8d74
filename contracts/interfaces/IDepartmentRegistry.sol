// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AddKey,
    EnrolDepartment,
    GrantRoles,
    ListContract,
    Possession,
    RecoverKey,
    RegisterApplication,
    RevokeKey,
    SetDepartmentStatus,
    Signature,
    UpdateDepartment
} from "../types/Decisions.sol";
import {ApplicationId, DepartmentId, KeyId} from "../types/Ids.sol";
import {Department, Grant, Key} from "../types/Records.sol";
import {ISignedDecision} from "./ISignedDecision.sol";
import {ISm2Verifier} from "./ISm2Verifier.sol";

/// @title Departments, their keys, the roles they grant, their applications, and the contracts in force.
/// @notice The other contracts ask here who may decide. A key acts for a department because that department granted it a role,
/// never because of whose key it is.
/// Wherever a competent department decides, and it is suspended or closed, the nearest active department above it, by who is
/// competent for whom, acts in its place: nobody is left without one. Enrolling under it waits until it is active again.
interface IDepartmentRegistry is ISignedDecision {
    /// @notice Emitted when a department is enrolled; its first head key is registered and made department head.
    /// @param department Enrolled.
    /// @param parent Department above it.
    /// @param competent Competent department, which reviews and supervises it.
    /// @param kind Of DepartmentKinds.
    /// @param level Of Levels.
    /// @param screening Whether it screens, as a competent department, the applications to departments under it.
    /// @param mayEnrol Whether it may be named competent, and so enrol departments.
    /// @param headX Coordinate of the first head key.
    /// @param headY Coordinate of the first head key.
    /// @param person Random handle of who holds the first head key.
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
        bool mayEnrol,
        uint256 headX,
        uint256 headY,
        bytes32 person,
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

    /// @notice Emitted when a department's paper changes, or what its competent department allows it.
    /// @param department Concerned.
    /// @param competent Competent department from now on.
    /// @param screening Whether it screens, as a competent department, the applications to departments under it.
    /// @param mayEnrol Whether it may be named competent, and so enrol departments.
    /// @param digest SM3 of the department document.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event DepartmentUpdated(
        DepartmentId indexed department,
        DepartmentId indexed competent,
        bool screening,
        bool mayEnrol,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when a department is suspended, resumed or closed.
    /// @param department Concerned.
    /// @param status Of DepartmentStatuses, from now on.
    /// @param digest SM3 of the document behind the decision; zero: none.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param competent That decided: the competent department, or who acted in its place.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event DepartmentStatusSet(
        DepartmentId indexed department,
        uint8 status,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        DepartmentId indexed competent,
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
    /// @param person Random handle of the officer who holds it; zero for other kinds.
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
        bytes32 person,
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

    /// @notice Emitted when a department is given a new head key; until it is valid, an old head may revoke it.
    /// @param department Recovered.
    /// @param headX Coordinate of the new head key.
    /// @param headY Coordinate of the new head key.
    /// @param person Random handle of who holds the new head key.
    /// @param digest SM3 of the key document.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param headKey Id of the new head key.
    /// @param validFrom First second of validity, of the key and of its role.
    /// @param possessionR First half of the new key's own signature over the same text.
    /// @param possessionS Second half of the new key's own signature over the same text.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event KeyRecovered(
        DepartmentId indexed department,
        uint256 headX,
        uint256 headY,
        bytes32 person,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        KeyId indexed headKey,
        uint64 validFrom,
        uint256 possessionR,
        uint256 possessionS,
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

    /// @notice Thrown when the first department is not to enrol: nobody could be enrolled after it.
    /// @param department Enrolled.
    error RootMustEnrol(DepartmentId department);

    /// @notice Thrown when the first department is to be suspended, closed, supervised by another, or kept from enrolling.
    /// @param department The first.
    error RootUnalterable(DepartmentId department);

    /// @notice Thrown when a department that is not active or may not enrol is named competent, or passes that right on.
    /// @param competent Named.
    error EnrolmentNotAllowed(DepartmentId competent);

    /// @notice Thrown when a department's parent is neither its competent department nor directly under that.
    /// @param department Enrolled.
    /// @param parent Named.
    /// @param competent Named.
    error ParentNotUnder(DepartmentId department, DepartmentId parent, DepartmentId competent);

    /// @notice Thrown when a department would be competent for itself, directly or further up.
    /// @param department Concerned.
    /// @param competent Named.
    error CompetenceCircular(DepartmentId department, DepartmentId competent);

    /// @notice Thrown when a department would be more than 8 levels below the first.
    /// @param department Concerned.
    /// @param competent Named.
    error CompetenceTooDeep(DepartmentId department, DepartmentId competent);

    /// @notice Thrown when a status is none of DepartmentStatuses.
    /// @param status Named.
    error DepartmentStatusInvalid(uint8 status);

    /// @notice Thrown when a department has the status it is to be given, or is closed for good.
    /// @param department Concerned.
    /// @param status Of DepartmentStatuses, now.
    error StatusUnsuitable(DepartmentId department, uint8 status);

    /// @notice Thrown when a department that is competent for others is closed.
    /// @param department Concerned.
    /// @param dependants How many others, closed ones left out.
    error DepartmentHasDependants(DepartmentId department, uint32 dependants);

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

    /// @notice Thrown when an officer's key names no person.
    /// @param key The new key.
    error PersonMissing(KeyId key);

    /// @notice Thrown when a department's or an application's key names a person.
    /// @param key The new key.
    /// @param person Named.
    error PersonNotAllowed(KeyId key, bytes32 person);

    /// @notice Thrown when a person of one department is named as the holder of another's key.
    /// @param person Named.
    /// @param owner Department whose key named the person first.
    /// @param department That answers for the new key.
    error PersonOfAnother(bytes32 person, DepartmentId owner, DepartmentId department);

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

    /// @notice Thrown when a name that stands for a contract is listed again.
    /// @param name Named.
    /// @param contractAddress In force under it.
    error ContractAlreadyListed(bytes32 name, address contractAddress);

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

    /// @notice Change a department's paper, signed by a head of it; or what it is allowed and who supervises it, signed by a
    /// head of its competent department as it is now, or of the one that acts in that one's place.
    /// @param decision What was decided; where it repeats competent, screening and mayEnrol, only the paper changes.
    /// @param signature Key and SM2 signature of who decided.
    function updateDepartment(UpdateDepartment calldata decision, Signature calldata signature) external;

    /// @notice Suspend, resume or close a department; signed by a head of who acts as its competent department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function setDepartmentStatus(SetDepartmentStatus calldata decision, Signature calldata signature) external;

    /// @notice Register a key; signed by a head of the holder's department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    /// @param possession The new key's own signature over the same text.
    function addKey(AddKey calldata decision, Signature calldata signature, Possession calldata possession) external;

    /// @notice Revoke a key; signed by a head of the holder's department, active or not.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function revokeKey(RevokeKey calldata decision, Signature calldata signature) external;

    /// @notice Give a department a new head key, valid after 7 days; signed by a head of who acts as its competent department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    /// @param possession The new key's own signature over the same text.
    function recoverKey(RecoverKey calldata decision, Signature calldata signature, Possession calldata possession)
        external;

    /// @notice Set the roles a key holds in a department; signed by a head of that department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function grantRoles(GrantRoles calldata decision, Signature calldata signature) external;

    /// @notice Register an application; signed by an office head of its department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function registerApplication(RegisterApplication calldata decision, Signature calldata signature) external;

    /// @notice Put a contract in force under a name, for good; signed by a head of the root department.
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
    /// @return competent Its competent department; while that is not active, the nearest active one above it.
    /// @return screening Whether its competent department, active or not, has applications screened.
    function competentOf(DepartmentId department) external view returns (DepartmentId competent, bool screening);

    /// @notice Whether a department takes part.
    /// @param department Any id.
    /// @return Of DepartmentStatuses; 0: not enrolled.
    function statusOf(DepartmentId department) external view returns (uint8);

    /// @notice The lowest department that is competent, directly or further up, for two, or revert with DepartmentUnknown.
    /// @param a Any id.
    /// @param b Any id.
    /// @return The first department, if there is none lower within 8 levels; for one not active the nearest active above it.
    function commonSuperiorOf(DepartmentId a, DepartmentId b) external view returns (DepartmentId);

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

    /// @notice The department whose officers' keys name a person.
    /// @param person Any handle.
    /// @return Zero where no key does.
    function departmentOfPerson(bytes32 person) external view returns (DepartmentId);

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
    /// @return Listed.
    function contractNamed(bytes32 name) external view returns (address);
}
