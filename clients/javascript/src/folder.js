// A folder of receipts, one file each, readable by its owner alone. A receipt is on the disk, its name too, before
// `keep` returns: a crash before that leaves nothing but a temporary file.
//
// A file is called `<event>-<first 16 digits of the leaf's hash>.json`: a provider that gives two leaves for one event
// cannot have the one overwrite the other. It holds the receipt's canonical JSON (docs/protocol.md 6.4).
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";

import { LedgerError, must } from "./errors.js";
import { leafHash } from "./merkle.js";
import { Receipt } from "./receipt.js";

const CODE = "config-invalid";
const NAME = /^[0-9a-f]{64}-[0-9a-f]{16}\.json$/;
const LARGEST_FILE = 65_536;

export class ReceiptFolder {
  constructor(path) {
    this.path = path;
  }

  fileOf(receipt) {
    return join(this.path, `${receipt.event}-${leafHash(receipt.leafBytes).toString("hex").slice(0, 16)}.json`);
  }

  /** Keep a receipt; return its file. One that is there already is replaced only by the same with its anchor. */
  async keep(receipt) {
    const path = this.fileOf(receipt);
    return this.#guarded(async () => {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      const kept = await this.#find(path);
      if (kept && (kept.anchored || !receipt.anchored)) return path;
      const temporary = join(this.path, `.${randomBytes(8).toString("hex")}.new`);
      try {
        await writeDurably(temporary, receipt.bytes);
        await rename(temporary, path);
      } catch (error) {
        await unlink(temporary).catch(() => undefined); // the first error is the one to tell
        throw error;
      }
      await syncFolder(this.path);
      return path;
    });
  }

  /** The receipts that are kept, one after another: `{path, receipt}`, or `{path, error}` for a file that is none. */
  async *list() {
    const names = await this.#guarded(async () => {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      return (await readdir(this.path)).filter((name) => NAME.test(name)).sort();
    });
    for (const name of names) {
      const path = join(this.path, name);
      try {
        const receipt = await this.#guarded(() => this.#find(path));
        if (receipt) yield { path, receipt };
      } catch (error) {
        yield { path, error };
      }
    }
  }

  async #find(path) {
    let file;
    try {
      file = await open(path, "r");
    } catch (error) {
      if (error.code === "ENOENT") return undefined;
      throw error;
    }
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(LARGEST_FILE + 1), 0, LARGEST_FILE + 1, 0);
      must(bytesRead <= LARGEST_FILE, "malformed-receipt", `${path} is too large for a receipt`);
      return Receipt.parse(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  }

  async #guarded(act) {
    try {
      return await act();
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      throw new LedgerError(CODE, `cannot keep receipts in ${this.path}: ${error.code}`, {}, { cause: error });
    }
  }
}

async function writeDurably(path, bytes) {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Make a new name durable, too. */
async function syncFolder(path) {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
