// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Application, ApplyFor, Reply, Signature, Step} from "../types/Decisions.sol";
import {AuthorisationId, DepartmentId, KeyId, PurposeId} from "../types/Ids.sol";

interface IShareAuthorisations {
    event Applied(
        DepartmentId indexed department,
        Application[] applications,
        uint64 nonce,
        uint64 notAfter,
        uint64 first,
        uint8[] states,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );
    event Replied(
        AuthorisationId indexed authorisation,
        uint8 answer,
        uint256 items,
        uint8 mode,
        uint64 validFrom,
        uint64 validUntil,
        uint32 callsPerDay,
        uint32 rowsPerDay,
        bytes32 terms,
        bytes32 subject,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        uint8 state,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );
    event Advanced(
        AuthorisationId indexed authorisation,
        uint8 step,
        uint32 revision,
        bytes32 subject,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        uint8 state,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    function applyFor(ApplyFor calldata decision, Signature calldata signature) external;

    function reply(Reply calldata decision, Signature calldata signature) external;

    function advance(Step calldata decision, Signature calldata signature) external;

    function permits(AuthorisationId authorisation, KeyId applicationKey, uint256 items, PurposeId purpose)
        external
        view
        returns (uint8 reason);
}
