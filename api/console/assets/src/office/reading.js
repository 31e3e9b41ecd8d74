// What a decision says, in words, from its papers and its struct alone: node/protocol/forms/readout.py, by the tables
// that Python writes (reading.json). What stands here is what is signed; nothing of it is the server's wording.
import { sm3 } from "../../../../../clients/javascript/src/bytes.js";
import { membersOfStruct } from "../../../../../clients/javascript/src/evidence/decisions.js";
import TABLES from "./reading.json";

const ORDER = new Map(Object.keys(TABLES.labels).map((name, place) => [name, place]));
const ZERO = "0".repeat(64);
const BEIJING_SECONDS = 28_800n;
const YEAR_10000 = 253_402_300_800n;
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const same = (text) => ({ zh: text, en: text });
const YES = { zh: "是", en: "yes" };
const NO = { zh: "否", en: "no" };

/**
 * Lines `{part, label, value}` of a decision, each text `{zh, en}`. `message` is the struct with numbers as BigInt and
 * bytes as hex; `papers` are `{bytes, body}`.
 */
export function readDecision(kind, message, papers) {
  const lines = [{ part: "decision", label: { zh: "决定", en: "decision" }, value: decisionWords(kind, message) }];
  papers.forEach(({ bytes, body }, at) => {
    const whole = papers.length <= TABLES.mostWhole;
    const said = whole ? "" : inline(summary(body));
    // The whole digest stands in the struct; its beginning tells papers apart.
    const digest = sm3(bytes).toString("hex").slice(0, 16);
    const called = { zh: TABLES.papers[body.type], en: body.type.replaceAll("-", " ") };
    const value = { zh: `${called.zh}（${digest}）${said}`, en: `${called.en}（${digest}）${said}` };
    lines.push({ part: "document", label: { zh: `文书 ${at + 1}`, en: `document ${at + 1}` }, value });
    if (whole) lines.push(...membersOf(body, TABLES.binds).map((line) => ({ part: "document", ...line })));
  });
  return [...lines, ...structLines(kind, message).map((line) => ({ part: "chain", ...line }))];
}

const labelOf = (name) => ({
  zh: TABLES.labels[name] ?? name,
  en: name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase(),
});

/** A part of what was said, in words: `[place, value]` as `asking.js` names it. */
export function readPlaced([place, value]) {
  const parts = place.split(".").map((name) => (/^\d+$/.test(name) ? same(` ${Number(name) + 1}`) : labelOf(name)));
  const called = (language) => parts.reduce((text, each) => text + (text && !each.zh.startsWith(" ") ? "·" : "") + each[language], "");
  return { zh: `${called("zh")}：${inline(value)}`, en: `${called("en")}: ${inline(value)}` };
}

const BY_STEP = ["Step", "Change"];
const TELLING = { Reply: "answer", Step: "step", Change: "step", SetDepartmentStatus: "status" };

function decisionWords(kind, message) {
  const field = TELLING[kind];
  const english = kind.replace(/([a-z])([A-Z])/g, (_, last, first) => `${last} ${first.toLowerCase()}`);
  if (field === undefined) return { zh: TABLES.decisions[kind], en: english };
  const [zh, en] = TABLES.enumerations[field][message[field]] ?? ["？", "?"];
  return { zh: BY_STEP.includes(kind) ? zh : `${TABLES.decisions[kind]}：${zh}`, en: `${english} (${en})` };
}

function summary(body) {
  const named = TABLES.summary.filter((name) => body[name] !== undefined && body[name] !== null);
  return Object.fromEntries(named.map((name) => [name, Array.isArray(body[name]) ? body[name].length : body[name]]));
}

/** The members that say anything, in the order in which they are read; false and 0 say something. */
function ordered(body, leftOut = []) {
  const says = (value) =>
    value !== null && !(Array.isArray(value) && value.length === 0) && !(isObject(value) && Object.keys(value).length === 0);
  const place = (name) => ORDER.get(name) ?? ORDER.size;
  return Object.keys(body)
    .filter((name) => !leftOut.includes(name) && says(body[name]))
    .sort((one, other) => place(one) - place(other) || (one < other ? -1 : 1));
}

