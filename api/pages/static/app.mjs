// Small conveniences; every page works without them.

const root = document.documentElement;

function effectiveTheme() {
  const chosen = root.dataset.theme;
  if (chosen !== "auto") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function switchTheme(event) {
  event.preventDefault();
  const next = effectiveTheme() === "dark" ? "light" : "dark";
  root.dataset.theme = next;
  document.cookie = `vklad_theme=${next}; path=/; max-age=31536000; samesite=lax`;
}

// A button with data-copy puts that text on the clipboard and says so.
async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1500);
}

// A form is sent once: a second press while the first is under way does nothing.
function sendOnce(event) {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
}

document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(button));
}
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", sendOnce);
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
