// `call.json`: what an application is given to call with, the same file for every client (docs/clients.md). Read
// strictly: a misspelt `where` would ask for every row, and each of them counts.
import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { LedgerError } from "./errors.js";

const LARGEST_BYTES = 65_536;
const PATHS = ["key", "openingKey", "passwordFile", "receipts"];

const isText = (value) => typeof value === "string" && value !== "";
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const text = [isText, "应为文字（加引号） / a text"];
const MEMBERS = {
  provider: text,
  own: text,
  key: text,
  openingKey: text,
  passwordFile: text,
  authorisation: [(value) => Number.isSafeInteger(value) && value > 0, "应为授权编号，不加引号的正整数 / a number from 1"],
  purpose: text,
  items: [(value) => Array.isArray(value) && value.length > 0 && value.every(isText), "应为信息项代码的列表 / a list of codes"],
  where: [(value) => isObject(value) && Object.values(value).every(isObject), '应为 {"代码": {"eq": 值}} 的形式 / comparisons by code'],
  operator: text,
  matter: text,
  receipts: text,
};
const OPTIONAL = ["where"];

/** Read a `call.json`; its paths, relative to it, come back as they are found from here. */
export async function loadCall(path) {
  const said = await read(path);
  const wrong = Object.keys(said)
    .filter((name) => !Object.hasOwn(MEMBERS, name))
    .map((name) => `${name}：没有这一项，请核对拼写 / no such member`);
  for (const [name, [fits, form]] of Object.entries(MEMBERS)) {
    if (said[name] === undefined) {
      if (!OPTIONAL.includes(name)) wrong.push(`${name}：没有填写 / is missing`);
    } else if (!fits(said[name])) {
      wrong.push(`${name}：${form}`);
    }
  }
  if (wrong.length > 0) throw new LedgerError("config-invalid", `${path} 不合规定 / is not as it must be: ${wrong.join("; ")}`);
  return { ...said, ...Object.fromEntries(PATHS.map((name) => [name, resolve(dirname(path), said[name])])) };
}

async function read(path) {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST_BYTES + 1), 0, LARGEST_BYTES + 1, 0);
      const said = JSON.parse(buffer.toString("utf8", 0, bytesRead));
      if (!isObject(said)) throw new Error("no JSON object");
      return said;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new LedgerError("config-invalid", `${path} 读不出 / cannot be read: ${error.message}`);
  }
}
