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
