// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Lower-case hexadecimal, without 0x.
/// @notice All digits of a half word at once: nibbles are spread to bytes, then each byte becomes its character.
library Hex {
    /// @notice The 64 characters of a word.
    /// @param word Any 32 bytes.
    /// @return Its digits, most significant first.
    function encode(bytes32 word) internal pure returns (bytes memory) {
        return bytes.concat(_digits(uint256(word) >> 128), _digits(uint256(word) & type(uint128).max));
    }

    /// @notice The 40 characters of an address.
    /// @param account Any address.
    /// @return Its digits, without the mixed case of EIP-55.
    function encode(address account) internal pure returns (bytes memory) {
        uint256 word = uint256(uint160(account)) << 96;
        return bytes.concat(_digits(word >> 128), bytes8(_digits(word & type(uint128).max)));
    }

    /// @notice The 32 characters of a half word.
    /// @param value A number below 2^128.
    /// @return Its digits.
    function _digits(uint256 value) private pure returns (bytes32) {
        uint256 nibbles = (value | (value << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        nibbles = (nibbles | (nibbles << 32)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        nibbles = (nibbles | (nibbles << 16)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        nibbles = (nibbles | (nibbles << 8)) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        nibbles = (nibbles | (nibbles << 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
        // 10 + 6 carries into the high nibble, so this is 1 in every byte that is a letter; from "9" to "a" it is 39.
        uint256 letters = ((nibbles + 0x0606060606060606060606060606060606060606060606060606060606060606) >> 4)
            & 0x0101010101010101010101010101010101010101010101010101010101010101;
        return bytes32(nibbles + 0x3030303030303030303030303030303030303030303030303030303030303030 + letters * 39);
    }
}
