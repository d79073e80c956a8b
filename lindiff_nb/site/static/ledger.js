// The ledger: rows sorted by the heads of their columns, and filtered by status and by words.
const ledgers = [...document.querySelectorAll("table.ledger")];
const textOf = (row, column) => row.cells[column]?.innerText.trim() ?? "";
// What a cell is sorted by: the number that it begins with, in percent or not, or its words.
const numberOf = (text) => {
  const [found, value, percent] = text.match(/^([+−-]?[\d.]+(?:e[+-]?\d+)?)( ?%)?/) ?? [];
  return found ? Number(value.replace("−", "-")) / (percent ? 100 : 1) : NaN;
};
const inOrder = (a, b) => {
  const [one, other] = [numberOf(a), numberOf(b)], words = Number.isNaN(one) - Number.isNaN(other);
  return words || one - other || a.localeCompare(b, "en", { numeric: true });
};

for (const table of ledgers)
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...(head.querySelector("p") ?? head).childNodes);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows].map((row) => [textOf(row, column), row]);
      const order = ([a], [b]) => !a - !b || (up ? inOrder(a, b) : inOrder(b, a)); // empty ones last
      table.tBodies[0].append(...rows.sort(order).map(([, row]) => row));
    });
  }

const form = document.createElement("form");
form.className = "ledger-filter";
form.innerHTML = `<label>Status <select><option value="">all</option></select></label>
  <label>Words <input type="search"></label> <output></output>`;
const [choice, words, count] = form.querySelectorAll("select, input, output");
const ledgerRows = ledgers.flatMap((table) => [...table.tBodies[0].rows]);
for (const state of new Set(ledgerRows.map((row) => textOf(row, 1)))) choice.add(new Option(state));
const filterLedger = () => {
  for (const row of ledgerRows)
    row.hidden =
      (choice.value && textOf(row, 1) !== choice.value) ||
      !row.textContent.toLowerCase().includes(words.value.trim().toLowerCase());
  count.value = `${ledgerRows.filter((row) => !row.hidden).length} of ${ledgerRows.length} rows`;
};
form.addEventListener("input", filterLedger);
form.addEventListener("submit", (event) => event.preventDefault());
if (ledgers.length) {
  const first = ledgers[0].closest("section");
  first.before(form);
  filterLedger();
}
