// Bytes and their spellings, and the hash functions (docs/protocol.md section 0). Each byte string has one spelling.
import { hash, timingSafeEqual } from "#platform";
import { keccak_256 } from "@noble/hashes/sha3";

import { must } from "./errors.js";

export const sm3 = (...parts) => hash("sm3", ...parts);
export const sha256 = (...parts) => hash("sha256", ...parts);
export const keccak256 = (bytes) => Buffer.from(keccak_256(bytes));
// By base64: a page's Buffer has no "base64url".
export const b64u = (bytes) =>
  Buffer.from(bytes).toString("base64").replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
export const equal = (a, b) => a.length === b.length && timingSafeEqual(a, b);

export function unb64u(text, code = "malformed-request") {
  must(typeof text === "string", code, "not base64url without padding");
  const bytes = Buffer.from(text, "base64");
  must(b64u(bytes) === text, code, "not the canonical base64url spelling");
  return bytes;
}

export function unbase64(text, code) {
  const bytes = Buffer.from(text, "base64");
  must(bytes.toString("base64") === text, code, "not the canonical base64 spelling");
  return bytes;
}

/** Lower-case hex of so many bytes, 32 unless it says otherwise. */
export function unhex(text, code = "malformed-request", size = 32) {
  const fits = typeof text === "string" && text.length === 2 * size && /^[0-9a-f]*$/.test(text);
  must(fits, code, `not ${2 * size} lower-case hex digits`);
  return Buffer.from(text, "hex");
}

export const number = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
export const word = (value) => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
