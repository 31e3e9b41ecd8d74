/* Keccak-256 as the EVM has it: rate 1088, padding 01...1 of the submission, not that of SHA3-256.
 *
 * From "The Keccak reference", version 3.0 (Bertoni, Daemen, Peeters, Van Assche 2011), sections
 * 1.1 and 1.2; lanes are 64 bits, little end first. What is hashed here is public.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 25, ROUNDS = 24, RATE = 136, DIGEST = 32 };

static const uint64_t CONSTANTS[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

/* rho's offsets and pi's places, following the lane that starts at (1, 0) through all others. */
static const uint8_t OFFSETS[LANES - 1] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                           27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
static const uint8_t PLACES[LANES - 1] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                          15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

static uint64_t rotate(uint64_t lane, int by) { return lane << by | lane >> (64 - by); }

static void permute(uint64_t a[LANES]) {
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t c[5], carried;
        for (int x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (int x = 0; x < 5; x++) { /* theta */
            uint64_t d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
            for (int y = 0; y < LANES; y += 5) a[x + y] ^= d;
        }
        carried = a[1];
#pragma GCC unroll 24
        for (int i = 0; i < LANES - 1; i++) { /* rho and pi */
            uint64_t next = a[PLACES[i]];
            a[PLACES[i]] = rotate(carried, OFFSETS[i]);
            carried = next;
        }
        for (int y = 0; y < LANES; y += 5) { /* chi */
            for (int x = 0; x < 5; x++) c[x] = a[x + y];
            for (int x = 0; x < 5; x++) a[x + y] = c[x] ^ (~c[(x + 1) % 5] & c[(x + 2) % 5]);
        }
        a[0] ^= CONSTANTS[round]; /* iota */
    }
}

static void absorb(uint64_t a[LANES], const uint8_t block[RATE]) {
    for (int i = 0; i < RATE / 8; i++) {
        uint64_t lane = 0;
        for (int k = 7; k >= 0; k--) lane = lane << 8 | block[8 * i + k];
        a[i] ^= lane;
    }
    permute(a);
}

/* Write the 32 bytes of the hash of `size` bytes. */
void keccak256(const uint8_t *data, size_t size, uint8_t out[DIGEST]) {
    uint64_t a[LANES] = {0};
    uint8_t last[RATE] = {0};
    for (; size >= RATE; data += RATE, size -= RATE) absorb(a, data);
    if (size) memcpy(last, data, size);
    last[size] = 1;
    last[RATE - 1] |= 0x80;
    absorb(a, last);
    for (int i = 0; i < DIGEST; i++) out[i] = (uint8_t)(a[i / 8] >> (8 * (i % 8)));
}
