// The documents behind decisions: what each kind must say (docs/protocol.md 2.2). A check is a function of a value and
// its place that refuses what does not fit.
import { sm3, unb64u } from "../bytes.js";
import * as canonical from "../canonical.js";
import { isObject } from "../envelope.js";
import { checkPublic } from "../sm2.js";
import { OUTCOMES, ROLES, STEPS } from "./deriving.js";
import { CODE, hold, within, ZERO } from "./refusing.js";

const MOST_BYTES = 262_144;
const GRADES = ["一般1级", "一般2级", "一般3级", "一般4级", "重要", "核心"];
const SHARE_TYPES = ["无条件共享", "有条件共享", "不予共享"];
const MODES = ["服务接口", "批量交换", "文件下载", "统计分析"];
const LAWS = ["法律", "行政法规", "国务院决定"];
/** What the format of an entry allows of modes; all where it is not named. */
const BY_FORMAT = {
  ...{ 电子文件: ["文件下载"], 图形图像: ["文件下载"], 流媒体: ["文件下载"] },
  ...{ 数据库: ["服务接口", "批量交换", "统计分析"], 服务接口: ["服务接口", "统计分析"] },
};
/** Control, format, filler and line separator characters. */
const UNSEEN =
  /[\u0000-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\u2800\u3164\uFEFF\uFFA0\uFFF0-\uFFFB\u{110BD}\u{110CD}\u{13430}-\u{1343F}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0000}-\u{E00FF}\u{E01F0}-\u{E0FFF}]/u;

const characters = (text) => [...text].length;
const isText = (value) => typeof value === "string";
const fact = (fits, problem) => (value, where) => hold(fits(value), where, problem);

function text(most, lines) {
  return (value, where) => {
    hold(isText(value) && characters(value) >= 1 && characters(value) <= most, where, "a text of another length");
    hold(!/^\s|\s$/u.test(value), where, "white space at an end");
    hold(!UNSEEN.test(lines ? value.replaceAll("\n", "") : value), where, "a character nobody sees");
  };
}

const pattern = (form) => fact((value) => isText(value) && form.test(value), "another form");
const one = (...words) => fact((value) => words.includes(value), "not one of the words");
const whole = (from, to) => fact((value) => Number.isSafeInteger(value) && value >= from && value <= to, "not a number in range");
const orNull = (check) => (value, where) => value === null || check(value, where);
const all = (...checks) => (value, where) => checks.forEach((check) => check(value, where));
const any = () => undefined;

function list(least, most, each) {
  return (value, where) => {
    hold(Array.isArray(value) && value.length >= least && value.length <= most, where, "a list too short or too long");
    value.forEach((element) => each(element, where));
  };
}

const distinct = (least, most, each) => all(list(least, most, each), fact((values) => new Set(values).size === values.length, "one twice"));

/** An object of exactly these members, by `"a b c": check`. */
function object(parts) {
  const members = new Map(Object.entries(parts).flatMap(([names, check]) => names.split(" ").map((name) => [name, check])));
  return (value, where) => {
    hold(isObject(value), where, "not an object");
    const names = Object.keys(value);
    hold(names.length === members.size && names.every((name) => members.has(name)), where, "other members");
    for (const [name, check] of members) check(value[name], `${where}.${name}`);
  };
}

function byKey(key, each) {
  return (value, where) => {
    hold(isObject(value), where, "not an object");
    for (const [name, inner] of Object.entries(value)) {
      key(name, where);
      each(inner, `${where}.${name}`);
    }
  };
}

function isDay(value) {
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === value;
}

