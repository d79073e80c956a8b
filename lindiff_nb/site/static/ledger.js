// The ledger: rows sorted by the heads of their columns, and filtered by status and by words.
const ledgers = [...document.querySelectorAll("table.ledger")];
const textOf = (row, column) => row.cells[column]?.innerText.trim() ?? "";

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
      const rows = [...table.tBodies[0].rows];
      const order = (a, b) =>
        textOf(a, column).localeCompare(textOf(b, column), "en", { numeric: true });
      rows.sort((a, b) => (up ? order(a, b) : order(b, a)));
      table.tBodies[0].append(...rows);
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
