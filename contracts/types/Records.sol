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
///     slot 5  person
struct Key {
    bytes32 holder; // a department's id, or for an application's key the application's
    uint8 kind; // of KeyKinds; 0: no such key
    uint64 validFrom; // seconds, inclusive
    uint64 validUntil; // seconds, exclusive
    uint64 revokedAt; // time of the block that revoked it; 0: not revoked
    uint256 qx;
    uint256 qy;
    bytes32 za; // hash of the signer's identity, computed here once
    bytes32 person; // random handle of the officer who holds it, the same on all his or her keys; zero for other kinds
}

/// An enrolled department.
///
///     slot 0  parent
///     slot 1  competent
///     slot 2  (184 free) | dependants 32 | mayEnrol 8 | screening 8 | status 8 | level 8 | kind 8
struct Department {
    DepartmentId parent;
    DepartmentId competent;
    uint8 kind; // of DepartmentKinds
    uint8 level; // of Levels
    uint8 status; // of DepartmentStatuses; 0: no such department
    bool screening; // as a competent department: are applications passed by a reviewer before the provider replies?
    bool mayEnrol; // may be named competent, and so enrol departments
    uint32 dependants; // departments that name it competent and are not closed, itself left out
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
///     slot 1  (48 free) | submitter 64 | frozen 8 | standing 8 | itemCount 16 | shareType 8 | latestItemCount 16
///             | latestShareType 8 | currentState 8 | current 32 | state 8 | latest 32
///     slot 2  (192 free) | rowsPerDay 32 | callsPerDay 32
///     slot 3  standingTerms
///     slot 4  withdrawalDigest
struct Entry {
    DepartmentId provider; // zero: no such entry
    uint32 latest; // number of the latest version, reviewed or not
    uint8 state; // of EntryStates, of the latest version
    uint32 current; // number of the published version in force; 0: none yet, or withdrawn
    uint8 currentState; // of EntryStates, of the version in force; 0: none yet
    uint8 latestShareType; // of ShareTypes, of the latest version
    uint16 latestItemCount;
    uint8 shareType; // of ShareTypes, of the current version
    uint16 itemCount;
    bool standing; // the provider agrees beforehand; only where the current version is unconditional
    bool frozen; // by order of the competent department, whatever the versions do
    // Beginning of the handle of the person who submitted what awaits review. It keeps that person from reviewing it,
    // with whichever key: one person's handle always begins the same, and that two persons' do by chance costs a
    // reviewer no more than another's signature.
    bytes8 submitter;
    uint32 callsPerDay; // of the standing reply
    uint32 rowsPerDay; // of the standing reply
    bytes32 standingTerms;
    bytes32 withdrawalDigest; // SM3 of the document of a withdrawal that awaits review; otherwise zero
}

/// A share authorisation. Its consumer is the department of `application`, its provider that of `entry`.
///
///     slot 0  entry
///     slot 1  items
///     slot 2  purpose
///     slot 3  application
///     slot 4  terms
///     slot 5  subject
///     slot 6  validUntil 40 | validFrom 40 | rowsPerDay 32 | callsPerDay 32 | revision 24 | version 32 | lastItem 8
///             | marks 8 | suspendedBy 8 | shareType 8 | mode 8 | prior 8 | state 8
struct Authorisation {
    EntryId entry;
    uint256 items; // bitmap over the items of the pinned version: applied for, then agreed to
    PurposeId purpose;
    ApplicationId application;
    bytes32 terms; // SM3 of the terms document; zero: none
    bytes32 subject; // SM3 of the latest document: what an answer must name
    uint8 state; // of AuthorisationStates; 0: no such authorisation
    uint8 prior; // state it goes back to from SUPPLEMENTING, or by a resumption; 0: none kept since it last went back
    uint8 mode; // of Modes
    uint8 shareType; // of ShareTypes, of the pinned version
    uint8 suspendedBy; // PROVIDER or COMPETENT of Sides; 0: not suspended since it was last resumed
    uint8 marks; // bits of Marks
    uint8 lastItem; // position of the pinned version's last item, from 0
    uint32 version; // the pinned one
    uint24 revision; // of its terms, from 1; each takes the signatures of both sides, so 24 bits are not used up
    uint32 callsPerDay;
    uint32 rowsPerDay;
    uint40 validFrom; // seconds, inclusive
    uint40 validUntil; // seconds, exclusive
}

/// What a transparency log has anchored.
///
///     slot 0  superseded 8 | frozen 8 | generation 16 | size 64 | relay 160
///     slot 1  root
struct Head {
    address relay; // the only account that may anchor; zero: no such log
    uint64 size;
    uint16 generation; // of the department's logs, from 1; each takes a signature, so 16 bits are not used up
    bool frozen; // two roots of one size were shown
    bool superseded; // the department has opened the next
    bytes32 root;
}

/// A row of the table of steps: from which states, to which, and who.
struct Rule {
    uint16 from; // bit i: from state i of AuthorisationStates; 0: no such row
    uint16 fromEnded; // the same, once the period is over
    uint8 to; // state after it; 0: the same as before, unless a flag says otherwise
    uint16 flags; // bits of StepFlags
    uint8 once; // bits of Marks: must not be set, and are set by it
    uint8 onlyAfter; // bits of Marks: must be set
    uint32 consumer; // bits of Roles that may sign for the consumer
    uint32 provider; // bits of Roles that may sign for the provider
    uint32 competent; // bits of Roles that may sign for the provider's competent department
}
