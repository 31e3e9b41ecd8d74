// The node's office over HTTP, as this page's session may ask it.
import { errorOf, LedgerError } from "../../../../../clients/javascript/src/errors.js";

const OFFICE = "/api/v1/office";
let token;

/** POST JSON (or DELETE, or GET) to the office; return what it answers, throw the error its problem stands for. */
export async function ask(method, path, body, { secure = true } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if (secure && method !== "GET") headers["X-CSRF-Token"] = await csrf();
  let answer;
  try {
    answer = await fetch(OFFICE + path, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
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
  if (!answer.ok) throw errorOf(answer.status, value, OFFICE + path);
  return value;
}

/** The session's token: what another site makes a browser send has none. */
async function csrf() {
  token ??= document.querySelector('meta[name="csrf-token"]')?.content || (await ask("GET", "/session")).csrf;
  return token;
}
