// What a link of the text leads to, shown beside it while it is pointed at or has the focus; Escape
// puts it away. It comes from a script beside the page of the target: fetch has no way to the disk.
const previewBox = document.createElement("div");
previewBox.className = "preview";
previewBox.id = "preview";
previewBox.setAttribute("role", "tooltip");
previewBox.tabIndex = 0; // what is long scrolls
previewBox.hidden = true;
document.querySelector("article")?.append(previewBox);
// A symbol is called by its meaning; the browser need not show that a second time.
for (const symbol of document.querySelectorAll("a.symbol[title]")) {
  symbol.setAttribute("aria-label", symbol.title);
  symbol.removeAttribute("title");
}
// A source is named by its preview; so too.
for (const cited of document.querySelectorAll("article a.reference[href*='references.html#']"))
  cited.removeAttribute("title");
let previewOf = null; // the link whose target is shown or on its way
let previewTimer;
const previewsHeld = {};
window.previews = (page, held) => (previewsHeld[page] = held);

async function previewFor(link) {
  const page = link.pathname.split("/").pop();
  if (!previewsHeld[page]) {
    const script = document.createElement("script");
    script.src = new URL(`previews/${page.replace(/\.html$/, ".js")}`, link.href);
    await new Promise((done) => {
      script.onload = script.onerror = done;
      document.head.append(script);
    });
  }
  return previewsHeld[page]?.[decodeURIComponent(link.hash.slice(1))];
}

async function showPreview(link) {
  hidePreview();
  previewOf = link;
  const html = await previewFor(link);
  if (!html || previewOf !== link) return;
  previewBox.innerHTML = html;
  for (const inside of previewBox.querySelectorAll("a, summary, [tabindex]")) inside.tabIndex = -1;
  link.setAttribute("aria-describedby", "preview");
  previewBox.hidden = false;
  const at = link.getClientRects()[0];
  const around = previewBox.offsetParent.getBoundingClientRect();
  const right = document.documentElement.clientWidth - previewBox.offsetWidth - 8;
  const above = at.top - previewBox.offsetHeight - 4;
  const below = at.bottom + previewBox.offsetHeight + 4 < innerHeight || above < 60;
  previewBox.style.left = `${Math.max(8, Math.min(at.left, right)) - around.left}px`;
  previewBox.style.top = `${(below ? at.bottom + 4 : above) - around.top}px`;
}

function hidePreview() {
  clearTimeout(previewTimer);
  previewOf?.removeAttribute("aria-describedby");
  previewOf = null;
  previewBox.hidden = true;
}

const previewLink = (event) =>
  previewBox.contains(event.target)
    ? null
    : event.target.closest?.("article a.reference.internal[href*='#']:not(.api)");
document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  const link = previewLink(event);
  if (link ? link === previewOf : previewBox.contains(event.target)) clearTimeout(previewTimer);
  else {
    clearTimeout(previewTimer);
    previewTimer = setTimeout(() => (link ? showPreview(link) : hidePreview()), 250);
  }
});
document.addEventListener("focusin", (event) => {
  const link = previewLink(event);
  if (link?.matches(":focus-visible")) showPreview(link);
});
document.addEventListener("focusout", (event) => {
  const kept = previewBox.contains(event.relatedTarget);
  if (!kept && (event.target === previewOf || event.target === previewBox)) hidePreview();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hidePreview();
});