function membersOf(body, leftOut = [], above = { zh: "", en: "" }) {
  return ordered(body, leftOut).flatMap((name) => {
    const value = body[name];
    const called = labelOf(name);
    const label = { zh: above.zh + called.zh, en: above.en + called.en };
    if (isObject(value)) return membersOf(value, [], { zh: `${label.zh}·`, en: `${label.en} · ` });
    if (!Array.isArray(value) || !value.some(isObject)) return [{ label, value: plain(value) }];
    return value.map((each, at) => ({
      label: { zh: `${label.zh} ${at + 1}`, en: `${label.en} ${at + 1}` },
      value: same(inline(each)),
    }));
  });
}

/** A part on one line, in Chinese as it is written. */
function inline(value) {
  if (isObject(value)) return ordered(value).map((name) => `${labelOf(name).zh} ${inline(value[name])}`).join("；");
  return Array.isArray(value) ? value.map(inline).join("、") : plain(value).zh;
}

function plain(value) {
  if (typeof value === "boolean") return value ? YES : NO;
  return same(Array.isArray(value) ? value.map(inline).join("、") : String(value));
}

function structLines(kind, message) {
  return membersOfStruct(kind).flatMap(({ name, type, parts }) => {
    const label = labelOf(name);
    if (!parts) return [{ label, value: saidValue(name, type, message[name], kind) }];
    return message[name].map((element, at) => {
      const said = parts.map((part) => [labelOf(part.name), saidValue(part.name, part.type, element[part.name], kind)]);
      const value = {
        zh: said.map(([called, text]) => `${called.zh} ${text.zh}`).join("；"),
        en: said.map(([called, text]) => `${called.en} ${text.en}`).join("; "),
      };
      return { label: { zh: `${label.zh} ${at + 1}`, en: `${label.en} ${at + 1}` }, value };
    });
  });
}

function saidValue(name, type, value, kind) {
  if (type === "bool") return value ? YES : NO;
  if (type === "bytes32" || type === "address") return same(saidBytes(name, value));
  const words = TABLES.enumerations[name === "kind" ? `${kind}.kind` : name];
  if (words) return word(name, words, value);
  if (name === "items") {
    const bits = [...value.toString(2)].reverse().flatMap((bit, at) => (bit === "1" ? [at + 1] : []));
    return { zh: `第 ${bits.join("、")} 项`, en: `items ${bits.join(", ")}` };
  }
  if (TABLES.firstDays.includes(name)) return day(value);
  if (TABLES.lastDays.includes(name)) return day(value - 1n);
  if (name === "notAfter") return same(momentOf(value));
  return same(TABLES.hexadecimal.includes(name) ? value.toString(16).padStart(64, "0") : String(value));
}

function saidBytes(name, value) {
  const bytes = Buffer.from(value, "hex");
  if (name === "name") {
    // A contract's, as it is listed.
    return [...bytes.toString("latin1").replace(/\0+$/, "")].map((sign) => (sign > "\x7f" ? "\ufffd" : sign)).join("");
  }
  if (value === ZERO) return "—";
  const code = bytes.toString("latin1").replace(/\0+$/, "");
  return TABLES.departments.includes(name) && /^[0-9A-Z]{18}$/.test(code) ? code : value;
}

function word(name, words, value) {
  if (!TABLES.flags.includes(name)) {
    const [zh, en] = words[value] ?? (value === 0n ? ["—", "—"] : [String(value), String(value)]);
    return { zh, en };
  }
  const named = Object.entries(words).filter(([bit]) => value & BigInt(bit));
  return { zh: named.map(([, [zh]]) => zh).join("、") || "无", en: named.map(([, [, en]]) => en).join(", ") || "none" };
}

function day(seconds) {
  if (seconds <= 0n) return same("—");
  return seconds + BEIJING_SECONDS < YEAR_10000 ? same(beijing(seconds).slice(0, 10)) : { zh: "长期", en: "no end" };
}

/** A chain time as Beijing's clocks show it. */
export function momentOf(seconds) {
  if (seconds + BEIJING_SECONDS >= YEAR_10000) return String(seconds);
  return beijing(seconds).slice(0, 19).replace("T", " ");
}

const beijing = (seconds) => new Date(1000 * Number(seconds + BEIJING_SECONDS)).toISOString();
