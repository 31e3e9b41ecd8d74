// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISm2Verifier} from "./interfaces/ISm2Verifier.sol";
import {SM2} from "./libraries/SM2.sol";
import {SM3} from "./libraries/SM3.sol";

/// @title SM2 in Solidity alone, for chains without a precompile.
/// @notice Without state and without an owner: the same inputs give the same answer on every chain.
contract Sm2Verifier is ISm2Verifier {
    /// @inheritdoc ISm2Verifier
    function verify(bytes32 za, bytes calldata message, uint256 r, uint256 s, uint256 qx, uint256 qy)
        external
        view
        returns (bool)
    {
        return SM2.verify(SM3.hash(bytes.concat(za, message)), r, s, qx, qy);
    }

    /// @inheritdoc ISm2Verifier
    function isOnCurve(uint256 qx, uint256 qy) external pure returns (bool) {
        return SM2.isOnCurve(qx, qy);
    }

    /// @inheritdoc ISm2Verifier
    function identityHash(uint256 qx, uint256 qy) external pure returns (bytes32 za) {
        return SM2.identityHash(qx, qy);
    }
}
