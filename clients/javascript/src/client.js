// Calls of one application to one provider's node, every answer checked before it is handed out. What a provider
// cannot prove is an error here, not a value.
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import { b64u, unb64u } from "./bytes.js";
import { signRequest } from "./call.js";
import * as canonical from "./canonical.js";
import { checkAnswer, checkRefusal, verifyKept } from "./checks.js";
import { errorOf, isNotFound, LedgerError, must } from "./errors.js";
import { isObject } from "./envelope.js";
import { Http } from "./http.js";
import { PLACE, Receipt, verifyAnchored } from "./receipt.js";
import { selfTest } from "./selftest.js";
import { NodeTrust } from "./trust.js";

const MALFORMED = "malformed-receipt";
const MERGE_SECONDS = 60;
const LONGEST_PAUSE_SECONDS = 2;

export class LedgerClient {
  #http;
  #trust;
  #signer;
  #opener;
  #receipts;
  #base;
  #authority;

  /**
   * Call the node at `provider`, believing the one at `own`. `receipts`, a ReceiptFolder, keeps the receipt of every
   * answer and refusal before it is handed out; `trust` stands in for `own`, `http` for the network.
   */
  constructor({ provider, own, signer, opener, receipts, authority, bounds, tls, trust, http }) {
    selfTest();
    this.#http = http ?? new Http(bounds, tls);
    this.#trust = trust ?? new NodeTrust(this.#http, signer, own);
    [this.#signer, this.#opener, this.#receipts, this.#authority] = [signer, opener, receipts, authority];
    this.#base = `${provider.replace(/\/+$/, "")}/api/v1`;
  }

  /** Sign a query, whole and ready to be sent; `signed` may fix its second and nonce. */
  async prepare(authorisation, { purpose, items, where = {}, size = 100, after = null, operator, matter }, signed) {
    // What the provider would count, and only then be found to have answered something else.
    const isNumber = Number.isSafeInteger(authorisation) && authorisation > 0;
    must(isNumber, "malformed-request", `an authorisation has a number from 1, not ${JSON.stringify(authorisation)}`);
    must(Array.isArray(items), "malformed-request", "items are a list of codes");
    const salt = b64u(randomBytes(16));
    const body = canonical.render({ purpose, items, where, page: { size, after }, operator, matter, salt });
    const url = `${this.#base}/authorisations/${authorisation}/query`;
    const request = await this.#sign({ method: "POST", url, body, contentType: "application/json" }, signed);
    return { request, authorisation, items: [...items], operator, matter };
  }

  /** Ask for one page of rows; throws the refusal, whose `receipt` was checked. */
  async query(authorisation, wanted) {
    return this.send(await this.prepare(authorisation, wanted));
  }

  /** Ask page after page. */
  async *pages(authorisation, wanted) {
    for (let after = wanted.after ?? null; ; ) {
      const answer = await this.query(authorisation, { ...wanted, after });
      yield answer;
      if (answer.next === null) return;
      after = answer.next;
    }
  }

  /** Send a prepared call and check what comes back. */
  async send(asked) {
    return this.judge(asked, await this.#http.send(asked.request));
  }

  /** Send an answered call again, byte for byte: the stored answer comes back, uncounted. */
  resend(answer) {
    return this.send(answer.asked);
  }

  /** Check an answer or a refusal, `{ok, status, value}`, against the call it is for; keep its receipt. */
  async judge(asked, { ok, status, value }) {
    if (!ok) {
      const error = errorOf(status, value, asked.request.url);
      const receipt = await checkRefusal(asked, error, this.#trust);
      // Only what was checked and kept is told.
      if (receipt) Object.assign(error.facts, { receipt, kept: await this.#receipts?.keep(receipt) });
      error.isRefusal = true;
      throw error;
    }
    must(isObject(value), MALFORMED, "the answer is no JSON object");
    const opened = await checkAnswer(asked, value, this.#trust, this.#opener);
    const remains = [value.remaining?.calls, value.remaining?.rows].every(Number.isSafeInteger);
    must(remains, MALFORMED, "the answer does not say how many calls and rows remain");
    const kept = await this.#receipts?.keep(opened.receipt);
    return { ...opened, event: asked.request.event, remaining: value.remaining, kept, asked };
  }

  /** Check a receipt of earlier by the keys as of its leaf's time. */
  verify(receipt) {
    return verifyKept(receipt, this.#trust);
  }

  /** Fetch the newest receipt of the same leaf, checked. */
  async fetchReceipt(receipt) {
    const found = await this.#get(`/logs/${receipt.log.department}/events/${receipt.event}`);
    const newer = new Receipt(found.receipt);
    const same =
      newer.leafBytes.equals(receipt.leafBytes) &&
      newer.index === receipt.index &&
      newer.log.department === receipt.log.department &&
      newer.log.generation === receipt.log.generation;
    must(same, "receipt-invalid", "the log holds another leaf for the event than was answered");
    await this.verify(newer);
    return newer;
  }

  /**
   * The receipt with its *anchored* grade, if the chain has reached it, else as it is. The anchored tree is checked to
   * continue the receipt's own, so that a log that was forked since cannot pass, and to stand where our own node says,
   * as far as that tells.
   */
  async upgrade(receipt) {
    await this.verify(receipt); // it may have lain in a file for years
    const { anchored } = await this.fetchReceipt(receipt);
    if (!anchored) return receipt;
    const { department, generation } = receipt.log;
    let anchor;
    try {
      anchor = await this.#trust.anchor(department, generation, anchored.size);
    } catch (error) {
      if (isNotFound(error)) return receipt; // our own node has not seen the block yet
      throw error;
    }
    const sizes = `old=${receipt.size}&new=${anchored.size}`;
    const { proof } = await this.#get(`/logs/${department}:${generation}/consistency?${sizes}`);
    must(Array.isArray(proof), MALFORMED, "the node gives no consistency proof");
    proof.forEach((node) => unb64u(node, MALFORMED));
    const upgraded = receipt.withAnchor({ ...anchored, consistency: proof });
    verifyAnchored(upgraded, anchor.root);
    const differs = PLACE.find((name) => anchor[name] !== undefined && anchored[name] !== anchor[name]);
    if (differs) throw new LedgerError("receipt-invalid", `the chain has another ${differs} for that anchor`, { anchor: differs });
    await this.#receipts?.keep(upgraded);
    return upgraded;
  }

  /** The receipt once the chain holds it; throws `receipt-not-merged`, whose `receipt` is the evidence. */
  async waitAnchored(receipt, timeoutSeconds = MERGE_SECONDS) {
    const end = Date.now() + 1000 * timeoutSeconds;
    for (let seconds = 0.1; ; seconds = Math.min(2 * seconds, LONGEST_PAUSE_SECONDS)) {
      const upgraded = await this.upgrade(receipt);
      if (upgraded.anchored) return upgraded;
      if (Date.now() >= end) {
        const problem = `the log was not anchored within ${timeoutSeconds} s`;
        throw new LedgerError("receipt-not-merged", problem, { receipt });
      }
      await pause(1000 * seconds);
    }
  }

  /**
   * Upgrade whatever in the folder the chain has reached: `{upgraded, waiting, failed}`, two counts and a list of
   * `{path, error}`. Each log is asked once how far it is anchored; only receipts before that cost more questions.
   */
  async upgradeKept() {
    must(this.#receipts, "config-invalid", "this client has no folder of receipts");
    const [sizes, failed] = [new Map(), []];
    let [upgraded, waiting] = [0, 0];
    for await (const { path, receipt, error: unreadable } of this.#receipts.list()) {
      if (receipt?.anchored) continue;
      try {
        if (unreadable) throw unreadable;
        const { origin } = receipt.checkpoint;
        if (!sizes.has(origin)) {
          sizes.set(origin, await this.#trust.anchoredSize(receipt.log.department, receipt.log.generation));
        }
        const reached = receipt.index < sizes.get(origin) && (await this.upgrade(receipt)).anchored;
        if (reached) upgraded += 1;
        else waiting += 1;
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        failed.push({ path, error });
      }
    }
    return { upgraded, waiting, failed };
  }

  /** Let go of the connections. */
  close() {
    this.#http.close();
  }

  #sign(what, signed) {
    return signRequest({ ...what, authority: this.#authority }, this.#signer, signed);
  }

  async #get(path) {
    return this.#http.request(await this.#sign({ method: "GET", url: this.#base + path }), MALFORMED);
  }
}
