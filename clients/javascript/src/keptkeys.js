// The keys of logs for thousands of kept receipts, each as of its own second, by a few questions. Which keys count "at a
// second or since" only grows fewer with the second (docs/protocol.md 6.4): two seconds with the same keys have them
// throughout between them, and where they differ, halving finds the second of the change.
import { LedgerError } from "./errors.js";

const nowSeconds = (clock) => Math.floor(clock() / 1000);

export class KeptKeys {
  #trust;
  #clock;
  #logs = new Map();

  /** Ask `trust` (trust.js); one second of one log is asked for once. */
  constructor(trust, clock = Date.now) {
    [this.#trust, this.#clock] = [trust, clock];
  }

  /** As `trust.logKeys` for a generation and a second. */
  async logKeys(department, { generation, at }) {
    const log = `${department}:${generation}`;
    if (!this.#logs.has(log)) this.#logs.set(log, []);
    const points = this.#logs.get(log);
    for (;;) {
      const behind = points.findIndex((point) => point.at >= at);
      const [before, after] = behind < 0 ? [points.at(-1)] : [points[behind - 1], points[behind]];
      if (after?.at === at || (before && after && before.keys === after.keys)) return told(after);
      if (before?.error) return told(before); // fewer than none there are not
      // The first receipt by its own second; from there to now; then the half in which it lies.
      const asked = !before ? at : !after ? Math.max(at, nowSeconds(this.#clock)) : before.at + Math.ceil((after.at - before.at) / 2);
      const point = await this.#ask(department, generation, asked);
      points.push(point);
      points.sort((one, other) => one.at - other.at);
    }
  }

  async #ask(department, generation, at) {
    try {
      const known = await this.#trust.logKeys(department, { generation, at });
      const keys = known.pairs.map(({ sm2, ed25519 }) => Buffer.concat([sm2, ed25519]).toString("hex")).sort().join();
      return { at, known, keys };
    } catch (error) {
      // A node says of a log without any key that it waits for one.
      if (!(error instanceof LedgerError && error.code === "ledger-behind")) throw error;
      return { at, error };
    }
  }
}

function told({ known, error }) {
  if (error) throw error;
  return known;
}
