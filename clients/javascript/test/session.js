// One session with a real node: `node session.js < config.json`, where config.json is
// `{provider, own, signing, encryption, authorisation, query, receipts}`. What happened is printed as JSON.
import { readFile, stat } from "node:fs/promises";
import { text } from "node:stream/consumers";

import { b64u, unb64u } from "../src/bytes.js";
import { LedgerClient } from "../src/client.js";
import { LedgerError } from "../src/errors.js";
import { ReceiptFolder } from "../src/folder.js";
import { Http } from "../src/http.js";
import { SoftwareOpener, SoftwareSigner } from "../src/keys.js";
import { Receipt } from "../src/receipt.js";

const config = JSON.parse(await text(process.stdin));
const { authorisation, query } = config;
const [signer, opener] = [
  new SoftwareSigner(Buffer.from(config.signing, "hex")),
  new SoftwareOpener(Buffer.from(config.encryption, "hex")),
];
const receipts = new ReceiptFolder(config.receipts);
const client = new LedgerClient({ ...config, signer, opener, receipts });
const http = new Http();

const flip = (bytes, at) => {
  const changed = Buffer.from(bytes);
  changed[at] ^= 1;
  return changed;
};
/** Change a digit of the signed content digest: what stays is a leaf, of another call. */
const flipDigest = (leaf) => flip(leaf, leaf.indexOf("sm3=:") + 8);
const flipB64u = (value) => b64u(flip(unb64u(value), 3));

/** Change one byte of the root or of a signature line: 0 the Ed25519 one, 1 the SM2 one. */
function flipNote(note, which) {
  const lines = note.split("\n");
  const at = which === "root" ? 2 : 4 + which;
  const words = lines[at].split(" ");
  words.push(flip(Buffer.from(words.pop(), "base64"), 20).toString("base64"));
  lines[at] = words.join(" ");
  return lines.join("\n");
}

const FORGERIES = {
  leaf: ({ receipt }) => (receipt.leaf = b64u(flipDigest(unb64u(receipt.leaf)))),
  index: (answer) => (answer.receipt.index += 1),
  proof: (answer) => (answer.receipt.proof[0] = flipB64u(answer.receipt.proof[0])),
  root: (answer) => (answer.receipt.checkpoint = flipNote(answer.receipt.checkpoint, "root")),
  "Ed25519 line": (answer) => (answer.receipt.checkpoint = flipNote(answer.receipt.checkpoint, 0)),
  "SM2 line": (answer) => (answer.receipt.checkpoint = flipNote(answer.receipt.checkpoint, 1)),
  ciphertext: (answer) => (answer.sealed.sealed = flipB64u(answer.sealed.sealed)),
  iv: (answer) => (answer.sealed.iv = flipB64u(answer.sealed.iv)),
  "wrapped key": ({ sealed }) => (sealed.recipients[0].wrapped = flipB64u(sealed.recipients[0].wrapped)),
};

/** What went wrong: the error's code, and whether a receipt came with it. */
async function failing(act) {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { code: error.code, receipt: error.receipt instanceof Receipt, message: error.message };
  }
  return {};
}

/** Send a changed request; return the problem as it came. */
async function rejected(change) {
  const { request } = await client.prepare(authorisation, query);
  return { base: request.base, ...(await http.send({ ...request, ...change(request) })) };
}

await client.query(authorisation, query);
const asked = await client.prepare(authorisation, query);
const came = await http.send(asked.request);
const answer = await client.judge(asked, came);
const again = await client.resend(answer);

const forged = {};
for (const [name, change] of Object.entries(FORGERIES)) {
  const value = structuredClone(came.value);
  change(value);
  forged[name] = (await failing(() => client.judge(asked, { ...came, value }))).code;
}

const kept = Receipt.parse(await readFile(answer.kept));
const anchored = await client.waitAnchored(kept, 20);
const rest = await client.upgradeKept();
const onDisk = Receipt.parse(await readFile(answer.kept));

const notGranted = await failing(() => client.query(authorisation, { ...query, items: ["XM", "MZ"] }));
const happened = {
  rows: answer.rows,
  masked: answer.masked,
  number: answer.receipt.leaf.number,
  index: answer.receipt.index,
  resent: again.receipt.leafBytes.equals(answer.receipt.leafBytes) && again.remaining.calls === answer.remaining.calls,
  mode: (await stat(answer.kept)).mode & 0o777,
  folder: (await stat(config.receipts)).mode & 0o777,
  keptLeaf: kept.leafBytes.equals(answer.receipt.leafBytes),
  anchored: anchored.anchored.size,
  onDisk: onDisk.anchored?.size,
  upgraded: rest.upgraded,
  failed: rest.failed.map(({ error }) => error.message),
  forged,
  notGranted,
  wrongPurpose: await failing(() => client.query(authorisation, { ...query, purpose: "NOTHING" })),
  notOurs: await failing(() => client.query(authorisation + 999, query)),
  replayed: await failing(async () => {
    await client.send(await client.prepare(authorisation, { ...query, matter: "another" }, asked.request));
  }),
  withoutReceipt: await failing(async () => {
    const wrong = await client.prepare(authorisation, { ...query, purpose: "NOTHING" });
    const { value, ...rest_ } = await http.send(wrong.request);
    await client.judge(wrong, { ...rest_, value: { ...value, receipt: undefined } });
  }),
  changedBody: await rejected(({ body }) => ({ body: flip(body, body.length - 3) })),
  changedSignature: await rejected(({ headers, signature }) => ({
    headers: { ...headers, signature: `sig=:${flip(Buffer.from(signature, "hex"), 9).toString("base64")}:` },
  })),
};
client.close();
http.close();
process.stdout.write(JSON.stringify(happened));
