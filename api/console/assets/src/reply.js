// The form of a reply: what an answer makes pointless is put away, and one more condition is shown.
function fit(form) {
  for (const each of form.querySelectorAll("[data-if]")) {
    const [name, wanted] = each.dataset.if.split("=");
    each.hidden = form.elements[name]?.value !== wanted;
  }
  for (const each of form.querySelectorAll("[data-grows]")) {
    each.rows = Math.min(6, each.value.split("\n").length);
  }
}

const SHOWN = /^(answer|mask|first|last|item|operator|value)-/;

for (const form of document.querySelectorAll("form[data-when]")) {
  fit(form);
  for (const kind of ["change", "input"]) {
    form.addEventListener(kind, (event) => {
      fit(form);
      // Rows of other terms than those that will be signed are no preview of them.
      if (SHOWN.test(event.target.name)) document.getElementById("preview")?.replaceChildren();
    });
  }
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-more]")) return;
    const next = form.querySelector("[data-row][hidden]");
    if (next) next.hidden = false;
    if (next) next.querySelector("select").focus();
    if (!form.querySelector("[data-row][hidden]")) event.target.closest("[data-more]").hidden = true;
  });
}
