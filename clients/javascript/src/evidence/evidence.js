// The offline verifier of evidence bundles (docs/evidence.md): a bundle and a trust file in, what is proven out. No
// network; everything is replayed from the root key and a trusted block.
import { keccak256, sha256 } from "../bytes.js";
import { contentDigest, eventId } from "../call.js";
import { parseLoosely } from "../canonical.js";
import { parseNote, verifyNote } from "../checkpoint.js";
import { isObject } from "../envelope.js";
import { LedgerError } from "../errors.js";
import { parseLeaf, SERVED, verifyTimes } from "../leaf.js";
import { leafHash, verifyConsistency, verifyInclusion } from "../merkle.js";
import * as sm2 from "../sm2.js";
import { isProtective } from "./authorisations.js";
import { logsOf, names, parseHeader, receiptsRoot } from "./blocks.js";
import { findBlock, parseBundle, parseTrust } from "./bundle.js";
import { decodeEvent } from "./decisions.js";
import { bitmapOf, codeHash, departmentId, differing } from "./deriving.js";
import { Ledger } from "./ledger.js";
import { parsePaper } from "./papers.js";
import { CODE, hold, within } from "./refusing.js";
import { KIND } from "./rules.js";
import { standingOf, verifyPermission } from "./standing.js";

const REGISTRY = "DepartmentRegistry";
const CONTRACTS = [REGISTRY, "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors"];
const LATEST = 2n ** 37n;
const CLOCK_SECONDS = 300;
const EARLY_SECONDS = 60;
/** The text of a signed query: authority, authorisation, digest, created, nonce, key id. */
const BASE = new RegExp(
  '^"@method": POST\\n"@authority": ([a-z0-9.\\-:\\[\\]]{1,255})\\n' +
    '"@path": /api/v1/authorisations/([1-9][0-9]{0,15})/query\\n"@query": \\?\\n' +
    '"content-type": [!-~][ -~]{0,254}\\n"content-digest": (sm3=:[A-Za-z0-9+/]{43}=:)\\n' +
    '"@signature-params": \\("@method" "@authority" "@path" "@query" "content-type" "content-digest"\\)' +
    ';created=([1-9][0-9]{0,11});nonce="([A-Za-z0-9_-]{22,64})";alg="sm2-sm3";keyid="([0-9a-f]{64})";tag="gdsl-1"$',
);
/** Kinds of documents whose items mean something only beside the pinned version. */
const ON_ITEMS = ["application", "reply", "change"];

/** What is checked, in this order; each needs those before it. */
export const STAGES = ["file", "headers", "receipts", "decisions", "documents", "call", "anchor", "permission", "request"];

/**
 * Verify a bundle's bytes by a trust file's: `{verdict, event, outcome, authorisation, explanation}`, where the verdict
 * is `proven`, `undetermined` or `incomplete`. Throws `evidence-invalid`, whose `facts.where` names the place, and
 * `malformed-evidence` for a trust file that is none. `told` is called with each of `STAGES` once it holds, and with how
 * many of its things there are.
 */
export function verifyEvidence(file, trust, told = () => undefined) {
  const trusted = parseTrust(Buffer.from(trust));
  return within("file", () => {
    const bundle = parseBundle(Buffer.from(file));
    told("file", 1);
    return new Evidence(bundle, trusted).verify(told);
  });
}

class Evidence {
  #headers = [];
  /** Address → name of every listed contract, and back. */
  #contracts = new Map();
  #addresses = new Map();
  /** Which document each decision binds, to which object. */
  #bound = [];
  /** Documents by the object they stand behind and their digest. */
  #papers = new Map();
  /** Block → what the call is judged by after it. */
  #standings = new Map();
  #judged;

  constructor(bundle, trust) {
    [this.bundle, this.trust] = [bundle, trust];
  }

