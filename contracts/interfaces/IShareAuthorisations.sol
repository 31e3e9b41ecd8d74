// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Application, ApplyFor, Change, Reply, Signature, Step} from "../types/Decisions.sol";
import {ApplicationId, AuthorisationId, DepartmentId, EntryId, KeyId, PurposeId} from "../types/Ids.sol";
import {Authorisation, Rule} from "../types/Records.sol";
import {ISignedDecision} from "./ISignedDecision.sol";

/// @title Share authorisations: who may use which items of which version, for what, how much, until when.
/// @notice Applied for by the consumer, answered by the provider, then moved on step by step; `ruleOf` is the table of the steps.
interface IShareAuthorisations is ISignedDecision {
    /// @notice Emitted when a department applies for the use of entries.
    /// @param department The consumer.
    /// @param applications In the order of the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param first Id of the first authorisation; the others follow.
    /// @param states Of AuthorisationStates, in the same order: Agreed where a standing reply answers at once.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
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

    /// @notice Emitted when a provider answers an application.
    /// @param authorisation Answered.
    /// @param answer Of Answers.
    /// @param items Granted, as a bitmap.
    /// @param mode Of Modes.
    /// @param validFrom First second of validity.
    /// @param validUntil Second after the last of validity.
    /// @param callsPerDay Granted.
    /// @param rowsPerDay Granted.
    /// @param terms SM3 of the terms document; zero: none.
    /// @param subject SM3 of the document answered.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param state Of AuthorisationStates, from now on.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
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

    /// @notice Emitted when an authorisation takes a step.
    /// @param authorisation Concerned.
    /// @param step Of Steps.
    /// @param revision Of the authorisation.
    /// @param outcome State as ruled, of AuthorisationStates; 0 where the step rules no dispute.
    /// @param effective Second at which the service ends; 0 where the step does not end it.
    /// @param subject SM3 of the document answered; zero where the step is protective.
    /// @param digest SM3 of the document behind the step; zero: none.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param state Of AuthorisationStates, from now on.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event Advanced(
        AuthorisationId indexed authorisation,
        uint8 step,
        uint32 revision,
        uint8 outcome,
        uint64 effective,
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

    /// @notice Emitted when one side proposes other terms, or the other side accepts them.
    /// @param authorisation Concerned.
    /// @param step Of Steps: PROPOSE_CHANGE or ACCEPT_CHANGE.
    /// @param revision Of the terms to be changed.
    /// @param items Granted, as a bitmap.
    /// @param validFrom First second of validity.
    /// @param validUntil Second after the last of validity.
    /// @param callsPerDay Granted.
    /// @param rowsPerDay Granted.
    /// @param terms SM3 of the terms document; zero: none.
    /// @param subject SM3 of the document answered.
    /// @param digest SM3 of the document behind the decision.
    /// @param nonce Of the decision, unique for the key in this contract.
    /// @param notAfter Last second at which the decision could take effect.
    /// @param state Of AuthorisationStates: a change leaves it as it is.
    /// @param newRevision Of the terms in force from now on.
    /// @param seq Number of the event in this contract, from 1, without gaps.
    /// @param signingKey Key that signed the decision.
    /// @param r First half of the SM2 signature.
    /// @param s Second half of the SM2 signature.
    event Changed(
        AuthorisationId indexed authorisation,
        uint8 step,
        uint32 revision,
        uint256 items,
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
        uint32 newRevision,
        uint64 seq,
        KeyId indexed signingKey,
        uint256 r,
        uint256 s
    );

    /// @notice Thrown when a decision applies for nothing.
    /// @param department The consumer.
    error ApplicationsEmpty(DepartmentId department);

    /// @notice Thrown when an application of another department is named.
    /// @param application Named.
    /// @param department The consumer.
    /// @param owner Whose application it is.
    error ApplicationNotOfDepartment(ApplicationId application, DepartmentId department, DepartmentId owner);

    /// @notice Thrown when an entry that is not shared is applied for.
    /// @param entry Named.
    /// @param mode Of Modes: not even statistics, as no provider can opt in yet.
    error EntryNotShared(EntryId entry, uint8 mode);

