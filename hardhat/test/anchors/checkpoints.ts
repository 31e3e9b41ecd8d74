// Signed checkpoints as docs/protocol.md 6.3 has them, in the form in which a split is shown.
import type { Hex } from "viem";
import type { Fields } from "../harness/chain.ts";
import { sign, type Sm2Key } from "../harness/sm2.ts";

/** The note text: origin, size, root, each ended by LF. */
export function noteOf(origin: string, size: bigint, root: Hex): Buffer {
  return Buffer.from(`${origin}\n${size}\n${Buffer.from(root.slice(2), "hex").toString("base64")}\n`, "ascii");
}

/** A root with a department key's signature over its checkpoint. */
export function checkpoint(key: Sm2Key, origin: string, size: bigint, root: Hex): Fields {
  return { root, key: key.id, ...sign(key, noteOf(origin, size, root)) };
}
