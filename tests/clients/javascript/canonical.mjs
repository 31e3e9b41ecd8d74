// Canonical JSON (docs/protocol.md 2.1): one spelling for each value.
import { Refused, require_ } from "./bytes.mjs";

const DEEPEST = 32;

function renderNumber(value) {
  require_(Number.isSafeInteger(value) && !Object.is(value, -0), `${value} is no integer below 2^53`);
  return String(value);
}

function renderText(value) {
  require_(value.isWellFormed() && value.normalize("NFC") === value, "text is not well-formed NFC");
  return JSON.stringify(value);
}

function renderValue(value, depth) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return renderNumber(value);
  if (typeof value === "string") return renderText(value);
  require_(typeof value === "object", `a ${typeof value} is not JSON`);
  require_(depth > 0, `more than ${DEEPEST} levels`);
  if (Array.isArray(value)) return `[${value.map((each) => renderValue(each, depth - 1)).join(",")}]`;
  // JavaScript compares text by UTF-16 code units, as RFC 8785 wants it.
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${renderText(name)}:${renderValue(value[name], depth - 1)}`).join(",")}}`;
}

export const render = (value) => Buffer.from(renderValue(value, DEEPEST), "utf8");

/** Read bytes that are the one rendering of their value. */
export function parse(bytes) {
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new Refused(`not JSON: ${error.message}`);
  }
  require_(render(value).equals(Buffer.from(bytes)), "not canonical JSON");
  return value;
}
