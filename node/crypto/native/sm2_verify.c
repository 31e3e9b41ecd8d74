/* SM2 signature verification (GB/T 32918.2-2016, section 7) with a table of multiples per key.
 *
 * Public inputs only: no private key and no plaintext ever comes here, so nothing needs to run in
 * constant time. A signature (r, s) of e by the key Q holds when r, s are in [1, n-1],
 * t = r + s mod n is not 0, and r = e + x mod n for the point (x, y) = sG + tQ.
 *
 * A table holds j * 64^i * P for i = 0..42 and j = 1..63, affine, so that a multiple of P is at
 * most 43 additions and no doubling. It has 43 * 63 points of 64 bytes: 169 KiB. The caller owns
 * the memory of every table; nothing is allocated or kept here, and every function may run in any
 * number of threads at once.
 *
 * The curve's numbers are those of GB/T 32918.5-2017. The formulas for points are the ones of the
 * Explicit-Formulas Database for Jacobian coordinates with a = -3 ("dbl-2001-b",
 * "madd-2004-hmv"); multiplication modulo p is Montgomery's (CIOS, Koc, Acar and Kaliski 1996).
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t limb;
typedef unsigned __int128 wide;
typedef limb number[4]; /* little end first */
typedef struct { number x, y; } affine;
typedef struct { number x, y, z; } jacobian; /* z = 0: the point at infinity */

enum { BITS = 6, WINDOWS = 43, MULTIPLES = 63 };

static const number P = {0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff,
                         0xfffffffeffffffff};
static const number N = {0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff,
                         0xfffffffeffffffff};
static const number B = {0xddbcbd414d940e93, 0xf39789f515ab8f92, 0x4d5a9e4bcf6509a7,
                         0x28e9fa9e9d9f5e34};
static const uint8_t GENERATOR[64] = {
    0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94,
    0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
    0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53,
    0xd0, 0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0};

/* 2^256 mod p and 2^512 mod p: one, and what takes a number into Montgomery's form. */
static const number ONE = {0x0000000000000001, 0x00000000ffffffff, 0x0000000000000000,
                           0x0000000100000000};
static const number RR = {0x0000000200000003, 0x00000002ffffffff, 0x0000000100000001,
                          0x0000000400000002};

/* ---- numbers of 256 bits ---- */

static void load(number out, const uint8_t bytes[32]) {
    for (int i = 0; i < 4; i++) {
        out[i] = 0;
        for (int k = 0; k < 8; k++) out[i] = out[i] << 8 | bytes[(3 - i) * 8 + k];
    }
}

static limb add(number out, const number a, const number b) { /* returns the carry */
    wide sum = 0;
    for (int i = 0; i < 4; i++) {
        sum += (wide)a[i] + b[i];
        out[i] = (limb)sum;
        sum >>= 64;
    }
    return (limb)sum;
}

static limb subtract(number out, const number a, const number b) { /* returns the borrow */
    limb borrow = 0;
    for (int i = 0; i < 4; i++) {
        wide rest = (wide)a[i] - b[i] - borrow;
        out[i] = (limb)rest;
        borrow = (limb)(rest >> 64) & 1;
    }
    return borrow;
}

static int is_zero(const number a) { return (a[0] | a[1] | a[2] | a[3]) == 0; }

static int is_equal(const number a, const number b) { return memcmp(a, b, sizeof(number)) == 0; }

static int is_below(const number a, const number b) {
    number rest;
    return (int)subtract(rest, a, b);
}

/* For a, b < m: no sum is 2m or more. */
static void add_modulo(number out, const number a, const number b, const number m) {
    number reduced;
    limb carry = add(out, a, b);
    limb borrow = subtract(reduced, out, m);
    if (carry || !borrow) memcpy(out, reduced, sizeof(number));
}

static void subtract_modulo(number out, const number a, const number b, const number m) {
    if (subtract(out, a, b)) add(out, out, m);
}

/* ---- the field of p, in Montgomery's form: a stands for a * 2^256 mod p ---- */

#define plus(out, a, b) add_modulo(out, a, b, P)
#define minus(out, a, b) subtract_modulo(out, a, b, P)

