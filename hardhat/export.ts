// Copies what Python and the contract tests need from the build: ABIs, enumerations and the step table with the rulings
// to node/protocol/abi, creation artifacts to node/chain/artifacts. enums.py makes Python's enumerations of them then.
//
// All contracts come from one compiler run over all sources, and that run's standard-JSON input is committed beside
// them, so that anybody can compile the same bytes again. A compiler warning is an error here.
import hre, { network } from "hardhat";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

const CONTRACTS = ["Sm2Verifier", "DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors"];
const LARGEST_CODE = 24_576; // bytes, EIP-170

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..");

function readJson(path: string): any {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Leave a file that says the same alone: `make test` compares while its tests read them. */
function writeJson(path: string, value: unknown): void {
  const text = JSON.stringify(value, null, 1) + "\n";
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

function artifactOf(contract: string): any {
  return readJson(join(here, "artifacts/contracts", `${contract}.sol`, `${contract}.json`));
}

/** Id of the compiler run that made all contracts from all sources, if there was one. */
function findWholeBuild(): string | undefined {
  const ids = new Set(CONTRACTS.map((contract) => artifactOf(contract).buildInfoId));
  if (ids.size !== 1) return undefined;
  const [id] = ids;
  const compiled = readJson(join(here, "artifacts/build-info", `${id}.json`)).input.sources;
  const files = readdirSync(join(here, "contracts"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".sol"));
  return sources.every((file) => `project/contracts/${file}` in compiled) ? id : undefined;
}

/** The constants of every library in types/Enumerations.sol, as the compiler has read them. */
function enumerations(output: any): Record<string, Record<string, number>> {
  const { nodes } = output.sources["project/contracts/types/Enumerations.sol"].ast;
  const libraries = nodes.filter((one: any) => one.nodeType === "ContractDefinition");
  return Object.fromEntries(
    libraries.map((library: any) => [
      library.name,
      Object.fromEntries(library.nodes.map((constant: any) => [constant.name, numberOf(constant)])),
    ]),
  );
}

function numberOf(constant: any): number {
  const value = Number(constant.value?.value);
  if (!Number.isSafeInteger(value)) throw new Error(`${constant.name} is not written as a number`);
  return value;
}

/** What a pure function of ShareAuthorisations answers for every number, where it is not all zeros. */
async function rowsOf(name: string, numbers: readonly number[]): Promise<[number, any][]> {
  const { abi, deployedBytecode } = artifactOf("ShareAuthorisations");
  const { provider } = await network.create();
  const to = "0x00000000000000000000000000000000000000aa";
  await provider.request({ method: "hardhat_setCode", params: [to, deployedBytecode] });
  const rows: [number, any][] = [];
  for (const number of numbers) {
    const data = encodeFunctionData({ abi, functionName: name, args: [number] });
    const answer = (await provider.request({ method: "eth_call", params: [{ to, data }, "latest"] })) as Hex;
    if (BigInt(answer) !== 0n) rows.push([number, decodeFunctionResult({ abi, functionName: name, data: answer })]);
  }
  await provider.close?.();
  return rows;
}

await hre.tasks.getTask("build").run({});
if (findWholeBuild() === undefined) await hre.tasks.getTask("build").run({ force: true });
const id = findWholeBuild();
if (id === undefined) throw new Error("the contracts did not come from one compiler run");

const { output } = readJson(join(here, "artifacts/build-info", `${id}.output.json`));
const warnings = output.errors ?? [];
if (warnings.length > 0) throw new Error(warnings.map((one: any) => one.formattedMessage).join("\n"));

for (const contract of CONTRACTS) {
  const artifact = artifactOf(contract);
  const size = artifact.deployedBytecode.length / 2 - 1;
  if (size > LARGEST_CODE) throw new Error(`${contract} has ${size} bytes of code, more than ${LARGEST_CODE}`);
  writeJson(join(root, "node/protocol/abi", `${contract}.json`), { contractName: contract, abi: artifact.abi });
  writeJson(join(root, "node/chain/artifacts", `${contract}.json`), {
    contractName: contract,
    sourceName: artifact.inputSourceName,
    bytecode: artifact.bytecode,
    deployedBytecode: artifact.deployedBytecode,
    immutableReferences: artifact.immutableReferences ?? {},
  });
  console.log(`${contract}: ${size} bytes`);
}

const bytes = Array.from({ length: 256 }, (_, number) => number);
writeJson(join(root, "node/protocol/abi/enumerations.json"), {
  ...enumerations(output),
  steps: (await rowsOf("ruleOf", bytes)).map(([step, rule]) => ({ step, ...rule })),
  rulings: (await rowsOf("rulingsOf", bytes)).map(([state, outcomes]) => ({ state, outcomes })),
});

const input = readJson(join(here, "artifacts/build-info", `${id}.json`)).input;
// What is asked for does not change what is compiled; ask for what is compared.
input.settings.outputSelection = {
  "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences"] },
};
writeJson(join(root, "node/chain/artifacts/standard-input.json"), input);
