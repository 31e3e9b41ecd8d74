// What every page of the console has besides its HTML: htmx, and a few manners of the keyboard.
import htmx from "htmx.org";

import { covers, forgetRefused, sayRefused } from "./parts/refused.js";

// Nothing typed or sent may become code, whatever a page's text says; the CSP says the same.
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;
// An error's page is shown where the answer would have been.
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "[45]..", swap: true, error: true },
];
window.htmx = htmx;

// Every unsafe request names the session's token: what another site makes the browser send has none.
const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
document.addEventListener("htmx:configRequest", (event) => {
  const token = csrf();
  if (token && event.detail.verb !== "get") event.detail.headers["X-CSRF-Token"] = token;
});

document.addEventListener("htmx:sendError", () => {
  const place = document.getElementById("mishap");
  if (place) place.hidden = false;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.requestConfig.triggeringEvent) forgetRefused(); // not by what the page asks itself
});
// Nothing that was typed goes because the node refused it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status < 400 || !event.detail.shouldSwap || !covers(event.detail)) return;
  Object.assign(event.detail, { shouldSwap: false, isError: false });
  sayRefused(event.detail.requestConfig.elt, event.detail.xhr);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const place = document.getElementById("mishap");
  if (place && event.detail.successful) place.hidden = true;
});

// "/" puts the cursor into the page's search box, as people know it from elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.querySelector("[data-search]");
  if (box) {
    event.preventDefault();
    box.focus();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  // Without a protected connection, or the browser's leave, there is no clipboard: the text stays there to be selected.
  if (button && navigator.clipboard) {
    navigator.clipboard.writeText(button.dataset.copy).then(() => {
      button.dataset.copied = "";
      setTimeout(() => delete button.dataset.copied, 1500);
    }, () => undefined);
  }
  if (event.target.closest("[data-print]")) print();
  const leaving = event.target.closest("[data-sign-out]");
  if (leaving) {
    sessionStorage.clear(); // the key file that this tab remembers
    const asked = { method: "DELETE", headers: { "X-CSRF-Token": csrf() } };
    fetch(leaving.dataset.signOut, asked).then(() => location.assign("/"), () => {
      document.getElementById("mishap").hidden = false;
    });
  }
});

// A menu that was opened closes with Escape and by a click elsewhere.
for (const kind of ["keydown", "click"]) {
  document.addEventListener(kind, (event) => {
    if (kind === "keydown" && event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (kind === "keydown" || !menu.contains(event.target)) menu.open = false;
    }
  });
}
