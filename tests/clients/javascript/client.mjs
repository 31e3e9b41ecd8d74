// A client of one application: calls, checks, opens (docs/protocol.md 4.7 and 6.5).
import { randomBytes } from "node:crypto";

import { b64u, require_, sm3, unb64u, unhex } from "./bytes.mjs";
import * as call from "./call.mjs";
import * as canonical from "./canonical.mjs";
import * as log from "./log.mjs";

const PROVEN_CODES = ["authorisation-unknown", "call-replayed"];
const PROVEN_STATUSES = [403, 429];
const UNPROVEN_CODE = "quota-refusals";
/** How old, and how far ahead, a signature may be at the second its call is judged. */
const [OLDEST_SECONDS, NEWEST_SECONDS] = [300, 60];

/** A refusal whose receipt, if its code has one, was checked. */
export class Problem extends Error {
  constructor(problem, receipt) {
    super(problem.detail);
    this.code = problem.code;
    this.receipt = receipt;
  }
}

export class Client {
  /** `provider` is the node that is called; `own` the one that is believed; keys are `{d, keyid}`. */
  constructor({ provider, own, signing, encryption }) {
    Object.assign(this, { provider, own, signing, encryption });
  }

  async send(request) {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body.length > 0 ? request.body : undefined,
    });
    return { ok: response.ok, members: await response.json() };
  }

  async get(base, path) {
    const { ok, members } = await this.send(call.sign({ method: "GET", url: `${base}/api/v1${path}` }, this.signing));
    if (!ok) throw new Problem(members);
    return members;
  }

  /** Sign a query, whole and ready to be sent; `signed` may fix its second and nonce. */
  prepare(authorisation, { purpose, items, where = {}, size = 100, after = null, operator, matter }, signed) {
    const salt = b64u(randomBytes(16));
    const body = canonical.render({ purpose, items, where, page: { size, after }, operator, matter, salt });
    const url = `${this.provider}/api/v1/authorisations/${authorisation}/query`;
    const request = call.sign({ method: "POST", url, body, contentType: "application/json" }, this.signing, signed);
    return { request, authorisation, items, operator, matter };
  }

  async query(authorisation, wanted) {
    const asked = this.prepare(authorisation, wanted);
    return this.judge(asked, await this.send(asked.request));
  }

  /** Check an answer or a refusal against the call it is for. */
  async judge(asked, { ok, members }) {
    if (!ok) throw new Problem(members, await this.#checkRefusal(asked, members));
    const granted = await this.get(this.own, `/authorisations/${asked.authorisation}`);
    return this.#checkAnswer(asked, members, granted, await this.#logOf(granted.provider));
  }

  /** The department's present log and the keys in force for it. */
  async #logOf(department) {
    return log.parseLog(await this.get(this.own, `/departments/${department}/log`));
  }

  /** The log that a receipt of earlier is of, and the keys in force at its leaf's time or since. */
  async #logThen({ checkpoint, leaf }) {
    const { department, generation } = log.logOf(checkpoint);
    const at = Math.floor(log.parseLeaf(unb64u(leaf)).at / 1000);
    const path = `/departments/${department}/log?generation=${generation}&at=${at}`;
    return log.parseLog(await this.get(this.own, path));
  }

  async #checkRefusal(asked, problem) {
    if (!problem.receipt) {
      if (problem.code === UNPROVEN_CODE) return undefined;
      const proven = PROVEN_STATUSES.includes(problem.status) || PROVEN_CODES.includes(problem.code);
      require_(!proven, `${problem.code} without a receipt`);
      return undefined;
    }
    const leaf = log.parseLeaf(unb64u(problem.receipt.leaf));
    const { receipt } = problem;
    if (problem.code === "call-replayed") {
      require_(leaf.event === asked.request.event.toString("hex"), "the receipt is of another event");
      log.verifyReceipt(receipt, await this.#logThen(receipt));
    } else {
      this.#sameCall(asked, leaf);
      require_(leaf.outcome === problem.code, "the leaf says another code");
      log.verifyReceipt(receipt, await this.#logOf(log.logOf(receipt.checkpoint).department));
    }
    return receipt;
  }

  #checkAnswer(asked, { sealed, receipt, remaining }, granted, registered) {
    const leaf = log.parseLeaf(unb64u(receipt.leaf));
    this.#sameCall(asked, leaf);
    require_(leaf.entry === granted.entry && leaf.version === granted.version, "the leaf is of another entry");
    require_(leaf.items === bitmap(granted.itemCodes, asked.items), "the leaf names other items");
    require_(leaf.outcome === "served", "the leaf says the call was refused");
    require_(leaf.answer === sm3(canonical.render(sealed)).toString("hex"), "the leaf is of another answer");
    log.verifyReceipt(receipt, registered);
    const plain = call.open(sealed, this.encryption, asked.request.event);
    require_(leaf.plain === sm3(plain).toString("hex"), "the leaf is of another plaintext");
    const opened = canonical.parse(plain);
    for (const name of ["operator", "matter"]) {
      const commitment = sm3(unb64u(opened.opening[name]), asked[name]).toString("hex");
      require_(commitment === leaf[name], `the leaf commits to another ${name}`);
    }
    require_(leaf.rows === opened.rows.length, "the leaf counts other rows");
    return { ...opened, leaf, receipt, remaining };
  }

  #sameCall(asked, leaf) {
    require_(leaf.event === asked.request.event.toString("hex"), "the leaf is of another event");
    const age = leaf.judged - asked.request.created;
    require_(age >= -NEWEST_SECONDS && age <= OLDEST_SECONDS, `the leaf says it was judged ${age} s after it`);
    require_(leaf.base === asked.request.base, "the leaf has another signed text");
    require_(leaf.signature === asked.request.signature, "the leaf has another signature");
    require_(leaf.authorisation === asked.authorisation, "the leaf names another authorisation");
  }

  /** Return the receipt's anchor once the chain has reached it and continues the receipt's own tree. */
  async findAnchor(receipt) {
    const leaf = log.parseLeaf(unb64u(receipt.leaf));
    const { department: provider, generation } = log.logOf(receipt.checkpoint);
    const registered = await this.#logThen(receipt);
    const own = log.verifyReceipt(receipt, registered);
    const newer = (await this.get(this.provider, `/logs/${provider}/events/${leaf.event}`)).receipt;
    require_(newer.leaf === receipt.leaf && newer.index === receipt.index, "the log holds another leaf now");
    log.verifyReceipt(newer, registered);
    if (!newer.anchored) return undefined;
    const { size } = newer.anchored;
    const place = `/departments/${provider}/log/anchors/${size}?generation=${generation}`;
    const anchor = await this.get(this.own, place);
    const path = `/logs/${provider}:${generation}/consistency?old=${receipt.size}&new=${size}`;
    const proof = (await this.get(this.provider, path)).proof.map(unb64u);
    log.verifyConsistency(receipt.size, own.checkpoint.root, size, unhex(anchor.root, 32), proof);
    return newer.anchored;
  }
}

export function bitmap(codes, chosen) {
  let bits = 0n;
  for (const code of chosen) {
    require_(codes.includes(code), `${code} is no item of the version`);
    bits |= 1n << BigInt(codes.indexOf(code));
  }
  return bits.toString(16).padStart(64, "0");
}