const [TEXT, NAME] = [text(8000, true), text(200, false)];
const FLAG = fact((value) => typeof value === "boolean", "not a boolean");
const DEPARTMENT = pattern(/^[0-9A-Z]{18}$/);
const HEX32 = pattern(/^[0-9a-f]{64}$/);
const PERSON = all(HEX32, fact((value) => value !== ZERO, "nobody"));
const CODE_ = pattern(/^(?=.{1,64}$)[0-9A-Za-z][0-9A-Za-z._-]*$/);
const ENTRY = pattern(/^(?=.{1,64}$)[0-9A-Za-z._-]+\/[0-9A-Za-z._-]+$/);
const ITEM = pattern(/^[0-9A-Za-z_]{1,64}$/);
const COUNT = whole(1, 2 ** 32 - 1);
const NUMBER = whole(1, Number.MAX_SAFE_INTEGER);
const MASK = pattern(/^(?:full|year|keep:[0-9]{1,3},[0-9]{1,3})$/);
const NAMED = object({ code: CODE_, name: NAME });
const CONTACT = object({ "name phone": NAME });
const PARTIES = object({ "provider consumer": DEPARTMENT });
const PUBLIC_KEY = all(pattern(/^[0-9a-f]{128}$/), (value, where) => within(where, () => checkPublic(Buffer.from(value, "hex"))));
const DAY = all(pattern(/^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$/), fact(isDay, "not a day"));
const HEAD = object({ "name post": NAME, person: PERSON, publicKey: PUBLIC_KEY });
const VALUE = fact((value) => (isText(value) && characters(value) <= 512) || Number.isSafeInteger(value) || typeof value === "boolean", "not a value");
const ATTACHMENT = object({ name: NAME, media: pattern(/^[a-z]+\/[0-9a-z.+-]+$/), size: whole(0, Number.MAX_SAFE_INTEGER), sm3: HEX32 });
const LABEL = "[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?";
const URL_ = pattern(new RegExp(`^(?=.{1,200}$)https?://(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Fa-f:.]{2,45}\\])(?::[0-9]{1,5})?$`));
const PERIOD = { "validFrom validUntil": DAY };
const inOrder = fact(({ validFrom, validUntil }) => validFrom <= validUntil, "the period");
const custody = fact(
  ({ custody: kind, host }) => (kind === "own" && host === null) || (kind === "hosted" && isText(host) && /^[0-9A-Z]{18}$/.test(host)),
  "custody",
);

/** GB 32100: eight digits first, and the check digit. */
function isCode({ code }) {
  const values = [...code].map((sign) => "0123456789ABCDEFGHJKLMNPQRTUWXY".indexOf(sign));
  if (values.includes(-1) || values.slice(0, 8).some((value) => value > 9)) return false;
  let [sum, weight] = [values[17], 1];
  for (const value of values.slice(0, 17)) [sum, weight] = [sum + value * weight, (weight * 3) % 31];
  return sum % 31 === 0;
}

function fitsKey({ kind, holder, encryptionKey: sealed, ed25519, publicKey }) {
  const application = kind === "应用系统";
  const members = [holder.application !== null, sealed !== null, ed25519 === null];
  const other = !sealed || (sealed.publicKey !== publicKey && sealed.validFrom <= sealed.validUntil);
  return members.every((each) => each === application) && other;
}

const entriesOnce = (name) =>
  fact((value) => {
    const entries = value[name].map(({ department = "", code }) => `${department} ${code}`);
    return new Set(entries).size === entries.length;
  }, "an entry twice");
const codesOnce = (rows) => new Set(rows.map(({ code }) => code)).size === rows.length;

function fitsVersion(value, where) {
  const { shareType: type, items, conditions, notShared, modes, format } = value;
  hold(codesOnce(items), where, "an item twice");
  const milder = items.every((item) => SHARE_TYPES.indexOf(item.shareType) <= SHARE_TYPES.indexOf(type));
  hold(milder, where, "an item stricter than its entry");
  const grade = Math.max(...items.map((item) => GRADES.indexOf(item.grade)));
  hold(grade === GRADES.indexOf(value.grade), where, "the grade");
  hold((type === "有条件共享") === (conditions !== null), where, "conditions");
  hold((type === "不予共享") === (notShared !== null), where, "notShared");
  hold(!conditions || codesOnce(conditions.purposes), where, "a purpose twice");
  const allowed = BY_FORMAT[format] ?? MODES;
  const fits = type === "不予共享" ? modes.every((mode) => mode === "统计分析") : modes.length > 0;
  hold(fits && modes.every((mode) => allowed.includes(mode)), where, "modes that do not fit");
  hold((value.updateCycle === "其他") === (value.updateNote !== null), where, "updateNote");
  const attached = (value.attachments ?? []).map(({ name }) => name);
  const there = value.assessments.every(({ attachment }) => attachment === null || attached.includes(attachment));
  hold(there, where, "an attachment that is not there");
  const assessed = value.assessments.map(({ kind }) => kind);
  const enough = assessed.includes("保密审查") && (!value.personalInformation || assessed.includes("个人信息保护影响评估"));
  hold(enough, where, "an assessment is missing");
  hold(!value.relatedCodes.includes(value.code), where, "its own code among the related");
}

function fitsReply({ answer, grant, refusals }, where) {
  hold((answer === "不同意") === (grant === null), where, "the grant");
  hold((answer === "同意") === (refusals.length === 0), where, "the refusals");
  const items = [...(grant?.items ?? []), ...refusals.map(({ item }) => item)];
  hold(new Set(items).size === items.length, where, "an item twice, or granted");
}

function fitsStep({ step, subject, points, effective, outcome }, where) {
  hold(["暂停", "接管暂停", "因违规终止"].includes(step) === (subject === null), where, "the subject");
  hold((step === "要求补正") === (points.length > 0), where, "points");
  hold((step === "终止服务") === (effective !== null), where, "effective");
  hold((step === "争议裁定") === (outcome !== null), where, "the outcome");
}

