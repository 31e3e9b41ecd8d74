// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandate, SignedDecision} from "./SignedDecision.sol";
import {ICatalogueRegistry} from "./interfaces/ICatalogueRegistry.sol";
import {IDepartmentRegistry} from "./interfaces/IDepartmentRegistry.sol";
import {IShareAuthorisations} from "./interfaces/IShareAuthorisations.sol";
import {DecisionHashes} from "./libraries/DecisionHashes.sol";
import {StepTable} from "./libraries/StepTable.sol";
import {Application, ApplyFor, Reply, Signature, Step} from "./types/Decisions.sol";
import {Answers, AuthorisationStates, Modes, Permits, Roles, ShareTypes, Steps} from "./types/Enumerations.sol";
import {AuthorisationId, DepartmentId, KeyId, PurposeId} from "./types/Ids.sol";
import {Authorisation, Entry, Rule} from "./types/Records.sol";

/// @title Share authorisations, from the application to the end of the use.
/// @notice Applying and replying set terms and are written out; every other step is a row of `StepTable`.
contract ShareAuthorisations is IShareAuthorisations, SignedDecision {
    /// Who suspended; also the order in which a step's mandates are tried, counted from the consumer.
    uint8 private constant _PROVIDER = 2;

    ICatalogueRegistry private immutable _CATALOGUE;

    /// Id of the last authorisation.
    uint64 private _count;
    mapping(uint64 authorisation => Authorisation) private _authorisations;

    /// @notice Fix for good whom this contract asks; SM2 is computed by the registry's own verifier.
    /// @param registry Who may decide.
    /// @param catalogue What can be applied for.
    constructor(IDepartmentRegistry registry, ICatalogueRegistry catalogue)
        SignedDecision(registry, registry.verifier())
    {
        _CATALOGUE = catalogue;
    }

    /// @inheritdoc IShareAuthorisations
    function applyFor(ApplyFor calldata decision, Signature calldata signature) external {
        Application[] calldata applications = decision.applications;
        if (applications.length == 0) revert ApplicationsEmpty(decision.department);
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            decision.department,
            Roles.OFFICE_HEAD
        );
        uint64 last = _count;
        uint64 first = last + 1;
        uint8[] memory states = new uint8[](applications.length);
        for (uint256 i = 0; i < applications.length; ++i) {
            if (applications[i].digest == 0) revert DigestMissing(signature.key, decision.nonce);
            states[i] = _apply(decision.department, applications[i], ++last);
        }
        _count = last;
        emit Applied(
            decision.department,
            applications,
            decision.nonce,
            decision.notAfter,
            first,
            states,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IShareAuthorisations
    function reply(Reply calldata decision, Signature calldata signature) external {
        Authorisation storage authorisation = _existing(decision.authorisation);
        DepartmentId provider = _CATALOGUE.providerOf(authorisation.entry);
        _accept(
            DecisionHashes.hashOf(decision), decision.nonce, decision.notAfter, signature, provider, Roles.OFFICE_HEAD
        );
        if (decision.digest == 0) revert DigestMissing(signature.key, decision.nonce);
        _requireAnswerable(decision, authorisation, provider);
        uint8 state = AuthorisationStates.REFUSED;
        if (decision.answer != Answers.REFUSE) {
            _requireNotWider(decision, authorisation);
            state = AuthorisationStates.AGREED;
            authorisation.items = decision.items;
            authorisation.terms = decision.terms;
            authorisation.callsPerDay = decision.callsPerDay;
            authorisation.rowsPerDay = decision.rowsPerDay;
            authorisation.validFrom = uint40(decision.validFrom);
            authorisation.validUntil = uint40(decision.validUntil);
        }
        authorisation.state = state;
        authorisation.subject = decision.digest;
        emit Replied(
            decision.authorisation,
            decision.answer,
            decision.items,
            decision.mode,
            decision.validFrom,
            decision.validUntil,
            decision.callsPerDay,
            decision.rowsPerDay,
            decision.terms,
            decision.subject,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            state,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IShareAuthorisations
    function advance(Step calldata decision, Signature calldata signature) external {
        Authorisation storage authorisation = _existing(decision.authorisation);
        Rule memory rule = StepTable.row(decision.step);
        if (rule.from == 0) revert StepUnknown(decision.step);
        uint8 state = authorisation.state;
        if (rule.from >> state & 1 == 0) revert StateUnsuitable(decision.authorisation, state);
        (, uint256 mandate) = _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            _mandates(decision.authorisation, authorisation, rule)
        );
        if (decision.revision != authorisation.revision) {
            revert RevisionMismatch(decision.authorisation, authorisation.revision, decision.revision);
        }
        bytes32 expected = rule.protective ? bytes32(0) : authorisation.subject;
        if (decision.subject != expected) revert SubjectMismatch(expected, decision.subject);

        if (decision.step == Steps.SUSPEND) {
            authorisation.prior = state;
            authorisation.suspendedBy = uint8(mandate + 1);
        }
        if (rule.to == 0) {
            (state, authorisation.prior, authorisation.suspendedBy) = (authorisation.prior, 0, 0);
        } else {
            state = rule.to;
        }
        authorisation.state = state;
        if (decision.digest != 0) authorisation.subject = decision.digest;
        emit Advanced(
            decision.authorisation,
            decision.step,
            decision.revision,
            decision.subject,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            state,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IShareAuthorisations
    function permits(AuthorisationId authorisation, KeyId applicationKey, uint256 items, PurposeId purpose)
        external
        view
        returns (uint8 reason)
    {
        Authorisation storage found = _authorisations[AuthorisationId.unwrap(authorisation)];
        // One that is not the caller's reads like one that does not exist.
        if (found.state == 0 || !(_REGISTRY.applicationOfKey(applicationKey) == found.application)) {
            return Permits.UNKNOWN;
        }
        reason = _permitsNow(found.state);
        if (reason != Permits.PERMITTED) return reason;
        if (block.timestamp < found.validFrom) return Permits.NOT_STARTED;
        if (block.timestamp >= found.validUntil) return Permits.EXPIRED;
        if (!(purpose == found.purpose)) return Permits.PURPOSE_NOT_GRANTED;
        if (items == 0 || items & ~found.items != 0) return Permits.ITEM_NOT_GRANTED;
    }

    /// @inheritdoc IShareAuthorisations
    function authorisationOf(AuthorisationId authorisation) external view returns (Authorisation memory) {
        return _existing(authorisation);
    }

    /// @inheritdoc IShareAuthorisations
    function partiesOf(AuthorisationId authorisation)
        external
        view
        returns (DepartmentId consumer, DepartmentId provider, DepartmentId competent)
    {
        Authorisation storage found = _existing(authorisation);
        consumer = _REGISTRY.applicationOf(found.application);
        provider = _CATALOGUE.providerOf(found.entry);
        (competent,) = _REGISTRY.competentOf(provider);
    }

    /// @inheritdoc IShareAuthorisations
    function count() external view returns (uint64) {
        return _count;
    }

    /// @inheritdoc IShareAuthorisations
    function ruleOf(uint8 step) external pure returns (Rule memory) {
        return StepTable.row(step);
    }

    /// @notice Record one application.
    /// @param department The consumer.
    /// @param application To record.
    /// @param id Of the new authorisation.
    /// @return state Of AuthorisationStates.
    function _apply(DepartmentId department, Application calldata application, uint64 id)
        private
        returns (uint8 state)
    {
        DepartmentId owner = _REGISTRY.applicationOf(application.application);
        if (owner != department) revert ApplicationNotOfDepartment(application.application, department, owner);
        Entry memory entry = _CATALOGUE.entryOf(application.entry);
        _requireApplicable(application, entry);
        (uint32 calls, uint32 rows) = (application.callsPerDay, application.rowsPerDay);
        state = AuthorisationStates.APPLIED;
        // A standing reply agrees to what it was given for: its own terms. Anything else waits for the provider.
        if (
            entry.standing && entry.shareType == ShareTypes.UNCONDITIONAL && application.terms == entry.standingTerms
        ) {
            state = AuthorisationStates.AGREED;
            if (entry.callsPerDay < calls) calls = entry.callsPerDay;
            if (entry.rowsPerDay < rows) rows = entry.rowsPerDay;
        }
        _authorisations[id] = Authorisation({
            entry: application.entry,
            items: application.items,
            purpose: application.purpose,
            application: application.application,
            terms: application.terms,
            subject: application.digest,
            state: state,
            prior: 0,
            mode: application.mode,
            shareType: entry.shareType,
            suspendedBy: 0,
            version: application.version,
            revision: 1,
            callsPerDay: calls,
            rowsPerDay: rows,
            validFrom: uint40(application.validFrom),
            validUntil: uint40(application.validUntil)
        });
    }

    /// @notice Check an application against the entry, or revert.
    /// @param application To check.
    /// @param entry As it stands.
    function _requireApplicable(Application calldata application, Entry memory entry) private view {
        if (entry.current == 0 || application.version != entry.current) {
            revert VersionNotCurrent(application.entry, entry.current, application.version);
        }
        if (application.mode == 0 || application.mode > Modes.STATISTICS) revert ModeInvalid(application.mode);
        // Statistics of data that is not shared need the provider's opting in, and there is no way yet to say so.
        if (entry.shareType == ShareTypes.NOT_SHARED) revert EntryNotShared(application.entry, application.mode);
        if (application.items == 0 || application.items >> entry.itemCount != 0) {
            revert ItemsInvalid(application.entry, application.items, entry.itemCount);
        }
        if (application.callsPerDay == 0 || application.rowsPerDay == 0) {
            revert QuotaZero(application.callsPerDay, application.rowsPerDay);
        }
        if (
            application.validFrom >= application.validUntil || application.validUntil <= block.timestamp
                || application.validUntil > type(uint40).max
        ) revert PeriodInvalid(application.validFrom, application.validUntil);
    }

    /// @notice Check that this answer may be given now, or revert.
    /// @param decision The reply.
    /// @param authorisation Replied to.
    /// @param provider Who replies.
    function _requireAnswerable(Reply calldata decision, Authorisation storage authorisation, DepartmentId provider)
        private
        view
    {
        uint8 state = authorisation.state;
        if (state == AuthorisationStates.APPLIED) {
            (DepartmentId competent, bool screening) = _REGISTRY.competentOf(provider);
            if (screening) revert ScreeningUnsuitable(decision.authorisation, competent, screening);
        } else if (state != AuthorisationStates.FORWARDED) {
            revert StateUnsuitable(decision.authorisation, state);
        }
        if (decision.subject != authorisation.subject) {
            revert SubjectMismatch(authorisation.subject, decision.subject);
        }
        if (decision.answer == 0 || decision.answer > Answers.REFUSE) {
            revert AnswerInvalid(decision.authorisation, decision.answer);
        }
        if (authorisation.shareType == ShareTypes.UNCONDITIONAL && decision.answer != Answers.AGREE) {
            revert AnswerNotAllowed(decision.authorisation, decision.answer);
        }
        (uint256 applied, uint256 granted) = (authorisation.items, decision.items);
        bool fits = granted == 0;
        if (decision.answer == Answers.AGREE) fits = granted == applied;
        if (decision.answer == Answers.PARTLY) fits = granted != 0 && granted != applied && granted & ~applied == 0;
        if (!fits) revert ItemsNotGrantable(decision.authorisation, decision.answer, applied, granted);
    }

    /// @notice Check that nothing is granted beyond what was applied for, or revert.
    /// @param decision The reply.
    /// @param authorisation Replied to.
    function _requireNotWider(Reply calldata decision, Authorisation storage authorisation) private view {
        if (decision.mode != authorisation.mode) {
            revert ModeDiffers(decision.authorisation, authorisation.mode, decision.mode);
        }
        if (decision.validFrom >= decision.validUntil || decision.validUntil <= block.timestamp) {
            revert PeriodInvalid(decision.validFrom, decision.validUntil);
        }
        if (decision.validFrom < authorisation.validFrom || decision.validUntil > authorisation.validUntil) {
            revert PeriodWidened(decision.authorisation, decision.validFrom, decision.validUntil);
        }
        if (decision.callsPerDay == 0 || decision.rowsPerDay == 0) {
            revert QuotaZero(decision.callsPerDay, decision.rowsPerDay);
        }
        if (decision.callsPerDay > authorisation.callsPerDay || decision.rowsPerDay > authorisation.rowsPerDay) {
            revert QuotaWidened(decision.authorisation, decision.callsPerDay, decision.rowsPerDay);
        }
    }

    /// @notice Who may take a step of an authorisation, or revert where it cannot be taken at all.
    /// @param id Of the authorisation.
    /// @param authorisation Concerned.
    /// @param rule Row of the step.
    /// @return mandates Of the consumer, the provider, the competent department; without roles where it may not.
    function _mandates(AuthorisationId id, Authorisation storage authorisation, Rule memory rule)
        private
        view
        returns (Mandate[] memory mandates)
    {
        DepartmentId provider = _CATALOGUE.providerOf(authorisation.entry);
        (DepartmentId competent, bool screening) = _REGISTRY.competentOf(provider);
        if (rule.screening && !screening) revert ScreeningUnsuitable(id, competent, screening);
        uint32 providing = rule.bySuspender && authorisation.suspendedBy != _PROVIDER ? 0 : rule.provider;
        mandates = new Mandate[](3);
        mandates[0] = Mandate(_REGISTRY.applicationOf(authorisation.application), rule.consumer);
        mandates[1] = Mandate(provider, providing);
        mandates[2] = Mandate(competent, rule.competent);
    }

    /// @notice Get an authorisation, or revert.
    /// @param id Any id.
    /// @return authorisation As it stands.
    function _existing(AuthorisationId id) private view returns (Authorisation storage authorisation) {
        authorisation = _authorisations[AuthorisationId.unwrap(id)];
        if (authorisation.state == 0) revert AuthorisationUnknown(id);
    }

    /// @notice Whether calls are permitted in a state.
    /// @param state Of AuthorisationStates.
    /// @return Of Permits.
    function _permitsNow(uint8 state) private pure returns (uint8) {
        if (
            state == AuthorisationStates.AGREED || state == AuthorisationStates.DELIVERED
                || state == AuthorisationStates.ACTIVE
        ) return Permits.PERMITTED;
        if (state == AuthorisationStates.SUSPENDED || state == AuthorisationStates.RECTIFIED) {
            return Permits.SUSPENDED;
        }
        if (state >= AuthorisationStates.TERMINATED) return Permits.TERMINATED;
        return Permits.NOT_AGREED;
    }
}
