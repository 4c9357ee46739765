// Drift is counted for the runs that are looked at, and comes in when it is known.
const cells = [...document.querySelectorAll("[data-drift-of]")];
const asked = new Set();
let waiting = [];

async function ask() {
  const names = waiting.splice(0, 10);
  if (!names.length) return;
  const query = names.map((name) => `run=${encodeURIComponent(name)}`).join("&");
  const answer = await fetch(`/runs/drift?${query}`, { headers: { "X-Converse": "part" } });
  if (answer.ok) {
    const counts = await answer.json();
    for (const cell of cells) {
      const count = counts[cell.dataset.driftOf];
      if (count !== undefined) cell.textContent = count === null ? "–" : String(count);
    }
  }
  await ask();
}

const seen = new IntersectionObserver((entries) => {
  const idle = waiting.length === 0;
  for (const entry of entries) {
    const name = entry.target.dataset.driftOf;
    if (entry.isIntersecting && !asked.has(name)) { asked.add(name); waiting.push(name); }
  }
  if (idle) ask();
});
for (const cell of cells) seen.observe(cell);
