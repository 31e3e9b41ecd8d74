// What a review of kept receipts found, drawn: a line for each authorisation, what does not hold and why, what is missing,
// what was no receipt. File names and whatever stands in a file are text.
import { parseOrigin } from "../../../../../clients/javascript/src/checkpoint.js";
import { element, say } from "../office/speaking.js";

/** Names that are listed, stretches that are named: of more it is said how many. */
const [MOST_LISTED, MOST_STRETCHES, MOST_NAMED] = [200, 12, 20];
const days = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short" });
const YEAR_10000 = Date.UTC(10_000, 0, 1);
/** Code → what it means for a receipt that lay in a file. */
const FAULTS = {
  "malformed-receipt": ["文件损坏或被改动过，不是一份完整的回执", "The file is damaged or was changed: it is no whole receipt"],
  "malformed-checkpoint": ["回执里的检查点损坏或被改动过", "The checkpoint in it is damaged or was changed"],
  "malformed-key": ["日志登记的公钥读不出", "The key on record of the log cannot be read"],
  "receipt-invalid": ["不是这份授权的提供部门所登记日志里的回执，或与检查点不一致", "It is not of a registered log of this authorisation's provider, or its checkpoint is another's"],
  "inclusion-invalid": ["内容被改动过，或不在它所说的日志里", "It was changed, or is not in the log it names"],
  "checkpoint-invalid": ["日志的签名不成立，或签名的密钥当时不是该部门登记在用的", "The log's signature fails, or its key was not the department's at that time"],
  "consistency-invalid": ["链上锚定的日志不是接着这份回执的，或锚定部分被改动过", "The anchored log does not continue the one of this receipt, or the anchor's part was changed"],
  "anchor-unknown": ["签名和日志成立；它所说的锚定，本节点没有查到", "Signatures and log hold; this node does not know the anchor it names"],
  "ledger-behind": ["节点没有该日志当时在用的公钥，无法核验", "The node has no key of that log for that time: it cannot be verified"],
};
const CONTRADICTIONS = {
  double: ["同一编号有两份内容不同的回执", "two different receipts of one number"],
  link: ["与前一次调用接不上：所记的前一份不是保存的那一份", "does not follow the call before: it names another than is kept"],
};
const OTHERS = {
  other: ["不是回执的文件", "files that are no receipts"],
  large: ["超过 1 MiB、没有读的文件（回执不会这么大）", "files of more than 1 MiB, not read (no receipt is as large)"],
  unreadable: ["读不出的文件（选定后被移走或没有权限）", "files that cannot be read (moved since, or not permitted)"],
};
const LINE = "/desk/authorisations/";

/** All there is to show of a review. */
export function drawn(review) {
  const lines = linesOf(review);
  const contradictions = lines.flatMap(({ number, calls }) => calls?.contradictions().map((each) => ({ ...each, call: each.number, number })) ?? []);
  return [verdict(review, lines, contradictions), table(lines), faults(review, contradictions), doubts(review), rest(review)];
}

/** Each authorisation that has receipts, or calls without any: the page's own, and whatever came. */
function linesOf(review) {
  const failed = new Map();
  for (const { number } of review.failing) if (number !== undefined) failed.set(number, (failed.get(number) ?? 0) + 1);
  const numbers = [...new Set([...review.shown, ...review.calls.keys(), ...failed.keys()])].sort((one, other) => one - other);
  return numbers
    .map((number) => {
      const [grant, calls] = [review.facts.grant(number), review.calls.get(number)];
      const last = grant?.last ?? null;
      const missing = calls ? calls.missing(last ?? 0) : last ? [[1, last]] : [];
      const reached = calls?.reached((origin) => review.facts.sizeOf(parseOrigin(origin))) ?? 0;
      return { number, grant, calls, last, missing, reached, failed: failed.get(number) ?? 0 };
    })
    .filter(({ grant, calls, failed: broken, missing }) => grant && (calls || broken || missing.length > 0));
}

const sum = (lines, of) => lines.reduce((total, line) => total + of(line), 0);
const stretch = ([from, to]) => (from === to ? `${from}` : `${from}–${to}`);
const lacking = (missing) => missing.reduce((total, [from, to]) => total + to - from + 1, 0);

