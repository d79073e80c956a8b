// Before anything is drawn: the scheme of the machine, unless the reader chose one; typefaces.
{
  const { dataset } = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  if (dataset.theme === "auto") dataset.theme = dark ? "dark" : "light";
  for (const face of document.fonts) face.load();
}

// On paper every derivation is open; afterwards those that were closed close again.
const derivations = () => document.querySelectorAll("article details.sd-dropdown");
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...derivations()].filter((details) => !details.open);
  for (const details of opened) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});

// What scrolls sideways says so, by a class while there is more to the right, and to a keyboard.
const WIDE = "article :is(pre, .themed, .pst-scrollable-table-container, div.math > :not(.eqno))";
const fade = (box) => {
  const beyond = box.scrollWidth - box.clientWidth;
  box.classList.toggle("more", beyond - box.scrollLeft > 1);
  if (beyond > 1) box.tabIndex = 0;
};
const watch = new ResizeObserver((changed) => changed.forEach(({ target }) => fade(target)));
const look = () => {
  for (const box of document.querySelectorAll(WIDE)) {
    watch.observe(box);
    box.addEventListener("scroll", () => fade(box), { passive: true });
  }
};
window.addEventListener("load", () => window.MathJax?.startup?.promise.then(look) ?? look());
