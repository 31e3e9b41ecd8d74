// Files of a folder, one after another, in slices that leave the page its time: read, told apart, held against what the
// node says. What was found stays here; it is drawn by tabulating.js.
import { checkKept, KeptCalls, LARGEST_KEPT, logOf, readKept } from "../../../../../clients/javascript/src/kept.js";
import { parseOrigin } from "../../../../../clients/javascript/src/checkpoint.js";
import { LedgerError } from "../../../../../clients/javascript/src/errors.js";
import { Facts } from "./facts.js";

/** Files that are asked for together, and those that are read at once: the browser stands still for each one's size. */
const [LOT, READ] = [64, 8];
const SLICE_MILLISECONDS = 12;
export const MOST_FILES = 50_000;
/** What is wrong with a receipt, and not with the way to the node. */
const FAULTS = new Set(["malformed-receipt", "malformed-checkpoint", "malformed-key", "receipt-invalid", "inclusion-invalid", "checkpoint-invalid", "consistency-invalid"]);

export class Review {
  #queue = [];
  #lot = [];
  #only;
  done = 0;
  /** Authorisation → what is kept of it: the department's own, those of the page first. */
  calls = new Map();
  /** `{file, number, code}`: what does not hold; the number where the leaf can be read. */
  failing = [];
  /** `{file, code}`: what could not be judged, or whose anchor could not. */
  unsure = [];
  /** `{file, why}`: no receipts. */
  others = [];
  /** `{file, number}`: of authorisations that are not the department's. */
  strangers = [];
  /** Receipts of authorisations that this page is not about; calls that no receipt has come for. */
  elsewhere = 0;
  waiting = 0;

  /** `shown` are the authorisations of the page; with `only` it is about that one. */
  constructor({ department, shown, only }) {
    this.facts = new Facts(department);
    this.shown = shown;
    this.#only = only;
  }

  get total() {
    return this.done + this.#lot.length + this.#queue.length;
  }

  get left() {
    return this.total - this.done;
  }

  add(files) {
    // By their names the oldest call comes first, wherever it lies.
    this.#queue = this.#queue.concat([...files].sort((one, other) => (one.name < other.name ? -1 : 1)));
  }

  /** Go through what is left, until `stopped()`; `told()` is called whenever the page had its time. Throws what the node says. */
  async run(told, stopped) {
    this.facts.refresh();
    let since = performance.now();
    const breathe = async () => {
      if (performance.now() - since < SLICE_MILLISECONDS) return;
      told();
      await turn();
      since = performance.now();
    };
    await this.facts.learn([...this.shown, ...this.calls.keys()], []);
    while (this.left > 0 && !stopped()) {
      // What is left of a lot that was stopped comes first: each file counts once.
      while (this.#lot.length < LOT && this.#queue.length > 0 && !stopped()) {
        this.#lot.push(...(await Promise.all(this.#queue.splice(0, READ).map(readFile))));
        await breathe();
      }
      const own = this.#lot.map(({ receipt }) => receipt).filter((receipt) => receipt !== undefined);
      await this.facts.learn(own.map(({ leaf }) => leaf.authorisation), own.filter(({ anchored }) => anchored).flatMap(anchorOf));
      while (this.#lot.length > 0 && !stopped()) {
        await this.#judge(this.#lot[0]);
        this.#lot.shift();
        this.done += 1;
        await breathe();
      }
    }
    const logs = new Set([...this.calls.values()].flatMap((calls) => [...calls.waitingLogs]));
    for (const origin of logs) await this.facts.learnSize(parseOrigin(origin));
  }

  async #judge({ file, receipt, waiting, code, why }) {
    if (why) this.others.push({ file, why });
    else if (code) this.failing.push({ file, code });
    else if (waiting) this.waiting += 1;
    else await this.#hold(file, receipt);
  }

  async #hold(file, receipt) {
    const number = receipt.leaf.authorisation;
    const grant = this.facts.grant(number);
    if (!grant) {
      this.strangers.push({ file, number });
      return;
    }
    if (this.#only !== undefined && number !== this.#only) {
      this.elsewhere += 1;
      return;
    }
    try {
      const grade = await checkKept(receipt, this.facts, grant);
      if (!this.calls.has(number)) this.calls.set(number, new KeptCalls());
      this.calls.get(number).add(receipt, file, grade);
      if (grade === "unconfirmed") this.unsure.push({ file, code: "anchor-unknown" });
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      if (error.code === "ledger-behind") this.unsure.push({ file, code: error.code });
      else if (FAULTS.has(error.code)) this.failing.push({ file, number, code: error.code });
      else throw error; // the node's: nothing is said of the file
    }
  }
}

/** A file's name within what was chosen, and what is in it. */
async function readFile(chosen) {
  const file = chosen.webkitRelativePath || chosen.name;
  if (chosen.size > LARGEST_KEPT) return { file, why: "large" };
  let bytes;
  try {
    bytes = new Uint8Array(await chosen.arrayBuffer());
  } catch {
    return { file, why: "unreadable" }; // gone since it was chosen, or nobody's to read
  }
  try {
    const read = readKept(chosen.name, bytes);
    return read.receipt || read.waiting ? { file, ...read } : { file, why: "other" };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { file, code: error.code };
  }
}

function anchorOf(receipt) {
  try {
    return [{ log: logOf(receipt), size: receipt.anchored.size }];
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return []; // said of its file when it is judged
  }
}

/** Let the page do what waits; a timer of a page in the background would come once a second. */
function turn() {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(undefined);
  });
}
