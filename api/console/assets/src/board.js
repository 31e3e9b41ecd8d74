// The board follows its node: a stream of whole states (`/board/events`); what is shown is replaced, never gathered.
//
// When the stream breaks the page says so and goes on: the browser reconnects, or where it gives up
// (no place left, signed out) the page asks for the state every ten seconds and tries again.
import { drawNetwork } from "./board/network.js";

const LATE = 5, DEAD = 30, POLL = 10, LIT = 5; // seconds
const at = (id) => document.getElementById(id);
const board = at("board");
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const fill = (text, ...values) => text.replace(/\{(\d)\}/g, (_, place) => values[place]);
const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour12: false, dateStyle: "short", timeStyle: "medium" });
const still = matchMedia("(prefers-reduced-motion: reduce)");

let seen = null, ahead = 0; // the state that is shown; the node's clock less this machine's, in ms
let source = null, heard = performance.now(), broken = null, polls = false, signedOut = false;
let charts = null, again = 0; // the timer of the next try: never more than one
const until = new Map(); // flows that are lit, as "provider>consumer" by their names, and until when

function write(id, text) {
  if (at(id).textContent !== String(text)) at(id).textContent = text;
}

function bars(id, rows, of) {
  const most = Math.max(1, ...rows.map(({ calls }) => calls));
  at(id).replaceChildren(...rows.map((row) => {
    const item = document.createElement("li");
    const what = document.createElement(row.entry ? "a" : "span");
    if (row.entry) what.href = `/catalogue/${row.entry}`;
    what.className = "what";
    what.textContent = what.title = of(row);
    const count = document.createElement("b");
    count.textContent = numbers.format(row.calls);
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    bar.setAttribute("aria-hidden", "true");
    for (const [name, width] of [["rail", 100], ["bar", (100 * row.calls) / most]]) {
      const part = bar.appendChild(document.createElementNS(bar.namespaceURI, "rect"));
      part.setAttribute("class", name);
      part.setAttribute("width", `${width}%`);
      part.setAttribute("height", "4");
    }
    item.append(what, count, bar);
    return item;
  }));
  at(`no-${id}`).hidden = rows.length > 0;
}

/** Show a state, beside the one before it: what has grown since is lit. */
function show(state) {
  ahead = state.at - Date.now();
  if (state.state === "unread") {
    seen = { ...state };
    return;
  }
  const before = seen?.flows ? seen : null;
  seen = state;
  write("served", numbers.format(state.today.served));
  write("refused", numbers.format(state.today.refused));
  write("rows", numbers.format(state.today.rows));
  bars("entries", state.entries, ({ name }) => name);
  const english = document.documentElement.lang === "en" ? 1 : 0;
  bars("refusals", state.refusals, ({ words }) => words[english]);
  lately(before, state);
  drawFlows();
  at("nobody").hidden = state.flows.length > 0;
  at("network").toggleAttribute("hidden", state.flows.length === 0);
  const { departments, flows } = state.left;
  write("summary", fill(at("summary").dataset.text, state.enrolled, state.flows.length + flows)
    + (departments || flows ? fill(at("summary").dataset.left, departments, flows) : ""));
  const chain = state.chain;
  if (before && chain.block !== before.chain.block && !still.matches) {
    at("beat").classList.remove("new");
    requestAnimationFrame(() => at("beat").classList.add("new"));
  }
  write("block", chain.block === null ? "—" : numbers.format(chain.block));
  write("state", fill(at("state").dataset[state.state], chain.lag));
  at("beat").classList.toggle("late", state.state !== "current");
  write("covered", chain.leaves ? `${numbers.format(chain.anchored)} / ${numbers.format(chain.leaves)}` : "—");
  at("uncounted").hidden = chain.uncounted === 0;
  write("uncounted", fill(at("uncounted").dataset.text, numbers.format(chain.uncounted)));
  charts?.update(state);
  tick();
}

const named = ({ departments }, flow) => `${departments[flow[0]]}>${departments[flow[1]]}`;

