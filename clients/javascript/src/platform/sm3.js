// SM3 (GB/T 32905-2016) for pages: the compression function; padding and blocks are @noble/hashes', as SHA-256's are,
// so that its HMAC and PBKDF2 take it too. Node's own is used in Node.
import { HashMD } from "@noble/hashes/_md";
import { createHasher } from "@noble/hashes/utils";

/** 4.1: the initial value. */
const IV = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];
const WORDS = new Uint32Array(68);
const left = (word, by) => (word << by) | (word >>> (32 - by));
/** 5.3.3: the constant of round j, rotated by j. */
const ROUNDS = Int32Array.from({ length: 64 }, (_, j) => left(j < 16 ? 0x79cc4519 : 0x7a879d8a, j % 32));

class Sm3 extends HashMD {
  constructor() {
    super(64, 32, 8, false);
    this.set(...IV);
  }

  get() {
    return [this.a, this.b, this.c, this.d, this.e, this.f, this.g, this.h];
  }

  set(...words) {
    [this.a, this.b, this.c, this.d, this.e, this.f, this.g, this.h] = words.map((word) => word | 0);
  }

  process(view, offset) {
    for (let j = 0; j < 16; j++) WORDS[j] = view.getUint32(offset + 4 * j, false);
    for (let j = 16; j < 68; j++) {
      const mixed = WORDS[j - 16] ^ WORDS[j - 9] ^ left(WORDS[j - 3], 15);
      WORDS[j] = mixed ^ left(mixed, 15) ^ left(mixed, 23) ^ left(WORDS[j - 13], 7) ^ WORDS[j - 6];
    }
    let { a, b, c, d, e, f, g, h } = this;
    // Plain numbers, no lists: a key file asks for a million of these.
    for (let j = 0; j < 64; j++) {
      const turned = left(a, 12);
      const ss1 = left((turned + e + ROUNDS[j]) | 0, 7);
      const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + (ss1 ^ turned) + (WORDS[j] ^ WORDS[j + 4])) | 0;
      const tt2 = (gg + h + ss1 + WORDS[j]) | 0;
      d = c;
      c = left(b, 9);
      b = a;
      a = tt1;
      h = g;
      g = left(f, 19);
      f = e;
      e = tt2 ^ left(tt2, 9) ^ left(tt2, 17);
    }
    this.a ^= a;
    this.b ^= b;
    this.c ^= c;
    this.d ^= d;
    this.e ^= e;
    this.f ^= f;
    this.g ^= g;
    this.h ^= h;
  }

  roundClean() {
    WORDS.fill(0);
  }

  destroy() {
    this.set(0, 0, 0, 0, 0, 0, 0, 0);
    this.buffer.fill(0);
  }
}

export const sm3 = createHasher(() => new Sm3());
