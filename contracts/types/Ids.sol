// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Identifiers (docs/protocol.md section 1): distinct types, so that the compiler refuses one where another is meant.

/// Unified social credit code of 18 ASCII characters, left-aligned, zero-padded.
type DepartmentId is bytes32;
/// keccak256(abi.encode(qx, qy)).
type KeyId is bytes32;
/// keccak256(abi.encode(department, codeHash)).
type ApplicationId is bytes32;
/// keccak256(abi.encode(department, codeHash)).
type EntryId is bytes32;
/// keccak256(UTF-8 purpose code).
type PurposeId is bytes32;
/// keccak256(origin); every generation of a department's log has an origin of its own.
type LogId is bytes32;
/// Counted by ShareAuthorisations from 1.
type AuthorisationId is uint64;

using {_sameDepartment as ==, _otherDepartment as !=} for DepartmentId global;
using {_sameKey as ==} for KeyId global;
using {_sameApplication as ==} for ApplicationId global;
using {_samePurpose as ==} for PurposeId global;
using {_otherLog as !=} for LogId global;

function _sameDepartment(DepartmentId a, DepartmentId b) pure returns (bool) {
    return DepartmentId.unwrap(a) == DepartmentId.unwrap(b);
}

function _otherDepartment(DepartmentId a, DepartmentId b) pure returns (bool) {
    return DepartmentId.unwrap(a) != DepartmentId.unwrap(b);
}

function _sameKey(KeyId a, KeyId b) pure returns (bool) {
    return KeyId.unwrap(a) == KeyId.unwrap(b);
}

function _sameApplication(ApplicationId a, ApplicationId b) pure returns (bool) {
    return ApplicationId.unwrap(a) == ApplicationId.unwrap(b);
}

function _samePurpose(PurposeId a, PurposeId b) pure returns (bool) {
    return PurposeId.unwrap(a) == PurposeId.unwrap(b);
}

function _otherLog(LogId a, LogId b) pure returns (bool) {
    return LogId.unwrap(a) != LogId.unwrap(b);
}
