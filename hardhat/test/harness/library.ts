// The libraries' internal functions, made callable: a contract compiled here, with the settings of the build.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Abi, Hex } from "viem";

const solc = createRequire(import.meta.url)("solc");

const SOURCE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
import {Hex} from "./libraries/Hex.sol";
import {SM2} from "./libraries/SM2.sol";
import {SM3} from "./libraries/SM3.sol";
contract Library {
    function sm3(bytes calldata data) external pure returns (bytes32) { return SM3.hash(data); }
    function sm2(bytes32 e, uint256 r, uint256 s, uint256 qx, uint256 qy) external view returns (bool) {
        return SM2.verify(e, r, s, qx, qy);
    }
    function hexOf(bytes32 word) external pure returns (string memory) { return string(Hex.encode(word)); }
    function hexOfAddress(address account) external pure returns (string memory) { return string(Hex.encode(account)); }
}`;

/** ABI and creation code of the contract. */
export function compileLibrary(): { abi: Abi; bytecode: Hex } {
  const sources: Record<string, { content: string }> = { "Library.sol": { content: SOURCE } };
  for (const name of ["Hex", "SM2", "SM3"]) {
    const path = new URL(`../../contracts/libraries/${name}.sol`, import.meta.url);
    sources[`libraries/${name}.sol`] = { content: readFileSync(path, "utf8") };
  }
  const settings = {
    viaIR: true,
    optimizer: { enabled: true, runs: 200 },
    evmVersion: "cancun",
    outputSelection: { "*": { Library: ["abi", "evm.bytecode.object"] } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
  if (output.errors !== undefined) throw new Error(output.errors[0].formattedMessage);
  const { abi, evm } = output.contracts["Library.sol"].Library;
  return { abi, bytecode: `0x${evm.bytecode.object}` };
}
