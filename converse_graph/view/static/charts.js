// The state beside a run: charts come once, what stands comes with the reader's place, a click goes to the turn.
import { fragment, run, state } from "/static/run.js";

const side = document.querySelector(".side");
const standing = side.querySelector("[data-standing]");
const charts = side.querySelector("[data-charts]");
const buttons = document.querySelectorAll("[data-side]");
let place = null;
let asked = 0;

async function load_charts() {
  const answer = await fetch(`/runs/${run}/charts`, { headers: { "X-Converse": "part" } });
  if (!answer.ok) return;
  charts.replaceChildren(fragment(await answer.text()));
  for (const link of charts.querySelectorAll("svg a")) {
    link.setAttribute("tabindex", "-1");
    const mark = link.querySelector("[aria-label]");
    if (mark) link.setAttribute("aria-label", mark.getAttribute("aria-label"));
  }
  draw_cursor();
}

async function load_standing() {
  if (!place) return;
  const number = ++asked;
  await new Promise((done) => setTimeout(done, 250));
  if (number !== asked) return;
  const answer = await fetch(`/runs/${run}/standing?turn=${place.number + 1}`, { headers: { "X-Converse": "part" } });
  if (answer.ok && number === asked) standing.replaceChildren(fragment(await answer.text()));
}

function draw_cursor() {
  if (!place) return;
  for (const chart of charts.querySelectorAll(".chart")) {
    const { left, width, from, to } = chart.dataset;
    const svg = chart.querySelector(".drawing svg"); // a private one has a lock too
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const share = (place.when - from) / (to - from);
    const cursor = chart.querySelector(".cursor");
    cursor.hidden = share < 0 || share > 1;
    cursor.style.left = `${(Number(left) + share * width) * scale}px`;
  }
}

document.addEventListener("place", (event) => {
  place = event.detail;
  draw_cursor();
  load_standing();
});
charts.addEventListener("pointerover", (event) => {
  const chart = event.target.closest(".chart");
  if (!chart) return;
  const told = event.target.closest("[aria-label]");
  const tip = chart.querySelector(".tip");
  tip.hidden = !told || !told.closest("svg");
  if (!tip.hidden) tip.textContent = told.getAttribute("aria-label");
});
charts.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  const address = link.getAttribute("href") ?? link.getAttribute("xlink:href");
  const turn = document.querySelector(address.slice(address.indexOf("#")));
  if (!turn) return;
  event.preventDefault();
  show_side(false);
  turn.focus({ preventScroll: true });
  turn.scrollIntoView({ block: "start" });
});

// On a narrow page, and beside columns, the state lies over the talk when it is asked for.
function show_side(is_shown) {
  if (side.classList.contains("over") === is_shown) return;
  side.classList.toggle("over", is_shown);
  for (const button of buttons) button.setAttribute("aria-expanded", String(is_shown));
  if (is_shown) { side.focus({ preventScroll: true }); draw_cursor(); } else buttons[0].focus({ preventScroll: true });
}
for (const button of buttons) button.addEventListener("click", () => show_side(!side.classList.contains("over")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") show_side(false);
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "s" && buttons[0].offsetParent) show_side(!side.classList.contains("over"));
});
addEventListener("resize", draw_cursor);
let again = null;
document.addEventListener("turns", () => { clearTimeout(again); again = setTimeout(load_charts, 2500); });
document.dispatchEvent(new CustomEvent("where"));
if (state.total) load_charts();
