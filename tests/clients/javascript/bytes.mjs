// Bytes and their spellings, and the hash functions (docs/protocol.md section 0).
import { createHash, timingSafeEqual } from "node:crypto";

export const hash = (name, ...parts) => parts.reduce((h, part) => h.update(part), createHash(name)).digest();
export const sm3 = (...parts) => hash("sm3", ...parts);
export const sha256 = (...parts) => hash("sha256", ...parts);
export const b64u = (bytes) => Buffer.from(bytes).toString("base64url");
export const equal = (a, b) => a.length === b.length && timingSafeEqual(a, b);

/** What does not hold is thrown, never returned. */
export class Refused extends Error {}

export function require_(holds, problem) {
  if (!holds) throw new Refused(problem);
}

export function unb64u(text) {
  require_(typeof text === "string", "not base64url");
  const bytes = Buffer.from(text, "base64url");
  require_(b64u(bytes) === text, "not the one base64url spelling");
  return bytes;
}

export function unbase64(text) {
  const bytes = Buffer.from(text, "base64");
  require_(bytes.toString("base64") === text, "not the one base64 spelling");
  return bytes;
}

export function unhex(text, size) {
  require_(typeof text === "string" && /^(?:[0-9a-f]{2})*$/.test(text), "not lower-case hex");
  require_(text.length === 2 * size, `not ${size} bytes of hex`);
  return Buffer.from(text, "hex");
}
