// A simulated chain, contracts on it, decisions sent to them, and what comes back: events or typed errors.
//
// Every transaction is mined in a block of its own, one second after the last, from a fixed date: the same test gives
// the same bytes and the same gas every time.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  hashTypedData,
  isHex,
  numberToHex,
  type Abi,
  type AbiFunction,
  type AbiParameter,
  type Hex,
} from "viem";
import { RpcError, startAnvil, type Provider } from "./anvil.ts";
import { sign, type Sm2Key, type Sm2Signature } from "./sm2.ts";

/** First second of every test. */
export const START = 1_790_000_000n;
export const DAY = 86_400n;
export const ZERO = `0x${"0".repeat(64)}` as Hex;

export type Fields = Record<string, any>;

/** One decoded event. */
export interface Event {
  readonly name: string;
  readonly args: Fields;
}

/** What a mined transaction did. */
export interface Mined {
  /** Name of the contract it was sent to. */
  readonly contract: string;
  /** Arguments it was sent with. */
  readonly args: readonly unknown[];
  readonly gas: number;
  readonly events: Event[];
}

/** A contract refused; `errorName` and `args` are those of its Solidity error. */
export class Refused extends Error {
  /** Name of the contract that was called. */
  readonly contract: string;
  readonly errorName: string;
  readonly args: readonly unknown[];

  constructor(contract: string, name: string, args: readonly unknown[]) {
    super(`${contract}: ${name}(${args.join(", ")})`);
    this.contract = contract;
    this.errorName = name;
    this.args = args;
  }
}

/** A deployed contract. */
export interface Deployed {
  readonly name: string;
  readonly address: Hex;
  readonly abi: Abi;
}

