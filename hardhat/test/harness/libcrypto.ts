// Keys and signatures made by libcrypto at test time, through the project's own door to it (node/crypto).
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Hex } from "viem";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const SCRIPT = `
import json, secrets, sys
from node.crypto import SoftwareSigner, backend_version
assert "OpenSSL" in backend_version() or "libcrypto" in backend_version(), backend_version()
made = []
for _ in range(int(sys.argv[1])):
    signer = SoftwareSigner.generate()
    public = signer.public_key
    message = secrets.token_bytes(secrets.randbelow(200))
    signature = signer.sign_e(public.message_hash(message))
    made.append({"x": hex(public.x), "y": hex(public.y), "za": "0x" + public.za.hex(),
                 "message": "0x" + message.hex(), "r": "0x" + signature[:32].hex(), "s": "0x" + signature[32:].hex()})
json.dump(made, sys.stdout)
`;

/** One signature with all that is needed to check it. */
export interface Signed {
  readonly x: Hex;
  readonly y: Hex;
  readonly za: Hex;
  readonly message: Hex;
  readonly r: Hex;
  readonly s: Hex;
}

/** Random signatures, each of a new key over a new message of 0 to 199 bytes. */
export function signedByLibcrypto(count: number): Signed[] {
  const options = { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 } as const;
  return JSON.parse(execFileSync(`${ROOT}.venv/bin/python`, ["-c", SCRIPT, String(count)], options));
}
