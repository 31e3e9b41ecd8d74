// The node's office over HTTP, as this page's session may ask it; a session that has ended is opened again in the page.
import { errorOf, LedgerError } from "../../../../../clients/javascript/src/errors.js";

const OFFICE = "/api/v1/office";
const meta = (name) => document.querySelector(`meta[name="${name}"]`);

/** POST JSON (or DELETE, or GET) to the office; return what it answers, throw the error its problem stands for. */
export async function ask(method, path, body, { secure = true } = {}) {
  const doing = () => once(method, path, body, secure);
  return secure ? inSession(doing) : doing();
}

/** Do what needs the session; where it is over, have the officer sign in again in this page, and do it once more. */
export async function inSession(doing) {
  try {
    return await doing();
  } catch (error) {
    if (!(await renewed(error))) throw error;
    return doing();
  }
}

/** Whether this page has a session again that it had not when `error` came; nothing in the page is touched. */
export async function renewed(error) {
  const key = meta("shareledger-key")?.content;
  if (!key || !["signature-invalid", "forbidden"].includes(error.code)) return false;
  const session = await once("GET", "/session").catch((why) => {
    if (why.code !== "signature-invalid") throw why;
  });
  if (session?.key === key) {
    // Signed in anew in another tab: the token is another one. Else it was refused for something else.
    const stale = session.csrf !== token();
    meta("csrf-token").content = session.csrf;
    return stale;
  }
  const { signInAgain } = await import("./signingin.js");
  const opened = await signInAgain(key);
  if (opened) meta("csrf-token").content = opened.csrf;
  return opened !== undefined;
}

/** The session's token: what another site makes a browser send has none. */
export const token = () => meta("csrf-token")?.content ?? "";

/** Return the JSON at one of the node's addresses, which this page's session may read. */
export const read = (address) => inSession(() => exchange("GET", address, { Accept: "application/json" }));

async function once(method, path, body, secure = true) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if (secure && method !== "GET") headers["X-CSRF-Token"] = token() || (await once("GET", "/session")).csrf;
  return exchange(method, OFFICE + path, headers, body && JSON.stringify(body));
}

async function exchange(method, address, headers, body) {
  let answer;
  try {
    answer = await fetch(address, { method, headers, body, credentials: "same-origin" });
  } catch (error) {
    throw new LedgerError("peer-unavailable", "没有连上节点，请检查网络 / the node could not be reached", {}, { cause: error });
  }
  if (answer.status === 204) return undefined;
  const text = await answer.text();
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    value = null; // a proxy's page, say: the status says what it is
  }
  if (!answer.ok) throw errorOf(answer.status, value, address);
  return value;
}
