// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Review, ReviewVersions, SetStandingReply, Signature, SubmitVersions, Version} from "../types/Decisions.sol";
import {DepartmentId, EntryId, KeyId} from "../types/Ids.sol";

interface ICatalogueRegistry {
    event VersionsSubmitted(
        DepartmentId indexed department,
        Version[] versions,
        uint64 nonce,
        uint64 notAfter,
        EntryId[] entries,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );
    event VersionsReviewed(
        Review[] reviews,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        DepartmentId indexed competent,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );
    event StandingReplySet(
        EntryId indexed entry,
        bool standing,
        uint32 callsPerDay,
        uint32 rowsPerDay,
        bytes32 terms,
        uint64 nonce,
        uint64 notAfter,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    function submitVersions(SubmitVersions calldata decision, Signature calldata signature) external;

    function reviewVersions(ReviewVersions calldata decision, Signature calldata signature) external;

    function setStandingReply(SetStandingReply calldata decision, Signature calldata signature) external;
}
