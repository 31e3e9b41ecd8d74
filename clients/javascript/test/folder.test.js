// A receipt is whole on the disk, readable by its owner alone, before `keep` returns; none is ever lost to another.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Receipt, ReceiptFolder } from "../src/index.js";

const { receipt: plain, anchored } = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/log.json", import.meta.url), "utf8"),
);
const fresh = async () => new ReceiptFolder(join(await mkdtemp(join(tmpdir(), "javascript-")), "receipts"));
const modeOf = async (path) => (await stat(path)).mode & 0o777;

test("keeps the canonical bytes in a file of mode 0600, in a folder of 0700", async () => {
  const folder = await fresh();
  const receipt = new Receipt(plain);
  const path = await folder.keep(receipt);
  assert.deepEqual([await modeOf(path), await modeOf(folder.path)], [0o600, 0o700]);
  assert.deepEqual(Receipt.parse(await readFile(path)).bytes, receipt.bytes);
  assert.deepEqual(await readdir(folder.path), [path.slice(folder.path.length + 1)]);
});

test("replaces a receipt by the same with its anchor, and not the other way", async () => {
  const folder = await fresh();
  const [before, after] = [new Receipt(plain), new Receipt(plain).withAnchor(anchored.anchored)];
  const path = await folder.keep(before);
  for (const each of [after, before]) {
    assert.equal(await folder.keep(each), path);
    assert.deepEqual(await readFile(path), after.bytes);
  }
});

test("keeps two leaves of one event beside each other", async () => {
  const folder = await fresh();
  const members = JSON.parse(Buffer.from(plain.leaf, "base64url"));
  const other = Buffer.from(JSON.stringify({ ...members, number: members.number + 1 })).toString("base64url");
  const paths = [await folder.keep(new Receipt(plain)), await folder.keep(new Receipt({ ...plain, leaf: other }))];
  const listed = [];
  for await (const { path } of folder.list()) listed.push(path);
  assert.deepEqual(listed, paths.sort());
});

test("names a file that holds no receipt, and goes on", async () => {
  const folder = await fresh();
  const path = await folder.keep(new Receipt(plain));
  const broken = join(folder.path, `${"0".repeat(64)}-${"0".repeat(16)}.json`);
  await writeFile(broken, "{}");
  const listed = [];
  for await (const each of folder.list()) listed.push([each.path, each.error?.code]);
  assert.deepEqual(listed, [[broken, "malformed-receipt"], [path, undefined]]);
});

test("a folder that cannot be written is an error, not an answer", { skip: process.getuid?.() === 0 }, async () => {
  const folder = await fresh();
  await folder.keep(new Receipt(plain));
  await chmod(folder.path, 0o500);
  await assert.rejects(folder.keep(new Receipt(plain).withAnchor(anchored.anchored)), { code: "config-invalid" });
});

test("a file in the folder's place is an error with its path", async () => {
  const folder = await fresh();
  await writeFile(folder.path, "");
  await assert.rejects(folder.keep(new Receipt(plain)), { code: "config-invalid", message: /receipts/ });
});
