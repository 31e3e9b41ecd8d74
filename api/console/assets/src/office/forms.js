// A form of the desk's that is answered by more than the next page: a table that is uploaded, a decision that is signed.
import { errorOf, LedgerError } from "../../../../../clients/javascript/src/errors.js";
import { decide } from "./deciding.js";
import { inSession, renewed, token } from "./server.js";
import { problemOf } from "./speaking.js";

export { problemOf, renewed };

const post = (address, body, type) => inSession(() => postOnce(address, body, type));

async function postOnce(address, body, type) {
  const headers = { "X-CSRF-Token": token(), Accept: "application/json" };
  if (type) headers["Content-Type"] = type;
  let answer;
  try {
    answer = await fetch(address, { method: "POST", body, headers });
  } catch (error) {
    throw new LedgerError("peer-unavailable", "没有连上节点，请检查网络 / the node could not be reached", {}, { cause: error });
  }
  if (!answer.ok) throw errorOf(answer.status, await answer.json().catch(() => null), address);
  return answer;
}

export async function upload(form) {
  const file = form.elements.file.files[0];
  if (!file) return;
  const query = new URLSearchParams({ department: form.elements.department.value, name: file.name });
  const answer = await post(`${form.getAttribute("action")}?${query}`, file, "application/octet-stream");
  location.assign(answer.headers.get("Location"));
}

/** A form's decision: its fields from the node, then prepared, read and signed in the page. */
export async function decideAs(form, sent) {
  const answer = await post(form.getAttribute("action"), new URLSearchParams(sent));
  const { kind, fields, revision } = await answer.json();
  if (revision) form.elements.revision.value = revision;
  if (!(await decide(kind, fields))) return; // read and not signed
  if (form.dataset.doneHref) return location.assign(form.dataset.doneHref);
  if (!form.dataset.done) return location.reload();
  const after = await post(form.dataset.done, new URLSearchParams());
  location.assign(after.headers.get("HX-Redirect") ?? "/desk");
}
