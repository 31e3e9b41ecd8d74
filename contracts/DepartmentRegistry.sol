// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandate, SignedDecision} from "./SignedDecision.sol";
import {IDepartmentRegistry} from "./interfaces/IDepartmentRegistry.sol";
import {ISm2Verifier} from "./interfaces/ISm2Verifier.sol";
import {DecisionHashes} from "./libraries/DecisionHashes.sol";
import {
    AddKey,
    EnrolDepartment,
    GrantRoles,
    ListContract,
    Possession,
    RecoverKey,
    RegisterApplication,
    RevokeKey,
    SetDepartmentStatus,
    Signature,
    UpdateDepartment
} from "./types/Decisions.sol";
import {DepartmentKinds, DepartmentStatuses, KeyKinds, Levels, Roles} from "./types/Enumerations.sol";
import {ApplicationId, DepartmentId, KeyId} from "./types/Ids.sol";
import {Department, Grant, Key} from "./types/Records.sol";

/// @title Departments, keys, roles, applications and the contracts in force.
/// @notice Nothing here is ever deleted: a key is revoked, a role replaced, and what was signed before stays checkable.
contract DepartmentRegistry is IDepartmentRegistry, SignedDecision {
    uint32 private constant _ALL_ROLES = Roles.DATA_OFFICER | Roles.OFFICE_HEAD | Roles.DEPARTMENT_HEAD | Roles.REVIEWER
        | Roles.AUDITOR | Roles.DUTY_OFFICER;
    /// Longest way from a department up to the root, by who is competent for whom.
    uint256 private constant _MOST_LEVELS = 8;
    /// Time in which a department's old head can cancel a recovery.
    uint64 private constant _RECOVERY_DELAY = 7 days;

    uint256 private immutable _ROOT_X;
    uint256 private immutable _ROOT_Y;

    /// Zero until the first enrolment, and never again: from then on the root key decides nothing.
    DepartmentId private _rootDepartment;
    mapping(DepartmentId department => Department) private _departments;
    mapping(KeyId key => Key) private _keys;
    mapping(DepartmentId department => mapping(KeyId key => Grant)) private _grants;
    mapping(ApplicationId application => DepartmentId department) private _applications;
    mapping(bytes32 name => address contractAddress) private _contracts;
    /// A person's first key decides, for good: nobody acts for two departments under one handle.
    mapping(bytes32 person => DepartmentId department) private _persons;

    /// @notice Pin the key that signs the first enrolment; it has to be a point of the curve.
    /// @param sm2Verifier Who computes SM2.
    /// @param rootX Coordinate of the key that signs the first enrolment.
    /// @param rootY Coordinate of the key that signs the first enrolment.
    constructor(ISm2Verifier sm2Verifier, uint256 rootX, uint256 rootY)
        SignedDecision(IDepartmentRegistry(address(this)), sm2Verifier)
    {
        if (!sm2Verifier.isOnCurve(rootX, rootY)) revert KeyNotOnCurve(rootX, rootY);
        _ROOT_X = rootX;
        _ROOT_Y = rootY;
    }

    /// @inheritdoc IDepartmentRegistry
    function enrolDepartment(
        EnrolDepartment calldata decision,
        Signature calldata signature,
        Possession calldata possession
    ) external {
        bytes32 decisionHash = _acceptEnrolment(decision, signature);
        _requireEnrollable(decision);
        _departments[decision.department] = Department({
            parent: decision.parent,
            competent: decision.competent,
            kind: decision.kind,
            level: decision.level,
            status: DepartmentStatuses.ACTIVE,
            screening: decision.screening,
            mayEnrol: decision.mayEnrol,
            dependants: 0
        });
        if (decision.competent != decision.department) ++_departments[decision.competent].dependants;
        KeyId headKey = _registerHead(
            decision.department, decision.headX, decision.headY, decision.person, 0, decisionHash, possession
        );
        emit DepartmentEnrolled(
            decision.department,
            decision.parent,
            decision.competent,
            decision.kind,
            decision.level,
            decision.screening,
            decision.mayEnrol,
            decision.headX,
            decision.headY,
            decision.person,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            headKey,
            possession.r,
            possession.s,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function updateDepartment(UpdateDepartment calldata decision, Signature calldata signature) external {
        Department storage department = _enrolled(decision.department);
        DepartmentId competent = department.competent;
        // Its paper is a department's own affair; what it is allowed, and by whom it is supervised, is not.
        bool paperOnly = decision.competent == competent && decision.screening == department.screening
            && decision.mayEnrol == department.mayEnrol;
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            paperOnly ? decision.department : _acting(competent),
            Roles.DEPARTMENT_HEAD
        );
        if (decision.digest == 0) revert DigestMissing(signature.key, decision.nonce);
        _requireNotClosed(decision.department, department.status);
        if (decision.department == _rootDepartment) {
            if (decision.competent != competent || !decision.mayEnrol) revert RootUnalterable(decision.department);
        } else {
            // The right to enrol is passed on only by a department that has it still.
            if (decision.mayEnrol && !department.mayEnrol) _requireMayEnrol(_acting(competent));
            if (decision.competent != competent) _move(decision.department, competent, decision.competent);
        }
        department.screening = decision.screening;
        department.mayEnrol = decision.mayEnrol;
        emit DepartmentUpdated(
            decision.department,
            decision.competent,
            decision.screening,
            decision.mayEnrol,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function setDepartmentStatus(SetDepartmentStatus calldata decision, Signature calldata signature) external {
        Department storage department = _enrolled(decision.department);
        DepartmentId acting = _acting(department.competent);
        _accept(
            DecisionHashes.hashOf(decision), decision.nonce, decision.notAfter, signature, acting, Roles.DEPARTMENT_HEAD
        );
        if (decision.status == 0 || decision.status > DepartmentStatuses.CLOSED) {
            revert DepartmentStatusInvalid(decision.status);
        }
        // A suspension protects, and may come before the order for it is written; nothing else may.
        if (decision.digest == 0 && decision.status != DepartmentStatuses.SUSPENDED) {
            revert DigestMissing(signature.key, decision.nonce);
        }
        if (decision.department == _rootDepartment) revert RootUnalterable(decision.department);
        uint8 status = department.status;
        if (status == decision.status || status == DepartmentStatuses.CLOSED) {
            revert StatusUnsuitable(decision.department, status);
        }
        if (decision.status == DepartmentStatuses.CLOSED) {
            if (department.dependants != 0) {
                revert DepartmentHasDependants(decision.department, department.dependants);
            }
            --_departments[department.competent].dependants;
        }
        department.status = decision.status;
        emit DepartmentStatusSet(
            decision.department,
            decision.status,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            acting,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function addKey(AddKey calldata decision, Signature calldata signature, Possession calldata possession) external {
        if (decision.kind == 0 || decision.kind > KeyKinds.APPLICATION) revert KeyKindInvalid(decision.kind);
        (bytes32 decisionHash,) = _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            _departmentOf(decision.kind, decision.holder),
            Roles.DEPARTMENT_HEAD
        );
        if (decision.validFrom >= decision.validUntil || decision.validUntil <= block.timestamp) {
            revert PeriodInvalid(decision.validFrom, decision.validUntil);
        }
        KeyId added = _register(
            Key({
                holder: decision.holder,
                kind: decision.kind,
                validFrom: decision.validFrom,
                validUntil: decision.validUntil,
                revokedAt: 0,
                qx: decision.qx,
                qy: decision.qy,
                za: 0,
                person: decision.person
            }),
            decisionHash,
            possession
        );
        emit KeyAdded(
            decision.holder,
            decision.kind,
            decision.qx,
            decision.qy,
            decision.person,
            decision.validFrom,
            decision.validUntil,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            added,
            possession.r,
            possession.s,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function revokeKey(RevokeKey calldata decision, Signature calldata signature) external {
        Key storage key = _keys[decision.key];
        if (key.kind == 0) revert KeyUnknown(decision.key);
        // A department protects itself by taking its keys back, and cancels a recovery by revoking the key that is to come.
        Mandate[] memory mandates = new Mandate[](1);
        mandates[0] = Mandate(_departmentOf(key.kind, key.holder), Roles.DEPARTMENT_HEAD, true);
        _accept(DecisionHashes.hashOf(decision), decision.nonce, decision.notAfter, signature, mandates);
        if (key.revokedAt != 0) revert KeyAlreadyRevoked(decision.key, key.revokedAt);
        key.revokedAt = uint64(block.timestamp);
        emit KeyRevoked(
            decision.key,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function recoverKey(RecoverKey calldata decision, Signature calldata signature, Possession calldata possession)
        external
    {
        Department storage department = _enrolled(decision.department);
        (bytes32 decisionHash,) = _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            _acting(department.competent),
            Roles.DEPARTMENT_HEAD
        );
        if (decision.digest == 0) revert DigestMissing(signature.key, decision.nonce);
        _requireNotClosed(decision.department, department.status);
        // Key and role stand at once, so that nothing is left to be done in 7 days; they count from then on only, and
        // until then the old head may revoke the key.
        uint64 validFrom = uint64(block.timestamp) + _RECOVERY_DELAY;
        KeyId headKey = _registerHead(
            decision.department, decision.headX, decision.headY, decision.person, validFrom, decisionHash, possession
        );
        emit KeyRecovered(
            decision.department,
            decision.headX,
            decision.headY,
            decision.person,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            headKey,
            validFrom,
            possession.r,
            possession.s,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function grantRoles(GrantRoles calldata decision, Signature calldata signature) external {
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            decision.department,
            Roles.DEPARTMENT_HEAD
        );
        if (decision.roles & ~_ALL_ROLES != 0) revert RolesUnknown(decision.roles);
        if (decision.roles != 0) {
            _liveOfficer(decision.key);
            if (decision.validFrom >= decision.validUntil || decision.validUntil <= block.timestamp) {
                revert PeriodInvalid(decision.validFrom, decision.validUntil);
            }
        }
        _grants[decision.department][decision.key] =
            Grant({roles: decision.roles, validFrom: decision.validFrom, validUntil: decision.validUntil});
        emit RolesGranted(
            decision.department,
            decision.key,
            decision.roles,
            decision.validFrom,
            decision.validUntil,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function registerApplication(RegisterApplication calldata decision, Signature calldata signature) external {
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            decision.department,
            Roles.OFFICE_HEAD
        );
        ApplicationId application =
            ApplicationId.wrap(keccak256(abi.encode(decision.department, decision.codeHash)));
        if (!_isNone(_applications[application])) revert ApplicationAlreadyRegistered(application);
        _applications[application] = decision.department;
        emit ApplicationRegistered(
            decision.department,
            decision.codeHash,
            decision.digest,
            decision.nonce,
            decision.notAfter,
            application,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function listContract(ListContract calldata decision, Signature calldata signature) external {
        _accept(
            DecisionHashes.hashOf(decision),
            decision.nonce,
            decision.notAfter,
            signature,
            _rootDepartment,
            Roles.DEPARTMENT_HEAD
        );
        // Succession needs a format of its own; until there is one, a name stands for one contract for good.
        address listed = _contracts[decision.name];
        if (listed != address(0)) revert ContractAlreadyListed(decision.name, listed);
        bytes32 actual = decision.contractAddress.codehash;
        if (decision.contractAddress.code.length == 0 || actual != decision.codeHash) {
            revert ContractCodeMismatch(decision.contractAddress, decision.codeHash, actual);
        }
        _contracts[decision.name] = decision.contractAddress;
        emit ContractListed(
            decision.name,
            decision.contractAddress,
            decision.codeHash,
            decision.nonce,
            decision.notAfter,
            _nextSequence(),
            signature.key,
            signature.r,
            signature.s
        );
    }

    /// @inheritdoc IDepartmentRegistry
    function verifier() external view returns (ISm2Verifier) {
        return _VERIFIER;
    }

    /// @inheritdoc IDepartmentRegistry
    function rootKey() external view returns (uint256 qx, uint256 qy) {
        return (_ROOT_X, _ROOT_Y);
    }

    /// @inheritdoc IDepartmentRegistry
    function rootDepartment() external view returns (DepartmentId) {
        return _rootDepartment;
    }

    /// @inheritdoc IDepartmentRegistry
    function departmentOf(DepartmentId department) external view returns (Department memory) {
        return _enrolled(department);
    }

    /// @inheritdoc IDepartmentRegistry
    function competentOf(DepartmentId department) external view returns (DepartmentId competent, bool screening) {
        competent = _enrolled(department).competent;
        // Who acts in its place does so by its rules: that it is suspended changes no procedure.
        screening = _departments[competent].screening;
        competent = _acting(competent);
    }

    /// @inheritdoc IDepartmentRegistry
    function statusOf(DepartmentId department) external view returns (uint8) {
        return _departments[department].status;
    }

    /// @inheritdoc IDepartmentRegistry
    function commonSuperiorOf(DepartmentId a, DepartmentId b) external view returns (DepartmentId) {
        _enrolled(b);
        DepartmentId above = _enrolled(a).competent;
        for (uint256 level = 0; level < _MOST_LEVELS; ++level) {
            if (_isAbove(above, b)) return _acting(above);
            above = _departments[above].competent;
        }
        return _rootDepartment;
    }

    /// @inheritdoc IDepartmentRegistry
    function keyOf(KeyId key) external view returns (Key memory) {
        if (_keys[key].kind == 0) revert KeyUnknown(key);
        return _keys[key];
    }

    /// @inheritdoc IDepartmentRegistry
    function rolesOf(DepartmentId department, KeyId key) external view returns (uint32) {
        Grant storage grant = _grants[department][key];
        return block.timestamp >= grant.validFrom && block.timestamp < grant.validUntil ? grant.roles : 0;
    }

    /// @inheritdoc IDepartmentRegistry
    function grantOf(DepartmentId department, KeyId key) external view returns (Grant memory) {
        return _grants[department][key];
    }

    /// @inheritdoc IDepartmentRegistry
    function departmentOfPerson(bytes32 person) external view returns (DepartmentId) {
        return _persons[person];
    }

    /// @inheritdoc IDepartmentRegistry
    function applicationOf(ApplicationId application) external view returns (DepartmentId) {
        return _ownerOf(application);
    }

    /// @inheritdoc IDepartmentRegistry
    function applicationOfKey(KeyId key) external view returns (ApplicationId) {
        Key storage held = _keys[key];
        bool live = held.kind == KeyKinds.APPLICATION && held.revokedAt == 0 && block.timestamp >= held.validFrom
            && block.timestamp < held.validUntil;
        return live ? ApplicationId.wrap(held.holder) : ApplicationId.wrap(0);
    }

    /// @inheritdoc IDepartmentRegistry
    function contractNamed(bytes32 name) external view returns (address) {
        address contractAddress = _contracts[name];
        if (contractAddress == address(0)) revert ContractUnknown(name);
        return contractAddress;
    }

    /// @notice Accept who enrols: the root key the first department, a head of the competent department every other.
    /// @param decision To accept.
    /// @param signature Of it.
    /// @return decisionHash EIP-712 hash, as it was signed.
    function _acceptEnrolment(EnrolDepartment calldata decision, Signature calldata signature)
        private
        returns (bytes32 decisionHash)
    {
        bytes32 structHash = DecisionHashes.hashOf(decision);
        if (!_isNone(_rootDepartment)) {
            (decisionHash,) = _accept(
                structHash, decision.nonce, decision.notAfter, signature, decision.competent, Roles.DEPARTMENT_HEAD
            );
            _requireMayEnrol(decision.competent);
            return decisionHash;
        }
        if (decision.parent != decision.department || decision.competent != decision.department) {
            revert RootNotItsOwn(decision.department, decision.parent, decision.competent);
        }
        // Nobody else could give it the right afterwards, and nobody could ever enrol.
        if (!decision.mayEnrol) revert RootMustEnrol(decision.department);
        KeyId root = _keyId(_ROOT_X, _ROOT_Y);
        if (!(signature.key == root)) revert RootKeyRequired(root, signature.key);
        _rootDepartment = decision.department;
        Key memory pinned;
        (pinned.qx, pinned.qy, pinned.za) = (_ROOT_X, _ROOT_Y, _VERIFIER.identityHash(_ROOT_X, _ROOT_Y));
        return _acceptPinned(structHash, decision.nonce, decision.notAfter, signature, pinned);
    }

    /// @notice Register a key of a department and make it its head, both without an end, or revert.
    /// @param department Whose head it is.
    /// @param x Coordinate of the key.
    /// @param y Coordinate of the key.
    /// @param person Handle of who holds it.
    /// @param validFrom First second of validity, of the key and of its role.
    /// @param decisionHash Text that the key has signed, too.
    /// @param possession The key's own signature.
    /// @return headKey Its id.
    function _registerHead(
        DepartmentId department,
        uint256 x,
        uint256 y,
        bytes32 person,
        uint64 validFrom,
        bytes32 decisionHash,
        Possession calldata possession
    ) private returns (KeyId headKey) {
        headKey = _register(
            Key({
                holder: DepartmentId.unwrap(department),
                kind: KeyKinds.OFFICER,
                validFrom: validFrom,
                validUntil: type(uint64).max,
                revokedAt: 0,
                qx: x,
                qy: y,
                za: 0,
                person: person
            }),
            decisionHash,
            possession
        );
        _grants[department][headKey] =
            Grant({roles: Roles.DEPARTMENT_HEAD, validFrom: validFrom, validUntil: type(uint64).max});
    }

    /// @notice Check the key's owner has it, and register the key, or revert.
    /// @param key To register; its identity hash is computed here.
    /// @param decisionHash Text that the key has signed, too.
    /// @param possession The key's own signature.
    /// @return id Of the key.
    function _register(Key memory key, bytes32 decisionHash, Possession calldata possession)
        private
        returns (KeyId id)
    {
        id = _keyId(key.qx, key.qy);
        if (_keys[id].kind != 0) revert KeyAlreadyRegistered(id);
        if (!_VERIFIER.isOnCurve(key.qx, key.qy)) revert KeyNotOnCurve(key.qx, key.qy);
        _bindPerson(id, key);
        key.za = _VERIFIER.identityHash(key.qx, key.qy);
        if (!_isSigned(decisionHash, possession.r, possession.s, key)) {
            revert PossessionRefused(id, possession.r, possession.s);
        }
        _keys[id] = key;
    }

    /// @notice Check that a key names the person it should, and keep whose person it is, or revert.
    /// @param id Of the key.
    /// @param key To register.
    function _bindPerson(KeyId id, Key memory key) private {
        bytes32 person = key.person;
        if (key.kind != KeyKinds.OFFICER) {
            if (person != 0) revert PersonNotAllowed(id, person);
            return;
        }
        if (person == 0) revert PersonMissing(id);
        DepartmentId department = DepartmentId.wrap(key.holder);
        DepartmentId owner = _persons[person];
        if (_isNone(owner)) _persons[person] = department;
        else if (owner != department) revert PersonOfAnother(person, owner, department);
    }

    /// @notice Put a department under another competent department, or revert.
    /// @param department Not the root.
    /// @param from Its competent department now.
    /// @param to Its next.
    function _move(DepartmentId department, DepartmentId from, DepartmentId to) private {
        _enrolled(to);
        _requireMayEnrol(to);
        _requireUnderRoot(department, to);
        --_departments[from].dependants;
        ++_departments[to].dependants;
        _departments[department].competent = to;
    }

    /// @notice Check what an enrolment says of the department, or revert.
    /// @param decision To check.
    function _requireEnrollable(EnrolDepartment calldata decision) private view {
        _requireCode(decision.department);
        if (_departments[decision.department].status != 0) revert DepartmentAlreadyEnrolled(decision.department);
        if (decision.kind == 0 || decision.kind > DepartmentKinds.OTHER) revert DepartmentKindInvalid(decision.kind);
        if (decision.level == 0 || decision.level > Levels.TOWNSHIP) revert LevelInvalid(decision.level);
        // The first department is its own parent and its own competent department.
        if (decision.department == _rootDepartment) return;
        if (decision.parent != decision.competent && _departments[decision.parent].competent != decision.competent) {
            revert ParentNotUnder(decision.department, decision.parent, decision.competent);
        }
        _requireUnderRoot(decision.department, decision.competent);
    }

    /// @notice Check that a department may be named competent, or revert.
    /// @param competent To be named.
    function _requireMayEnrol(DepartmentId competent) private view {
        Department storage named = _departments[competent];
        if (named.status != DepartmentStatuses.ACTIVE || !named.mayEnrol) revert EnrolmentNotAllowed(competent);
    }

    /// @notice Check that the way up from a department leads to the root and is not too long, or revert.
    /// @param department Not the root.
    /// @param competent Its competent department to be.
    function _requireUnderRoot(DepartmentId department, DepartmentId competent) private view {
        DepartmentId above = competent;
        for (uint256 level = 0; level < _MOST_LEVELS; ++level) {
            if (above == department) revert CompetenceCircular(department, competent);
            if (above == _rootDepartment) return;
            above = _departments[above].competent;
        }
        revert CompetenceTooDeep(department, competent);
    }

    /// @notice Who acts for a competent department: itself, or while it is not active the nearest active one above it.
    /// @param competent Enrolled.
    /// @return acting Found at the latest in the root, which is always active.
    function _acting(DepartmentId competent) private view returns (DepartmentId acting) {
        acting = competent;
        while (_departments[acting].status != DepartmentStatuses.ACTIVE) acting = _departments[acting].competent;
    }

    /// @notice Whether one department is competent for another, directly or further up.
    /// @param superior That may be above.
    /// @param department That may be below.
    /// @return Whether it is found within the most levels there are.
    function _isAbove(DepartmentId superior, DepartmentId department) private view returns (bool) {
        DepartmentId above = department;
        for (uint256 level = 0; level < _MOST_LEVELS; ++level) {
            above = _departments[above].competent;
            if (above == superior) return true;
        }
        return false;
    }

    /// @notice Get a department, or revert.
    /// @param department Any id.
    /// @return found As enrolled.
    function _enrolled(DepartmentId department) private view returns (Department storage found) {
        found = _departments[department];
        if (found.status == 0) revert DepartmentUnknown(department);
    }

    /// @notice Get the department of an application, or revert.
    /// @param application Any id.
    /// @return department Whose it is.
    function _ownerOf(ApplicationId application) private view returns (DepartmentId department) {
        department = _applications[application];
        if (_isNone(department)) revert ApplicationUnknown(application);
    }

    /// @notice Get the department that answers for a key, or revert.
    /// @param kind Of the key.
    /// @param holder Of the key.
    /// @return department The holder itself, or the department of the application that is the holder.
    function _departmentOf(uint8 kind, bytes32 holder) private view returns (DepartmentId department) {
        if (kind == KeyKinds.APPLICATION) return _ownerOf(ApplicationId.wrap(holder));
        department = DepartmentId.wrap(holder);
        _enrolled(department);
    }

    /// @notice Check that a department is not closed, or revert.
    /// @param department Concerned.
    /// @param status Of DepartmentStatuses.
    function _requireNotClosed(DepartmentId department, uint8 status) private pure {
        if (status == DepartmentStatuses.CLOSED) revert StatusUnsuitable(department, status);
    }

    /// @notice Id of a public key.
    /// @param qx Coordinate.
    /// @param qy Coordinate.
    /// @return keccak256 of both.
    function _keyId(uint256 qx, uint256 qy) private pure returns (KeyId) {
        return KeyId.wrap(keccak256(abi.encode(qx, qy)));
    }

    /// @notice Check that an id is a unified social credit code: it becomes part of log origins, which are lines of text.
    /// @param department To check.
    function _requireCode(DepartmentId department) private pure {
        bytes32 code = DepartmentId.unwrap(department);
        for (uint256 i = 0; i < 18; ++i) {
            bytes1 character = code[i];
            bool digit = character >= "0" && character <= "9";
            bool letter = character >= "A" && character <= "Z";
            if (!digit && !letter) revert DepartmentCodeMalformed(department);
        }
        if (code << 144 != 0) revert DepartmentCodeMalformed(department);
    }

    /// @notice Whether an id stands for no department.
    /// @param department Any id.
    /// @return Whether it is zero.
    function _isNone(DepartmentId department) private pure returns (bool) {
        return DepartmentId.unwrap(department) == 0;
    }
}