function verdict(review, lines, contradictions) {
  const held = sum(lines, ({ calls }) => calls?.count ?? 0);
  const gaps = sum(lines, ({ missing }) => lacking(missing));
  const [broken, open] = [review.failing.length + contradictions.length, review.unsure.length];
  const kind = broken > 0 ? "bad" : gaps > 0 || open > 0 || review.left > 0 || held === 0 ? "warn" : "good";
  const title = titleOf({ broken, open, gaps, held, left: review.left });
  const parts = [
    say(`看了 ${review.done} 个文件`, `files read: ${review.done}`),
    say(`成立 ${held} 份`, `receipts that hold: ${held}`),
    say(`不成立 ${review.failing.length} 份`, `that do not: ${review.failing.length}`),
    open > 0 && say(`未能核实 ${open} 份`, `not verified: ${open}`),
    gaps > 0 && say(`缺 ${gaps} 次`, `calls without one: ${gaps}`),
    review.waiting > 0 && say(`已发出、没有收到回执的调用 ${review.waiting} 次`, `calls sent for which no receipt has come: ${review.waiting}`),
    review.elsewhere > 0 && say(`其他授权的回执 ${review.elsewhere} 份，这里不列`, `of other authorisations, not listed here: ${review.elsewhere}`),
    review.strangers.length > 0 && say(`其他部门的 ${review.strangers.length} 份`, `other departments': ${review.strangers.length}`),
    review.others.length > 0 && say(`不是回执的文件 ${review.others.length} 个`, `files that are no receipts: ${review.others.length}`),
  ].filter(Boolean);
  const partly = review.left > 0 && element("p", {}, say(`还有 ${review.left} 个文件没有核验；以下只是已看过的，缺的可能就在其中。`, `Files that were not looked at: ${review.left}. What follows is of the others, and what is missing may be among them.`));
  return element("div", { class: "inside" }, element("div", { class: `notice ${kind}`, role: "status" }, element("b", {}, title), element("p", {}, `${parts.join(say("，", ", "))}${say("。", ".")}`), partly || undefined));
}

/** The worst first. */
function titleOf({ broken, open, gaps, held, left }) {
  if (broken > 0) return say("有回执不成立", "Some receipts do not hold");
  if (left > 0) return say("没有核验完", "Not all was verified");
  if (held === 0) return say("没有找到本部门的回执", "No receipt of the department was found");
  if (gaps > 0) return say(`保存的都成立，但有 ${gaps} 次没有回执`, `What is kept holds; calls without a receipt: ${gaps}`);
  if (open > 0) return say("有回执未能核实", "Some receipts could not be verified");
  return say("回执全部成立，没有缺的", "All receipts hold, and none is missing");
}

function table(lines) {
  if (lines.length === 0) return "";
  const columns = [
    [say("授权", "Authorisation"), "number"],
    [say("目录、提供部门", "Entry, provider")],
    [say("成立", "Hold"), "number"],
    [say("不成立", "Fail"), "number"],
    [say("已提供、被拒", "Served, refused"), "nowrap"],
    [say("起止", "Period"), "nowrap"],
    [say("已锚定", "Anchored")],
    [say("缺的", "Missing")],
  ];
  const rows = lines.map(({ number, grant, calls, last, missing, reached, failed }) => {
    const anchored = calls?.anchored ?? 0;
    const cells = [
      [element("a", { href: LINE + number }, `${number}`)],
      [grant.entryName, element("br"), small(grant.providerName)],
      [`${calls?.count ?? 0}`, calls?.copies > 0 && small(say(` 另有重复的 ${calls.copies} 份`, ` and ${calls.copies} copies`))],
      [failed > 0 ? badge("bad", `${failed}`) : "0"],
      [calls ? say(`${calls.served} 次，${calls.refused} 次`, `${calls.served}, ${calls.refused}`) : "—", calls?.unnumbered > 0 && element("br"), calls?.unnumbered > 0 && small(say(`其中不编号的 ${calls.unnumbered} 次`, `${calls.unnumbered} without a number`))],
      calls ? [say(`${dayOf(calls.first)} 至`, `${dayOf(calls.first)} to`), element("br"), dayOf(calls.last)] : ["—"],
      [calls ? `${anchored} / ${calls.count}` : "—", reached > 0 && small(say(` 另 ${reached} 份链上已到，待应用系统升级`, ` reached by the chain, to be upgraded by the application: ${reached}`))],
      gapsOf(missing, last),
    ];
    return element("tr", {}, ...cells.map((parts, at) => element("td", { class: columns[at][1] ?? "text", "data-label": columns[at][0] }, ...parts.filter(Boolean))));
  });
  const head = columns.map(([text, kind]) => element("th", { scope: "col", class: kind }, text));
  return scrolled(say("按授权统计", "By authorisation"), "stacks", head, rows);
}

