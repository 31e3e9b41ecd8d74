import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { loadCall } from "../src/callfile.js";
import { LedgerClient } from "../src/index.js";

const CALL = {
  provider: "http://127.0.0.1:8602",
  own: "http://127.0.0.1:8603",
  key: "application.key",
  openingKey: "opening.key",
  passwordFile: "password",
  authorisation: 1,
  purpose: "RXHY",
  items: ["XM"],
  operator: "李老师",
  matter: "2026-0001",
  receipts: "receipts",
};

function written(content) {
  const path = join(mkdtempSync(join(tmpdir(), "callfile-")), "call.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("paths are beside the file", async () => {
  const path = written(CALL);
  const call = await loadCall(path);
  assert.equal(call.key, join(path, "..", "application.key"));
  assert.equal(call.where, undefined);
});

for (const [what, change, said] of [
  ["misspelt", { wehre: { XM: { eq: "a" } } }, /wehre：没有这一项/],
  ["missing", { provider: undefined }, /provider：没有填写/],
  ["quoted", { authorisation: "1" }, /authorisation：应为授权编号/],
  ["no list", { items: "XM" }, /items：应为信息项代码的列表/],
  ["no comparison", { where: { XM: "a" } }, /where：应为/],
  ["of another type", { own: null, matter: 3 }, /own：.*; matter：/],
]) {
  test(`a member that is ${what} is named, and nothing is sent`, async () => {
    await assert.rejects(loadCall(written({ ...CALL, ...change })), { code: "config-invalid", message: said });
  });
}

for (const [what, content] of [["no JSON", "{bad"], ["no object", "[]"], ["endless", `"${"x".repeat(70_000)}"`]]) {
  test(`a file that is ${what} is refused`, async () => {
    await assert.rejects(loadCall(written(content)), { code: "config-invalid" });
  });
}

test("a client sends nothing for an authorisation that has no number", async () => {
  const signer = { keyid: "0".repeat(64), sign: () => assert.fail("signed") };
  const client = new LedgerClient({ provider: CALL.provider, own: CALL.own, signer, http: { close() {} } });
  const wanted = { purpose: "RXHY", items: ["XM"], operator: "a", matter: "b" };
  for (const authorisation of ["1", 0, 1.5, undefined]) {
    await assert.rejects(client.prepare(authorisation, wanted), { code: "malformed-request" });
  }
  await assert.rejects(client.prepare(1, { ...wanted, items: "XM" }), { code: "malformed-request" });
});
