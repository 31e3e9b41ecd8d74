// The evidence page: a bundle and a trust file, verified here, offline, by the JavaScript verifier (docs/evidence.md),
// which shares no code with the node's. What was checked is drawn, a sentence each. Served by nodes, and one file alone.
import "./parts/older.js";

import { STAGES, verifyEvidence } from "../../../../clients/javascript/src/evidence/evidence.js";
import { element, problemOf, say } from "./office/speaking.js";

const VERDICTS = {
  proven: ["good", "已证明：这次调用确有其事，当时的授权与记录的结果一致", "Proven: the call took place, and the ledger of that time gives the outcome it records"],
  undetermined: ["warn", "无法确定：调用与锚定之间授权有变化", "Undetermined: the authorisation changed between the call and its anchor"],
  incomplete: ["warn", "不完整：信任文件里没有证据包止于的区块，请另取新的信任文件", "Incomplete: the trust file does not know the bundle's last block; get a newer one"],
};
/** Stage → its sentence, once it holds: (number) → Chinese, English. */
const HOLDS = {
  file: () => ["证据包是规定的写法，没有多余、重复或缺少的部分", "The bundle is in its one spelling; nothing is double, missing or too much"],
  headers: (n) => [`${n} 个区块头从创世块起逐块相接，与信任文件认可的链一致`, `${n} block headers follow each other from the genesis, on the trusted chain`],
  receipts: (n) => [`${n} 个区块的收据与区块头的根一致，本账本合约的区块一个不漏`, `The receipts of ${n} blocks have the headers' roots; no block of our contracts is left out`],
  decisions: (n) => [`从根密钥起重放 ${n} 项决定：每个签名成立，每个签署人当时有权`, `${n} decisions replayed from the root key: each signature holds, each signer was entitled`],
  documents: (n) => [`${n} 份文书的摘要和内容与链上的决定一致`, `${n} documents have the digests and say what the decisions say`],
  call: () => ["调用由已登记的应用密钥签名，时间与当时的区块相符", "The call is signed by a registered application's key, at a time that fits its block"],
  anchor: (n) => [`使用记录在日志之中；日志由部门双密钥签名，前 ${n} 条已锚定上链`, `The record is in the log, which the department's two keys signed; its first ${n} are anchored on the chain`],
  permission: () => ["按当时的账本，记录的结果正是应有的结果", "By the ledger of that time, the recorded outcome is the one that was due"],
  request: (n) =>
    n > 0
      ? ["所附请求正文就是当时签名的，用途和信息项与授权相符", "The request is the one that was signed; purpose and items are the authorisation's"]
      : ["证据包没有附请求正文，无须核对", "The bundle carries no request: nothing to compare"],
};
const NAMES = {
  file: ["证据包格式", "the bundle's form"],
  headers: ["区块头", "block headers"],
  receipts: ["区块收据", "receipts"],
  decisions: ["决定的重放", "decisions replayed"],
  documents: ["文书", "documents"],
  call: ["调用的签名", "the call's signature"],
  anchor: ["日志与锚定", "log and anchor"],
  permission: ["授权的判定", "permission"],
  request: ["请求正文", "the request"],
};
/** Stage → what it means that it does not hold. */
const FAILS = {
  file: ["文件不是规定写法的证据包：被改动过，或不完整", "The file is no bundle in its one spelling: it was changed, or is not whole"],
  headers: ["区块头接不上，或不是信任文件所认可的链", "The block headers do not follow each other, or are of another chain than the trusted one"],
  receipts: ["区块收据与区块头不符，或漏了本账本的区块", "The receipts are not those of the headers, or blocks of our contracts are left out"],
  decisions: ["有一项决定或所附记录不成立：签名不对、签署人当时无权，或内容被改动过", "A decision or a record does not hold: its signature, its signer's right, or it was changed"],
  documents: ["有文书与链上的决定不一致", "A document is not what the decision says"],
  call: ["不能证明这次调用出自所登记的应用系统", "Nothing proves that the registered application made the call"],
  anchor: ["不能证明这条记录在部门签名并已上链的日志之中", "Nothing proves that the record is in the log that was signed and anchored"],
  permission: ["按当时的账本，结果不应是所记录的这样", "By the ledger of that time, the outcome should have been another"],
  request: ["所附请求正文不是当时签名的那一份", "The request is not the one that was signed"],
};
const [LARGEST_BUNDLE, LARGEST_TRUST] = [256 * 1024 * 1024, 64 * 1024 * 1024];
const given = {};
const result = element("div", { id: "evidence-result", "aria-live": "polite" });

function picker(name, label, help) {
  const input = element("input", { id: `evidence-${name}`, type: "file", accept: ".json,application/json" });
  input.addEventListener("change", () => take(name, input.files[0]));
  const shown = element("span", { class: "help", id: `evidence-${name}-help` }, help);
  input.setAttribute("aria-describedby", shown.id);
  given[name] = { shown };
  return element("div", { class: "field" }, element("label", { for: input.id }, label), input, shown);
}

