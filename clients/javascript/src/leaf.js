// Leaves: what stands in a log, one entry each, as canonical JSON (docs/protocol.md 6.1). Their members stay as they
// are written, hex and all; each is checked to be of its form.
import { sm3, unb64u, unhex } from "./bytes.js";
import * as canonical from "./canonical.js";
import { hasMembers, isObject } from "./envelope.js";
import { must } from "./errors.js";

const CODE = "malformed-receipt";
export const LEAF_LIMIT = 4096;
const VERSION = 2;
const SALT_SIZE = 16;
export const SERVED = "served";
const COMMIT_SECONDS = 60;
const MOST_QUESTION = 512;

const EVERY = "at block custody event judged outcome salt type v";
const ENTRY = "answer entry rows version";
const KINDS = {
  call: `base signature authorisation number prev ${ENTRY} items masked revision plain operator matter`,
  audit: "base signature sequence authorisation question values answer",
  open: ENTRY,
  preview: `base signature sequence ${ENTRY} items masked`,
};

const isNumber = (value) => Number.isSafeInteger(value) && value >= 0;
const isHex = (digits) => (value) => typeof value === "string" && value.length === digits && /^[0-9a-f]*$/.test(value);
const orNull = (fits) => (value) => value === null || fits(value);
const isText = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const forMembers = (names, fits) => names.split(" ").map((name) => [name, fits]);
const FORMS = Object.fromEntries([
  ...forMembers("at judged authorisation number version revision rows sequence", isNumber),
  ...forMembers("event prev entry items masked", isHex(64)),
  ...forMembers("answer plain operator matter values", orNull(isHex(64))),
  ["signature", isHex(128)],
  ["salt", (value) => unb64u(value, CODE).length === SALT_SIZE],
  ["custody", isText(/^(?:own|hosted)$/)],
  ["outcome", isText(/^[a-z][a-z0-9-]{0,63}$/)],
  ["base", isText(/^[\x00-\x7f]+$/)],
  ["question", (value) => typeof value === "string" && [...value].length > 0 && [...value].length <= MOST_QUESTION],
  ["block", (value) => hasMembers(value, "hash,number") && isNumber(value.number) && isHex(64)(value.hash)],
]);

/** Read a leaf of a kind; throws `malformed-receipt`. */
export function parseLeaf(bytes, kind = "call") {
  const leaf = canonical.parse(bytes, CODE, LEAF_LIMIT);
  must(isObject(leaf), CODE, "the leaf is no object");
  must(leaf.v === VERSION, CODE, `the leaf is of version ${String(leaf.v).slice(0, 20)}; ${VERSION} is read here`);
  must(leaf.type === kind, CODE, `the leaf is of kind ${String(leaf.type).slice(0, 40)}; ${kind} is wanted here`);
  const members = `${EVERY} ${KINDS[kind]}`.split(" ").sort().join();
  must(hasMembers(leaf, members), CODE, `the leaf does not have the members of kind ${kind}`);
  for (const [name, value] of Object.entries(leaf)) {
    must(FORMS[name]?.(value) ?? true, CODE, `the leaf's ${name} is not of its form`);
  }
  return leaf;
}

/** Check judged <= at <= judged + 60 s: nobody dates a leaf back; throws `malformed-receipt`. */
export function verifyTimes({ judged, at }) {
  const second = Math.floor(at / 1000);
  const fits = judged <= second && second <= judged + COMMIT_SECONDS;
  must(fits, CODE, `judged at ${judged} and logged at ${second}: not within ${COMMIT_SECONDS} s`);
}

/** Hex of SM3(salt ‖ UTF-8 value). */
export const commitment = (salt, value) => sm3(salt, Buffer.from(value, "utf8")).toString("hex");

/** Hex of the bitmap of the items chosen among a version's. */
export function bitmap(codes, chosen) {
  let bits = 0n;
  for (const code of chosen) {
    must(codes.includes(code), "item-not-granted", `the version has no item ${code}`);
    bits |= 1n << BigInt(codes.indexOf(code));
  }
  return bits.toString(16).padStart(64, "0");
}

/** The 32 bytes of a leaf's event. */
export const eventOf = (leaf) => unhex(leaf.event);
