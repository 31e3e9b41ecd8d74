// Departments' logs and their anchors, and the rules of AccessAnchors (docs/evidence.md 3.4).
import { keccak256 } from "../bytes.js";
import { KIND, ROLE } from "./rules.js";

const NO_RELAY = "0".repeat(40);

export class Logs {
  logs = new Map();
  #present = new Map();
  #ledger;

  constructor(ledger) {
    this.#ledger = ledger;
  }

  apply({ name, args, block, time }) {
    const ledger = this.#ledger;
    if (name === "LogRegistered") {
      this.#accept(args);
      ledger.hold(!this.#present.has(args.department), "the department has a log already");
      this.#open(args, 1n);
    } else if (name === "LogSuperseded") {
      this.#accept(args);
      ledger.holdDigest(args.digest);
      const id = this.#present.get(args.department);
      ledger.hold(id !== undefined && id === args.old, "not the department's present log");
      const old = this.logs.get(id);
      old.superseded = true;
      ledger.hold(args.generation === old.generation + 1n, "the generation");
      this.#open(args, args.generation);
    } else if (name === "Anchored") {
      const log = this.#log(args.log);
      ledger.hold(!log.superseded && !log.frozen, "the log takes no anchors");
      ledger.hold(args.oldSize === log.size && log.size < args.size, "not an anchor after the last");
      log.size = args.size;
      const { size, root, checkpointHash } = args;
      log.anchors.push({ size, root: Buffer.from(root, "hex"), checkpointHash, block, time });
    } else {
      this.#freeze(args);
    }
  }

  #accept({ department, relay }) {
    this.#ledger.hold(relay !== NO_RELAY, "no relay");
    this.#ledger.accept({ department, roles: ROLE.head });
  }

  #log(id) {
    const found = this.logs.get(id);
    this.#ledger.hold(found, "the log is not registered");
    return found;
  }

  #open({ department, log: stated }, generation) {
    const { chainId, registry } = this.#ledger.trust;
    const code = Buffer.from(department, "hex").toString("latin1", 0, 18);
    const origin = `shareledger:${chainId}:${registry}:${code}${generation === 1n ? "" : `:${generation}`}`;
    const id = keccak256(Buffer.from(origin)).toString("hex");
    this.#ledger.hold(id === stated, "not the log's id");
    this.logs.set(id, { department, origin, generation, size: 0n, frozen: false, superseded: false, anchors: [] });
    this.#present.set(department, id);
  }

  #freeze(args) {
    const ledger = this.#ledger;
    const log = this.#log(args.log);
    ledger.hold(!log.frozen && args.firstRoot !== args.secondRoot, "frozen already, or no split is shown");
    for (const which of ["first", "second"]) {
      const key = ledger.keys.get(args[`${which}Key`]);
      const ours = key?.kind === KIND.department && key.holder === log.department;
      ledger.hold(ours, "not a key of the log's department");
      const root = Buffer.from(args[`${which}Root`], "hex").toString("base64");
      const text = `${log.origin}\n${args.size}\n${root}\n`;
      ledger.hold(ledger.verify(key.raw, text, args[`${which}R`], args[`${which}S`]), "a root is not signed");
    }
    log.frozen = true;
  }
}