/* out = a * b / 2^256 mod p. As -1/p mod 2^64 is 1, a round's quotient is its lowest limb. */
static void times(number out, const number a, const number b) {
    limb t[6] = {0};
    number reduced;
    for (int i = 0; i < 4; i++) {
        wide sum = 0;
        for (int j = 0; j < 4; j++) {
            sum += (wide)a[j] * b[i] + t[j];
            t[j] = (limb)sum;
            sum >>= 64;
        }
        sum += t[4];
        t[4] = (limb)sum;
        t[5] = (limb)(sum >> 64);
        limb quotient = t[0];
        sum = ((wide)quotient * P[0] + t[0]) >> 64;
        for (int j = 1; j < 4; j++) {
            sum += (wide)quotient * P[j] + t[j];
            t[j - 1] = (limb)sum;
            sum >>= 64;
        }
        sum += t[4];
        t[3] = (limb)sum;
        t[4] = t[5] + (limb)(sum >> 64);
    }
    limb borrow = subtract(reduced, t, P);
    memcpy(out, t[4] || !borrow ? reduced : t, sizeof(number));
}

static void square(number out, const number a) { times(out, a, a); }

/* out = a^(p-2) = 1/a (Fermat); 0 of 0. */
static void invert(number out, const number a) {
    number power, exponent;
    const number two = {2, 0, 0, 0};
    subtract(exponent, P, two);
    memcpy(power, ONE, sizeof(number));
    for (int bit = 255; bit >= 0; bit--) {
        square(power, power);
        if (exponent[bit / 64] >> (bit % 64) & 1) times(power, power, a);
    }
    memcpy(out, power, sizeof(number));
}

/* ---- points ---- */

static void twice(jacobian *out, const jacobian *a) {
    number delta, gamma, beta, alpha, t, u;
    square(delta, a->z);
    square(gamma, a->y);
    times(beta, a->x, gamma);
    minus(t, a->x, delta);
    plus(u, a->x, delta);
    times(t, t, u);
    plus(alpha, t, t);
    plus(alpha, alpha, t);
    plus(t, a->y, a->z);
    square(t, t);
    minus(t, t, gamma);
    minus(out->z, t, delta);
    plus(beta, beta, beta);
    plus(beta, beta, beta); /* 4 beta */
    square(t, alpha);
    minus(t, t, beta);
    minus(out->x, t, beta);
    square(gamma, gamma);
    plus(gamma, gamma, gamma);
    plus(gamma, gamma, gamma);
    plus(gamma, gamma, gamma); /* 8 gamma^2 */
    minus(t, beta, out->x);
    times(t, alpha, t);
    minus(out->y, t, gamma);
}

static void add_affine(jacobian *sum, const affine *b) {
    number zz, h, r, hh, hhh, v, t;
    if (is_zero(sum->z)) {
        memcpy(sum->x, b->x, sizeof(number));
        memcpy(sum->y, b->y, sizeof(number));
        memcpy(sum->z, ONE, sizeof(number));
        return;
    }
    square(zz, sum->z);
    times(h, b->x, zz);
    minus(h, h, sum->x);
    times(r, b->y, sum->z);
    times(r, r, zz);
    minus(r, r, sum->y);
    if (is_zero(h)) { /* the same x: the same point, or the one opposite */
        if (is_zero(r)) twice(sum, sum);
        else memset(sum, 0, sizeof *sum);
        return;
    }
    square(hh, h);
    times(hhh, h, hh);
    times(v, sum->x, hh);
    times(sum->z, sum->z, h);
    square(t, r);
    minus(t, t, hhh);
    minus(t, t, v);
    minus(sum->x, t, v);
    minus(v, v, sum->x);
    times(v, r, v);
    times(t, sum->y, hhh);
    minus(sum->y, v, t);
}

static void add_multiple(jacobian *sum, const affine *table, const number scalar) {
    for (int window = 0; window < WINDOWS; window++) {
        int bit = window * BITS, at = bit / 64, shift = bit % 64;
        limb digit = scalar[at] >> shift;
        if (shift > 64 - BITS && at < 3) digit |= scalar[at + 1] << (64 - shift);
        digit &= MULTIPLES;
        if (digit) add_affine(sum, &table[window * MULTIPLES + digit - 1]);
    }
}

