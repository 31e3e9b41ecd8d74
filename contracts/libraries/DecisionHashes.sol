// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AddKey,
    Application,
    ApplyFor,
    Change,
    EnrolDepartment,
    FreezeEntry,
    GrantRoles,
    ListContract,
    RecoverKey,
    RegisterApplication,
    RegisterLog,
    Reply,
    Review,
    ReviewVersions,
    ReviewWithdrawal,
    RevokeKey,
    SetDepartmentStatus,
    SetStandingReply,
    Step,
    SubmitVersions,
    SubmitWithdrawal,
    SupersedeLog,
    UnfreezeEntry,
    UpdateDepartment,
    Version,
    Withdrawal,
    WithdrawalReview
} from "../types/Decisions.sol";

/// @title EIP-712 struct hashes of the decisions.
/// @notice The ABI encoding of a struct of value types is EIP-712's encodeData of it, so such a struct is hashed whole
/// and no field can be forgotten; only arrays are written out. A test derives every type string from the ABI.
library DecisionHashes {
    bytes32 private constant ENROL_DEPARTMENT = keccak256(
        "EnrolDepartment(bytes32 department,bytes32 parent,bytes32 competent,uint8 kind,uint8 level,bool screening,bool mayEnrol,uint256 headX,uint256 headY,bytes32 person,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant UPDATE_DEPARTMENT = keccak256(
        "UpdateDepartment(bytes32 department,bytes32 competent,bool screening,bool mayEnrol,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant SET_DEPARTMENT_STATUS =
        keccak256("SetDepartmentStatus(bytes32 department,uint8 status,bytes32 digest,uint64 nonce,uint64 notAfter)");
    bytes32 private constant ADD_KEY = keccak256(
        "AddKey(bytes32 holder,uint8 kind,uint256 qx,uint256 qy,bytes32 person,uint64 validFrom,uint64 validUntil,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant REVOKE_KEY = keccak256("RevokeKey(bytes32 key,bytes32 digest,uint64 nonce,uint64 notAfter)");
    bytes32 private constant RECOVER_KEY = keccak256(
        "RecoverKey(bytes32 department,uint256 headX,uint256 headY,bytes32 person,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant GRANT_ROLES = keccak256(
        "GrantRoles(bytes32 department,bytes32 key,uint32 roles,uint64 validFrom,uint64 validUntil,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant REGISTER_APPLICATION = keccak256(
        "RegisterApplication(bytes32 department,bytes32 codeHash,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant LIST_CONTRACT = keccak256(
        "ListContract(bytes32 name,address contractAddress,bytes32 codeHash,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant VERSION =
        keccak256("Version(bytes32 codeHash,uint32 version,uint8 shareType,uint16 itemCount,bytes32 digest)");
    bytes32 private constant SUBMIT_VERSIONS = keccak256(
        "SubmitVersions(bytes32 department,Version[] versions,uint64 nonce,uint64 notAfter)Version(bytes32 codeHash,uint32 version,uint8 shareType,uint16 itemCount,bytes32 digest)"
    );
    bytes32 private constant REVIEW = keccak256("Review(bytes32 entry,uint32 version,bool publish,bytes32 subject)");
    bytes32 private constant REVIEW_VERSIONS = keccak256(
        "ReviewVersions(Review[] reviews,bytes32 digest,uint64 nonce,uint64 notAfter)Review(bytes32 entry,uint32 version,bool publish,bytes32 subject)"
    );
    bytes32 private constant SET_STANDING_REPLY = keccak256(
        "SetStandingReply(bytes32 entry,bool standing,uint32 callsPerDay,uint32 rowsPerDay,bytes32 terms,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant WITHDRAWAL =
        keccak256("Withdrawal(bytes32 entry,uint32 version)");
    bytes32 private constant SUBMIT_WITHDRAWAL = keccak256(
        "SubmitWithdrawal(bytes32 department,Withdrawal[] withdrawals,bytes32 digest,uint64 nonce,uint64 notAfter)Withdrawal(bytes32 entry,uint32 version)"
    );
    bytes32 private constant WITHDRAWAL_REVIEW =
        keccak256("WithdrawalReview(bytes32 entry,uint32 version,bool accept,bytes32 subject)");
    bytes32 private constant REVIEW_WITHDRAWAL = keccak256(
        "ReviewWithdrawal(WithdrawalReview[] reviews,bytes32 digest,uint64 nonce,uint64 notAfter)WithdrawalReview(bytes32 entry,uint32 version,bool accept,bytes32 subject)"
    );
    bytes32 private constant FREEZE_ENTRY =
        keccak256("FreezeEntry(bytes32 entry,bytes32 digest,uint64 nonce,uint64 notAfter)");
    bytes32 private constant UNFREEZE_ENTRY =
        keccak256("UnfreezeEntry(bytes32 entry,bytes32 digest,uint64 nonce,uint64 notAfter)");
    bytes32 private constant APPLICATION = keccak256(
        "Application(bytes32 entry,uint32 version,uint256 items,bytes32 purpose,bytes32 application,uint8 mode,uint64 validFrom,uint64 validUntil,uint32 callsPerDay,uint32 rowsPerDay,bytes32 terms,bytes32 digest)"
    );
    bytes32 private constant APPLY_FOR = keccak256(
        "ApplyFor(bytes32 department,Application[] applications,uint64 nonce,uint64 notAfter)Application(bytes32 entry,uint32 version,uint256 items,bytes32 purpose,bytes32 application,uint8 mode,uint64 validFrom,uint64 validUntil,uint32 callsPerDay,uint32 rowsPerDay,bytes32 terms,bytes32 digest)"
    );
    bytes32 private constant REPLY = keccak256(
        "Reply(uint64 authorisation,uint8 answer,uint256 items,uint8 mode,uint64 validFrom,uint64 validUntil,uint32 callsPerDay,uint32 rowsPerDay,bytes32 terms,bytes32 subject,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant STEP = keccak256(
        "Step(uint64 authorisation,uint8 step,uint32 revision,uint8 outcome,uint64 effective,bytes32 subject,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant CHANGE = keccak256(
        "Change(uint64 authorisation,uint8 step,uint32 revision,uint256 items,uint64 validFrom,uint64 validUntil,uint32 callsPerDay,uint32 rowsPerDay,bytes32 terms,bytes32 subject,bytes32 digest,uint64 nonce,uint64 notAfter)"
    );
    bytes32 private constant REGISTER_LOG =
        keccak256("RegisterLog(bytes32 department,address relay,uint64 nonce,uint64 notAfter)");
    bytes32 private constant SUPERSEDE_LOG =
        keccak256("SupersedeLog(bytes32 department,address relay,bytes32 digest,uint64 nonce,uint64 notAfter)");

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(EnrolDepartment calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(ENROL_DEPARTMENT, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(UpdateDepartment calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(UPDATE_DEPARTMENT, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(SetDepartmentStatus calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(SET_DEPARTMENT_STATUS, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(AddKey calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(ADD_KEY, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(RevokeKey calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVOKE_KEY, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(RecoverKey calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECOVER_KEY, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(GrantRoles calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(GRANT_ROLES, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(RegisterApplication calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(REGISTER_APPLICATION, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(ListContract calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(LIST_CONTRACT, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(SubmitVersions calldata decision) internal pure returns (bytes32) {
        Version[] calldata versions = decision.versions;
        bytes32[] memory hashes = new bytes32[](versions.length);
        for (uint256 i = 0; i < versions.length; ++i) {
            hashes[i] = keccak256(abi.encode(VERSION, versions[i]));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        return
            keccak256(abi.encode(SUBMIT_VERSIONS, decision.department, list, decision.nonce, decision.notAfter));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(ReviewVersions calldata decision) internal pure returns (bytes32) {
        Review[] calldata reviews = decision.reviews;
        bytes32[] memory hashes = new bytes32[](reviews.length);
        for (uint256 i = 0; i < reviews.length; ++i) {
            hashes[i] = keccak256(abi.encode(REVIEW, reviews[i]));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        return keccak256(abi.encode(REVIEW_VERSIONS, list, decision.digest, decision.nonce, decision.notAfter));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(SetStandingReply calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(SET_STANDING_REPLY, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(SubmitWithdrawal calldata decision) internal pure returns (bytes32) {
        Withdrawal[] calldata withdrawals = decision.withdrawals;
        bytes32[] memory hashes = new bytes32[](withdrawals.length);
        for (uint256 i = 0; i < withdrawals.length; ++i) {
            hashes[i] = keccak256(abi.encode(WITHDRAWAL, withdrawals[i]));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        return keccak256(
            abi.encode(SUBMIT_WITHDRAWAL, decision.department, list, decision.digest, decision.nonce, decision.notAfter)
        );
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(ReviewWithdrawal calldata decision) internal pure returns (bytes32) {
        WithdrawalReview[] calldata reviews = decision.reviews;
        bytes32[] memory hashes = new bytes32[](reviews.length);
        for (uint256 i = 0; i < reviews.length; ++i) {
            hashes[i] = keccak256(abi.encode(WITHDRAWAL_REVIEW, reviews[i]));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        return keccak256(
            abi.encode(REVIEW_WITHDRAWAL, list, decision.digest, decision.nonce, decision.notAfter)
        );
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(FreezeEntry calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(FREEZE_ENTRY, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(UnfreezeEntry calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(UNFREEZE_ENTRY, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(ApplyFor calldata decision) internal pure returns (bytes32) {
        Application[] calldata applications = decision.applications;
        bytes32[] memory hashes = new bytes32[](applications.length);
        for (uint256 i = 0; i < applications.length; ++i) {
            hashes[i] = keccak256(abi.encode(APPLICATION, applications[i]));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        return keccak256(abi.encode(APPLY_FOR, decision.department, list, decision.nonce, decision.notAfter));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(Reply calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(REPLY, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(Step calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(STEP, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(Change calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(CHANGE, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(RegisterLog calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(REGISTER_LOG, decision));
    }

    /// @notice hashStruct of a decision.
    /// @param decision What was signed.
    /// @return Hash of its type and its fields.
    function hashOf(SupersedeLog calldata decision) internal pure returns (bytes32) {
        return keccak256(abi.encode(SUPERSEDE_LOG, decision));
    }
}
