#!/usr/bin/env node
// An evidence bundle verified offline, as `shareledger verify` does: `shareledger-verify evidence.json trust.json`.
import { readFile } from "node:fs/promises";

import { LedgerError, verifyEvidence } from "../src/index.js";

const EXIT_CODES = { proven: 0, undetermined: 3, incomplete: 4 };
const [EXIT_REFUSED, EXIT_UNPROVEN] = [1, 3];
const VERDICTS = {
  proven: "已证明",
  undetermined: "无法确定：调用与锚定之间授权有变化",
  incomplete: "不完整：信任文件里没有证据包止于的区块，请另取新的信任文件",
};
const english = /^en/i.test(process.env.SHARELEDGER_LANG ?? "zh");

async function read(path) {
  try {
    return await readFile(path);
  } catch (error) {
    const problem = english ? `cannot read ${path}` : `${path} 读不出`;
    throw new LedgerError("malformed-evidence", `${problem}: ${error.code}`);
  }
}

try {
  const [bundle, trust, ...more] = process.argv.slice(2);
  if (trust === undefined || more.length > 0) {
    throw new LedgerError("malformed-request", `${english ? "usage" : "用法"}：shareledger-verify evidence.json trust.json`);
  }
  const report = verifyEvidence(await read(bundle), await read(trust));
  const { verdict, event, outcome, authorisation, explanation } = report;
  console.log(english ? `verdict: ${verdict}, event ${event}` : `结论：${VERDICTS[verdict]}，事件 ${event}`);
  console.log(english ? `authorisation ${authorisation}, ${outcome}` : `授权 ${authorisation}，结果 ${outcome}`);
  console.log(explanation);
  process.exitCode = EXIT_CODES[verdict];
} catch (error) {
  if (!(error instanceof LedgerError)) throw error;
  console.error(`[${error.code}] ${english ? "" : `${error.title}：`}${error.message}`.replace(/\p{C}+/gu, " "));
  process.exitCode = error.code === "evidence-invalid" ? EXIT_UNPROVEN : EXIT_REFUSED;
}
