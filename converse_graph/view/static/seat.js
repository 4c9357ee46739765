// The page of a seat: it goes on by itself when its turn comes, and never throws away what is being written.
const seat = document.querySelector("[data-seat]");
const form = document.querySelector("form[data-once]");
let is_dirty = Boolean(document.querySelector(".seat-field.wrong"));
let is_sent = false;

if (location.search) history.replaceState(null, "", location.pathname); // a note is for once
form?.addEventListener("input", () => { is_dirty = true; });
form?.addEventListener("submit", (event) => {
  if (is_sent) event.preventDefault();
  is_sent = true;
  // The button that was pressed goes with the form, so it is not switched off before that is on its way.
  setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
});
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // back: as it stands now

document.querySelector(".seat-field.wrong :is(input, select, textarea)")?.focus(); // what is to be written anew

const events = new EventSource(`${location.pathname}/live?version=${encodeURIComponent(seat.dataset.seat)}`);
events.addEventListener("changed", (event) => {
  if (is_sent || event.data === seat.dataset.seat) return;
  if (is_dirty) document.querySelector("[data-stale]").hidden = false;
  else location.reload();
});