function comparisons(value, where) {
  hold(isObject(value) && Object.keys(value).length > 0, where, "no comparison");
  for (const [name, each] of Object.entries(value)) {
    one("eq", "ge", "le", "in", "prefix")(name, where);
    (name === "in" ? list(1, 100, VALUE) : VALUE)(each, where);
    hold(name !== "prefix" || isText(each), where, "a prefix is a text");
  }
}

const reviewed = (answer) =>
  list(1, 2000, all(
    object({ department: DEPARTMENT, code: ENTRY, version: COUNT, [answer]: FLAG, reason: orNull(TEXT), subject: HEX32 }),
    fact((row) => row[answer] || row.reason !== null, "a reason"),
  )); // prettier-ignore
const REVIEW = { competent: DEPARTMENT, reviewer: NAME, opinion: TEXT };
const ORDER = object({ ...common(), "competent department": DEPARTMENT, code: ENTRY, reason: TEXT });
const GRANTED = { ...PERIOD, items: distinct(1, 256, ITEM), "callsPerDay rowsPerDay": COUNT, terms: orNull(HEX32) };
const SEALED = object({ publicKey: PUBLIC_KEY, ...PERIOD });
const VERSION_ITEM = object({
  ...{ code: ITEM, name: NAME, length: orNull(COUNT), scale: orNull(whole(0, 38)), shareType: one(...SHARE_TYPES) },
  type: one("字符型C", "数值型N", "货币型Y", "日期型D", "日期时间型T", "逻辑型L", "备注型M", "通用型G", "双精度型B", "整型I", "浮点型F"),
  ...{ grade: one(...GRADES), mask: orNull(MASK), "nullable filterable": FLAG },
});
const BASIS = object({ kind: one(...LAWS), "title article": NAME });
const ASSESSMENT = object({
  ...{ kind: one("保密审查", "个人信息保护影响评估", "数据安全评估"), conclusion: TEXT, date: DAY, attachment: orNull(NAME) },
});
const GROUND = all(
  object({ kind: one("共享条件", ...LAWS, "必要性", "合法性", "真实性"), citation: TEXT, article: orNull(NAME) }),
  fact(({ kind, article }) => LAWS.includes(kind) === (article !== null), "the article"),
);
const HANDED = { authorisation: NUMBER, parties: PARTIES };

/** Members every document has; its type is known by then. */
function common() {
  return { type: any, v: whole(1, 1), salt: fact((value) => unb64u(value, CODE).length === 16, "a salt of another size") };
}

