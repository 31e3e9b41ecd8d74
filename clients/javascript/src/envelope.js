// Sealed envelopes (docs/protocol.md section 5); everything wrong with one is `malformed-envelope`.
import { unb64u, unhex } from "./bytes.js";
import * as canonical from "./canonical.js";
import { must } from "./errors.js";
import * as sm4gcm from "./sm4gcm.js";

const CODE = "malformed-envelope";
const MEMBERS = "alg,iv,recipients,sealed";
const MOST_RECIPIENTS = 64;

/** The bytes whose SM3 stands in the leaf. */
export const envelopeBytes = (envelope) => canonical.render(envelope, CODE);

/** Open an envelope sealed to the opener's key; `aad` is the event id. */
export async function openEnvelope(envelope, opener, aad) {
  must(hasMembers(envelope, MEMBERS), CODE, `an envelope has the members ${MEMBERS}`);
  must(envelope.alg === "SM4-GCM", CODE, "the envelope's cipher is not SM4-GCM");
  const rows = envelope.recipients;
  const fits = Array.isArray(rows) && rows.length > 0 && rows.length <= MOST_RECIPIENTS;
  must(fits, CODE, `an envelope has 1 to ${MOST_RECIPIENTS} recipients`);
  const recipients = new Map();
  for (const row of rows) {
    must(hasMembers(row, "keyid,wrapped"), CODE, "a recipient has the members keyid, wrapped");
    recipients.set(unhex(row.keyid, CODE).toString("hex"), unb64u(row.wrapped, CODE));
  }
  const wrapped = recipients.get(opener.keyid);
  must(wrapped, CODE, "the envelope is not sealed for this key");
  const [iv, sealed] = [unb64u(envelope.iv, CODE), unb64u(envelope.sealed, CODE)];
  return sm4gcm.open(await opener.unwrap(wrapped), iv, aad, sealed);
}

export function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Whether a value is an object of exactly these members. */
export function hasMembers(value, names) {
  return isObject(value) && Object.keys(value).sort().join() === names;
}
