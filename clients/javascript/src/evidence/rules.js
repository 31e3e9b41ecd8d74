// What the ledger's parts share: roles, kinds of keys, and how ids and signatures are made.
import { keccak256, word } from "../bytes.js";
import { LedgerError } from "../errors.js";
import * as sm2 from "../sm2.js";

export const ROLE = { officeHead: 2n, head: 4n, reviewer: 8n, duty: 32n };
export const KIND = { officer: 1n, department: 2n, application: 3n };

export const isBetween = (value, most) => value >= 1n && value <= most;
export const hashOf = (...hexes) => keccak256(Buffer.concat(hexes.map((hex) => Buffer.from(hex, "hex")))).toString("hex");
export const isInForce = (key, time) => key.revoked === undefined && key.from <= time && time < key.until;

/** Whether an SM2 signature of two numbers holds. */
export function isSigned(raw, text, r, s) {
  try {
    sm2.verify(raw, text, Buffer.concat([word(r), word(s)]));
    return true;
  } catch (error) {
    if (error instanceof LedgerError) return false;
    throw error;
  }
}
