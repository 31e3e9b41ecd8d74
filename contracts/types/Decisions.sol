// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ApplicationId, AuthorisationId, DepartmentId, EntryId, KeyId, PurposeId} from "./Ids.sol";

// One declaration per decision: the struct is at once the EIP-712 type, the calldata and the head of the event.

/// Who signed, and the SM2 signature over the decision's text.
struct Signature {
    KeyId key;
    uint256 r;
    uint256 s;
}

/// Proof that the holder of a new key has it: its own signature over the same text.
struct Possession {
    uint256 r;
    uint256 s;
}

struct EnrolDepartment {
    DepartmentId department;
    DepartmentId parent;
    DepartmentId competent;
    uint8 kind;
    uint8 level;
    bool screening;
    bool mayEnrol;
    uint256 headX;
    uint256 headY;
    bytes32 person; // random handle of who holds the head key
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct UpdateDepartment {
    DepartmentId department;
    DepartmentId competent;
    bool screening;
    bool mayEnrol;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct SetDepartmentStatus {
    DepartmentId department;
    uint8 status;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct AddKey {
    bytes32 holder; // department or application
    uint8 kind;
    uint256 qx;
    uint256 qy;
    bytes32 person; // random handle of an officer, the same on all of this officer's keys; zero for other kinds
    uint64 validFrom;
    uint64 validUntil;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct RevokeKey {
    KeyId key;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct RecoverKey {
    DepartmentId department;
    uint256 headX;
    uint256 headY;
    bytes32 person; // random handle of who holds the new head key
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct GrantRoles {
    DepartmentId department;
    KeyId key;
    uint32 roles;
    uint64 validFrom;
    uint64 validUntil;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct RegisterApplication {
    DepartmentId department;
    bytes32 codeHash;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct ListContract {
    bytes32 name;
    address contractAddress;
    bytes32 codeHash;
    uint64 nonce;
    uint64 notAfter;
}

struct Version {
    bytes32 codeHash;
    uint32 version;
    uint8 shareType;
    uint16 itemCount;
    bytes32 digest;
}

struct SubmitVersions {
    DepartmentId department;
    Version[] versions;
    uint64 nonce;
    uint64 notAfter;
}

struct Review {
    EntryId entry;
    uint32 version;
    bool publish;
    bytes32 subject;
}

struct ReviewVersions {
    Review[] reviews;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct SetStandingReply {
    EntryId entry;
    bool standing;
    uint32 callsPerDay;
    uint32 rowsPerDay;
    bytes32 terms;
    uint64 nonce;
    uint64 notAfter;
}

struct Withdrawal {
    EntryId entry;
    uint32 version;
}

struct SubmitWithdrawal {
    DepartmentId department;
    Withdrawal[] withdrawals;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct WithdrawalReview {
    EntryId entry;
    uint32 version;
    bool accept;
    bytes32 subject;
}

struct ReviewWithdrawal {
    WithdrawalReview[] reviews;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct FreezeEntry {
    EntryId entry;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct UnfreezeEntry {
    EntryId entry;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct Application {
    EntryId entry;
    uint32 version;
    uint256 items;
    PurposeId purpose;
    ApplicationId application;
    uint8 mode;
    uint64 validFrom;
    uint64 validUntil;
    uint32 callsPerDay;
    uint32 rowsPerDay;
    bytes32 terms;
    bytes32 digest;
}

struct ApplyFor {
    DepartmentId department;
    Application[] applications;
    uint64 nonce;
    uint64 notAfter;
}

struct Reply {
    AuthorisationId authorisation;
    uint8 answer;
    uint256 items;
    uint8 mode;
    uint64 validFrom;
    uint64 validUntil;
    uint32 callsPerDay;
    uint32 rowsPerDay;
    bytes32 terms;
    bytes32 subject;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct Step {
    AuthorisationId authorisation;
    uint8 step;
    uint32 revision;
    uint8 outcome; // of AuthorisationStates, where the step rules a dispute; otherwise 0
    uint64 effective; // second at which the service ends, where the step ends it; otherwise 0
    bytes32 subject;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct Change {
    AuthorisationId authorisation;
    uint8 step; // PROPOSE_CHANGE or ACCEPT_CHANGE: both sides sign the same terms
    uint32 revision;
    uint256 items;
    uint64 validFrom;
    uint64 validUntil;
    uint32 callsPerDay;
    uint32 rowsPerDay;
    bytes32 terms;
    bytes32 subject;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

struct RegisterLog {
    DepartmentId department;
    address relay;
    uint64 nonce;
    uint64 notAfter;
}

struct SupersedeLog {
    DepartmentId department;
    address relay;
    bytes32 digest;
    uint64 nonce;
    uint64 notAfter;
}

/// One of two roots that a department's key has signed for one size of its log. No decision: anybody may show two.
struct SplitRoot {
    bytes32 root;
    KeyId key;
    uint256 r;
    uint256 s;
}