/** Light the flows by which calls have passed since a state. */
function lately(before, state) {
  // Where other departments are drawn nothing can be compared, by eye either.
  if (before?.departments.join() !== state.departments.join()) return;
  const old = new Map(before.flows.map((flow) => [named(before, flow), flow[3]]));
  for (const flow of state.flows) {
    if (flow[3] > (old.get(named(state, flow)) ?? 0)) until.set(named(state, flow), performance.now() + LIT * 1000);
  }
}

function drawFlows() {
  for (const [name, end] of until) if (end <= performance.now()) until.delete(name);
  const lit = new Set(seen.flows.filter((flow) => until.has(named(seen, flow))).map(([from, to]) => `${from}>${to}`));
  drawNetwork(at("network"), seen, lit);
  at("flows").replaceChildren(...seen.flows.filter((flow) => flow[3]).slice(0, 8).map((flow) => {
    const item = document.createElement("li");
    item.className = lit.has(`${flow[0]}>${flow[1]}`) ? "lit" : "";
    const count = document.createElement("b");
    count.textContent = numbers.format(flow[3]);
    const what = document.createElement("span");
    what.textContent = what.title = fill(at("flows").dataset.text, seen.departments[flow[1]], seen.departments[flow[0]]);
    item.append(what, count);
    return item;
  }));
}

function age(second) {
  if (second === null) return "—";
  const units = at("age").dataset.units.split(" ");
  const past = Math.max(0, (Date.now() + ahead) / 1000 - second);
  const [size, unit] = past < 60 ? [1, 0] : past < 3600 ? [60, 1] : past < 86400 ? [3600, 2] : [86400, 3];
  return `${Math.floor(past / size)} ${units[unit]}`;
}

/** Once a second: what the clock alone changes, and whether the stream still lives. */
function tick() {
  write("clock", clock.format(Date.now() + ahead));
  if (seen?.chain) {
    write("age", age(seen.chain.second));
    write("anchor", age(seen.chain.anchorSecond));
    if ([...until.values()].some((end) => end <= performance.now())) drawFlows();
  }
  const silent = (performance.now() - heard) / 1000;
  if (silent > DEAD && source && !polls) open();
  if (broken === null && silent > DEAD) broken = heard;
  const late = broken !== null && (performance.now() - broken) / 1000 > LATE;
  const way = signedOut ? "signed-out" : late ? "broken" : polls ? "polled" : seen?.state === "unread" ? "unread" : "live";
  const name = way.replace(/-(.)/, (_, letter) => letter.toUpperCase());
  const since = way === "broken" && seen ? ` ${clock.format(seen.at)}` : "";
  if (broken !== null && !late && !polls && at("stream").className === "") return;
  at("stream").className = way;
  write("stream", at("stream").dataset[name] + since);
}

function alive() {
  heard = performance.now();
  broken = null;
}

function open() {
  source?.close();
  clearTimeout(again);
  heard = performance.now(); // a new line gets its time
  source = new EventSource("/board/events");
  source.addEventListener("open", () => { polls = signedOut = false; alive(); });
  source.addEventListener("beat", ({ data }) => { ahead = Number(data) - Date.now(); alive(); });
  source.addEventListener("board", ({ data }) => { alive(); show(JSON.parse(data)); });
  source.addEventListener("error", () => {
    broken ??= performance.now();
    // The browser reconnects by itself, unless it was refused: then the page does.
    if (source.readyState === EventSource.CLOSED) poll();
  });
}

async function poll() {
  try {
    const answer = await fetch("/board/now", { headers: { Accept: "application/json" } });
    signedOut = answer.status === 401;
    if (answer.ok) {
      polls = true;
      alive();
      show(await answer.json());
    }
  } catch {
    broken ??= performance.now(); // the node is away: said by `tick`, tried again below
  }
  clearTimeout(again);
  again = setTimeout(open, POLL * 1000);
}

at("whole").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
});
new ResizeObserver(() => { if (seen?.flows) drawFlows(); }).observe(at("network"));
show(JSON.parse(board.dataset.seen));
open();
setInterval(tick, 1000);
// Charts come after the page: they are ten times as large as all else.
import("./board/trends.js").then(({ openTrends }) => {
  charts = openTrends(at("hours"), at("days"));
  if (seen.hours) charts.update(seen);
});
