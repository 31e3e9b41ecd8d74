// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandate, SignedDecision} from "./SignedDecision.sol";
import {ICatalogueRegistry} from "./interfaces/ICatalogueRegistry.sol";
import {IDepartmentRegistry} from "./interfaces/IDepartmentRegistry.sol";
import {IShareAuthorisations} from "./interfaces/IShareAuthorisations.sol";
import {DecisionHashes} from "./libraries/DecisionHashes.sol";
import {StepTable} from "./libraries/StepTable.sol";
import {Application, ApplyFor, Change, Reply, Signature, Step} from "./types/Decisions.sol";
import {
    Answers,
    AuthorisationStates,
    DepartmentStatuses,
    Marks,
    Modes,
    Permits,
    Roles,
    ShareTypes,
    Sides,
    StepFlags
} from "./types/Enumerations.sol";
import {AuthorisationId, DepartmentId, EntryId, KeyId, PurposeId} from "./types/Ids.sol";
import {Authorisation, Entry, Rule} from "./types/Records.sol";

/// @title Share authorisations, from the application to the end of the use.
/// @notice Applying, replying and changing set terms and are written out; who may do what when, after the reply, is a row
/// of `StepTable`.
contract ShareAuthorisations is IShareAuthorisations, SignedDecision {
    /// The two bits of Marks that tell who has proposed the change that is open.
    uint8 private constant _CHANGE_OPEN = Marks.CHANGE_PROPOSED_BY_CONSUMER | Marks.CHANGE_PROPOSED_BY_PROVIDER;

    ICatalogueRegistry private immutable _CATALOGUE;

    /// Id of the last authorisation.
    uint64 private _count;
    mapping(uint64 authorisation => Authorisation) private _authorisations;
    /// keccak256 of the terms of the change that is open; zero where none is.
    mapping(uint64 authorisation => bytes32 terms) private _changes;
    /// What a standing reply has agreed to last, for each consumer.
    mapping(EntryId entry => mapping(DepartmentId consumer => uint64 authorisation)) private _standing;

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
        if (rule.from == 0 || _has(rule, StepFlags.TERMS)) revert StepUnknown(decision.step);
        (Mandate[] memory mandates, bool screening) = _mandates(authorisation, rule);
        (, uint256 mandate,) =
            _accept(DecisionHashes.hashOf(decision), decision.nonce, decision.notAfter, signature, mandates);
        _requireSuitable(decision.authorisation, authorisation, rule);
        if (_has(rule, StepFlags.SCREENING) && !screening) {
            revert ScreeningUnsuitable(decision.authorisation, mandates[2].department, screening);
        }
        if (_has(rule, StepFlags.FROM_PROVIDER) && authorisation.suspendedBy != Sides.PROVIDER) {
            revert SuspenderUnsuitable(decision.authorisation, authorisation.suspendedBy);
        }
        _requireAnswer(
            decision.authorisation,
            decision.revision,
            decision.subject,
            authorisation,
            _has(rule, StepFlags.PROTECTIVE)
        );
        if (_has(rule, StepFlags.DOCUMENT) && decision.digest == 0) {
            revert DigestMissing(signature.key, decision.nonce);
        }
        _requireFields(decision, rule, authorisation);
        if (_has(rule, StepFlags.CLOSES_CHANGE) && authorisation.marks & _CHANGE_OPEN == 0) {
            revert NoChangePending(decision.authorisation);
        }
        // Mandates stand in the order of Sides, which counts from 1.
        uint8 side = uint8(mandate + 1);
        _mark(decision, rule, authorisation, side);
        uint8 state = _move(decision, rule, authorisation, side);
        if (_has(rule, StepFlags.ENDS) && decision.effective < authorisation.validUntil) {
            authorisation.validUntil = uint40(decision.effective);
        }
        // Nothing ever waits for the document of a protective step: what was to be answered before still is.
        if (decision.digest != 0 && !_has(rule, StepFlags.PROTECTIVE)) authorisation.subject = decision.digest;
        emit Advanced(
            decision.authorisation,
            decision.step,
            decision.revision,
            decision.outcome,
            decision.effective,
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
    function change(Change calldata decision, Signature calldata signature) external {
        Authorisation storage authorisation = _existing(decision.authorisation);
        Rule memory rule = StepTable.row(decision.step);
        if (!_has(rule, StepFlags.TERMS)) revert StepUnknown(decision.step);
        (Mandate[] memory mandates,) = _mandates(authorisation, rule);
        (, uint256 mandate,) =
            _accept(DecisionHashes.hashOf(decision), decision.nonce, decision.notAfter, signature, mandates);
        _requireSuitable(decision.authorisation, authorisation, rule);
        _requireAnswer(decision.authorisation, decision.revision, decision.subject, authorisation, false);
        if (decision.digest == 0) revert DigestMissing(signature.key, decision.nonce);
        if (_has(rule, StepFlags.CLOSES_CHANGE)) {
            _requireProposed(decision, authorisation);
            _requireTerms(decision, authorisation);
            _closeChange(decision.authorisation, authorisation);
            _applyChange(decision, authorisation);
        } else {
            if (authorisation.marks & _CHANGE_OPEN != 0) revert ChangePending(decision.authorisation);
            _requireTerms(decision, authorisation);
            _changes[AuthorisationId.unwrap(decision.authorisation)] = _termsOf(decision);
            authorisation.marks |= mandate + 1 == Sides.CONSUMER
                ? Marks.CHANGE_PROPOSED_BY_CONSUMER
                : Marks.CHANGE_PROPOSED_BY_PROVIDER;
        }
        authorisation.subject = decision.digest;
        emit Changed(
            decision.authorisation,
            decision.step,
            decision.revision,
            decision.items,
            decision.validFrom,
            decision.validUntil,
            decision.callsPerDay,
            decision.rowsPerDay,
            decision.terms,
            decision.subject,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            authorisation.state,
            authorisation.revision,
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
        Entry memory entry = _CATALOGUE.entryOf(found.entry);
        if (!_isActive(_REGISTRY.applicationOf(found.application)) || !_isActive(entry.provider)) {
            return Permits.DEPARTMENT_SUSPENDED;
        }
        if (entry.frozen) return Permits.ENTRY_FROZEN;
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
    function changeOf(AuthorisationId authorisation) external view returns (bytes32) {
        return _changes[AuthorisationId.unwrap(authorisation)];
    }

    /// @inheritdoc IShareAuthorisations
    function standingOf(EntryId entry, DepartmentId consumer) external view returns (AuthorisationId) {
        return AuthorisationId.wrap(_standing[entry][consumer]);
    }

    /// @inheritdoc IShareAuthorisations
    function count() external view returns (uint64) {
        return _count;
    }

    /// @inheritdoc IShareAuthorisations
    function ruleOf(uint8 step) external pure returns (Rule memory) {
        return StepTable.row(step);
    }

    /// @inheritdoc IShareAuthorisations
    function rulingsOf(uint8 state) external pure returns (uint16) {
        return StepTable.rulings(state);
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
        _requireActive(entry.provider);
        _requireApplicable(application, entry);
        (uint32 calls, uint32 rows) = (application.callsPerDay, application.rowsPerDay);
        state = AuthorisationStates.APPLIED;
        // A standing reply agrees to what it was given for: its own terms, one period after the other for each consumer, so
        // that its quota is one. Anything else waits for the provider.
        if (
            entry.standing && entry.shareType == ShareTypes.UNCONDITIONAL
                && application.terms == entry.standingTerms && !_counts(_standing[application.entry][department])
        ) {
            state = AuthorisationStates.AGREED;
            _standing[application.entry][department] = id;
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
            marks: 0,
            // An item count is 1 to 256, so its last position fits.
            lastItem: uint8(entry.itemCount - 1),
            version: application.version,
            revision: 1,
            callsPerDay: calls,
            rowsPerDay: rows,
            validFrom: uint40(application.validFrom),
            validUntil: uint40(application.validUntil)
        });
    }

    /// @notice Check what must have been done before a step and what must not, and mark that it is taken, or revert.
    /// @param decision The step.
    /// @param rule Row of the step.
    /// @param authorisation Concerned.
    /// @param side Of Sides, that signed.
    function _mark(Step calldata decision, Rule memory rule, Authorisation storage authorisation, uint8 side) private {
        uint8 once = rule.once;
        if (once == 0) return;
        uint8 marks = authorisation.marks;
        if (rule.onlyAfter & ~marks != 0) revert NotAskedFor(decision.authorisation, decision.step);
        if (_has(rule, StepFlags.EACH_SIDE)) once <<= side - Sides.PROVIDER;
        if (marks & once != 0) revert AlreadyDone(decision.authorisation, decision.step);
        authorisation.marks = marks | once;
    }

    /// @notice Bring an authorisation into the state after a step.
    /// @param decision The step.
    /// @param rule Row of the step.
    /// @param authorisation Concerned.
    /// @param side Of Sides, that signed.
    /// @return state Of AuthorisationStates.
    function _move(Step calldata decision, Rule memory rule, Authorisation storage authorisation, uint8 side)
        private
        returns (uint8 state)
    {
        uint8 before = authorisation.state;
        state = rule.to == 0 ? before : rule.to;
        if (_has(rule, StepFlags.KEEPS_PRIOR)) authorisation.prior = before;
        if (_has(rule, StepFlags.SUSPENDS)) authorisation.suspendedBy = side;
        if (_has(rule, StepFlags.TO_PRIOR)) state = authorisation.prior;
        if (_has(rule, StepFlags.RULES)) {
            state = decision.outcome;
            if (state == AuthorisationStates.SUSPENDED && before != state) {
                (authorisation.prior, authorisation.suspendedBy) = (before, Sides.COMPETENT);
            }
        }
        // Back where it was: nothing of the interruption is left.
        if (state == authorisation.prior) (authorisation.prior, authorisation.suspendedBy) = (0, 0);
        authorisation.state = state;
        // A proposed change is about data that is being used: with the use it lapses.
        bool closes = _has(rule, StepFlags.CLOSES_CHANGE) || _permitsNow(state) != Permits.PERMITTED;
        if (closes) _closeChange(decision.authorisation, authorisation);
    }

    /// @notice Forget the change that is open, if one is.
    /// @param id Of the authorisation.
    /// @param authorisation Concerned.
    function _closeChange(AuthorisationId id, Authorisation storage authorisation) private {
        if (authorisation.marks & _CHANGE_OPEN == 0) return;
        authorisation.marks &= ~_CHANGE_OPEN;
        delete _changes[AuthorisationId.unwrap(id)];
    }

    /// @notice Put the terms of a change in force.
    /// @param decision The change, accepted.
    /// @param authorisation Concerned.
    function _applyChange(Change calldata decision, Authorisation storage authorisation) private {
        authorisation.items = decision.items;
        authorisation.terms = decision.terms;
        authorisation.callsPerDay = decision.callsPerDay;
        authorisation.rowsPerDay = decision.rowsPerDay;
        authorisation.validFrom = uint40(decision.validFrom);
        authorisation.validUntil = uint40(decision.validUntil);
        ++authorisation.revision;
    }

    /// @notice Check an application against the entry, or revert.
    /// @param application To check.
    /// @param entry As it stands.
    function _requireApplicable(Application calldata application, Entry memory entry) private view {
        if (entry.frozen) revert ICatalogueRegistry.EntryIsFrozen(application.entry);
        if (entry.current == 0 || application.version != entry.current) {
            revert ICatalogueRegistry.VersionNotCurrent(application.entry, entry.current, application.version);
        }
        if (application.mode == 0 || application.mode > Modes.STATISTICS) revert ModeInvalid(application.mode);
        // Statistics of data that is not shared need the provider's opting in, and there is no way yet to say so.
        if (entry.shareType == ShareTypes.NOT_SHARED) revert EntryNotShared(application.entry, application.mode);
        if (application.items == 0 || application.items >> entry.itemCount != 0) {
            revert ItemsInvalid(application.entry, application.items, entry.itemCount);
        }
        _requireQuota(application.callsPerDay, application.rowsPerDay);
        _requirePeriod(application.validFrom, application.validUntil);
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
        _requirePeriod(decision.validFrom, decision.validUntil);
        if (decision.validFrom < authorisation.validFrom || decision.validUntil > authorisation.validUntil) {
            revert PeriodWidened(decision.authorisation, decision.validFrom, decision.validUntil);
        }
        _requireQuota(decision.callsPerDay, decision.rowsPerDay);
        if (decision.callsPerDay > authorisation.callsPerDay || decision.rowsPerDay > authorisation.rowsPerDay) {
            revert QuotaWidened(decision.authorisation, decision.callsPerDay, decision.rowsPerDay);
        }
    }

    /// @notice Check that an authorisation is in a state from which a step leads, or revert.
    /// @param id Of the authorisation.
    /// @param authorisation Concerned.
    /// @param rule Row of the step.
    function _requireSuitable(AuthorisationId id, Authorisation storage authorisation, Rule memory rule) private view {
        uint8 state = authorisation.state;
        uint16 from = rule.from;
        if (block.timestamp >= authorisation.validUntil) from |= rule.fromEnded;
        if (from >> state & 1 == 0) revert StateUnsuitable(id, state);
    }

    /// @notice Check that a decision is about the terms in force and answers the latest document, or revert.
    /// @param id Of the authorisation.
    /// @param revision In the decision.
    /// @param subject In the decision.
    /// @param authorisation Concerned.
    /// @param protective Whether the step answers no document.
    function _requireAnswer(
        AuthorisationId id,
        uint32 revision,
        bytes32 subject,
        Authorisation storage authorisation,
        bool protective
    ) private view {
        if (revision != authorisation.revision) revert RevisionMismatch(id, authorisation.revision, revision);
        bytes32 expected = protective ? bytes32(0) : authorisation.subject;
        if (subject != expected) revert SubjectMismatch(expected, subject);
    }

    /// @notice Check the fields that only one step has each, or revert.
    /// @param decision The step.
    /// @param rule Row of the step.
    /// @param authorisation Concerned.
    function _requireFields(Step calldata decision, Rule memory rule, Authorisation storage authorisation)
        private
        view
    {
        (uint8 outcome, bool fits) = (decision.outcome, decision.outcome == 0);
        if (_has(rule, StepFlags.RULES)) {
            uint16 allowed = StepTable.rulings(authorisation.state);
            // Bit 0 is no state: it stands for the one that was kept.
            fits = outcome != 0 && allowed >> outcome & 1 == 1;
            if (allowed & StepTable.PRIOR != 0 && outcome != 0 && outcome == authorisation.prior) fits = true;
        }
        if (!fits) revert OutcomeInvalid(decision.authorisation, outcome);
        fits = _has(rule, StepFlags.ENDS) ? decision.effective > block.timestamp : decision.effective == 0;
        if (!fits) revert EffectiveInvalid(decision.authorisation, decision.effective);
    }

    /// @notice Check that a change is open and has these terms, or revert.
    /// @param decision The change, to be accepted.
    /// @param authorisation Concerned.
    function _requireProposed(Change calldata decision, Authorisation storage authorisation) private view {
        if (authorisation.marks & _CHANGE_OPEN == 0) revert NoChangePending(decision.authorisation);
        bytes32 proposed = _changes[AuthorisationId.unwrap(decision.authorisation)];
        bytes32 accepted = _termsOf(decision);
        if (accepted != proposed) revert ChangeDiffers(decision.authorisation, proposed, accepted);
    }

    /// @notice Check the terms of a change, or revert.
    /// @param decision The change.
    /// @param authorisation Concerned.
    function _requireTerms(Change calldata decision, Authorisation storage authorisation) private view {
        uint16 itemCount = uint16(authorisation.lastItem) + 1;
        if (decision.items == 0 || decision.items >> itemCount != 0) {
            revert ItemsInvalid(authorisation.entry, decision.items, itemCount);
        }
        _requireQuota(decision.callsPerDay, decision.rowsPerDay);
        _requirePeriod(decision.validFrom, decision.validUntil);
    }

    /// @notice Check that a period is one and has not ended, or revert.
    /// @param validFrom First second.
    /// @param validUntil Second after the last.
    function _requirePeriod(uint64 validFrom, uint64 validUntil) private view {
        if (validFrom >= validUntil || validUntil <= block.timestamp || validUntil > type(uint40).max) {
            revert PeriodInvalid(validFrom, validUntil);
        }
    }

    /// @notice Who may take a step of an authorisation.
    /// @param authorisation Concerned.
    /// @param rule Row of the step.
    /// @return mandates Of Sides in their order; without roles where it may not.
    /// @return screening Whether the competent department screens applications.
    function _mandates(Authorisation storage authorisation, Rule memory rule)
        private
        view
        returns (Mandate[] memory mandates, bool screening)
    {
        DepartmentId consumer = _REGISTRY.applicationOf(authorisation.application);
        DepartmentId provider = _CATALOGUE.providerOf(authorisation.entry);
        DepartmentId competent;
        (competent, screening) = _REGISTRY.competentOf(provider);
        (uint32 consuming, uint32 providing) = (rule.consumer, rule.provider);
        if (_has(rule, StepFlags.BY_SUSPENDER) && authorisation.suspendedBy != Sides.PROVIDER) providing = 0;
        if (_has(rule, StepFlags.OTHER_SIDE)) {
            if (authorisation.marks & Marks.CHANGE_PROPOSED_BY_CONSUMER != 0) consuming = 0;
            if (authorisation.marks & Marks.CHANGE_PROPOSED_BY_PROVIDER != 0) providing = 0;
        }
        bool ruling = _has(rule, StepFlags.RULES);
        mandates = new Mandate[](ruling ? 4 : 3);
        mandates[0] = Mandate(consumer, consuming, false);
        mandates[1] = Mandate(provider, providing, _has(rule, StepFlags.EVEN_INACTIVE));
        mandates[2] = Mandate(competent, rule.competent, false);
        if (ruling) mandates[3] = Mandate(_REGISTRY.commonSuperiorOf(consumer, provider), rule.competent, false);
    }

    /// @notice Whether a standing reply's agreement still counts: to the end of the day in which its period ends, whatever
    /// became of it. Its quota is a day's; and what was ended for cause does not come back by itself.
    /// @param id Of the authorisation; 0: none.
    /// @return Whether it does.
    function _counts(uint64 id) private view returns (bool) {
        // A day is Beijing's, eight hours before UTC's.
        return id != 0
            && (block.timestamp + 8 hours) / 1 days <= (_authorisations[id].validUntil - 1 + 8 hours) / 1 days;
    }

    /// @notice Whether a department takes part.
    /// @param department Any id.
    /// @return Whether it is active.
    function _isActive(DepartmentId department) private view returns (bool) {
        return _REGISTRY.statusOf(department) == DepartmentStatuses.ACTIVE;
    }

    /// @notice Get an authorisation, or revert.
    /// @param id Any id.
    /// @return authorisation As it stands.
    function _existing(AuthorisationId id) private view returns (Authorisation storage authorisation) {
        authorisation = _authorisations[AuthorisationId.unwrap(id)];
        if (authorisation.state == 0) revert AuthorisationUnknown(id);
    }

    /// @notice Check that a quota allows something, or revert.
    /// @param callsPerDay In the decision.
    /// @param rowsPerDay In the decision.
    function _requireQuota(uint32 callsPerDay, uint32 rowsPerDay) private pure {
        if (callsPerDay == 0 || rowsPerDay == 0) revert QuotaZero(callsPerDay, rowsPerDay);
    }

    /// @notice Whether a row of the table has a flag.
    /// @param rule The row.
    /// @param flag Of StepFlags.
    /// @return Whether it has.
    function _has(Rule memory rule, uint16 flag) private pure returns (bool) {
        return rule.flags & flag != 0;
    }

    /// @notice What both sides of a change must have signed alike.
    /// @param decision The change.
    /// @return keccak256 of its terms.
    function _termsOf(Change calldata decision) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                decision.items,
                decision.validFrom,
                decision.validUntil,
                decision.callsPerDay,
                decision.rowsPerDay,
                decision.terms
            )
        );
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
