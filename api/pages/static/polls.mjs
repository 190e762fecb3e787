// A ballot of a poll: read the form, sign it with a key of this browser or with the wallet, post it.
//
// The key is made here for one poll, its private half cannot be read out (non-extractable), and it
// stays in this browser's IndexedDB. What is signed is put together here, from what the form says.

import { hex, keyFor, newKeyFor, signature } from "./device-keys.mjs";
import {
  chooser, connect, fail, get, LOOK_EVERY_MS, post, say, signTypedData, WalletError,
} from "./wallet.mjs";

const STORE = ["vklad", "poll-keys"];

// This browser's key for this voter: the one it has, or a new one, made known to the site.
async function deviceKey(poll, mine, csrf) {
  const place = `${poll} ${mine.voter}`;
  let found = await keyFor(STORE, place);
  let known = mine.keys.find((each) => each.public_key === found.key);
  if (known?.revoked) [found, known] = [await newKeyFor(STORE, place), null];
  if (!known) {
    const { pair, key } = found;
    const proof = await signature(pair, "vklad.poll.key.v1", { key, poll, voter: mine.voter });
    await post(`/v1/polls/${poll}/keys`, { public_key: key, proof }, csrf);
  }
  return found;
}

// What the form says: numbers of options, best first; in quadratic counting votes for each.
function choiceOf(form) {
  const { method, options } = form.dataset;
  const numbers = [...Array(Number(options)).keys()];
  if (method === "quadratic") return numbers.map((number) => Number(form.elements[`votes-${number}`].value || 0));
  if (method === "ranked") {
    const places = numbers.map((number) => Number(form.elements[`place-${number}`].value));
    const named = numbers.filter((number) => places[number]);
    if (new Set(named.map((number) => places[number])).size !== named.length) throw new WalletError("same_place");
    return named.sort((one, other) => places[one] - places[other]);
  }
  return [...form.querySelectorAll("[name=choice]:checked")].map((each) => each.value).filter(Boolean).map(Number);
}

const DEEDS = {
  async device(form, poll, said, mine, csrf) {
    say(form, "key");
    const { pair, key } = await deviceKey(poll, mine, csrf);
    const statement = { ...said, definition: mine.definition, poll, voter: mine.voter };
    return { by: "device", public_key: key, signature: await signature(pair, "vklad.poll.ballot.v1", statement) };
  },

  async wallet(form, poll, said, mine, csrf) {
    const shown = await post(`/v1/polls/${poll}/ballot-messages`, said, csrf);
    say(form, "connecting");
    const wallet = await connect(form.dataset.wallet, chooser(form));
    say(form, "sign");
    return { by: "wallet", signature: await signTypedData(wallet, shown.typed_data) };
  },
};

async function submit(event) {
  const form = event.target;
  const deed = DEEDS[event.submitter?.value];
  if (!deed) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const { poll } = form.dataset;
  const csrf = form.elements.csrf.value;
  try {
    const choice = choiceOf(form);
    say(form, "asking");
    const mine = await get(`/v1/polls/${poll}/mine`);
    const salt = hex(crypto.getRandomValues(new Uint8Array(32)));
    const said = { choice, salt, version: mine.next_version };
    const signed = await deed(form, poll, said, mine, csrf);
    say(form, "sending");
    await post(`/v1/polls/${poll}/ballots`, { ...said, signed }, csrf);
    say(form, "sent", { tone: "good" });
    location.assign(`/polls/${poll}`);
  } catch (error) {
    fail(form, error);
    delete form.dataset.busy;
  }
}

// What the votes in the form cost, as they are typed.
function showSpent(form) {
  const place = form.querySelector("[data-spent]");
  if (!place) return;
  const spent = choiceOf(form).reduce((sum, votes) => sum + votes * votes, 0);
  const credits = Number(form.querySelector("[data-credits]").dataset.credits);
  place.value = `${spent} / ${credits}`;
  place.className = spent > credits ? "field-error" : "";
}

for (const form of document.querySelectorAll("form[data-poll]")) {
  for (const part of form.querySelectorAll("[data-signing]")) part.hidden = false;
  form.addEventListener("submit", submit);
  form.addEventListener("input", () => showSpent(form));
  showSpent(form);
}

// A poll that is being counted: look until it is.
async function look(place) {
  const found = await get(place.dataset.look).catch(() => null);
  if (found?.closing) location.reload();
  else setTimeout(() => look(place), LOOK_EVERY_MS);
}
for (const place of document.querySelectorAll("[data-look]")) setTimeout(() => look(place), LOOK_EVERY_MS);
