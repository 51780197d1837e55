"use strict";
const collator = new Intl.Collator("en", { numeric: true });

// Numbers by size, texts by their words; what is missing stays last in both directions.
function order(a, b, sign) {
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
  const [x, y] = [Number(a), Number(b)];
  return sign * (Number.isNaN(x) || Number.isNaN(y) ? collator.compare(a, b) : x - y);
}

function sortBy(head) {
  const table = head.closest("table");
  const column = head.cellIndex;
  const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  const value = (row) => row.cells[column].dataset.value;
  rows.sort((a, b) => order(value(a), value(b), sign));
  table.tBodies[0].append(...rows);
}

document.addEventListener("click", (event) => {
  const sorter = event.target.closest("button.sort");
  if (sorter) sortBy(sorter.closest("th"));
});
