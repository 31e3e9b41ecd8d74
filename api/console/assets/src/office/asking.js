// What somebody asked for, found again word for word in what a node prepared: node/client/asking.py. What is given has
// to stand where it belongs; what is not given may be filled in by the node only where it knows better, and is named.
import { LedgerError } from "../../../../../clients/javascript/src/errors.js";
import { codeHash, departmentId, STEPS } from "../../../../../clients/javascript/src/evidence/deriving.js";
import { hashOf } from "../../../../../clients/javascript/src/evidence/rules.js";

const ZERO = "0".repeat(64);
/** Members a document is given when it is made. */
const GIVEN = ["type", "v", "salt"];
/** Of which a document is given an empty list where none is named. */
const LISTED = ["attachments", "points", "refusals"];
const NARROWED = ["validFrom", "validUntil", "callsPerDay", "rowsPerDay", "terms"];
const EMPTY_TERMS = { filterOnly: [], rowScope: {}, masks: {} };
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const entryOf = ({ department, code }) => hashOf(departmentId(department), codeHash(code));
const padded = (text) => Buffer.from(text, "utf8").toString("hex").padEnd(64, "0");

/**
 * Lists `[place, value]` of what the node added to the fields that were asked for. `papers` and `rests` are
 * `{body, digest}`, `message` the struct. Throws `verification-failed` where it stands there differently.
 */
export function compareAsked(kind, fields, papers, rests, message) {
  const rule = RULES[kind] ?? whole;
  const allowed = ADDED[kind];
  const added = rule(fields, { papers, rests, message });
  for (const [place, value] of added) if (!allowed?.test(place)) refuse(place, null, value);
  return added;
}

const membersOf = ({ body }) => without(body, GIVEN);
const without = (value, names) => Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
const lastOf = ({ papers }) => (papers.length > 0 ? membersOf(papers.at(-1)) : refuse("documents", "1", "0"));

/** The fields are the members of the decision's one paper; without one, only what protects is said. */
function whole(fields, written) {
  if (written.papers.length > 0) return held(fields, lastOf(written));
  const { message } = written;
  for (const [name, said] of Object.entries(without(fields, ["order", "department", "authorisation", "step"])).sort()) {
    if (said !== null && said?.length !== 0) refuse(name, said, null);
  }
  if ("order" in fields) {
    const done = { order: "停用", department: message.department };
    return held({ order: fields.order, department: departmentId(fields.department) }, done);
  }
  const { authorisation, step } = fields;
  const taken = { authorisation: Number(message.authorisation), step: STEPS[Number(message.step) - 1] ?? null };
  return held({ authorisation, step }, { ...taken, revision: Number(message.revision) });
}

function applications(fields, written) {
  const papers = written.papers.filter(({ body }) => body.type === "application").map(membersOf);
  const [terms, digest] = askedTerms(fields);
  const wanted = fields.applications.map((form) => ({ ...form, terms: digest }));
  return [...held(wanted, papers, "applications"), ...heldTerms(terms ? papers.map(() => terms) : [], written)];
}

/** `[members of new terms, digest of terms that are there]`; null each if not asked. */
const askedTerms = ({ terms = null }) => (isObject(terms) ? [{ ...EMPTY_TERMS, ...terms }, null] : [null, terms]);

/** What new terms say besides; none stand there unless they were asked for. */
function heldTerms(wanted, { papers }) {
  return held(wanted, papers.filter(({ body }) => body.type === "terms").map(membersOf), "terms");
}

function reply(fields, written) {
  const members = lastOf(written);
  const [terms, digest] = askedTerms(fields);
  const said = without(fields, NARROWED);
  if (members.grant) {
    said.grant = { ...Object.fromEntries(NARROWED.map((name) => [name, fields[name] ?? null])), terms: digest };
  }
  return [...held(said, members), ...heldTerms(terms ? [terms] : [], written)];
}

function change(fields, written) {
  const [terms, digest] = askedTerms(fields);
  return [...held({ ...fields, terms: digest }, lastOf(written)), ...heldTerms(terms ? [terms] : [], written)];
}

function withdrawal({ department, reasons }, written) {
  const withdrawals = Object.entries(reasons).map(([code, reason]) => ({ code, reason }));
  return held({ department, withdrawals }, lastOf(written));
}

