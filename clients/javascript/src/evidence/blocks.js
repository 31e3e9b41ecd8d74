// RLP, block headers, receipts and their trie, as Ethereum hashes them (docs/evidence.md 3.1 and 3.2).
import { keccak256 } from "../bytes.js";
import { hold } from "./refusing.js";

const DEEPEST = 8;
/** By field of a header: bytes of exactly so many, -1 any, -2 a number. */
const SIZES = [32, 32, 20, 32, 32, 32, 256, -2, -2, -2, -2, -2, -1, 32, 8, -2, 32, -2, -2, 32, 32];
const [FEWEST_FIELDS, MOST_FIELDS] = [15, 21];
const EMPTY = Buffer.from([0x80]);

/** Read one RLP value, a Buffer or a list, in its one encoding. */
function decode(data, where) {
  let at = 0;
  const fits = (holds) => hold(holds, where, "not RLP in its one encoding");
  const length = (code, end) => {
    let size = code;
    if (code > 55) {
      const count = code - 55;
      fits(count <= 4 && at + count <= end && data[at] !== 0);
      size = data.readUIntBE(at, count);
      at += count;
      fits(size > 55);
    }
    fits(size <= end - at);
    return size;
  };
  const value = (end, depth) => {
    fits(at < end);
    const first = data[at++];
    if (first < 0x80) return data.subarray(at - 1, at);
    const list = first >= 0xc0;
    const stop = length(first - (list ? 0xc0 : 0x80), end) + at;
    if (!list) {
      const bytes = data.subarray(at, stop);
      fits(bytes.length !== 1 || bytes[0] >= 0x80);
      at = stop;
      return bytes;
    }
    fits(depth > 0);
    const values = [];
    while (at < stop) values.push(value(stop, depth - 1));
    return values;
  };
  const found = value(data.length, DEEPEST);
  fits(at === data.length);
  return found;
}

function head(size, base) {
  if (size <= 55) return Buffer.from([base + size]);
  const length = unpadded(size);
  return Buffer.concat([Buffer.from([base + 55 + length.length]), length]);
}

const unpadded = (number) => (number === 0 ? Buffer.alloc(0) : Buffer.from(evenHex(number), "hex"));
const evenHex = (number) => ((hex) => (hex.length % 2 ? `0${hex}` : hex))(number.toString(16));

function encode(bytes) {
  return bytes.length === 1 && bytes[0] < 0x80 ? bytes : Buffer.concat([head(bytes.length, 0x80), bytes]);
}

function encodeList(encoded) {
  const whole = Buffer.concat(encoded);
  return Buffer.concat([head(whole.length, 0xc0), whole]);
}

const listOf = (value, where) => (hold(Array.isArray(value), where, "not an RLP list"), value);

function bytesOf(value, size, where) {
  hold(Buffer.isBuffer(value) && (size < 0 || value.length === size), where, "not RLP bytes of the size");
  return value;
}

/** A whole number from 0 without leading zeros. */
function numberOf(value, where) {
  const bytes = bytesOf(value, -1, where);
  hold(bytes.length <= 32 && (bytes.length === 0 || bytes[0] !== 0), where, "not an RLP number");
  return BigInt(`0x${bytes.toString("hex") || "0"}`);
}

export function parseHeader(bytes, where) {
  const fields = listOf(decode(bytes, where), where);
  hold(fields.length >= FEWEST_FIELDS && fields.length <= MOST_FIELDS, where, "not a header");
  fields.forEach((field, at) => (SIZES[at] === -2 ? numberOf(field, where) : bytesOf(field, SIZES[at], where)));
  const [number, timestamp] = [numberOf(fields[8], where), numberOf(fields[11], where)];
  return { hash: keccak256(bytes), parent: fields[0], receiptsRoot: fields[5], bloom: fields[6], number, timestamp };
}

/** The logs of a receipt: type byte ‖ RLP, or RLP alone for type 0 (EIP-2718). */
export function logsOf(receipt, where) {
  const typed = receipt.length > 0 && receipt[0] > 0 && receipt[0] < 0x80;
  const fields = listOf(decode(typed ? receipt.subarray(1) : receipt, where), where);
  hold(fields.length === 4, where, "not a receipt");
  return listOf(fields[3], where).map((log) => {
    const parts = listOf(log, where);
    hold(parts.length === 3, where, "not a log");
    const topics = listOf(parts[1], where).map((topic) => bytesOf(topic, 32, where).toString("hex"));
    hold(topics.length <= 4, where, "more than four topics");
    return { address: bytesOf(parts[0], 20, where).toString("hex"), topics, data: bytesOf(parts[2], -1, where) };
  });
}

/** Whether a bloom names an address: the low 11 bits of its hash's first three words. */
export function names(bloom, address) {
  const hash = keccak256(Buffer.from(address, "hex"));
  return [0, 2, 4].every((word) => {
    const bit = hash.readUInt16BE(word) & 0x7ff;
    return ((bloom[255 - (bit >> 3)] >> (bit & 7)) & 1) === 1;
  });
}

/** Root of the trie that holds the receipts under the RLP of their places. */
export function receiptsRoot(receipts) {
  if (receipts.length === 0) return keccak256(EMPTY);
  const entries = receipts.map((receipt, place) => [encode(unpadded(place)).toString("hex"), receipt]);
  entries.sort(([one], [other]) => (one < other ? -1 : 1));
  return keccak256(node(entries, 0));
}

/** The RLP of the node over entries that agree in their first `depth` digits. */
function node(entries, depth) {
  const [first, value] = entries[0];
  if (entries.length === 1) return encodeList([encode(path(first.slice(depth), true)), encode(value)]);
  const [last] = entries.at(-1);
  let shared = depth;
  while (first[shared] === last[shared]) shared++;
  if (shared > depth) {
    return encodeList([encode(path(first.slice(depth, shared), false)), reference(node(entries, shared))]);
  }
  const children = [..."0123456789abcdef"].map((digit) => {
    const under = entries.filter(([key]) => key[depth] === digit);
    return under.length === 0 ? EMPTY : reference(node(under, depth + 1));
  });
  // No key of ours is the beginning of another: RLP of numbers is prefix-free.
  return encodeList([...children, EMPTY]);
}

const reference = (encoded) => (encoded.length < 32 ? encoded : encode(keccak256(encoded)));

/** The hex-prefix encoding of a path. */
function path(digits, leaf) {
  const even = digits.length % 2 === 0;
  return Buffer.from((leaf ? (even ? "20" : "3") : even ? "00" : "1") + digits, "hex");
}