async function take(name, file) {
  if (!file) return;
  const most = name === "trust" ? LARGEST_TRUST : LARGEST_BUNDLE;
  if (file.size > most) {
    given[name].shown.textContent = say(`${file.name} 过大`, `${file.name} is too large`);
    return;
  }
  given[name].bytes = new Uint8Array(await file.arrayBuffer());
  given[name].shown.textContent = say(`已选 ${file.name}，${file.size} 字节`, `${file.name}, ${file.size} bytes`);
  await verify();
}

/** Which of the two a dropped file is: a trust file names the root key. */
async function sort(files) {
  for (const file of [...files].slice(0, 2)) {
    const head = await file.slice(0, LARGEST_TRUST).text();
    await take(head.includes('"rootKey"') && !head.includes('"evidence"') ? "trust" : "bundle", file);
  }
}

async function verify() {
  const { bundle, trust } = given;
  if (!bundle.bytes || !trust.bytes) return;
  result.replaceChildren(element("p", { role: "status", class: "quiet" }, say("正在核验…", "Verifying…")));
  // Painted first: what follows takes the page's whole time.
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const begun = performance.now();
  const held = [];
  let report;
  let failure;
  try {
    report = verifyEvidence(bundle.bytes, trust.bytes, (stage, count) => held.push([stage, count]));
  } catch (error) {
    failure = { text: problemOf(error), trust: error.code === "malformed-evidence", stage: STAGES[held.length] };
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  result.replaceChildren(...(failure ? refused(failure) : proven(report)), ...(failure?.trust ? [] : [tree(held, failure)]));
  result.append(element("p", { class: "quiet" }, say(`在本机核验，用时 ${seconds} 秒，没有使用网络。`, `Verified on this machine in ${seconds} s, without any network.`)));
  result.dataset.verdict = report?.verdict ?? (failure.trust ? "malformed-evidence" : "evidence-invalid");
}

const refused = ({ text, trust, stage }) => [
  element(
    "div",
    { class: "notice bad" },
    element("b", {}, trust ? say("信任文件不可用", "The trust file cannot be used") : say("证据不成立", "The evidence does not hold")),
    trust ? undefined : element("p", {}, say(...FAILS[stage])),
    element("p", { class: "quiet small" }, text),
  ),
];

function proven({ verdict, event, outcome, authorisation, explanation }) {
  const [kind, zh, en] = VERDICTS[verdict];
  const [chinese, english] = explanation.split(" / ");
  const facts = [
    [say("调用编号", "Event"), event],
    [say("授权", "Authorisation"), String(authorisation)],
    [say("记录的结果", "Outcome on record"), outcome === "served" ? say("已提供数据（served）", "served") : outcome],
    [say("锚定", "Anchor"), say(chinese, english ?? chinese)],
  ];
  return [
    element("div", { class: `notice ${kind}` }, element("b", {}, say(zh, en))),
    element("div", { class: "box" }, element("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]))),
  ];
}

/** Every check in its order: what held, where it failed, what was not reached. */
function tree(held, failure) {
  const rows = STAGES.map((stage, at) => {
    const name = say(...NAMES[stage]);
    const row = (kind, sign, word, sentence) =>
      element("tr", {}, element("td", {}, element("span", { class: `badge ${kind}` }, `${sign} ${word}`)), element("th", { scope: "row" }, name), element("td", { class: "text" }, sentence));
    if (at < held.length) return row("good", "✓", say("成立", "holds"), say(...HOLDS[stage](held[at][1])));
    if (at === held.length && failure) return row("bad", "✗", say("不成立", "fails"), say(...FAILS[stage]));
    return row("", "–", say("未到", "not reached"), say("前面已不成立，没有核对", "Something before it failed: not checked"));
  });
  const head = [say("结论", "Result"), say("核对", "Check"), say("说明", "What it means")].map((text) => element("th", { scope: "col" }, text));
  return element(
    "div",
    { class: "box" },
    element("header", {}, element("h2", {}, say("逐项核对", "The checks, one by one"))),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("逐项核对", "Checks") }, element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows))),
  );
}

const intro = say(
  "把证据包和信任文件拖到本页，或在下面选取。核验全部在本机进行，文件不会上传。信任文件应取自您信任的来源，而不是出具证据的一方。",
  "Drop a bundle and a trust file on this page, or choose them. Everything is verified on this machine; nothing is uploaded. Take the trust file from whom you trust, not from who gave you the evidence.",
);
document
  .getElementById("evidence")
  .replaceChildren(
    element(
      "div",
      { class: "box inside" },
      element("p", {}, intro),
      picker("bundle", say("证据包", "Bundle"), say("审计页的“证据包”，或 shareledger trace export 写出的 .json 文件", "“Bundle” of an audit page, or the .json file that shareledger trace export writes")),
      picker("trust", say("信任文件", "Trust file"), say("shareledger trust export 写出的 .json 文件", "The .json file that shareledger trust export writes")),
    ),
    result,
  );
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  sort(event.dataTransfer.files);
});
