// Canonical JSON (docs/protocol.md 2.1; RFC 8785 with narrower rules): one spelling for each value.
import { LedgerError, must } from "./errors.js";

const DEEPEST = 32;
const LIMIT = 262_144;
const LONE_SURROGATE = /\p{Surrogate}/u;

function renderText(value, code) {
  must(!LONE_SURROGATE.test(value) && value.normalize("NFC") === value, code, "text is not well-formed NFC");
  return JSON.stringify(value);
}

function renderValue(value, depth, code) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return renderText(value, code);
  if (typeof value === "number") {
    must(Number.isSafeInteger(value) && !Object.is(value, -0), code, `${value} is no integer below 2^53`);
    return String(value);
  }
  must(typeof value === "object", code, `a ${typeof value} has no place in canonical JSON`);
  must(depth > 0, code, `nested more than ${DEEPEST} deep`);
  if (Array.isArray(value)) return `[${value.map((each) => renderValue(each, depth - 1, code)).join(",")}]`;
  // JavaScript compares text by UTF-16 code units, as RFC 8785 wants it.
  const members = Object.keys(value).sort();
  const rendered = members.map((name) => `${renderText(name, code)}:${renderValue(value[name], depth - 1, code)}`);
  return `{${rendered.join(",")}}`;
}

export const render = (value, code = "malformed-request") => Buffer.from(renderValue(value, DEEPEST, code), "utf8");

/** Read JSON of whatever spelling; a byte order mark and wrong UTF-8 are refused. */
export function parseLoosely(bytes, code) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new LedgerError(code, `not JSON: ${error.message}`);
  }
}

/** Read bytes that are the one rendering of their value. */
export function parse(bytes, code = "malformed-request", limit = LIMIT) {
  must(bytes.length <= limit, code, `${bytes.length} bytes are more than the ${limit} allowed`);
  const value = parseLoosely(bytes, code);
  // Duplicate members, white space, another order, another spelling: all make the bytes differ.
  must(render(value, code).equals(Buffer.from(bytes)), code, "not canonical JSON");
  return value;
}
