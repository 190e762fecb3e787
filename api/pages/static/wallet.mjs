// Wallets of this browser (EIP-1193), found by EIP-6963 or as window.ethereum, and signing with
// them, and saying in a form how far that is. Shared by every page on which something is signed.

// How often what is under way is looked at.
export const LOOK_EVERY_MS = 2000;

const announced = new Map();

addEventListener("eip6963:announceProvider", ({ detail }) => announced.set(detail.info.uuid, detail));
dispatchEvent(new Event("eip6963:requestProvider"));

// What stops a signature; `code` names the sentence that a page shows.
export class WalletError extends Error {
  constructor(code, detail = "") {
    super(detail || code);
    this.code = code;
    this.detail = detail;
  }
}

// Every wallet: { name, provider }.
export function wallets() {
  const found = [...announced.values()].map(({ info, provider }) => ({ name: info.name, provider }));
  const injected = globalThis.ethereum;
  if (injected && !found.some(({ provider }) => provider === injected)) {
    found.push({ name: "Ethereum", provider: injected });
  }
  return found;
}

async function ask(provider, method, params = []) {
  try {
    return await provider.request({ method, params });
  } catch (refusal) {
    if (refusal?.code === 4001 || refusal?.code === "ACTION_REJECTED") throw new WalletError("cancelled");
    throw new WalletError("failed", String(refusal?.message ?? refusal));
  }
}

const same = (one, other) => one.toLowerCase() === other.toLowerCase();

// The wallet to use: the only one, the one that already shows `account`, or the one `choose` picks.
async function pick(account, choose) {
  const found = wallets();
  if (found.length === 0) throw new WalletError("no_wallet");
  if (found.length === 1) return found[0].provider;
  for (const { provider } of found) {
    const shown = await ask(provider, "eth_accounts").catch(() => []);
    if (account && shown.some((each) => same(each, account))) return provider;
  }
  return choose ? choose(found) : found[0].provider;
}

// Ask for access: { provider, account }. With `account`, exactly that one is wanted.
export async function connect(account = "", choose = null) {
  const provider = await pick(account, choose);
  const shown = await ask(provider, "eth_requestAccounts");
  if (!account) return { provider, account: shown[0] };
  const mine = shown.find((each) => same(each, account));
  if (!mine) throw new WalletError("other_account", account);
  return { provider, account: mine };
}

// Sign typed data (EIP-712) as the API shows it.
export async function signTypedData({ provider, account }, typedData) {
  const wanted = `0x${Number(typedData.domain.chainId).toString(16)}`;
  const current = await ask(provider, "eth_chainId").catch(() => wanted);
  if (Number(current) !== Number(wanted)) {
    // A wallet that knows the chain switches; one that does not says so itself when it signs.
    await ask(provider, "wallet_switchEthereumChain", [{ chainId: wanted }]).catch(() => null);
  }
  return ask(provider, "eth_signTypedData_v4", [account, JSON.stringify(typedData)]);
}

// Sign a text (EIP-191), as signing in with a wallet wants.
export function signText({ provider, account }, text) {
  const bytes = new TextEncoder().encode(text);
  const hex = `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return ask(provider, "personal_sign", [hex, account]);
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new WalletError("unreachable");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new WalletError("failed", body.detail ?? body.title ?? `${answer.status}`);
  return body;
}

// GET of our API.
export function get(path) {
  return call(path, { headers: { accept: "application/json" } });
}

// POST to our API, once: the key makes a repetition harmless. `csrf` is the session's token.
export function post(path, body, csrf) {
  const headers = { "content-type": "application/json", accept: "application/json", "x-csrf-token": csrf, "idempotency-key": newKey() };
  return call(path, { method: "POST", headers, body: JSON.stringify(body) });
}

// Say in a form's place for it one of the sentences that the form holds (data-say).
export function say(form, code, { tone = "info", detail = "" } = {}) {
  const box = form.querySelector("[data-status]");
  const sentence = form.querySelector(`[data-say="${code}"]`)?.textContent ?? code;
  box.hidden = false;
  box.firstElementChild.className = `alert ${tone}`;
  box.querySelector("[data-sentence]").textContent = [sentence, detail].filter(Boolean).join(" ");
}

// Say what went wrong.
export function fail(form, error) {
  const known = error instanceof WalletError;
  say(form, known ? error.code : "failed", { tone: "bad", detail: known ? error.detail : String(error) });
}

// Let the reader choose among several wallets.
export function chooser(form) {
  return (found) => new Promise((resolve) => {
    say(form, "choose");
    const place = form.querySelector("[data-choices]");
    place.className = "actions";
    place.replaceChildren(...found.map(({ name, provider }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button quiet small";
      button.textContent = name;
      button.addEventListener("click", () => {
        place.replaceChildren();
        place.className = "";
        resolve(provider);
      });
      return button;
    }));
  });
}

// Whether the reader is in the midst of something that a fresh page would take away.
export function typing() {
  return document.querySelector("form[data-busy]") || document.activeElement?.matches("input, textarea");
}
