#!/usr/bin/env node
// One call, or the kept receipts' upgrade, as a file describes it: `shareledger-call call.json [--upgrade]`.
import { readFile, stat } from "node:fs/promises";

import { loadCall } from "../src/callfile.js";
import { LedgerClient, LedgerError, loadOpener, loadSigner, ReceiptFolder } from "../src/index.js";

const [EXIT_REFUSED, EXIT_UNAVAILABLE, EXIT_UNPROVEN] = [1, 2, 3];
const UNPROVEN = ["verification-failed", "receipt-invalid", "inclusion-invalid", "checkpoint-invalid", "consistency-invalid"];
const english = /^en/i.test(process.env.SHARELEDGER_LANG ?? "zh");
const t = (chinese, words) => (english ? words : chinese);

/** The first line of a password file, which others must not be able to read. */
async function readPassword(path) {
  try {
    if ((await stat(path)).mode & 0o077) throw new Error(t("他人可读，请先 chmod 600", "others can read it: chmod 600"));
    return (await readFile(path)).toString("latin1").split(/\r?\n/, 1)[0];
  } catch (error) {
    throw new LedgerError("config-invalid", t(`口令文件 ${path}：${error.message}`, `password file ${path}: ${error.message}`));
  }
}

async function main([path, mode, ...more]) {
  if (path === undefined || more.length > 0 || ![undefined, "--upgrade"].includes(mode)) {
    throw new LedgerError("malformed-request", t("用法：shareledger-call call.json [--upgrade]", "usage: shareledger-call call.json [--upgrade]"));
  }
  const call = await loadCall(path);
  const password = Buffer.from(await readPassword(call.passwordFile), "latin1");
  const client = new LedgerClient({
    provider: call.provider,
    own: call.own,
    signer: await loadSigner(call.key, password),
    opener: await loadOpener(call.openingKey, password),
    receipts: new ReceiptFolder(call.receipts),
  });
  try {
    if (mode === "--upgrade") {
      const { upgraded, waiting, failed } = await client.upgradeKept();
      for (const each of failed) tell(each.error, each.path);
      console.log(JSON.stringify({ upgraded, waiting, failed: failed.length }));
      return failed.length > 0 ? EXIT_UNPROVEN : 0;
    }
    const { purpose, items, where, operator, matter, authorisation } = call;
    const { rows, next, masked, asOf, event, kept } = await client.query(authorisation, { purpose, items, where, operator, matter });
    console.log(JSON.stringify({ rows, next, masked, asOf, event, receipt: kept }, null, 2));
    return 0;
  } finally {
    client.close();
  }
}

/** One line on stderr, with nothing in it that moves the cursor. */
function tell(error, place = "") {
  const said = `[${error.code}] ${english ? "" : `${error.title}：`}${place} ${error.message}`.replace(/\p{C}+| {2,}/gu, " ");
  console.error(said);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof LedgerError)) throw error;
  tell(error, error.facts.kept);
  process.exitCode = UNPROVEN.includes(error.code) ? EXIT_UNPROVEN : error.retryable ? EXIT_UNAVAILABLE : EXIT_REFUSED;
}
