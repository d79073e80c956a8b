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
