// What a node prepared, computed anew from the documents' bytes before anybody signs it: digests, the struct's members,
// the EIP-712 hash, the text. The node is not believed; as node/client/deciding.py. One thing is taken from its word:
// which version and authorisation a number stands for; whoever signs reads their names. What was asked for has to stand
// there word for word (asking.js).
import { sm3 } from "../../../../../clients/javascript/src/bytes.js";
import { LedgerError } from "../../../../../clients/javascript/src/errors.js";
import { isProtective } from "../../../../../clients/javascript/src/evidence/authorisations.js";
import { membersOfStruct, signedText } from "../../../../../clients/javascript/src/evidence/decisions.js";
import { derive, same } from "../../../../../clients/javascript/src/evidence/deriving.js";
import { parsePaper } from "../../../../../clients/javascript/src/evidence/papers.js";
import { compareAsked } from "./asking.js";
import { readDecision } from "./reading.js";

const CODE = "verification-failed";
/** How far ahead `notAfter` may lie; the contracts allow no more. */
const LONGEST_SECONDS = 7n * 24n * 3600n;
const ZERO = "0".repeat(64);
const NEED_VERSION = ["application", "reply", "change"];
const WITHOUT_PAPER = ["RegisterLog", "SetStandingReply", "ListContract"];
/** What decisions say that protect at once, their paper to follow. */
const AT_ONCE = {
  SetDepartmentStatus: { status: 2n, digest: ZERO },
  Step: { outcome: 0n, effective: 0n, subject: ZERO, digest: ZERO },
};
/** What a refusal carries in the place of a grant. */
const NO_GRANT = { mode: 0n, validFrom: 0n, validUntil: 0n, callsPerDay: 0n, rowsPerDay: 0n, terms: ZERO };
/** The paper whose words the whole struct of a decision says. */
const PAPERS = {
  EnrolDepartment: ["department"],
  UpdateDepartment: ["department"],
  SetDepartmentStatus: ["department-status"],
  RecoverKey: ["recovery"],
  AddKey: ["key", "officer-key"],
  RevokeKey: ["revocation"],
  GrantRoles: ["roles"],
  RegisterApplication: ["application-object"],
  SupersedeLog: ["log-succession"],
  ReviewVersions: ["review"],
  SubmitWithdrawal: ["withdrawal"],
  ReviewWithdrawal: ["withdrawal-review"],
  FreezeEntry: ["freeze-order"],
  UnfreezeEntry: ["unfreeze-order"],
  Reply: ["reply"],
  Step: ["step"],
  Change: ["change"],
};

/**
 * Check a prepared decision as it came, against the `fields` that were asked for; return `{kind, text, reading, added,
 * possession, documents, message}`, all computed here: `added` lists `[place, value]` of what the node filled in.
 * `domain` is `{chainId, contracts}` where it is known from before. Throws `verification-failed`.
 */
export function checkPrepared(prepared, { kind, fields, domain, now = Date.now() }) {
  if (prepared?.kind !== kind) refuse("决定的种类", "the kind of decision", prepared?.kind);
  const message = readMessage(kind, prepared.message);
  const [papers, rests] = [prepared.documents, prepared.references ?? []].map(readPapers);
  const follows = within(() => structOf(kind, papers, rests, message));
  const named = [...Object.keys(follows), "nonce", "notAfter"].sort().join();
  if (Object.keys(message).sort().join() !== named) refuse("结构的成员", "the struct's members", Object.keys(message));
  for (const [name, value] of Object.entries(follows)) {
    if (!same(value, message[name])) refuse(`结构的 ${name}`, `the struct's ${name}`, message[name]);
  }
  const second = BigInt(Math.floor(now / 1000));
  const lasts = second < message.notAfter && message.notAfter <= second + LONGEST_SECONDS;
  if (!lasts) refuse("决定的有效期", "notAfter", message.notAfter);
  const { chainId, contract } = prepared.domain ?? {};
  if (!/^[0-9]{1,20}$/.test(chainId) || !/^[0-9a-f]{40}$/.test(contract)) refuse("合约", "the domain", contract);
  const strange = domain && (domain.chainId !== chainId || (domain.contracts[kind] ?? contract) !== contract);
  if (strange) refuse("链或合约与上次不同", "the chain or the contract is another than before", `${chainId} ${contract}`);
  const text = signedText({ struct: kind, args: message }, chainId, contract);
  // What the node says of them has to be the same: else it shows others something else.
  const says = prepared.text === text && text.endsWith(prepared.hash) && prepared.hash.length === 64;
  if (!says) refuse("待签文字", "the text to be signed", prepared.text);
  const possession = ["AddKey", "EnrolDepartment", "RecoverKey"].includes(kind);
  if (prepared.possession !== possession) refuse("新密钥的签名", "possession", prepared.possession);
  const added = compareAsked(kind, fields, papers, rests, message);
  return { kind, text, possession, message, added, domain: { chainId, contract }, reading: readDecision(kind, message, papers) };
}

/** The struct as the wire has it, by the ABI's members: numbers BigInt, bytes hex. */
export function readMessage(kind, said) {
  return within(() => readMembers(membersOfStruct(kind), said, kind));
}

