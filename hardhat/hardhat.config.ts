// How the contracts are compiled and tested: pinned compiler from npm, nothing is ever downloaded.
import nodeTest from "@nomicfoundation/hardhat-node-test-runner";
import { defineConfig } from "hardhat/config";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sources = new URL("./contracts", import.meta.url);
if (!statSync(sources, { throwIfNoEntry: false })?.isDirectory()) {
  throw new Error("hardhat/contracts is not a folder: check out with `git config core.symlinks true` (it links to ../contracts)");
}

export default defineConfig({
  plugins: [nodeTest],
  solidity: {
    version: "0.8.37",
    // A text file given as `path` is loaded as the solcjs module it is.
    path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
    settings: {
      viaIR: true,
      optimizer: { enabled: true, runs: 200 },
      evmVersion: "cancun",
    },
  },
  // For export.ts, which calls two pure functions; tests have a chain of their own (test/harness/anvil.ts).
  networks: { default: { type: "edr-simulated", chainType: "l1", hardfork: "cancun" } },
});
