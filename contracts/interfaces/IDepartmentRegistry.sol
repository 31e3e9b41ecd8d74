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

interface IDepartmentRegistry {
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

    function enrolDepartment(
        EnrolDepartment calldata decision,
        Signature calldata signature,
        Possession calldata possession
    ) external;

    function addKey(AddKey calldata decision, Signature calldata signature, Possession calldata possession) external;

    function revokeKey(RevokeKey calldata decision, Signature calldata signature) external;

    function grantRoles(GrantRoles calldata decision, Signature calldata signature) external;

    function registerApplication(RegisterApplication calldata decision, Signature calldata signature) external;

    function listContract(ListContract calldata decision, Signature calldata signature) external;
}
