// The fields of a decision's struct that follow from its document (docs/protocol.md 2.4).
import { keccak256 } from "../bytes.js";
import { isObject } from "../envelope.js";
import { LedgerError } from "../errors.js";
import { ZERO } from "./refusing.js";
import { hashOf } from "./rules.js";

export const ROLES = ["数据专管员", "工作机构负责人", "部门负责人", "审核员", "审计员", "值班员"];
export const STEPS = [
  ...["审核通过", "审核退回", "要求补正", "补正", "申请延期", "准予延期", "不予延期", "撤回", "交付", "确认", "提出变更", "同意变更"],
  ...["不同意变更", "暂停", "整改", "恢复", "因违规终止", "终止服务", "停止使用", "报告处置", "确认处置", "处置异议", "争议裁定", "接管暂停"],
];
/** A ruling's word → the state it names. */
export const OUTCOMES = new Map([
  ...[["转提供部门", 2n], ["同意", 5n], ["不同意", 6n], ["已交付", 8n], ["使用中", 9n], ["暂停", 10n], ["终止", 12n]],
]); // prettier-ignore
const KINDS = ["政府部门", "授权组织", "党委或司法机关", "公用事业", "其他"];
const LEVELS = ["国家", "省", "市", "县", "乡"];
const MODES = ["服务接口", "批量交换", "文件下载", "统计分析"];
const BEIJING_SECONDS = 28_800;
const DAY_SECONDS = 86_400n;

const place = (words, word) => BigInt(1 + words.indexOf(word));
export const departmentId = (code) => Buffer.concat([Buffer.from(code, "ascii"), Buffer.alloc(32)]).subarray(0, 32).toString("hex");
export const codeHash = (code) => keccak256(Buffer.from(code, "utf8")).toString("hex");
const under = (department, code) => hashOf(departmentId(department), codeHash(code));
/** The first second of a Beijing day, and the first after it. */
const starts = (day) => BigInt(Date.parse(`${day}T00:00:00Z`) / 1000 - BEIJING_SECONDS);
const ends = (day) => starts(day) + DAY_SECONDS;
const orZero = (digest) => digest ?? ZERO;
const point = (hex, x, y) => ({ [x]: BigInt(`0x${hex.slice(0, 64)}`), [y]: BigInt(`0x${hex.slice(64)}`) });
const period = ({ validFrom, validUntil }) => ({ validFrom: starts(validFrom), validUntil: ends(validUntil) });
const owner = ({ department }) => ({ department: departmentId(department) });
const headOf = ({ publicKey, person }) => ({ ...point(publicKey, "headX", "headY"), person });
const modeOf = ({ mode }) => ({ mode: place(MODES, mode) });

/** The bitmap of item codes in the order of a version's document. */
export function bitmapOf(version, chosen) {
  const codes = version.items.map(({ code }) => code);
  return chosen.reduce((bits, code) => {
    if (!codes.includes(code)) throw new LedgerError("item-not-granted", `${code} is no item of the version`);
    return bits | (1n << BigInt(codes.indexOf(code)));
  }, 0n);
}

function granted(from, version) {
  const { callsPerDay, rowsPerDay, terms, items } = from;
  const quotas = { callsPerDay: BigInt(callsPerDay), rowsPerDay: BigInt(rowsPerDay), terms: orZero(terms) };
  return { ...period(from), ...quotas, ...(version ? { items: bitmapOf(version, items) } : {}) };
}

const reviews = (answer) => (paper) => ({
  reviews: paper.reviews.map((row) => ({
    entry: under(row.department, row.code),
    version: BigInt(row.version),
    [answer]: row[answer],
    subject: row.subject,
  })),
});
const order = ({ department, code }) => ({ entry: under(department, code) });

