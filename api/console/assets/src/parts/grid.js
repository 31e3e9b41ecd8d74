// A table that is being filed, as a spreadsheet's grid: arrows move, Enter or a click opens a cell, Ctrl+Enter keeps
// what was typed, Escape leaves the cell as it was. All cells ask the same address: nothing of it is said in a cell.
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const FIRST = 1; // the column of row numbers comes before

/** Make a table's cells open; `grid` names the address and the sheet. */
export function asGrid(grid) {
  const kept = new Map(); // cells as they were before they were opened
  const placeOf = (cell) => `${cell.parentNode.rowIndex}-${cell.cellIndex}`;
  const cellOf = (node) => node.closest?.(".grid tbody td");

  function goTo(cell) {
    for (const each of grid.querySelectorAll("td[tabindex]")) each.removeAttribute("tabindex");
    cell.tabIndex = 0;
    cell.focus();
  }

  function open(cell) {
    kept.set(placeOf(cell), cell);
    const place = { sheet: grid.dataset.sheet, row: cell.parentNode.cells[0].textContent, column: cell.cellIndex - FIRST };
    const address = `${grid.dataset.cells}?${new URLSearchParams(place)}`;
    // Where the session has ended, it is clicked again once there is one.
    window.htmx.ajax("GET", address, { source: cell, event: new MouseEvent("click"), target: cell, swap: "outerHTML" });
  }

  grid.addEventListener("click", (event) => {
    const cell = cellOf(event.target);
    if (cell && !event.target.closest("form, a")) open(cell);
  });
  grid.addEventListener("keydown", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    const form = event.target.closest("form");
    if (form) {
      if (event.key === "Escape") {
        const before = kept.get(placeOf(cell));
        cell.replaceWith(before);
        goTo(before);
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      return;
    }
    const [down, right] = MOVES[event.key] ?? [0, 0];
    const next = grid.rows[cell.parentNode.rowIndex + down]?.cells[cell.cellIndex + right];
    if (event.key === "Enter" || event.key === "F2") open(cell);
    else if (MOVES[event.key] && next?.tagName === "TD") goTo(next);
    else if (!MOVES[event.key]) return;
    event.preventDefault();
  });
  // What was kept stands in the cell's place: the way goes on from there.
  document.addEventListener("htmx:load", ({ target }) => {
    const cell = cellOf(target);
    if (cell && cell === target && !cell.querySelector("form")) goTo(cell);
  });
  // A problem's place leads into its cell.
  document.addEventListener("click", (event) => {
    const named = event.target.closest('a[href^="#c"]')?.hash.slice(1);
    const cell = named && document.getElementById(named);
    if (cell) goTo(cell);
  });
  const first = grid.tBodies[0].querySelector("td");
  if (first) first.tabIndex = 0;
  // The first problem is in sight, wherever its column is: only sideways, the page stays at its beginning.
  const wrong = grid.querySelector("td.bad");
  if (wrong) grid.parentNode.scrollLeft = wrong.offsetLeft - grid.parentNode.clientWidth / 2;
}
