// Departments and who reads from whom, drawn as SVG: names in two columns, data flowing between them.
//
// Elements are kept by what they stand for and changed in place, so that a day of states leaves no more of them than one.
const SVG = "http://www.w3.org/2000/svg";
const CITY = /^.{1,8}?(省|自治区|自治州|市|区|县|旗)/;
const drawn = new WeakMap();

function make(kind, parent, names) {
  const made = parent.appendChild(document.createElementNS(SVG, kind));
  for (const [name, value] of Object.entries(names)) made.setAttribute(name, value);
  return made;
}

/** The beginning that most names share, 沧州市 for one: on a wall it says nothing. */
function shared(names) {
  const counts = new Map();
  for (const name of names) {
    const city = name.match(CITY)?.[0];
    if (city && city.length < name.length) counts.set(city, (counts.get(city) ?? 0) + 1);
  }
  const [city, count] = [...counts].sort((one, other) => other[1] - one[1])[0] ?? ["", 0];
  return count > 2 && count >= 0.6 * names.length ? city : "";
}

/** Where everybody stands: half on the left, half on the right of a lens, names outside. */
function places(names, width, height) {
  const city = shared(names), half = Math.ceil(names.length / 2);
  const size = Math.min(height / (half + 1), height / 14, 24) * 0.72;
  const font = Math.max(8, Math.min(size, width / 48));
  const room = Math.floor((width * 0.24) / font);
  return names.map((name, number) => {
    const right = number >= half, row = right ? number - half : number, rows = right ? names.length - half : half;
    const up = (row + 0.5) / rows;
    const bulge = Math.sqrt(1 - ((up - 0.5) / 0.62) ** 2);
    const x = width / 2 + (right ? 1 : -1) * width * (0.06 + 0.18 * bulge);
    const text = city && name.startsWith(city) ? name.slice(city.length) : name;
    return { x, y: height * (0.03 + 0.94 * up), right, font, text: text.length > room ? `${text.slice(0, room - 1)}…` : text };
  });
}

function curve(from, to, width, height) {
  // Both ways between two departments are two curves: each bends to its own left.
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2], [dx, dy] = [to.x - from.x, to.y - from.y];
  const pull = from.right === to.right ? 0.75 : 0.25;
  const [cx, cy] = [x + (width / 2 - x) * pull - dy * 0.08, y + (height / 2 - y) * pull * 0.4 + dx * 0.08];
  return `M${from.x.toFixed(1)} ${from.y.toFixed(1)}Q${cx.toFixed(1)} ${cy.toFixed(1)} ${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
}

/** Draw a state of the board; `lit` names the flows by which calls have just passed. */
export function drawNetwork(svg, state, lit) {
  const box = svg.getBoundingClientRect();
  const [width, height] = [Math.max(320, Math.round(box.width)), Math.max(240, Math.round(box.height))];
  const form = JSON.stringify([width, height, state.departments, state.flows.map(([from, to]) => [from, to])]);
  let have = drawn.get(svg);
  if (have?.form !== form) {
    have = { form, ...redraw(svg, state, width, height) };
    drawn.set(svg, have);
  }
  const used = new Set(), bright = new Set(), most = Math.max(1, ...state.flows.map((flow) => flow[3]));
  const thick = Math.max(2, 5 - state.flows.length / 60); // where there are many, none may hide the others
  for (const [from, to, live, calls] of state.flows) {
    const name = `${from}>${to}`, { path, title } = have.flows.get(name);
    const is = lit.has(name);
    path.setAttribute("class", `flow${calls ? " used" : ""}${is ? " lit" : ""}`);
    path.setAttribute("stroke-width", (calls ? 1 + thick * Math.sqrt(calls / most) : 0.8).toFixed(2));
    title.textContent = `${state.departments[to]} ← ${state.departments[from]} · ${live} · ${calls}`;
    if (calls) used.add(from).add(to);
    if (is) bright.add(from).add(to);
    const spark = have.sparks.get(name);
    if (is && !spark) {
      have.sparks.set(name, make("path", have.above, { class: "spark", d: path.getAttribute("d"), pathLength: "1", "stroke-width": "3" }));
    } else if (!is && spark) {
      spark.remove();
      have.sparks.delete(name);
    }
  }
  have.places.forEach(({ circle, label }, number) => {
    circle.setAttribute("class", `place${bright.has(number) ? " lit" : ""}`);
    label.setAttribute("class", used.has(number) ? "strong" : "");
  });
  svg.dataset.lit = [...lit].join(" ");
}

function redraw(svg, state, width, height) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const below = make("g", svg, {}), above = make("g", svg, {}), flows = new Map();
  const where = places(state.departments, width, height);
  // The busiest are drawn last, over the others.
  for (const [from, to] of [...state.flows].reverse()) {
    const path = make("path", below, { d: curve(where[from], where[to], width, height) });
    flows.set(`${from}>${to}`, { path, title: make("title", path, {}) });
  }
  const there = where.map(({ x, y, right, font, text }, number) => {
    const circle = make("circle", svg, { cx: x, cy: y, r: Math.max(3, font * 0.42) });
    const side = (right ? 1 : -1) * (font * 0.42 + 8);
    const label = make("text", svg, { x: x + side, y: y + font * 0.35, "font-size": font.toFixed(1), "text-anchor": right ? "start" : "end" });
    label.textContent = text;
    make("title", label, {}).textContent = state.departments[number];
    return { circle, label };
  });
  return { flows, places: there, above, sparks: new Map() };
}