/** Which numbers have no receipt, and how far that can be known. */
function gapsOf(missing, last) {
  const far = last === null ? small(say("提供部门不由本节点服务：只看得出中间缺的", "The provider is served elsewhere: only gaps can be seen")) : small(say(`节点记到第 ${last} 次`, `Calls by the node's count: ${last}`));
  if (missing.length === 0) return [say("没有", "none"), element("br"), far];
  const named = missing.slice(0, MOST_STRETCHES).map(stretch).join(say("、", ", "));
  const all = missing.length > MOST_STRETCHES ? say(`${named} 等，共 ${lacking(missing)} 次`, `${named} and others, ${lacking(missing)} in all`) : named;
  return [badge("warn", say("缺", "missing")), say(` 第 ${all} 次没有回执`, ` no receipt of call ${all}`), element("br"), far];
}

function faults({ failing }, contradictions) {
  const found = [
    ...failing.map(({ file, number, code }) => [file, number, say(...FAULTS[code])]),
    ...contradictions.map(({ number, call, files, why }) => {
      const [zh, en] = CONTRADICTIONS[why];
      return [files.slice(0, MOST_NAMED).join(say("、", ", ")), number, say(`第 ${call} 次：${zh}`, `Call ${call}: ${en}`)];
    }),
  ];
  return list(say("不成立的", "What does not hold"), found);
}

function doubts({ unsure }) {
  return list(say("未能核实的", "What could not be verified"), unsure.map(({ file, code }) => [file, undefined, say(...FAULTS[code])]));
}

function list(title, found) {
  if (found.length === 0) return "";
  const head = [say("文件", "File"), say("授权", "Authorisation"), say("为什么", "Why")];
  const kinds = ["text", "number", "text"];
  const rows = found
    .slice(0, MOST_LISTED)
    .map((cells) => element("tr", {}, ...cells.map((cell, at) => element("td", { class: kinds[at], "data-label": head[at] }, cell === undefined ? "—" : `${cell}`))));
  const more = found.length > MOST_LISTED && element("p", { class: "quiet small inside" }, say(`只列前 ${MOST_LISTED} 项，共 ${found.length} 项`, `The first ${MOST_LISTED} of ${found.length}`));
  return element("div", {}, element("h3", { class: "inside" }, title), scrolled(title, "stacks", head.map((text, at) => element("th", { scope: "col", class: kinds[at] }, text)), rows), more || undefined);
}

/** Files that are no receipts of the department, by kind, with their names. */
function rest({ others, strangers }) {
  const kinds = Object.entries(OTHERS).map(([why, words]) => [say(...words), others.filter((each) => each.why === why).map(({ file }) => file)]);
  const theirs = strangers.map(({ file, number }) => say(`${file}（授权 ${number}）`, `${file} (authorisation ${number})`));
  const lines = [[say("其他部门的回执，或授权不存在；没有核验", "receipts of other departments, or of no authorisation; not verified"), theirs], ...kinds].filter(([, files]) => files.length > 0);
  if (lines.length === 0) return "";
  const items = lines.map(([words, files]) => {
    const named = files.slice(0, MOST_NAMED).join(say("、", ", "));
    const all = files.length > MOST_NAMED ? say(`${named} 等`, `${named} and others`) : named;
    return element("li", {}, say(`${words}，${files.length} 个：${all}`, `${words}, ${files.length}: ${all}`));
  });
  return element("div", { class: "inside" }, element("h3", {}, say("没有计入的文件", "Files that were not counted")), element("ul", { class: "listed" }, ...items));
}

function scrolled(label, kind, head, rows) {
  const body = element("table", { class: kind }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, body);
}

const badge = (kind, text) => element("span", { class: `badge ${kind}` }, text);
const small = (text) => element("span", { class: "quiet small" }, text);
/** As the node's pages say it: a year beyond what people write, which a log may name, is no date. */
const dayOf = (milliseconds) => (milliseconds < YEAR_10000 ? days.format(new Date(milliseconds)) : "9999+");