interface Artifact {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

/** The build's artifact of a contract, or of an interface in `folder`. */
export function artifactOf(name: string, folder = ""): Artifact {
  const path = new URL(`../../artifacts/contracts/${folder}${name}.sol/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as Artifact;
}

const exercised = new Set<string>();

function note(contract: string, type: string, name: string): void {
  exercised.add(`${contract} ${type} ${name}`);
}

/**
 * Whether a test has called this function, or expected this event or error with all its values, on a contract of this
 * name; see completeness.ts.
 */
export function isExercised(contract: string, type: string, name: string): boolean {
  return exercised.has(`${contract} ${type} ${name}`);
}

/** All errors of all contracts: one contract's may pass through another. */
const ERRORS: Abi = ["DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors"].flatMap(
  (name) => artifactOf(name).abi.filter((item) => item.type === "error"),
);

/** EIP-712 types of a decision, read from the function that takes it. */
export function typesOf(abi: Abi, functionName: string): { primaryType: string; types: Fields } {
  const item = abi.find((one) => one.type === "function" && one.name === functionName) as AbiFunction;
  const types: Fields = {};
  const nameOf = (parameter: AbiParameter): string => {
    const internal = parameter.internalType ?? "";
    if (!internal.startsWith("struct ")) return parameter.type;
    const [name] = internal.slice("struct ".length).split("[");
    const fields = (parameter as { components: readonly AbiParameter[] }).components;
    types[name as string] = fields.map((field) => ({ name: field.name, type: nameOf(field) }));
    return parameter.type.replace("tuple", name as string);
  };
  return { primaryType: nameOf(item.inputs[0] as AbiParameter), types };
}

/** The 85 bytes an official signs. */
export function textOf(decisionHash: Hex): Uint8Array {
  return Buffer.from(`ShareLedger-decision:${decisionHash.slice(2)}`, "ascii");
}

/** The proof of possession among a decision's arguments, as its event tells it. */
export function possessionOf(args: readonly unknown[]): Fields {
  const { r, s } = args[2] as Sm2Signature;
  return { possessionR: r, possessionS: s };
}

/** Where and how a decision differs from what is right; for the tests of refusals. */
export interface Twist {
  /** Chain the signer thinks it is on. */
  readonly chainId?: number;
  /** Contract the signer thinks it decides in. */
  readonly verifyingContract?: Hex;
  /** Key id to name instead of the signer's. */
  readonly key?: Hex;
  /** Signature to send instead. */
  readonly signature?: Sm2Signature;
  /** Key whose signature is sent as proof of possession. */
  readonly possession?: Sm2Key;
}

/** One simulated chain. */
export class Chain {
  readonly chainId: number;
  readonly account: Hex;
  readonly other: Hex;
  now = START;
  #provider: Provider;
  #nonce = 1n;
  /** The time that the next block was told. */
  #next: bigint | undefined;

  private constructor(provider: Provider, chainId: number, accounts: Hex[]) {
    this.#provider = provider;
    this.chainId = chainId;
    [this.account, this.other] = accounts as [Hex, Hex];
  }

  static async start(): Promise<Chain> {
    const provider = await startAnvil(START - 1000n);
    const accounts = (await provider.request({ method: "eth_accounts" })) as Hex[];
    return new Chain(provider, Number(await provider.request({ method: "eth_chainId" })), accounts);
  }

  request(method: string, params: unknown[] = []): Promise<any> {
    return this.#provider.request({ method, params });
  }

  /** Keep the state; the returned function goes back to it. */
  async snapshot(): Promise<() => Promise<void>> {
    const [now, nonce] = [this.now, this.#nonce];
    let id = await this.request("evm_snapshot");
    return async () => {
      await this.request("evm_revert", [id]);
      id = await this.request("evm_snapshot");
      [this.now, this.#nonce, this.#next] = [now, nonce, undefined];
    };
  }

  async deploy(name: string, args: readonly unknown[] = [], artifact = artifactOf(name)): Promise<Deployed> {
    const { abi, bytecode } = artifact;
    const receipt = await this.#mine(name, { data: encodeDeployData({ abi, bytecode, args }) });
    return { name, address: receipt.contractAddress, abi };
  }

  /** Call a function in a transaction. */
  async send(target: Deployed, functionName: string, args: readonly unknown[], from = this.account): Promise<Mined> {
    const data = encodeFunctionData({ abi: target.abi, functionName, args });
    note(target.name, "function", functionName);
    const receipt = await this.#mine(target.name, { to: target.address, data }, from);
    const events = receipt.logs.map((log: any) => {
      assert.equal(log.address, target.address.toLowerCase());
      const decoded = decodeEventLog({ abi: target.abi, topics: log.topics, data: log.data });
      return { name: decoded.eventName, args: decoded.args };
    });
    return { contract: target.name, args, gas: Number(receipt.gasUsed), events };
  }

  /** Call a function without a transaction, at the next block's time. */
  async read(target: Deployed, functionName: string, args: readonly unknown[] = []): Promise<any> {
    const data = encodeFunctionData({ abi: target.abi, functionName, args });
    const call = { from: this.account, to: target.address, data };
    note(target.name, "function", functionName);
    await this.#setNext(this.now + 1n);
    const result = await this.request("eth_call", [call, "pending"]).catch(rethrowOf(target.name));
    return decodeFunctionResult({ abi: target.abi, functionName, data: result });
  }

  /** Root hash of all that a contract keeps, after a block. */
  async storageOf(address: Hex, block?: number): Promise<Hex> {
    const tag = block === undefined ? "latest" : numberToHex(block);
    return (await this.request("eth_getProof", [address, [], tag])).storageHash;
  }

  /** Gas of a call without what any transaction costs. */
  async gasOf(target: Deployed, functionName: string, args: readonly unknown[]): Promise<number> {
    const data = encodeFunctionData({ abi: target.abi, functionName, args });
    return Number(await this.request("eth_estimateGas", [{ from: this.account, to: target.address, data }]));
  }

  /** Arguments of a signed decision: the struct with nonce and notAfter, the signature, the proof of possession. */
  sign(target: Deployed, functionName: string, message: Fields, signer: Sm2Key, twist: Twist = {}): unknown[] {
    const decision: Fields = { nonce: this.#nonce++, notAfter: this.now + DAY, ...message };
    const hash = this.hash(target, functionName, decision, twist);
    const { r, s } = twist.signature ?? sign(signer, textOf(hash));
    const args: unknown[] = [decision, { key: twist.key ?? signer.id, r, s }];
    if (twist.possession !== undefined) args.push(sign(twist.possession, textOf(hash)));
    return args;
  }

  /** EIP-712 hash of a decision, by viem. */
  hash(target: Deployed, functionName: string, decision: Fields, twist: Twist = {}): Hex {
    const { primaryType, types } = typesOf(target.abi, functionName);
    const domain = {
      name: "ShareLedger",
      version: "1",
      chainId: twist.chainId ?? this.chainId,
      verifyingContract: twist.verifyingContract ?? target.address,
    };
    return hashTypedData({ domain, types, primaryType, message: decision } as any);
  }

  /** Sign and send a decision. */
  async decide(
    target: Deployed,
    functionName: string,
    message: Fields,
    signer: Sm2Key,
    twist: Twist = {},
  ): Promise<Mined> {
    return this.send(target, functionName, this.sign(target, functionName, message, signer, twist));
  }

  /** Say the next block's time, if that was not said. */
  async #setNext(time: bigint): Promise<void> {
    if (this.#next !== time) await this.request("evm_setNextBlockTimestamp", [Number(time)]);
    this.#next = time;
  }

  async #mine(contract: string, transaction: Fields, from = this.account): Promise<any> {
    this.now += 1n;
    await this.#setNext(this.now);
    this.#next = undefined;
    const fields = { from, gas: "0x5f5e100", gasPrice: "0x0", ...transaction };
    const hash = await this.request("eth_sendTransaction", [fields]);
    await this.request("evm_mine");
    const receipt = await this.request("eth_getTransactionReceipt", [hash]);
    if (receipt.status === "0x1") return receipt;
    if (transaction.to !== undefined) await this.#assertUntouched(transaction.to);
    const { error, output } = await this.request("debug_traceTransaction", [hash, { tracer: "callTracer" }]);
    return rethrowOf(contract)(new RpcError({ message: error, data: output }));
  }

  /** A refused transaction is mined, too: the last block must have left everything the contract keeps as it was. */
  async #assertUntouched(address: Hex): Promise<void> {
    const last = Number(await this.request("eth_blockNumber"));
    assert.equal(await this.storageOf(address, last), await this.storageOf(address, last - 1), "half written");
  }
}

/** Turn the provider's error into that of the contract called. */
function rethrowOf(contract: string): (error: any) => never {
  return (error) => {
    let data: unknown = error;
    while (typeof data === "object" && data !== null) data = (data as any).data;
    if (!isHex(data) || data === "0x") throw error;
    const decoded = decodeErrorResult({ abi: ERRORS, data });
    throw new Refused(contract, decoded.errorName, decoded.args ?? []);
  };
}

/** Expect a refusal with this error and these arguments. */
export async function refuses(promise: Promise<unknown>, name: string, args: readonly unknown[]): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    assert.equal(error.errorName, name, String(error));
    assert.deepEqual(error.args, args);
    note(error.contract, "error", name);
    return true;
  });
}

/** Expect one event with this name and these arguments. */
export function emits(mined: Mined, name: string, args: Fields): void {
  assert.deepEqual(
    mined.events.map((event) => event.name),
    [name],
  );
  assert.deepEqual(mined.events[0]?.args, args);
  note(mined.contract, "event", name);
}

/** Fields of the event that a signed decision leaves: its own, those the contract adds, who signed. */
export function eventOf(args: readonly unknown[], added: Fields): Fields {
  const [decision, { key, r, s }] = args as [Fields, { key: Hex; r: bigint; s: bigint }];
  return { ...decision, ...added, signingKey: key, r, s };
}
