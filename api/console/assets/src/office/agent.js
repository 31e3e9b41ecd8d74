// `shareledger agent` on the officer's own machine: holds his key, computes anew what it is to sign, asks at its
// terminal. This page only hands over; what it keeps is the token it was paired for, which signs nothing by itself.
import { errorOf, LedgerError, must } from "../../../../../clients/javascript/src/errors.js";

const KEPT = "shareledger-agent";
const WORDS = {
  forbidden: "您在签署助手那里没有同意（或五分钟内没有答复），没有签名 / declined at the agent, or not answered in five minutes: nothing was signed",
  "signature-invalid": "签署助手已重新启动或换了密钥，请填它终端里新的配对码 / the agent was started anew: give the code that it shows now",
};
const CODE = /^[0-9]{8}$/;
/** The one address of an agent that the page's policy lets it speak to; undefined on a page without. */
const ADDRESS = document.querySelector('meta[name="shareledger-agent"]')?.content;

export class Agent {
  #token;
  /** Id of the agent's key, in hex; undefined until it is paired with this page. */
  keyid;

  /** The agent on this machine, or undefined: none runs, or it is another page's (which this one cannot tell apart). */
  static async find() {
    if (ADDRESS === undefined) return undefined;
    let said;
    try {
      said = await talk("GET", "/");
    } catch (error) {
      if (error instanceof LedgerError) return undefined; // whatever answers there, it is no agent for this page
      throw error;
    }
    if (said?.agent !== "shareledger") return undefined;
    const agent = new Agent();
    const [token, keyid] = (localStorage.getItem(KEPT) ?? "").split(" ");
    // An agent that was started anew knows no token of before.
    if (said.paired === true && keyid) Object.assign(agent, { keyid }).#token = token;
    return agent;
  }

  /** Pair by the code that the terminal shows; it is good once. */
  async pair(code) {
    must(CODE.test(code), "malformed-request", "配对码是助手终端里显示的 8 位数字 / the code is the 8 digits at the agent's terminal");
    const { token, key } = await talk("POST", "/pair", { code });
    localStorage.setItem(KEPT, `${token} ${key}`);
    this.keyid = key;
    this.#token = token;
  }

  /** r‖s in hex over a challenge, which the agent itself holds against this page's address. */
  signLogin(challenge) {
    return this.#sign("/login", { challenge });
  }

  /** r‖s in hex over a prepared decision, given whole: the agent computes its text itself. */
  signDecision(prepared) {
    return this.#sign("/sign", { prepared });
  }

  async #sign(path, asked) {
    try {
      const { key, signature } = await talk("POST", path, asked, this.#token);
      must(key === this.keyid, "signature-invalid", "the agent signed with another key");
      return signature;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      if (error.code === "signature-invalid") this.#forget();
      throw new LedgerError(error.code, WORDS[error.code] ?? error.message, {}, { cause: error });
    }
  }

  /** Started anew, it wants its code again. */
  #forget() {
    localStorage.removeItem(KEPT);
    this.keyid = undefined;
    this.#token = undefined;
  }
}

async function talk(method, path, body, token) {
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) };
  let answer;
  let value;
  try {
    answer = await fetch(ADDRESS + path, { method, headers, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store" });
    value = await answer.json();
  } catch (error) {
    const words = `签署助手（${ADDRESS}）没有应答，请看它是否还在运行 / the agent does not answer: see whether it still runs`;
    throw new LedgerError("peer-unavailable", words, {}, { cause: error });
  }
  if (!answer.ok) throw errorOf(answer.status, value, ADDRESS + path);
  return value;
}
