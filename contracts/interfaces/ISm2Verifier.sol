// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface ISm2Verifier {
    function isOnCurve(uint256 qx, uint256 qy) external view returns (bool);

    function identityHash(uint256 qx, uint256 qy) external view returns (bytes32 za);

    function verify(bytes32 za, bytes calldata message, uint256 r, uint256 s, uint256 qx, uint256 qy)
        external
        view
        returns (bool);
}
