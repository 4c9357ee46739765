// What all pages share: switches, and parts of other modules where a page has their place.
const root = document.documentElement;
const SETTINGS = {
  theme: () => (getComputedStyle(root).colorScheme === "dark" || (root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches) ? "light" : "dark"),
  layout: () => (root.dataset.layout === "columns" ? "" : "columns"),
  private: () => (root.dataset.private === "hidden" ? "" : "hidden"),
};

export function toggle(name) {
  const value = SETTINGS[name]();
  root.dataset[name] = value;
  if (value) localStorage.setItem(`converse-${name}`, value);
  else localStorage.removeItem(`converse-${name}`);
  show_pressed();
}

function show_pressed() {
  for (const button of document.querySelectorAll("[data-toggle][aria-pressed]")) {
    button.setAttribute("aria-pressed", String(Boolean(root.dataset[button.dataset.toggle])));
  }
}

for (const tools of document.querySelectorAll("[data-tools]")) tools.hidden = false;
for (const button of document.querySelectorAll("[data-toggle]")) {
  button.addEventListener("click", () => toggle(button.dataset.toggle));
}
show_pressed();
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const name = { t: "theme", c: "layout", h: "private" }[event.key];
  if (name && document.querySelector(`[data-toggle="${name}"]`)) toggle(name);
});
if (document.querySelector(".run-layout")) await import("/static/run.js").then(() => Promise.all([import("/static/live.js"), import("/static/charts.js")]));
if (document.querySelector("[data-drift]")) await import("/static/list.js");
if (document.querySelector("[data-seat]")) await import("/static/seat.js");
root.dataset.loaded = "yes"; // from here on keys are heard
