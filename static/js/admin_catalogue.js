// The catalogue's pages beyond what works without a script: cells that differ are marked and counted.
(() => {
  const grid = document.querySelector("[data-grid]");
  if (grid) {
    const told = grid.querySelector("[data-differ]");
    const mark = (cell) => cell.classList.toggle("differs", cell.value.trim() !== cell.dataset.was.trim());
    const count = () => {
      const n = grid.querySelectorAll(".differs").length;
      told.textContent = n ? (n === 1 ? "1 cell differs." : `${n} cells differ.`) : "";
    };
    grid.addEventListener("input", (event) => {
      if (event.target.dataset.was !== undefined) {
        mark(event.target);
        count();
      }
    });
    // Up, down and Enter walk the column, as in a spreadsheet.
    grid.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1, Enter: event.shiftKey ? -1 : 1 }[event.key];
      if (!step || event.target.tagName !== "INPUT") return;
      event.preventDefault();
      const column = event.target.closest("td").cellIndex;
      const cells = [...grid.querySelectorAll("tr")].map((row) => row.cells[column]?.querySelector("input")).filter(Boolean);
      const next = cells[cells.indexOf(event.target) + step];
      if (next) {
        next.focus();
        next.select();
      }
    });
    count();
  }
})();