function readMembers(members, said, where) {
  const names = said !== null && typeof said === "object" ? Object.keys(said).sort().join() : "";
  if (names !== members.map(({ name }) => name).sort().join()) refuse(`${where} 的成员`, `the members of ${where}`, names);
  return Object.fromEntries(members.map(({ name, type, parts }) => [name, readValue(type, parts, said[name], `${where}.${name}`)]));
}

function readValue(type, parts, said, where) {
  if (parts) {
    if (!Array.isArray(said)) refuse(where, where, said);
    return said.map((each, at) => readMembers(parts, each, `${where}[${at}]`));
  }
  if (type === "bool" && typeof said === "boolean") return said;
  const hex = { bytes32: 64, address: 40 }[type];
  if (hex && typeof said === "string" && said.length === hex && /^[0-9a-f]*$/.test(said)) return said;
  const bits = type.startsWith("uint") ? BigInt(type.slice(4)) : 0n;
  const isNumber = bits > 0n && typeof said === "string" && /^(?:0|[1-9][0-9]{0,77})$/.test(said);
  if (isNumber && BigInt(said) >> bits === 0n) return BigInt(said);
  return refuse(where, where, said);
}

function readPapers(texts) {
  if (!Array.isArray(texts)) refuse("所附文件", "the documents", texts);
  return texts.map((text) => {
    if (typeof text !== "string") refuse("所附文件", "a document", text);
    const bytes = Buffer.from(text, "utf8");
    return { bytes, body: within(() => parsePaper(bytes)), digest: sm3(bytes).toString("hex") };
  });
}

/** What the struct must say by its papers; where there is none, what it says itself. */
function structOf(kind, papers, rests, message) {
  if (WITHOUT_PAPER.includes(kind) || (kind in AT_ONCE && papers.length === 0)) {
    useTerms(papers, [message]);
    if (kind === "Step" && !isProtective(message.step)) refuse("所附文件", "a step without its document", message.step);
    const { nonce, notAfter, ...rest } = message;
    return { ...rest, ...AT_ONCE[kind] };
  }
  if (kind === "SubmitVersions") return batch(papers, "versions", papers.map((paper) => bound(paper, ["catalogue-version"], [])));
  if (kind === "ApplyFor") return batch(papers, "applications", applicationsOf(papers, rests));
  if (papers.length === 0) refuse("所附文件", "the documents", []);
  const own = bound(papers.at(-1), PAPERS[kind] ?? [], rests);
  useTerms(papers.slice(0, -1), [own]);
  const whole = kind === "Reply" ? { ...NO_GRANT, ...own } : own;
  // What the decision must not have, as a head key in an update, is undefined.
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}

function batch(papers, name, parts) {
  const departments = new Set(parts.map(({ department }) => department));
  if (departments.size !== 1) refuse("所附文件", "the documents", papers.map(({ body }) => body.type));
  return { department: [...departments][0], [name]: parts.map(({ department, ...rest }) => rest) };
}

/** What each application binds; new terms stand before the application they are of. */
function applicationsOf(papers, rests) {
  let terms = [];
  const found = [];
  for (const paper of papers) {
    if (paper.body.type === "terms") {
      terms.push(paper);
      continue;
    }
    const own = bound(paper, ["application"], rests);
    useTerms(terms, [own]);
    found.push(own);
    terms = [];
  }
  useTerms(terms, []);
  return found;
}

/** Refuse a document that no field names: it would be kept, and prove nothing. */
function useTerms(terms, bindings) {
  const named = bindings.map((each) => each.terms);
  for (const { body, digest } of terms) {
    if (body.type !== "terms" || !named.includes(digest)) refuse("所附文件", "a document that nothing names", digest);
  }
}

function bound(paper, kinds, rests) {
  const { body, digest } = paper;
  if (!kinds.includes(body.type)) refuse("文件的种类", "the kind of document", body.type);
  const items = (body.type === "reply" ? body.grant : body)?.items ?? [];
  const version = NEED_VERSION.includes(body.type) && items.length > 0 ? versionOf(body, rests) : undefined;
  return { ...derive(body, version), digest };
}

/** The version among the references; an application says which, others have but one. */
function versionOf({ entry }, rests) {
  const versions = rests.map(({ body }) => body).filter(({ type }) => type === "catalogue-version");
  const found = versions.filter(
    (each) => !entry || (each.department === entry.department && each.code === entry.code && each.version === entry.version),
  );
  if (found.length === 0 || (!entry && found.length > 1)) {
    refuse("目录版本", "the pinned version, without which items mean nothing", entry?.code);
  }
  return found[0];
}

/** What a parser of ours refuses is refused here as well. */
function within(read) {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === CODE) throw error;
    throw new LedgerError(CODE, `节点准备的文件不合规定，未签署 / a document is not as it must be: ${error.message}`);
  }
}

function refuse(chinese, english, value) {
  const shown = String(value).slice(0, 200);
  throw new LedgerError(
    CODE,
    `节点准备的决定与其文书不符，未签署：${chinese}（${shown}） / what the node prepared differs in ${english}; nothing was signed`,
  );
}
