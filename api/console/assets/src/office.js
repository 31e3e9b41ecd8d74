// Deciding in a page. A button or form with `data-decide="Kind"` and `data-fields='{…}'` prepares, shows, signs and
// submits; then the page is loaded anew, or `data-then` is. Scripts call `shareledger.decide(kind, fields)`.
import "./parts/older.js";

import { decide } from "./office/deciding.js";
import { ask } from "./office/server.js";
import { problemOf } from "./office/speaking.js";

window.shareledger = Object.freeze({ decide, ask, problemOf });

async function run(source, event) {
  event.preventDefault();
  const { decide: kind, fields, then, again } = source.dataset;
  const place = document.getElementById("mishap");
  try {
    const answer = await decide(kind, JSON.parse(fields), { again: again !== undefined });
    if (answer) location.assign(then ?? location.href);
  } catch (error) {
    // Before anything was signed: the dialog shows what comes later.
    place.textContent = problemOf(error);
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-decide][data-fields]");
  if (button) run(button, event);
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-decide][data-fields]")) run(event.target, event);
});
