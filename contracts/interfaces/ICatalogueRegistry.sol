// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    FreezeEntry,
    Review,
    ReviewVersions,
    ReviewWithdrawal,
    SetStandingReply,
    Signature,
    SubmitVersions,
    SubmitWithdrawal,
    UnfreezeEntry,
    Version,
    Withdrawal,
    WithdrawalReview
} from "../types/Decisions.sol";
import {DepartmentId, EntryId, KeyId} from "../types/Ids.sol";
import {Entry} from "../types/Records.sol";
import {ISignedDecision} from "./ISignedDecision.sol";

/// @title Catalogue entries and their versions.
/// @notice Submitted by the provider, published or returned by a reviewer of its competent department; withdrawn the same
/// way; frozen by order of the competent department alone. A number once submitted is spent: what replaces a returned
/// version is the next.
interface ICatalogueRegistry is ISignedDecision {
    /// @notice Emitted when a department submits versions of its entries for review.
    /// @param department The provider.
    /// @param versions In the order of the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param entries Ids of the entries, in the same order.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
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

    /// @notice Emitted when a reviewer publishes or returns versions.
    /// @param reviews In the order of the decision.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param competent For which the reviewer acts.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
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

    /// @notice Emitted when a provider agrees beforehand to every application for an unconditional entry, or no longer does.
    /// @param entry Concerned.
    /// @param standing Whether it agrees.
    /// @param callsPerDay Largest number of calls an application may have a day.
    /// @param rowsPerDay Largest number of rows an application may have a day.
    /// @param terms SM3 of the terms document an application has to name; zero: none.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
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

    /// @notice Emitted when a department submits the withdrawal of entries for review.
    /// @param department The provider.
    /// @param withdrawals In the order of the decision.
    /// @param digest SM3 of the document behind the decision, which the reviews have to name.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event WithdrawalSubmitted(
        DepartmentId indexed department,
        Withdrawal[] withdrawals,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when a reviewer accepts or rejects withdrawals.
    /// @param reviews In the order of the decision.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param competent For which the reviewer acts.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event WithdrawalReviewed(
        WithdrawalReview[] reviews,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        DepartmentId indexed competent,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when an entry is frozen: no call is permitted and nobody applies until it is unfrozen.
    /// @param entry Concerned.
    /// @param digest SM3 of the document behind the decision; zero: none.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param competent That decided.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event FreezeOrdered(
        EntryId indexed entry,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        DepartmentId indexed competent,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Emitted when an entry is unfrozen.
    /// @param entry Concerned.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param competent That decided.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event FreezeLifted(
        EntryId indexed entry,
        bytes32 digest,
        uint64 nonce,
        uint64 notAfter,
        DepartmentId indexed competent,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Thrown when a decision submits no version.
    /// @param department The provider.
    error VersionsEmpty(DepartmentId department);

    /// @notice Thrown when a decision submits no withdrawal.
    /// @param department The provider.
    error WithdrawalsEmpty(DepartmentId department);

    /// @notice Thrown when a decision reviews nothing.
    /// @param key That signed.
    error ReviewsEmpty(KeyId key);

    /// @notice Thrown when an entry has never been submitted.
    /// @param entry Named.
    error EntryUnknown(EntryId entry);

    /// @notice Thrown when a version does not follow the latest.
    /// @param entry Concerned.
    /// @param latest Number of the latest version.
    /// @param version Number in the decision.
    error VersionNotSequential(EntryId entry, uint32 latest, uint32 version);

    /// @notice Thrown when a version or a withdrawal is submitted while a version awaits review.
    /// @param entry Concerned.
    /// @param latest Number of the version awaiting review.
    error VersionPending(EntryId entry, uint32 latest);

    /// @notice Thrown when a version or a withdrawal is submitted while a withdrawal awaits review.
    /// @param entry Concerned.
    error WithdrawalPending(EntryId entry);

    /// @notice Thrown when a withdrawal that does not await review is reviewed.
    /// @param entry Concerned.
    /// @param version Number in the decision.
    /// @param current Number of the version in force; 0: none.
    /// @param currentState Of EntryStates, of that version; 0: none yet.
    error WithdrawalNotSubmitted(EntryId entry, uint32 version, uint32 current, uint8 currentState);

    /// @notice Thrown when another version than the one in force is withdrawn or applied for.
    /// @param entry Concerned.
    /// @param current Number of the version in force; 0: none.
    /// @param version Number in the decision.
    error VersionNotCurrent(EntryId entry, uint32 current, uint32 version);

