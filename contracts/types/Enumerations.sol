// SPDX-License-Identifier: Apache-2.0
// Lists of numbers, read side by side; none of them is deployed.
// solhint-disable one-contract-per-file
pragma solidity 0.8.37;

// The enumerations, numbered from 1; 0 is invalid everywhere. The numbers are part of the wire format
// (docs/protocol.md). hardhat/export.ts writes them to node/protocol/abi/enumerations.json for everybody else.

/// @title Bits of the roles a department grants to a key.
/// @notice A key may hold several at once, in one department or in several; whose key it is never decides.
library Roles {
    uint32 internal constant DATA_OFFICER = 1;
    uint32 internal constant OFFICE_HEAD = 2;
    uint32 internal constant DEPARTMENT_HEAD = 4;
    uint32 internal constant REVIEWER = 8;
    uint32 internal constant AUDITOR = 16;
    uint32 internal constant DUTY_OFFICER = 32;
}

/// @title What a key signs: decisions, checkpoints, calls.
/// @notice One key has one kind for good: an officer's key signs no checkpoint and no call.
library KeyKinds {
    uint8 internal constant OFFICER = 1;
    uint8 internal constant DEPARTMENT = 2;
    uint8 internal constant APPLICATION = 3;
}

/// @title What sort of body a department is.
/// @notice Fixed at enrolment; it grants nothing by itself.
library DepartmentKinds {
    uint8 internal constant GOVERNMENT = 1;
    uint8 internal constant AUTHORISED = 2;
    uint8 internal constant PARTY_OR_COURT = 3;
    uint8 internal constant UTILITY = 4;
    uint8 internal constant OTHER = 5;
}

/// @title Level of government.
/// @notice Fixed at enrolment, from the highest down; it grants nothing by itself.
library Levels {
    uint8 internal constant STATE = 1;
    uint8 internal constant PROVINCE = 2;
    uint8 internal constant CITY = 3;
    uint8 internal constant COUNTY = 4;
    uint8 internal constant TOWNSHIP = 5;
}

/// @title Whether a department takes part.
/// @notice 0 stands for a department that is not enrolled. One that is not active decides nothing, save for its own
/// protection; CLOSED is final.
library DepartmentStatuses {
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant SUSPENDED = 2;
    uint8 internal constant CLOSED = 3;
}

/// @title Share class of an entry version.
/// @notice Set by the version under which the data is shared: an authorisation pins both.
library ShareTypes {
    uint8 internal constant UNCONDITIONAL = 1;
    uint8 internal constant CONDITIONAL = 2;
    uint8 internal constant NOT_SHARED = 3;
}

/// @title How data is shared.
/// @notice Applied for, and replied to without change.
library Modes {
    uint8 internal constant QUERY = 1;
    uint8 internal constant BATCH = 2;
    uint8 internal constant FILE = 3;
    uint8 internal constant STATISTICS = 4;
}

/// @title State of a version of an entry.
/// @notice An entry keeps two: the latest version's (SUBMITTED, PUBLISHED, RETURNED), and that of the version in force
/// (PUBLISHED, WITHDRAWAL_SUBMITTED, WITHDRAWN). FROZEN is never kept: an entry is frozen whatever its versions do.
library EntryStates {
    uint8 internal constant SUBMITTED = 1;
    uint8 internal constant PUBLISHED = 2;
    uint8 internal constant RETURNED = 3;
    uint8 internal constant WITHDRAWAL_SUBMITTED = 4;
    uint8 internal constant WITHDRAWN = 5;
    uint8 internal constant FROZEN = 6;
}

/// @title State of a share authorisation.
/// @notice Calls are permitted in AGREED, DELIVERED and ACTIVE; that a period has ended is derived, never a state.
library AuthorisationStates {
    uint8 internal constant APPLIED = 1;
    uint8 internal constant FORWARDED = 2;
    uint8 internal constant RETURNED = 3;
    uint8 internal constant SUPPLEMENTING = 4;
    uint8 internal constant AGREED = 5;
    uint8 internal constant REFUSED = 6;
    uint8 internal constant WITHDRAWN = 7;
    uint8 internal constant DELIVERED = 8;
    uint8 internal constant ACTIVE = 9;
    uint8 internal constant SUSPENDED = 10;
    uint8 internal constant RECTIFIED = 11;
    uint8 internal constant TERMINATED = 12;
    uint8 internal constant DISPOSED = 13;
    uint8 internal constant CLOSED = 14;
}

/// @title In which part a department acts on an authorisation.
/// @notice In the order in which a signer's roles are looked for; that of a suspension is kept.
library Sides {
    uint8 internal constant CONSUMER = 1;
    uint8 internal constant PROVIDER = 2;
    uint8 internal constant COMPETENT = 3;
    uint8 internal constant SUPERIOR = 4;
}

