// What the pages do by themselves; their policy allows no handler and no script inside a page.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-action=print]")) window.print();
});

// Search: no summaries from the disk, where a page may not read another; a formula is found once.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
if (typeof Search !== "undefined") {
  const plain = Search.htmlToText;
  Search.htmlToText = (page, anchor) => plain(page.replace(/<math.*?<\/math>/gs, ""), anchor);
}
