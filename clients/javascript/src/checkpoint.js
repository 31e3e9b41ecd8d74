// Checkpoints: a log's signed size and root, a C2SP signed note with two lines (docs/protocol.md 6.3).
import { holdsEd25519 } from "#platform";

import { sha256, unbase64 } from "./bytes.js";
import { LedgerError, must } from "./errors.js";
import * as sm2 from "./sm2.js";

const MALFORMED = "malformed-checkpoint";
const LIMIT = 16_384;
const MOST_LINES = 64;
const KEY_HASH_SIZE = 4;
const TEXT = /^([!-*,-~]{1,255})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n$/;
const LINE = /^— ([^\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})$/;
const ORIGIN = /^shareledger:(?:0|[1-9][0-9]{0,77}):[0-9a-f]{40}:([0-9A-Z]{18})(?::([2-9]|[1-9][0-9]{1,4}))?$/;
const ED25519_TYPE = Buffer.from([1]);
const SM2_TYPE = Buffer.from("\xffsm2-sm3\n", "latin1");

/** Read a signed note: `{origin, size, root, text, lines}`; nothing of it is verified yet. */
export function parseNote(note) {
  must(Buffer.byteLength(note) <= LIMIT, MALFORMED, `a note has at most ${LIMIT} bytes`);
  const end = note.indexOf("\n\n");
  const rows = note.slice(end + 2);
  must(end >= 0 && rows.endsWith("\n"), MALFORMED, "a note is text, an empty line and signature lines");
  const match = TEXT.exec(note.slice(0, end + 1));
  const size = Number(match?.[2]);
  must(match && Number.isSafeInteger(size), MALFORMED, "not the text of a checkpoint");
  const lines = rows.slice(0, -1).split("\n");
  must(lines.length <= MOST_LINES, MALFORMED, `more than ${MOST_LINES} signatures`);
  return {
    origin: match[1],
    size,
    root: unbase64(match[3], MALFORMED),
    text: Buffer.from(match[0]),
    lines: lines.map(parseLine),
  };
}

function parseLine(line) {
  const match = LINE.exec(line);
  must(match, MALFORMED, "not a signature line");
  const blob = unbase64(match[2], MALFORMED);
  must(blob.length > KEY_HASH_SIZE, MALFORMED, "a signature line is too short");
  const keyHash = blob.subarray(0, KEY_HASH_SIZE).toString("hex");
  return { name: match[1], keyHash, signature: blob.subarray(KEY_HASH_SIZE) };
}

function keyHash(name, type, key) {
  return sha256(Buffer.from(`${name}\n`), type, key).subarray(0, KEY_HASH_SIZE).toString("hex");
}

/**
 * Check that both keys of a pair `{sm2, ed25519}` signed the note; throws `checkpoint-invalid`. A line of an unknown
 * key is passed over; every line of one of the two must hold, however many there are.
 */
export function verifyNote({ origin, text, lines }, pair) {
  const code = "checkpoint-invalid";
  const known = new Map([
    [keyHash(origin, ED25519_TYPE, pair.ed25519), (signature) => holdsEd25519(pair.ed25519, text, signature)],
    [keyHash(origin, SM2_TYPE, pair.sm2), (signature) => holdsSm2(pair.sm2, text, signature)],
  ]);
  const seen = new Set();
  for (const line of lines) {
    const verify = line.name === origin ? known.get(line.keyHash) : undefined;
    if (!verify) continue;
    must(verify(line.signature), code, `a signature on the checkpoint of ${origin} fails`);
    seen.add(line.keyHash);
  }
  must(seen.size === known.size, code, `the checkpoint of ${origin} lacks a signature of its log's keys`);
}

function holdsSm2(raw, text, signature) {
  try {
    sm2.verify(raw, text, signature);
    return true;
  } catch (error) {
    if (error instanceof LedgerError && error.code === "signature-invalid") return false;
    throw error;
  }
}

/** Whose log an origin is of, and which of that department's. */
export function parseOrigin(origin) {
  const match = ORIGIN.exec(origin);
  must(match, "malformed-request", `${origin} is not a log's origin`);
  return { department: match[1], generation: Number(match[2] ?? 1) };
}