const DERIVE = {
  department: ({ code, competent, parent, kind, level, screening, mayEnrol, head }) => ({
    ...{ department: departmentId(code), competent: departmentId(competent), screening, mayEnrol },
    // An enrolment registers a key; its paper must say whose.
    ...(head === null
      ? { headX: undefined }
      : { parent: departmentId(parent), kind: place(KINDS, kind), level: place(LEVELS, level), ...headOf(head) }),
  }),
  "department-status": (paper) => ({ ...owner(paper), status: place(["恢复", "停用", "关闭"], paper.order) }),
  recovery: (paper) => ({ ...owner(paper), ...headOf(paper.head) }),
  key: (paper) => {
    const { department, application } = paper.holder;
    const holder = application === null ? departmentId(department) : under(department, application);
    const kind = paper.kind === "部门" ? 2n : 3n;
    return { ...point(paper.publicKey, "qx", "qy"), ...period(paper), kind, holder, person: ZERO };
  },
  "officer-key": (paper) => ({
    ...{ ...point(paper.publicKey, "qx", "qy"), ...period(paper), kind: 1n },
    ...{ holder: departmentId(paper.department), person: paper.person },
  }),
  revocation: ({ key }) => ({ key }),
  roles: (paper) => ({
    ...{ ...owner(paper), key: paper.key, ...period(paper) },
    roles: paper.roles.reduce((bits, role) => bits | (1n << BigInt(ROLES.indexOf(role))), 0n),
  }),
  "application-object": (paper) => ({ ...owner(paper), codeHash: codeHash(paper.code) }),
  "catalogue-version": (paper) => ({
    ...{ ...owner(paper), codeHash: codeHash(paper.code), version: BigInt(paper.version) },
    ...{ shareType: place(["无条件共享", "有条件共享", "不予共享"], paper.shareType), itemCount: BigInt(paper.items.length) },
  }),
  review: reviews("publish"),
  "withdrawal-review": reviews("accept"),
  withdrawal: (paper) => ({
    ...owner(paper),
    withdrawals: paper.withdrawals.map(({ code, version }) => ({ entry: under(paper.department, code), version: BigInt(version) })),
  }),
  "freeze-order": order,
  "unfreeze-order": order,
  application: (paper, version) => ({
    ...{ ...owner(paper), ...modeOf(paper), ...granted(paper, version), version: BigInt(paper.entry.version) },
    ...{ entry: under(paper.entry.department, paper.entry.code), purpose: codeHash(paper.purpose.code) },
    application: under(paper.department, paper.application.code),
  }),
  reply: ({ authorisation, subject, answer, grant }, version) => ({
    ...{ authorisation: BigInt(authorisation), subject, answer: place(["同意", "部分同意", "不同意"], answer) },
    ...(grant === null ? { items: 0n } : { ...modeOf(grant), ...granted(grant, version) }),
  }),
  step: ({ authorisation, revision, step, outcome, effective, subject }) => ({
    ...{ authorisation: BigInt(authorisation), revision: BigInt(revision), step: place(STEPS, step), subject: orZero(subject) },
    ...{ outcome: outcome === null ? 0n : OUTCOMES.get(outcome), effective: effective === null ? 0n : ends(effective) },
  }),
  change: (paper, version) => ({
    ...{ authorisation: BigInt(paper.authorisation), revision: BigInt(paper.revision), subject: paper.subject },
    ...{ step: place(STEPS, paper.step), ...granted(paper, version) },
  }),
  "log-succession": (paper) => ({ ...owner(paper), relay: paper.relay }),
  // Terms bind no field.
  terms: () => ({}),
};

/** What a document says of its decision's struct, beside its own digest; items only beside the pinned version. */
export const derive = (paper, version) => DERIVE[paper.type](paper, version);

export function same(one, other) {
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((each, at) => same(each, other[at]));
  if (isObject(one)) return isObject(other) && Object.keys({ ...one, ...other }).every((name) => same(one[name], other[name]));
  return one === other;
}

/** Name the first field in which a struct differs from what its document says; undefined for none. */
export function differing(paper, struct, version) {
  let fields;
  try {
    fields = derive(paper, version);
  } catch (error) {
    if (error instanceof LedgerError) return "items";
    throw error;
  }
  return Object.keys(fields).find((name) => !same(fields[name], struct[name]));
}
