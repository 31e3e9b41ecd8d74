// SM4 (GB/T 32907-2016) for pages, one block at a time. A table made from the standard's algebra rather than typed:
// S(x) = A·I(A·x + C) + C, where I is the inverse in GF(2^8) modulo x^8+x^7+x^6+x^5+x^4+x^2+1.
const POLYNOMIAL = 0x1f5;
const [ROW, CONSTANT] = [0xa7, 0xd3];
const FK = [0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc];
const ROUNDS = 32;
const left = (word, by) => (word << by) | (word >>> (32 - by));

function times(x, y) {
  let product = 0;
  for (; y > 0; y >>= 1, x = (x << 1) ^ (x & 0x80 ? POLYNOMIAL : 0)) if (y & 1) product ^= x;
  return product & 0xff;
}

/** The circulant matrix of the row, times x, plus the constant. */
function affine(x) {
  let found = 0;
  for (let bit = 0; bit < 8; bit++) {
    let sum = x & ((ROW << bit) | (ROW >> (8 - bit))) & 0xff;
    for (const by of [4, 2, 1]) sum ^= sum >> by;
    found |= (sum & 1) << bit;
  }
  return found ^ CONSTANT;
}

function inverse(x) {
  let found = x; // x^254, by squaring: 254 = 0b11111110
  for (let bit = 0; bit < 6; bit++) found = times(times(found, found), x);
  return times(found, found);
}

const S = Uint8Array.from({ length: 256 }, (_, x) => affine(inverse(affine(x))));
const tau = (word) =>
  (S[word >>> 24] << 24) | (S[(word >>> 16) & 0xff] << 16) | (S[(word >>> 8) & 0xff] << 8) | S[word & 0xff];
const CK = Array.from({ length: ROUNDS }, (_, i) =>
  [0, 1, 2, 3].reduce((word, j) => (word << 8) | (((4 * i + j) * 7) & 0xff), 0),
);

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The 32 round keys of a key of 16 bytes. */
export function roundKeys(key) {
  const words = FK.map((fixed, at) => viewOf(key).getUint32(4 * at) ^ fixed);
  return CK.map((fixed) => {
    const mixed = tau(words[1] ^ words[2] ^ words[3] ^ fixed);
    words.push(words.shift() ^ mixed ^ left(mixed, 13) ^ left(mixed, 23));
    return words[3];
  });
}

/** A block through the rounds: round keys as they are encrypt, reversed they decrypt. */
export function crypt(keys, block) {
  const [view, out] = [viewOf(block), new Uint8Array(16)];
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => view.getUint32(at));
  for (const key of keys) {
    const mixed = tau(b ^ c ^ d ^ key);
    const next = a ^ mixed ^ left(mixed, 2) ^ left(mixed, 10) ^ left(mixed, 18) ^ left(mixed, 24);
    a = b;
    b = c;
    c = d;
    d = next;
  }
  [d, c, b, a].forEach((word, at) => viewOf(out).setUint32(4 * at, word >>> 0));
  return out;
}
