// An anvil process for each simulated chain: the program that is the EVM of a node's embedded chain, with its settings.
//
// Hardhat's own network notes every step of a call that is refused, for a stack trace in Solidity: 17 of its 22 ms, and
// most calls here are refused. Here a refusal is a receipt, and its reason is asked for.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { createRequire } from "node:module";
import type { Socket } from "node:net";

const MACHINES: Record<string, string> = { x64: "amd64", arm64: "arm64" };
/** Those of node/chain/embedded/anvil.py, with history and accounts. */
const FLAGS = [
  ["--host", "127.0.0.1"],
  ["--port", "0"],
  ["--no-mining"],
  ["--hardfork", "cancun"],
  ["--base-fee", "0"],
  ["--gas-price", "0"],
  ["--disable-min-priority-fee"],
  ["--gas-limit", "1000000000"],
  ["--chain-id", "20260101"],
].flat();

export interface Provider {
  request(args: { method: string; params?: unknown[] }): Promise<any>;
}

/** What a node answers instead of a result. */
export class RpcError extends Error {
  readonly data: unknown;

  constructor({ message, data }: { message: string; data?: unknown }) {
    super(message);
    this.data = data;
  }
}

/** Ends anvil when its own input does, which it does with this process, whatever ends that. */
const KEEPER = '"$0" "$@" </dev/null & exec >&-; read -r _; kill -9 $!';

/** Start an anvil whose genesis is of that second; it ends with this process. */
export async function startAnvil(genesis: bigint): Promise<Provider> {
  const machine = `@foundry-rs/anvil-${process.platform}-${MACHINES[process.arch]}`;
  const program = createRequire(import.meta.url).resolve(`${machine}/bin/anvil`);
  const keeper = spawn("/bin/sh", ["-c", KEEPER, program, ...FLAGS, "--timestamp", String(genesis)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const port = await portOf(keeper.stdout as Socket);
  keeper.unref();
  (keeper.stdin as Socket).unref();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let id = 0;
  return {
    async request({ method, params = [] }) {
      const body = JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params });
      const { result, error } = JSON.parse(await post(port, agent, body));
      if (error !== undefined) throw new RpcError(error);
      return result;
    },
  };
}

function portOf(output: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    output.once("end", () => reject(new Error(`anvil ended before it listened: ${said}`)));
    output.on("data", (part) => {
      said += part;
      const found = /^Listening on 127\.0\.0\.1:(\d+)$/m.exec(said);
      if (found === null) return;
      // What it says of each request is read, and thrown away: a closed pipe would end it.
      output.removeAllListeners("data").resume().unref();
      resolve(Number(found[1]));
    });
  });
}

async function post(port: number, agent: Agent, body: string): Promise<string> {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const sent = httpRequest({ host: "127.0.0.1", port, method: "POST", headers, agent });
  sent.end(body);
  const [answer] = await once(sent, "response");
  answer.setEncoding("utf8");
  let text = "";
  for await (const part of answer) text += part;
  return text;
}
