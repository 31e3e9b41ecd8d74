// The server is not trusted: what it sends is bounded, and no answer of its ends the process or is taken for another.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { signRequest } from "../src/call.js";
import { Http } from "../src/http.js";
import { SoftwareSigner } from "../src/keys.js";

const signer = new SoftwareSigner(Buffer.from("22".repeat(32), "hex"));

/**
 * Serve with `answer(request, response, count)`; give `act` an address and how often it was asked.
 *
 * A server is waited for `seconds`: few only where it is never to answer, or a busy machine would count as silence.
 */
async function serving(answer, act, seconds = 30) {
  let count = 0;
  const server = createServer((request, response) => answer(request, response, ++count));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const http = new Http({ stepSeconds: seconds, answerSeconds: 2 * seconds, answerBytes: 1000 });
  try {
    const request = await signRequest({ method: "GET", url: `http://127.0.0.1:${server.address().port}/x?a=b` }, signer);
    await act(http, request, () => count);
  } finally {
    http.close();
    server.closeAllConnections();
    server.close();
  }
}

test("sends the same bytes again when the connection breaks", async () => {
  const seen = [];
  const breaking = (request, response, count) => {
    seen.push(request.headers.signature);
    if (count < 3) request.socket.destroy();
    else response.end('{"whole":true}');
  };
  await serving(breaking, async (http, request) => {
    assert.deepEqual(await http.request(request, "malformed-receipt"), { whole: true });
    assert.deepEqual(seen, Array(3).fill(request.headers.signature));
  });
});

for (const [what, answer, times, seconds] of [
  ["too large", (_, response) => response.end("x".repeat(1001)), 1],
  ["never whole", (_, response) => void response.write("{"), 3, 0.1],
  ["cut short", (_, response) => (response.writeHead(200, { "content-length": 9 }), response.write("{"), response.destroy()), 3],
  ["in an encoding nobody asked for", (_, response) => (response.setHeader("content-encoding", "gzip"), response.end()), 1],
]) {
  test(`an answer that is ${what} is no answer`, async () => {
    await serving(answer, async (http, request, count) => {
      await assert.rejects(http.request(request, "malformed-receipt"), { code: "peer-unavailable" });
      assert.equal(count(), times);
    }, seconds);
  });
}

for (const [status, body, code] of [
  [302, "", "malformed-request"],
  [200, "[1]", "malformed-receipt"],
  [200, "no JSON", "malformed-receipt"],
  [200, "[".repeat(900), "malformed-receipt"],
  [404, '{"code":"document-unknown"}', "document-unknown"],
  [500, '{"code":"wrong-chain"}', "peer-unavailable"],
  [400, '{"code":["x"]}', "malformed-request"],
  [403, "null", "malformed-request"],
]) {
  test(`${status} ${body.slice(0, 30)} is ${code}`, async () => {
    const answer = (_, response) => (response.writeHead(status, { location: "/other" }), response.end(body));
    await serving(answer, async (http, request, count) => {
      await assert.rejects(http.request(request, "malformed-receipt"), { code });
      assert.equal(count(), 1);
    });
  });
}

test("what cannot be signed is refused before it is sent", async () => {
  for (const url of ["", "ftp://a/b", "http://", "http://a b/"]) {
    await assert.rejects(signRequest({ method: "GET", url }, signer), { code: "malformed-request" });
  }
  await assert.rejects(async () => signer.sign("ShareLedger-decision:00"), { code: "malformed-request" });
});

test("a key is neither printed nor serialised", async () => {
  const { inspect } = await import("node:util");
  assert.match(inspect({ signer }), /<SoftwareSigner [0-9a-f]{64}>/);
  assert.throws(() => JSON.stringify({ signer }), { code: "malformed-key" });
});
