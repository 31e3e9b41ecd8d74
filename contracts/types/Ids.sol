// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Identifiers of shared/protocol.md section 1; distinct types so that the compiler refuses one where another is meant.

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
/// keccak256(origin).
type LogId is bytes32;
/// Counted by ShareAuthorisations from 1.
type AuthorisationId is uint64;
