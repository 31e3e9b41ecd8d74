// A bundle and a trust file as they are written (docs/evidence.md 1 and 2); nothing is verified yet.
import { sm3, unb64u, unhex } from "../bytes.js";
import * as canonical from "../canonical.js";
import { hasMembers, isObject } from "../envelope.js";
import { must } from "../errors.js";
import { checkPublic } from "../sm2.js";
import { CODE, hold, within } from "./refusing.js";

const MALFORMED = "malformed-evidence";
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_RECEIPTS = 65_536;
const MOST_HASHES = 128;
const MOST_TRUST_BYTES = 64 * 1024 * 1024;
const MEMBERS = "checkpoint,claim,consistency,documents,headers,index,leaf,proof,receipts,request,type,v";

const isWhole = (value) => Number.isSafeInteger(value) && value >= 0;

function lists(value, where, read) {
  hold(Array.isArray(value), where, "not a list");
  return value.map(read);
}

const parts = (value, where) => lists(value, where, (part) => unb64u(part, CODE));

function hashes(value, where) {
  const found = lists(value, where, (part) => unhex(part, CODE));
  hold(found.length <= MOST_HASHES, where, "more hashes than a proof has");
  return found;
}

/** Read a bundle's bytes; throws `evidence-invalid`. */
export function parseBundle(file) {
  hold(file.length <= MOST_BYTES, "file", "more than 256 MiB");
  // A file of nothing but brackets takes many times its size in memory.
  let values = 0;
  for (const octet of file) if (octet === 0x5b || octet === 0x7b || octet === 0x2c) values++;
  hold(values <= 256 + file.length / 16, "file", "more values than a bundle has");
  const found = within("file", () => canonical.parse(file, CODE, MOST_BYTES));
  const whole = hasMembers(found, MEMBERS) && found.type === "evidence" && found.v === 1;
  hold(whole, "file", "not an evidence bundle of version 1");
  hold(hasMembers(found.claim, "event"), "claim", "not {event}");
  const receipts = new Map();
  let last = -1;
  for (const row of lists(found.receipts, "receipts", (each) => each)) {
    hold(hasMembers(row, "block,receipts") && isWhole(row.block), "receipts", "not {block, receipts}");
    hold(row.block > last, "receipts", "blocks out of order");
    last = row.block;
    receipts.set(row.block, parts(row.receipts, "receipts"));
    hold(row.receipts.length <= MOST_RECEIPTS, "receipts", "more than a block has");
  }
  const documents = new Map();
  let before = "";
  for (const document of parts(found.documents, "documents")) {
    const digest = sm3(document).toString("hex");
    hold(digest > before, "documents", "out of order");
    before = digest;
    documents.set(digest, document);
  }
  hold(isWhole(found.index), "index", "not a number");
  const note = unb64u(found.checkpoint, CODE);
  const checkpoint = note.toString("utf8");
  hold(Buffer.from(checkpoint).equals(note), "checkpoint", "not UTF-8");
  return {
    event: unhex(found.claim.event, CODE).toString("hex"),
    headers: parts(found.headers, "headers"),
    receipts,
    documents,
    leaf: unb64u(found.leaf, CODE),
    index: found.index,
    proof: hashes(found.proof, "proof"),
    checkpoint,
    consistency: hashes(found.consistency, "consistency"),
    request: found.request === null ? undefined : unb64u(found.request, CODE),
  };
}

/** JSON in which no object has a member twice; `JSON.parse` would take the last. */
function parseOnce(bytes) {
  const text = bytes.toString("utf8");
  const value = canonical.parseLoosely(bytes, MALFORMED);
  const count = (each) =>
    Array.isArray(each) ? each.reduce((sum, one) => sum + count(one), 0)
    : isObject(each) ? Object.entries(each).reduce((sum, [, one]) => sum + 1 + count(one), 0) : 0;
  // Outside of texts a colon stands for one member each.
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/gs, "").split(":").length - 1;
  must(colons === count(value), MALFORMED, "a member is given twice");
  return value;
}

/** Read a trust file's bytes; throws `malformed-evidence`. */
export function parseTrust(bytes) {
  must(bytes.length <= MOST_TRUST_BYTES, MALFORMED, "信任文件过大 / the trust file is too large");
  const found = parseOnce(bytes);
  must(isObject(found), MALFORMED, "信任文件不是对象 / the trust file is no object");
  const { blocks, ...rest } = found;
  const fits = hasMembers(rest, "chainId,genesisHash,head,registry,rootKey") && hasMembers(rest.head, "hash,number");
  must(fits && isWhole(rest.chainId) && isWhole(rest.head.number), MALFORMED, "信任文件成员不对 / other members than a trust file's");
  const rootKey = unhex(rest.rootKey, MALFORMED, 64);
  checkPublic(rootKey, MALFORMED);
  const trust = {
    chainId: rest.chainId,
    genesisHash: unhex(rest.genesisHash, MALFORMED),
    registry: unhex(rest.registry, MALFORMED, 20).toString("hex"),
    rootKey,
    head: { number: rest.head.number, hash: unhex(rest.head.hash, MALFORMED) },
    blocks: "blocks" in found ? unb64u(blocks, MALFORMED) : undefined,
  };
  if (trust.blocks) {
    must(trust.blocks.length === 32 * trust.head.number, MALFORMED, "blocks: the size");
    const first = trust.head.number === 0 || trust.blocks.subarray(0, 32).equals(trust.genesisHash);
    must(first, MALFORMED, "blocks: the first is not the genesis");
  }
  return trust;
}

/** The hash of a block, undefined where the trust file does not know it. */
export function findBlock({ head, blocks }, number) {
  if (number === head.number) return head.hash;
  return blocks && number < head.number ? blocks.subarray(32 * number, 32 * number + 32) : undefined;
}
