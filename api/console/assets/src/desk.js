// The desk's pages: a table dropped as it is, and a form whose decision is signed in the page.
import "./parts/older.js";

import { errorOf, LedgerError } from "../../../../clients/javascript/src/errors.js";
import { decide } from "./office/deciding.js";
import { inSession, renewed, token } from "./office/server.js";
import { problemOf } from "./office/speaking.js";
import { covers, sayRefused } from "./parts/refused.js";

function busy(form, is) {
  for (const each of form.querySelectorAll("button")) each.disabled = is;
  const said = form.querySelector("[data-busy]");
  if (said) said.hidden = !is;
}

function failed(form, message) {
  busy(form, false);
  const place = form.querySelector("[data-failed]");
  place.textContent = message;
  place.hidden = false;
}

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

async function upload(form) {
  const file = form.elements.file.files[0];
  if (!file) return;
  const query = new URLSearchParams({ department: form.elements.department.value, name: file.name });
  const answer = await post(`${form.getAttribute("action")}?${query}`, file, "application/octet-stream");
  location.assign(answer.headers.get("Location"));
}

/** A form's decision: its fields from the node, then prepared, read and signed in the page. */
async function decideAs(form) {
  const answer = await post(form.getAttribute("action"), new URLSearchParams(new FormData(form)));
  const { kind, fields, revision } = await answer.json();
  if (revision) form.elements.revision.value = revision;
  if (!(await decide(kind, fields))) return; // read and not signed
  if (form.dataset.doneHref) return location.assign(form.dataset.doneHref);
  if (!form.dataset.done) return location.reload();
  const after = await post(form.dataset.done, new URLSearchParams());
  location.assign(after.headers.get("HX-Redirect") ?? "/desk");
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-drop], form[data-asks]");
  if (!form) return;
  event.preventDefault();
  form.querySelector("[data-failed]").hidden = true;
  const work = "drop" in form.dataset ? upload : decideAs;
  const doing = work(form);
  busy(form, true);
  doing.then(
    () => busy(form, false),
    (error) => failed(form, problemOf(error)),
  );
});

// What htmx sends under a session that has ended, or with the token of an earlier one, is sent again as it was typed once
// the page has a session; first of all who look at the answer.
document.addEventListener(
  "htmx:beforeSwap",
  (event) => {
    const { xhr, requestConfig } = event.detail;
    const code = { 401: "signature-invalid", 403: "forbidden" }[xhr.status];
    if (!code || !covers(event.detail)) return;
    Object.assign(event.detail, { shouldSwap: false, isError: false });
    const { elt, triggeringEvent } = requestConfig;
    renewed({ code }).then(
      (again) => (again ? window.htmx.trigger(elt, triggeringEvent.type) : sayRefused(elt, xhr)),
      () => sayRefused(elt, xhr),
    );
  },
  { capture: true },
);

// A file may be dropped anywhere on the form.
for (const form of document.querySelectorAll("form[data-drop]")) {
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) form.elements.file.files = event.dataTransfer.files;
  });
}

// A form's fields that belong to some of its steps only.
for (const select of document.querySelectorAll("form[data-asks] select[name=step]")) {
  const fit = () => {
    for (const each of select.form.querySelectorAll("[data-for]")) each.hidden = !each.dataset.for.split(" ").includes(select.value);
  };
  select.addEventListener("change", fit);
  fit();
}

// One verdict for all that have none yet; exceptions are chosen before or after.
document.addEventListener("click", (event) => {
  const verdict = event.target.closest("[data-every]")?.dataset.every;
  if (!verdict) return;
  for (const select of event.target.closest("form").querySelectorAll(".verdict select")) {
    if (!select.value) select.value = verdict;
  }
});
