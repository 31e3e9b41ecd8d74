// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The SM3 hash (GB/T 32905-2016).
/// @notice Words of 32 bits are rotated by writing them twice into 64 bits and shifting; what a shift leaves above bit
/// 31 is cut only where it could come down again, before the next doubling.
library SM3 {
    /// The chaining value before the first block, section 4.1.
    uint256 internal constant INITIAL = 0x7380166f4914b2b9172442d7da8a0600a96f30bc163138aae38dee4db0fb0e4e;

    /// @notice Hash `data`.
    /// @param data Any bytes.
    /// @return The 32-byte digest.
    function hash(bytes memory data) internal pure returns (bytes32) {
        return resume(INITIAL, 0, data);
    }

    /// @notice Hash a message whose first blocks have been compressed already.
    /// @param state Chaining value after those blocks.
    /// @param done Their length in bytes, a multiple of 64.
    /// @param tail The rest of the message.
    /// @return digest Of the whole message.
    function resume(uint256 state, uint256 done, bytes memory tail) internal pure returns (bytes32 digest) {
        uint256 first;
        uint256 end;
        uint256 schedule;
        assembly ("memory-safe") {
            // Message, one bit, zeros, length in bits as 64 (section 5.2), behind the 68 words of the schedule.
            let size := mload(tail)
            schedule := mload(0x40)
            first := add(schedule, 0x880)
            end := add(first, and(add(size, 72), not(63)))
            mcopy(first, add(tail, 0x20), size)
            let rest := add(first, size)
            mstore(rest, shl(255, 1))
            for { rest := add(rest, 0x20) } lt(rest, end) { rest := add(rest, 0x20) } { mstore(rest, 0) }
            // The last 8 bytes of the block; the 24 before them may belong to the message.
            let last := sub(end, 0x20)
            mstore(last, or(and(mload(last), not(0xffffffffffffffff)), shl(3, add(done, size))))
        }
        for (uint256 data = first; data < end; data += 64) {
            _expand(schedule, data);
            state = _compress(state, schedule);
        }
        return bytes32(state);
    }

    /// @notice Expand a block into 68 words, section 5.3.2.
    /// @param schedule Where the words go, 32 bytes each; bits above 31 are zero.
    /// @param data The 64 bytes of the block.
    function _expand(uint256 schedule, uint256 data) private pure {
        assembly ("memory-safe") {
            let left := mload(data)
            let right := mload(add(data, 0x20))
            let out := schedule
            for { let shift := 224 } lt(shift, 256) { shift := sub(shift, 32) } {
                mstore(out, and(shr(shift, left), 0xffffffff))
                mstore(add(out, 0x100), and(shr(shift, right), 0xffffffff))
                out := add(out, 0x20)
            }
            // W[j] = P1(W[j-16] ^ W[j-9] ^ rol(W[j-3], 15)) ^ rol(W[j-13], 7) ^ W[j-6],  P1(x) = x ^ rol(x, 15) ^ rol(x, 23)
            let end := add(schedule, 0x680)
            for { out := schedule } lt(out, end) { out := add(out, 0x20) } {
                let x := shr(17, mul(mload(add(out, 0x1a0)), 0x100000001))
                x := mul(and(xor(x, xor(mload(out), mload(add(out, 0xe0)))), 0xffffffff), 0x100000001)
                x := xor(x, xor(shr(17, x), shr(9, x)))
                x := xor(x, shr(25, mul(mload(add(out, 0x60)), 0x100000001)))
                mstore(add(out, 0x200), and(xor(x, mload(add(out, 0x140))), 0xffffffff))
            }
        }
    }

    /// @notice The compression function, section 5.3.3, four rounds a turn so that no register has to be moved on.
    /// @param state Chaining value, registers A to H from the left.
    /// @param schedule The 68 words of the block.
    /// @return next The following chaining value.
    function _compress(uint256 state, uint256 schedule) private pure returns (uint256 next) {
        assembly ("memory-safe") {
            function twice(x) -> y { y := mul(and(x, 0xffffffff), 0x100000001) }
            function mixed(x) -> y { y := xor(x, xor(shr(23, x), shr(15, x))) }
            function parity(x, y, z) -> v { v := xor(xor(x, y), z) }
            function majority(x, y, z) -> v { v := or(and(x, or(y, z)), and(y, z)) }
            function choice(x, y, z) -> v { v := xor(z, and(x, xor(y, z))) }

            // What A, B, E and F hold is written twice; C, D, G and H are right in bits 0-31 only. A round puts the new
            // A where D was and the new E where H was, and turns B and F into what C and G are next.
            let a := twice(shr(224, state))
            let b := twice(shr(192, state))
            let c := shr(160, state)
            let d := shr(128, state)
            let e := twice(shr(96, state))
            let f := twice(shr(64, state))
            let g := shr(32, state)
            let h := state
            // `left` is 64 - j; the constant of section 4.2 written three times and shifted by it is rotated by j, and
            // the constants of the second to fourth round of a turn are the first one's shifted left.
            for { let left := 64 } gt(left, 48) { left := sub(left, 4) } {
                let word := add(schedule, shl(5, sub(64, left)))
                {
                    let turned := shr(20, a)
                    let ss := shr(25, twice(add(add(turned, e), shr(left, 0x79cc451979cc451979cc4519))))
                    let w := mload(word)
                    let tt := add(add(parity(a, b, c), d), add(xor(ss, turned), xor(w, mload(add(word, 0x80)))))
                    h := twice(mixed(twice(add(add(parity(e, f, g), h), add(ss, w)))))
                    d := twice(tt)
                    b := shr(23, b)
                    f := shr(13, f)
                }
                {
                    let turned := shr(20, d)
                    let ss := shr(25, twice(add(add(turned, h), shr(left, 0xf3988a32f3988a32f3988a32))))
                    let w := mload(add(word, 0x20))
                    let tt := add(add(parity(d, a, b), c), add(xor(ss, turned), xor(w, mload(add(word, 0xa0)))))
                    g := twice(mixed(twice(add(add(parity(h, e, f), g), add(ss, w)))))
                    c := twice(tt)
                    a := shr(23, a)
                    e := shr(13, e)
                }
                {
                    let turned := shr(20, c)
                    let ss := shr(25, twice(add(add(turned, g), shr(left, 0x1e7311465e7311465e7311464))))
                    let w := mload(add(word, 0x40))
                    let tt := add(add(parity(c, d, a), b), add(xor(ss, turned), xor(w, mload(add(word, 0xc0)))))
                    f := twice(mixed(twice(add(add(parity(g, h, e), f), add(ss, w)))))
                    b := twice(tt)
                    d := shr(23, d)
                    h := shr(13, h)
                }
                {
                    let turned := shr(20, b)
                    let ss := shr(25, twice(add(add(turned, f), shr(left, 0x3ce6228cbce6228cbce6228c8))))
                    let w := mload(add(word, 0x60))
                    let tt := add(add(parity(b, c, d), a), add(xor(ss, turned), xor(w, mload(add(word, 0xe0)))))
                    e := twice(mixed(twice(add(add(parity(f, g, h), e), add(ss, w)))))
                    a := twice(tt)
                    c := shr(23, c)
                    g := shr(13, g)
                }
            }
            for { let left := 48 } left { left := sub(left, 4) } {
                let word := add(schedule, shl(5, sub(64, left)))
                {
                    let turned := shr(20, a)
                    let ss := shr(25, twice(add(add(turned, e), shr(left, 0x7a879d8a7a879d8a7a879d8a))))
                    let w := mload(word)
                    let tt := add(add(majority(a, b, c), d), add(xor(ss, turned), xor(w, mload(add(word, 0x80)))))
                    h := twice(mixed(twice(add(add(choice(e, f, g), h), add(ss, w)))))
                    d := twice(tt)
                    b := shr(23, b)
                    f := shr(13, f)
                }
                {
                    let turned := shr(20, d)
                    let ss := shr(25, twice(add(add(turned, h), shr(left, 0xf50f3b14f50f3b14f50f3b14))))
                    let w := mload(add(word, 0x20))
                    let tt := add(add(majority(d, a, b), c), add(xor(ss, turned), xor(w, mload(add(word, 0xa0)))))
                    g := twice(mixed(twice(add(add(choice(h, e, f), g), add(ss, w)))))
                    c := twice(tt)
                    a := shr(23, a)
                    e := shr(13, e)
                }
                {
                    let turned := shr(20, c)
                    let ss := shr(25, twice(add(add(turned, g), shr(left, 0x1ea1e7629ea1e7629ea1e7628))))
                    let w := mload(add(word, 0x40))
                    let tt := add(add(majority(c, d, a), b), add(xor(ss, turned), xor(w, mload(add(word, 0xc0)))))
                    f := twice(mixed(twice(add(add(choice(g, h, e), f), add(ss, w)))))
                    b := twice(tt)
                    d := shr(23, d)
                    h := shr(13, h)
                }
                {
                    let turned := shr(20, b)
                    let ss := shr(25, twice(add(add(turned, f), shr(left, 0x3d43cec53d43cec53d43cec50))))
                    let w := mload(add(word, 0x60))
                    let tt := add(add(majority(b, c, d), a), add(xor(ss, turned), xor(w, mload(add(word, 0xe0)))))
                    e := twice(mixed(twice(add(add(choice(f, g, h), e), add(ss, w)))))
                    a := twice(tt)
                    c := shr(23, c)
                    g := shr(13, g)
                }
            }
            next := or(shl(224, a), shl(192, and(b, 0xffffffff)))
            next := or(next, or(shl(160, and(c, 0xffffffff)), shl(128, and(d, 0xffffffff))))
            next := or(next, or(shl(96, and(e, 0xffffffff)), shl(64, and(f, 0xffffffff))))
            next := xor(state, or(next, or(shl(32, and(g, 0xffffffff)), and(h, 0xffffffff))))
        }
    }
}
