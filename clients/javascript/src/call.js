// Signed requests of profile gdsl-1 (docs/protocol.md section 4, RFC 9421 in one fixed form).
import { randomBytes } from "#platform";

import { b64u, sm3 } from "./bytes.js";
import { LedgerError, must } from "./errors.js";
import { normaliseSignature } from "./sm2.js";

const COMPONENTS = '("@method" "@authority" "@path" "@query" "content-type" "content-digest")';
const EMPTY_BODY = "application/octet-stream";
const [AUTHORITY, PATH, QUERY] = [/^[a-z0-9.\-:[\]]{1,255}$/, /^\/[!-~]{0,2047}$/, /^[!-~]{0,4095}$/];
const NONCE_BYTES = 18;

export const contentDigest = (body) => `sm3=:${sm3(body).toString("base64")}:`;

export function parameters({ created, nonce, keyid }) {
  return `${COMPONENTS};created=${created};nonce="${nonce}";alg="sm2-sm3";keyid="${keyid}";tag="gdsl-1"`;
}

export function base({ method, authority, path, query, contentType, digest, params }) {
  return [
    `"@method": ${method}`,
    `"@authority": ${authority}`,
    `"@path": ${path}`,
    `"@query": ?${query}`,
    `"content-type": ${contentType}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${params}`,
  ].join("\n");
}

export function eventId({ created, authority, keyid, nonce }) {
  const seconds = Buffer.alloc(8);
  seconds.writeBigUInt64BE(BigInt(created));
  return Buffer.concat([seconds, sm3(`${authority}\n${keyid}\n${nonce}`).subarray(0, 24)]);
}

/** A fresh second and nonce. */
export const fresh = (clock = Date.now) => ({
  created: Math.floor(clock() / 1000),
  nonce: b64u(randomBytes(NONCE_BYTES)),
});

/**
 * Sign a request to `url`; what is returned can be sent any number of times, by whoever has it.
 * `authority` is the node's registered `name:port` where it is reached under another.
 */
export async function signRequest({ method, url, body = Buffer.alloc(0), contentType = EMPTY_BODY, authority }, signer, signed) {
  let target;
  try {
    target = new URL(url);
  } catch {
    throw new LedgerError("malformed-request", `${url} is no address of a server`);
  }
  const host = (authority ?? target.host).toLowerCase();
  const [path, query] = [target.pathname, target.search.slice(1)];
  const fits = AUTHORITY.test(host) && PATH.test(path) && QUERY.test(query) && /^https?:$/.test(target.protocol);
  must(fits, "malformed-request", `no request can be signed for ${String(url).slice(0, 200)}`);
  const { created, nonce } = signed ?? fresh();
  const params = parameters({ created, nonce, keyid: signer.keyid });
  const digest = contentDigest(body);
  const text = base({ method, authority: host, path, query, contentType, digest, params });
  const signature = normaliseSignature(Buffer.from(await signer.sign(text)));
  return {
    method,
    url: target.href,
    body,
    created,
    nonce,
    base: text,
    signature: signature.toString("hex"),
    event: eventId({ created, authority: host, keyid: signer.keyid, nonce }).toString("hex"),
    headers: {
      host,
      "content-type": contentType,
      "content-digest": digest,
      "signature-input": `sig=${params}`,
      signature: `sig=:${signature.toString("base64")}:`,
    },
  };
}
