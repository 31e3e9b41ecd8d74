// What htmx sent and the node refused: said beside what was typed, which stays as it is.

/** Whether a refusal would be put over what was sent: a form, a button, the cell that holds them or is opened. */
export function covers({ target, requestConfig: { elt, verb } }) {
  return target.contains(elt) && (verb !== "get" || target !== elt || elt.closest("[data-cells]") !== null);
}

/** Say a refusal, the page the node made of it, below the form that was sent; else at the page's head. */
export function sayRefused(elt, { status, responseText }) {
  const page = new DOMParser().parseFromString(responseText, "text/html");
  const lines = [...page.querySelectorAll("[role=alert] :is(h2, p)")].map((each) => each.textContent.trim()).filter(Boolean);
  const notice = document.createElement("div");
  Object.assign(notice, { className: "notice bad", role: "alert" });
  notice.dataset.refused = "";
  const [title = `HTTP ${status}`, ...rest] = lines; // a proxy's page has its own shape
  notice.append(Object.assign(document.createElement("b"), { textContent: title }));
  for (const each of rest) notice.append(Object.assign(document.createElement("p"), { textContent: each }));
  const form = elt.closest("form");
  if (form) form.append(notice);
  else document.getElementById("mishap").before(notice);
  notice.scrollIntoView({ block: "nearest" });
}

/** Take away what was said of an earlier try. */
export function forgetRefused() {
  for (const each of document.querySelectorAll("[data-refused]")) each.remove();
}
