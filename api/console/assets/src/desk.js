// The desk's pages: a table dropped as it is, and a form whose decision is signed in the page.

function token() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

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

const words = (zh, en) => (document.documentElement.lang === "en" ? en : zh);

async function post(address, body, type) {
  const headers = { "X-CSRF-Token": token(), Accept: "application/json" };
  if (type) headers["Content-Type"] = type;
  const answer = await fetch(address, { method: "POST", body, headers });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => null);
  throw new Error(problem?.detail ?? words("节点没有答复，请重试。", "The node did not answer."));
}

async function upload(form) {
  const file = form.elements.file.files[0];
  if (!file) return;
  const query = new URLSearchParams({ department: form.elements.department.value, name: file.name });
  const answer = await post(`${form.getAttribute("action")}?${query}`, file, "application/octet-stream");
  location.assign(answer.headers.get("Location"));
}

async function decide(form) {
  const answer = await post(form.getAttribute("action"), new URLSearchParams(new FormData(form)));
  const { kind, fields } = await answer.json();
  const detail = {
    kind,
    fields,
    async done() {
      if (!form.dataset.done) return location.reload();
      const after = await post(form.dataset.done, new URLSearchParams());
      location.assign(after.headers.get("HX-Redirect") ?? "/desk");
    },
    failed: (message) => failed(form, message),
  };
  // Whoever signs in this page takes it up (`office/`); nothing is signed unless somebody does.
  const asked = new CustomEvent("shareledger:decide", { cancelable: true, detail });
  if (document.dispatchEvent(asked)) {
    failed(form, words("本页没有签署程序，请用命令行或签名代理。", "This page cannot sign: use the command line or the agent."));
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-drop], form[data-decide]");
  if (!form) return;
  event.preventDefault();
  form.querySelector("[data-failed]").hidden = true;
  const work = "drop" in form.dataset ? upload : decide;
  const doing = work(form);
  busy(form, true);
  doing.then(
    () => busy(form, false),
    (error) => failed(form, error.message),
  );
});

// A file may be dropped anywhere on the form.
for (const form of document.querySelectorAll("form[data-drop]")) {
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) form.elements.file.files = event.dataTransfer.files;
  });
}

// One verdict for all that have none yet; exceptions are chosen before or after.
document.addEventListener("click", (event) => {
  const verdict = event.target.closest("[data-every]")?.dataset.every;
  if (!verdict) return;
  for (const select of event.target.closest("form").querySelectorAll(".verdict select")) {
    if (!select.value) select.value = verdict;
  }
});