/* y^2 = x^3 - 3x + b */
static int is_on_curve(const affine *a) {
    number left, right, b;
    times(b, B, RR);
    square(right, a->x);
    minus(right, right, ONE);
    minus(right, right, ONE);
    minus(right, right, ONE);
    times(right, right, a->x);
    plus(right, right, b);
    square(left, a->y);
    return is_equal(left, right);
}

/* How many numbers of 64 bits the caller has to have for a table. */
int sm2_table_limbs(void) { return WINDOWS * MULTIPLES * (int)(sizeof(affine) / sizeof(limb)); }

/* Fill the table of the key x || y; 0 where that is no point of the curve. */
int sm2_table(const uint8_t key[64], affine *table) {
    jacobian multiples[MULTIPLES + 1];
    number products[MULTIPLES + 1], inverse, z, zz;
    affine base;
    load(base.x, key);
    load(base.y, key + 32);
    if (!is_below(base.x, P) || !is_below(base.y, P)) return 0;
    times(base.x, base.x, RR);
    times(base.y, base.y, RR);
    if (!is_on_curve(&base)) return 0;
    for (int window = 0; window < WINDOWS; window++) {
        memset(&multiples[0], 0, sizeof(jacobian));
        add_affine(&multiples[0], &base);
        for (int j = 1; j <= MULTIPLES; j++) {
            multiples[j] = multiples[j - 1];
            add_affine(&multiples[j], &base);
        }
        /* All 64 at the price of one inversion (Montgomery's trick). None is at infinity: the
         * group's order is a prime far above 64. */
        memcpy(products[0], multiples[0].z, sizeof(number));
        for (int j = 1; j <= MULTIPLES; j++) times(products[j], products[j - 1], multiples[j].z);
        invert(inverse, products[MULTIPLES]);
        for (int j = MULTIPLES; j >= 0; j--) {
            affine *out = j == MULTIPLES ? &base : &table[window * MULTIPLES + j];
            if (j > 0) times(z, inverse, products[j - 1]);
            else memcpy(z, inverse, sizeof(number));
            times(inverse, inverse, multiples[j].z);
            square(zz, z);
            times(out->x, multiples[j].x, zz);
            times(zz, zz, z);
            times(out->y, multiples[j].y, zz);
        }
    }
    return 1;
}

int sm2_generator(affine *table) { return sm2_table(GENERATOR, table); }

/* Tell whether signature = r || s is the signature of e by the key of `table`. */
int sm2_verify(const affine *generator, const affine *table, const uint8_t e[32],
               const uint8_t signature[64]) {
    number r, s, t, x, zz;
    jacobian point;
    load(r, signature);
    load(s, signature + 32);
    if (is_zero(r) || is_zero(s) || !is_below(r, N) || !is_below(s, N)) return 0;
    add_modulo(t, r, s, N);
    if (is_zero(t)) return 0;
    memset(&point, 0, sizeof point);
    add_multiple(&point, generator, s);
    add_multiple(&point, table, t);
    if (is_zero(point.z)) return 0;
    /* r = e + x mod n asks for x = r - e mod n, or that and n where it is below p. Instead of
     * dividing X by Z^2, each is multiplied by Z^2. */
    load(x, e);
    if (!is_below(x, N)) subtract(x, x, N);
    subtract_modulo(x, r, x, N);
    square(zz, point.z);
    for (;;) {
        number candidate;
        times(candidate, x, RR);
        times(candidate, candidate, zz);
        if (is_equal(candidate, point.x)) return 1;
        if (add(x, x, N) || !is_below(x, P)) return 0;
    }
}

/* The same of `count` signatures: write 1 or 0 for each. */
void sm2_verify_all(const affine *generator, size_t count, const affine *const *tables,
                    const uint8_t *e, const uint8_t *signatures, uint8_t *found) {
    for (size_t i = 0; i < count; i++)
        found[i] = (uint8_t)sm2_verify(generator, tables[i], e + 32 * i, signatures + 64 * i);
}
