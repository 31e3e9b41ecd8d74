// What a client believes about a provider, and where it has that from: its own node, which has checked every decision
// on the chain, never the provider. What the node says is kept for a minute.
import { signRequest } from "./call.js";
import { unhex } from "./bytes.js";
import { LedgerError, must } from "./errors.js";
import { checkPublic } from "./sm2.js";

const FRESH_MILLISECONDS = 60_000;
/** Answers; receipts of many seconds ask as many questions. */
const MOST_KEPT = 1024;

export class AskedTrust {
  #ask;
  #base;
  #clock;
  #kept = new Map();

  /** Ask the node at `url` by `ask(address)`, which resolves to the JSON there. */
  constructor(ask, url, clock = Date.now) {
    [this.#ask, this.#base, this.#clock] = [ask, `${url.replace(/\/+$/, "")}/api/v1`, clock];
  }

  /** A department's present log, or that of a generation, and the keys in force now; with `at` (seconds), then or since. */
  async logKeys(department, { generation, at } = {}) {
    const found = await this.#get(`/departments/${department}/log`, { generation, at });
    return described(`the node describes no log of ${department}`, () => ({
      origin: text(found.origin),
      pairs: found.keys.map(({ sm2, ed25519 }) => {
        const raw = unhex(sm2, "malformed-request", 64);
        checkPublic(raw);
        return { sm2: raw, ed25519: unhex(ed25519) };
      }),
    }));
  }

  /** How far a log is anchored, asked anew. */
  async anchoredSize(department, generation) {
    const found = await this.#ask(`${this.#base}/departments/${department}/log?generation=${generation}`);
    return described(`the node describes no log of ${department}`, () => whole(found.size));
  }

  /** `{provider, entry, version, itemCodes}` of an authorisation. */
  async grant(authorisation) {
    const found = await this.#get(`/authorisations/${authorisation}`);
    return described(`the node describes no authorisation ${authorisation}`, () => ({
      provider: text(found.provider),
      entry: unhex(found.entry).toString("hex"),
      version: whole(found.version),
      itemCodes: found.itemCodes.map(text),
    }));
  }

  /** What the chain holds of a log at `size`: its root, and where it stands as far as that is told; throws `not-found`. */
  async anchor(department, generation, size) {
    const found = await this.#get(`/departments/${department}/log/anchors/${size}`, { generation });
    must(found.size === size, "not-found", `no anchor of ${department} has size ${size}`);
    return { ...found, root: unhex(found.root) };
  }

  async #get(path, query = {}) {
    const asked = Object.entries(query).filter(([, value]) => value !== undefined);
    const url = this.#base + path + (asked.length > 0 ? `?${asked.map((pair) => pair.join("=")).join("&")}` : "");
    const kept = this.#kept.get(url);
    if (kept && this.#clock() - kept.at < FRESH_MILLISECONDS) return kept.found;
    const found = await this.#ask(url);
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(url, { at: this.#clock(), found });
    return found;
  }
}

export class NodeTrust extends AskedTrust {
  /** Ask the node at `url`, signed as the caller. */
  constructor(http, signer, url, clock = Date.now) {
    super(async (address) => http.request(await signRequest({ method: "GET", url: address }, signer), "malformed-request"), url, clock);
  }
}

function described(otherwise, read) {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LedgerError || error instanceof TypeError)) throw error;
    throw new LedgerError("malformed-request", otherwise, {}, { cause: error });
  }
}

function text(value) {
  must(typeof value === "string", "malformed-request", "not a text");
  return value;
}

function whole(value) {
  must(Number.isSafeInteger(value) && value >= 0, "malformed-request", "not a whole number");
  return value;
}
