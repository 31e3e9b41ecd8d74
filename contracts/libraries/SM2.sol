// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SM3} from "./SM3.sol";

/// @title Verification of SM2 signatures (GB/T 32918.2-2016) over the recommended curve (GB/T 32918.5-2017).
/// @notice No secret is handled here, so nothing has to take constant time. Points are Jacobian, (X : Y : Z) stands for
/// (X/Z^2, Y/Z^3), Z = 0 is the point at infinity; in memory a point is three words. Formulas: dbl-2001-b and add-2007-bl
/// of the Explicit-Formulas Database, for a = -3.
library SM2 {
    /// The field's prime.
    uint256 internal constant P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF;
    /// The order of the base point.
    uint256 internal constant N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123;
    /// The curve is y^2 = x^3 - 3x + B.
    uint256 internal constant B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93;
    /// The base point.
    uint256 internal constant GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7;
    uint256 internal constant GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0;

    /// SM3 after the first 128 bytes of every identity: ENTL, the user id 1234567812345678, a, b, xG and 14 bytes of yG.
    uint256 private constant IDENTITY_STATE =
        0xadadedb50446043f08a87acee86d22438e232383bfc81fe2cf9117c84707011d;

    /// @notice Whether (r, s) signs the digest `e` under (qx, qy), section 7.
    /// @param e SM3(ZA || message).
    /// @param r First half of the signature.
    /// @param s Second half of the signature.
    /// @param qx Affine coordinate of the public key.
    /// @param qy Affine coordinate of the public key.
    /// @return False as well for numbers out of range and for points off the curve.
    function verify(bytes32 e, uint256 r, uint256 s, uint256 qx, uint256 qy) internal view returns (bool) {
        if (r == 0 || r >= N || s == 0 || s >= N || !isOnCurve(qx, qy)) return false;
        if (addmod(r, s, N) == 0) return false;
        // r = e + x/z^2 mod N, without an inversion: the affine x is r - e or, where that is below P - N, r - e + N.
        uint256 wanted = addmod(r, N - (uint256(e) % N), N);
        (uint256 x, uint256 z) = _combine(_table(qx, qy, s, addmod(r, s, N)));
        if (z == 0) return false;
        uint256 zz = mulmod(z, z, P);
        return x == mulmod(wanted, zz, P) || (wanted < P - N && x == mulmod(wanted + N, zz, P));
    }

    /// @notice Whether (qx, qy) is a public key. The group has prime order, so every affine point on the curve is one.
    /// @param qx Affine coordinate.
    /// @param qy Affine coordinate.
    /// @return Whether both are field elements and lie on the curve.
    function isOnCurve(uint256 qx, uint256 qy) internal pure returns (bool) {
        if (qx >= P || qy >= P) return false;
        uint256 cubic = mulmod(addmod(mulmod(qx, qx, P), P - 3, P), qx, P);
        return mulmod(qy, qy, P) == addmod(cubic, B, P);
    }

    /// @notice ZA, the hash of the signer's identity, for the user id 1234567812345678 (section 5.5).
    /// @param qx Affine coordinate of the public key.
    /// @param qy Affine coordinate of the public key.
    /// @return SM3(ENTL || id || a || b || xG || yG || qx || qy).
    function identityHash(uint256 qx, uint256 qy) internal pure returns (bytes32) {
        return SM3.resume(IDENTITY_STATE, 128, bytes.concat(bytes18(uint144(GY)), bytes32(qx), bytes32(qy)));
    }

    /// @notice What `_combine` works on: the 16 sums i*G + j*Q for i, j in 0..3, affine, the point (i, j) at
    /// 96 * (4 * j + i), its x negated, with y = 0 for the point at infinity; behind them P, the multipliers, and room for
    /// two points.
    /// @param qx Affine coordinate of Q.
    /// @param qy Affine coordinate of Q.
    /// @param s Multiplier of G.
    /// @param t Multiplier of Q.
    /// @return table Where it begins in memory.
    function _table(uint256 qx, uint256 qy, uint256 s, uint256 t) private view returns (uint256 table) {
        assembly ("memory-safe") {
            table := mload(0x40)
            mstore(0x40, add(table, 0x720))
            // Read from memory P is a variable; as a constant the optimizer would compute it anew at each of its uses.
            mstore(add(table, 0x600), P)
            mstore(add(table, 0x620), s)
            mstore(add(table, 0x640), t)
        }
        // Addresses in memory; none of the sums can overflow.
        unchecked {
            _put(table + 0x60, GX, GY);
            _double(table + 0xc0, table + 0x60);
            _add(table + 0x120, table + 0xc0, table + 0x60);
            _put(table + 0x180, qx, qy);
            _double(table + 0x300, table + 0x180);
            _add(table + 0x480, table + 0x300, table + 0x180);
            for (uint256 j = 0x180; j < 0x600; j += 0x180) {
                for (uint256 i = 0x60; i < 0x180; i += 0x60) {
                    _add(table + i + j, table + j, table + i);
                }
            }
        }
        _normalise(table);
    }

    /// @notice Make the table affine, with one inversion for all its points (Montgomery's trick).
    /// @param table Of Jacobian points; comes out as `_table` says.
    function _normalise(uint256 table) private view {
        assembly ("memory-safe") {
            let p := mload(add(table, 0x600))
            // What stands before each point's z in the product of all; zeros are left out of it.
            let products := mload(0x40)
            let product := 1
            for { let index := 0x60 } lt(index, 0x600) { index := add(index, 0x60) } {
                mstore(add(products, index), product)
                let z := mload(add(add(table, index), 0x40))
                product := mulmod(product, add(z, iszero(z)), p)
            }
            // product^(P-2), by the precompile of EIP-198; it fails only when gas runs out, and then so do we.
            let power := add(products, 0x600)
            mstore(power, 32)
            mstore(add(power, 0x20), 32)
            mstore(add(power, 0x40), 32)
            mstore(add(power, 0x60), product)
            mstore(add(power, 0x80), sub(p, 2))
            mstore(add(power, 0xa0), p)
            if iszero(staticcall(gas(), 5, power, 0xc0, 0, 0x20)) { revert(0, 0) }
            let inverse := mload(0)
            for { let index := 0x5a0 } index { index := sub(index, 0x60) } {
                let point := add(table, index)
                let z := mload(add(point, 0x40))
                let own := mulmod(inverse, mload(add(products, index)), p)
                inverse := mulmod(inverse, add(z, iszero(z)), p)
                let square := mulmod(own, own, p)
                mstore(point, sub(p, mulmod(mload(point), square, p)))
                let y := mulmod(mload(add(point, 0x20)), mulmod(square, own, p), p)
                mstore(add(point, 0x20), mul(y, iszero(iszero(z))))
            }
        }
    }

    /// @notice s*G + t*Q by two bits of both scalars at a time, from the top (Strauss and Shamir).
    /// @param table What `_table` prepared.
    /// @return x Jacobian coordinate of the sum.
    /// @return z Jacobian coordinate of the sum; zero for the point at infinity.
    function _combine(uint256 table) private pure returns (uint256 x, uint256 z) {
        uint256 y;
        for (uint256 bit = 256; bit != 0;) {
            uint256 same;
            assembly ("memory-safe") {
                let p := mload(add(table, 0x600))
                // Twice doubled and negated: that is four times the point, and negating y is saved. With z' = yz, where
                // others have 2yz: c = y^2, m = 3/2 (x - z^2)(x + z^2), b = -xc, x' = m^2 + 2b, -y' = m(x' + b) + c^2.
                for { let times := 2 } times { times := sub(times, 1) } {
                    let m := mulmod(z, z, p)
                    m := mulmod(addmod(x, sub(p, m), p), addmod(x, m, p), p)
                    m := mulmod(add(shr(1, p), 2), m, p)
                    let c := mulmod(y, y, p)
                    let b := mulmod(x, sub(p, c), p)
                    z := mulmod(y, z, p)
                    x := addmod(mulmod(m, m, p), addmod(b, b, p), p)
                    y := addmod(mulmod(m, addmod(x, b, p), p), mulmod(c, c, p), p)
                }
                bit := sub(bit, 2)
                let point := and(shr(bit, mload(add(table, 0x620))), 3)
                point := or(point, shl(2, and(shr(bit, mload(add(table, 0x640))), 3)))
                if point {
                    point := add(table, mul(0x60, point))
                    let v := mload(add(point, 0x20))
                    // A sum of the table can be the point at infinity: Q may be -2G, say.
                    if v {
                        switch z
                        case 0 {
                            x := sub(p, mload(point))
                            y := v
                            z := 1
                        }
                        default {
                            // h = x - x2 z^2, v = y2 z^3 - y; with z' = zh, where others have -zh, it is
                            // x' = v^2 + h^3 - 2xh^2, y' = v(x' - xh^2) - yh^3.
                            let h := mulmod(z, z, p)
                            y := sub(p, y)
                            v := addmod(mulmod(v, mulmod(h, z, p), p), y, p)
                            h := addmod(mulmod(mload(point), h, p), x, p)
                            if iszero(or(h, v)) { same := point }
                            // Opposite points have h = 0 and come out with z = 0, as they should.
                            z := mulmod(z, h, p)
                            let hh := mulmod(h, h, p)
                            h := mulmod(hh, h, p)
                            hh := mulmod(sub(p, x), hh, p)
                            x := addmod(addmod(mulmod(v, v, p), h, p), addmod(hh, hh, p), p)
                            y := addmod(mulmod(v, addmod(x, hh, p), p), mulmod(y, h, p), p)
                        }
                    }
                }
            }
            // Adding a point to itself gave 0/0: double it instead.
            if (same != 0) (x, y, z) = _doubled(table, same);
        }
    }

    /// @notice Twice an affine point of the table.
    /// @param table What `_table` prepared.
    /// @param point Where it lies.
    /// @return x Jacobian coordinate.
    /// @return y Jacobian coordinate.
    /// @return z Jacobian coordinate.
    function _doubled(uint256 table, uint256 point) private pure returns (uint256 x, uint256 y, uint256 z) {
        assembly ("memory-safe") {
            mstore(add(table, 0x6c0), sub(P, mload(point)))
            mstore(add(table, 0x6e0), mload(add(point, 0x20)))
            mstore(add(table, 0x700), 1)
        }
        _double(table + 0x660, table + 0x6c0);
        assembly ("memory-safe") {
            x := mload(add(table, 0x660))
            y := mload(add(table, 0x680))
            z := mload(add(table, 0x6a0))
        }
    }

    /// @notice Write an affine point.
    /// @param out Where.
    /// @param x Coordinate.
    /// @param y Coordinate.
    function _put(uint256 out, uint256 x, uint256 y) private pure {
        assembly ("memory-safe") {
            mstore(out, x)
            mstore(add(out, 0x20), y)
            mstore(add(out, 0x40), 1)
        }
    }

    /// @notice out = 2a.
    /// @param out Where; not `a` itself.
    /// @param a A finite point.
    function _double(uint256 out, uint256 a) private pure {
        assembly ("memory-safe") {
            let x := mload(a)
            let y := mload(add(a, 0x20))
            let z := mload(add(a, 0x40))
            let delta := mulmod(z, z, P)
            let gamma := mulmod(y, y, P)
            let beta := mulmod(x, gamma, P)
            let alpha := mulmod(3, mulmod(addmod(x, sub(P, delta), P), addmod(x, delta, P), P), P)
            let x3 := addmod(mulmod(alpha, alpha, P), sub(P, mulmod(8, beta, P)), P)
            y := mulmod(mulmod(2, y, P), z, P)
            mstore(add(out, 0x40), y)
            y := mulmod(alpha, addmod(mulmod(4, beta, P), sub(P, x3), P), P)
            mstore(out, x3)
            mstore(add(out, 0x20), addmod(y, sub(P, mulmod(8, mulmod(gamma, gamma, P), P)), P))
        }
    }

    /// @notice out = a + b, also where they are equal or opposite.
    /// @param out Where; neither `a` nor `b` itself.
    /// @param a A finite point.
    /// @param b A finite point.
    function _add(uint256 out, uint256 a, uint256 b) private pure {
        bool same;
        assembly ("memory-safe") {
            let z1 := mload(add(a, 0x40))
            let z2 := mload(add(b, 0x40))
            let zz1 := mulmod(z1, z1, P)
            let zz2 := mulmod(z2, z2, P)
            let u := mulmod(mload(a), zz2, P)
            let v := mulmod(mload(add(a, 0x20)), mulmod(zz2, z2, P), P)
            let h := addmod(mulmod(mload(b), zz1, P), sub(P, u), P)
            let r := addmod(mulmod(mload(add(b, 0x20)), mulmod(zz1, z1, P), P), sub(P, v), P)
            same := iszero(or(h, r))
            let hh := mulmod(h, h, P)
            mstore(add(out, 0x40), mulmod(mulmod(z1, z2, P), h, P))
            u := mulmod(u, hh, P)
            hh := mulmod(hh, h, P)
            let x := addmod(addmod(mulmod(r, r, P), sub(P, hh), P), sub(P, mulmod(2, u, P)), P)
            mstore(out, x)
            mstore(add(out, 0x20), addmod(mulmod(r, addmod(u, sub(P, x), P), P), sub(P, mulmod(v, hh, P)), P))
        }
        if (same) _double(out, a);
    }
}
