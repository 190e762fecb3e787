// Tells the server in which time zone the reader is, once; the page then comes in their own time.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const shown = document.querySelector("[data-zone]")?.dataset.zone;
const told = document.cookie.split("; ").includes(`vklad_zone=${zone}`);

if (zone && zone !== shown && !told) {
  document.cookie = `vklad_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  // Without cookies there is nothing to come back for.
  if (document.cookie.includes("vklad_zone=")) location.reload();
}
