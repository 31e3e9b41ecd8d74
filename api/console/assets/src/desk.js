// The desk's pages: a table dropped as it is, and a form whose decision is signed in the page.
import "./parts/older.js";

import { asGrid } from "./parts/grid.js";
import { covers, sayRefused } from "./parts/refused.js";

// What signs is larger than all the rest: a page is read before it comes, and it is there before anybody has read.
const forms = () => import("./office/forms.js");
if (document.querySelector("form[data-asks], form[data-new-key]")) addEventListener("load", () => requestIdleCallback(forms));

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

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-drop], form[data-asks], form[data-new-key]");
  if (!form) return;
  event.preventDefault();
  form.querySelector("[data-failed]").hidden = true;
  const work = "drop" in form.dataset ? "upload" : "newKey" in form.dataset ? "newKey" : "decideAs";
  const sent = new FormData(form); // as it is now: what is busy is not sent
  busy(form, true);
  forms().then(
    (office) => office[work](form, sent).then(
      () => busy(form, false),
      (error) => failed(form, office.problemOf(error)),
    ),
    () => failed(form, document.getElementById("mishap").textContent),
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
    forms().then(({ renewed }) => renewed({ code })).then(
      (again) => (again ? window.htmx.trigger(elt, triggeringEvent.type) : sayRefused(elt, xhr)),
      () => sayRefused(elt, xhr),
    );
  },
  { capture: true },
);

for (const grid of document.querySelectorAll("table[data-cells]")) asGrid(grid);

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