    /// @notice Thrown when no item is applied for or proposed, or one the pinned version does not have.
    /// @param entry Named.
    /// @param items In the decision.
    /// @param itemCount Of the version.
    error ItemsInvalid(EntryId entry, uint256 items, uint16 itemCount);

    /// @notice Thrown when a mode is none of Modes.
    /// @param mode Named.
    error ModeInvalid(uint8 mode);

    /// @notice Thrown when a quota allows nothing.
    /// @param callsPerDay In the decision.
    /// @param rowsPerDay In the decision.
    error QuotaZero(uint32 callsPerDay, uint32 rowsPerDay);

    /// @notice Thrown when an authorisation does not exist.
    /// @param authorisation Named.
    error AuthorisationUnknown(AuthorisationId authorisation);

    /// @notice Thrown when an authorisation is not in a state from which this can be done.
    /// @param authorisation Named.
    /// @param state Of AuthorisationStates.
    error StateUnsuitable(AuthorisationId authorisation, uint8 state);

    /// @notice Thrown when a reply comes before a reviewer has passed the application, or a review where none is held.
    /// @param authorisation Named.
    /// @param competent Competent department of the provider.
    /// @param screening Whether it screens.
    error ScreeningUnsuitable(AuthorisationId authorisation, DepartmentId competent, bool screening);

    /// @notice Thrown when an answer is none of Answers.
    /// @param authorisation Named.
    /// @param answer Named.
    error AnswerInvalid(AuthorisationId authorisation, uint8 answer);

    /// @notice Thrown when an application for unconditional data is not agreed to in full.
    /// @param authorisation Named.
    /// @param answer Of Answers.
    error AnswerNotAllowed(AuthorisationId authorisation, uint8 answer);

    /// @notice Thrown when the items granted do not fit the answer: all, some, or none of those applied for.
    /// @param authorisation Named.
    /// @param answer Of Answers.
    /// @param applied Bitmap applied for.
    /// @param granted Bitmap in the reply.
    error ItemsNotGrantable(AuthorisationId authorisation, uint8 answer, uint256 applied, uint256 granted);

    /// @notice Thrown when a reply grants another mode than the one applied for.
    /// @param authorisation Named.
    /// @param applied Of Modes.
    /// @param granted Of Modes.
    error ModeDiffers(AuthorisationId authorisation, uint8 applied, uint8 granted);

    /// @notice Thrown when a reply grants a longer time than was applied for.
    /// @param authorisation Named.
    /// @param validFrom In the reply.
    /// @param validUntil In the reply.
    error PeriodWidened(AuthorisationId authorisation, uint64 validFrom, uint64 validUntil);

    /// @notice Thrown when a reply grants more use than was applied for.
    /// @param authorisation Named.
    /// @param callsPerDay In the reply.
    /// @param rowsPerDay In the reply.
    error QuotaWidened(AuthorisationId authorisation, uint32 callsPerDay, uint32 rowsPerDay);

    /// @notice Thrown when a step is not in the table, or is not taken by this function.
    /// @param step Named.
    error StepUnknown(uint8 step);

    /// @notice Thrown when a step is signed for another revision of the terms.
    /// @param authorisation Named.
    /// @param current Revision in force.
    /// @param revision In the decision.
    error RevisionMismatch(AuthorisationId authorisation, uint32 current, uint32 revision);

    /// @notice Thrown when a suspension that is not the provider's is taken over.
    /// @param authorisation Named.
    /// @param suspendedBy Of Sides.
    error SuspenderUnsuitable(AuthorisationId authorisation, uint8 suspendedBy);

    /// @notice Thrown when a step names a state that a dispute cannot be ruled to, or names one and rules no dispute.
    /// @param authorisation Named.
    /// @param outcome Of AuthorisationStates.
    error OutcomeInvalid(AuthorisationId authorisation, uint8 outcome);

    /// @notice Thrown when a service would end in the past, or a step names an end and does not end the service.
    /// @param authorisation Named.
    /// @param effective Second named.
    error EffectiveInvalid(AuthorisationId authorisation, uint64 effective);