  verify(told) {
    const { bundle } = this;
    const beyond = this.#verifyHeaders();
    told("headers", this.#headers.length);
    this.#verifyReceipts();
    const events = this.#decode();
    for (const { contract, place } of events) {
      // Two addresses under one name: the contracts list a name once.
      hold(this.#contracts.has(this.#addresses.get(contract)), place, "no address");
    }
    told("receipts", bundle.receipts.size);
    this.#readClaim();
    this.#replay(events);
    told("decisions", events.filter(({ struct }) => struct !== undefined).length);
    this.#verifyDocuments();
    told("documents", bundle.documents.size);
    this.#verifyCall();
    told("call", 1);
    const log = this.ledger.logs.logs.get(keccak256(Buffer.from(this.note.origin)).toString("hex"));
    hold(log, "checkpoint", "of no registered log");
    const anchor = this.#verifyPlace(log);
    told("anchor", Number(anchor.size));
    verifyPermission(this.#judged, this.leaf, log.department);
    told("permission", 1);
    this.#verifyRequest();
    told("request", bundle.request === undefined ? 0 : 1);
    const { outcome, authorisation } = this.leaf;
    const report = (verdict, explanation) => ({ verdict, event: bundle.event, outcome, authorisation, explanation });
    if (beyond) return report("incomplete", beyond);
    for (const [block, whole] of this.#standings) {
      if (block <= anchor.block && whole !== this.#judged.whole) {
        return report("undetermined", `第 ${block} 块改变了判定所依据的状态 / block ${block} changed what it was judged by`);
      }
    }
    return report("proven", `第 ${anchor.block} 块锚定 / anchored in block ${anchor.block}`);
  }

  /** Check the chain of headers from the end down; say why the end is not known, if it is not. */
  #verifyHeaders() {
    const { headers: given } = this.bundle;
    const { trust } = this;
    const last = given.length - 1;
    hold(last >= 0, "headers", "there is none");
    let expected = findBlock(trust, last);
    let beyond;
    if (!expected) {
      expected = keccak256(given[last]);
      beyond = `信任文件不知道第 ${last} 块 / the trust file does not know block ${last}`;
      const { number, hash } = trust.head;
      const same = last < number || keccak256(given[number]).equals(hash);
      hold(same, `headers[${number}]`, "another chain than the trusted one");
    }
    let latest = LATEST;
    for (let number = last; number >= 0; number--) {
      const where = `headers[${number}]`;
      // Hashed before it is read: only what the chain made is taken apart.
      hold(keccak256(given[number]).equals(expected), where, "not the hash that the chain has");
      const header = parseHeader(given[number], where);
      hold(header.number === BigInt(number) && header.timestamp <= latest, where, "another number, or later than the next");
      this.#headers[number] = header;
      [latest, expected] = [header.timestamp, header.parent];
    }
    hold(this.#headers[0].hash.equals(trust.genesisHash), "headers[0]", "not the genesis");
    return beyond;
  }

  #verifyReceipts() {
    for (const [block, receipts] of this.bundle.receipts) {
      const where = `receipts[block ${block}]`;
      hold(block < this.#headers.length, where, "no such block");
      hold(receiptsRoot(receipts).equals(this.#headers[block].receiptsRoot), where, "another root than the header's");
    }
    this.#contracts.set(this.trust.registry, REGISTRY);
    for (const { name, args } of this.#decode()) {
      // A second name for a contract must not make its events another's, or nobody's.
      if (name === "ContractListed" && !CONTRACTS.includes(this.#contracts.get(args.contractAddress))) {
        const listed = Buffer.from(args.name, "hex").toString("latin1").replace(/\0+$/, "");
        this.#contracts.set(args.contractAddress, listed);
      }
    }
    for (const [address, name] of this.#contracts) this.#addresses.set(name, address);
    this.#headers.forEach(({ bloom }, number) => {
      const named = [...this.#contracts.keys()].some((address) => names(bloom, address));
      hold(named === this.bundle.receipts.has(number), `receipts[block ${number}]`, "left out, or of no contract of ours");
    });
  }

  /** The events of the contracts known so far, in chain order. */
  #decode() {
    const events = [];
    for (const [block, receipts] of this.bundle.receipts) {
      let place = 0;
      receipts.forEach((receipt, at) => {
        const where = `block ${block}, transaction ${at}`;
        for (const log of logsOf(receipt, where)) {
          const contract = this.#contracts.get(log.address);
          const named = `${where}, log ${place++}`;
          if (CONTRACTS.includes(contract)) events.push(decodeEvent(contract, log, this.#headers[block], named));
        }
      });
    }
    return events;
  }

  #readClaim() {
    const { bundle } = this;
    this.leaf = within("leaf", () => parseLeaf(bundle.leaf));
    this.call = BASE.exec(this.leaf.base);
    hold(this.call, "leaf.base", "not the text of a signed query");
    this.note = within("checkpoint", () => parseNote(bundle.checkpoint));
    const ours = this.note.lines.every(({ name }) => name === this.note.origin);
    hold(this.note.lines.length === 2 && ours, "checkpoint", "not exactly two lines of the log");
    hold(this.leaf.block.number < this.#headers.length, "leaf.block", "not on the chain");
  }

  #replay(events) {
    this.ledger = new Ledger(this.trust, this.#addresses);
    let before = -1n;
    for (const event of events) {
      if (event.block !== before) this.#took(before, event.block);
      this.ledger.apply(event);
      this.#bind(event);
      before = event.block;
    }
    this.#took(before, undefined);
  }

  /** All events up to block `done` are applied, and the next is of block `next`, or none. */
  #took(done, next) {
    const { authorisation, judged, block } = this.leaf;
    const at = BigInt(block.number);
    const standing = () => standingOf(this.ledger, authorisation, this.call[6], judged);
    if (!this.#judged && (next === undefined || next > at)) this.#judged = standing();
    if (this.#judged) this.#standings.set(done > at ? done : at, standing().whole);
  }

  #bind(event) {
    const { struct, args, contract } = event;
    const seq = `${contract} ${args.seq}`;
    const bind = (kind, object, digest = args.digest, more = {}) => {
      if (!this.bundle.documents.has(digest)) return;
      this.#bound.push({ kind, object, digest, struct: args, acted: this.ledger.acting, place: event.place, ...more });
    };
    const alone = { SetDepartmentStatus: "department-status", ReviewVersions: "review", SubmitWithdrawal: "withdrawal" };
    Object.assign(alone, { ReviewWithdrawal: "withdrawal-review", FreezeEntry: "freeze-order" });
    Object.assign(alone, { UnfreezeEntry: "unfreeze-order", SupersedeLog: "log-succession" });
    const { authorisation } = args;
    const object = `authorisation:${authorisation}`;
    if (struct in alone) bind(alone[struct], seq);
    else if (struct === "EnrolDepartment" || struct === "UpdateDepartment") bind("department", `department:${args.department}`);
    else if (struct === "RecoverKey") bind("recovery", `key:${args.headKey}`);
    else if (struct === "AddKey") bind(args.kind === KIND.officer ? "officer-key" : "key", `key:${args.addedKey}`);
    else if (struct === "RevokeKey") bind("revocation", `revocation:${args.key}`);
    else if (struct === "GrantRoles") bind("roles", `roles:${args.department}${args.key}`);
    else if (struct === "RegisterApplication") bind("application-object", `application:${args.application}`);
    else if (struct === "SetStandingReply") bind("terms", `standing:${args.entry}`, args.terms, { entry: args.entry });
    else if (struct === "Reply" || struct === "Change") {
      bind(struct === "Reply" ? "reply" : "change", object, args.digest, { authorisation });
      bind("terms", object, args.terms, { authorisation });
    } else if (struct === "Step") {
      bind("step", isProtective(args.step) ? seq : object, args.digest, { authorisation });
    } else if (struct === "SubmitVersions") {
      args.versions.forEach((version, at) => {
        const filed = { ...version, department: args.department };
        bind("catalogue-version", `entry:${args.entries[at]}:${version.version}`, version.digest, { struct: filed });
      });
    } else if (struct === "ApplyFor") {
      args.applications.forEach((application, at) => {
        const number = args.first + BigInt(at);
        const more = { struct: { ...application, department: args.department }, authorisation: number };
        bind("application", `authorisation:${number}`, application.digest, more);
        bind("terms", `authorisation:${number}`, application.terms, more);
      });
    }
  }

  /** Check that every document is well-formed and agrees with a decision that names it. */
  #verifyDocuments() {
    const parsed = new Map([...this.bundle.documents].map(([digest, bytes]) => [digest, parsePaper(bytes)]));
    const [failed, settled] = [new Map(), new Set()];
    // What names items means something only beside the pinned version: versions come first.
    const later = this.#bound.filter(({ kind }) => ON_ITEMS.includes(kind));
    const sooner = this.#bound.filter(({ kind }) => !ON_ITEMS.includes(kind));
    for (const each of [...sooner, ...later]) {
      const paper = parsed.get(each.digest);
      const problem = this.#differing(each, paper);
      if (problem === undefined) {
        this.#papers.set(`${each.object} ${each.digest}`, paper);
        settled.add(each.digest);
      } else if (!failed.has(each.digest)) {
        failed.set(each.digest, `${each.place} ${problem}`);
      }
    }
    for (const digest of parsed.keys()) {
      hold(settled.has(digest), `document ${digest}`, failed.get(digest) ?? "no decision names it");
    }
  }

  #differing(each, paper) {
    if (each.kind !== paper.type) return "type";
    const one = each.authorisation && this.ledger.authorisations.all.get(each.authorisation);
    const field = differing(paper, each.struct, one && this.#versionPaper(one));
    if (field !== undefined) return field;
    const parties = this.#partiesOf(each, one);
    return namedIn(paper).every((code) => parties.has(departmentId(code))) ? undefined : "parties";
  }

  #versionPaper({ entry, version }) {
    const found = this.ledger.catalogue.entries.get(entry).versions.get(version);
    return this.#papers.get(`entry:${entry}:${version} ${found.digest}`);
  }

  /** Whom an object concerns: who decided, those behind it, and who is competent for them. */
  #partiesOf({ acted, entry, kind, struct }, one) {
    const behind = [acted];
    if (one) behind.push(one.provider, one.consumer);
    else if (entry !== undefined) behind.push(this.ledger.catalogue.entries.get(entry).provider);
    else if (kind === "officer-key") behind.push(struct.holder);
    return new Set(behind.flatMap((id) => [id, this.ledger.department(id).competent, this.ledger.competentOf(id)]));
  }

  #verifyCall() {
    const { leaf, bundle } = this;
    const [, authority, authorisation, , createdText, nonce, keyid] = this.call;
    const created = Number(createdText);
    const event = eventId({ created, authority, keyid, nonce }).toString("hex");
    hold(event === leaf.event, "leaf.event", "not the event of the signed text");
    hold(event === bundle.event, "claim.event", "the leaf is of another event");
    hold(Number(authorisation) === leaf.authorisation, "leaf.authorisation", "not the signed one");
    const block = this.#headers[leaf.block.number];
    hold(leaf.block.hash === block.hash.toString("hex"), "leaf.block", "not on the chain");
    hold(block.timestamp <= BigInt(leaf.judged), "leaf.judged", "before its block");
    within("leaf.at", () => verifyTimes(leaf));
    const age = leaf.judged - created;
    hold(-EARLY_SECONDS <= age && age <= CLOCK_SECONDS, "leaf.judged", "not when it was signed");
    const key = this.ledger.keys.get(keyid);
    hold(key?.kind === KIND.application, "leaf.base", "of no registered application's key");
    within("leaf.signature", () => sm2.verify(key.raw, leaf.base, Buffer.from(leaf.signature, "hex")));
  }

  #verifyPlace(log) {
    const { bundle, leaf, note } = this;
    const { index, proof, consistency } = bundle;
    within("proof", () => verifyInclusion(leafHash(bundle.leaf), index, note.size, proof, note.root));
    const anchor = log.anchors.find(({ size }) => size > BigInt(index));
    hold(anchor, "headers", "not anchored up to the end");
    const size = Number(anchor.size);
    within("consistency", () => {
      if (note.size <= size) verifyConsistency(note.size, note.root, size, anchor.root, consistency);
      else verifyConsistency(size, anchor.root, note.size, note.root, consistency);
    });
    const text = `${note.origin}\n${anchor.size}\n${anchor.root.toString("base64")}\n`;
    const stated = sha256(Buffer.from(text)).toString("hex") === anchor.checkpointHash;
    hold(stated, `block ${anchor.block}`, "a checkpointHash of something else");
    hold(BigInt(leaf.block.number) <= anchor.block, "leaf.block", "judged after its anchor");
    const second = BigInt(Math.floor(leaf.at / 1000));
    hold(second <= anchor.time + BigInt(CLOCK_SECONDS), "leaf.at", "after its anchor");
    const last = this.#headers.at(-1);
    const covering = log.anchors.find((each) => each.size >= BigInt(note.size)) ?? { block: last.number, time: last.timestamp };
    this.#verifySigners(log, covering, second);
    return anchor;
  }

  /** Find the department's key whose two signatures the checkpoint carries. */
  #verifySigners({ department }, { block, time }, second) {
    let problem = "no department key's document is there";
    for (const [id, key] of this.ledger.keys) {
      const ours = key.kind === KIND.department && key.holder === department && (key.revoked === undefined || key.revoked > block);
      const paper = ours && key.from <= time && second < key.until ? this.#keyPaper(id) : undefined;
      if (!paper) continue;
      try {
        verifyNote(this.note, { sm2: key.raw, ed25519: Buffer.from(paper.ed25519, "hex") });
        problem = this.leaf.custody === paper.custody ? undefined : "another custody than the leaf's";
        break;
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        problem = error.message;
      }
    }
    hold(problem === undefined, "checkpoint", problem);
  }

  #keyPaper(id) {
    const object = `key:${id}`;
    const bound = this.#bound.find((each) => each.object === object && this.#papers.has(`${object} ${each.digest}`));
    return bound && this.#papers.get(`${object} ${bound.digest}`);
  }

  #verifyRequest() {
    const { request } = this.bundle;
    if (request === undefined) return;
    hold(contentDigest(request) === this.call[3], "request", "not the body that was signed");
    if (this.leaf.outcome !== SERVED) return;
    const body = within("request", () => parseLoosely(request, CODE));
    const texts = isObject(body) && Array.isArray(body.items) && [body.purpose, ...body.items].every((each) => typeof each === "string");
    hold(texts, "request", "not the body of a query");
    const { one } = this.#judged;
    hold(codeHash(body.purpose) === one.purpose, "request", "another purpose than the authorisation's");
    const version = this.#versionPaper(one);
    const same = !version || within("request", () => bitmapOf(version, body.items)) === BigInt(`0x${this.leaf.items}`);
    hold(same, "request", "other items than the leaf's");
  }
}

/** The departments a restricted document names as parties. */
function namedIn(paper) {
  const by = {
    "officer-key": () => [paper.department],
    application: () => [paper.department, paper.entry.department],
    terms: () => [paper.provider, paper.consumer].filter((code) => code !== null),
  };
  if (["reply", "step", "change"].includes(paper.type)) return [paper.parties.provider, paper.parties.consumer];
  return by[paper.type]?.() ?? [];
}
