// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignedDecision} from "./SignedDecision.sol";
import {ICatalogueRegistry} from "./interfaces/ICatalogueRegistry.sol";
import {IDepartmentRegistry} from "./interfaces/IDepartmentRegistry.sol";
import {DecisionHashes} from "./libraries/DecisionHashes.sol";
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
} from "./types/Decisions.sol";
import {EntryStates, Roles, ShareTypes} from "./types/Enumerations.sol";
import {DepartmentId, EntryId} from "./types/Ids.sol";
import {Entry} from "./types/Records.sol";

/// @title Catalogue entries: submitted by one department, published, withdrawn and frozen with another.
/// @notice An entry keeps two versions apart: the latest, which may await review, and the current one, which is in force.
/// At most one of them awaits review at a time: either the latest its publication, or the current one its withdrawal.
contract CatalogueRegistry is ICatalogueRegistry, SignedDecision {
    /// Bits of an authorisation's bitmap.
    uint16 private constant _MOST_ITEMS = 256;

    mapping(EntryId entry => Entry) private _entries;
    mapping(EntryId entry => mapping(uint32 version => bytes32 digest)) private _digests;

    /// @notice Fix for good whom this contract asks; SM2 is computed by the registry's own verifier.
    /// @param registry Who may decide.
    constructor(IDepartmentRegistry registry) SignedDecision(registry, registry.verifier()) {}

    /// @inheritdoc ICatalogueRegistry
    function submitVersions(SubmitVersions calldata decision, Signature calldata signature) external {
        Version[] calldata versions = decision.versions;
        if (versions.length == 0) revert VersionsEmpty(decision.department);
        (, bytes32 person) = _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            decision.department,
            Roles.DEPARTMENT_HEAD
        );
        EntryId[] memory entries = new EntryId[](versions.length);
        for (uint256 i = 0; i < versions.length; ++i) {
            if (versions[i].digest == 0) revert DigestMissing(signature.key, decision.nonce);
            entries[i] = _submit(decision.department, versions[i], person);
        }
        emit VersionsSubmitted(
            decision.department,
            versions,
            decision.nonce,
            decision.notAfter,
            entries,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc ICatalogueRegistry
    function reviewVersions(ReviewVersions calldata decision, Signature calldata signature) external {
        Review[] calldata reviews = decision.reviews;
        if (reviews.length == 0) revert ReviewsEmpty(signature.key);
        DepartmentId competent = _competentOf(reviews[0].entry);
        (, bytes32 person) = _accept(
            DecisionHashes.hashOf(decision), decision.nonce, decision.notAfter, signature, competent, Roles.REVIEWER
        );
        for (uint256 i = 0; i < reviews.length; ++i) {
            _requireCompetent(reviews[i].entry, competent);
            _review(reviews[i], person);
        }
        emit VersionsReviewed(
            reviews,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            competent,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc ICatalogueRegistry
    function setStandingReply(SetStandingReply calldata decision, Signature calldata signature) external {
        Entry storage entry = _existing(decision.entry);
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            entry.provider,
            Roles.OFFICE_HEAD
        );
        if (entry.current == 0 || entry.shareType != ShareTypes.UNCONDITIONAL) {
            revert StandingReplyRefused(decision.entry, entry.current, entry.shareType);
        }
        if (decision.standing && (decision.callsPerDay == 0 || decision.rowsPerDay == 0)) {
            revert StandingQuotaZero(decision.entry, decision.callsPerDay, decision.rowsPerDay);
        }
        entry.standing = decision.standing;
        entry.callsPerDay = decision.callsPerDay;
        entry.rowsPerDay = decision.rowsPerDay;
        entry.standingTerms = decision.terms;
        emit StandingReplySet(
            decision.entry,
            decision.standing,
            decision.callsPerDay,
            decision.rowsPerDay,
            decision.terms,
            decision.nonce,
            decision.notAfter,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc ICatalogueRegistry
    function submitWithdrawal(SubmitWithdrawal calldata decision, Signature calldata signature) external {
        Withdrawal[] calldata withdrawals = decision.withdrawals;
        if (withdrawals.length == 0) revert WithdrawalsEmpty(decision.department);
        (, bytes32 person) = _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            decision.department,
            Roles.DEPARTMENT_HEAD
        );
        if (decision.digest == 0) revert DigestMissing(signature.key, decision.nonce);
        for (uint256 i = 0; i < withdrawals.length; ++i) {
            Entry storage entry = _withdrawable(decision.department, withdrawals[i]);
            entry.currentState = EntryStates.WITHDRAWAL_SUBMITTED;
            entry.submitter = bytes8(person);
            entry.withdrawalDigest = decision.digest;
        }
        emit WithdrawalSubmitted(
            decision.department,
            withdrawals,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc ICatalogueRegistry
    function reviewWithdrawal(ReviewWithdrawal calldata decision, Signature calldata signature) external {
        WithdrawalReview[] calldata reviews = decision.reviews;
        if (reviews.length == 0) revert ReviewsEmpty(signature.key);
        DepartmentId competent = _competentOf(reviews[0].entry);
        (, bytes32 person) = _accept(
            DecisionHashes.hashOf(decision), decision.nonce, decision.notAfter, signature, competent, Roles.REVIEWER
        );
        for (uint256 i = 0; i < reviews.length; ++i) {
            _requireCompetent(reviews[i].entry, competent);
            _reviewWithdrawal(reviews[i], person);
        }
        emit WithdrawalReviewed(
            reviews,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            competent,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc ICatalogueRegistry
    function freezeEntry(FreezeEntry calldata decision, Signature calldata signature) external {
        DepartmentId competent = _competentOf(decision.entry);
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            competent,
            Roles.DEPARTMENT_HEAD | Roles.DUTY_OFFICER
        );
        Entry storage entry = _entries[decision.entry];
        if (entry.frozen) revert EntryIsFrozen(decision.entry);
        entry.frozen = true;
        emit FreezeOrdered(
            decision.entry,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            competent,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc ICatalogueRegistry
    function unfreezeEntry(UnfreezeEntry calldata decision, Signature calldata signature) external {
        DepartmentId competent = _competentOf(decision.entry);
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            competent,
            Roles.DEPARTMENT_HEAD
        );
        if (decision.digest == 0) revert DigestMissing(signature.key, decision.nonce);
        Entry storage entry = _entries[decision.entry];
        if (!entry.frozen) revert EntryNotFrozen(decision.entry);
        entry.frozen = false;
        emit FreezeLifted(
            decision.entry,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            competent,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc ICatalogueRegistry
    function entryOf(EntryId entry) external view returns (Entry memory) {
        return _existing(entry);
    }

    /// @inheritdoc ICatalogueRegistry
    function providerOf(EntryId entry) external view returns (DepartmentId) {
        return _existing(entry).provider;
    }

    /// @inheritdoc ICatalogueRegistry
    function digestOf(EntryId entry, uint32 version) external view returns (bytes32) {
        return _digests[entry][version];
    }

    /// @notice File one version for review.
    /// @param department The provider.
    /// @param version To file.
    /// @param person Who signed.
    /// @return id Of the entry, made here of the acting department and never passed in: nobody files for another.
    function _submit(DepartmentId department, Version calldata version, bytes32 person) private returns (EntryId id) {
        id = EntryId.wrap(keccak256(abi.encode(department, version.codeHash)));
        Entry storage entry = _entries[id];
        if (entry.state == EntryStates.SUBMITTED) revert VersionPending(id, entry.latest);
        if (entry.currentState == EntryStates.WITHDRAWAL_SUBMITTED) revert WithdrawalPending(id);
        if (version.version != entry.latest + 1) revert VersionNotSequential(id, entry.latest, version.version);
        if (version.shareType == 0 || version.shareType > ShareTypes.NOT_SHARED) {
            revert ShareTypeInvalid(id, version.shareType);
        }
        if (version.itemCount == 0 || version.itemCount > _MOST_ITEMS) revert ItemCountInvalid(id, version.itemCount);
        if (entry.latest == 0) entry.provider = department;
        entry.submitter = bytes8(person);
        entry.latest = version.version;
        entry.state = EntryStates.SUBMITTED;
        entry.latestShareType = version.shareType;
        entry.latestItemCount = version.itemCount;
        _digests[id][version.version] = version.digest;
    }

    /// @notice Publish or return one version.
    /// @param review To carry out.
    /// @param person Who signed.
    function _review(Review calldata review, bytes32 person) private {
        Entry storage entry = _entries[review.entry];
        if (entry.state != EntryStates.SUBMITTED || review.version != entry.latest) {
            revert VersionNotSubmitted(review.entry, review.version, entry.latest, entry.state);
        }
        if (entry.submitter == bytes8(person)) revert ReviewerIsSubmitter(review.entry, person);
        bytes32 digest = _digests[review.entry][review.version];
        if (review.subject != digest) revert SubjectMismatch(digest, review.subject);
        if (!review.publish) {
            entry.state = EntryStates.RETURNED;
            return;
        }
        entry.state = EntryStates.PUBLISHED;
        entry.current = review.version;
        entry.currentState = EntryStates.PUBLISHED;
        entry.shareType = entry.latestShareType;
        entry.itemCount = entry.latestItemCount;
        // A standing reply was given for unconditional data; it does not come back with a later version either.
        if (entry.latestShareType != ShareTypes.UNCONDITIONAL) entry.standing = false;
    }

    /// @notice Withdraw the current version of an entry, or leave it in force.
    /// @param review To carry out.
    /// @param person Who signed.
    function _reviewWithdrawal(WithdrawalReview calldata review, bytes32 person) private {
        Entry storage entry = _entries[review.entry];
        if (entry.currentState != EntryStates.WITHDRAWAL_SUBMITTED || review.version != entry.current) {
            revert WithdrawalNotSubmitted(review.entry, review.version, entry.current, entry.currentState);
        }
        if (entry.submitter == bytes8(person)) revert ReviewerIsSubmitter(review.entry, person);
        bytes32 digest = entry.withdrawalDigest;
        if (review.subject != digest) revert SubjectMismatch(digest, review.subject);
        entry.withdrawalDigest = 0;
        if (!review.accept) {
            entry.currentState = EntryStates.PUBLISHED;
            return;
        }
        // Nobody applies to it any more; what was agreed to before keeps its end date.
        entry.currentState = EntryStates.WITHDRAWN;
        entry.current = 0;
        entry.standing = false;
    }

    /// @notice Get an entry whose current version may be proposed for withdrawal, or revert.
    /// @param department That proposes it.
    /// @param withdrawal To check.
    /// @return entry As it stands.
    function _withdrawable(DepartmentId department, Withdrawal calldata withdrawal)
        private
        view
        returns (Entry storage entry)
    {
        EntryId id = withdrawal.entry;
        entry = _existing(id);
        if (entry.provider != department) revert EntryNotOfDepartment(id, department, entry.provider);
        if (entry.frozen) revert EntryIsFrozen(id);
        if (entry.state == EntryStates.SUBMITTED) revert VersionPending(id, entry.latest);
        if (entry.currentState == EntryStates.WITHDRAWAL_SUBMITTED) revert WithdrawalPending(id);
        if (entry.current == 0 || withdrawal.version != entry.current) {
            revert VersionNotCurrent(id, entry.current, withdrawal.version);
        }
    }

    /// @notice Check that an entry is under the department for which a reviewer acts, or revert.
    /// @param id Any id.
    /// @param expected Competent for the first entry of the decision.
    function _requireCompetent(EntryId id, DepartmentId expected) private view {
        DepartmentId actual = _competentOf(id);
        if (actual != expected) revert CompetentDiffers(id, expected, actual);
    }

    /// @notice Get an entry, or revert.
    /// @param id Any id.
    /// @return entry As it stands.
    function _existing(EntryId id) private view returns (Entry storage entry) {
        entry = _entries[id];
        if (entry.latest == 0) revert EntryUnknown(id);
    }

    /// @notice Who reviews an entry, or revert.
    /// @param id Any id.
    /// @return competent Department competent for its provider.
    function _competentOf(EntryId id) private view returns (DepartmentId competent) {
        (competent,) = _REGISTRY.competentOf(_existing(id).provider);
    }
}
