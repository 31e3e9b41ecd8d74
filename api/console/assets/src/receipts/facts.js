// What kept receipts are held against, as this page's node tells it: authorisations that are the department's own, keys
// of logs as of a second, roots that the chain holds. Asked for many at a time; no receipt is part of a question.
import { LedgerError, must } from "../../../../../clients/javascript/src/errors.js";
import { unhex } from "../../../../../clients/javascript/src/bytes.js";
import { KeptKeys } from "../../../../../clients/javascript/src/keptkeys.js";
import { AskedTrust } from "../../../../../clients/javascript/src/trust.js";
import { read } from "../office/server.js";

const MOST = 200; // numbers in one question, as the node takes them

export class Facts {
  #department;
  #trust = new AskedTrust(read, location.origin);
  #keys = new KeptKeys(this.#trust);
  #grants = new Map();
  #roots = new Map();
  #sizes = new Map();

  constructor(department) {
    this.#department = department;
  }

  /** Learn of authorisations, by number, and of the anchors that receipts name. */
  async learn(numbers, anchored) {
    const query = (lot) => `/desk/receipts/authorisations?department=${this.#department}&numbers=${lot.join(",")}`;
    for (const lot of lotsOf(numbers, (number) => this.#grants.has(number))) {
      const found = new Map((await read(query(lot))).map((each) => [each.number, each]));
      for (const number of lot) this.#grants.set(number, found.get(number));
    }
    const logs = new Map();
    for (const { log, size } of anchored) logs.set(nameOf(log), [...(logs.get(nameOf(log)) ?? []), { log, size }]);
    for (const [name, named] of logs) {
      const { department, generation } = named[0].log;
      for (const lot of lotsOf(named.map(({ size }) => size), (size) => this.#roots.has(`${name}@${size}`))) {
        const found = await read(`/desk/receipts/anchors?department=${department}&generation=${generation}&sizes=${lot.join(",")}`);
        for (const { size, root } of found) this.#roots.set(`${name}@${size}`, unhex(root));
      }
    }
  }

  /** An authorisation as the node told it; undefined where it is not the department's. */
  grant(number) {
    return this.#grants.get(number);
  }

  /** As a client's trust does, of what was learnt. */
  logKeys(department, when) {
    return this.#keys.logKeys(department, when);
  }

  anchoredRoot(department, generation, size) {
    const root = this.#roots.get(`${nameOf({ department, generation })}@${size}`);
    must(root, "not-found", `no anchor of ${department} has size ${size}`);
    return root;
  }

  /** How far a log is anchored by now, of those that were asked for: 0 where nobody knows the log. */
  sizeOf(log) {
    return this.#sizes.get(nameOf(log)) ?? 0;
  }

  async learnSize({ department, generation }) {
    try {
      this.#sizes.set(nameOf({ department, generation }), await this.#trust.anchoredSize(department, generation));
    } catch (error) {
      if (!(error instanceof LedgerError && ["not-found", "ledger-behind"].includes(error.code))) throw error;
    }
  }

  /** What was no answer is asked for anew; so is how many calls there were. */
  refresh() {
    this.#keys = new KeptKeys(this.#trust);
    this.#grants.clear();
  }
}

const nameOf = ({ department, generation }) => `${department}:${generation}`;

/** What is not known yet, each once, in lots of one question. */
function lotsOf(numbers, isKnown) {
  const wanted = [...new Set(numbers)].filter((number) => !isKnown(number));
  return Array.from({ length: Math.ceil(wanted.length / MOST) }, (_, lot) => wanted.slice(lot * MOST, (lot + 1) * MOST));
}
