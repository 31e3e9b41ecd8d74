// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Verification of SM2 signatures (GB/T 32918), user id 1234567812345678.
/// @notice The one place SM2 is computed; a chain with a precompile for it puts an adapter here.
interface ISm2Verifier {
    /// @notice Whether (qx, qy) is a public key.
    /// @param qx Affine coordinate.
    /// @param qy Affine coordinate.
    /// @return Whether it is a point of the curve.
    function isOnCurve(uint256 qx, uint256 qy) external view returns (bool);

    /// @notice Hash of the signer's identity, constant for a key.
    /// @param qx Affine coordinate of the public key.
    /// @param qy Affine coordinate of the public key.
    /// @return za SM3(ENTL || id || a || b || xG || yG || qx || qy).
    function identityHash(uint256 qx, uint256 qy) external view returns (bytes32 za);

    /// @notice Whether (r, s) signs `message` under the public key.
    /// @param za Identity hash of that key; the caller vouches that it is.
    /// @param message What was signed.
    /// @param r First half of the signature.
    /// @param s Second half of the signature.
    /// @param qx Affine coordinate of the public key.
    /// @param qy Affine coordinate of the public key.
    /// @return False as well for numbers out of range and for points off the curve.
    function verify(bytes32 za, bytes calldata message, uint256 r, uint256 s, uint256 qx, uint256 qy)
        external
        view
        returns (bool);
}