/** The verdicts are on the withdrawal that was named: on each of its entries, no other. */
function withdrawalReview(fields, written) {
  const subject = fields.withdrawal;
  const asked = written.rests.find(({ digest }) => digest === subject) ?? refuse("reviews.subject", subject, null);
  const reviews = asked.body.withdrawals.map(({ code, version }) => {
    const reason = (Object.hasOwn(fields.refused ?? {}, code) && fields.refused[code]) || null;
    return { department: asked.body.department, code, version, accept: reason === null, reason, subject };
  });
  return held({ ...without(fields, ["refused", "withdrawal"]), reviews }, lastOf(written));
}

function log({ department, relay = null }, { message }) {
  const said = { department: departmentId(department), ...(relay === null ? {} : { relay }) };
  return held(said, { department: message.department, relay: message.relay });
}

function standing(fields, written) {
  const [terms, named] = askedTerms(fields);
  const { message, papers } = written;
  const digest = terms && papers.length > 0 ? papers.at(-1).digest : named;
  const said = {
    ...{ entry: entryOf(fields), standing: fields.standing, terms: digest ?? ZERO },
    ...{ callsPerDay: fields.callsPerDay || 0, rowsPerDay: fields.rowsPerDay || 0 },
  };
  const { entry, standing: stands, terms: bound } = message;
  const [callsPerDay, rowsPerDay] = [Number(message.callsPerDay), Number(message.rowsPerDay)];
  const actual = { entry, standing: stands, terms: bound, callsPerDay, rowsPerDay };
  return [...held(said, actual), ...heldTerms(terms ? [terms] : [], written)];
}

function contract(fields, { message: { name, contractAddress, codeHash: code } }) {
  return held({ name: padded(fields.name) }, { name, contractAddress, codeHash: code });
}

/** What `actual` has besides `said`; refused where it says something else. */
function held(said, actual, place = "") {
  if (said === null || said === undefined) {
    const empty = Array.isArray(actual) && actual.length === 0 && LISTED.some((name) => place.endsWith(name));
    return actual === null || actual === undefined || empty ? [] : [[place, actual]];
  }
  if (isObject(said) && isObject(actual)) {
    const own = (value, name) => (Object.hasOwn(value, name) ? value[name] : undefined);
    return Object.keys({ ...said, ...actual }).flatMap((name) =>
      held(own(said, name), own(actual, name), place ? `${place}.${name}` : name),
    );
  }
  if (Array.isArray(said) && Array.isArray(actual) && said.length === actual.length) {
    return said.flatMap((each, at) => held(each, actual[at], `${place}.${at}`));
  }
  // Documents have text composed (NFC).
  if ((typeof said === "string" ? said.normalize("NFC") : said) !== actual) refuse(place, said, actual);
  return [];
}

function refuse(place, said, actual) {
  const [one, other] = [said, actual].map((value) => (JSON.stringify(value ?? null) ?? "").slice(0, 200));
  throw new LedgerError(
    "verification-failed",
    `节点准备的决定与所要求的不符，未签署：${place} 应为 ${one}，写的是 ${other} / what the node prepared is not what was asked: ${place} is ${other}, not ${one}; nothing was signed`,
  );
}

/** How the fields of a kind are found again; of the others they are the paper's members. */
const RULES = {
  UpdateDepartment: ({ department, ...rest }, written) => held({ code: department, ...rest }, lastOf(written)),
  SubmitVersions: ({ versions }, { papers }) => held(versions, papers.map(membersOf), "versions"),
  ApplyFor: applications,
  Reply: reply,
  Change: change,
  SubmitWithdrawal: withdrawal,
  ReviewWithdrawal: withdrawalReview,
  RegisterLog: log,
  SetStandingReply: standing,
  ListContract: contract,
};
const TERMS = String.raw`validFrom|validUntil|callsPerDay|rowsPerDay|terms|items(\.\d+)?`;
const ANSWERED = String.raw`parties(\.\w+)?|subject|revision`;
/** What the node may fill in where it was not given. */
const ADDED = Object.fromEntries(
  Object.entries({
    UpdateDepartment: ".+",
    ApplyFor: String.raw`applications\.\d+\.(entry\.(version|name)|terms)`,
    Reply: String.raw`${ANSWERED}|grant(\.(${TERMS}|mode))?`,
    Step: ANSWERED,
    Change: `${ANSWERED}|${TERMS}`,
    SubmitWithdrawal: String.raw`withdrawals\.\d+\.version`,
    ListContract: "contractAddress|codeHash",
    RegisterLog: "relay",
    SupersedeLog: "relay",
  }).map(([kind, pattern]) => [kind, new RegExp(`^(?:${pattern})$`)]),
);
