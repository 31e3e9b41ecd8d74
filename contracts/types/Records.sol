// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ApplicationId, DepartmentId, EntryId, PurposeId} from "./Ids.sol";

// What the contracts keep: each struct is a storage layout and what its view returns. Diagrams show one slot a line,
// lowest bits on the right.

/// A registered SM2 key.
///
///     slot 0  holder
///     slot 1  (56 free) | revokedAt 64 | validUntil 64 | validFrom 64 | kind 8
///     slot 2  qx
///     slot 3  qy
///     slot 4  za
struct Key {
    bytes32 holder; // a department's id, or for an application's key the application's
    uint8 kind; // of KeyKinds; 0: no such key
    uint64 validFrom; // seconds, inclusive
    uint64 validUntil; // seconds, exclusive
    uint64 revokedAt; // time of the block that revoked it; 0: not revoked
    uint256 qx;
    uint256 qy;
    bytes32 za; // hash of the signer's identity, computed here once
}

/// An enrolled department.
///
///     slot 0  parent
///     slot 1  competent
///     slot 2  (224 free) | screening 8 | status 8 | level 8 | kind 8
struct Department {
    DepartmentId parent;
    DepartmentId competent;
    uint8 kind; // of DepartmentKinds
    uint8 level; // of Levels
    uint8 status; // of DepartmentStatuses; 0: no such department
    bool screening; // as a competent department: are applications passed by a reviewer before the provider replies?
}

/// The roles a department has granted to a key.
///
///     slot 0  (96 free) | validUntil 64 | validFrom 64 | roles 32
struct Grant {
    uint32 roles; // bits of Roles
    uint64 validFrom; // seconds, inclusive
    uint64 validUntil; // seconds, exclusive
}

/// A catalogue entry.
///
///     slot 0  provider
///     slot 1  submitter 64 | rowsPerDay 32 | callsPerDay 32 | standing 8 | itemCount 16 | shareType 8
///             | latestItemCount 16 | latestShareType 8 | current 32 | state 8 | latest 32
///     slot 2  standingTerms
struct Entry {
    DepartmentId provider; // zero: no such entry
    uint32 latest; // number of the latest version, reviewed or not
    uint8 state; // of EntryStates, of the latest version
    uint32 current; // number of the published version in force; 0: none yet
    uint8 latestShareType; // of ShareTypes, of the latest version
    uint16 latestItemCount;
    uint8 shareType; // of ShareTypes, of the current version
    uint16 itemCount;
    bool standing; // the provider agrees beforehand; only where the current version is unconditional
    uint32 callsPerDay; // of the standing reply
    uint32 rowsPerDay; // of the standing reply
    // Beginning of the id of the key that signed the latest version. It keeps that key from reviewing it: the same key
    // always begins the same, and that two keys do by chance costs a reviewer no more than another signature.
    bytes8 submitter;
    bytes32 standingTerms;
}

/// A share authorisation. Its consumer is the department of `application`, its provider that of `entry`.
///
///     slot 0  entry
///     slot 1  items
///     slot 2  purpose
///     slot 3  application
///     slot 4  terms
///     slot 5  subject
///     slot 6  (8 free) | validUntil 40 | validFrom 40 | rowsPerDay 32 | callsPerDay 32 | revision 32 | version 32
///             | suspendedBy 8 | shareType 8 | mode 8 | prior 8 | state 8
struct Authorisation {
    EntryId entry;
    uint256 items; // bitmap over the items of the pinned version: applied for, then agreed to
    PurposeId purpose;
    ApplicationId application;
    bytes32 terms; // SM3 of the terms document; zero: none
    bytes32 subject; // SM3 of the latest document: what an answer must name
    uint8 state; // of AuthorisationStates; 0: no such authorisation
    uint8 prior; // state before it was suspended; 0: not suspended since it was last resumed
    uint8 mode; // of Modes
    uint8 shareType; // of ShareTypes, of the pinned version
    uint8 suspendedBy; // 2: the provider, 3: the competent department; 0: not suspended since it was last resumed
    uint32 version; // the pinned one
    uint32 revision; // of its terms, from 1
    uint32 callsPerDay;
    uint32 rowsPerDay;
    uint40 validFrom; // seconds, inclusive
    uint40 validUntil; // seconds, exclusive
}

/// What a transparency log has anchored.
///
///     slot 0  (32 free) | size 64 | relay 160
///     slot 1  root
struct Head {
    address relay; // the only account that may anchor; zero: no such log
    uint64 size;
    bytes32 root;
}

/// A row of the table of steps: from which states, to which, and who.
struct Rule {
    uint16 from; // bit i: from state i of AuthorisationStates
    uint8 to; // state after it; 0: the state before the suspension
    bool protective; // answers no document, so that nothing can hold it up
    bool screening; // only where the competent department screens applications
    bool bySuspender; // the provider only where it was the provider that suspended
    uint32 consumer; // bits of Roles that may sign for the consumer
    uint32 provider; // bits of Roles that may sign for the provider
    uint32 competent; // bits of Roles that may sign for the provider's competent department
}
