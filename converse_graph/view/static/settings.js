// Before anything is drawn: how this reader likes pages.
document.documentElement.dataset.script = "on";
for (const name of ["theme", "layout", "private"]) {
  const value = localStorage.getItem(`converse-${name}`);
  if (value) document.documentElement.dataset[name] = value;
}