const paper = (parts, ...rules) => all(object({ ...common(), ...parts }), ...rules);
const KINDS = {
  department: paper(
    {
      ...{ "code parent competent": DEPARTMENT, "name region": NAME, "screening mayEnrol": FLAG, contact: CONTACT },
      ...{ kind: one("政府部门", "授权组织", "党委或司法机关", "公用事业", "其他"), level: one("国家", "省", "市", "县", "乡") },
      ...{ duties: list(0, 200, TEXT), url: URL_, "custody host": any, head: orNull(HEAD) },
    },
    fact(isCode, "the check digit of the code"),
    custody,
  ),
  "department-status": paper({ department: DEPARTMENT, order: one("恢复", "停用", "关闭"), reason: TEXT }),
  recovery: paper({ department: DEPARTMENT, head: HEAD, reason: TEXT }),
  key: paper(
    {
      ...PERIOD,
      ...{ holder: object({ department: DEPARTMENT, application: orNull(CODE_) }), kind: one("部门", "应用系统"), name: NAME },
      ...{ publicKey: PUBLIC_KEY, encryptionKey: orNull(SEALED), ed25519: orNull(HEX32), "custody host": any },
    },
    inOrder,
    custody,
    fact(fitsKey, "members that do not fit the kind of key"),
  ),
  revocation: paper({ department: DEPARTMENT, key: HEX32, reason: TEXT, since: orNull(DAY) }),
  roles: paper(
    {
      ...PERIOD,
      ...{ department: DEPARTMENT, key: HEX32, post: NAME, deputy: FLAG, reason: TEXT, roles: distinct(0, 6, one(...ROLES)) },
    },
    inOrder,
  ),
  "application-object": paper({
    ...{ department: DEPARTMENT, code: CODE_, name: NAME, description: TEXT, contact: CONTACT },
    ...{ network: one("政务外网", "互联网", "部门专网"), protectionLevel: whole(1, 5) },
  }),
  "catalogue-version": paper(
    {
      ...{ department: DEPARTMENT, code: ENTRY, version: COUNT, "name provider providerCode sourceSystem": NAME },
      ...{ classification: list(1, 4, NAME), "abstract duty": TEXT, items: list(1, 256, VERSION_ITEM) },
      format: one("电子文件", "电子表格", "数据库", "图形图像", "流媒体", "自描述格式", "服务接口"),
      shareType: one(...SHARE_TYPES),
      conditions: orNull(object({ scopes: list(1, 50, TEXT), purposes: list(1, 100, NAMED), others: list(0, 50, TEXT) })),
      notShared: orNull(object({ reason: TEXT, basis: BASIS })),
      ...{ modes: distinct(0, 4, one(...MODES)), opening: object({ open: FLAG, condition: orNull(TEXT) }) },
      updateCycle: one("实时", "每日", "每周", "每月", "每季度", "每半年", "每年", "其他"),
      ...{ updateNote: orNull(TEXT), grade: one(...GRADES), personalInformation: FLAG, secret: one(false) },
      ...{ assessments: list(1, 20, ASSESSMENT), relatedCodes: list(0, 100, ENTRY) },
    },
    fitsVersion,
  ),
  review: paper({ ...REVIEW, reviews: reviewed("publish") }, entriesOnce("reviews")),
  withdrawal: paper(
    { department: DEPARTMENT, withdrawals: list(1, 2000, object({ code: ENTRY, version: COUNT, reason: TEXT })) },
    entriesOnce("withdrawals"),
  ),
  "withdrawal-review": paper({ ...REVIEW, reviews: reviewed("accept") }, entriesOnce("reviews")),
  "freeze-order": ORDER,
  "unfreeze-order": ORDER,
  "log-succession": paper({ department: DEPARTMENT, relay: pattern(/^[0-9a-f]{40}$/), reason: TEXT }),
  "officer-key": paper({ ...PERIOD, department: DEPARTMENT, "name post": NAME, person: PERSON, publicKey: PUBLIC_KEY }, inOrder),
  application: paper(
    {
      ...GRANTED,
      department: DEPARTMENT,
      entry: object({ department: DEPARTMENT, code: ENTRY, version: COUNT, name: NAME }),
      ...{ "purpose application": NAMED, mode: one(...MODES), "scenario scope security": TEXT, handler: CONTACT },
      basis: list(1, 20, object({ title: NAME, article: orNull(NAME), text: orNull(TEXT) })),
    },
    inOrder,
  ),
  reply: paper(
    {
      ...HANDED,
      ...{ subject: HEX32, answer: one("同意", "部分同意", "不同意"), opinion: TEXT, handler: CONTACT },
      grant: orNull(all(object({ ...GRANTED, mode: one(...MODES) }), inOrder)),
      refusals: list(0, 256, object({ item: ITEM, reason: TEXT, ground: GROUND })),
    },
    fitsReply,
  ),
  step: paper(
    {
      ...HANDED,
      step: one(...STEPS.filter((step) => step !== "提出变更" && step !== "同意变更")),
      ...{ revision: COUNT, subject: orNull(HEX32), reason: TEXT, points: list(0, 50, TEXT), measures: orNull(TEXT) },
      ...{ "due effective": orNull(DAY), outcome: orNull(one(...OUTCOMES.keys())) },
    },
    fitsStep,
  ),
  change: paper(
    { ...GRANTED, ...HANDED, step: one("提出变更", "同意变更"), revision: COUNT, subject: HEX32, reason: TEXT, handler: CONTACT },
    inOrder,
  ),
  terms: paper({
    ...{ provider: DEPARTMENT, consumer: orNull(DEPARTMENT), rowScope: byKey(ITEM, comparisons) },
    ...{ filterOnly: distinct(0, 256, ITEM), masks: byKey(ITEM, MASK) },
    disposal: object({ method: one("销毁", "退回", "归档"), days: whole(0, 3660), note: orNull(TEXT) }),
  }),
};

/** Read a document; throws `evidence-invalid` where it is none of its kind. */
export function parsePaper(bytes) {
  const where = `document ${sm3(bytes).toString("hex")}`;
  hold(bytes.length <= MOST_BYTES, where, "a document that is too large");
  const found = within(where, () => canonical.parse(bytes, CODE, MOST_BYTES));
  hold(isObject(found) && Object.hasOwn(KINDS, found.type), where, "a document of no kind");
  // A rule may look at attachments; the members are exact without them.
  const { attachments, ...rest } = found;
  if ("attachments" in found) list(0, 64, ATTACHMENT)(attachments, `${where}.attachments`);
  within(where, () => KINDS[found.type](Object.defineProperty(rest, "attachments", { value: attachments, enumerable: false }), where));
  return found;
}