    /// @notice Thrown when a step answers a request that was not made.
    /// @param authorisation Named.
    /// @param step Of Steps.
    error NotAskedFor(AuthorisationId authorisation, uint8 step);

    /// @notice Thrown when a step that can be taken once has been taken, by this side, or the step that excludes it.
    /// @param authorisation Named.
    /// @param step Of Steps.
    error AlreadyDone(AuthorisationId authorisation, uint8 step);

    /// @notice Thrown when a change is proposed while another is open.
    /// @param authorisation Named.
    error ChangePending(AuthorisationId authorisation);

    /// @notice Thrown when a change is accepted or rejected while none is open.
    /// @param authorisation Named.
    error NoChangePending(AuthorisationId authorisation);

    /// @notice Thrown when other terms are accepted than were proposed.
    /// @param authorisation Named.
    /// @param proposed keccak256 of the terms proposed.
    /// @param accepted keccak256 of the terms in the decision.
    error ChangeDiffers(AuthorisationId authorisation, bytes32 proposed, bytes32 accepted);

    /// @notice Apply for the use of entries, one signature for all; signed by an office head of the consumer.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function applyFor(ApplyFor calldata decision, Signature calldata signature) external;

    /// @notice Agree to an application in whole or in part, or refuse it; signed by an office head of the provider.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function reply(Reply calldata decision, Signature calldata signature) external;

    /// @notice Take the next step of an authorisation; who signs it stands in the table.
    /// @param decision What was decided.
    /// @param signature Key and SM2 signature of who decided.
    function advance(Step calldata decision, Signature calldata signature) external;

    /// @notice Propose other terms, signed by an office head of either side; or accept them, signed by one of the other side.
    /// @param decision What was decided; both sides sign the same terms.
    /// @param signature Key and SM2 signature of who decided.
    function change(Change calldata decision, Signature calldata signature) external;

    /// @notice Judge a call by what the chain knows; the provider's node judges the rest.
    /// @param authorisation Named in the call.
    /// @param applicationKey That signed the call.
    /// @param items Asked for, as a bitmap.
    /// @param purpose Named in the call.
    /// @return reason Of Permits.
    function permits(AuthorisationId authorisation, KeyId applicationKey, uint256 items, PurposeId purpose)
        external
        view
        returns (uint8 reason);

    /// @notice Get an authorisation, or revert with AuthorisationUnknown.
    /// @param authorisation Any id.
    /// @return As it stands.
    function authorisationOf(AuthorisationId authorisation) external view returns (Authorisation memory);

    /// @notice Get who has to do with an authorisation, or revert with AuthorisationUnknown.
    /// @param authorisation Any id.
    /// @return consumer Who uses.
    /// @return provider Who serves.
    /// @return competent Who supervises the provider.
    function partiesOf(AuthorisationId authorisation)
        external
        view
        returns (DepartmentId consumer, DepartmentId provider, DepartmentId competent);

    /// @notice The change that is open: proposed, neither accepted nor rejected, and not lapsed.
    /// @param authorisation Any id.
    /// @return keccak256 of its terms (items, validFrom, validUntil, callsPerDay, rowsPerDay, terms); zero: none.
    function changeOf(AuthorisationId authorisation) external view returns (bytes32);

    /// @notice What an entry's standing reply agreed to last for a consumer; up to the end of the Beijing day in which its
    /// period ends nothing more is agreed to.
    /// @param entry Any id.
    /// @param consumer Any id.
    /// @return Zero where there is none.
    function standingOf(EntryId entry, DepartmentId consumer) external view returns (AuthorisationId);

    /// @notice The states in which a dispute can be ruled to end.
    /// @param state Of AuthorisationStates, when it is ruled.
    /// @return Bit i: state i of AuthorisationStates; bit 0: the state that was kept when it was suspended.
    function rulingsOf(uint8 state) external view returns (uint16);

    /// @notice A row of the table of steps.
    /// @param step Of Steps.
    /// @return All zero where there is no such step.
    function ruleOf(uint8 step) external view returns (Rule memory);

    /// @notice How many authorisations there are; their ids run from 1 to this.
    /// @return Id of the last.
    function count() external view returns (uint64);
}
