// Linking a wallet, points to tokens and back. A form names its deed by data-bridge and holds its
// sentences (templates/wallet/wallet.html). Points go out without a signature, because the ledger
// holds them; tokens come back by one, so that nobody needs gas.

import {
  chooser, connect, fail, LOOK_EVERY_MS, post, say, signText, signTypedData, typing, WalletError,
} from "./wallet.mjs";

async function put(path, body, csrf) {
  const headers = { "content-type": "application/json", accept: "application/json", "x-csrf-token": csrf };
  let answer;
  try {
    answer = await fetch(path, { method: "PUT", credentials: "same-origin", headers, body: JSON.stringify(body) });
  } catch {
    throw new WalletError("unreachable");
  }
  if (answer.ok) return;
  const problem = await answer.json().catch(() => ({}));
  throw new WalletError("failed", problem.detail ?? `${answer.status}`);
}

const DEEDS = {
  async link(form, csrf) {
    say(form, "connecting");
    const wallet = await connect("", chooser(form));
    say(form, "asking");
    const { message } = await post("/v1/wallet/challenge", { address: wallet.account }, csrf);
    say(form, "sign");
    const signature = await signText(wallet, message);
    say(form, "sending");
    await put("/v1/wallet", { message, signature }, csrf);
  },

  async out(form, csrf) {
    say(form, "sending");
    await post("/v1/bridge/requests", { points: Number(form.elements["out-points"].value) }, csrf);
  },

  async back(form, csrf) {
    say(form, "asking");
    const points = Number(form.elements["back-points"].value);
    const shown = await post("/v1/bridge/redemptions", { points }, csrf);
    say(form, "connecting");
    const wallet = await connect(form.dataset.wallet, chooser(form));
    say(form, "sign");
    const signature = await signTypedData(wallet, shown.typed_data);
    say(form, "sending");
    await post(`/v1/bridge/redemptions/${shown.reference}/signatures`, { signature }, csrf);
  },
};

async function submit(event) {
  event.preventDefault();
  const form = event.target;
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  form.dataset.busy = "yes";
  try {
    await DEEDS[form.dataset.bridge](form, form.elements.csrf.value);
    say(form, "sent", { tone: "good" });
    location.reload();
  } catch (error) {
    fail(form, error);
    for (const button of buttons) button.disabled = false;
    delete form.dataset.busy;
  }
}

// While something is on its way, show the page anew when it has come a step further.
async function watch(place) {
  const answer = await fetch("/wallet/state", { credentials: "same-origin" }).catch(() => null);
  const found = answer?.ok ? await answer.json().catch(() => null) : null;
  if (found && found.state !== place.dataset.carried && !typing()) location.reload();
  else setTimeout(() => watch(place), LOOK_EVERY_MS);
}

for (const form of document.querySelectorAll("form[data-bridge]")) form.addEventListener("submit", submit);
const underWay = document.querySelector("[data-under-way]");
if (underWay) setTimeout(() => watch(underWay), LOOK_EVERY_MS);
