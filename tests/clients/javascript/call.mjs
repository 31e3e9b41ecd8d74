// Signed requests and sealed envelopes (docs/protocol.md sections 4 and 5).
import { randomBytes } from "node:crypto";

import { b64u, require_, sm3, unb64u } from "./bytes.mjs";
import * as sm2 from "./sm2.mjs";
import * as sm4gcm from "./sm4gcm.mjs";

export const contentDigest = (body) => `sm3=:${sm3(body).toString("base64")}:`;

export function parameters({ created, nonce, keyid }) {
  const components = '("@method" "@authority" "@path" "@query" "content-type" "content-digest")';
  return `${components};created=${created};nonce="${nonce}";alg="sm2-sm3";keyid="${keyid}";tag="gdsl-1"`;
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

const fresh = () => ({ created: Math.floor(Date.now() / 1000), nonce: b64u(randomBytes(18)) });

/** Sign a request to `url`; what is returned can be sent any number of times. */
export function sign(
  { method, url, body = Buffer.alloc(0), contentType = "application/octet-stream" },
  key,
  { created, nonce } = fresh(),
) {
  const { host, pathname, search } = new URL(url);
  const signed = { created, nonce, keyid: key.keyid };
  const params = parameters(signed);
  const digest = contentDigest(body);
  const text = base({
    method,
    authority: host.toLowerCase(),
    path: pathname,
    query: search.slice(1),
    contentType,
    digest,
    params,
  });
  const signature = sm2.sign(key.d, text);
  return {
    method,
    url,
    body,
    created,
    nonce,
    base: text,
    signature: signature.toString("hex"),
    event: eventId({ ...signed, authority: host.toLowerCase() }),
    headers: {
      "content-type": contentType,
      "content-digest": digest,
      "signature-input": `sig=${params}`,
      signature: `sig=:${signature.toString("base64")}:`,
    },
  };
}

/** Open an envelope sealed to the key; `aad` is the event id. */
export function open(envelope, key, aad) {
  require_(envelope.alg === "SM4-GCM", "another cipher");
  const recipient = envelope.recipients.find((each) => each.keyid === key.keyid);
  require_(recipient, "not sealed to this key");
  const dataKey = sm2.unwrap(key.d, unb64u(recipient.wrapped));
  return sm4gcm.open(dataKey, unb64u(envelope.iv), aad, unb64u(envelope.sealed));
}
