// The few DER forms of SM2 and of key files, read strictly: minimal lengths, minimal positive integers, nothing left.
import { number } from "./bytes.js";
import { must } from "./errors.js";

export const SEQUENCE = 0x30;
export const INTEGER = 0x02;
export const OCTETS = 0x04;
export const BITS = 0x03;
export const OBJECT = 0x06;
const LONGEST = 3;

export class Reader {
  constructor(der, code) {
    Object.assign(this, { der, code, at: 0 });
  }

  get ended() {
    return this.at === this.der.length;
  }

  #take(size) {
    must(this.at + size <= this.der.length, this.code, "DER ends too early");
    this.at += size;
    return this.der.subarray(this.at - size, this.at);
  }

  next(tag) {
    return !this.ended && this.der[this.at] === tag;
  }

  /** The content of the next element, which must have the tag. */
  read(tag) {
    must(this.#take(1)[0] === tag, this.code, "DER holds another type than expected");
    let size = this.#take(1)[0];
    if (size >= 0x80) {
      const length = this.#take(size - 0x80);
      must(length.length >= 1 && length.length <= LONGEST && length[0] !== 0, this.code, "DER length is not minimal");
      size = Number(number(length));
      must(size >= 0x80, this.code, "DER length is not minimal");
    }
    return this.#take(size);
  }

  inside(tag = SEQUENCE) {
    return new Reader(this.read(tag), this.code);
  }

  integer() {
    const body = this.read(INTEGER);
    const minimal = body.length > 0 && body[0] < 0x80 && (body.length === 1 || body[0] !== 0 || body[1] >= 0x80);
    must(minimal, this.code, "DER integer is negative or not minimal");
    return number(body);
  }

  /** The next element as an object identifier in dots. */
  object() {
    const [arcs, body] = [[], this.read(OBJECT)];
    must(body.length > 0 && body.at(-1) < 0x80, this.code, "DER object identifier is cut short");
    for (let value = 0n, at = 0; at < body.length; at++) {
      value = (value << 7n) | BigInt(body[at] & 0x7f);
      if (body[at] < 0x80) {
        const first = value < 80n ? value / 40n : 2n;
        arcs.push(...(arcs.length === 0 ? [first, value - 40n * first] : [value]));
        value = 0n;
      }
    }
    return arcs.join(".");
  }

  finish() {
    must(this.ended, this.code, "DER is followed by other bytes");
  }
}
