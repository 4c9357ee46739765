// What comes while one looks: turns, who has the floor, words as they are written. A lost connection is taken up where it was.
import { append, find_place, forget, fragment, layout, MOST, run, show_marks, show_more, state, turns } from "/static/run.js";

const live = document.getElementById("live");
const at_end = () => innerHeight + scrollY > document.documentElement.scrollHeight - 260;
let source = null;

let last_status = null;
async function refresh_control(status) {
  const box = document.querySelector(".control");
  if (!box || last_status === status) return;
  const is_first = last_status === null;
  last_status = status;
  if (is_first || box.querySelector("details[open]")) return;
  const answer = await fetch(`/runs/${run}/control`, { headers: { "X-Converse": "part" } });
  if (answer.ok) { box.replaceWith(fragment(await answer.text())); document.dispatchEvent(new CustomEvent("where")); }
}

function tell_status(status) {
  refresh_control(status.status);
  const badge = document.querySelector(".facts .status");
  badge.className = `status ${status.status}`;
  badge.textContent = status.status + (status.ended && status.ended !== "horizon" ? `: ${status.ended.replaceAll("_", " ")}` : "");
  for (const name of ["period", "turns", "tokens", "usd"]) {
    const place = document.querySelector(`[data-fact="${name}"]`);
    if (place) place.textContent = status[name];
  }
  document.dispatchEvent(new CustomEvent("status", { detail: status }));
}

const draft_of = (name) => [...live.querySelectorAll("[data-speaker]")].find((each) => each.dataset.speaker === name);
const HANDLERS = {
  turns(event) {
    const { html, total, marks } = JSON.parse(event.data);
    const follows = at_end();
    const is_taken = state.is_at_end && (follows || turns().length < MOST); // who reads far above asks for more
    state.total = total;
    if (is_taken) {
      append(html);
      state.last = total;
      if (follows) forget("before");
    }
    live.replaceChildren();
    document.getElementById("nothing")?.remove();
    show_more();
    if (marks) show_marks(marks);
    if (follows) scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
    find_place();
    document.dispatchEvent(new CustomEvent("turns"));
  },
  status: (event) => tell_status(JSON.parse(event.data)),
  floor(event) {
    const follows = at_end();
    live.replaceChildren(fragment(event.data));
    if (event.data) document.getElementById("nothing")?.remove();
    if (follows) scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  },
  lines(event) {
    const follows = at_end();
    for (const { party, html } of JSON.parse(event.data)) {
      const box = draft_of(party)?.querySelector("[data-lines]");
      if (!box) continue;
      box.hidden = false;
      const line = fragment(html);
      const now = box.querySelector("[data-now]");
      const words = now.querySelector(".prose").textContent.trim();
      if (words && line.textContent.replace(/\s+/g, " ").includes(words.replace(/\s+/g, " "))) now.hidden = true;
      box.querySelector(".body").append(line);
    }
    if (follows) scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  },
  inside(event) {
    const { speaker, from, text, who, line, colour } = JSON.parse(event.data);
    const box = draft_of(speaker)?.querySelector("[data-lines]");
    if (!box) return;
    const follows = at_end();
    const now = box.querySelector("[data-now]");
    const prose = now.querySelector(".prose");
    if (who !== undefined) {
      box.hidden = now.hidden = false;
      now.className = `line p${colour}`;
      now.querySelector("b").textContent = who;
      now.querySelector(".when").textContent = line;
    }
    prose.textContent = prose.textContent.slice(0, from) + text;
    if (follows) scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  },
  verdicts(event) {
    const { html, count } = JSON.parse(event.data);
    const box = document.querySelector("[data-verdicts]");
    if (box.dataset.count === String(count)) return;
    box.dataset.count = count;
    box.replaceChildren(fragment(html));
  },
  words(event) {
    const { speaker, from, text } = JSON.parse(event.data);
    const place = draft_of(speaker)?.querySelector("[data-words]");
    if (!place) return;
    const follows = at_end();
    place.closest(".draft").querySelector("[data-now]").hidden = true;
    place.textContent = place.textContent.slice(0, from) + text;
    if (follows) scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  },
  reload: () => location.reload(),
};

function connect() {
  source = new EventSource(`/runs/${run}/live?after=${layout.dataset.place}`);
  for (const [name, handle] of Object.entries(HANDLERS)) {
    source.addEventListener(name, (event) => {
      if (event.lastEventId) layout.dataset.place = event.lastEventId;
      handle(event);
    });
  }
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  });
}
connect();
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
