// Sending. The server is not trusted: its answer is bounded in bytes and in time, redirects are not followed, nothing
// is decompressed. A request is signed once; sending it again sends the same bytes.
import http from "node:http";
import https from "node:https";
import { setTimeout as pause } from "node:timers/promises";

import { parseLoosely } from "./canonical.js";
import { errorOf, LedgerError } from "./errors.js";

export const BOUNDS = { attempts: 3, stepSeconds: 30, answerSeconds: 300, answerBytes: 128 * 1024 * 1024 };

/** What failed on the way and may be tried again with the same bytes. */
class NetworkFailure extends Error {}

export class Http {
  #bounds;
  #agents;

  /** `tls` is what node:https takes: `ca`, `cert`, `key`. */
  constructor(bounds = {}, tls = {}) {
    this.#bounds = { ...BOUNDS, ...bounds };
    this.#agents = {
      "http:": new http.Agent({ keepAlive: true }),
      "https:": new https.Agent({ keepAlive: true, ...tls }),
    };
  }

  /** Send a signed request; return the answer's status and value, `undefined` where it is not JSON. */
  async send(request) {
    const { attempts } = this.#bounds;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#exchange(request);
      } catch (error) {
        if (error instanceof LedgerError) throw error;
        if (attempt < attempts && error instanceof NetworkFailure) {
          await pause(50 * 2 ** attempt * Math.random());
          continue;
        }
        const { host } = new URL(request.url);
        throw new LedgerError("peer-unavailable", `${host} does not answer: ${error.message}`, { url: request.url });
      }
    }
  }

  /** Send; return the answer's object, or throw the problem. */
  async request(request, code) {
    const answer = await this.send(request);
    if (!answer.ok) throw errorOf(answer.status, answer.value, request.url);
    if (answer.value === null || typeof answer.value !== "object" || Array.isArray(answer.value)) {
      throw new LedgerError(code, `what ${request.url} answers is no JSON object`);
    }
    return answer.value;
  }

  close() {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #exchange({ method, url, headers, body }) {
    const { stepSeconds, answerSeconds, answerBytes } = this.#bounds;
    const target = new URL(url);
    const { request } = target.protocol === "https:" ? https : http;
    return new Promise((resolve, reject) => {
      const fail = (error) => {
        clearTimeout(deadline);
        reject(error);
        sent.destroy();
      };
      const sent = request(target, {
        method,
        agent: this.#agents[target.protocol],
        headers: { ...headers, "content-length": body.length, "accept-encoding": "identity" },
      });
      const deadline = setTimeout(() => fail(new NetworkFailure(`not whole after ${answerSeconds} s`)), answerSeconds * 1000);
      sent.setTimeout(stepSeconds * 1000, () => fail(new NetworkFailure(`silent for ${stepSeconds} s`)));
      sent.on("error", (error) => fail(new NetworkFailure(error.code ?? error.message)));
      sent.on("response", (response) => {
        if ((response.headers["content-encoding"] ?? "identity") !== "identity") {
          fail(new Error("an encoding that was not asked for"));
          return;
        }
        const pieces = [];
        let size = 0;
        response.on("data", (piece) => {
          size += piece.length;
          if (size > answerBytes) fail(new Error(`more than ${answerBytes} bytes`));
          else pieces.push(piece);
        });
        response.on("aborted", () => fail(new NetworkFailure("cut short")));
        response.on("error", (error) => fail(new NetworkFailure(error.code ?? error.message)));
        response.on("end", () => {
          clearTimeout(deadline);
          const status = response.statusCode;
          resolve({ ok: status >= 200 && status < 300, status, value: readValue(Buffer.concat(pieces)) });
        });
      });
      sent.end(body);
    });
  }
}

/** The JSON value of an answer's bytes; undefined where they are none. */
export function readValue(bytes) {
  try {
    return parseLoosely(bytes, "malformed-request");
  } catch {
    return undefined; // whether that matters is for who asked to say
  }
}
