// One run: pages of turns as they are scrolled to, private parts as they are opened, keys, search, the place in the rail.
const layout = document.querySelector(".run-layout");
const timeline = document.getElementById("timeline");
const run = layout.dataset.run;
const state = { first: Number(layout.dataset.first), last: Number(layout.dataset.last), total: Number(layout.dataset.total) };
Object.defineProperty(state, "is_at_end", { get: () => state.last >= state.total });
export const MOST = 400; // turns in the page at once

export async function fetch_html(address) {
  const answer = await fetch(address, { headers: { "X-Converse": "part" } });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Sections of one round may come in two pieces; they become one.
export function append(html) {
  for (const section of [...fragment(html).children]) {
    const last = timeline.lastElementChild;
    if (last && last.dataset.round === section.dataset.round) last.append(...section.children);
    else timeline.append(section);
  }
}

function prepend(html) {
  for (const section of [...fragment(html).children].reverse()) {
    const first = timeline.firstElementChild;
    if (first && first.dataset.round === section.dataset.round) first.prepend(...section.children);
    else timeline.prepend(section);
  }
}

export const turns = () => [...timeline.querySelectorAll(".turn")];
const more = { before: document.querySelector('[data-more="before"]'), after: document.querySelector('[data-more="after"]') };
let loading = false;

async function load(where) {
  if (loading || more[where].hidden) return;
  loading = true;
  try {
    const at = where === "before" ? state.first : state.last;
    const answer = await fetch_html(`/runs/${run}/turns?${where}=${at}`);
    const html = await answer.text();
    if (where === "before") {
      const height = document.documentElement.scrollHeight;
      prepend(html);
      state.first = Number(answer.headers.get("X-First"));
      scrollBy({ top: document.documentElement.scrollHeight - height, behavior: "instant" });
    } else {
      append(html);
      state.last = Number(answer.headers.get("X-Last"));
    }
    state.total = Number(answer.headers.get("X-Total"));
    forget(where === "before" ? "after" : "before");
    show_more();
  } finally {
    loading = false;
  }
}

// What is far away leaves the page, whole rounds at a time, so that it stays light however long it is read.
export function forget(where) {
  const sections = [...timeline.children];
  if (where === "before") {
    while (turns().length > MOST && sections.length > 2) {
      const height = document.documentElement.scrollHeight;
      sections.shift().remove();
      scrollBy({ top: document.documentElement.scrollHeight - height, behavior: "instant" });
    }
  } else {
    while (turns().length > MOST && sections.length > 2) sections.pop().remove();
  }
  const numbers = turns().map((turn) => Number(turn.dataset.number));
  if (numbers.length) [state.first, state.last] = [numbers[0], numbers.at(-1) + 1];
}

function show_more() {
  more.before.hidden = state.first <= 0;
  more.after.hidden = state.last >= state.total;
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) load(entry.target.dataset.more);
}, { rootMargin: "900px" });
near.observe(more.after);
addEventListener("scroll", () => near.observe(more.before), { once: true });

// Private parts come when they are opened.
timeline.addEventListener("toggle", async (event) => {
  const details = event.target;
  if (!details.open || !details.dataset.src) return;
  const body = details.querySelector(".body");
  const source = details.dataset.src;
  delete details.dataset.src;
  try {
    body.innerHTML = await (await fetch_html(source)).text();
  } catch (error) {
    details.dataset.src = source;
    body.textContent = `It cannot be read now: ${error.message}`;
  }
}, true);

// The reader's place: the turn nearest the top.
let here = null;
const rail = document.querySelector(".rail");
export function find_place() {
  const near_top = turns().find((turn) => turn.getBoundingClientRect().bottom > 120) ?? turns().at(-1); // below all is what is said now
  if (!near_top || near_top === here) return;
  here = near_top;
  mark_place();
  tell_place();
}
function mark_place() {
  let current = null;
  for (const link of rail.querySelectorAll("a")) {
    link.removeAttribute("aria-current");
    if (here && Number(link.dataset.go) <= Number(here.dataset.number)) current = link;
  }
  if (!current) return;
  current.setAttribute("aria-current", "true");
  rail.scrollTop = current.offsetTop - rail.clientHeight / 2;
  rail.scrollLeft = current.offsetLeft - rail.clientWidth / 2;
}
// The rail as it is now; whoever is in it by keyboard stays where they are.
export function show_marks(html) {
  const focused = rail.contains(document.activeElement) ? document.activeElement.dataset.go : null;
  rail.querySelector("ol").replaceChildren(fragment(html));
  if (focused !== null) rail.querySelector(`[data-go="${focused}"]`)?.focus({ preventScroll: true });
  mark_place();
}
function tell_place() {
  if (!here) return;
  const [period, party] = [here.dataset.here.split(":")[0], here.dataset.here.slice(here.dataset.here.indexOf(":") + 1)];
  for (const input of document.querySelectorAll("[data-here]:is(input)")) if (!input.matches(":focus")) input.value = here.dataset.here;
  for (const input of document.querySelectorAll("[data-here-period]")) if (!input.matches(":focus")) input.value = period;
  for (const input of document.querySelectorAll("[data-here-party]")) if (!input.matches(":focus")) input.value = party;
  const detail = { number: Number(here.dataset.number), when: Number(here.closest(".round").dataset.when) };
  document.dispatchEvent(new CustomEvent("place", { detail }));
}
document.addEventListener("where", tell_place);
let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; find_place(); });
}, { passive: true });
find_place();

// Keys: j and k for turns, o for the private part of this one, / to search.
function focus_turn(step) {
  const all = turns();
  const active = document.activeElement.closest?.(".turn");
  const at = all.indexOf(active ?? here);
  const next = all[Math.max(0, Math.min(all.length - 1, active ? at + step : Math.max(at, 0)))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "start" });
}
function next_private() {
  const all = [...timeline.querySelectorAll("details.private")].filter((each) => each.offsetParent);
  const active = document.activeElement.closest?.("details.private");
  const turn = document.activeElement.closest?.(".turn") ?? here;
  const next = active ? all[all.indexOf(active) + 1] : all.find((each) => turn.contains(each) || turn.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING);
  if (!next) return;
  next.open = true;
  const summary = next.querySelector("summary");
  summary.focus({ preventScroll: true });
  summary.scrollIntoView({ block: "center" });
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const act = { j: () => focus_turn(1), k: () => focus_turn(-1), p: next_private, "/": () => document.getElementById("q").focus() }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// Search, as one types.
const form = document.querySelector("[data-search]");
const hits = form.querySelector(".hits");
let asked = 0;
form.addEventListener("input", () => {
  const number = ++asked;
  setTimeout(async () => {
    if (number !== asked) return;
    const query = form.q.value.trim();
    hits.innerHTML = query.length < 2 ? "" : await (await fetch_html(`${form.action}?q=${encodeURIComponent(query)}`)).text();
  }, 200);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  hits.querySelector("a")?.focus();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { form.reset(); hits.innerHTML = ""; form.q.blur(); }
});

export { state, run, timeline, layout, show_more, fragment };
