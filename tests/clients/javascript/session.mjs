// One session with a real node: `node session.mjs < config.json`, where config.json is
// `{provider, own, signing, encryption, authorisation, query}`. What happened is printed as JSON.
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

import { b64u, Refused, unb64u, unbase64, unhex } from "./bytes.mjs";
import { Client, Problem } from "./client.mjs";

const config = JSON.parse(await text(process.stdin));
const keyOf = ({ d, keyid }) => ({ d: unhex(d, 32), keyid });
const client = new Client({ ...config, signing: keyOf(config.signing), encryption: keyOf(config.encryption) });
const { authorisation, query } = config;

const flip = (bytes, at) => {
  const changed = Buffer.from(bytes);
  changed[at] ^= 1;
  return changed;
};
const flipB64u = (value) => b64u(flip(unb64u(value), 3));

/** Change one byte of the root or of a signature line: 0 the Ed25519 one, 1 the SM2 one. */
function flipNote(note, which) {
  const lines = note.split("\n");
  const at = which === "root" ? 2 : 4 + which;
  const words = lines[at].split(" ");
  words.push(flip(unbase64(words.pop()), 20).toString("base64"));
  lines[at] = words.join(" ");
  return lines.join("\n");
}

const FORGERIES = {
  leaf: (answer) => (answer.receipt.leaf = b64u(flip(unb64u(answer.receipt.leaf), 300))),
  index: (answer) => (answer.receipt.index += 1),
  proof: (answer) => (answer.receipt.proof[0] = flipB64u(answer.receipt.proof[0])),
  root: (answer) => (answer.receipt.checkpoint = flipNote(answer.receipt.checkpoint, "root")),
  "Ed25519 line": (answer) => (answer.receipt.checkpoint = flipNote(answer.receipt.checkpoint, 0)),
  "SM2 line": (answer) => (answer.receipt.checkpoint = flipNote(answer.receipt.checkpoint, 1)),
  ciphertext: (answer) => (answer.sealed.sealed = flipB64u(answer.sealed.sealed)),
  iv: (answer) => (answer.sealed.iv = flipB64u(answer.sealed.iv)),
  "wrapped key": ({ sealed }) => (sealed.recipients[0].wrapped = flipB64u(sealed.recipients[0].wrapped)),
};

/** What went wrong: the code of a problem, or "refused" where the client did not believe the node. */
async function failing(act) {
  try {
    await act();
  } catch (error) {
    if (error instanceof Problem) return { code: error.code, receipt: Boolean(error.receipt) };
    if (error instanceof Refused) return { refused: error.message };
    throw error;
  }
  return {};
}

/** Send a changed request; return the problem as it came. */
async function rejected(change) {
  const { request } = client.prepare(authorisation, query);
  return { base: request.base, ...(await client.send({ ...request, ...change(request) })) };
}

await client.query(authorisation, query);
const asked = client.prepare(authorisation, query);
const came = await client.send(asked.request);
const answer = await client.judge(asked, came);
const again = await client.judge(asked, await client.send(asked.request));

const forged = {};
for (const [name, change] of Object.entries(FORGERIES)) {
  const members = structuredClone(came.members);
  change(members);
  forged[name] = await failing(() => client.judge(asked, { ok: true, members }));
}

let anchor;
for (const end = Date.now() + 20_000; !anchor && Date.now() < end; ) {
  anchor = await client.findAnchor(answer.receipt);
  if (!anchor) await pause(100);
}

process.stdout.write(
  JSON.stringify({
    rows: answer.rows,
    masked: answer.masked,
    event: answer.leaf.event,
    number: answer.leaf.number,
    index: answer.receipt.index,
    resent: again.receipt.leaf === answer.receipt.leaf && again.remaining.calls === answer.remaining.calls,
    anchored: anchor?.size,
    forged,
    notGranted: await failing(() => client.query(authorisation, { ...query, items: ["XM", "MZ"] })),
    wrongPurpose: await failing(() => client.query(authorisation, { ...query, purpose: "NOTHING" })),
    notOurs: await failing(() => client.query(authorisation + 999, query)),
    unknown: await failing(() => client.get(client.provider, `/authorisations/${authorisation + 999}`)),
    replayed: await failing(async () => {
      const second = client.prepare(authorisation, { ...query, matter: "another" }, asked.request);
      await client.judge(second, await client.send(second.request));
    }),
    withoutReceipt: await failing(async () => {
      const wrong = client.prepare(authorisation, { ...query, purpose: "NOTHING" });
      const { members } = await client.send(wrong.request);
      await client.judge(wrong, { ok: false, members: { ...members, receipt: undefined } });
    }),
    changedBody: await rejected(({ body }) => ({ body: flip(body, body.length - 3) })),
    changedSignature: await rejected(({ headers, signature }) => ({
      headers: { ...headers, signature: `sig=:${flip(Buffer.from(signature, "hex"), 9).toString("base64")}:` },
    })),
  }),
);