/// @title Bits of what has been done on an authorisation and cannot be read from its state.
/// @notice A change's two bits tell which side has proposed the change that is open; the others stay for good. 16 is
/// left out: it is in no use any more, and must not come to mean something else.
library Marks {
    uint8 internal constant SUPPLEMENT_REQUESTED_BY_PROVIDER = 1;
    uint8 internal constant SUPPLEMENT_REQUESTED_BY_COMPETENT = 2;
    uint8 internal constant EXTENSION_REQUESTED = 4;
    uint8 internal constant EXTENSION_ANSWERED = 8;
    uint8 internal constant CHANGE_PROPOSED_BY_CONSUMER = 32;
    uint8 internal constant CHANGE_PROPOSED_BY_PROVIDER = 64;
}

/// @title A provider's reply to an application.
/// @notice Unconditional data can only be agreed to.
library Answers {
    uint8 internal constant AGREE = 1;
    uint8 internal constant PARTLY = 2;
    uint8 internal constant REFUSE = 3;
}

/// @title Steps of an authorisation after it was applied for.
/// @notice What each does, and who may take it, is a row of `StepTable`; a number without a row is refused.
library Steps {
    uint8 internal constant PASS = 1;
    uint8 internal constant RETURN = 2;
    uint8 internal constant REQUEST_SUPPLEMENT = 3;
    uint8 internal constant SUPPLEMENT = 4;
    uint8 internal constant REQUEST_EXTENSION = 5;
    uint8 internal constant GRANT_EXTENSION = 6;
    uint8 internal constant REJECT_EXTENSION = 7;
    uint8 internal constant WITHDRAW = 8;
    uint8 internal constant DELIVER = 9;
    uint8 internal constant CONFIRM = 10;
    uint8 internal constant PROPOSE_CHANGE = 11;
    uint8 internal constant ACCEPT_CHANGE = 12;
    uint8 internal constant REJECT_CHANGE = 13;
    uint8 internal constant SUSPEND = 14;
    uint8 internal constant RECTIFY = 15;
    uint8 internal constant RESUME = 16;
    uint8 internal constant TERMINATE_FOR_CAUSE = 17;
    uint8 internal constant END_SERVICE = 18;
    uint8 internal constant FINISH = 19;
    uint8 internal constant REPORT_DISPOSAL = 20;
    uint8 internal constant ACCEPT_DISPOSAL = 21;
    uint8 internal constant DISPUTE_DISPOSAL = 22;
    uint8 internal constant RULE_DISPUTE = 23;
    uint8 internal constant TAKE_OVER = 24;
}

/// @title Bits of what a row of `StepTable` asks for and does beside its states and signers.
/// @notice What each means stands above it; `ShareAuthorisations` carries it out.
library StepFlags {
    /// Answers no document and leaves the one to be answered as it is: nothing can hold it up.
    uint16 internal constant PROTECTIVE = 1;
    /// Only where the competent department screens applications.
    uint16 internal constant SCREENING = 2;
    /// Keeps the state that is left, so that a later step goes back to it.
    uint16 internal constant KEEPS_PRIOR = 4;
    /// Goes back to the state that was kept.
    uint16 internal constant TO_PRIOR = 8;
    /// The side that signs becomes the one that suspended.
    uint16 internal constant SUSPENDS = 16;
    /// The provider may sign only where it was the provider that suspended.
    uint16 internal constant BY_SUSPENDER = 32;
    /// Only where it was the provider that suspended.
    uint16 internal constant FROM_PROVIDER = 64;
    /// Names a document.
    uint16 internal constant DOCUMENT = 128;
    /// Every side has a mark of its own: the row names the provider's, the competent department's is the next bit.
    uint16 internal constant EACH_SIDE = 256;
    /// Sets the second at which the service ends: `effective`.
    uint16 internal constant ENDS = 512;
    /// The state after it is `outcome`, as `rulingsOf` allows; a superior common to both parties may sign, too.
    uint16 internal constant RULES = 1024;
    /// Carries terms: taken by `change`, not by `advance`.
    uint16 internal constant TERMS = 2048;
    /// Where a change is open, only the side that did not propose it may sign.
    uint16 internal constant OTHER_SIDE = 4096;
    /// Only while a change is open; closes it.
    uint16 internal constant CLOSES_CHANGE = 8192;
    /// The provider may sign although it is not active.
    uint16 internal constant EVEN_INACTIVE = 16384;
}

/// @title Answer of `ShareAuthorisations.permits`.
/// @notice The first reason that stands in the way of a call.
library Permits {
    uint8 internal constant PERMITTED = 1;
    uint8 internal constant UNKNOWN = 2;
    uint8 internal constant NOT_AGREED = 3;
    uint8 internal constant NOT_STARTED = 4;
    uint8 internal constant EXPIRED = 5;
    uint8 internal constant SUSPENDED = 6;
    uint8 internal constant TERMINATED = 7;
    uint8 internal constant ITEM_NOT_GRANTED = 8;
    uint8 internal constant PURPOSE_NOT_GRANTED = 9;
    uint8 internal constant DEPARTMENT_SUSPENDED = 10;
    uint8 internal constant ENTRY_FROZEN = 11;
}