    /// @notice Thrown when a department withdraws another's entry.
    /// @param entry Concerned.
    /// @param department That decided.
    /// @param provider Whose entry it is.
    error EntryNotOfDepartment(EntryId entry, DepartmentId department, DepartmentId provider);

    /// @notice Thrown when a frozen entry is frozen again, withdrawn or applied for.
    /// @param entry Concerned.
    error EntryIsFrozen(EntryId entry);

    /// @notice Thrown when an entry that is not frozen is unfrozen.
    /// @param entry Concerned.
    error EntryNotFrozen(EntryId entry);

    /// @notice Thrown when a version that does not await review is reviewed.
    /// @param entry Concerned.
    /// @param version Number in the decision.
    /// @param latest Number of the latest version.
    /// @param state Of EntryStates, of the latest version.
    error VersionNotSubmitted(EntryId entry, uint32 version, uint32 latest, uint8 state);

    /// @notice Thrown when a share type is none of ShareTypes.
    /// @param entry Concerned.
    /// @param shareType Named.
    error ShareTypeInvalid(EntryId entry, uint8 shareType);

    /// @notice Thrown when a version has no item, or more than a bitmap holds.
    /// @param entry Concerned.
    /// @param itemCount 1 to 256.
    error ItemCountInvalid(EntryId entry, uint16 itemCount);

    /// @notice Thrown when a version or a withdrawal is reviewed by the person who submitted it, with whichever key.
    /// @param entry Concerned.
    /// @param person Handle of who signed both.
    error ReviewerIsSubmitter(EntryId entry, bytes32 person);

    /// @notice Thrown when one decision reviews entries under different competent departments.
    /// @param entry The first that differs.
    /// @param expected Competent for the first entry.
    /// @param actual Competent for this entry.
    error CompetentDiffers(EntryId entry, DepartmentId expected, DepartmentId actual);

    /// @notice Thrown when a standing reply is set on an entry that is not published as unconditional.
    /// @param entry Concerned.
    /// @param current Number of the published version; 0: none.
    /// @param shareType Of ShareTypes, of that version.
    error StandingReplyRefused(EntryId entry, uint32 current, uint8 shareType);

    /// @notice Thrown when a standing reply allows nothing.
    /// @param entry Concerned.
    /// @param callsPerDay In the decision.
    /// @param rowsPerDay In the decision.
    error StandingQuotaZero(EntryId entry, uint32 callsPerDay, uint32 rowsPerDay);

    /// @notice Submit versions, one signature for all; signed by a head of the providing department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function submitVersions(SubmitVersions calldata decision, Signature calldata signature) external;

    /// @notice Publish or return versions; signed by a reviewer of the provider's competent department who is not the person who submitted them.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function reviewVersions(ReviewVersions calldata decision, Signature calldata signature) external;

    /// @notice Set or end the standing reply of an unconditional entry; signed by an office head of the provider.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function setStandingReply(SetStandingReply calldata decision, Signature calldata signature) external;

    /// @notice Submit the withdrawal of entries, one signature for all; signed by a head of the providing department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function submitWithdrawal(SubmitWithdrawal calldata decision, Signature calldata signature) external;

    /// @notice Accept or reject withdrawals; signed by a reviewer of the provider's competent department who is not the person
    /// who submitted them.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function reviewWithdrawal(ReviewWithdrawal calldata decision, Signature calldata signature) external;

    /// @notice Freeze an entry; signed by a head or a duty officer of the provider's competent department.
    /// @param decision What was decided; protective, so that it needs no document.
    /// @param signature Key and SM2 signature of who decided.
    function freezeEntry(FreezeEntry calldata decision, Signature calldata signature) external;

    /// @notice Unfreeze an entry; signed by a head of the provider's competent department.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function unfreezeEntry(UnfreezeEntry calldata decision, Signature calldata signature) external;

    /// @notice Get an entry, or revert with EntryUnknown.
    /// @param entry Any id.
    /// @return As it stands.
    function entryOf(EntryId entry) external view returns (Entry memory);

    /// @notice Get the provider of an entry, or revert with EntryUnknown.
    /// @param entry Any id.
    /// @return Whose entry it is.
    function providerOf(EntryId entry) external view returns (DepartmentId);

    /// @notice The document of a version.
    /// @param entry Any id.
    /// @param version Any number.
    /// @return SM3 of it; zero where there is no such version.
    function digestOf(EntryId entry, uint32 version) external view returns (bytes32);
}
