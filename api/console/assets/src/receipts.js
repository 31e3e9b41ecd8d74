// Receipts that an application keeps in a folder, verified where they lie: what an officer chooses or drops is read in
// this page, and sent nowhere. What verifies is larger than the rest, and comes when something is chosen.
import "./parts/older.js";

const place = document.getElementById("receipts");
const part = (name) => place.querySelector(`[data-${name}]`);
const [stop, goOn, forget] = [part("stop"), part("go-on"), part("forget")];
const [bar, said, failed, result] = [part("progress"), part("said"), part("failed"), part("result")];
const inputs = place.querySelectorAll("input[type=file]");
const verifier = () => Promise.all([import("./receipts/reviewing.js"), import("./receipts/tabulating.js"), import("./office/speaking.js")]);
const SHOWN_MILLISECONDS = 200;
let review;
let stopped = false;
let running = false;

/** Do what needs the verifier, one thing at a time. */
async function work(act) {
  if (running) return;
  busy(true);
  try {
    const parts = await verifier().catch(() => undefined);
    if (parts) await act(...parts);
    else tell(document.getElementById("mishap").textContent); // a script that did not come
  } finally {
    busy(false);
  }
}

const take = (files) =>
  work(async ({ Review, MOST_FILES }, { drawn }, speaking) => {
    const { department, shown, only } = place.dataset;
    review ??= new Review({ department, shown: shown.split(",").map(Number), only: only && Number(only) });
    if (review.total + files.length > MOST_FILES) {
      tell(speaking.say(`一次最多核验 ${MOST_FILES} 个文件，这里不止；请分文件夹选`, `At most ${MOST_FILES} files at once, and these are more: choose by folders`));
    } else {
      review.add(files);
      await go(drawn, speaking);
    }
  });

async function go(drawn, { problemOf, say }) {
  let shown = 0;
  const told = () => {
    if (performance.now() - shown < SHOWN_MILLISECONDS) return;
    shown = performance.now();
    [bar.max, bar.value] = [review.total, review.done];
    said.textContent = say(`正在核验：${review.done} / ${review.total}`, `Verifying: ${review.done} / ${review.total}`);
  };
  tell("");
  told();
  bar.hidden = false;
  result.replaceChildren();
  delete result.dataset.done;
  try {
    await review.run(told, () => stopped);
  } catch (error) {
    tell(problemOf(error)); // what is none of ours goes on as a bug
  } finally {
    bar.hidden = true;
    said.textContent = say("核验完毕，结果在下面。", "Done; the result follows.");
    result.replaceChildren(...drawn(review).filter(Boolean));
    result.dataset.done = review.done;
    place.classList.remove("noprint");
  }
}

function tell(problem) {
  failed.textContent = problem;
  failed.hidden = problem === "";
}

function busy(is) {
  running = is;
  if (is) stopped = false;
  for (const each of inputs) each.disabled = is;
  stop.hidden = !is;
  goOn.hidden = is || !review?.left;
  forget.hidden = is || !review;
}

for (const input of inputs) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // the same folder may be chosen again
    if (files.length > 0) take(files);
  });
}
stop.addEventListener("click", () => {
  stopped = true;
});
goOn.addEventListener("click", () => work((_, { drawn }, speaking) => go(drawn, speaking)));
forget.addEventListener("click", () => {
  review = undefined;
  result.replaceChildren();
  delete result.dataset.done;
  place.classList.add("noprint");
  said.textContent = "";
  tell("");
  busy(false);
  inputs[0].focus();
});

/** Add all files of what was dropped, folders gone through, as long as they are not too many. */
async function gather(entry, found, most) {
  if (found.length > most) return;
  if (entry.isFile) {
    found.push(await new Promise((done, wrong) => entry.file(done, wrong)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A hundred at a time, until there are none.
    const some = await new Promise((done, wrong) => reader.readEntries(done, wrong));
    if (some.length === 0) return;
    for (const each of some) await gather(each, found, most);
  }
}

place.addEventListener("dragover", (event) => event.preventDefault());
place.addEventListener("drop", async (event) => {
  event.preventDefault();
  // Asked for now: once this turn is over there is nothing left in what was dropped.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = entries.length > 0 ? [] : [...event.dataTransfer.files];
  await work(async ({ MOST_FILES }, _, { say }) => {
    try {
      for (const each of entries) await gather(each, found, MOST_FILES);
    } catch (error) {
      found.length = 0; // half a folder would seem to lack the other half
      tell(say(`读不出所拖的文件夹：${error.message}`, `What was dropped cannot be read: ${error.message}`));
    }
  });
  if (found.length > 0) await take(found);
});
